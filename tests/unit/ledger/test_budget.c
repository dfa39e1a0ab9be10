/* Hard limits: admission by reservation (L5, L6), months in the organization's zone, changes of limit and zone. */
#include "fixture.h"
#include "base/clock.h"

static int setup(void **state)
{
    struct books *t = calloc(1, sizeof *t);
    books_open(t);
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    books_close(*state);
    free(*state);
    return 0;
}

static status try_begin(struct books *t, const char *organization_id, const char *id, int64_t now_ms, int64_t reserved,
                        struct err *e)
{
    struct generation_open g = call_of(id, organization_id, "u1", now_ms);
    int64_t resets_ms = -1;
    g.reserved = PICO(reserved);
    status st = generation_begin(t->budgets, t->db, &g, &resets_ms, e);
    assert_true((st == ST_PAYMENT) == (resets_ms != -1));
    return st;
}

static status begin_any(struct books *t, const char *organization_id, int64_t now_ms, int64_t reserved)
{
    char id[ID_CAP];
    id_new(id);
    return try_begin(t, organization_id, id, now_ms, reserved, NULL);
}

static struct budget_room room_of(struct books *t, const char *organization_id, int64_t now_ms)
{
    struct budget_room room;
    struct scope who = scope_of(organization_id, "u1", ROLE_USER);
    assert_st(budgets_room(t->budgets, t->db, &who, now_ms, &room), ST_OK);
    return room;
}

static void a_thousand_at_a_limit_for_k(void **state) /* L6, R3 */
{
    struct books *t = *state;
    int64_t now = at("2026-11-23T12:00:00Z"), amount = PICO_PER_USD / 7;
    int served = 0;
    add_organization(t, "o1", "UTC", 37 * amount + amount - 1);
    for (int i = 0; i < 1000; i++) {
        status st = begin_any(t, "o1", now + i, amount);
        assert_true(st == ST_OK || st == ST_PAYMENT);
        served += st == ST_OK;
    }
    assert_int_equal(served, 37);
    assert_int_equal(room_of(t, "o1", now).left.v, amount - 1);
    assert_st(begin_any(t, "o1", now, amount - 1), ST_OK); /* to the last unit */
    assert_st(begin_any(t, "o1", now, 1), ST_PAYMENT);
    assert_st(begin_any(t, "o1", now, 0), ST_OK); /* what costs nothing may go on */
    check_budget(t, "o1", now);
}

static void a_refusal_says_what_and_until_when(void **state)
{
    struct books *t = *state;
    int64_t now = at("2026-11-23T12:00:00Z"), resets_ms = 0;
    struct err e = {0};
    add_organization(t, "o1", "Europe/Warsaw", PICO_PER_USD);
    struct generation_open g = call_of("g1", "o1", "u1", now);
    g.reserved = PICO(2 * PICO_PER_USD);
    assert_st(generation_begin(t->budgets, t->db, &g, &resets_ms, &e), ST_PAYMENT);
    assert_int_equal(resets_ms, at("2026-11-30T23:00:00Z"));
    assert_string_equal(e.text, "Your organization's monthly limit of $1.00 leaves too little for the most this request "
                                "could cost, running requests included; ask for a shorter answer or wait: it resets on "
                                "2026-12-01 00:00 (Europe/Warsaw).");
    g.reserved = PICO(PICO_PER_USD);
    must_begin(t, &g);
    struct generation_result r = end_of("g1", PICO_PER_USD, now);
    (void)must_settle(t, &r);
    g.id = STR("g2");
    assert_st(generation_begin(t->budgets, t->db, &g, &resets_ms, &e), ST_PAYMENT);
    assert_string_equal(e.text, "Your organization's monthly limit of $1.00 is used up; it resets on 2026-12-01 00:00 "
                                "(Europe/Warsaw).");
    assert_int_equal(room_of(t, "o1", now).left.v, 0);
}

static void without_a_limit_everything_passes(void **state)
{
    struct books *t = *state;
    int64_t now = at("2026-11-23T12:00:00Z");
    add_organization(t, "o1", "UTC", -1);
    for (int i = 0; i < 3; i++)
        assert_st(begin_any(t, "o1", now, INT64_MAX), ST_OK); /* the sum is wider than an amount */
    struct budget_room room = room_of(t, "o1", now);
    assert_false(room.has_limit);
    assert_int_equal(room.left.v, INT64_MAX);
    assert_int_equal(room.resets_ms, at("2026-12-01T00:00:00Z"));
    check_budget(t, "o1", now);
    set_organization(t, "o1", "UTC", PICO_PER_USD);
    assert_st(begin_any(t, "o1", now, 1), ST_PAYMENT);
}

static void an_unknown_organization_is_not_found(void **state)
{
    struct books *t = *state;
    struct err e = {0};
    assert_st(try_begin(t, "nobody", "g1", at("2026-11-23T12:00:00Z"), 1, &e), ST_NOT_FOUND);
    assert_true(e.text[0] != '\0');
}

static void a_malformed_model_is_refused(void **state)
{
    struct books *t = *state;
    char many[MODEL_CAP];
    int64_t resets_ms;
    struct err e = {0};
    memset(many, 'm', sizeof many);
    add_organization(t, "o1", "UTC", -1);
    struct generation_open g = call_of("g1", "o1", "u1", 0);
    const str bad[] = {STR(""), STR("a\nb"), STR("\xff"), {many, sizeof many}};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        g.model = bad[i];
        assert_st(generation_begin(t->budgets, t->db, &g, &resets_ms, &e), ST_UNPROCESSABLE);
    }
    g.model = (str){many, sizeof many - 1};
    must_begin(t, &g);
}

/* The month ends by the clock, in the zone, without a restart; a call belongs to the month it was made in. */
static void a_month_rolls_over_in_its_zone(void **state)
{
    static const struct {
        const char *zone, *last, *first;
    } cases[] = {
        {"UTC", "2026-11-30T23:59:59.999Z", "2026-12-01T00:00:00Z"},
        {"Asia/Kathmandu", "2026-11-30T18:14:59.999Z", "2026-11-30T18:15:00Z"},
        {"Pacific/Kiritimati", "2026-11-30T09:59:59.999Z", "2026-11-30T10:00:00Z"},
        {"Etc/GMT+12", "2026-12-01T11:59:59.999Z", "2026-12-01T12:00:00Z"},
        {"America/St_Johns", "2026-12-01T03:29:59.999Z", "2026-12-01T03:30:00Z"},
    };
    struct books *t = *state;
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        const char *o = cases[i].zone;
        char id[ID_CAP];
        snprintf(id, sizeof id, "old%zu", i);
        add_organization(t, o, cases[i].zone, PICO_PER_USD);
        assert_st(try_begin(t, o, id, at(cases[i].last), PICO_PER_USD, NULL), ST_OK);
        assert_st(begin_any(t, o, at(cases[i].last), 1), ST_PAYMENT);
        assert_st(begin_any(t, o, at(cases[i].first), PICO_PER_USD), ST_OK);
        assert_st(begin_any(t, o, at(cases[i].first), 1), ST_PAYMENT);
        struct generation_result r = end_of(id, PICO_PER_USD / 2, at(cases[i].first) + 1000);
        (void)must_settle(t, &r); /* in December, for November */
        assert_st(begin_any(t, o, at(cases[i].first), 1), ST_PAYMENT);
        assert_int_equal(room_of(t, o, at(cases[i].last)).left.v, PICO_PER_USD / 100 * 35);
        check_budget(t, o, at(cases[i].last));
        check_budget(t, o, at(cases[i].first));
    }
    (void)check_rollups(t);
}

/* Requests around midnight arrive a little out of order, and clocks are set: no month is lost or mixed up. */
static void time_may_step_back_and_forth(void **state)
{
    static const char *const instants[] = {"2026-11-30T23:59:59.990Z", "2026-12-01T00:00:00.001Z",
                                           "2026-11-30T23:59:59.995Z", "2027-12-05T00:00:00Z",
                                           "2026-11-30T12:00:00Z",     "2026-12-01T00:00:00.002Z",
                                           "2027-01-31T00:00:00Z",     "2026-11-01T00:00:00Z"};
    struct books *t = *state;
    add_organization(t, "o1", "UTC", 6 * PICO_PER_USD);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < COUNT_OF(instants); i++) {
            char id[ID_CAP];
            id_new(id);
            status st = try_begin(t, "o1", id, at(instants[i]), PICO_PER_USD, NULL);
            assert_true(st == ST_OK || st == ST_PAYMENT);
            for (size_t k = 0; k < COUNT_OF(instants); k++)
                check_budget(t, "o1", at(instants[k]));
        }
    }
    assert_int_equal(room_of(t, "o1", at(instants[0])).left.v, 0); /* six of its twelve passed */
    assert_int_equal(room_of(t, "o1", at(instants[3])).left.v, 3 * PICO_PER_USD);
}

static void a_changed_limit_holds_at_once(void **state)
{
    struct books *t = *state;
    int64_t now = at("2026-11-23T12:00:00Z");
    add_organization(t, "o1", "UTC", PICO_PER_USD);
    assert_st(begin_any(t, "o1", now, PICO_PER_USD), ST_OK);
    assert_st(begin_any(t, "o1", now, 1), ST_PAYMENT);
    set_organization(t, "o1", "UTC", 2 * PICO_PER_USD);
    assert_st(begin_any(t, "o1", now, PICO_PER_USD), ST_OK);
    set_organization(t, "o1", "UTC", 0);
    assert_st(begin_any(t, "o1", now, 1), ST_PAYMENT);
    set_organization(t, "o1", "UTC", -1);
    assert_st(begin_any(t, "o1", now, 1), ST_OK);
    check_budget(t, "o1", now);
}

static void a_changed_zone_cuts_another_month(void **state)
{
    struct books *t = *state;
    int64_t late = at("2026-10-31T20:00:00Z"), now = at("2026-11-01T12:00:00Z");
    add_organization(t, "o1", "UTC", 3 * PICO_PER_USD);
    assert_st(begin_any(t, "o1", late, PICO_PER_USD), ST_OK);
    assert_st(begin_any(t, "o1", now, PICO_PER_USD), ST_OK);
    assert_int_equal(room_of(t, "o1", now).left.v, 2 * PICO_PER_USD);
    set_organization(t, "o1", "Asia/Tokyo", 3 * PICO_PER_USD); /* there, both are in November */
    assert_int_equal(room_of(t, "o1", now).left.v, PICO_PER_USD);
    check_budget(t, "o1", now);
}

static void a_lost_change_is_forgotten(void **state)
{
    struct books *t = *state;
    int64_t now = at("2026-11-23T12:00:00Z");
    add_organization(t, "o1", "UTC", PICO_PER_USD);
    assert_st(begin_any(t, "o1", now, PICO_PER_USD / 2), ST_OK);
    books_commit(t);
    set_organization(t, "o1", "Asia/Tokyo", 50 * PICO_PER_USD);
    assert_st(begin_any(t, "o1", now, 10 * PICO_PER_USD), ST_OK);
    books_lose(t);
    budgets_forget(t->budgets, STR("o1"));
    assert_int_equal(room_of(t, "o1", now).left.v, PICO_PER_USD / 2);
    assert_int_equal(room_of(t, "o1", now).resets_ms, at("2026-12-01T00:00:00Z"));
    budgets_forget(t->budgets, STR("nobody"));
}

static void an_unknown_zone_is_utc(void **state)
{
    struct books *t = *state;
    add_organization(t, "o1", "Mars/Olympus", PICO_PER_USD);
    assert_int_equal(room_of(t, "o1", at("2026-11-23T12:00:00Z")).resets_ms, at("2026-12-01T00:00:00Z"));
}

/* What came before the start counts: cost of this month's calls and what is still on its way. */
static void a_start_knows_what_was_used(void **state)
{
    struct books *t = *state;
    int64_t now = at("2026-11-23T12:00:00Z");
    add_organization(t, "o1", "Asia/Kathmandu", 10 * PICO_PER_USD);
    add_call(t, "o1", "u1", "m", at("2026-10-31T18:14:59.999Z"), PICO_PER_USD); /* October there */
    add_call(t, "o1", "u1", "m", at("2026-10-31T18:15:00Z"), PICO_PER_USD);
    add_call(t, "o1", "u1", "m", now, PICO_PER_USD);
    assert_st(begin_any(t, "o1", now, PICO_PER_USD), ST_OK);
    books_commit(t);
    books_crash(t);
    assert_int_equal(room_of(t, "o1", now).left.v, 10 * PICO_PER_USD - 26 * (PICO_PER_USD / 10) - PICO_PER_USD);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_thousand_at_a_limit_for_k),
        TEST(a_refusal_says_what_and_until_when),
        TEST(without_a_limit_everything_passes),
        TEST(an_unknown_organization_is_not_found),
        TEST(a_malformed_model_is_refused),
        TEST(a_month_rolls_over_in_its_zone),
        TEST(time_may_step_back_and_forth),
        TEST(a_changed_limit_holds_at_once),
        TEST(a_changed_zone_cuts_another_month),
        TEST(a_lost_change_is_forgotten),
        TEST(an_unknown_zone_is_utc),
        TEST(a_start_knows_what_was_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The life of one row: begin, identify, settle, wait, correct, recover (generation.h, L1..L7). */
#include "fixture.h"
#include "base/clock.h"

static const int64_t noon = INT64_C(1795435200000); /* 2026-11-23T12:00:00Z */

static int setup(void **state)
{
    struct books *t = calloc(1, sizeof *t);
    books_open(t);
    add_organization(t, "o1", "UTC", 100 * PICO_PER_USD);
    add_user(t, "u1", "o1");
    *state = t;
    return 0;
}

static int teardown(void **state)
{
    books_close(*state);
    free(*state);
    return 0;
}

static struct booked row_of(struct books *t, const char *id)
{
    struct booked row;
    assert_st(booked_read(t->db, str_c(id), &row), ST_OK);
    return row;
}

static void begin(struct books *t, const char *id)
{
    struct generation_open g = call_of(id, "o1", "u1", noon);
    must_begin(t, &g);
}

static struct budget_sums sums(struct books *t)
{
    struct budget_sums s = {0};
    assert_true(budgets_peek(t->budgets, STR("o1"), noon, &s));
    return s;
}

static void a_call_is_open_reserved_and_unknown(void **state)
{
    struct books *t = *state;
    begin(t, "g1");
    struct booked row = row_of(t, "g1");
    assert_int_equal(row.state, GENERATION_OPEN);
    assert_false(row.has_cost || row.has_tokens); /* L7 */
    assert_true(sums(t).reserved == PICO_PER_USD && sums(t).used == 0);
    check_budget(t, "o1", noon);
    assert_int_equal(check_rollups(t), 0);
}

static void settling_books_cost_and_billed_once(void **state)
{
    struct books *t = *state;
    begin(t, "g1");
    struct generation_result r = end_of("g1", 1000001, noon + 1000);
    struct generation_settled s = must_settle(t, &r);
    assert_true(s.was_changed && !s.is_over_reservation && !s.has_suspicious_zero);
    assert_int_equal(s.billed.v, 1300001); /* 1300001.3 */
    assert_int_equal(s.tokens, 15);
    assert_string_equal(s.organization_id, "o1");
    assert_true(sums(t).reserved == 0 && sums(t).used == 1300001);
    assert_int_equal(check_rollups(t), 1);
}

static void settling_again_changes_nothing(void **state) /* L2, L3 */
{
    struct books *t = *state;
    begin(t, "g1");
    struct generation_result r = end_of("g1", 1000000, noon);
    (void)must_settle(t, &r);
    struct generation_result other = end_of("g1", 777, noon + 5000);
    for (int state_of = GENERATION_PENDING; state_of <= GENERATION_ESTIMATED; state_of++) {
        other.state = (enum generation_state)state_of;
        struct generation_settled s = must_settle(t, &other);
        assert_false(s.was_changed);
        assert_int_equal(s.state, GENERATION_SETTLED);
        generation_settle_undo(t->budgets, &s, str_c("g1")); /* undoing nothing is nothing */
    }
    assert_int_equal(row_of(t, "g1").cost.v, 1000000);
    assert_true(sums(t).used == 1300000);
    assert_int_equal(check_rollups(t), 1);
}

static void an_unknown_row_is_not_found(void **state)
{
    struct books *t = *state;
    struct generation_result r = end_of("nobody", 1, noon);
    struct generation_settled s = {.tokens = 77};
    assert_st(generation_settle(t->budgets, t->db, &r, &s), ST_NOT_FOUND);
    assert_int_equal(s.tokens, 77);
    assert_st(generation_identify(t->db, STR("nobody"), STR("gen-1")), ST_NOT_FOUND);
    assert_st(generation_postpone(t->db, STR("nobody"), noon), ST_NOT_FOUND);
}

static void a_supplier_id_belongs_to_one_row(void **state)
{
    struct books *t = *state;
    begin(t, "g1");
    begin(t, "g2");
    assert_st(generation_identify(t->db, STR("g1"), STR("gen-1")), ST_OK);
    assert_st(generation_identify(t->db, STR("g1"), STR("gen-1")), ST_OK);
    assert_st(generation_identify(t->db, STR("g1"), STR("gen-2")), ST_CONFLICT);
    assert_st(generation_identify(t->db, STR("g2"), STR("gen-1")), ST_CONFLICT);
    assert_st(generation_identify(t->db, STR("g2"), STR("with space")), ST_BAD_REQUEST);
    assert_st(generation_identify(t->db, STR("g2"), STR("")), ST_BAD_REQUEST);
}

static void the_same_generation_is_not_billed_twice(void **state)
{
    struct books *t = *state;
    begin(t, "g1");
    begin(t, "g2");
    struct generation_result r = end_of("g1", 1000000, noon);
    r.generation_id = STR("gen-1");
    (void)must_settle(t, &r);
    r.id = STR("g2");
    struct generation_settled s = must_settle(t, &r);
    assert_true(s.is_duplicate && s.was_changed);
    assert_int_equal(s.state, GENERATION_FAILED);
    assert_int_equal(s.billed.v, 0);
    assert_true(sums(t).used == 1300000 && sums(t).reserved == 0);
    assert_int_equal(check_rollups(t), 1);
}

static void an_end_without_a_cost_waits(void **state) /* L7 */
{
    struct books *t = *state;
    begin(t, "g1");
    struct generation_result r = end_of("g1", 0, noon);
    r.has_cost = false;
    struct generation_settled s = must_settle(t, &r);
    assert_true(s.was_changed);
    assert_int_equal(s.state, GENERATION_PENDING);
    assert_false(row_of(t, "g1").has_cost);
    assert_true(row_of(t, "g1").has_tokens);
    assert_true(sums(t).reserved == PICO_PER_USD);
    r.has_cost = true;
    r.cost = PICO(500);
    r.source = STR("generation");
    s = must_settle(t, &r);
    assert_int_equal(s.state, GENERATION_SETTLED);
    assert_true(sums(t).reserved == 0 && sums(t).used == 650);
}

static void zero_is_the_suppliers_word_and_may_alarm(void **state) /* L7 */
{
    struct books *t = *state;
    begin(t, "g1");
    begin(t, "g2");
    struct generation_result r = end_of("g1", 0, noon);
    assert_false(must_settle(t, &r).has_suspicious_zero);
    assert_true(row_of(t, "g1").has_cost);
    r.id = STR("g2");
    r.is_priced = true;
    assert_true(must_settle(t, &r).has_suspicious_zero);
    assert_int_equal(check_rollups(t), 2);
}

static void a_failure_costs_nothing_unless_it_did(void **state)
{
    struct books *t = *state;
    begin(t, "g1");
    begin(t, "g2");
    struct generation_result r = {
        .id = STR("g1"), .state = GENERATION_FAILED, .error = STR("no connection"), .now_ms = noon};
    struct generation_settled s = must_settle(t, &r);
    assert_int_equal(s.state, GENERATION_FAILED);
    assert_int_equal(check_rollups(t), 0); /* listed, not summed */
    r = end_of("g2", 300, noon);
    r.state = GENERATION_FAILED;
    s = must_settle(t, &r);
    assert_int_equal(s.state, GENERATION_SETTLED);
    assert_int_equal(s.billed.v, 390);
    assert_int_equal(check_rollups(t), 1);
    check_budget(t, "o1", noon);
}

static void a_cost_above_its_reservation_alarms(void **state)
{
    struct books *t = *state;
    begin(t, "g1");
    struct generation_result r = end_of("g1", PICO_PER_USD, noon); /* billed 1.30 of 1.00 */
    struct generation_settled s = must_settle(t, &r);
    assert_true(s.is_over_reservation);
    assert_int_equal(s.billed.v, PICO_PER_USD / 10 * 13);
}

static void a_cost_that_cannot_be_booked_stays_pending(void **state)
{
    struct books *t = *state;
    const int64_t bad[] = {-1, INT64_MIN, INT64_MAX, INT64_MAX / 13 * 10 + 10};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        char id[ID_CAP];
        id_new(id);
        begin(t, id);
        struct generation_result r = end_of(id, bad[i], noon);
        struct generation_settled s = must_settle(t, &r);
        assert_true(s.is_unbookable);
        assert_int_equal(s.state, GENERATION_PENDING);
        assert_false(row_of(t, id).has_cost);
    }
    assert_true(sums(t).used == 0 && sums(t).reserved == 4 * PICO_PER_USD);
    assert_int_equal(check_rollups(t), 0);
}

/* Two amounts that fit, whose sum does not: the second waits, the first stays as it is. */
static void sums_never_wrap(void **state)
{
    struct books *t = *state;
    int64_t most = INT64_MAX / 13 * 10;
    begin(t, "g1");
    begin(t, "g2");
    begin(t, "g3");
    struct generation_result r = end_of("g1", most, noon);
    assert_true(must_settle(t, &r).is_over_reservation);
    r = end_of("g2", most, noon);
    struct generation_settled s = must_settle(t, &r);
    assert_true(s.is_unbookable && s.was_changed);
    assert_int_equal(s.state, GENERATION_PENDING);
    assert_int_equal(s.billed.v, 0);
    r = end_of("g3", 1, noon); /* small ones go on where there is room */
    assert_false(must_settle(t, &r).is_unbookable);
    assert_int_equal(check_rollups(t), 2);
    check_budget(t, "o1", noon);
}

/* A markup below one: the cost's sum is the larger one. */
static void the_sum_of_raw_costs_does_not_wrap_either(void **state)
{
    struct books *t = *state;
    add_organization(t, "o2", "UTC", -1);
    for (int i = 0; i < 2; i++) {
        char id[ID_CAP];
        snprintf(id, sizeof id, "g%d", i);
        struct generation_open g = call_of(id, "o2", "u1", noon);
        struct generation_result r = end_of(id, INT64_MAX, noon);
        g.markup.ppm = 250000;
        must_begin(t, &g);
        assert_int_equal(must_settle(t, &r).is_unbookable, i);
    }
    assert_int_equal(check_rollups(t), 1);
}

static void nonsense_token_counts_are_unknown(void **state)
{
    struct books *t = *state;
    begin(t, "g1");
    struct generation_result r = end_of("g1", 10, noon);
    r.prompt_tokens = -5;
    assert_int_equal(must_settle(t, &r).tokens, 0);
    assert_false(row_of(t, "g1").has_tokens);
    begin(t, "g2");
    r = end_of("g2", 10, noon);
    r.completion_tokens = INT64_MAX;
    assert_int_equal(must_settle(t, &r).tokens, 0);
    assert_int_equal(check_rollups(t), 2);
}

static void foreign_text_is_cut_or_dropped(void **state)
{
    struct books *t = *state;
    char many[2000];
    memset(many, 'x', sizeof many);
    begin(t, "g1");
    struct generation_result r = end_of("g1", 10, noon);
    r.provider = r.served_model = r.error = r.source = r.cost_text = (str){many, sizeof many};
    r.generation_id = (str){many, sizeof many};
    (void)must_settle(t, &r);
    struct booked row = row_of(t, "g1");
    assert_int_equal(strlen(row.provider), PROVIDER_CAP - 1);
    assert_int_equal(row.generation_id[0], '\0');
    begin(t, "g2");
    r = end_of("g2", 10, noon);
    r.provider = STR("\xff\xfe");
    (void)must_settle(t, &r);
    assert_false(row_of(t, "g2").has_provider);
    memset(many, 0xc4, sizeof many); /* never cut inside a character */
    for (size_t i = 1; i < sizeof many; i += 2)
        many[i] = (char)0x85;
    assert_int_equal(kept_text((str){many, sizeof many}, 63).n, 62);
    assert_int_equal(check_rollups(t), 2);
}

/* ---- waiting ---- */

static size_t due(struct books *t, int64_t now_ms, struct generation_due *first)
{
    struct generation_due list[4];
    size_t count = 99;
    assert_st(generation_list_due(t->db, (struct system_scope){"test"}, now_ms, COUNT_OF(list), list, &count), ST_OK);
    if (count != 0)
        *first = list[0];
    return count;
}

static void pend(struct books *t, const char *id, int64_t now_ms)
{
    struct generation_result r = {.id = str_c(id),
                                  .state = GENERATION_PENDING,
                                  .generation_id = STR("gen-x"),
                                  .delivered_tokens = 42,
                                  .now_ms = now_ms};
    (void)must_settle(t, &r);
}

static void truth_is_asked_for_by_the_schedule(void **state)
{
    struct books *t = *state;
    static const int64_t waits_s[] = {1, 2, 4, 8, 16, 32, 60, 300, 1800, 7200, 86400, 86400, 86400};
    struct generation_due d;
    int64_t now = noon;
    begin(t, "g1");
    pend(t, "g1", now);
    for (size_t i = 0; i < COUNT_OF(waits_s); i++) {
        assert_int_equal(due(t, now + waits_s[i] * 1000 - 1, &d), 0);
        now += waits_s[i] * 1000;
        assert_int_equal(due(t, now, &d), 1);
        assert_int_equal(d.checks, i);
        assert_st(generation_postpone(t->db, STR("g1"), now), ST_OK);
    }
    assert_string_equal(d.id, "g1");
    assert_string_equal(d.generation_id, "gen-x");
    assert_string_equal(d.external_user, "external-u1");
    assert_string_equal(d.key_hash, "k1");
    assert_int_equal(d.delivered_tokens, 42);
    assert_int_equal(d.created_ms, noon);
}

/* An answer without the truth is a question in vain: it must not come back at once. */
static void pending_again_counts_as_asked(void **state)
{
    struct books *t = *state;
    struct generation_due d;
    begin(t, "g1");
    pend(t, "g1", noon);
    pend(t, "g1", noon + 10); /* not due yet: nothing moves */
    assert_int_equal(due(t, noon + 1000, &d), 1);
    pend(t, "g1", noon + 1000);
    assert_int_equal(due(t, noon + 2999, &d), 0);
    assert_int_equal(due(t, noon + 3000, &d), 1);
    assert_int_equal(d.checks, 1);
}

static void due_rows_come_oldest_first_and_bounded(void **state)
{
    struct books *t = *state;
    struct generation_due d;
    for (int i = 0; i < 6; i++) {
        char id[ID_CAP];
        snprintf(id, sizeof id, "g%d", i);
        begin(t, id);
        struct generation_result r = {.id = str_c(id), .state = GENERATION_PENDING, .now_ms = noon - i * 1000};
        (void)must_settle(t, &r);
    }
    assert_int_equal(due(t, noon + 10000, &d), 4);
    assert_string_equal(d.id, "g5");
}

static void a_start_makes_open_rows_due(void **state)
{
    struct books *t = *state;
    struct generation_due d;
    int64_t count = -1;
    begin(t, "g1");
    begin(t, "g2");
    begin(t, "g3");
    struct generation_result r = end_of("g3", 1000, noon);
    (void)must_settle(t, &r);
    books_commit(t);
    books_crash(t);
    assert_st(generation_recover(t->db, noon + 7, &count), ST_OK);
    assert_int_equal(count, 2);
    assert_int_equal(due(t, noon + 6, &d), 0);
    assert_int_equal(due(t, noon + 7, &d), 2);
    struct budget_room room; /* L5: still reserved */
    struct scope who = scope_of("o1", "u1", ROLE_USER);
    assert_st(budgets_room(t->budgets, t->db, &who, noon + 10, &room), ST_OK);
    assert_int_equal(room.left.v, 98 * PICO_PER_USD - 1300);
    assert_st(generation_recover(t->db, noon + 9, &count), ST_OK);
    assert_int_equal(count, 0);
    check_budget(t, "o1", noon);
}

/* ---- corrections ---- */

static struct generation_settled correct(struct books *t, const struct generation_result *r, status want)
{
    struct generation_settled s = {0};
    assert_st(generation_correct(t->budgets, t->db, r, &s), want);
    return s;
}

static const struct sql sum_billed = {
    "test_sum_billed", "SELECT SUM(billed) FROM generations WHERE id = 'g1' OR corrects = 'g1'"};
static const struct sql count_corrections = {
    "test_count_corrections", "SELECT count(*) FROM generations WHERE corrects IS NOT NULL AND created_ms ="
                              " (SELECT created_ms FROM generations WHERE id = 'g1')"};

static void late_truth_is_a_row_of_its_own(void **state) /* L3 */
{
    struct books *t = *state;
    struct generation_due d[2];
    size_t count;
    begin(t, "g1");
    struct generation_result r = end_of("g1", 2000, noon + MS_PER_DAY);
    r.generation_id = STR("gen-1");
    r.state = GENERATION_ESTIMATED;
    r.source = STR("estimate");
    (void)must_settle(t, &r);
    struct system_scope why = {"test"};
    assert_st(generation_list_estimated(t->db, why, noon + 2 * MS_PER_DAY, 2, d, &count), ST_OK);
    assert_int_equal(count, 1);
    struct generation_result truth = end_of("g1", 500, noon + 2 * MS_PER_DAY);
    truth.completion_tokens = 1;
    struct generation_settled s = correct(t, &truth, ST_OK);
    assert_true(s.was_changed);
    assert_int_equal(s.billed.v, 650 - 2600);
    assert_int_equal(s.tokens, -4);
    assert_int_equal(row_of(t, "g1").billed.v, 2600);
    assert_int_equal(count_of(t, &sum_billed), 650);
    assert_int_equal(count_of(t, &count_corrections), 1); /* in the day of the call */
    assert_true(sums(t).used == 650);
    assert_int_equal(check_rollups(t), 2);
    assert_st(generation_list_estimated(t->db, why, noon + 9 * MS_PER_DAY, 2, d, &count), ST_OK);
    assert_int_equal(count, 0);
    assert_false(correct(t, &truth, ST_OK).was_changed); /* repeated */
    truth.cost = PICO(501);                              /* and once more, against what is booked by now */
    assert_int_equal(correct(t, &truth, ST_OK).billed.v, 1);
    assert_int_equal(count_of(t, &sum_billed), 651);
    assert_int_equal(check_rollups(t), 3);
    check_budget(t, "o1", noon);
}

static void corrections_that_make_no_sense_are_refused(void **state)
{
    struct books *t = *state;
    struct generation_result r = end_of("g1", 2000, noon);
    (void)correct(t, &r, ST_NOT_FOUND);
    begin(t, "g1");
    (void)correct(t, &r, ST_CONFLICT);
    (void)must_settle(t, &r);
    r.cost = PICO(-1);
    (void)correct(t, &r, ST_RANGE);
    r.cost = PICO(INT64_MAX);
    (void)correct(t, &r, ST_RANGE);
    r.has_cost = false;
    (void)correct(t, &r, ST_UNPROCESSABLE);
    assert_int_equal(check_rollups(t), 1);
}

static void a_failure_that_was_billed_is_corrected(void **state)
{
    struct books *t = *state;
    begin(t, "g1");
    struct generation_result r = {.id = STR("g1"), .state = GENERATION_FAILED, .now_ms = noon};
    (void)must_settle(t, &r);
    r = end_of("g1", 1000, noon);
    struct generation_settled s = correct(t, &r, ST_OK);
    assert_int_equal(s.billed.v, 1300);
    assert_int_equal(s.tokens, 15);
    assert_int_equal(check_rollups(t), 1);
    generation_settle_undo(t->budgets, &s, str_c("g1"));
    assert_true(sums(t).used == 0);
}

/* ---- undo ---- */

static void undo_puts_the_sums_back(void **state)
{
    struct books *t = *state;
    struct generation_open g = call_of("g2", "o1", "u1", noon);
    struct generation_result r = end_of("g1", 1000000, noon);
    begin(t, "g1");
    books_commit(t);
    struct budget_sums before = sums(t);
    must_begin(t, &g);
    struct generation_settled s = must_settle(t, &r);
    books_lose(t);
    generation_settle_undo(t->budgets, &s, r.id);
    generation_begin_undo(t->budgets, &g);
    assert_true(sums(t).used == before.used && sums(t).reserved == before.reserved);
    check_budget(t, "o1", noon);
    assert_true(must_settle(t, &r).was_changed); /* and it can be done again */
    check_budget(t, "o1", noon);
}

static void a_second_row_of_the_same_id_reserves_nothing(void **state)
{
    struct books *t = *state;
    struct generation_open g = call_of("g1", "o1", "u1", noon);
    int64_t resets_ms;
    struct err e = {0};
    must_begin(t, &g);
    assert_st(generation_begin(t->budgets, t->db, &g, &resets_ms, &e), ST_CONFLICT);
    assert_true(sums(t).reserved == PICO_PER_USD);
}

static void names_of_states_go_both_ways(void **state)
{
    for (int i = GENERATION_OPEN; i <= GENERATION_ESTIMATED; i++) {
        enum generation_state back = GENERATION_OPEN;
        assert_true(generation_state_parse(generation_state_text((enum generation_state)i), &back));
        assert_int_equal(back, i);
    }
    assert_false(generation_state_parse(STR("Settled"), &(enum generation_state){0}));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_call_is_open_reserved_and_unknown),
        TEST(settling_books_cost_and_billed_once),
        TEST(settling_again_changes_nothing),
        TEST(an_unknown_row_is_not_found),
        TEST(a_supplier_id_belongs_to_one_row),
        TEST(the_same_generation_is_not_billed_twice),
        TEST(an_end_without_a_cost_waits),
        TEST(zero_is_the_suppliers_word_and_may_alarm),
        TEST(a_failure_costs_nothing_unless_it_did),
        TEST(a_cost_above_its_reservation_alarms),
        TEST(a_cost_that_cannot_be_booked_stays_pending),
        TEST(sums_never_wrap),
        TEST(the_sum_of_raw_costs_does_not_wrap_either),
        TEST(nonsense_token_counts_are_unknown),
        TEST(foreign_text_is_cut_or_dropped),
        TEST(truth_is_asked_for_by_the_schedule),
        TEST(pending_again_counts_as_asked),
        TEST(due_rows_come_oldest_first_and_bounded),
        TEST(a_start_makes_open_rows_due),
        TEST(late_truth_is_a_row_of_its_own),
        TEST(corrections_that_make_no_sense_are_refused),
        TEST(a_failure_that_was_billed_is_corrected),
        TEST(undo_puts_the_sums_back),
        TEST(a_second_row_of_the_same_id_reserves_nothing),
        TEST(names_of_states_go_both_ways),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

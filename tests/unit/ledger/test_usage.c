/* Figures for pages: days and months in the organization's zone, sums of ranges, who sees what (usage.h). */
#include "fixture.h"
#include "base/clock.h"
#include "ledger/usage.h"

struct world {
    struct books books;
    struct arena a;
    struct err e;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    books_open(&w->books);
    arena_init(&w->a, 64 * 1024 * 1024);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    arena_free(&w->a);
    books_close(&w->books);
    free(w);
    return 0;
}

static const struct provider_scope provider = {""};

static struct scope admin(const char *organization_id)
{
    return scope_of(organization_id, "boss", ROLE_ADMIN);
}

static struct usage_dates dates(const char *from, const char *to)
{
    return (struct usage_dates){str_c(from), str_c(to)};
}

static struct usage_stats stats(struct world *w, struct scope who, enum usage_reach reach, const char *now)
{
    struct usage_stats s;
    assert_st(usage_stats_read(books_read(&w->books), who, reach, at(now), &w->a, &s), ST_OK);
    return s;
}

static struct usage_days days(struct world *w, const char *organization_id, const char *from, const char *to)
{
    struct usage_days d;
    status st = usage_days_read(books_read(&w->books), admin(organization_id), USAGE_ORGANIZATION, dates(from, to),
                                at("2026-11-23T12:00:00Z"), &w->a, &d, &w->e);
    if (st != ST_OK)
        fail_msg("%s", w->e.text);
    return d;
}

/* ---- the own organization ---- */

static void an_empty_organization_has_zeros_not_gaps(void **state)
{
    struct world *w = *state;
    add_organization(&w->books, "o1", "Europe/Warsaw", 5 * PICO_PER_USD);
    struct usage_stats s = stats(w, admin("o1"), USAGE_ORGANIZATION, "2026-11-23T23:30:00Z");
    assert_str(s.organization_name, STR("Name of o1"));
    assert_str(s.timezone, STR("Europe/Warsaw"));
    assert_int_equal(s.day_count, 30);
    assert_string_equal(s.days[0].date, "2026-11-24"); /* already tomorrow there */
    assert_string_equal(s.days[29].date, "2026-10-26");
    assert_int_equal(s.month.requests + s.today.requests + s.days_active + s.average.billed.v, 0);
    assert_true(s.has_limit);
    assert_int_equal(s.remaining.v, 5 * PICO_PER_USD);
    assert_int_equal(s.month_end_ms, at("2026-11-30T23:00:00Z"));
    assert_int_equal(s.today_start_ms, at("2026-11-23T23:00:00Z"));
}

static void today_month_and_history_are_cut_in_the_zone(void **state)
{
    struct world *w = *state;
    struct books *b = &w->books;
    add_organization(b, "o1", "Asia/Kathmandu", 5 * PICO_PER_USD); /* +5:45 */
    add_call(b, "o1", "u1", "m", at("2026-10-31T18:14:59Z"), 100); /* 31 October there */
    add_call(b, "o1", "u1", "m", at("2026-10-31T18:15:00Z"), 200); /* 1 November */
    add_call(b, "o1", "u1", "m", at("2026-11-22T18:14:59Z"), 400); /* yesterday */
    add_call(b, "o1", "u1", "m", at("2026-11-22T18:15:00Z"), 800); /* today */
    add_call(b, "o1", "u2", "m", at("2026-11-23T11:00:00Z"), 1000);
    struct usage_stats s = stats(w, admin("o1"), USAGE_ORGANIZATION, "2026-11-23T12:00:00Z");
    assert_int_equal(s.today.requests, 2);
    assert_int_equal(s.today.billed.v, 1040 + 1300);
    assert_int_equal(s.today.tokens, 30);
    assert_int_equal(s.today.prompt_tokens, 20);
    assert_int_equal(s.month.billed.v, 260 + 520 + 1040 + 1300);
    assert_int_equal(s.days_active, 3);
    assert_int_equal(s.average.billed.v, 1040); /* 3120 / 3 */
    assert_int_equal(s.average.tokens, 20);
    assert_int_equal(s.remaining.v, 5 * PICO_PER_USD - 3120);
    assert_int_equal(s.days[0].sum.billed.v, 2340);
    assert_int_equal(s.days[1].sum.billed.v, 520);
    assert_string_equal(s.days[22].date, "2026-11-01");
    assert_int_equal(s.days[22].sum.billed.v, 260);
    assert_int_equal(s.days[23].sum.billed.v, 130); /* October is in the history, not in the month */
}

/* The 31st: the month is longer than the history. */
static void a_long_month_counts_whole(void **state)
{
    struct world *w = *state;
    add_organization(&w->books, "o1", "UTC", -1);
    add_call(&w->books, "o1", "u1", "m", at("2026-10-01T00:00:00Z"), 10);
    struct usage_stats s = stats(w, admin("o1"), USAGE_ORGANIZATION, "2026-10-31T23:59:59Z");
    assert_string_equal(s.days[29].date, "2026-10-02");
    assert_int_equal(s.month.requests, 1);
    assert_false(s.has_limit);
    s = stats(w, admin("o1"), USAGE_ORGANIZATION, "2026-03-01T00:00:00Z");
    assert_string_equal(s.days[29].date, "2026-01-31");
}

static void remaining_is_never_negative(void **state)
{
    struct world *w = *state;
    add_organization(&w->books, "o1", "UTC", 100);
    add_call(&w->books, "o1", "u1", "m", at("2026-11-23T00:00:00Z"), 0);
    struct generation_open g = call_of("g1", "o1", "u1", at("2026-11-23T00:00:00Z"));
    struct generation_result r = end_of("g1", 1000, at("2026-11-23T00:00:00Z"));
    g.reserved = PICO(50);
    must_begin(&w->books, &g);
    (void)must_settle(&w->books, &r);
    assert_int_equal(stats(w, admin("o1"), USAGE_ORGANIZATION, "2026-11-23T12:00:00Z").remaining.v, 0);
}

static void an_employee_sees_the_own_figures(void **state)
{
    struct world *w = *state;
    struct books *b = &w->books;
    struct usage_stats s;
    const char *now = "2026-11-23T12:00:00Z";
    add_organization(b, "o1", "UTC", PICO_PER_USD);
    add_organization(b, "o2", "UTC", -1);
    add_call(b, "o1", "u1", "m", at(now), 100);
    add_call(b, "o1", "u2", "m", at(now), 1000);
    add_call(b, "o2", "u1", "m", at(now), 10000); /* the same id elsewhere is somebody else */
    struct scope who = scope_of("o1", "u1", ROLE_USER);
    s = stats(w, who, USAGE_OWN, now);
    assert_int_equal(s.month.billed.v, 130);
    assert_int_equal(s.days[0].sum.billed.v, 130);
    assert_false(s.has_limit); /* what is left would tell the others' usage */
    assert_int_equal(s.remaining.v, 0);
    struct db *db = books_read(b);
    assert_st(usage_stats_read(db, who, USAGE_ORGANIZATION, at(now), &w->a, &s), ST_FORBIDDEN);
    who.role = ROLE_PENDING;
    assert_st(usage_stats_read(db, who, USAGE_ORGANIZATION, at(now), &w->a, &s), ST_FORBIDDEN);
    assert_st(usage_stats_read(db, admin("nobody"), USAGE_ORGANIZATION, at(now), &w->a, &s), ST_NOT_FOUND);
    assert_int_equal(stats(w, admin("o1"), USAGE_ORGANIZATION, now).month.billed.v, 1430);
}

/* ---- ranges ---- */

static const char *const range_zones[] = {"UTC",
                                          "Asia/Kathmandu",      /* +5:45 */
                                          "Asia/Kolkata",        /* +5:30 */
                                          "Europe/Warsaw",       /* both nights of daylight saving */
                                          "Australia/Lord_Howe", /* half an hour of it */
                                          "America/St_Johns",    /* -3:30 */
                                          "America/Havana",      /* changes at midnight */
                                          "Pacific/Kiritimati",  /* +14 */
                                          "Etc/GMT+12"};

static void date_of(int day, char *dst) /* days since 2026-01-01 */
{
    char iso[ISO_TIME_CAP];
    iso_date_from_ms(at("2026-01-01T00:00:00Z") + day * MS_PER_DAY, iso);
    memcpy(dst, iso, 11);
}

static struct usage_sum range_sum(struct world *w, const char *organization_id, int first, int last)
{
    char from[16], to[16];
    date_of(first, from);
    date_of(last, to);
    return days(w, organization_id, from, to).total;
}

/* A year of calls, cut anywhere: the parts are the whole, and the days are the whole. */
static void any_partition_of_a_range_sums_to_the_range(void **state)
{
    struct world *w = *state;
    for (size_t z = 0; z < COUNT_OF(range_zones); z++) {
        const char *o = range_zones[z];
        add_organization(&w->books, o, o, -1);
        for (int i = 0; i < 150; i++) {
            int64_t when = at("2026-01-01T12:00:00Z") + (int64_t)test_below((uint64_t)(364 * MS_PER_DAY));
            if (i % 3 == 0) /* near a midnight somewhere */
                when = when / 900000 * 900000 - (int64_t)test_below(2);
            add_call(&w->books, o, "u1", "m", when, 1 + (int64_t)test_below(1000000));
        }
        struct usage_sum whole = range_sum(w, o, -1, 366);
        assert_int_equal(whole.requests, 150);
        for (int round = 0; round < 20; round++) {
            int cut = (int)test_below(367), cut2 = cut + (int)test_below((uint64_t)(367 - cut));
            struct usage_sum a = range_sum(w, o, -1, cut - 1), b = range_sum(w, o, cut, cut2), c = {0};
            if (cut2 < 366)
                c = range_sum(w, o, cut2 + 1, 366);
            assert_int_equal(a.requests + b.requests + c.requests, whole.requests);
            assert_int_equal(a.billed.v + b.billed.v + c.billed.v, whole.billed.v);
            assert_int_equal(a.tokens + b.tokens + c.tokens, whole.tokens);
        }
        arena_free(&w->a);
    }
}

/* A call lands on the date its local clock shows, whatever the night. */
static void every_call_is_on_its_local_date(void **state)
{
    struct world *w = *state;
    for (size_t z = 0; z < COUNT_OF(range_zones); z++) {
        const char *o = range_zones[z];
        const struct zone *zone;
        assert_st(zone_find(str_c(o), &zone), ST_OK);
        add_organization(&w->books, o, o, -1);
        for (int i = 0; i < 60; i++) {
            int64_t when = at("2026-02-15T00:00:00Z") + (int64_t)test_below((uint64_t)(280 * MS_PER_DAY));
            struct civil c = zone_civil(zone, when);
            char date[32];
            snprintf(date, sizeof date, "%04d-%02d-%02d", c.year, c.month, c.day);
            int64_t before = days(w, o, date, date).total.requests;
            add_call(&w->books, o, "u1", "m", when, 1);
            struct usage_days d = days(w, o, date, date);
            assert_int_equal(d.total.requests, before + 1);
            assert_int_equal(d.count, 1);
            assert_true(d.period.from_ms <= when && when < d.period.to_ms);
        }
        arena_free(&w->a);
    }
}

static void days_of_daylight_saving_have_23_or_25_hours(void **state)
{
    struct world *w = *state;
    add_organization(&w->books, "o1", "Europe/Warsaw", -1);
    struct usage_days d = days(w, "o1", "2026-03-29", "2026-03-29");
    assert_int_equal(d.period.to_ms - d.period.from_ms, 23 * MS_PER_HOUR);
    d = days(w, "o1", "2026-10-25", "2026-10-25");
    assert_int_equal(d.period.to_ms - d.period.from_ms, 25 * MS_PER_HOUR);
    d = days(w, "o1", "2028-02-28", "2028-03-01");
    assert_int_equal(d.count, 3);
    assert_string_equal(d.days[1].date, "2028-02-29");
}

static void malformed_dates_are_refused(void **state)
{
    struct world *w = *state;
    static const char *const bad[] = {"2026-02-29", "2026-13-01", "2026-00-10", "2026-1-1",   "20261123",    "",
                                      "2026-11-31", "yesterday",  "0001-01-01", "2026-11-2x", "2026-11-23T"};
    struct usage_days d;
    add_organization(&w->books, "o1", "UTC", -1);
    struct db *db = books_read(&w->books);
    int64_t now = at("2026-11-23T12:00:00Z");
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        w->e.text[0] = '\0';
        assert_st(usage_days_read(db, admin("o1"), USAGE_ORGANIZATION, dates(bad[i], "2026-11-23"), now, &w->a, &d,
                                  &w->e),
                  ST_UNPROCESSABLE);
        assert_true(w->e.text[0] != '\0');
        assert_st(usage_days_read(db, admin("o1"), USAGE_ORGANIZATION, dates("2020-01-01", bad[i]), now, &w->a, &d,
                                  NULL),
                  ST_UNPROCESSABLE);
    }
    assert_st(usage_days_read(db, admin("o1"), USAGE_ORGANIZATION, dates("2026-11-24", "2026-11-23"), now, &w->a, &d,
                              &w->e),
              ST_UNPROCESSABLE);
    assert_st(usage_days_read(db, admin("o1"), USAGE_ORGANIZATION, dates("1990-01-01", "2026-11-23"), now, &w->a, &d,
                              &w->e),
              ST_UNPROCESSABLE);
    assert_st(usage_days_read(db, admin("o1"), USAGE_ORGANIZATION, (struct usage_dates){0}, now, &w->a, &d, &w->e),
              ST_OK);
    assert_string_equal(d.period.from, "2026-11-01");
    assert_string_equal(d.period.to, "2026-11-23");
    assert_st(usage_days_read(db, admin("o1"), USAGE_ORGANIZATION, dates(NULL, "2026-02-10"), now, &w->a, &d, &w->e),
              ST_OK);
    assert_string_equal(d.period.from, "2026-02-01");
}

/* ---- by person, by model ---- */

static void people_are_listed_by_what_they_cost(void **state)
{
    struct world *w = *state;
    struct books *b = &w->books;
    struct usage_users list;
    add_organization(b, "o1", "Asia/Kolkata", -1);
    add_organization(b, "o2", "UTC", -1);
    const char *const people[] = {"ann", "bob", "idle", "gone", "ghost"};
    for (size_t i = 0; i < COUNT_OF(people); i++)
        add_user(b, people[i], "o1");
    add_user(b, "stranger", "o2");
    add_call(b, "o1", "ann", "m", at("2026-11-20T18:29:00Z"), 100); /* 20th there */
    add_call(b, "o1", "ann", "m", at("2026-11-20T18:30:00Z"), 100); /* 21st */
    add_call(b, "o1", "ann", "n", at("2026-11-21T10:00:00Z"), 100); /* 21st */
    add_call(b, "o1", "bob", "m", at("2026-11-21T10:00:00Z"), 5000);
    add_call(b, "o1", "gone", "m", at("2026-11-21T10:00:00Z"), 50);
    add_call(b, "o2", "stranger", "m", at("2026-11-21T10:00:00Z"), 999999);
    delete_user(b, "gone");
    delete_user(b, "ghost"); /* deleted, and used nothing */
    struct db *db = books_read(b);
    int64_t now = at("2026-11-23T12:00:00Z");
    assert_st(usage_by_user(db, admin("o1"), USAGE_ORGANIZATION, dates("2026-11-20", "2026-11-21"), now, &w->a, &list,
                            &w->e),
              ST_OK);
    assert_int_equal(list.count, 4);
    assert_str(list.users[0].user_id, STR("bob"));
    assert_str(list.users[1].name, STR("Name of ann"));
    assert_str(list.users[1].email, STR("ann@example.com"));
    assert_str(list.users[1].external_user, STR("external-ann"));
    assert_int_equal(list.users[1].sum.requests, 3);
    assert_int_equal(list.users[1].sum.billed.v, 390);
    assert_int_equal(list.users[1].days_active, 2);
    assert_str(list.users[2].user_id, STR("gone"));
    assert_true(list.users[2].is_deleted);
    assert_str(list.users[2].name, STR_NONE);
    assert_str(list.users[3].user_id, STR("idle"));
    assert_int_equal(list.users[3].sum.requests, 0);
    assert_st(usage_by_user(db, scope_of("o1", "ann", ROLE_USER), USAGE_OWN, dates("2026-11-21", "2026-11-21"), now,
                            &w->a, &list, &w->e),
              ST_OK);
    assert_int_equal(list.count, 1);
    assert_str(list.users[0].name, STR("Name of ann"));
    assert_int_equal(list.users[0].sum.requests, 2);
    assert_int_equal(list.users[0].days_active, 1);
    assert_st(usage_by_user(db, scope_of("o1", "ann", ROLE_USER), USAGE_ORGANIZATION, dates(NULL, NULL), now, &w->a,
                            &list, &w->e),
              ST_FORBIDDEN);
}

static void models_are_listed_by_what_they_cost(void **state)
{
    struct world *w = *state;
    struct books *b = &w->books;
    struct usage_models list;
    int64_t now = at("2026-11-23T12:00:00Z");
    add_organization(b, "o1", "UTC", -1);
    add_call(b, "o1", "u1", "cheap", at("2026-11-20T10:00:00Z"), 1);
    add_call(b, "o1", "u1", "dear", at("2026-11-20T10:00:00Z"), 1000);
    add_call(b, "o1", "u2", "cheap", at("2026-11-21T10:00:00Z"), 2);
    struct generation_open g = call_of("g1", "o1", "u1", now);
    struct generation_result r = end_of("g1", 10, now);
    g.model = STR("cheap");
    r.provider = STR("Alpha");
    must_begin(b, &g);
    (void)must_settle(b, &r);
    struct db *db = books_read(b);
    assert_st(usage_by_model(db, admin("o1"), USAGE_ORGANIZATION, dates("2026-11-20", "2026-11-23"), now, &w->a, &list,
                             &w->e),
              ST_OK);
    assert_int_equal(list.count, 3);
    assert_str(list.models[0].model, STR("dear"));
    assert_str(list.models[1].provider, STR("Alpha"));
    assert_int_equal(list.models[1].sum.billed.v, 13);
    assert_str(list.models[2].model, STR("cheap"));
    assert_int_equal(list.models[2].days_used, 2);
    assert_int_equal(list.models[2].sum.billed.v, 1 + 3); /* 1.3 and 2.6, each rounded once */
    assert_st(usage_by_model(db, scope_of("o1", "u2", ROLE_USER), USAGE_OWN, dates("2026-11-20", "2026-11-23"), now,
                             &w->a, &list, &w->e),
              ST_OK);
    assert_int_equal(list.count, 1);
    assert_int_equal(list.models[0].sum.requests, 1);
}

/* ---- provider ---- */

static void the_provider_sees_cost_and_margin_of_all(void **state)
{
    struct world *w = *state;
    struct books *b = &w->books;
    struct provider_usage_billing bill;
    struct provider_usage_clients list;
    struct provider_usage_stats one;
    int64_t now = at("2026-11-23T12:00:00Z");
    add_organization(b, "o1", "Pacific/Kiritimati", PICO_PER_USD);
    add_organization(b, "o2", "Etc/GMT+12", -1);
    add_organization(b, "quiet", "UTC", -1);
    add_call(b, "o1", "u1", "m", at("2026-11-22T09:59:00Z"), 1000);  /* 22nd there */
    add_call(b, "o1", "u1", "m", at("2026-11-22T10:00:00Z"), 10000); /* 23rd there */
    add_call(b, "o2", "u2", "m", at("2026-11-22T11:59:00Z"), 100);   /* 21st there */
    add_call(b, "o2", "u2", "m", at("2026-11-22T12:00:00Z"), 400);   /* 22nd there */
    struct db *db = books_read(b);
    assert_st(provider_usage_billing_read(db, provider, dates("2026-11-22", "2026-11-22"), now, &w->a, &bill, &w->e),
              ST_OK);
    assert_int_equal(bill.count, 3);
    assert_int_equal(bill.active_clients, 2);
    assert_str(bill.clients[0].organization_id, STR("o1"));
    assert_int_equal(bill.clients[0].sum.cost.v, 1000);
    assert_int_equal(bill.clients[0].sum.billed.v, 1300);
    assert_int_equal(bill.clients[0].sum.margin.v, 300);
    assert_int_equal(bill.clients[1].sum.cost.v, 400);
    assert_int_equal(bill.total.cost.v, 1400);
    assert_int_equal(bill.total.margin.v, 420);
    assert_st(provider_usage_billing_read(db, provider, (struct usage_dates){0}, now, &w->a, &bill, &w->e), ST_OK);
    assert_string_equal(bill.period.from, "2026-10-25");
    assert_int_equal(bill.total.cost.v, 11500); /* Kiritimati's 23rd is in the range */
    assert_st(provider_usage_clients_read(db, provider, now, &w->a, &list), ST_OK);
    assert_int_equal(list.count, 3);
    assert_str(list.clients[0].organization_name, STR("Name of o1"));
    assert_int_equal(list.clients[0].month.cost.v, 11000);
    assert_int_equal(list.clients[0].today.cost.v, 0); /* it is the 24th there */
    assert_int_equal(list.clients[0].remaining.v, PICO_PER_USD - 14300);
    assert_int_equal(list.month.billed.v, 14950);
    assert_st(provider_usage_stats_read(db, provider, STR("o2"), now, &w->a, &one), ST_OK);
    assert_int_equal(one.day_count, 30);
    assert_int_equal(one.days[1].sum.cost.v, 400); /* there it is the 23rd, 00:00 */
    assert_int_equal(one.client.days_active, 2);
    assert_st(provider_usage_stats_read(db, provider, STR("nobody"), now, &w->a, &one), ST_NOT_FOUND);
}

static void the_provider_sees_pseudonyms_of_one_client(void **state)
{
    struct world *w = *state;
    struct books *b = &w->books;
    struct provider_usage_users users;
    struct provider_usage_models models;
    int64_t now = at("2026-11-23T12:00:00Z");
    add_organization(b, "o1", "UTC", -1);
    add_organization(b, "o2", "UTC", -1);
    add_user(b, "u1", "o1");
    add_call(b, "o1", "u1", "m", now, 1000);
    add_call(b, "o2", "u9", "m", now, 5000);
    struct db *db = books_read(b);
    assert_st(provider_usage_by_user(db, provider, STR("o1"), dates(NULL, NULL), now, &w->a, &users, &w->e), ST_OK);
    assert_int_equal(users.count, 1);
    assert_str(users.users[0].external_user, STR("external-u1"));
    assert_int_equal(users.users[0].sum.margin.v, 300);
    assert_st(provider_usage_by_model(db, provider, STR("o1"), dates(NULL, NULL), now, &w->a, &models, &w->e), ST_OK);
    assert_int_equal(models.count, 1);
    assert_int_equal(models.models[0].sum.cost.v, 1000);
    assert_st(provider_usage_by_model(db, provider, STR("nobody"), dates(NULL, NULL), now, &w->a, &models, &w->e),
              ST_NOT_FOUND);
}

/* ---- sums that do not fit ---- */

static void a_sum_that_does_not_fit_is_said_not_wrapped(void **state)
{
    struct world *w = *state;
    struct books *b = &w->books;
    struct usage_stats s;
    struct usage_days d;
    struct provider_usage_billing bill;
    int64_t most = INT64_MAX / 13 * 10, now = at("2026-11-23T12:00:00Z");
    add_organization(b, "o1", "UTC", -1);
    add_organization(b, "o2", "UTC", -1);
    add_call(b, "o1", "u1", "m", now, most);
    add_call(b, "o2", "u2", "m", now - MS_PER_DAY, most);
    struct db *db = books_read(b);
    assert_st(usage_stats_read(db, admin("o1"), USAGE_ORGANIZATION, now, &w->a, &s), ST_OK);
    assert_int_equal(s.month.billed.v, most / 10 * 13);
    assert_st(provider_usage_billing_read(db, provider, dates(NULL, "2026-11-23"), now, &w->a, &bill, &w->e), ST_RANGE);
    add_call(b, "o1", "u1", "m", now - MS_PER_DAY, most);
    db = books_read(b);
    assert_st(usage_stats_read(db, admin("o1"), USAGE_ORGANIZATION, now, &w->a, &s), ST_RANGE);
    assert_st(usage_days_read(db, admin("o1"), USAGE_ORGANIZATION, dates(NULL, NULL), now, &w->a, &d, &w->e), ST_RANGE);
    (void)check_rollups(b);
}

static void a_full_arena_is_an_error(void **state)
{
    struct world *w = *state;
    struct arena small;
    struct usage_users list;
    add_organization(&w->books, "o1", "UTC", -1);
    for (int i = 0; i < 50; i++) {
        char id[ID_CAP];
        snprintf(id, sizeof id, "u%d", i);
        add_user(&w->books, id, "o1");
        add_call(&w->books, "o1", id, "m", at("2026-11-23T10:00:00Z"), 5);
    }
    struct db *db = books_read(&w->books);
    int full = 0, enough = 0;
    for (size_t bytes = 0; bytes < 40000; bytes += 501) {
        arena_init(&small, bytes);
        status st = usage_by_user(db, admin("o1"), USAGE_ORGANIZATION, dates(NULL, NULL), at("2026-11-23T12:00:00Z"),
                                  &small, &list, &w->e);
        assert_true(st == ST_TOO_BIG || (st == ST_OK && list.count == 50));
        full += st == ST_TOO_BIG;
        enough += st == ST_OK;
        arena_free(&small);
    }
    assert_true(full > 0 && enough > 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(an_empty_organization_has_zeros_not_gaps),
        TEST(today_month_and_history_are_cut_in_the_zone),
        TEST(a_long_month_counts_whole),
        TEST(remaining_is_never_negative),
        TEST(an_employee_sees_the_own_figures),
        TEST(any_partition_of_a_range_sums_to_the_range),
        TEST(every_call_is_on_its_local_date),
        TEST(days_of_daylight_saving_have_23_or_25_hours),
        TEST(malformed_dates_are_refused),
        TEST(people_are_listed_by_what_they_cost),
        TEST(models_are_listed_by_what_they_cost),
        TEST(the_provider_sees_cost_and_margin_of_all),
        TEST(the_provider_sees_pseudonyms_of_one_client),
        TEST(a_sum_that_does_not_fit_is_said_not_wrapped),
        TEST(a_full_arena_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

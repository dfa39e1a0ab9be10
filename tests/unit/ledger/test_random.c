/* Random histories: calls begin, end in every way, are corrected; transactions are committed, lost or cut by a crash; limits
 * and zones change. After every step memory equals rows (L5), admissions keep the limit (L6), repeating changes nothing
 * (L2); after every transaction rollups equal rows (L4) and settled money is what it was (L3).
 * MAI_TEST_SEED repeats a run. */
#include "fixture.h"
#include "base/clock.h"
#include "base/log.h"

enum { ORGANIZATIONS = 4, USERS = 6, CALLS_MAX = 4000, STEPS_MAX = 8 };

static const char *const zones[] = {"UTC",          "Asia/Kathmandu",     "America/St_Johns",   "Europe/Warsaw",
                                    "Etc/GMT+12",   "Pacific/Kiritimati", "Australia/Lord_Howe"};

struct call {
    char id[ID_CAP];
    char organization_id[ID_CAP];
};

enum step_kind { STEP_NONE, STEP_BEGIN, STEP_SETTLE, STEP_RELOAD };

struct step { /* what would have to be undone */
    enum step_kind kind;
    struct generation_open opened;
    struct generation_settled settled;
    char organization_id[ID_CAP];
};

struct world {
    struct books books;
    struct call calls[CALLS_MAX];
    size_t call_count;
    int64_t now_ms;
    struct step steps[STEPS_MAX];
    size_t step_count;
};

static void organization_name(uint64_t n, char *dst)
{
    snprintf(dst, ID_CAP, "org%llu", (unsigned long long)n);
}

static int64_t random_limit(void)
{
    return test_below(2) == 0 ? -1 : (int64_t)test_below(40) * PICO_PER_USD;
}

/* Near the ends of months and of daylight saving, to hit them often. */
static void pass_time(struct world *w)
{
    static const int64_t leaps_ms[] = {0, 1, 900, 20000, 5 * 60000, 3 * MS_PER_HOUR};
    w->now_ms += leaps_ms[test_below(COUNT_OF(leaps_ms))];
    if (test_below(200) == 0)
        w->now_ms += 9 * MS_PER_DAY;
    if (test_below(20) == 0)
        w->now_ms -= (int64_t)test_below(2 * MS_PER_HOUR); /* a clock that is set back */
}

static void check_memory(struct world *w)
{
    for (uint64_t i = 0; i < ORGANIZATIONS; i++) {
        char organization[ID_CAP];
        organization_name(i, organization);
        check_budget(&w->books, organization, w->now_ms);
        check_budget(&w->books, organization, w->now_ms - 20 * MS_PER_DAY);
    }
}

/* ---- steps ---- */

static const struct sql limit_of = {"test_limit_of", "SELECT monthly_limit FROM organizations WHERE id = $1"};

static void read_limit(const struct db_rows *row, void *ctx)
{
    *(int64_t *)ctx = db_is_null(row, 0) ? -1 : db_int(row, 0);
}

static void check_admission(struct world *w, const struct generation_open *g)
{
    int64_t limit;
    struct budget_sums sums;
    assert_st(db_one(w->books.db, &limit_of, DB_ARGS(DB_Z(g->scope.organization_id)), read_limit, &limit), ST_OK);
    assert_true(budgets_peek(w->books.budgets, str_c(g->scope.organization_id), g->now_ms, &sums));
    assert_true(limit < 0 || sums.used + sums.reserved <= limit); /* L6 */
}

static void do_begin(struct world *w, struct step *s)
{
    struct call *c = &w->calls[w->call_count];
    char user[ID_CAP];
    int64_t resets_ms;
    struct err e = {0};
    if (w->call_count == CALLS_MAX)
        return;
    id_new(c->id);
    organization_name(test_below(ORGANIZATIONS), c->organization_id);
    snprintf(user, sizeof user, "user%llu", (unsigned long long)test_below(USERS));
    struct generation_open g = call_of(c->id, c->organization_id, user, w->now_ms);
    g.reserved = PICO((int64_t)test_below(4 * PICO_PER_USD));
    g.model = test_below(2) == 0 ? STR("m/one") : STR("m/two");
    g.markup.ppm = 1000000 + (int64_t)test_below(1000000);
    status st = generation_begin(w->books.budgets, w->books.db, &g, &resets_ms, &e);
    if (st == ST_PAYMENT)
        return;
    assert_st(st, ST_OK);
    check_admission(w, &g);
    w->call_count++;
    s->kind = STEP_BEGIN;
    s->opened = g;
}

static struct generation_result random_end(struct world *w, const struct call *c)
{
    static const enum generation_state ends[] = {GENERATION_SETTLED,   GENERATION_SETTLED, GENERATION_CANCELLED,
                                                 GENERATION_PENDING,   GENERATION_FAILED,  GENERATION_ESTIMATED};
    static const char *const providers[] = {"Alpha", "Beta", NULL};
    struct generation_result r = end_of(c->id, (int64_t)test_below(3 * PICO_PER_USD), w->now_ms);
    r.state = ends[test_below(COUNT_OF(ends))];
    r.provider = str_c(providers[test_below(COUNT_OF(providers))]);
    r.has_cost = test_below(5) != 0;
    r.has_tokens = test_below(4) != 0;
    r.prompt_tokens = (int64_t)test_below(1000);
    r.completion_tokens = (int64_t)test_below(1000);
    if (test_below(30) == 0)
        r.cost = PICO(test_below(2) == 0 ? -5 : INT64_MAX - (int64_t)test_below(1000));
    if (test_below(3) == 0)
        r.generation_id = test_below(5) == 0 ? STR("gen-shared") : str_c(c->id);
    return r;
}

/* Mostly a young one, which is probably still open. */
static struct call *any_call(struct world *w)
{
    uint64_t back = test_below(test_below(4) == 0 || w->call_count < 12 ? w->call_count : 12);
    return &w->calls[w->call_count - 1 - back];
}

static void do_settle(struct world *w, struct step *s)
{
    struct call *c = any_call(w);
    struct generation_result r = random_end(w, c);
    struct generation_settled again;
    status st = generation_settle(w->books.budgets, w->books.db, &r, &s->settled);
    if (st == ST_NOT_FOUND) /* its begin was lost */
        return;
    assert_st(st, ST_OK);
    s->kind = STEP_SETTLE;
    assert_st(generation_settle(w->books.budgets, w->books.db, &r, &again), ST_OK);
    assert_false(again.was_changed); /* L2 */
    check_memory(w);
}

static void do_correct(struct world *w, struct step *s)
{
    struct generation_result r = random_end(w, any_call(w));
    status st = generation_correct(w->books.budgets, w->books.db, &r, &s->settled);
    if (st == ST_NOT_FOUND || st == ST_CONFLICT || st == ST_UNPROCESSABLE || st == ST_RANGE)
        return;
    assert_st(st, ST_OK);
    s->kind = STEP_SETTLE;
}

static void do_reload(struct world *w, struct step *s)
{
    organization_name(test_below(ORGANIZATIONS), s->organization_id);
    set_organization(&w->books, s->organization_id, zones[test_below(COUNT_OF(zones))], random_limit());
    s->kind = STEP_RELOAD;
}

static void do_step(struct world *w)
{
    struct step *s = &w->steps[w->step_count];
    *s = (struct step){.kind = STEP_NONE};
    pass_time(w);
    uint64_t dice = test_below(100);
    if (dice < 45 || w->call_count == 0)
        do_begin(w, s);
    else if (dice < 85)
        do_settle(w, s);
    else if (dice < 92)
        do_correct(w, s);
    else if (dice < 96)
        do_reload(w, s);
    else
        assert_true(generation_postpone(w->books.db, str_c(any_call(w)->id), w->now_ms) !=
                    ST_STORAGE);
    w->step_count += s->kind != STEP_NONE;
    check_memory(w);
}

static void undo_step(struct world *w, struct step *s)
{
    struct budgets *b = w->books.budgets;
    if (s->kind == STEP_BEGIN)
        generation_begin_undo(b, &s->opened);
    else if (s->kind == STEP_SETTLE)
        generation_settle_undo(b, &s->settled, STR("test"));
    else if (s->kind == STEP_RELOAD)
        budgets_forget(b, str_c(s->organization_id));
}

/* One job whose run fails after its step: the store rolls its savepoint back, the job undoes. */
static void fail_step(struct world *w)
{
    size_t before = w->step_count;
    assert_st(driver_savepoint(w->books.db), ST_OK);
    do_step(w);
    assert_st(driver_rollback_savepoint(w->books.db), ST_OK);
    if (w->step_count > before)
        undo_step(w, &w->steps[--w->step_count]);
    check_memory(w);
}

/* ---- L3: a row that has ended is never written again ---- */

static const struct sql remember = {
    "test_remember", "CREATE TEMP TRIGGER never_rewritten BEFORE UPDATE OF cost, billed, markup_ppm, prompt_tokens,"
                     " completion_tokens, state ON generations WHEN old.state > 1"
                     " BEGIN SELECT RAISE(ABORT, 'an ended row is written again'); END"};
static const struct sql no_delete = {
    "test_no_delete", "CREATE TEMP TRIGGER never_deleted BEFORE DELETE ON generations"
                      " BEGIN SELECT RAISE(ABORT, 'a row is deleted'); END"};

static void guard_rows(struct world *w)
{
    assert_st(db_exec(w->books.db, &remember, DB_NO_ARGS), ST_OK);
    assert_st(db_exec(w->books.db, &no_delete, DB_NO_ARGS), ST_OK);
}

/* ---- transactions ---- */

static void end_transaction(struct world *w)
{
    int64_t count;
    uint64_t dice = test_below(10);
    if (dice < 7) {
        books_commit(&w->books);
    } else if (dice < 9) {
        books_lose(&w->books);
        while (w->step_count > 0)
            undo_step(w, &w->steps[--w->step_count]);
    } else {
        books_crash(&w->books);
        guard_rows(w);
        assert_st(generation_recover(w->books.db, w->now_ms, &count), ST_OK);
    }
    w->step_count = 0;
}

static void one_transaction(struct world *w)
{
    size_t steps = 1 + test_below(STEPS_MAX - 1);
    for (size_t i = 0; i < steps; i++) {
        if (test_below(6) == 0)
            fail_step(w);
        else
            do_step(w);
    }
    end_transaction(w);
    check_memory(w);
    (void)check_rollups(&w->books);
}

static void histories_keep_the_invariants(void **state)
{
    static struct world w;
    books_open(&w.books);
    w.now_ms = at("2026-10-24T22:00:00Z"); /* the night before Warsaw's clocks go back, a week before the month ends */
    for (uint64_t i = 0; i < ORGANIZATIONS; i++) {
        char organization[ID_CAP];
        organization_name(i, organization);
        add_organization(&w.books, organization, zones[i], i == 0 ? 20 * PICO_PER_USD : random_limit());
    }
    books_commit(&w.books);
    guard_rows(&w);
    for (int i = 0; i < 1000; i++)
        one_transaction(&w);
    print_message("# %zu calls, %lld rows that count\n", w.call_count, (long long)check_rollups(&w.books));
    assert_true(check_rollups(&w.books) > 200);
    books_close(&w.books);
}

int main(void)
{
    log_setup((enum log_level)(LOG_ERROR + 1), false); /* alarms are what this test makes */
    const struct CMUnitTest tests[] = {cmocka_unit_test(histories_keep_the_invariants)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

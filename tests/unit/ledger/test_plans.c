/* No statement of the ledger reads a whole table that grows with use: asks SQLite for the plan of each. */
#include "fixture.h"
#include "ledger/ledger_sql.h"

static const struct sql *const statements[] = {
    &SQL_GENERATION_INSERT, &SQL_GENERATION_ROW, &SQL_GENERATION_IDENTIFY, &SQL_GENERATION_END,
    &SQL_GENERATION_CORRECTION, &SQL_GENERATION_CORRECTIONS, &SQL_GENERATION_SETTLED_FOR_GOOD,
    &SQL_GENERATION_NEXT_CHECK, &SQL_GENERATION_DUE, &SQL_GENERATION_RECOVER, &SQL_ROLLUP_TOTAL_ADD, &SQL_ROLLUP_ADD,
    &SQL_BUDGET_ORGANIZATION, &SQL_BUDGET_USED, &SQL_BUDGET_RESERVED, &SQL_USAGE_ORGANIZATION, &SQL_USAGE_TOTALS,
    &SQL_USAGE_TOTALS_OWN, &SQL_USAGE_USERS, &SQL_USAGE_MODELS, &SQL_USAGE_MODELS_OWN, &SQL_USAGE_PEOPLE,
    &SQL_USAGE_PERSON, &SQL_USAGE_CLIENTS, &SQL_LEDGER_ALL_OLDEST, &SQL_LEDGER_ALL_NEWEST, &SQL_LEDGER_CLIENT_OLDEST,
    &SQL_LEDGER_CLIENT_NEWEST, &SQL_VERIFY_NEXT_ORGANIZATION, &SQL_VERIFY_NEXT_ROW, &SQL_VERIFY_NEXT_SLOT,
    &SQL_VERIFY_NEXT_TOTAL, &SQL_VERIFY_ROWS, &SQL_VERIFY_ROLLUPS, &SQL_VERIFY_TOTALS};

/* What may be read as a whole: the list of people made on the way, the small index of calls on their way, and clients. */
static const char *const allowed[] = {"SCAN people", "SCAN CONSTANT ROW", "SCAN generations USING INDEX generations_waiting",
                                      "SCAN organizations", "USE TEMP B-TREE FOR RIGHT PART OF ORDER BY"};

static bool is_fine(const struct sql *q, str step)
{
    if (!str_starts(step, STR("SCAN")) && !str_starts(step, STR("USE TEMP")))
        return str_find(step, STR("AUTOMATIC")) == step.n;
    if (q == &SQL_USAGE_CLIENTS) /* sorts the few rows there are */
        return str_find(step, STR("generations")) == step.n && str_find(step, STR("rollup")) == step.n;
    for (size_t i = 0; i < COUNT_OF(allowed); i++)
        if (str_eq(step, str_c(allowed[i])))
            return true;
    return false;
}

static size_t arguments_of(const char *text)
{
    size_t most = 0;
    for (const char *p = strchr(text, '$'); p != NULL; p = strchr(p + 1, '$'))
        if (strtoul(p + 1, NULL, 10) > most)
            most = strtoul(p + 1, NULL, 10);
    return most;
}

static int check_plan(struct books *t, const struct sql *q)
{
    struct db_value values[20] = {0};
    struct db_rows rows;
    int steps = 0;
    static struct explained { /* statements are known by address: each has its own */
        struct sql sql;
        char text[3000];
    } all[COUNT_OF(statements)];
    static size_t used;
    struct explained *x = &all[used++];
    assert_true(snprintf(x->text, sizeof x->text, "EXPLAIN QUERY PLAN %s", q->text) < (int)sizeof x->text);
    x->sql = (struct sql){q->name, x->text};
    assert_st(db_query(t->db, &x->sql, (struct db_args){values, arguments_of(q->text)}, &rows), ST_OK);
    while (db_next(&rows)) {
        steps++;
        if (!is_fine(q, db_text(&rows, 3)))
            fail_msg("%s: %.*s", q->name, STR_ARG(db_text(&rows, 3)));
    }
    assert_st(db_end(&rows), ST_OK);
    return steps;
}

static void no_statement_scans_what_grows(void **state)
{
    struct books t;
    int steps = 0;
    books_open(&t);
    for (size_t i = 0; i < COUNT_OF(statements); i++)
        steps += check_plan(&t, statements[i]);
    assert_true(steps > (int)COUNT_OF(statements)); /* the plans were really there */
    books_close(&t);
}

static void a_scan_would_be_seen(void **state)
{
    static const struct sql scan = {"scan", "SELECT * FROM generations WHERE model = $1"};
    assert_false(is_fine(&scan, STR("SCAN generations")));
    assert_false(is_fine(&scan, STR("SCAN g USING INDEX generations_by_time")));
    assert_false(is_fine(&scan, STR("USE TEMP B-TREE FOR ORDER BY")));
    assert_false(is_fine(&scan, STR("SEARCH r USING AUTOMATIC COVERING INDEX (user_id=?)")));
    assert_true(is_fine(&scan, STR("SEARCH generations USING INDEX generations_due (state=?)")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(no_statement_scans_what_grows),
                                       cmocka_unit_test(a_scan_would_be_seen)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Listing and proof: pages of the ledger, its JSON lines (design section 7), and a verification that turns red. */
#include "fixture.h"
#include "base/clock.h"
#include "ledger/list.h"

#include <jansson.h>

static const struct provider_scope provider = {""};

struct world {
    struct books books;
    struct arena a;
};

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    books_open(&w->books);
    arena_init(&w->a, 64 * 1024 * 1024);
    add_organization(&w->books, "o1", "UTC", -1);
    add_organization(&w->books, "o2", "UTC", -1);
    add_user(&w->books, "u1", "o1");
    add_user(&w->books, "u2", "o2");
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

/* ---- pages ---- */

struct walk {
    size_t rows, pages;
    bool is_ordered;
};

static bool is_before(const struct ledger_row *a, const struct ledger_row *b)
{
    return a->created_ms < b->created_ms || (a->created_ms == b->created_ms && str_cmp(a->id, b->id) < 0);
}

static struct walk walk_all(struct db *db, struct ledger_cursor *c)
{
    struct walk w = {.is_ordered = true};
    struct ledger_row last = {0};
    char last_id[ID_CAP];
    const struct ledger_row *rows;
    size_t count;
    status st;
    for (;;) {
        struct arena a;
        arena_init(&a, 16 * 1024 * 1024);
        st = ledger_list_page(db, c, &a, &rows, &count);
        assert_true(st != ST_OK || (count > 0 && count <= LEDGER_PAGE_ROWS));
        for (size_t i = 0; st == ST_OK && i < count; i++) {
            if (w.rows++ != 0)
                w.is_ordered = w.is_ordered && (c->window.is_newest_first ? is_before(&rows[i], &last)
                                                                          : is_before(&last, &rows[i]));
            last.created_ms = rows[i].created_ms;
            assert_true(str_copy_z(rows[i].id, last_id, sizeof last_id));
            last.id = str_c(last_id);
        }
        arena_free(&a);
        if (st != ST_OK)
            break;
        w.pages++;
    }
    assert_st(st, ST_END);
    return w;
}

static void every_row_is_given_once_in_order(void **state)
{
    struct world *w = *state;
    struct ledger_cursor c;
    int64_t noon = at("2026-11-23T12:00:00Z");
    for (int i = 0; i < 1300; i++) /* many in the same millisecond, across the ends of pages */
        add_call(&w->books, i % 3 == 0 ? "o1" : "o2", "u1", "m", noon + i / 400 * 1000, 1);
    struct db *db = books_read(&w->books);
    for (int newest = 0; newest < 2; newest++) {
        struct ledger_window window = LEDGER_WHOLE;
        window.is_newest_first = newest;
        ledger_cursor_all(&c, provider, &window);
        struct walk all = walk_all(db, &c);
        assert_int_equal(all.rows, 1300);
        assert_int_equal(all.pages, 3);
        assert_true(all.is_ordered);
        ledger_cursor_client(&c, provider, STR("o1"), &window);
        struct walk one = walk_all(db, &c);
        assert_int_equal(one.rows, 434);
        assert_true(one.is_ordered);
        window.from_ms = noon + 1000; /* [from, to) */
        window.to_ms = noon + 3000;
        ledger_cursor_all(&c, provider, &window);
        assert_int_equal(walk_all(db, &c).rows, 800);
        window.to_ms = window.from_ms;
        ledger_cursor_all(&c, provider, &window);
        assert_int_equal(walk_all(db, &c).rows, 0);
    }
}

static void no_rows_is_the_end(void **state)
{
    struct world *w = *state;
    struct ledger_cursor c;
    struct ledger_window window = LEDGER_WHOLE;
    ledger_cursor_all(&c, provider, &window);
    struct db *db = books_read(&w->books);
    assert_int_equal(walk_all(db, &c).rows, 0);
    ledger_cursor_client(&c, provider, STR("nobody"), &window);
    assert_int_equal(walk_all(db, &c).rows, 0);
    ledger_cursor_client(&c, provider, STR("an id that is longer than any id of ours could ever be"), &window);
    assert_int_equal(walk_all(db, &c).rows, 0);
}

static void rows_may_arrive_while_listing(void **state)
{
    struct world *w = *state;
    struct ledger_cursor c;
    struct ledger_window window = LEDGER_WHOLE;
    const struct ledger_row *rows;
    size_t count;
    int64_t noon = at("2026-11-23T12:00:00Z");
    for (int i = 0; i < LEDGER_PAGE_ROWS + 1; i++)
        add_call(&w->books, "o1", "u1", "m", noon + i, 1);
    ledger_cursor_all(&c, provider, &window);
    assert_st(ledger_list_page(books_read(&w->books), &c, &w->a, &rows, &count), ST_OK);
    assert_int_equal(count, LEDGER_PAGE_ROWS);
    add_call(&w->books, "o1", "u1", "m", noon + 5000, 1);
    assert_st(ledger_list_page(books_read(&w->books), &c, &w->a, &rows, &count), ST_OK);
    assert_int_equal(count, 2);
}

/* ---- JSON lines ---- */

static json_t *line_of(struct world *w, size_t which)
{
    struct ledger_cursor c;
    struct ledger_window window = LEDGER_WHOLE;
    const struct ledger_row *rows;
    size_t count;
    struct buf b;
    json_error_t e;
    ledger_cursor_all(&c, provider, &window);
    assert_st(ledger_list_page(books_read(&w->books), &c, &w->a, &rows, &count), ST_OK);
    assert_true(which < count);
    buf_init(&b, 10000);
    ledger_row_json(&rows[which], &b);
    assert_false(b.is_full);
    assert_int_equal(b.p[b.n - 1], '\n');
    assert_null(memchr(b.p, '\n', b.n - 1));
    json_t *v = json_loadb(b.p, b.n, JSON_REJECT_DUPLICATES, &e);
    if (v == NULL)
        fail_msg("%s: %s", e.text, buf_z(&b));
    buf_free(&b);
    return v;
}

static void check_text(const json_t *line, const char *key, const char *want)
{
    const json_t *v = json_object_get(line, key);
    assert_non_null(v);
    if (want == NULL)
        assert_true(json_is_null(v));
    else
        assert_string_equal(json_string_value(v), want);
}

static void a_settled_line_has_exactly_the_promised_fields(void **state)
{
    static const char *const fields[] = {"id",     "generation_id", "organization",      "user",    "model",
                                         "provider", "state",       "prompt_tokens",     "completion_tokens", "cost",
                                         "billed", "markup",        "source",            "created_at", "settled_at"};
    struct world *w = *state;
    int64_t noon = at("2026-11-23T12:00:00.123Z");
    struct generation_open g = call_of("g1", "o1", "u1", noon);
    struct generation_result r = end_of("g1", 10500000, noon + 2000);
    r.generation_id = STR("gen-1");
    r.provider = STR("Al\"pha \xc5\x81");
    must_begin(&w->books, &g);
    (void)must_settle(&w->books, &r);
    json_t *line = line_of(w, 0);
    assert_int_equal(json_object_size(line), COUNT_OF(fields));
    void *at_field = json_object_iter(line);
    for (size_t i = 0; i < COUNT_OF(fields); i++, at_field = json_object_iter_next(line, at_field))
        assert_string_equal(json_object_iter_key(at_field), fields[i]);
    check_text(line, "id", "g1");
    check_text(line, "generation_id", "gen-1");
    check_text(line, "organization", "Name of o1");
    check_text(line, "user", "u1@example.com");
    check_text(line, "provider", "Al\"pha \xc5\x81");
    check_text(line, "state", "settled");
    check_text(line, "cost", "0.0000105");
    check_text(line, "billed", "0.00001365");
    check_text(line, "source", "stream");
    check_text(line, "created_at", "2026-11-23T12:00:00.123Z");
    check_text(line, "settled_at", "2026-11-23T12:00:02.123Z");
    assert_int_equal(json_integer_value(json_object_get(line, "prompt_tokens")), 10);
    assert_true(json_is_real(json_object_get(line, "markup")));
    json_decref(line);
}

static void what_is_unknown_is_null(void **state) /* L7 */
{
    static const char *const unknown[] = {"generation_id", "provider", "prompt_tokens", "completion_tokens",
                                          "cost",          "billed",   "source",        "settled_at"};
    struct world *w = *state;
    struct generation_open g = call_of("g1", "o1", "somebody", at("2026-11-23T12:00:00Z"));
    must_begin(&w->books, &g);
    json_t *line = line_of(w, 0);
    for (size_t i = 0; i < COUNT_OF(unknown); i++)
        check_text(line, unknown[i], NULL);
    check_text(line, "state", "open");
    check_text(line, "user", "somebody"); /* no such person any more: the id */
    json_decref(line);
}

static void a_correction_carries_the_id_and_the_difference(void **state)
{
    struct world *w = *state;
    int64_t noon = at("2026-11-23T12:00:00Z");
    struct generation_open g = call_of("0", "o1", "u1", noon);
    struct generation_result r = end_of("0", 3000000, noon);
    struct generation_settled s;
    r.generation_id = STR("gen-1");
    r.state = GENERATION_ESTIMATED;
    must_begin(&w->books, &g);
    (void)must_settle(&w->books, &r);
    r.cost = PICO(1000000);
    assert_st(generation_correct(w->books.budgets, w->books.db, &r, &s), ST_OK);
    json_t *line = line_of(w, 1);
    check_text(line, "generation_id", "gen-1");
    check_text(line, "cost", "-0.000002");
    check_text(line, "billed", "-0.0000026");
    check_text(line, "created_at", "2026-11-23T12:00:00.000Z");
    json_decref(line);
}

/* ---- the proof turns red ---- */

static int64_t differences(struct world *w, struct ledger_verification *v)
{
    assert_st(ledger_verify(books_read(&w->books), (struct system_scope){"test"}, v), ST_OK);
    return v->differences;
}

static void damage(struct world *w, const struct sql *q)
{
    assert_st(db_exec(w->books.db, q, DB_NO_ARGS), ST_OK);
    assert_int_equal(db_changes(w->books.db), 1);
}

static void every_damage_is_found(void **state) /* L4 */
{
    static const struct {
        struct sql damage, repair;
        int64_t differences;
    } cases[] = {
        {{"d1", "UPDATE rollups SET billed = billed + 1 WHERE user_id = 'u1'"},
         {"r1", "UPDATE rollups SET billed = billed - 1 WHERE user_id = 'u1'"}, 1},
        {{"d2", "UPDATE rollups SET requests = requests + 1 WHERE user_id = 'u2'"},
         {"r2", "UPDATE rollups SET requests = requests - 1 WHERE user_id = 'u2'"}, 1},
        {{"d3", "UPDATE rollup_totals SET cost = cost - 1 WHERE organization_id = 'o2'"},
         {"r3", "UPDATE rollup_totals SET cost = cost + 1 WHERE organization_id = 'o2'"}, 1},
        {{"d4", "UPDATE rollups SET model = 'x' WHERE user_id = 'u1'"},
         {"r4", "UPDATE rollups SET model = 'm' WHERE user_id = 'u1'"}, 2},
        {{"d5", "UPDATE rollups SET slot = slot + 1000 WHERE user_id = 'u1'"},
         {"r5", "UPDATE rollups SET slot = slot - 1000 WHERE user_id = 'u1'"}, 2},
        {{"d6", "UPDATE generations SET billed = billed + 1 WHERE user_id = 'u1'"},
         {"r6", "UPDATE generations SET billed = billed - 1 WHERE user_id = 'u1'"}, 2},
        {{"d7", "UPDATE generations SET organization_id = 'nobody' WHERE user_id = 'u1'"},
         {"r7", "UPDATE generations SET organization_id = 'o1' WHERE user_id = 'u1'"}, 4},
        {{"d8", "UPDATE generations SET state = 4 WHERE user_id = 'u2'"},
         {"r8", "UPDATE generations SET state = 2 WHERE user_id = 'u2'"}, 2},
    };
    struct world *w = *state;
    struct ledger_verification v;
    add_call(&w->books, "o1", "u1", "m", at("2026-11-23T12:00:00Z"), 1000);
    add_call(&w->books, "o2", "u2", "m", at("2026-01-01T00:00:00Z"), 2000);
    assert_int_equal(differences(w, &v), 0);
    assert_int_equal(v.rows, 2);
    assert_int_equal(v.rollups, 4);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        damage(w, &cases[i].damage);
        assert_int_equal(differences(w, &v), cases[i].differences);
        assert_int_equal(v.kept, cases[i].differences);
        damage(w, &cases[i].repair);
        assert_int_equal(differences(w, &v), 0);
    }
}

static void a_difference_says_what_and_where(void **state)
{
    static const struct sql add = {"d9", "UPDATE rollups SET billed = billed + 5"};
    struct world *w = *state;
    struct ledger_verification v;
    add_call(&w->books, "o1", "u1", "m", at("2026-11-23T12:07:00Z"), 1000);
    damage(w, &add);
    assert_int_equal(differences(w, &v), 1);
    assert_string_equal(v.first[0].organization_id, "o1");
    assert_string_equal(v.first[0].user_id, "u1");
    assert_string_equal(v.first[0].model, "m");
    assert_string_equal(v.first[0].key_hash, "k1");
    assert_int_equal(v.first[0].slot_start_ms, at("2026-11-23T12:00:00Z"));
    assert_int_equal(v.first[0].rows.billed.v, 1300);
    assert_int_equal(v.first[0].rollup.billed.v, 1305);
}

static void an_empty_ledger_is_proved(void **state)
{
    struct world *w = *state;
    struct ledger_verification v;
    assert_int_equal(differences(w, &v), 0);
    assert_int_equal(v.rows + v.rollups, 0);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_row_is_given_once_in_order),
        TEST(no_rows_is_the_end),
        TEST(rows_may_arrive_while_listing),
        TEST(a_settled_line_has_exactly_the_promised_fields),
        TEST(what_is_unknown_is_null),
        TEST(a_correction_carries_the_id_and_the_difference),
        TEST(every_damage_is_found),
        TEST(a_difference_says_what_and_where),
        TEST(an_empty_ledger_is_proved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

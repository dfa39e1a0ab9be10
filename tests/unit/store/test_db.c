/* Statements, values, rows, errors of one connection. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fixture.h"

#include <pthread.h>
#include <stdio.h>

static char folder[TEST_PATH_CAP];
static struct store *store;

static int set_up(void **state)
{
    folder_make(NULL, folder);
    store = store_at(folder, NULL);
    notes_make(store);
    return 0;
}

static int tear_down(void **state)
{
    store_close(store);
    folder_remove(folder);
    return 0;
}

static void assert_str(str s, const char *want)
{
    if (!str_eq(s, str_c(want)))
        fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(s), want);
}

static void test_a_values(void **state)
{
    static const struct sql q = {"values", "SELECT $3, $1, $2, $5, $4, $1, $6"};
    struct db_rows rows;
    struct arena a;
    arena_init(&a, 4096);
    assert_int_equal(db_query(store_reader(store), &q,
                              DB_ARGS(DB_INT(INT64_MIN), DB_Z("zażółć"), DB_BLOB(STR("a\0b")),
                                      DB_TEXT(STR_NONE), DB_TEXT(STR("")), DB_PICO(PICO(42))),
                              &rows),
                     ST_OK);
    assert_true(db_next(&rows));
    assert_true(str_eq(db_text(&rows, 0), STR("a\0b")));
    assert_true(db_int(&rows, 1) == INT64_MIN);
    assert_str(db_text(&rows, 2), "zażółć");
    assert_false(db_is_null(&rows, 3));
    assert_non_null(db_text(&rows, 3).p);
    assert_true(db_is_null(&rows, 4));
    assert_null(db_text(&rows, 4).p);
    assert_int_equal(db_int(&rows, 4), 0);
    assert_true(db_int(&rows, 5) == INT64_MIN);
    assert_int_equal(db_pico(&rows, 6).v, 42);
    str copy = db_text_dup(&rows, 2, &a);
    assert_false(db_next(&rows));
    assert_false(db_next(&rows));
    assert_int_equal(db_end(&rows), ST_OK);
    assert_str(copy, "zażółć");
    arena_free(&a);
}

/* The arguments of db_query may go before the rows come. */
static void test_b_arguments_are_copied(void **state)
{
    static const struct sql q = {"copied", "SELECT $1"};
    char text[] = "before";
    struct db_rows rows;
    assert_int_equal(db_query(store_reader(store), &q, DB_ARGS(DB_Z(text)), &rows), ST_OK);
    memcpy(text, "after!", 6);
    assert_true(db_next(&rows));
    assert_str(db_text(&rows, 0), "before");
    assert_int_equal(db_end(&rows), ST_OK);
}

static void test_c_misuse_is_an_error(void **state)
{
    static const struct sql broken = {"broken", "SELEC 1"};
    static const struct sql two = {"two", "SELECT $1, $2"};
    struct db *db = store_reader(store);
    struct db_rows rows, again;
    assert_int_equal(db_exec(db, &broken, DB_NO_ARGS), ST_INTERNAL);
    assert_int_equal(db_exec(db, &two, DB_ARGS(DB_INT(1))), ST_INTERNAL);
    assert_int_equal(db_exec(db, &two, DB_ARGS(DB_INT(1), DB_INT(2), DB_INT(3))), ST_INTERNAL);
    assert_int_equal(db_query(db, &two, DB_ARGS(DB_INT(1), DB_INT(2)), &rows), ST_OK);
    assert_int_equal(db_query(db, &two, DB_ARGS(DB_INT(1), DB_INT(2)), &again), ST_INTERNAL);
    assert_int_equal(db_end(&rows), ST_OK);
    assert_int_equal(db_query(db, &two, DB_ARGS(DB_INT(1), DB_INT(2)), &again), ST_OK);
    assert_int_equal(db_end(&again), ST_OK);
}

static status write_errors(struct db *db, void *ctx)
{
    assert_int_equal(note_add(db, 1, "one", 0), ST_OK);
    assert_int_equal(db_changes(db), 1);
    assert_int_equal(note_add(db, 1, "two", 0), ST_CONFLICT);
    assert_int_equal(note_add(db, 2, "one", 0), ST_CONFLICT);
    assert_int_equal(note_add(db, 3, NULL, 0), ST_INTERNAL);
    assert_int_equal(note_add(db, 4, "forbidden", 0), ST_INTERNAL);
    return note_add(db, 5, "five", 1);
}

static void test_d_errors_of_writes(void **state)
{
    assert_int_equal(store_write(store, write_errors, NULL), ST_OK);
    assert_int_equal(note_count(store_reader(store)), 2);
}

/* S1: a read connection refuses to write. */
static void test_e_readers_cannot_write(void **state)
{
    struct db *db = store_reader(store);
    assert_int_not_equal(note_add(db, 9, "nine", 0), ST_OK);
    assert_false(note_exists(db, 9));
}

static status add_returning(struct db *db, void *ctx)
{
    static const struct sql q = {"add_returning",
                                 "INSERT INTO notes (id, word) VALUES ($1, $2) RETURNING id, word"};
    struct db_rows rows;
    assert_int_equal(db_query(db, &q, DB_ARGS(DB_INT(20), DB_Z("twenty")), &rows), ST_OK);
    assert_true(db_next(&rows));
    assert_int_equal(db_int(&rows, 0), 20);
    return db_end(&rows); /* without having stepped to the end */
}

static void test_f_returning(void **state)
{
    assert_int_equal(store_write(store, add_returning, NULL), ST_OK);
    assert_true(note_exists(store_reader(store), 20));
}

static status add_thirty(struct db *db, void *ctx)
{
    return note_add(db, 30, "thirty", 0);
}

/* One state for several statements, the newest again afterwards. */
static void test_g_read_transaction(void **state)
{
    struct db *db = store_reader(store);
    assert_int_equal(db_read_begin(db), ST_OK);
    int64_t before = note_count(db);
    assert_int_equal(store_write(store, add_thirty, NULL), ST_OK);
    assert_int_equal(note_count(db), before);
    assert_false(note_exists(db, 30));
    db_read_end(db);
    assert_int_equal(note_count(db), before + 1);
}

static void *read_elsewhere(void *ctx)
{
    *(struct db **)ctx = store_reader(store);
    return note_exists(store_reader(store), 30) ? ctx : NULL;
}

static void test_h_each_thread_has_its_reader(void **state)
{
    pthread_t thread;
    struct db *theirs;
    void *result;
    assert_int_equal(pthread_create(&thread, NULL, read_elsewhere, &theirs), 0);
    pthread_join(thread, &result);
    assert_non_null(result);
    assert_ptr_equal(store_reader(store), store_reader(store));
}

static void test_i_many_statements(void **state)
{
    static char texts[300][32];
    static struct sql many[300];
    struct db *db = store_reader(store);
    for (int round = 0; round < 2; round++) {
        for (int i = 0; i < 300; i++) {
            snprintf(texts[i], sizeof texts[i], "SELECT %d", i);
            many[i] = (struct sql){texts[i], texts[i]};
            struct db_rows rows;
            assert_int_equal(db_query(db, &many[i], DB_NO_ARGS, &rows), ST_OK);
            assert_true(db_next(&rows));
            assert_int_equal(db_int(&rows, 0), i);
            assert_int_equal(db_end(&rows), ST_OK);
        }
    }
}

static status search_words(struct db *db, void *ctx)
{
    static const struct sql steps[] = {
        {"fts",
         "CREATE VIRTUAL TABLE words USING fts5 (word, content = 'notes', content_rowid = 'id')"},
        {"fts_in", "CREATE TRIGGER notes_in AFTER INSERT ON notes BEGIN"
                   " INSERT INTO words (rowid, word) VALUES (new.id, new.word); END"},
        {"fts_out",
         "CREATE TRIGGER notes_out AFTER DELETE ON notes BEGIN"
         " INSERT INTO words (words, rowid, word) VALUES ('delete', old.id, old.word); END"},
        {"fts_add", "INSERT INTO notes (id, word) VALUES (70, 'apple pie'), (71, 'apple juice')"},
        {"fts_remove", "DELETE FROM notes WHERE id = 71"},
    };
    for (size_t i = 0; i < COUNT_OF(steps); i++)
        assert_int_equal(db_exec(db, &steps[i], DB_NO_ARGS), ST_OK);
    return ST_OK;
}

/* Full-text search kept by triggers works under the settings of our connections. */
static void test_j_full_text(void **state)
{
    static const struct sql q = {"find", "SELECT rowid FROM words WHERE words MATCH $1"};
    struct db_rows rows;
    assert_int_equal(store_write(store, search_words, NULL), ST_OK);
    assert_int_equal(db_query(store_reader(store), &q, DB_ARGS(DB_Z("apple")), &rows), ST_OK);
    assert_true(db_next(&rows));
    assert_int_equal(db_int(&rows, 0), 70);
    assert_false(db_next(&rows));
    assert_int_equal(db_end(&rows), ST_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_values),
        cmocka_unit_test(test_b_arguments_are_copied),
        cmocka_unit_test(test_c_misuse_is_an_error),
        cmocka_unit_test(test_d_errors_of_writes),
        cmocka_unit_test(test_e_readers_cannot_write),
        cmocka_unit_test(test_f_returning),
        cmocka_unit_test(test_g_read_transaction),
        cmocka_unit_test(test_h_each_thread_has_its_reader),
        cmocka_unit_test(test_i_many_statements),
        cmocka_unit_test(test_j_full_text),
    };
    return cmocka_run_group_tests_name("store db", tests, set_up, tear_down);
}

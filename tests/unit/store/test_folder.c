/* The data folder: made, locked, refused; migrations from nothing, from old, from newer, from
 * broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fixture.h"
#include "store/folder.h"
#include "store/sqlite/migrate.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char folder[TEST_PATH_CAP];

static int set_up(void **state)
{
    folder_make(NULL, folder);
    return 0;
}

static int tear_down(void **state)
{
    folder_remove(folder);
    return 0;
}

static const char *inside(const char *name)
{
    static char path[2 * TEST_PATH_CAP];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

static void write_file(const char *path, const char *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
}

/* ---- the folder ---- */

static void test_a_made_private(void **state)
{
    char deep[2 * TEST_PATH_CAP];
    struct stat s;
    snprintf(deep, sizeof deep, "%s/a/b/c///", folder);
    struct store *store = store_at(deep, NULL);
    assert_int_equal(store_data_dir(store).p[store_data_dir(store).n - 1], 'c');
    store_close(store);
    assert_int_equal(stat(inside("a/b/c"), &s), 0);
    assert_int_equal(s.st_mode & 0777, 0700);
    assert_int_equal(stat(inside("a/b/c/mai.db"), &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    assert_false(file_exists(folder, "a/b/c/mai.db-wal")); /* folded at the end */
}

static void test_b_file_in_its_place(void **state)
{
    write_file(inside("data"), "x", 1);
    store_refused(inside("data"), ST_STORAGE, "is not a folder");
    store_refused(inside("data/deeper"), ST_STORAGE, "cannot be made: Not a directory");
}

static void test_b_bad_names(void **state)
{
    static char huge[10000];
    memset(huge, 'x', sizeof huge - 1);
    store_refused("", ST_UNPROCESSABLE, "empty or too long");
    store_refused(huge, ST_UNPROCESSABLE, "empty or too long");
}

/* As nobody, in a child: root may write anywhere. */
static void test_c_unwritable(void **state)
{
    if (geteuid() != 0) {
        assert_int_equal(chmod(folder, 0500), 0);
        store_refused(folder, ST_STORAGE, "cannot be written: Permission denied");
        assert_int_equal(chmod(folder, 0700), 0);
        return;
    }
    int how;
    assert_int_equal(chmod(folder, 0755), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct err e = {0};
        struct store *s;
        struct store_conf conf = {.data_dir = str_c(folder)};
        if (setresuid(65534, 65534, 65534) != 0)
            _exit(3);
        status st = store_open(&conf, &s, &e);
        _exit(st == ST_STORAGE && strstr(e.text, "cannot be written: Permission denied") != NULL
                  ? 0
                  : 1);
    }
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_int_equal(how, 0);
}

static void test_d_second_opener(void **state)
{
    char words[64];
    snprintf(words, sizeof words, "in use by another mAI (process %ld)", (long)getpid());
    struct store *s = store_at(folder, NULL);
    store_refused(folder, ST_CONFLICT, words);
    store_close(s);
    store_close(store_at(folder, NULL));
}

static void test_d_lock_ends_with_its_process(void **state)
{
    int ends[2], how;
    char byte;
    assert_int_equal(pipe(ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        struct store *s;
        struct store_conf conf = {.data_dir = str_c(folder)};
        byte = store_open(&conf, &s, NULL) == ST_OK ? '1' : '0';
        if (write(ends[1], &byte, 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    assert_int_equal(read(ends[0], &byte, 1), 1);
    assert_int_equal(byte, '1');
    store_refused(folder, ST_CONFLICT, "in use by another mAI");
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &how, 0), pid);
    store_close(store_at(folder, NULL));
    close(ends[0]);
    close(ends[1]);
}

static void test_e_database_url(void **state)
{
    char url[3 * TEST_PATH_CAP];
    struct store *s = NULL;
    struct err e = {0};
    snprintf(url, sizeof url, "sqlite:///%s/elsewhere.db", folder);
    struct store_conf conf = {.data_dir = str_c(folder), .database_url = str_c(url)};
    assert_int_equal(store_open(&conf, &s, &e), ST_OK);
    store_close(s);
    assert_true(file_exists(folder, "elsewhere.db"));
    assert_false(file_exists(folder, "mai.db"));
    conf.database_url = STR("postgresql://db/mai");
    assert_int_equal(store_open(&conf, &s, &e), ST_UNPROCESSABLE);
    assert_non_null(strstr(e.text, "sqlite:///path"));
}

/* ---- foreign and damaged files ---- */

static void run_sql(const char *path, const char *text)
{
    sqlite3 *handle;
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
}

static int64_t ask(const char *path, const char *text)
{
    sqlite3 *handle;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(handle, text, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t number = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(handle);
    return number;
}

static void test_f_not_a_database(void **state)
{
    static char noise[8192];
    memset(noise, 'n', sizeof noise);
    write_file(inside("mai.db"), noise, sizeof noise);
    store_refused(folder, ST_STORAGE, "file is not a database");
    write_file(inside("mai.db"), noise, 50);
    store_refused(folder, ST_STORAGE, "is damaged (cut short)");
}

static void test_f_somebody_elses_database(void **state)
{
    run_sql(inside("mai.db"), "CREATE TABLE users (id TEXT); INSERT INTO users VALUES ('keep me')");
    store_refused(folder, ST_UNPROCESSABLE, "is not a database of mAI; nothing was changed");
    assert_int_equal(ask(inside("mai.db"), "SELECT count(*) FROM users"), 1);
}

static void test_f_interrupted_restore(void **state)
{
    write_file(inside("mai.db.restoring"), "x", 1);
    store_refused(folder, ST_STORAGE, "was interrupted");
    assert_false(file_exists(folder, "mai.db"));
}

/* ---- migrations ---- */

static const struct migration one[] = {{1, "start",
                                        "CREATE TABLE a (id INTEGER PRIMARY KEY) STRICT;"
                                        "INSERT INTO a VALUES (7);"}};
static const struct migration two[] = {
    {1, "start", "SELECT no_such_function();"}, /* must not run again */
    {2, "more",
     "ALTER TABLE a ADD COLUMN word TEXT; CREATE TABLE b (id INTEGER REFERENCES a (id)) STRICT;"}};
static const struct migration broken[] = {{1, "start", ""},
                                          {2, "more", "CREATE TABLE b (id INTEGER) STRICT;"},
                                          {3, "bad", "CREATE TABLE c (; "}};
static const struct migration dangling[] = {
    {1, "start", ""},
    {2, "more",
     "CREATE TABLE b (id INTEGER REFERENCES a (id)) STRICT; INSERT INTO b VALUES (99);"}};
static const struct migration ends_transaction[] = {{1, "start", ""}, {2, "more", "COMMIT;"}};

static status migrate_with(const struct migration *list, size_t count, struct err *e)
{
    struct place place;
    struct store_conf conf = {.data_dir = str_c(folder)};
    assert_int_equal(place_open(&conf, &place, e), ST_OK);
    status st = migrate(&place, list, count, e);
    place_close(&place);
    return st;
}

static void test_g_from_nothing_and_again(void **state)
{
    struct err e = {0};
    assert_int_equal(migrate_with(one, 1, &e), ST_OK);
    assert_int_equal(migrate_with(one, 1, &e), ST_OK);
    assert_int_equal(ask(inside("mai.db"), "PRAGMA user_version"), 1);
    assert_int_equal(
        ask(inside("mai.db"), "SELECT count(*) FROM schema_migrations WHERE name = 'start'"), 1);
    assert_int_equal(ask(inside("mai.db"), "SELECT count(*) FROM a"), 1);
    assert_false(file_exists(folder, "mai.db.before-0001"));
}

static void test_h_from_old_with_a_copy(void **state)
{
    struct err e = {0};
    struct stat s;
    assert_int_equal(migrate_with(one, 1, &e), ST_OK);
    assert_int_equal(migrate_with(two, 2, &e), ST_OK);
    assert_int_equal(ask(inside("mai.db"), "PRAGMA user_version"), 2);
    assert_int_equal(ask(inside("mai.db"), "SELECT count(*) FROM a WHERE word IS NULL"), 1);
    assert_int_equal(ask(inside("mai.db.before-0002"), "PRAGMA user_version"), 1);
    assert_int_equal(ask(inside("mai.db.before-0002"), "SELECT id FROM a"), 7);
    assert_int_equal(stat(inside("mai.db.before-0002"), &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
}

static void assert_fails_unchanged(const struct migration *list, size_t count, const char *words)
{
    struct err e = {0};
    assert_int_equal(migrate_with(one, 1, &e), ST_OK);
    assert_int_not_equal(migrate_with(list, count, &e), ST_OK);
    if (strstr(e.text, words) == NULL || strstr(e.text, "mai.db.before-0002") == NULL)
        fail_msg("%s", e.text);
    assert_int_equal(ask(inside("mai.db"), "PRAGMA user_version"), 1);
    assert_int_equal(ask(inside("mai.db"), "SELECT count(*) FROM sqlite_schema WHERE name = 'b'"),
                     0);
    assert_int_equal(ask(inside("mai.db.before-0002"), "SELECT id FROM a"), 7);
    assert_int_equal(migrate_with(two, 2, &e), ST_OK); /* a mended one goes through */
}

static void test_i_broken(void **state)
{
    assert_fails_unchanged(broken, COUNT_OF(broken), "Migration 0003_bad failed (");
}

static void test_i_dangling_rows(void **state)
{
    assert_fails_unchanged(dangling, COUNT_OF(dangling), "rows point at nothing");
}

static void test_i_ends_its_transaction(void **state)
{
    assert_fails_unchanged(ends_transaction, COUNT_OF(ends_transaction),
                           "it ended the transaction");
}

static void test_j_newer_is_refused(void **state)
{
    struct err e = {0};
    assert_int_equal(migrate_with(two + 1, 1, &e), ST_INTERNAL); /* a is missing: nothing made */
    assert_int_equal(migrate_with(one, 1, &e), ST_OK);
    assert_int_equal(migrate_with(two, 2, &e), ST_OK);
    e = (struct err){0};
    assert_int_equal(migrate_with(one, 1, &e), ST_UNPROCESSABLE);
    assert_non_null(strstr(e.text, "newer mAI (version 2, this one knows 1); nothing was changed"));
}

/* The real ones, embedded: from nothing, and a second start changes nothing. */
static void test_k_real_migrations(void **state)
{
    store_close(store_at(folder, NULL));
    int64_t tables = ask(inside("mai.db"), "SELECT count(*) FROM sqlite_schema");
    store_close(store_at(folder, NULL));
    assert_int_equal(ask(inside("mai.db"), "SELECT count(*) FROM sqlite_schema"), tables);
    assert_int_equal(ask(inside("mai.db"), "SELECT count(*) FROM schema_migrations"),
                     migration_count);
    for (size_t i = 0; i < migration_count; i++)
        assert_int_equal(migrations[i].version, i + 1);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_a_made_private),
        IN_FOLDER(test_b_file_in_its_place),
        IN_FOLDER(test_b_bad_names),
        IN_FOLDER(test_c_unwritable),
        IN_FOLDER(test_d_second_opener),
        IN_FOLDER(test_d_lock_ends_with_its_process),
        IN_FOLDER(test_e_database_url),
        IN_FOLDER(test_f_not_a_database),
        IN_FOLDER(test_f_somebody_elses_database),
        IN_FOLDER(test_f_interrupted_restore),
        IN_FOLDER(test_g_from_nothing_and_again),
        IN_FOLDER(test_h_from_old_with_a_copy),
        IN_FOLDER(test_i_broken),
        IN_FOLDER(test_i_dangling_rows),
        IN_FOLDER(test_i_ends_its_transaction),
        IN_FOLDER(test_j_newer_is_refused),
        IN_FOLDER(test_k_real_migrations),
    };
    return cmocka_run_group_tests_name("store folder", tests, NULL, NULL);
}

/* Backup while writing, restore, and everything that must not be restored or overwritten. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fixture.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static char folder[TEST_PATH_CAP];
static char other[TEST_PATH_CAP];
static char target[2 * TEST_PATH_CAP];

static int set_up(void **state)
{
    folder_make(NULL, folder);
    folder_make(NULL, other);
    snprintf(target, sizeof target, "%s/backup.db", other);
    return 0;
}

static int tear_down(void **state)
{
    folder_remove(folder);
    folder_remove(other);
    return 0;
}

/* Two notes at a time: a copy that tears a transaction has an odd number of them. */
static status add_two(struct db *db, void *ctx)
{
    int64_t *next = ctx;
    for (int i = 0; i < 2; i++) {
        char word[2048];
        memset(word, 'w', sizeof word);
        snprintf(word, sizeof word, "%lld", (long long)*next);
        word[strlen(word)] = '-';
        word[sizeof word - 1] = '\0';
        status st = note_add(db, (*next)++, word, 0);
        if (st != ST_OK)
            return st;
    }
    return ST_OK;
}

static struct store *store_with_notes(int64_t pairs)
{
    struct store *s = store_at(folder, NULL);
    int64_t next = 1;
    notes_make(s);
    while (pairs-- > 0)
        assert_int_equal(store_write(s, add_two, &next), ST_OK);
    return s;
}

static int64_t count_in(const char *path)
{
    sqlite3 *handle;
    sqlite3_stmt *stmt;
    assert_int_equal(sqlite3_open_v2(path, &handle, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(handle, "SELECT count(*) FROM notes", -1, &stmt, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    int64_t count = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    sqlite3_close(handle);
    return count;
}

static int entries_of(const char *path)
{
    DIR *d = opendir(path);
    int count = 0;
    assert_non_null(d);
    for (struct dirent *one; (one = readdir(d)) != NULL;)
        count += one->d_name[0] != '.';
    closedir(d);
    return count;
}

static void backup_refused(struct store *s, const char *path, status want, const char *words)
{
    struct err e = {0};
    assert_int_equal(store_backup(s, str_c(path), &e), want);
    if (strstr(e.text, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", e.text, words);
}

static void restore_refused(const char *path, status want, const char *words)
{
    struct err e = {0};
    assert_int_equal(store_restore(str_c(folder), str_c(path), &e), want);
    if (strstr(e.text, words) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", e.text, words);
}

static struct store *writing;
static atomic_bool is_over;

static void *write_on(void *ctx)
{
    int64_t next = 1000001;
    while (!atomic_load(&is_over))
        if (store_write(writing, add_two, &next) != ST_OK)
            return ctx;
    return NULL;
}

static void test_a_backup_while_writing(void **state)
{
    pthread_t thread;
    void *failed;
    struct err e = {0};
    struct stat s;
    writing = store_with_notes(1000);
    atomic_store(&is_over, false);
    assert_int_equal(pthread_create(&thread, NULL, write_on, &e), 0);
    for (int i = 0; i < 5; i++) {
        status st = store_backup(writing, str_c(target), &e);
        if (st != ST_OK)
            fail_msg("%s", e.text);
        int64_t count = count_in(target);
        assert_true(count >= 2000 && count % 2 == 0);
        assert_int_equal(entries_of(other), 1); /* one file, no log, no draft */
    }
    atomic_store(&is_over, true);
    pthread_join(thread, &failed);
    assert_null(failed);
    assert_int_equal(stat(target, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    store_close(writing);
}

static void test_b_backup_never_overwrites_other_things(void **state)
{
    char path[2 * TEST_PATH_CAP];
    struct store *s = store_with_notes(1);
    snprintf(path, sizeof path, "%s/mai.db", folder);
    backup_refused(s, path, ST_CONFLICT, "is the database itself");
    backup_refused(s, other, ST_CONFLICT, "is a folder");
    backup_refused(s, "", ST_UNPROCESSABLE, "empty or too long");
    backup_refused(s, "/nowhere/at/all", ST_STORAGE, "No such file");
    FILE *f = fopen(target, "w");
    fputs("letters to my mother, not a database at all", f);
    fclose(f);
    backup_refused(s, target, ST_CONFLICT, "is not a backup of mAI");
    assert_int_equal(entries_of(other), 1);
    store_close(s);
}

static void test_c_restore(void **state)
{
    struct err e = {0};
    int64_t next = 101;
    struct store *s = store_with_notes(10);
    assert_int_equal(store_backup(s, str_c(target), &e), ST_OK);
    assert_int_equal(store_write(s, add_two, &next), ST_OK);
    restore_refused(target, ST_CONFLICT, "in use by another mAI");
    store_close(s);
    int before = entries_of(folder);
    status st = store_restore(str_c(folder), str_c(target), &e);
    if (st != ST_OK)
        fail_msg("%s", e.text);
    assert_int_equal(entries_of(folder), before + 1); /* the replaced one */
    s = store_at(folder, NULL);
    assert_int_equal(note_count(store_reader(s)), 20);
    store_close(s);
    assert_int_equal(count_in(target), 20);
}

static void test_d_restore_keeps_the_replaced_one(void **state)
{
    struct err e = {0};
    struct store *s = store_with_notes(3);
    assert_int_equal(store_backup(s, str_c(target), &e), ST_OK);
    store_close(s);
    assert_int_equal(store_restore(str_c(folder), str_c(target), &e), ST_OK);
    DIR *d = opendir(folder);
    int kept = 0;
    for (struct dirent *one; (one = readdir(d)) != NULL;) {
        char path[3 * TEST_PATH_CAP];
        if (strncmp(one->d_name, "mai.db.replaced-", 16) != 0)
            continue;
        snprintf(path, sizeof path, "%s/%s", folder, one->d_name);
        assert_int_equal(count_in(path), 6);
        kept++;
    }
    closedir(d);
    assert_int_equal(kept, 1);
}

static void test_e_restore_into_an_empty_folder(void **state)
{
    struct err e = {0};
    struct store *s = store_with_notes(4);
    assert_int_equal(store_backup(s, str_c(target), &e), ST_OK);
    store_close(s);
    folder_remove(folder);
    assert_int_equal(store_restore(str_c(folder), str_c(target), &e), ST_OK);
    s = store_at(folder, NULL);
    assert_int_equal(note_count(store_reader(s)), 8);
    store_close(s);
}

static void run_sql(const char *path, const char *text)
{
    sqlite3 *handle;
    assert_int_equal(sqlite3_open(path, &handle), SQLITE_OK);
    assert_int_equal(sqlite3_exec(handle, text, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(handle);
}

static void test_f_restore_refuses(void **state)
{
    struct err e = {0};
    struct store *s = store_with_notes(200);
    assert_int_equal(store_backup(s, str_c(target), &e), ST_OK);
    store_close(s);
    int before = entries_of(folder);
    restore_refused("/nowhere/backup.db", ST_NOT_FOUND, "No such file");
    restore_refused(other, ST_UNPROCESSABLE, "is not a file");
    run_sql(target, "PRAGMA user_version = 9999");
    restore_refused(target, ST_UNPROCESSABLE, "newer mAI (version 9999");
    run_sql(target, "PRAGMA user_version = 1; PRAGMA application_id = 77");
    restore_refused(target, ST_UNPROCESSABLE, "is not a database of mAI");
    assert_int_equal(truncate(target, 50), 0);
    restore_refused(target, ST_UNPROCESSABLE, "is not a database of mAI");
    assert_int_equal(entries_of(folder), before);
    s = store_at(folder, NULL);
    assert_int_equal(note_count(store_reader(s)), 400);
    store_close(s);
}

static void test_g_restore_refuses_a_damaged_copy(void **state)
{
    static char noise[16384];
    struct err e = {0};
    struct store *s = store_with_notes(200);
    assert_int_equal(store_backup(s, str_c(target), &e), ST_OK);
    store_close(s);
    int fd = open(target, O_WRONLY);
    struct stat at;
    assert_int_equal(fstat(fd, &at), 0);
    memset(noise, 0x5a, sizeof noise);
    assert_int_equal(pwrite(fd, noise, sizeof noise, at.st_size / 2 / 4096 * 4096), sizeof noise);
    close(fd);
    restore_refused(target, ST_UNPROCESSABLE, "backup.db is damaged; nothing was changed");
    s = store_at(folder, NULL);
    assert_int_equal(note_count(store_reader(s)), 400);
    store_close(s);
    assert_false(file_exists(folder, "mai.db.restoring"));
}

/* What is restored for: the present database is damaged. */
static void test_h_restore_over_a_damaged_database(void **state)
{
    struct err e = {0};
    char path[2 * TEST_PATH_CAP];
    struct store *s = store_with_notes(5);
    assert_int_equal(store_backup(s, str_c(target), &e), ST_OK);
    store_close(s);
    snprintf(path, sizeof path, "%s/mai.db", folder);
    FILE *f = fopen(path, "w");
    fputs("overwritten by a wrong command", f);
    fclose(f);
    assert_int_equal(store_restore(str_c(folder), str_c(target), &e), ST_OK);
    s = store_at(folder, NULL);
    assert_int_equal(note_count(store_reader(s)), 10);
    store_close(s);
}

#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(test_a_backup_while_writing),
        IN_FOLDER(test_b_backup_never_overwrites_other_things),
        IN_FOLDER(test_c_restore),
        IN_FOLDER(test_d_restore_keeps_the_replaced_one),
        IN_FOLDER(test_e_restore_into_an_empty_folder),
        IN_FOLDER(test_f_restore_refuses),
        IN_FOLDER(test_g_restore_refuses_a_damaged_copy),
        IN_FOLDER(test_h_restore_over_a_damaged_database),
    };
    return cmocka_run_group_tests_name("store backup", tests, NULL, NULL);
}

/* See fixture.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "fixture.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

void folder_make(const char *parent, char *dst)
{
    snprintf(dst, TEST_PATH_CAP, "%s/mai-store-XXXXXX", parent != NULL ? parent : "/tmp");
    assert_non_null(mkdtemp(dst));
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *at)
{
    return remove(path);
}

void folder_remove(const char *path)
{
    nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

bool file_exists(const char *folder, const char *name)
{
    char path[2 * TEST_PATH_CAP];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return access(path, F_OK) == 0;
}

struct store *store_at(const char *folder, const char *vfs)
{
    struct store *s = NULL;
    struct err e = {0};
    struct store_conf conf = {.data_dir = str_c(folder), .commit_wait_ms = 2, .vfs = str_c(vfs)};
    status st = store_open(&conf, &s, &e);
    if (st != ST_OK)
        fail_msg("%s: %s", status_name(st), e.text);
    return s;
}

void store_refused(const char *folder, status want, const char *words)
{
    struct store *s = NULL;
    struct err e = {0};
    struct store_conf conf = {.data_dir = str_c(folder)};
    status st = store_open(&conf, &s, &e);
    assert_null(s);
    assert_int_equal(st, want);
    if (strstr(e.text, words) == NULL || strchr(e.text, '\n') != NULL)
        fail_msg("\"%s\" does not say \"%s\"", e.text, words);
}

static const struct sql make_notes = {
    "make_notes",
    "CREATE TABLE IF NOT EXISTS notes (id INTEGER PRIMARY KEY, word TEXT NOT NULL UNIQUE,"
    " parent INTEGER REFERENCES notes (id) DEFERRABLE INITIALLY DEFERRED,"
    " CHECK (word <> 'forbidden')) STRICT"};
static const struct sql add_note = {"add_note",
                                    "INSERT INTO notes (word, id, parent) VALUES ($2, $1, $3)"};
static const struct sql count_notes = {"count_notes", "SELECT count(*) FROM notes"};
static const struct sql note_by_id = {"note_by_id", "SELECT word FROM notes WHERE id = $1"};

static status run_make(struct db *db, void *ctx)
{
    return db_exec(db, &make_notes, DB_NO_ARGS);
}

void notes_make(struct store *s)
{
    assert_int_equal(store_write(s, run_make, NULL), ST_OK);
}

status note_add(struct db *db, int64_t id, const char *word, int64_t parent)
{
    return db_exec(db, &add_note, DB_ARGS(DB_INT(id), DB_Z(word), DB_INT_IF(parent != 0, parent)));
}

static void read_number(const struct db_rows *row, void *ctx)
{
    *(int64_t *)ctx = db_int(row, 0);
}

int64_t note_count(struct db *db)
{
    int64_t count = -1;
    assert_int_equal(db_one(db, &count_notes, DB_NO_ARGS, read_number, &count), ST_OK);
    return count;
}

static void read_nothing(const struct db_rows *row, void *ctx)
{
}

bool note_exists(struct db *db, int64_t id)
{
    status st = db_one(db, &note_by_id, DB_ARGS(DB_INT(id)), read_nothing, NULL);
    assert_true(st == ST_OK || st == ST_NOT_FOUND);
    return st == ST_OK;
}

/* Backup and restore; see copy.h. Copies are made by SQLite's backup interface from one read
 * transaction, so writers go on and the copy is one state; VACUUM INTO is not used, as it renumbers
 * rows that full-text indexes point at. Nothing is put in its place before it is whole, checked and
 * on the disk. */
#include "store/sqlite/copy.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/log.h"
#include "store/folder.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/migrate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE_PAGES = 256, LONG_PATH_CAP = STORE_PATH_CAP + 96 };

/* ---- copying ---- */

static status copy_pieces(sqlite3 *from, sqlite3 *to)
{
    sqlite3_backup *work = sqlite3_backup_init(to, "main", from, "main");
    if (work == NULL)
        return sqlite_status(to, sqlite3_errcode(to));
    int rc;
    do
        rc = sqlite3_backup_step(work, PIECE_PAGES);
    while (rc == SQLITE_OK);
    sqlite3_backup_finish(work);
    return sqlite_status(to, rc);
}

/* The source's transaction pins one state for all pieces. */
static status copy_state(sqlite3 *from, sqlite3 *to)
{
    int64_t ignored;
    status st = sqlite_run(from, "BEGIN");
    if (st == ST_OK)
        st = sqlite_number(from, "SELECT count(*) FROM sqlite_schema", &ignored);
    if (st == ST_OK)
        st = sqlite_run(to, "PRAGMA journal_mode = OFF; PRAGMA synchronous = FULL;");
    return st == ST_OK ? copy_pieces(from, to) : st;
}

static status copy_between(sqlite3 *from, const struct place *p, const char *path, struct err *e)
{
    sqlite3 *to;
    status st = sqlite_connect(p, path, SQLITE_OPEN_READWRITE, &to, e);
    if (st != ST_OK)
        return st;
    st = copy_state(from, to);
    if (st == ST_OK)
        st = sqlite_run(
            to, "PRAGMA journal_mode = DELETE;"); /* not in log mode: one file, ready to move */
    if (st != ST_OK)
        err_set(e, st, "The copy %s cannot be written: %s", path, sqlite3_errmsg(to));
    sqlite3_close(to);
    return st;
}

static status make_empty(const char *path, struct err *e)
{
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(e, storage_status(errno), "%s cannot be written: %m", path);
    close(fd);
    return ST_OK;
}

/* Into a file that is not there yet; removed again on failure. Synced when it returns. */
static status copy_to_new(const struct place *p, const char *from, const char *to, struct err *e)
{
    sqlite3 *source;
    status st = make_empty(to, e);
    if (st != ST_OK)
        return st;
    st = sqlite_connect(p, from, SQLITE_OPEN_READWRITE, &source, e);
    if (st == ST_OK) {
        st = copy_between(source, p, to, e);
        sqlite3_close(source);
    }
    if (st == ST_OK && file_sync(to) != ST_OK)
        st = err_set(e, ST_STORAGE, "%s cannot be synced", to);
    if (st != ST_OK)
        unlink(to);
    return st;
}

static bool is_sound(sqlite3 *handle, const char *check)
{
    sqlite3_stmt *stmt;
    if (sqlite3_prepare_v2(handle, check, -1, &stmt, NULL) != SQLITE_OK)
        return false;
    bool is_ok = sqlite3_step(stmt) == SQLITE_ROW &&
                 sqlite3_stricmp((const char *)sqlite3_column_text(stmt, 0), "ok") == 0;
    sqlite3_finalize(stmt);
    return is_ok;
}

/* Looks a copy through by `check`; a damaged one is removed, and the fault is its `source`'s. */
static status check_copy(const struct place *p, const char *copy, const char *check,
                         const char *source, struct err *e)
{
    sqlite3 *handle;
    status st = sqlite_connect(p, copy, SQLITE_OPEN_READWRITE, &handle, e);
    bool is_good = st == ST_OK && is_sound(handle, check);
    if (st == ST_OK)
        sqlite3_close(handle);
    if (is_good)
        return ST_OK;
    unlink(copy);
    return err_set(e, ST_UNPROCESSABLE, "%s is damaged; nothing was changed", source);
}

status copy_database(const struct place *p, const char *from, const char *to, struct err *e)
{
    char draft[LONG_PATH_CAP];
    char tail[9];
    random_text(tail, sizeof tail - 1);
    snprintf(draft, sizeof draft, "%s.%s", to, tail);
    status st = copy_to_new(p, from, draft, e);
    if (st == ST_OK)
        st = check_copy(p, draft, "PRAGMA quick_check(1)", from, e);
    if (st != ST_OK)
        return st;
    st = file_move(draft, to);
    if (st != ST_OK) {
        err_set(e, st, "The copy cannot be moved to %s: %m", to);
        unlink(draft);
    }
    return st;
}

/* ---- telling our files from others ---- */

static status read_versions(sqlite3 *handle, const char *path, int64_t *version_out, struct err *e)
{
    int64_t application, version;
    status st = sqlite_number(handle, "PRAGMA application_id", &application);
    if (st == ST_OK)
        st = sqlite_number(handle, "PRAGMA user_version", &version);
    if (st != ST_OK)
        return err_set(e, st == ST_STORAGE_FULL ? st : ST_UNPROCESSABLE, "%s cannot be read: %s",
                       path, sqlite3_errmsg(handle));
    if (application != MAI_APPLICATION_ID)
        return err_set(e, ST_UNPROCESSABLE, "%s is not a database of mAI", path);
    *version_out = version;
    return ST_OK;
}

status identify_database(const struct place *p, const char *path, int64_t *version_out,
                         struct err *e)
{
    sqlite3 *handle;
    status st = sqlite_connect(p, path, SQLITE_OPEN_READWRITE, &handle, e);
    if (st != ST_OK)
        return st;
    st = read_versions(handle, path, version_out, e);
    sqlite3_close(handle);
    return st;
}

/* ---- backup ---- */

static bool is_same_file(const char *a, const char *b)
{
    struct stat x, y;
    return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
}

/* An older backup may be replaced; anything else may not. */
static status check_target(const struct place *p, const char *target, struct err *e)
{
    int64_t ignored;
    struct stat s;
    if (stat(target, &s) != 0)
        return ST_OK;
    if (S_ISDIR(s.st_mode))
        return err_set(e, ST_CONFLICT, "%s is a folder; give the path of a file", target);
    if (is_same_file(target, p->database))
        return err_set(e, ST_CONFLICT, "%s is the database itself", target);
    if (!S_ISREG(s.st_mode) || identify_database(p, target, &ignored, NULL) != ST_OK)
        return err_set(e, ST_CONFLICT, "%s is there already and is not a backup of mAI", target);
    return ST_OK;
}

status driver_backup(const struct place *p, const char *target, struct err *e)
{
    status st = check_target(p, target, e);
    return st == ST_OK ? copy_database(p, p->database, target, e) : st;
}

/* ---- restore ---- */

static status check_source(const struct place *p, const char *source, struct err *e)
{
    int64_t version;
    struct stat s;
    if (stat(source, &s) != 0)
        return err_set(e, ST_NOT_FOUND, "%s cannot be read: %m", source);
    if (!S_ISREG(s.st_mode))
        return err_set(e, ST_UNPROCESSABLE, "%s is not a file", source);
    if (is_same_file(source, p->database))
        return err_set(e, ST_CONFLICT, "%s is the database itself", source);
    status st = identify_database(p, source, &version, e);
    int64_t known = migration_count != 0 ? migrations[migration_count - 1].version : 0;
    if (st == ST_OK && version > known)
        return err_set(e, ST_UNPROCESSABLE,
                       "%s was written by a newer mAI (version %d, this one knows %d)", source,
                       (int)version, (int)known);
    return st;
}

/* Folds the replaced database's log into it, so that one file holds everything. A damaged one stays
 * as it is: then its log moves along. */
static void fold_log(const struct place *p)
{
    sqlite3 *handle;
    if (sqlite_connect(p, p->database, SQLITE_OPEN_READWRITE, &handle, NULL) != ST_OK)
        return;
    if (sqlite_run(handle, "PRAGMA wal_checkpoint(TRUNCATE)") != ST_OK)
        log_warn("the replaced database could not be folded", LF_Z("path", p->database));
    sqlite3_close(handle);
}

static status move_if_there(const char *from, const char *to)
{
    return access(from, F_OK) != 0 ? ST_OK : file_move(from, to);
}

/* database first: while it is missing, the file being restored tells what happened. */
static status keep_replaced(const struct place *p, struct err *e)
{
    char kept[LONG_PATH_CAP], kept_log[LONG_PATH_CAP + 8];
    char log[LONG_PATH_CAP], index[LONG_PATH_CAP];
    snprintf(kept, sizeof kept, "%s.replaced-%lld", p->database, (long long)clock_now_ms());
    snprintf(kept_log, sizeof kept_log, "%s-wal", kept);
    snprintf(log, sizeof log, "%s-wal", p->database);
    snprintf(index, sizeof index, "%s-shm", p->database);
    if (access(p->database, F_OK) == 0)
        fold_log(p);
    status st = move_if_there(p->database, kept);
    if (st == ST_OK)
        st = move_if_there(log, kept_log);
    if (st != ST_OK)
        return err_set(e, st, "The present database cannot be moved to %s: %m", kept);
    unlink(index);
    return ST_OK;
}

status driver_restore(const struct place *p, const char *source, struct err *e)
{
    char draft[LONG_PATH_CAP];
    snprintf(draft, sizeof draft, "%s.restoring", p->database);
    status st = check_source(p, source, e);
    if (st != ST_OK)
        return st;
    unlink(draft); /* of a restore that did not come to its end */
    st = copy_to_new(p, source, draft, e);
    if (st == ST_OK)
        st = check_copy(p, draft, "PRAGMA integrity_check(1)", source, e);
    if (st == ST_OK)
        st = keep_replaced(p, e);
    if (st != ST_OK)
        return st;
    if (file_move(draft, p->database) != ST_OK)
        return err_set(e, storage_status(errno), "%s cannot be moved into place: %m", draft);
    return ST_OK;
}

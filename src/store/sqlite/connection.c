/* Connections and the writer's transaction; see connection.h. The one place that decides how SQLite
 * works for us: write-ahead log, every commit synced, foreign keys on, small caches (the whole
 * process shall live in 20 MB), no memory mapping (a full or failing disk shall be an error, not a
 * signal). */
#include "store/sqlite/connection.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <pthread.h>

/* ---- opening ---- */

static const char common_settings[] = "PRAGMA synchronous = FULL;"
                                      "PRAGMA foreign_keys = ON;"
                                      "PRAGMA mmap_size = 0;"
                                      "PRAGMA temp_store = MEMORY;"
                                      "PRAGMA journal_size_limit = 16777216;";
static const char writer_settings[] = "PRAGMA cache_size = -2048;";
static const char reader_settings[] = "PRAGMA cache_size = -1024;"
                                      "PRAGMA query_only = ON;";

static void configure_library(void)
{
    /* One global lock less; refused after the first use of the library. */
    sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
}

status sqlite_connect(const struct place *p, const char *path, int flags, sqlite3 **out,
                      struct err *e)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    sqlite3 *handle;
    pthread_once(&once, configure_library);
    int rc = sqlite3_open_v2(path, &handle, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                             p->vfs[0] != '\0' ? p->vfs : NULL);
    if (rc != SQLITE_OK) {
        status st = handle != NULL ? sqlite_status(handle, rc) : ST_STORAGE;
        err_set(e, st, "The database %s cannot be opened: %s", path,
                handle != NULL ? sqlite3_errmsg(handle) : sqlite3_errstr(rc));
        sqlite3_close(handle);
        return st;
    }
    sqlite3_busy_timeout(handle, BUSY_WAIT_MS);
    sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    *out = handle;
    return ST_OK;
}

static status open_handle(struct db *db, struct err *e)
{
    sqlite3 *handle;
    status st = sqlite_connect(db->place, db->place->database, SQLITE_OPEN_READWRITE, &handle, e);
    if (st != ST_OK)
        return st;
    st = sqlite_run(handle, common_settings);
    if (st == ST_OK)
        st = sqlite_run(handle, db->role == DB_WRITER ? writer_settings : reader_settings);
    if (st != ST_OK) {
        err_set(e, st, "The database %s cannot be used: %s", db->place->database,
                sqlite3_errmsg(handle));
        sqlite3_close(handle);
        return st;
    }
    db->handle = handle;
    return ST_OK;
}

static struct db *db_new(const struct place *p, enum db_role role)
{
    struct db *db = NEW(struct db);
    db->place = p;
    db->role = role;
    return db;
}

status driver_open(const struct place *p, enum db_role role, struct db **out, struct err *e)
{
    struct db *db = db_new(p, role);
    status st = open_handle(db, e);
    if (st != ST_OK)
        driver_close(db);
    else
        *out = db;
    return st;
}

bool connection_is_ready(struct db *db)
{
    struct err e = {0};
    if (db->handle != NULL)
        return true;
    if (open_handle(db, &e) == ST_OK)
        return true;
    log_error("database connection failed", LF_Z("reason", e.text));
    return false;
}

struct db *driver_open_lazily(const struct place *p, enum db_role role)
{
    struct db *db = db_new(p, role);
    connection_is_ready(db);
    return db;
}

void driver_close(struct db *db)
{
    if (db == NULL)
        return;
    statements_free(db);
    CHECK(sqlite3_close(db->handle) == SQLITE_OK); /* busy: a statement outlived its owner */
    mem_free(db);
}

/* ---- results ---- */

static bool is_full(sqlite3 *handle, int rc)
{
    int reason = sqlite3_system_errno(handle);
    return (rc & 0xff) == SQLITE_FULL ||
           ((rc & 0xff) == SQLITE_IOERR && (reason == ENOSPC || reason == EDQUOT));
}

static status constraint_status(int rc)
{
    switch (rc) {
    case SQLITE_CONSTRAINT_CHECK:
    case SQLITE_CONSTRAINT_NOTNULL:
    case SQLITE_CONSTRAINT_DATATYPE:
        return ST_INTERNAL; /* our own statement broke our own rule */
    default:
        return ST_CONFLICT;
    }
}

status sqlite_status(sqlite3 *handle, int rc)
{
    if (rc == SQLITE_OK || rc == SQLITE_ROW || rc == SQLITE_DONE)
        return ST_OK;
    if (is_full(handle, rc))
        return ST_STORAGE_FULL;
    switch (rc & 0xff) {
    case SQLITE_CONSTRAINT:
        return constraint_status(rc);
    case SQLITE_TOOBIG:
        return ST_TOO_BIG;
    case SQLITE_ERROR:
    case SQLITE_MISUSE:
    case SQLITE_RANGE:
    case SQLITE_MISMATCH:
    case SQLITE_AUTH:
        return ST_INTERNAL;
    default:
        return ST_STORAGE; /* input/output, busy, corrupt, read-only, no memory */
    }
}

status sqlite_run(sqlite3 *handle, const char *text)
{
    return sqlite_status(handle, sqlite3_exec(handle, text, NULL, NULL, NULL));
}

status sqlite_number(sqlite3 *handle, const char *text, int64_t *out)
{
    sqlite3_stmt *stmt;
    int rc = sqlite3_prepare_v2(handle, text, -1, &stmt, NULL);
    if (rc != SQLITE_OK)
        return sqlite_status(handle, rc);
    rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW)
        *out = sqlite3_column_int64(stmt, 0);
    sqlite3_finalize(stmt);
    return rc == SQLITE_DONE ? ST_NOT_FOUND : sqlite_status(handle, rc);
}

/* ---- transactions ---- */

#define CONTROL(symbol, words) static const struct sql symbol = {"(" words ")", words}
CONTROL(begin_write, "BEGIN IMMEDIATE");
CONTROL(begin_read, "BEGIN DEFERRED");
CONTROL(commit, "COMMIT");
CONTROL(rollback, "ROLLBACK");
CONTROL(savepoint, "SAVEPOINT job");
CONTROL(release, "RELEASE job");
CONTROL(rollback_job, "ROLLBACK TO job");
CONTROL(read_something, "SELECT count(*) FROM schema_migrations");
CONTROL(write_something, "INSERT INTO store_heartbeat (id, at_ms) VALUES (1, $1) "
                         "ON CONFLICT (id) DO UPDATE SET at_ms = excluded.at_ms");

status driver_begin(struct db *db)
{
    return db_exec(db, &begin_write, DB_NO_ARGS);
}

status driver_savepoint(struct db *db)
{
    return db_exec(db, &savepoint, DB_NO_ARGS);
}

/* A deferred foreign key would only fail the COMMIT, and all jobs with it: it is this job's fault.
 */
status driver_release(struct db *db)
{
    int open_keys, ignored;
    int rc = sqlite3_db_status(db->handle, SQLITE_DBSTATUS_DEFERRED_FKS, &open_keys, &ignored, 0);
    CHECK(rc == SQLITE_OK);
    return open_keys != 0 ? ST_CONFLICT : db_exec(db, &release, DB_NO_ARGS);
}

status driver_rollback_savepoint(struct db *db)
{
    status st = db_exec(db, &rollback_job, DB_NO_ARGS);
    return st == ST_OK ? db_exec(db, &release, DB_NO_ARGS) : st;
}

status driver_commit(struct db *db)
{
    return db_exec(db, &commit, DB_NO_ARGS);
}

void driver_rollback(struct db *db)
{
    if (driver_is_in_transaction(db) && db_exec(db, &rollback, DB_NO_ARGS) != ST_OK)
        log_error("rollback failed");
}

bool driver_is_in_transaction(const struct db *db)
{
    return db->handle != NULL && sqlite3_get_autocommit(db->handle) == 0;
}

status db_read_begin(struct db *db)
{
    return db->role == DB_WRITER ? ST_OK
                                 : db_exec(db, &begin_read, DB_NO_ARGS); /* a job is one already */
}

void db_read_end(struct db *db)
{
    if (db->role == DB_READER && driver_is_in_transaction(db) &&
        db_exec(db, &commit, DB_NO_ARGS) != ST_OK)
        driver_rollback(db);
}

status driver_read_something(struct db *db)
{
    struct db_rows rows;
    status st = db_query(db, &read_something, DB_NO_ARGS, &rows);
    if (st != ST_OK)
        return st;
    while (db_next(&rows))
        ;
    return db_end(&rows);
}

status driver_write_something(struct db *db, int64_t now_ms)
{
    return db_exec(db, &write_something, DB_ARGS(DB_INT(now_ms)));
}

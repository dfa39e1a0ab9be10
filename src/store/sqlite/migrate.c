/* Migrations; see migrate.h. State: the table schema_migrations says what was applied; user_version
 * in the file's header is the highest of them, readable by any later mAI before it touches
 * anything. */
#include "store/sqlite/migrate.h"
#include "base/clock.h"
#include "base/log.h"
#include "store/folder.h"
#include "store/sqlite/connection.h"
#include "store/sqlite/copy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct migrator {
    const struct place *place;
    const struct migration *list;
    size_t count;
    sqlite3 *handle;
    bool is_new;
    int64_t version; /* of the file */
    const struct migration *first_pending;
    char copy[STORE_PATH_CAP + 64]; /* empty: none was made */
};

static const char own_tables[] =
    "CREATE TABLE IF NOT EXISTS schema_migrations ("
    " version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_ms INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS store_heartbeat ("
    " id INTEGER PRIMARY KEY CHECK (id = 1), at_ms INTEGER NOT NULL) STRICT;";

static int64_t newest(const struct migrator *m)
{
    return m->count != 0 ? m->list[m->count - 1].version : 0;
}

static status database_failed(const struct migrator *m, status st, struct err *e)
{
    return err_set(e, st, "The database %s cannot be used: %s", m->place->database,
                   sqlite3_errmsg(m->handle));
}

/* ---- what is there ---- */

static status make_file(const char *path, struct err *e)
{
    int fd =
        open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600); /* SQLite gives its log the same rights */
    if (fd < 0)
        return err_set(e, storage_status(errno), "The database %s cannot be made: %m", path);
    close(fd);
    return folder_sync_of(path);
}

/* SQLite takes what is shorter than a page for an empty database; we take it for what is left of
 * one. */
static bool is_stump(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && s.st_size > 0 && s.st_size < 512;
}

static status read_identity(struct migrator *m, struct err *e)
{
    int64_t application, tables;
    if (is_stump(m->place->database))
        return err_set(e, ST_STORAGE, "The database %s is damaged (cut short); restore a backup",
                       m->place->database);
    status st = sqlite_number(m->handle, "PRAGMA application_id", &application);
    if (st == ST_OK)
        st = sqlite_number(m->handle, "PRAGMA user_version", &m->version);
    if (st == ST_OK)
        st = sqlite_number(m->handle, "SELECT count(*) FROM sqlite_schema", &tables);
    if (st != ST_OK)
        return database_failed(m, st, e);
    m->is_new = tables == 0 && application == 0 && m->version == 0;
    if (!m->is_new && application != MAI_APPLICATION_ID)
        return err_set(e, ST_UNPROCESSABLE, "%s is not a database of mAI; nothing was changed",
                       m->place->database);
    if (m->version > newest(m))
        return err_set(
            e, ST_UNPROCESSABLE,
            "The database %s was written by a newer mAI (version %d, this one knows %d); "
            "nothing was changed: start that mAI or restore a backup",
            m->place->database, (int)m->version, (int)newest(m));
    return ST_OK;
}

static status is_applied(struct migrator *m, int version, bool *out)
{
    char text[80];
    int64_t ignored;
    snprintf(text, sizeof text, "SELECT version FROM schema_migrations WHERE version = %d",
             version);
    status st = m->is_new ? ST_NOT_FOUND : sqlite_number(m->handle, text, &ignored);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    *out = st == ST_OK;
    return ST_OK;
}

static status find_pending(struct migrator *m, struct err *e)
{
    for (size_t i = 0; i < m->count; i++) {
        bool is_there;
        status st = is_applied(m, m->list[i].version, &is_there);
        if (st != ST_OK)
            return database_failed(m, st, e);
        if (!is_there) {
            m->first_pending = &m->list[i];
            return ST_OK;
        }
    }
    return ST_OK;
}

/* ---- applying ---- */

static status copy_aside(struct migrator *m, struct err *e)
{
    if (m->is_new)
        return ST_OK;
    char path[sizeof m->copy];
    snprintf(path, sizeof path, "%s.before-%04d", m->place->database, m->first_pending->version);
    status st = copy_database(m->place, m->place->database, path, e);
    if (st == ST_OK)
        str_copy_z(str_c(path), m->copy, sizeof m->copy);
    return st;
}

static status note(struct migrator *m, const struct migration *one)
{
    sqlite3_stmt *stmt;
    int rc = sqlite3_prepare_v2(m->handle, "INSERT INTO schema_migrations VALUES (?, ?, ?)", -1,
                                &stmt, NULL);
    if (rc != SQLITE_OK)
        return sqlite_status(m->handle, rc);
    sqlite3_bind_int(stmt, 1, one->version);
    sqlite3_bind_text(stmt, 2, one->name, -1, SQLITE_STATIC);
    sqlite3_bind_int64(stmt, 3, clock_now_ms());
    rc = sqlite3_step(stmt);
    sqlite3_finalize(stmt);
    return sqlite_status(m->handle, rc);
}

static status apply_failed(struct migrator *m, const struct migration *one, status st,
                           const char *why, struct err *e)
{
    return err_set(e, st, "Migration %04d_%s failed (%s); the database is as before%s%s",
                   one->version, one->name, why, m->copy[0] != '\0' ? ", a copy of it is " : "",
                   m->copy);
}

static status apply(struct migrator *m, const struct migration *one, struct err *e)
{
    status st = sqlite_run(m->handle, one->text);
    if (st != ST_OK)
        return apply_failed(m, one, st, sqlite3_errmsg(m->handle), e);
    if (sqlite3_get_autocommit(m->handle))
        return apply_failed(m, one, ST_INTERNAL, "it ended the transaction", e);
    st = note(m, one);
    return st == ST_OK ? ST_OK : apply_failed(m, one, st, sqlite3_errmsg(m->handle), e);
}

static status apply_pending(struct migrator *m, struct err *e)
{
    for (size_t i = 0; i < m->count; i++) {
        bool is_there = false;
        status st = is_applied(m, m->list[i].version, &is_there);
        if (st != ST_OK)
            return database_failed(m, st, e);
        if (is_there)
            continue;
        st = apply(m, &m->list[i], e);
        if (st != ST_OK)
            return st;
    }
    return ST_OK;
}

static status check_foreign_keys(struct migrator *m, struct err *e)
{
    int64_t ignored;
    status st =
        sqlite_number(m->handle, "SELECT 1 FROM pragma_foreign_key_check LIMIT 1", &ignored);
    if (st == ST_NOT_FOUND)
        return ST_OK;
    if (st != ST_OK)
        return database_failed(m, st, e);
    return apply_failed(m, &m->list[m->count - 1], ST_INTERNAL, "rows point at nothing", e);
}

static status seal_version(struct migrator *m, struct err *e)
{
    char text[128];
    snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %d; COMMIT;",
             MAI_APPLICATION_ID, (int)newest(m));
    status st = sqlite_run(m->handle, text);
    return st == ST_OK ? ST_OK : database_failed(m, st, e);
}

static status run_all(struct migrator *m, struct err *e)
{
    status st = sqlite_run(
        m->handle, "PRAGMA foreign_keys = OFF; PRAGMA synchronous = FULL; BEGIN EXCLUSIVE;");
    if (st == ST_OK)
        st = sqlite_run(m->handle, own_tables);
    if (st != ST_OK)
        return database_failed(m, st, e);
    m->is_new = false; /* its table is there now */
    st = apply_pending(m, e);
    if (st == ST_OK)
        st = check_foreign_keys(m, e);
    return st == ST_OK ? seal_version(m, e) : st;
}

static status use_log(struct migrator *m, struct err *e)
{
    sqlite3_stmt *stmt;
    int rc = sqlite3_prepare_v2(m->handle, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);
    if (rc != SQLITE_OK)
        return database_failed(m, sqlite_status(m->handle, rc), e);
    rc = sqlite3_step(stmt);
    bool is_on =
        rc == SQLITE_ROW && sqlite3_stricmp((const char *)sqlite3_column_text(stmt, 0), "wal") == 0;
    sqlite3_finalize(stmt);
    if (is_on)
        return ST_OK;
    if (rc != SQLITE_ROW)
        return database_failed(m, sqlite_status(m->handle, rc), e);
    return err_set(e, ST_STORAGE,
                   "The file system of %s has no shared memory or locks for a database",
                   m->place->database);
}

static status migrate_open(struct migrator *m, struct err *e)
{
    status st = read_identity(m, e);
    if (st == ST_OK)
        st = find_pending(m, e);
    if (st != ST_OK)
        return st;
    if (m->first_pending != NULL || m->is_new) {
        if (m->first_pending != NULL)
            st = copy_aside(m, e);
        if (st == ST_OK)
            st = use_log(m, e);
        return st == ST_OK ? run_all(m, e) : st;
    }
    return use_log(m, e);
}

/* A restore that was interrupted between its two moves left no database: a new empty one must not
 * take its place in silence. */
static status check_unfinished_restore(const struct place *p, struct err *e)
{
    char marker[STORE_PATH_CAP + 64];
    snprintf(marker, sizeof marker, "%s.restoring", p->database);
    if (access(marker, F_OK) != 0 || access(p->database, F_OK) == 0)
        return ST_OK;
    return err_set(e, ST_STORAGE,
                   "A restore of %s was interrupted; run `mai restore` again, or rename the newest "
                   "%s.replaced-* back",
                   p->database, p->database);
}

status migrate(const struct place *p, const struct migration *list, size_t count, struct err *e)
{
    struct migrator m = {.place = p, .list = list, .count = count};
    status st = check_unfinished_restore(p, e);
    if (st == ST_OK && access(p->database, F_OK) != 0)
        st = make_file(p->database, e);
    if (st == ST_OK)
        st = sqlite_connect(p, p->database, SQLITE_OPEN_READWRITE, &m.handle, e);
    if (st != ST_OK)
        return st;
    st = migrate_open(&m, e);
    if (st == ST_OK && m.first_pending != NULL)
        log_info("database migrated", LF_INT("version", newest(&m)), LF_Z("copy", m.copy));
    sqlite3_close(m.handle); /* rolls back what is open */
    return st;
}

status driver_migrate(const struct place *p, struct err *e)
{
    return migrate(p, migrations, migration_count, e);
}

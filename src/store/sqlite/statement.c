/* Statements: prepared once per connection, bound, stepped, read; see store/db.h. `$1` is a named
 * parameter to SQLite, numbered by first appearance, so each statement keeps which argument belongs
 * to which place. */
#include "base/log.h"
#include "base/mem.h"
#include "store/sqlite/connection.h"

enum { MAX_PARAMETERS = 99, FIRST_SLOTS = 64 };

struct cached {
    const struct sql *sql;
    sqlite3_stmt *stmt;
    bool is_busy;
    uint8_t places;                      /* parameters in SQLite's order */
    uint8_t arguments;                   /* highest $n */
    uint8_t argument_of[MAX_PARAMETERS]; /* place -> n - 1 */
};

/* ---- errors ---- */

static status failed(struct db *db, const struct sql *q, int rc)
{
    status st = sqlite_status(db->handle, rc);
    if (st != ST_CONFLICT)
        log_error("statement failed", LF_Z("statement", q->name), LF_INT("code", rc),
                  LF_Z("reason", sqlite3_errmsg(db->handle)));
    return st;
}

static status misused(const struct sql *q, const char *how)
{
    log_error("statement misused", LF_Z("statement", q->name), LF_Z("reason", how));
    return ST_INTERNAL;
}

/* ---- cache ---- */

static size_t slot_of(const struct db *db, const struct sql *q)
{
    size_t at = ((uintptr_t)q / sizeof *q * 0x9e3779b97f4a7c15u >> 20) & (db->slot_count - 1);
    while (db->slots[at] != NULL && db->slots[at]->sql != q)
        at = (at + 1) & (db->slot_count - 1);
    return at;
}

static void grow_cache(struct db *db)
{
    struct cached **old = db->slots;
    size_t old_count = db->slot_count;
    db->slot_count = old_count != 0 ? old_count * 2 : FIRST_SLOTS;
    db->slots = mem_alloc_array(db->slot_count, sizeof *db->slots);
    for (size_t i = 0; i < old_count; i++)
        if (old[i] != NULL)
            db->slots[slot_of(db, old[i]->sql)] = old[i];
    mem_free(old);
}

static bool map_parameters(struct cached *c)
{
    int count = sqlite3_bind_parameter_count(c->stmt);
    if (count > MAX_PARAMETERS)
        return false;
    for (int place = 1; place <= count; place++) {
        const char *name = sqlite3_bind_parameter_name(c->stmt, place);
        int64_t number;
        if (name == NULL || name[0] != '$' || str_to_i64(str_c(name + 1), &number) != ST_OK)
            return false;
        if (number < 1 || number > MAX_PARAMETERS)
            return false;
        c->argument_of[place - 1] = (uint8_t)(number - 1);
        if (number > c->arguments)
            c->arguments = (uint8_t)number;
    }
    c->places = (uint8_t)count;
    return true;
}

static status prepare(struct db *db, const struct sql *q, struct cached **out)
{
    sqlite3_stmt *stmt;
    int rc = sqlite3_prepare_v3(db->handle, q->text, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL);
    if (rc != SQLITE_OK)
        return failed(db, q, rc);
    struct cached *c = NEW(struct cached);
    c->sql = q;
    c->stmt = stmt;
    if (stmt == NULL || !map_parameters(c)) {
        sqlite3_finalize(stmt);
        mem_free(c);
        return misused(q, "empty, or parameters that are not $1..$99");
    }
    *out = c;
    return ST_OK;
}

static status find(struct db *db, const struct sql *q, struct cached **out)
{
    if (!connection_is_ready(db))
        return ST_STORAGE;
    if (2 * db->cached_count >= db->slot_count)
        grow_cache(db);
    size_t at = slot_of(db, q);
    if (db->slots[at] == NULL) {
        status st = prepare(db, q, &db->slots[at]);
        if (st != ST_OK)
            return st;
        db->cached_count++;
    }
    *out = db->slots[at];
    return ST_OK;
}

void statements_free(struct db *db)
{
    for (size_t i = 0; i < db->slot_count; i++) {
        if (db->slots[i] == NULL)
            continue;
        sqlite3_finalize(db->slots[i]->stmt);
        mem_free(db->slots[i]);
    }
    mem_free(db->slots);
    db->slots = NULL;
    db->slot_count = db->cached_count = 0;
}

/* ---- binding ---- */

static int bind_one(sqlite3_stmt *stmt, int place, const struct db_value *v,
                    sqlite3_destructor_type keep)
{
    switch (v->kind) {
    case DB_KIND_NULL:
        return sqlite3_bind_null(stmt, place);
    case DB_KIND_INT:
        return sqlite3_bind_int64(stmt, place, v->number);
    case DB_KIND_TEXT:
        return sqlite3_bind_text64(stmt, place, v->bytes.p, v->bytes.n, keep, SQLITE_UTF8);
    case DB_KIND_BLOB:
        return sqlite3_bind_blob64(stmt, place, v->bytes.p, v->bytes.n, keep);
    }
    UNREACHABLE();
}

static status bind_all(struct db *db, struct cached *c, struct db_args args,
                       sqlite3_destructor_type keep)
{
    if (args.count != c->arguments)
        return misused(c->sql, "wrong number of arguments");
    for (int place = 1; place <= c->places; place++) {
        int rc = bind_one(c->stmt, place, &args.values[c->argument_of[place - 1]], keep);
        if (rc != SQLITE_OK)
            return failed(db, c->sql, rc);
    }
    return ST_OK;
}

static void finish(struct cached *c)
{
    sqlite3_reset(c->stmt); /* its result was seen by step */
    sqlite3_clear_bindings(c->stmt);
    c->is_busy = false;
}

static status start(struct db *db, const struct sql *q, struct db_args args,
                    sqlite3_destructor_type keep, struct cached **out)
{
    struct cached *c;
    status st = find(db, q, &c);
    if (st != ST_OK)
        return st;
    if (c->is_busy)
        return misused(q, "still running on this connection");
    st = bind_all(db, c, args, keep);
    if (st != ST_OK) {
        finish(c);
        return st;
    }
    c->is_busy = true;
    *out = c;
    return ST_OK;
}

/* ---- running ---- */

static status query(struct db *db, const struct sql *q, struct db_args args,
                    sqlite3_destructor_type keep, struct db_rows *rows_out)
{
    struct cached *c;
    status st = start(db, q, args, keep, &c);
    if (st == ST_OK)
        *rows_out = (struct db_rows){.db = db, .stmt = c, .st = ST_OK};
    return st;
}

/* Rows may outlive the caller's arguments, so these are copied. */
status db_query(struct db *db, const struct sql *q, struct db_args args, struct db_rows *rows_out)
{
    return query(db, q, args, SQLITE_TRANSIENT, rows_out);
}

bool db_next(struct db_rows *rows)
{
    struct cached *c = rows->stmt;
    if (rows->is_done)
        return false;
    int rc = sqlite3_step(c->stmt);
    if (rc == SQLITE_ROW)
        return true;
    rows->is_done = true;
    if (rc != SQLITE_DONE)
        rows->st = failed(rows->db, c->sql, rc);
    return false;
}

status db_end(struct db_rows *rows)
{
    if (rows->stmt != NULL)
        finish(rows->stmt);
    rows->stmt = NULL;
    rows->is_done = true;
    return rows->st;
}

status db_exec(struct db *db, const struct sql *q, struct db_args args)
{
    struct db_rows rows;
    status st = query(db, q, args, SQLITE_STATIC, &rows);
    if (st != ST_OK)
        return st;
    while (db_next(&rows))
        ;
    db->changes = sqlite3_changes64(db->handle);
    return db_end(&rows);
}

int64_t db_changes(const struct db *db)
{
    return db->changes;
}

status db_one(struct db *db, const struct sql *q, struct db_args args,
              void (*read)(const struct db_rows *row, void *ctx), void *ctx)
{
    struct db_rows rows;
    status st = query(db, q, args, SQLITE_STATIC, &rows);
    if (st != ST_OK)
        return st;
    bool has_row = db_next(&rows);
    if (has_row)
        read(&rows, ctx);
    st = db_end(&rows);
    return st == ST_OK && !has_row ? ST_NOT_FOUND : st;
}

/* ---- columns ---- */

static sqlite3_stmt *stmt_of(const struct db_rows *rows)
{
    return ((const struct cached *)rows->stmt)->stmt;
}

bool db_is_null(const struct db_rows *rows, int column)
{
    return sqlite3_column_type(stmt_of(rows), column) == SQLITE_NULL;
}

int64_t db_int(const struct db_rows *rows, int column)
{
    return sqlite3_column_int64(stmt_of(rows), column);
}

pico db_pico(const struct db_rows *rows, int column)
{
    return PICO(db_int(rows, column));
}

str db_text(const struct db_rows *rows, int column)
{
    sqlite3_stmt *stmt = stmt_of(rows);
    int type = sqlite3_column_type(stmt, column);
    if (type == SQLITE_NULL)
        return STR_NONE;
    const char *p = type == SQLITE_BLOB ? sqlite3_column_blob(stmt, column)
                                        : (const char *)sqlite3_column_text(stmt, column);
    return (str){p != NULL ? p : "", (size_t)sqlite3_column_bytes(stmt, column)};
}

str db_text_dup(const struct db_rows *rows, int column, struct arena *a)
{
    str text = db_text(rows, column);
    return text.p != NULL ? arena_dup(a, text) : STR_NONE;
}

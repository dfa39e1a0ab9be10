/* One database connection and its statements. One SQL text serves every engine: `$1` parameters, RETURNING,
 * ON CONFLICT. Statements are named constants generated from `src/<room>/<room>.sql`; text is never built
 * at run time. A connection belongs to one thread at a time. Money is stored as pico integers, time as UTC
 * milliseconds, booleans as 0 and 1. */
#ifndef MAI_DB_H
#define MAI_DB_H

#include "base/arena.h"
#include "money/pico.h"

struct sql {
    const char *name;
    const char *text;
};

struct db;

struct db_value {
    enum { DB_KIND_NULL, DB_KIND_INT, DB_KIND_TEXT, DB_KIND_BLOB } kind;
    int64_t number;
    str bytes;
};
#define DB_NULL ((struct db_value){.kind = DB_KIND_NULL})
#define DB_INT(v) ((struct db_value){.kind = DB_KIND_INT, .number = (int64_t)(v)})
#define DB_BOOL(v) DB_INT((v) ? 1 : 0)
#define DB_PICO(a) DB_INT((a).v)
#define DB_TEXT(s) ((struct db_value){.kind = DB_KIND_TEXT, .bytes = (s)}) /* STR_NONE binds NULL */
#define DB_Z(z) DB_TEXT(str_c(z))
#define DB_BLOB(s) ((struct db_value){.kind = DB_KIND_BLOB, .bytes = (s)})
/* NULL when `cond` is false. */
#define DB_INT_IF(cond, v) ((cond) ? DB_INT(v) : DB_NULL)

struct db_args {
    const struct db_value *values;
    size_t count;
};
#define DB_ARGS(...)                                                                               \
    ((struct db_args){(const struct db_value[]){__VA_ARGS__},                                      \
                      sizeof((const struct db_value[]){__VA_ARGS__}) / sizeof(struct db_value)})
#define DB_NO_ARGS ((struct db_args){NULL, 0})

/* Rows of a running query; at most one per statement at a time. End it before the next use. */
struct db_rows {
    struct db *db;
    void *stmt;
    status st;
    bool is_done;
};

/* Errors everywhere: ST_CONFLICT (unique or foreign key), ST_STORAGE_FULL, ST_STORAGE, ST_INTERNAL (a
 * broken statement: also logged). */
NODISCARD status db_query(struct db *db, const struct sql *q, struct db_args args,
                          struct db_rows *rows_out);
/* True while there is a row. After false look at rows->st: ST_OK at the regular end. */
bool db_next(struct db_rows *rows);
/* Always call; gives the status of the whole query. */
NODISCARD status db_end(struct db_rows *rows);

/* Columns of the current row; text and blobs are borrowed until the next db_next/db_end. */
bool db_is_null(const struct db_rows *rows, int column);
int64_t db_int(const struct db_rows *rows, int column);  /* NULL gives 0 */
pico db_pico(const struct db_rows *rows, int column);
str db_text(const struct db_rows *rows, int column);     /* NULL gives STR_NONE */
str db_text_dup(const struct db_rows *rows, int column, struct arena *a);

/* Runs a statement without wanting rows. */
NODISCARD status db_exec(struct db *db, const struct sql *q, struct db_args args);
int64_t db_changes(const struct db *db); /* rows changed by the last db_exec */
/* First row or ST_NOT_FOUND; reads it by callback before the row goes. */
NODISCARD status db_one(struct db *db, const struct sql *q, struct db_args args,
                        void (*read)(const struct db_rows *row, void *ctx), void *ctx);

/* Read transaction for several statements that must see one state. */
NODISCARD status db_read_begin(struct db *db);
void db_read_end(struct db *db);

#endif

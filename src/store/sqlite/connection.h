/* Private to sqlite/: a connection, its settings and its cache of prepared statements (Debian's
 * SQLite has no lookaside memory, so preparing anew would be the dearest part of a query). */
#ifndef MAI_SQLITE_CONNECTION_H
#define MAI_SQLITE_CONNECTION_H

#include "store/driver.h"

#include <sqlite3.h>

enum {
    MAI_APPLICATION_ID =
        0x6d414931, /* "mAI1" in the file's header tells our databases from others */
    BUSY_WAIT_MS = 5000,
};

struct cached;

struct db {
    sqlite3 *handle; /* NULL: could not be opened yet */
    const struct place *place;
    enum db_role role;
    int64_t changes;
    struct cached **slots; /* statements by the address of their struct sql; open addressing */
    size_t slot_count, cached_count;
};

/* Opens the file and applies what every connection has. Flags: SQLITE_OPEN_*. */
NODISCARD status sqlite_connect(const struct place *p, const char *path, int flags, sqlite3 **out,
                                struct err *e);
/* True when the connection is there, after trying again when it was not. */
bool connection_is_ready(struct db *db);
void statements_free(struct db *db);

/* Our status for an SQLite result, looking at the system's error for a full disk. */
status sqlite_status(sqlite3 *handle, int rc);
/* Runs plain text (several statements); for settings and migrations only. */
NODISCARD status sqlite_run(sqlite3 *handle, const char *text);
/* First column of the first row; ST_NOT_FOUND without a row. */
NODISCARD status sqlite_number(sqlite3 *handle, const char *text, int64_t *out);

#endif

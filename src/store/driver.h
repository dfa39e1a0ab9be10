/* Private to store/: what an engine does for the store. One engine is built in (sqlite/); a second
 * one makes this a table. Functions are called on the thread that has the connection. */
#ifndef MAI_STORE_DRIVER_H
#define MAI_STORE_DRIVER_H

#include "store/db.h"

enum { STORE_PATH_CAP = 4096 };

/* Where the database lives; owned by the store, outlives every connection. */
struct place {
    char folder[STORE_PATH_CAP];
    char database[STORE_PATH_CAP + 16];
    char vfs[64]; /* empty: the system's files */
    int lock_fd;
};

enum db_role { DB_READER, DB_WRITER };

/* Copies an older database aside and brings it up to date; makes a missing one. Before any other
 * use. */
NODISCARD status driver_migrate(const struct place *p, struct err *e);

NODISCARD status driver_open(const struct place *p, enum db_role role, struct db **out,
                             struct err *e);
/* The same, but a connection that cannot be opened now answers ST_STORAGE and is tried again at
 * each use. */
struct db *driver_open_lazily(const struct place *p, enum db_role role);
void driver_close(struct db *db); /* accepts NULL */

/* The writer's transaction. Each job runs between savepoint and release; a release that finds the
 * job's changes unacceptable (a deferred foreign key) fails and leaves the savepoint to be rolled
 * back. */
NODISCARD status driver_begin(struct db *db);
NODISCARD status driver_savepoint(struct db *db);
NODISCARD status driver_release(struct db *db);
NODISCARD status driver_rollback_savepoint(struct db *db);
NODISCARD status driver_commit(struct db *db);
void driver_rollback(struct db *db); /* without a transaction: nothing */
bool driver_is_in_transaction(const struct db *db);

/* Cheap proofs of life. */
NODISCARD status driver_read_something(struct db *db);
NODISCARD status driver_write_something(struct db *db, int64_t now_ms);

NODISCARD status driver_backup(const struct place *p, const char *target, struct err *e);
NODISCARD status driver_restore(const struct place *p, const char *source, struct err *e);

#endif

/* Private to sqlite/: bringing a database up to date. */
#ifndef MAI_SQLITE_MIGRATE_H
#define MAI_SQLITE_MIGRATE_H

#include "store/driver.h"

struct migration {
    int version; /* 1.. */
    const char *name;
    const char *text;
};

/* Made from migrations/NNNN_name.sql, ascending. */
extern const struct migration migrations[];
extern const size_t migration_count;

/* All that are not applied yet, in one transaction: after a failure the database is as before, and
 * `e` says which one failed and where the copy is. A non-empty database is copied to
 * <database>.before-NNNN first. A newer or foreign database is refused untouched. */
NODISCARD status migrate(const struct place *p, const struct migration *list, size_t count,
                         struct err *e);

#endif

/* Private to sqlite/: consistent copies of a whole database. */
#ifndef MAI_SQLITE_COPY_H
#define MAI_SQLITE_COPY_H

#include "store/driver.h"

/* Copies the database `from` into the new file `to` (replaced when it is there), one consistent
 * state while others write: written beside it, checked, synced, then moved. */
NODISCARD status copy_database(const struct place *p, const char *from, const char *to,
                               struct err *e);
/* Our own database? Gives its version (the latest migration). ST_UNPROCESSABLE with words when it
 * is not. */
NODISCARD status identify_database(const struct place *p, const char *path, int64_t *version_out,
                                   struct err *e);

#endif

/* Inside the room: one row of settings. */
#ifndef MAI_TENANCY_SETTING_ROW_H
#define MAI_TENANCY_SETTING_ROW_H

#include "base/arena.h"
#include "store/db.h"

/* ST_NOT_FOUND: not set. updated_ms_out may be NULL. */
NODISCARD status setting_read(struct db *db, const char *key, struct arena *a, str *value_out,
                              int64_t *updated_ms_out);
/* W */
NODISCARD status setting_write(struct db *db, const char *key, str value);
NODISCARD status setting_delete(struct db *db, const char *key);

#endif

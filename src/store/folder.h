/* Private to store/: the data folder, its lock, and durable file operations. */
#ifndef MAI_STORE_FOLDER_H
#define MAI_STORE_FOLDER_H

#include "store/driver.h"
#include "store/store.h"

/* Makes the folder (and missing parents), finds the database's path, takes the lock. ST_CONFLICT
 * with the holder's process id when somebody has it. */
NODISCARD status place_open(const struct store_conf *conf, struct place *out, struct err *e);
void place_close(struct place *p); /* gives the lock back */

/* ST_STORAGE_FULL or ST_STORAGE by errno. */
status storage_status(int reason);
NODISCARD status folder_sync_of(const char *path); /* the folder that holds `path` */
/* rename, then the folder synced. */
NODISCARD status file_move(const char *from, const char *to);
NODISCARD status file_sync(const char *path);

#endif

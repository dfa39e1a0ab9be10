/* A file layer for SQLite that loses what was not synced. Writes stay in this process's memory,
 * over the real file, until SQLite syncs that file; so ending the process by SIGKILL, at any
 * instant, is a power cut. It can also fail writes and syncs on demand. Locks and the shared index
 * are the system's. For tests only; one process at a time may use a database through it. */
#ifndef MAI_TEST_LOSING_VFS_H
#define MAI_TEST_LOSING_VFS_H

#include "base/base.h"

#define LOSING_VFS "losing"

/* Once, before databases are opened. As default, every database of the process goes through it. */
void losing_vfs_register(bool as_default);

/* The power cut, now: of every file's unsynced sectors keep_percent (chosen by seed) reach the disk
 * all the same, as a disk may do in any order; the others are gone, and so is the process. */
NORETURN void losing_vfs_crash(unsigned keep_percent, uint64_t seed);
/* The same at the operation (write, truncation, sync or deletion) of that number, counted from 1.
 */
void losing_vfs_crash_at(uint64_t operation, unsigned keep_percent, uint64_t seed);
uint64_t losing_vfs_operations(void); /* so far */
uint64_t losing_vfs_syncs(void);      /* of log files, so far */

/* Log files only: after `after` more operations of that kind the next `count` fail with `rc`. */
enum losing_operation { LOSING_WRITE, LOSING_SYNC };
void losing_vfs_fail(enum losing_operation what, unsigned after, unsigned count, int rc);

#endif

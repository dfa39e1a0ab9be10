/* The storage of one data folder: a connection per reading thread and one writer thread that owns every
 * write. Queued write jobs share a transaction (group commit); a job's `done` runs only after its commit is
 * on disk (synchronous=FULL), so whoever was told "done" is in the books after a power cut.
 *
 * Invariants
 *  S1 Only the writer thread writes.
 *  S2 done(ST_OK) is called after the COMMIT that holds the job's changes returned, never before.
 *  S3 A job whose run failed leaves no change (savepoint); one whose commit failed gets undo(), then
 *     done(error), and leaves no change.
 *  S4 Jobs run in the order of posting. */
#ifndef MAI_STORE_H
#define MAI_STORE_H

#include "io/loop.h"
#include "store/db.h"

struct store;

struct store_conf {
    str data_dir;
    str database_url;       /* empty: SQLite in data_dir/mai.db */
    int64_t commit_wait_ms; /* longest time a job waits for companions: 0 commits what is queued at once */
    str vfs;                /* tests: name of the SQLite file layer; empty: the system's */
};

/* Makes the folder when missing, takes its lock (a second server is refused with a sentence), opens the
 * database, copies it aside and migrates it when it is older, refuses it when it is newer. Opening for a
 * command beside a running server fails with ST_CONFLICT: commands then go through its socket. */
NODISCARD status store_open(const struct store_conf *conf, struct store **out, struct err *e);
/* Runs what is queued, commits, closes. Nobody posts or reads any more; loops that are told "done" still run. */
void store_close(struct store *s);
str store_data_dir(const struct store *s);

/* A unit of writing, embedded in its owner, which stays alive until `done` ran. */
struct write_job {
    struct task task;                                     /* private */
    status (*run)(struct write_job *j, struct db *db);    /* writer thread, inside a transaction */
    void (*undo)(struct write_job *j);                    /* writer thread; may be NULL: takes back what
                                                             run changed in memory, when the commit failed */
    void (*done)(struct write_job *j, status st);         /* on reply_to's thread, after the commit */
    struct loop *reply_to;                                /* NULL: done runs on the writer thread */
    status st;                                            /* private */
    struct store *store;                                  /* private */
};
void store_post(struct store *s, struct write_job *j);

/* The same for blocking threads (workers, commands): returns after the commit. Not on loop threads. */
NODISCARD status store_write(struct store *s, status (*run)(struct db *db, void *ctx), void *ctx);

/* This thread's read connection, opened on first use, closed when the thread ends. Not on loop threads. It
 * sees what was committed before the call. */
struct db *store_reader(struct store *s);

/* Online copy of everything in the data folder that is needed to go on elsewhere (database, not the master
 * key) into the file `path`, consistent while writes go on. */
NODISCARD status store_backup(struct store *s, str path, struct err *e);
/* Puts a backup in place of the data folder's database; the replaced one is kept beside it. The folder must
 * not be in use. */
NODISCARD status store_restore(str data_dir, str path, struct err *e);
/* The same for a database that DATABASE_URL puts elsewhere. */
NODISCARD status store_restore_conf(const struct store_conf *conf, str path, struct err *e);
/* True when the folder's database can be read and written (health). Any blocking thread. */
bool store_is_healthy(struct store *s);

#endif

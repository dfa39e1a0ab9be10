/* Private to store/: the writer thread and its queue. */
#ifndef MAI_STORE_WRITER_H
#define MAI_STORE_WRITER_H

#include "store/driver.h"
#include "store/store.h"

#include <pthread.h>

struct writer {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct task *first; /* queue, under the lock */
    struct task **last;
    size_t queued;
    size_t wake_at; /* the writer sleeps until this many are queued; 0: it does not sleep */
    bool is_closing;
    /* writer thread only */
    struct db *db;
    int64_t max_wait_us;
    int64_t commit_us; /* how long the last commit took */
    size_t last_batch;
};

void writer_start(struct writer *w, struct db *db, int64_t commit_wait_ms);
void writer_post(struct writer *w, struct write_job *j);
bool writer_is_current(const struct writer *w);
/* Runs what is queued, then ends the thread. */
void writer_stop(struct writer *w);

#endif

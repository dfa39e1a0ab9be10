/* Worker threads for blocking work (database reads, password hashing, management calls). A job runs once,
 * whole, on some worker; to answer a loop it posts a task there. */
#ifndef MAI_WORKERS_H
#define MAI_WORKERS_H

#include "io/loop.h"

struct workers;

struct workers *workers_new(const char *name, unsigned threads, size_t max_queued);
/* Runs what is queued, then ends the threads. */
void workers_free(struct workers *w);

/* Queues t; t->run is called on a worker. ST_UNAVAILABLE when max_queued jobs wait already (t is then
 * untouched). Any thread. */
NODISCARD status workers_submit(struct workers *w, struct task *t);
size_t workers_queued(const struct workers *w);
/* Number of this worker inside its pool, 0.. ; only on a worker thread. */
unsigned workers_index(void);

#endif

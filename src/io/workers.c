/* Worker threads; see workers.h. One queue under one lock: jobs are milliseconds, not microseconds,
 * so contention does not matter here. */
#include "io/workers.h"
#include "base/mem.h"
#include "io/threads.h"

#include <stdio.h>

enum { NAME_CAP = 16 };

struct worker {
    struct workers *pool;
    unsigned index;
    pthread_t thread;
};

struct workers {
    pthread_mutex_t lock; /* guards the queue and is_ending */
    pthread_cond_t has_work;
    struct task *first;
    struct task *last;
    size_t queued;
    size_t max_queued;
    bool is_ending;
    unsigned count;
    struct worker *threads;
};

enum { NOT_A_WORKER = ~0 };
static _Thread_local unsigned current_index = (unsigned)NOT_A_WORKER;

/* The next job, or NULL when the pool ends and the queue is empty. */
static struct task *next_job(struct workers *w)
{
    CHECK(pthread_mutex_lock(&w->lock) == 0);
    while (w->first == NULL && !w->is_ending)
        CHECK(pthread_cond_wait(&w->has_work, &w->lock) == 0);
    struct task *t = w->first;
    if (t != NULL) {
        w->first = t->next;
        if (w->first == NULL)
            w->last = NULL;
        w->queued--;
    }
    CHECK(pthread_mutex_unlock(&w->lock) == 0);
    return t;
}

static void *worker_main(void *arg)
{
    struct worker *self = arg;
    current_index = self->index;
    for (struct task *t; (t = next_job(self->pool)) != NULL;)
        t->run(t);
    return NULL;
}

static void worker_start(struct worker *self, const char *name)
{
    char full[NAME_CAP];
    snprintf(full, sizeof full, "%.11s-%u", name, self->index % 1000);
    self->thread = thread_start(full, worker_main, self);
}

struct workers *workers_new(const char *name, unsigned threads, size_t max_queued)
{
    CHECK(threads > 0 && max_queued > 0);
    struct workers *w = NEW(struct workers);
    CHECK(pthread_mutex_init(&w->lock, NULL) == 0);
    CHECK(pthread_cond_init(&w->has_work, NULL) == 0);
    w->max_queued = max_queued;
    w->count = threads;
    w->threads = mem_alloc_array(threads, sizeof *w->threads);
    for (unsigned i = 0; i < threads; i++) {
        w->threads[i] = (struct worker){.pool = w, .index = i};
        worker_start(&w->threads[i], name);
    }
    return w;
}

void workers_free(struct workers *w)
{
    if (w == NULL)
        return;
    CHECK(pthread_mutex_lock(&w->lock) == 0);
    w->is_ending = true;
    CHECK(pthread_cond_broadcast(&w->has_work) == 0);
    CHECK(pthread_mutex_unlock(&w->lock) == 0);
    for (unsigned i = 0; i < w->count; i++)
        CHECK(pthread_join(w->threads[i].thread, NULL) == 0);
    pthread_cond_destroy(&w->has_work);
    pthread_mutex_destroy(&w->lock);
    mem_free(w->threads);
    mem_free(w);
}

static void enqueue(struct workers *w, struct task *t)
{
    t->next = NULL;
    if (w->last != NULL)
        w->last->next = t;
    else
        w->first = t;
    w->last = t;
    w->queued++;
}

status workers_submit(struct workers *w, struct task *t)
{
    CHECK(pthread_mutex_lock(&w->lock) == 0);
    bool has_room = w->queued < w->max_queued;
    if (has_room) {
        enqueue(w, t);
        CHECK(pthread_cond_signal(&w->has_work) == 0);
    }
    CHECK(pthread_mutex_unlock(&w->lock) == 0);
    return has_room ? ST_OK : ST_UNAVAILABLE;
}

size_t workers_queued(const struct workers *w)
{
    struct workers *mutable = (struct workers *)w; /* the lock is no part of the value */
    CHECK(pthread_mutex_lock(&mutable->lock) == 0);
    size_t n = w->queued;
    CHECK(pthread_mutex_unlock(&mutable->lock) == 0);
    return n;
}

unsigned workers_index(void)
{
    CHECK(current_index != (unsigned)NOT_A_WORKER);
    return current_index;
}

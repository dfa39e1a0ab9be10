/* The writer thread: owns every write (S1). It takes all that is queued, runs it in one
 * transaction, a savepoint around each job, commits, and only then says "done" (S2). What went
 * wrong inside one job is rolled back alone (S3); when the transaction itself is lost (disk full,
 * input/output error, a commit that fails) all its jobs are undone, latest first, and told so. Jobs
 * run in the order of posting (S4).
 *
 *     queue --take--> run each in its savepoint --> COMMIT --ok-----> done(ST_OK or the job's own
 * error) | transaction lost          \--failed--> rollback, undo, done(error)
 *                          \------------------------------------^
 *
 * Waiting for companions: while one commit syncs, the next jobs gather by themselves. Only under
 * concurrency (the last batch had company) the writer waits a little more, at most half a commit's
 * time and never longer than the setting, so a lone caller never waits.
 *
 * A sync that fails leaves the engine's frames in an unknown state on the disk: a power cut right
 * then may bring back a batch whose jobs were told an error. Jobs that were told ST_OK are never
 * concerned. */
#include "store/writer.h"
#include "base/clock.h"
#include "base/log.h"
#include "io/threads.h"

#include <errno.h>
#include <time.h>

enum { BATCH_MAX_JOBS = 1024, BATCH_MAX_US = 20000, ENOUGH_COMPANIONS = 256 };

static struct write_job *job_of(struct task *t)
{
    return CONTAINER_OF(t, struct write_job, task);
}

/* ---- queue ---- */

void writer_post(struct writer *w, struct write_job *j)
{
    j->task.next = NULL;
    pthread_mutex_lock(&w->lock);
    CHECK(!w->is_closing);
    *w->last = &j->task;
    w->last = &j->task.next;
    w->queued++;
    bool must_wake = w->queued == w->wake_at;
    pthread_mutex_unlock(&w->lock);
    if (must_wake)
        pthread_cond_signal(&w->changed);
}

static struct timespec in_us(int64_t us)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_nsec += us * 1000;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

static int64_t companion_wait_us(const struct writer *w)
{
    int64_t half = w->commit_us / 2;
    if (w->last_batch < 2)
        return 0;
    return half < w->max_wait_us ? half : w->max_wait_us;
}

/* Under the lock. */
static void wait_for_work(struct writer *w)
{
    w->wake_at = 1;
    while (w->queued == 0 && !w->is_closing)
        pthread_cond_wait(&w->changed, &w->lock);
    w->wake_at = 0;
}

/* Under the lock. */
static void wait_for_companions(struct writer *w)
{
    int64_t wait_us = companion_wait_us(w);
    if (wait_us <= 0)
        return;
    struct timespec deadline = in_us(wait_us);
    int rc = 0;
    w->wake_at = ENOUGH_COMPANIONS;
    while (w->queued < ENOUGH_COMPANIONS && !w->is_closing && rc != ETIMEDOUT)
        rc = pthread_cond_clockwait(&w->changed, &w->lock, CLOCK_MONOTONIC, &deadline);
    w->wake_at = 0;
}

/* All that is queued; NULL when the store closes and nothing is left. */
static struct task *take_queue(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    if (w->queued == 0)
        wait_for_work(w);
    wait_for_companions(w);
    struct task *taken = w->first;
    w->first = NULL;
    w->last = &w->first;
    w->queued = 0;
    pthread_mutex_unlock(&w->lock);
    return taken;
}

/* ---- one batch ---- */

struct batch {
    struct write_job *jobs[BATCH_MAX_JOBS];
    size_t count;
};

static void reply(struct task *t)
{
    struct write_job *j = job_of(t);
    j->done(j, j->st);
}

static void tell(const struct batch *b)
{
    for (size_t i = 0; i < b->count; i++) {
        struct write_job *j = b->jobs[i];
        j->task.run = reply;
        if (j->reply_to != NULL)
            loop_post(j->reply_to, &j->task);
        else
            reply(&j->task);
    }
}

/* The transaction is lost: takes back, latest first, what the jobs that believed they had succeeded
 * changed in memory. */
static void undo_all(const struct batch *b, status why)
{
    for (size_t i = b->count; i-- > 0;) {
        struct write_job *j = b->jobs[i];
        if (j->st != ST_OK)
            continue;
        j->st = why;
        if (j->undo != NULL)
            j->undo(j);
    }
}

/* Runs a job inside its savepoint. False when the whole transaction is lost. */
static bool run_job(struct db *db, struct write_job *j)
{
    j->st = driver_savepoint(db);
    if (j->st != ST_OK)
        return false;
    j->st = j->run(j, db);
    bool has_run = j->st == ST_OK;
    if (has_run && driver_is_in_transaction(db))
        j->st = driver_release(db);
    else if (has_run)
        j->st = ST_STORAGE;
    if (j->st == ST_OK)
        return true;
    if (has_run && j->undo != NULL)
        j->undo(j);
    return driver_is_in_transaction(db) && driver_rollback_savepoint(db) == ST_OK;
}

/* Runs jobs of *queue into the batch. ST_OK, or why the transaction was lost. */
static status fill_batch(struct db *db, struct task **queue, struct batch *b)
{
    int64_t end_us = clock_mono_us() + BATCH_MAX_US;
    while (*queue != NULL && b->count < BATCH_MAX_JOBS) {
        struct write_job *j = job_of(*queue);
        *queue = (*queue)->next;
        b->jobs[b->count++] = j;
        if (!run_job(db, j))
            return j->st;
        if (clock_mono_us() >= end_us)
            break;
    }
    return ST_OK;
}

static status commit_timed(struct writer *w)
{
    int64_t start = clock_mono_us();
    status st = driver_commit(w->db);
    w->commit_us = clock_mono_us() - start;
    return st;
}

/* No transaction could be opened: the next jobs are told so without having run. */
static void refuse_batch(struct task **queue, struct batch *b, status why)
{
    while (*queue != NULL && b->count < BATCH_MAX_JOBS) {
        struct write_job *j = job_of(*queue);
        *queue = (*queue)->next;
        j->st = why;
        b->jobs[b->count++] = j;
    }
}

static void run_batch(struct writer *w, struct task **queue, struct batch *b)
{
    b->count = 0;
    status st = driver_begin(w->db);
    if (st != ST_OK) {
        refuse_batch(queue, b, st);
        tell(b);
        return;
    }
    st = fill_batch(w->db, queue, b);
    if (st == ST_OK)
        st = commit_timed(w);
    if (st != ST_OK) {
        driver_rollback(w->db);
        undo_all(b, st);
        log_error("commit failed", LF_Z("reason", status_name(st)), LF_INT("jobs", b->count));
    }
    w->last_batch = b->count;
    tell(b);
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;
    struct batch batch; /* 8 kB */
    struct task *queue;
    while ((queue = take_queue(w)) != NULL)
        while (queue != NULL)
            run_batch(w, &queue, &batch);
    return NULL;
}

/* ---- life ---- */

void writer_start(struct writer *w, struct db *db, int64_t commit_wait_ms)
{
    *w = (struct writer){.db = db, .max_wait_us = commit_wait_ms * 1000};
    w->last = &w->first;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->changed, NULL);
    w->thread = thread_start("writer", writer_main, w);
}

bool writer_is_current(const struct writer *w)
{
    return pthread_equal(pthread_self(), w->thread) != 0;
}

void writer_stop(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    w->is_closing = true;
    pthread_mutex_unlock(&w->lock);
    pthread_cond_signal(&w->changed);
    pthread_join(w->thread, NULL);
    pthread_mutex_destroy(&w->lock);
    pthread_cond_destroy(&w->changed);
}

/* The store: opens the folder, holds the writer, hands out read connections, answers for its
 * health; see store.h. */
#include "store/store.h"
#include "base/clock.h"
#include "base/mem.h"
#include "store/folder.h"
#include "store/writer.h"

#include <errno.h>
#include <pthread.h>
#include <semaphore.h>

/* A thread's read connection; in the store's list until its thread or the store ends. */
struct reader {
    struct store *store;
    struct db *db;
    struct reader *prev, *next;
};

/* The last writing proof of life, shared by all who ask within its time. */
struct health {
    pthread_mutex_t lock;
    pthread_cond_t answered;
    struct write_job job;
    int64_t answered_us;
    bool is_asking;
    bool is_writable;
};

struct store {
    struct place place;
    struct db *db; /* the writer's */
    struct writer writer;
    pthread_key_t key;
    pthread_mutex_t readers_lock;
    struct reader *readers;
    struct health health;
};

/* ---- readers ---- */

static void reader_unlink(struct reader *r)
{
    pthread_mutex_lock(&r->store->readers_lock);
    if (r->prev != NULL)
        r->prev->next = r->next;
    else
        r->store->readers = r->next;
    if (r->next != NULL)
        r->next->prev = r->prev;
    pthread_mutex_unlock(&r->store->readers_lock);
}

static void reader_free(void *arg)
{
    struct reader *r = arg;
    reader_unlink(r);
    driver_close(r->db);
    mem_free(r);
}

static struct reader *reader_new(struct store *s)
{
    struct reader *r = NEW(struct reader);
    r->store = s;
    pthread_mutex_lock(&s->readers_lock);
    r->next = s->readers;
    if (r->next != NULL)
        r->next->prev = r;
    s->readers = r;
    pthread_mutex_unlock(&s->readers_lock);
    return r;
}

struct db *store_reader(struct store *s)
{
    CHECK(loop_current() == NULL && !writer_is_current(&s->writer));
    struct reader *r = pthread_getspecific(s->key);
    if (r == NULL) {
        r = reader_new(s);
        CHECK(pthread_setspecific(s->key, r) == 0);
        r->db = driver_open_lazily(&s->place, DB_READER);
    }
    return r->db;
}

/* ---- writing ---- */

void store_post(struct store *s, struct write_job *j)
{
    j->store = s;
    writer_post(&s->writer, j);
}

struct blocking_write {
    struct write_job job;
    status (*run)(struct db *db, void *ctx);
    void *ctx;
    status st;
    sem_t is_done;
};

static status run_blocking(struct write_job *j, struct db *db)
{
    struct blocking_write *b = CONTAINER_OF(j, struct blocking_write, job);
    return b->run(db, b->ctx);
}

static void wake_blocked(struct write_job *j, status st)
{
    struct blocking_write *b = CONTAINER_OF(j, struct blocking_write, job);
    b->st = st;
    sem_post(&b->is_done);
}

status store_write(struct store *s, status (*run)(struct db *db, void *ctx), void *ctx)
{
    CHECK(loop_current() == NULL && !writer_is_current(&s->writer));
    struct blocking_write b = {
        .job = {.run = run_blocking, .done = wake_blocked}, .run = run, .ctx = ctx};
    CHECK(sem_init(&b.is_done, 0, 0) == 0);
    store_post(s, &b.job);
    while (sem_wait(&b.is_done) != 0)
        CHECK(errno == EINTR);
    sem_destroy(&b.is_done);
    return b.st;
}

/* ---- health ---- */

enum { PROOF_LASTS_US = 3000000, PROOF_WAIT_S = 5 };

static status health_run(struct write_job *j, struct db *db)
{
    return driver_write_something(db, clock_now_ms());
}

static void health_done(struct write_job *j, status st)
{
    struct health *h = CONTAINER_OF(j, struct health, job);
    pthread_mutex_lock(&h->lock);
    h->is_asking = false;
    h->is_writable = st == ST_OK;
    h->answered_us = clock_mono_us();
    pthread_cond_broadcast(&h->answered);
    pthread_mutex_unlock(&h->lock);
}

/* Under the lock. True when the last answer is fresh enough. */
static bool is_fresh(const struct health *h)
{
    return h->answered_us != 0 && clock_mono_us() - h->answered_us < PROOF_LASTS_US;
}

static bool is_writable(struct store *s)
{
    struct health *h = &s->health;
    struct timespec deadline;
    int rc = 0;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += PROOF_WAIT_S;
    pthread_mutex_lock(&h->lock);
    if (!h->is_asking && !is_fresh(h)) {
        h->is_asking = true;
        store_post(s, &h->job);
    }
    while (h->is_asking && rc != ETIMEDOUT)
        rc = pthread_cond_clockwait(&h->answered, &h->lock, CLOCK_MONOTONIC, &deadline);
    bool is_good = !h->is_asking && h->is_writable;
    pthread_mutex_unlock(&h->lock);
    return is_good;
}

bool store_is_healthy(struct store *s)
{
    return driver_read_something(store_reader(s)) == ST_OK && is_writable(s);
}

/* ---- life ---- */

static void health_start(struct health *h)
{
    pthread_mutex_init(&h->lock, NULL);
    pthread_cond_init(&h->answered, NULL);
    h->job = (struct write_job){.run = health_run, .done = health_done};
}

static status open_database(struct store *s, struct err *e)
{
    status st = driver_migrate(&s->place, e);
    return st == ST_OK ? driver_open(&s->place, DB_WRITER, &s->db, e) : st;
}

status store_open(const struct store_conf *conf, struct store **out, struct err *e)
{
    struct store *s = NEW(struct store);
    status st = place_open(conf, &s->place, e);
    if (st == ST_OK)
        st = open_database(s, e);
    if (st != ST_OK) {
        place_close(&s->place);
        mem_free(s);
        return st;
    }
    CHECK(pthread_key_create(&s->key, reader_free) == 0);
    pthread_mutex_init(&s->readers_lock, NULL);
    health_start(&s->health);
    writer_start(&s->writer, s->db, conf->commit_wait_ms);
    *out = s;
    return ST_OK;
}

void store_close(struct store *s)
{
    writer_stop(&s->writer);
    CHECK(pthread_key_delete(s->key) == 0);
    while (s->readers != NULL)
        reader_free(s->readers);
    driver_close(s->db); /* the last connection: folds the log into the database */
    place_close(&s->place);
    pthread_mutex_destroy(&s->readers_lock);
    pthread_mutex_destroy(&s->health.lock);
    pthread_cond_destroy(&s->health.answered);
    mem_free(s);
}

str store_data_dir(const struct store *s)
{
    return str_c(s->place.folder);
}

/* ---- backup and restore ---- */

status store_backup(struct store *s, str path, struct err *e)
{
    char target[STORE_PATH_CAP];
    if (path.n == 0 || !str_copy_z(path, target, sizeof target))
        return err_set(e, ST_UNPROCESSABLE, "The path of the backup is empty or too long");
    return driver_backup(&s->place, target, e);
}

status store_restore_conf(const struct store_conf *conf, str path, struct err *e)
{
    char source[STORE_PATH_CAP];
    struct place place;
    if (path.n == 0 || !str_copy_z(path, source, sizeof source))
        return err_set(e, ST_UNPROCESSABLE, "The path of the backup is empty or too long");
    status st = place_open(conf, &place, e);
    if (st == ST_OK)
        st = driver_restore(&place, source, e);
    place_close(&place);
    return st;
}

status store_restore(str data_dir, str path, struct err *e)
{
    return store_restore_conf(&(struct store_conf){.data_dir = data_dir}, path, e);
}

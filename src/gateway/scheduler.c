/* The scheduler's thread and its table; see scheduler.h. */
#include "gateway/scheduler.h"
#include "gateway/catalog.h"
#include "gateway/keysync.h"
#include "gateway/settler.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "tenancy/session.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

struct scheduler {
    struct gateway *g;
    struct settler *settler;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool is_stopping;
};

/* ---- jobs ---- */

static void settle(struct scheduler *s)
{
    settler_round(s->settler);
}

static void check_keys(struct scheduler *s)
{
    keysync_round(s->g);
}

static void read_limits(struct scheduler *s)
{
    keysync_limits_round(s->g);
}

static void refresh_models(struct scheduler *s)
{
    if (clock_now_ms() >= catalog_next_refresh_ms(s->g->catalog))
        catalog_refresh(s->g->catalog);
}

static void probe_supplier(struct scheduler *s)
{
    catalog_probe(s->g->catalog);
}

static const struct system_scope why = {"housekeeping"};

static status sweep_run(struct db *db, void *ctx)
{
    (void)ctx;
    return session_sweep(db, why, clock_now_ms());
}

static status forget_run(struct db *db, void *ctx)
{
    return connection_forget_retired(db, why, ctx);
}

static void sweep(struct scheduler *s)
{
    int64_t forgotten = 0;
    status st = store_write(s->g->store, sweep_run, NULL);
    if (st == ST_OK)
        st = store_write(s->g->store, forget_run, &forgotten);
    if (st != ST_OK)
        log_warn("Housekeeping failed", LF_Z("reason", status_text(st)));
    if (forgotten != 0)
        log_info("Retired keys were forgotten", LF_INT("keys", forgotten));
}

static const struct {
    void (*run)(struct scheduler *s);
    int64_t every_ms;
} jobs[] = {
    {refresh_models, 500},
    {probe_supplier, 3000},
    {check_keys, 1000},
    {settle, 500},
    {read_limits, 30 * 1000},
    {sweep, 3600 * 1000},
};

/* ---- thread ---- */

static bool wait_until(struct scheduler *s, int64_t mono_us)
{
    struct timespec at;
    int64_t left_us = mono_us - clock_mono_us();
    clock_gettime(CLOCK_MONOTONIC, &at);
    if (left_us > 0) {
        int64_t ns = at.tv_nsec + left_us % 1000000 * 1000;
        at.tv_sec += left_us / 1000000 + ns / 1000000000;
        at.tv_nsec = ns % 1000000000;
    }
    pthread_mutex_lock(&s->lock);
    while (!s->is_stopping && pthread_cond_timedwait(&s->wake, &s->lock, &at) != ETIMEDOUT)
        ;
    bool goes_on = !s->is_stopping;
    pthread_mutex_unlock(&s->lock);
    return goes_on;
}

static void *run(void *ctx)
{
    struct scheduler *s = ctx;
    int64_t due_us[COUNT_OF(jobs)] = {0};
    int64_t next_us = 0;
    while (wait_until(s, next_us)) {
        next_us = INT64_MAX;
        for (size_t i = 0; i < COUNT_OF(jobs); i++) {
            if (clock_mono_us() >= due_us[i]) {
                jobs[i].run(s);
                due_us[i] = clock_mono_us() + jobs[i].every_ms * 1000;
            }
            if (due_us[i] < next_us)
                next_us = due_us[i];
        }
    }
    return NULL;
}

struct scheduler *scheduler_start(struct gateway *g)
{
    struct scheduler *s = NEW(struct scheduler);
    pthread_condattr_t attr;
    s->g = g;
    s->settler = settler_new(g);
    pthread_mutex_init(&s->lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->wake, &attr);
    pthread_condattr_destroy(&attr);
    CHECK(pthread_create(&s->thread, NULL, run, s) == 0);
    return s;
}

void scheduler_stop(struct scheduler *s)
{
    if (s == NULL)
        return;
    pthread_mutex_lock(&s->lock);
    s->is_stopping = true;
    pthread_cond_broadcast(&s->wake);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    pthread_cond_destroy(&s->wake);
    pthread_mutex_destroy(&s->lock);
    settler_free(s->settler);
    mem_free(s);
}

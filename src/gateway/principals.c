/* Cache of signed-in callers; see principals.h. Entries are keyed by the token's stored hash, so a memory
 * image holds no token. A version number closes the race between a load and a change: what was loaded before
 * a `forget` is used for the request that waited, but not kept. */
#include "gateway/principals.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "tenancy/api_key.h"
#include "tenancy/session.h"

enum {
    KEEP_MS = 60000,         /* then looked up again, whatever the invalidations said */
    KEEP_REFUSAL_MS = 3000,
    MAX_ENTRIES = 20000,
    MAX_TOKEN_BYTES = 256,
};

struct waiter {
    struct waiter *next;
    principals_done *done; /* NULL: abandoned */
    void *ctx;
};

struct entry {
    struct principal *who; /* NULL: refused, or still loading */
    status st;
    char text[160];
    int64_t until_us;
    struct load *load;     /* running, or NULL */
};

struct load {
    struct task task;      /* to the worker, then back to the loop */
    struct principals *owner;
    char token_hash[TOKEN_HEX_CAP];
    char token[MAX_TOKEN_BYTES + 1];
    uint64_t version;
    struct waiter *waiters;
    struct principal *who;
    status st;
    struct err err;
};

struct principals {
    struct gateway *g;
    struct loop *loop;
    struct hash entries;   /* token hash -> struct entry */
    uint64_t version;
};

struct principals *principals_new(struct gateway *g, struct loop *l)
{
    struct principals *p = NEW(struct principals);
    p->g = g;
    p->loop = l;
    return p;
}

static void entry_free(struct entry *e)
{
    principal_unref(e->who);
    mem_free(e);
}

static void drop_all(struct principals *p)
{
    size_t at = 0;
    void *value;
    while (hash_next(&p->entries, &at, NULL, &value))
        entry_free(value); /* a running load finds its entry gone */
    hash_free(&p->entries);
}

void principals_free(struct principals *p)
{
    if (p == NULL)
        return;
    drop_all(p);
    mem_free(p);
}

/* ---- loading ---- */

static void load_free(struct load *l)
{
    for (struct waiter *w = l->waiters; w != NULL;) {
        struct waiter *next = w->next;
        mem_free(w);
        w = next;
    }
    secret_wipe(l->token, sizeof l->token);
    mem_free(l);
}

static void entry_fill(struct entry *e, const struct load *l)
{
    e->load = NULL;
    e->st = l->st;
    e->who = l->who != NULL ? principal_ref(l->who) : NULL;
    (void)str_copy_z(str_c(err_text(&l->err, l->st)), e->text, sizeof e->text);
    bool is_lasting = l->st == ST_OK || l->st == ST_UNAUTHENTICATED || l->st == ST_FORBIDDEN;
    int64_t keep_ms = l->st == ST_OK ? KEEP_MS : is_lasting ? KEEP_REFUSAL_MS : 0;
    e->until_us = clock_mono_us() + keep_ms * 1000;
}

static void load_finish(struct task *t)
{
    struct load *l = CONTAINER_OF(t, struct load, task);
    struct principals *p = l->owner;
    struct entry *e = hash_get(&p->entries, str_c(l->token_hash));
    if (e != NULL && e->load == l) {
        entry_fill(e, l);
        if (l->version != p->version)
            e->until_us = 0;
    }
    for (struct waiter *w = l->waiters; w != NULL; w = w->next)
        if (w->done != NULL)
            w->done(w->ctx, l->st, l->who, str_c(err_text(&l->err, l->st)));
    principal_unref(l->who);
    load_free(l);
}

/* A sign of life, written behind the request; nobody waits for it. */
struct touch {
    struct write_job job;
    struct principal *who;
    int64_t now_ms;
};

static status touch_on_writer(struct write_job *j, struct db *db)
{
    struct touch *t = CONTAINER_OF(j, struct touch, job);
    str id = str_c(t->who->credential_id);
    if (t->who->credential == CREDENTIAL_API_KEY)
        return api_key_touch(db, t->who->scope, id, t->now_ms);
    return session_touch(db, principal_own(t->who), id, t->now_ms);
}

static void touched(struct write_job *j, status st)
{
    struct touch *t = CONTAINER_OF(j, struct touch, job);
    if (st != ST_OK)
        log_debug("A sign of life was not noted", LF_Z("credential", t->who->credential_id));
    principal_unref(t->who);
    mem_free(t);
}

static void touch_if_stale(struct store *store, struct principal *who)
{
    int64_t now_ms = clock_now_ms();
    if (now_ms - who->last_seen_ms < SESSION_TOUCH_MS)
        return;
    struct touch *t = NEW(struct touch);
    *t = (struct touch){.job = {.run = touch_on_writer, .done = touched},
                        .who = principal_ref(who), .now_ms = now_ms};
    store_post(store, &t->job);
}

static void load_on_worker(struct task *t)
{
    struct load *l = CONTAINER_OF(t, struct load, task);
    struct db *db = store_reader(l->owner->g->store);
    l->st = principal_load(db, &l->owner->g->master, str_c(l->token), clock_now_ms(), &l->who, &l->err);
    if (l->st == ST_OK)
        touch_if_stale(l->owner->g->store, l->who);
    t->run = load_finish;
    loop_post(l->owner->loop, t);
}

static void wait_for(struct load *l, principals_done *done, void *ctx)
{
    struct waiter *w = NEW(struct waiter);
    *w = (struct waiter){.next = l->waiters, .done = done, .ctx = ctx};
    l->waiters = w;
}

static struct load *load_start(struct principals *p, str token, str token_hash_hex)
{
    struct load *l = NEW(struct load);
    l->owner = p;
    l->version = p->version;
    l->task.run = load_on_worker;
    (void)str_copy_z(token, l->token, sizeof l->token);
    (void)str_copy_z(token_hash_hex, l->token_hash, sizeof l->token_hash);
    if (workers_submit(p->g->workers, &l->task) == ST_OK)
        return l;
    load_free(l);
    return NULL;
}

void principals_find(struct principals *p, str token, principals_done *done, void *ctx)
{
    char hex[TOKEN_HEX_CAP];
    if (token.n == 0 || token.n > MAX_TOKEN_BYTES) {
        done(ctx, ST_UNAUTHENTICATED, NULL, STR("Not authenticated"));
        return;
    }
    token_hash(token, hex);
    struct entry *e = hash_get(&p->entries, str_c(hex));
    if (e != NULL && e->load == NULL && clock_mono_us() < e->until_us &&
        (e->who == NULL || e->who->expires_ms > clock_now_ms())) {
        done(ctx, e->st, e->who, str_c(e->text));
        return;
    }
    if (e == NULL) {
        if (p->entries.count >= MAX_ENTRIES)
            drop_all(p);
        e = NEW(struct entry);
        hash_set(&p->entries, str_c(hex), e);
    }
    if (e->load == NULL) {
        principal_unref(MAI_TAKE(e->who));
        e->until_us = 0;
        e->load = load_start(p, token, str_c(hex));
    }
    if (e->load != NULL) {
        wait_for(e->load, done, ctx);
        return;
    }
    done(ctx, ST_UNAVAILABLE, NULL, STR("The server is busy, try again in a moment"));
}

void principals_abandon(struct principals *p, void *ctx)
{
    size_t at = 0;
    void *value;
    while (hash_next(&p->entries, &at, NULL, &value)) {
        struct load *l = ((struct entry *)value)->load;
        for (struct waiter *w = l != NULL ? l->waiters : NULL; w != NULL; w = w->next)
            if (w->ctx == ctx)
                w->done = NULL;
    }
}

/* ---- forgetting ---- */

struct forget {
    struct task task;
    struct principals *owner;
    char id[128];
};

static bool carries(const struct principal *who, str id)
{
    return str_eq(str_c(who->credential_id), id) || str_eq(str_c(who->scope.user_id), id) ||
           str_eq(str_c(who->provider.user_id), id) || str_eq(str_c(who->scope.organization_id), id);
}

static void forget_on_loop(struct task *t)
{
    struct forget *f = CONTAINER_OF(t, struct forget, task);
    size_t at = 0;
    void *value;
    f->owner->version++;
    while (hash_next(&f->owner->entries, &at, NULL, &value)) {
        struct entry *e = value;
        if (e->who != NULL && carries(e->who, str_c(f->id)))
            e->until_us = 0;
        if (e->who == NULL)
            e->until_us = 0; /* a refusal may have become wrong */
    }
    mem_free(f);
}

void principals_forget(struct principals *p, str id)
{
    struct forget *f = NEW(struct forget);
    f->owner = p;
    f->task.run = forget_on_loop;
    (void)str_copy_z(id, f->id, sizeof f->id);
    loop_post(p->loop, &f->task);
}

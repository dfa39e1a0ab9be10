/* Key checks and limits, see keysync.h. */
#include "gateway/keysync.h"
#include "gateway/catalog.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "chat/chat.h"
#include "codec/json.h"
#include "tenancy/limits.h"
#include "tenancy/settings.h"

#include <stdio.h>

static const struct system_scope why = {"key sync"};

static str management_key(struct gateway *g, struct arena *a)
{
    str key = STR_NONE;
    status st = provisioning_key_get(store_reader(g->store), why, &g->master, g->conf->provisioning_key, a, &key);
    return st == ST_OK ? key : STR_NONE;
}

static status reload_budgets(struct db *db, void *ctx)
{
    const struct connection_applied *a = ((void **)ctx)[1];
    struct gateway *g = ((void **)ctx)[0];
    status st = budgets_reload(g->budgets, db, str_c(a->organization_id));
    if (st == ST_OK && a->old_organization_id[0] != '\0')
        st = budgets_reload(g->budgets, db, str_c(a->old_organization_id));
    return st == ST_NOT_FOUND ? ST_OK : st;
}

static void tell_pages(struct gateway *g, const struct connection_applied *a)
{
    MAI_AUTO(buf_free) struct buf b;
    char topic[ID_CAP + 8];
    buf_init(&b, 4096);
    struct json_writer w = json_writer(&b);
    jw_object(&w);
    jw_kstr(&w, STR("type"), STR("connection"));
    jw_kstr(&w, STR("state"), key_state_shown(a->state));
    jw_end(&w);
    snprintf(topic, sizeof topic, "org:%s", a->organization_id);
    hub_publish(g->hub, str_c(topic), buf_view(&b));
    if (a->saver_id[0] == '\0')
        return;
    snprintf(topic, sizeof topic, "user:%s", a->saver_id);
    hub_publish(g->hub, str_c(topic), buf_view(&b));
}

static void disable_replaced(struct gateway *g, const struct connection_applied *a)
{
    MAI_AUTO(arena_free) struct arena arena;
    struct openrouter_key key;
    struct err e = {0};
    arena_init(&arena, 1 << 20);
    str management = management_key(g, &arena);
    if (management.p == NULL)
        return;
    struct openrouter_key_change change = {.set_disabled = true, .is_disabled = true};
    status st = openrouter_key_update(g->openrouter, management, str_c(a->replaced_hash), &change, &arena, &key, &e);
    if (st != ST_OK)
        log_warn("A rotated key could not be disabled at OpenRouter", LF_Z("key", a->replaced_hash),
                 LF_Z("reason", err_text(&e, st)));
}

void keysync_applied(struct gateway *g, const struct connection_applied *a)
{
    void *ctx[2] = {g, (void *)(uintptr_t)a};
    status st = store_write(g->store, reload_budgets, ctx);
    if (st != ST_OK)
        log_warn("Budgets could not be read again", LF_Z("organization", a->organization_id));
    tell_pages(g, a); /* before their streams end and come back with other rights */
    gateway_forget(g, str_c(a->organization_id));
    if (a->old_organization_id[0] != '\0')
        gateway_forget(g, str_c(a->old_organization_id));
    if (a->saver_id[0] != '\0')
        gateway_forget(g, str_c(a->saver_id));
    if (a->is_replaced_by_rotation && a->replaced_hash[0] != '\0')
        disable_replaced(g, a);
}

/* ---- checking ---- */

struct apply {
    struct gateway *g;
    struct connection_finding finding;
    struct connection_applied applied;
    struct err err;
};

status keysync_move_chats(struct db *db, const struct connection_applied *a)
{
    if (a->saver_id[0] == '\0' || a->old_organization_id[0] == '\0')
        return ST_OK;
    return chat_move_person(db, why, str_c(a->saver_id), str_c(a->old_organization_id), str_c(a->organization_id));
}

static status apply_run(struct db *db, void *ctx)
{
    struct apply *a = ctx;
    status st = connection_apply(db, why, &a->g->master, &a->finding, &a->applied, &a->err);
    return st == ST_OK ? keysync_move_chats(db, &a->applied) : st;
}

void keysync_check(struct gateway *g, str key_id)
{
    MAI_AUTO(arena_free) struct arena arena;
    struct apply a = {.g = g};
    arena_init(&arena, 1 << 20);
    str management = management_key(g, &arena);
    status st = connection_check(store_reader(g->store), g->openrouter, &g->master, management, key_id, &a.finding);
    if (st == ST_OK && a.finding.verdict != VERDICT_UNREACHABLE)
        catalog_observe(g->catalog, true); /* pages need not wait for the next list of models to hear that it is back */
    if (st == ST_OK)
        st = store_write(g->store, apply_run, &a);
    if (st == ST_OK)
        keysync_applied(g, &a.applied);
    else if (st != ST_NOT_FOUND)
        log_warn("A saved key could not be checked", LF_STR("key", key_id), LF_Z("reason", err_text(&a.err, st)));
}

struct check_later {
    struct task task;
    struct gateway *g;
    char key_id[ID_CAP];
};

static void check_on_caller(struct task *t)
{
    struct check_later *c = CONTAINER_OF(t, struct check_later, task);
    keysync_check(c->g, str_c(c->key_id));
    mem_free(c);
}

void keysync_check_later(struct gateway *g, str key_id)
{
    struct check_later *c = NEW(struct check_later);
    c->g = g;
    c->task.run = check_on_caller;
    (void)str_copy_z(key_id, c->key_id, sizeof c->key_id);
    if (workers_submit(g->callers, &c->task) != ST_OK)
        mem_free(c); /* the scheduler finds it: it is due */
}

void keysync_round(struct gateway *g)
{
    char ids[CONNECTIONS_DUE_MAX][ID_CAP];
    size_t count = 0;
    status st = connection_list_due(store_reader(g->store), why, clock_now_ms(), ids, &count);
    for (size_t i = 0; st == ST_OK && i < count; i++)
        keysync_check(g, str_c(ids[i]));
}

/* ---- limits ---- */

struct limits {
    struct gateway *g;
    struct limits_reading reading;
    struct limits_applied applied;
    struct err err;
};

static status limits_run(struct db *db, void *ctx)
{
    struct limits *l = ctx;
    status st = limits_apply(db, why, &l->reading, &l->applied, &l->err);
    if (st == ST_OK && l->applied.is_changed)
        st = budgets_reload(l->g->budgets, db, str_c(l->reading.organization_id));
    return st;
}

static status pushed_run(struct db *db, void *ctx)
{
    const struct limits *l = ctx;
    return limits_pushed(db, why, str_c(l->reading.organization_id), str_c(l->reading.key_hash), l->applied.limit,
                         l->applied.reset);
}

static void push_limit(struct limits *l, str management)
{
    status st = limits_push(l->g->openrouter, management, str_c(l->reading.key_hash), l->applied.limit,
                            l->applied.reset, &l->err);
    if (st == ST_OK)
        st = store_write(l->g->store, pushed_run, l);
    if (st != ST_OK)
        log_warn("A limit could not be sent to OpenRouter", LF_Z("organization", l->reading.organization_id),
                 LF_Z("reason", err_text(&l->err, st)));
}

static void read_limits(struct gateway *g, const char *organization_id)
{
    MAI_AUTO(arena_free) struct arena arena;
    struct limits l = {.g = g};
    arena_init(&arena, 1 << 20);
    str management = management_key(g, &arena);
    status st = limits_read(store_reader(g->store), why, g->openrouter, &g->master, management,
                            str_c(organization_id), &l.reading, &l.err);
    if (st == ST_OK)
        st = store_write(g->store, limits_run, &l);
    if (st != ST_OK)
        return;
    if (l.applied.is_changed)
        gateway_forget(g, str_c(organization_id));
    if (l.applied.action == LIMIT_PUSH && management.p != NULL)
        push_limit(&l, management);
}

void keysync_limits_round(struct gateway *g)
{
    char ids[LIMITS_DUE_MAX][ID_CAP];
    size_t count = 0;
    status st = limits_list_due(store_reader(g->store), why, clock_now_ms(), ids, &count);
    for (size_t i = 0; st == ST_OK && i < count; i++)
        read_limits(g, ids[i]);
}

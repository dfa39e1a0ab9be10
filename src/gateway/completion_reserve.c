/* Reserving the worst case and writing the row `open`, in one job on the writer thread; see completion.h. */
#include "gateway/completion_private.h"
#include "base/clock.h"
#include "base/log.h"
#include "tenancy/limits.h"
#include "tenancy/organization.h"
#include "tenancy/settings.h"

/* ---- on the writer thread: c is ours until `done`, the loop touches only is_left ---- */

/* Raw dollars that a billed room can pay. */
static pico raw_room(pico left, markup m)
{
    if (m.ppm <= 0)
        return PICO_MAX;
    __int128 raw = (__int128)left.v * 1000000 / m.ppm;
    return raw > INT64_MAX ? PICO_MAX : PICO((int64_t)raw);
}

static int64_t choose_max_tokens(const struct completion *c, const struct budget_room *room)
{
    int64_t affordable, wanted = plan_default_max_tokens(c->model);
    if (c->req.kind == CALL_EMBEDDING)
        return 0;
    if (c->plan.has_max_tokens)
        return c->plan.bounds.max_tokens;
    if (!room->has_limit || c->model == NULL)
        return wanted;
    pico raw = raw_room(room->left, c->who->markup);
    if (pricing_affordable_tokens(c->model, &c->plan.bounds, raw, &affordable) != ST_OK)
        return wanted;
    int64_t least = wanted < LEAST_MAX_TOKENS ? wanted : LEAST_MAX_TOKENS;
    int64_t tokens = affordable < wanted ? affordable : wanted;
    return tokens > least ? tokens : least; /* under the least: the budget refuses it in its own words */
}

static status worst_case(struct completion *c, const struct budget_room *room, pico *billed_out)
{
    struct request_bounds bounds = c->plan.bounds;
    pico raw;
    c->max_tokens = choose_max_tokens(c, room);
    bounds.max_tokens = c->max_tokens;
    status st = c->model != NULL ? pricing_worst_case(c->model, &bounds, &raw) : ST_UNPROCESSABLE;
    if (st == ST_OK)
        st = markup_apply(raw, c->who->markup, billed_out);
    if (st == ST_OK)
        return ST_OK;
    if (!room->has_limit) {
        *billed_out = PICO(0); /* nothing to hold against */
        return ST_OK;
    }
    return err_set(&c->err, ST_FORBIDDEN,
                   "The price of %.*s is not known, and your organization has a spending limit: please "
                   "choose another model", STR_ARG(c->plan.model));
}

static status reserve_on_writer(struct write_job *j, struct db *db)
{
    struct completion *c = CONTAINER_OF(j, struct completion, job);
    struct budget_room room;
    int64_t now_ms = clock_now_ms();
    c->err.text[0] = '\0';
    status st = budgets_room(c->g->budgets, db, &c->who->scope, now_ms, &room);
    if (st == ST_OK)
        st = worst_case(c, &room, &c->reserved);
    if (st != ST_OK)
        return st;
    c->is_capped = room.has_limit;
    c->open = (struct generation_open){
        .id = str_c(c->id),
        .scope = c->who->scope,
        .api_key_id = c->who->credential == CREDENTIAL_API_KEY ? str_c(c->who->credential_id) : STR_NONE,
        .key_hash = str_c(c->who->key_hash),
        .chat_id = c->req.chat_id,
        .purpose = c->req.purpose,
        .model = c->plan.model,
        .is_stream = c->is_stream,
        .markup = c->who->markup,
        .reserved = c->reserved,
        .now_ms = now_ms,
    };
    return generation_begin(c->g->budgets, db, &c->open, &c->resets_ms, &c->err);
}

static void reserve_undo(struct write_job *j)
{
    struct completion *c = CONTAINER_OF(j, struct completion, job);
    generation_begin_undo(c->g->budgets, &c->open);
}

/* ---- back on the loop ---- */

static void reserved(struct write_job *j, status st)
{
    struct completion *c = CONTAINER_OF(j, struct completion, job);
    c->is_busy = false;
    if (st == ST_PAYMENT && !c->did_refresh && !c->is_left) {
        completion_go(c, STEP_REFRESH_LIMIT);
        return;
    }
    if (st != ST_OK) {
        completion_fail(c, st, err_text(&c->err, st));
        return;
    }
    c->is_recorded = true;
    if (c->is_left) {
        c->upstream_st = ST_CANCELLED; /* nothing was sent */
        completion_go(c, STEP_SETTLE);
        return;
    }
    completion_go(c, STEP_SEND);
}

void completion_reserve(struct completion *c)
{
    c->job = (struct write_job){
        .run = reserve_on_writer, .undo = reserve_undo, .done = reserved, .reply_to = c->loop};
    c->is_busy = true;
    store_post(c->g->store, &c->job);
}

/* ---- before a refusal: the provider may have raised the limit in OpenRouter's dashboard ---- */

enum { REFRESH_EVERY_MS = 10 * 1000 };

struct refresh {
    struct gateway *g;
    struct limits_reading reading;
    struct limits_applied applied;
    struct err err;
};

static status apply_reading(struct db *db, void *ctx)
{
    struct refresh *r = ctx;
    struct system_scope why = {"limit read back before a refusal"};
    status st = limits_apply(db, why, &r->reading, &r->applied, &r->err);
    if (st != ST_OK || !r->applied.is_changed)
        return st;
    return budgets_reload(r->g->budgets, db, str_c(r->reading.organization_id));
}

/* Refusals come in storms: the supplier is asked once in a while, and not while it is away. */
static bool is_worth_asking(struct completion *c, struct db *db, struct arena *a)
{
    struct organization o;
    int64_t since_ms;
    if (catalog_supplier(c->g->catalog, &since_ms) == SUPPLIER_AWAY)
        return false;
    return organization_own_read(db, c->who->scope, a, &o, NULL) == ST_OK &&
           clock_now_ms() - o.openrouter_limit_seen_ms >= REFRESH_EVERY_MS;
}

static void refresh_on_caller(struct task *t)
{
    struct completion *c = CONTAINER_OF(t, struct completion, task);
    struct gateway *g = c->g;
    struct system_scope why = {"limit read back before a refusal"};
    struct refresh r = {.g = g};
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, 1 << 20);
    str management = STR_NONE;
    struct db *db = store_reader(g->store);
    status st = is_worth_asking(c, db, &a) ? ST_OK : ST_PAYMENT;
    if (st == ST_OK && provisioning_key_get(db, why, &g->master, g->conf->provisioning_key, &a, &management) != ST_OK)
        management = STR_NONE;
    if (st == ST_OK)
        st = limits_read(db, why, g->openrouter, &g->master, management, str_c(c->who->scope.organization_id),
                         &r.reading, &r.err);
    if (st == ST_OK)
        st = store_write(g->store, apply_reading, &r);
    c->job_st = st == ST_OK && r.applied.is_changed ? ST_OK : ST_PAYMENT;
    if (management.p != NULL)
        secret_wipe((char *)(uintptr_t)management.p, management.n);
    loop_post(c->loop, t);
}

static void refreshed(struct task *t)
{
    struct completion *c = CONTAINER_OF(t, struct completion, task);
    c->is_busy = false;
    if (c->job_st == ST_OK)
        completion_go(c, STEP_RESERVE);
    else
        completion_fail(c, ST_PAYMENT, err_text(&c->err, ST_PAYMENT));
}

static void refresh_then_back(struct task *t)
{
    t->run = refreshed;
    refresh_on_caller(t);
}

void completion_refresh_limit(struct completion *c)
{
    c->did_refresh = true;
    c->task.run = refresh_then_back;
    if (workers_submit(c->g->callers, &c->task) == ST_OK)
        c->is_busy = true;
    else
        completion_fail(c, ST_PAYMENT, err_text(&c->err, ST_PAYMENT));
}

/* Settling what ended without its truth; see settler.h and design 4.7.
 *
 *   pending, id known    GET /generation until it answers
 *   pending, no id       look for a call of that key, person, model and moment that no row has; then as above
 *   24 h without truth   delivered tokens at list price (`estimate`), or failed with cost 0 when nothing came
 *   estimate             asked once a day; the truth becomes a correction */
#include "gateway/settler.h"
#include "gateway/catalog.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "openrouter/pricing.h"
#include "tenancy/connection.h"
#include "tenancy/learning.h"
#include "tenancy/settings.h"

#include <stdio.h>

enum {
    ROWS_A_ROUND = 16,
    SEARCH_SLACK_MS = 5000,            /* clocks differ */
    SEARCH_AFTER_MS = 10 * 60 * 1000,  /* a call ends at most so long after it began, for the search */
    SEARCH_AGE_MS = 3000,              /* before that, the call may still be on its way to an id */
    LEARN_RETRY_FIRST_MS = 1000,
    LEARN_RETRY_MOST_MS = 5 * 60 * 1000,
};

struct settler {
    struct gateway *g;
    int64_t learn_not_before_ms;
    int64_t learn_retry_ms;
};

struct settler *settler_new(struct gateway *g)
{
    struct settler *s = NEW(struct settler);
    s->g = g;
    s->learn_retry_ms = LEARN_RETRY_FIRST_MS;
    return s;
}

void settler_free(struct settler *s)
{
    mem_free(s);
}

void settler_announce(struct gateway *g, const struct generation_settled *s)
{
    char topic[ID_CAP + 8];
    str event = STR("{\"type\":\"usage\"}");
    if (!s->was_changed)
        return;
    snprintf(topic, sizeof topic, "org:%s", s->organization_id);
    hub_publish(g->hub, str_c(topic), event);
    snprintf(topic, sizeof topic, "own:%s", s->user_id);
    hub_publish(g->hub, str_c(topic), event);
    hub_publish(g->hub, STR("provider"), event);
}

/* ---- keys to ask with ---- */

static const struct system_scope why = {"settling"};

static str management_key(struct gateway *g, struct arena *a)
{
    str key = STR_NONE;
    if (provisioning_key_get(store_reader(g->store), why, &g->master, g->conf->provisioning_key, a, &key) != ST_OK)
        return STR_NONE;
    return key;
}

/* The key the call was made with, else the management key. */
static str asking_key(struct gateway *g, const char *organization_id, const char *hash, struct arena *a)
{
    str key;
    status st = connection_key_text(store_reader(g->store), why, &g->master, str_c(organization_id), str_c(hash),
                                    a, &key);
    return st == ST_OK ? key : management_key(g, a);
}

static status ask(struct gateway *g, const char *organization_id, const char *hash, const char *generation_id,
                  struct arena *a, struct openrouter_generation *out)
{
    struct err e = {0};
    str key = asking_key(g, organization_id, hash, a);
    if (key.p == NULL)
        return ST_NOT_FOUND;
    status st = openrouter_generation(g->openrouter, key, str_c(generation_id), a, out, &e);
    secret_wipe((char *)(uintptr_t)key.p, key.n);
    if (st != ST_OK)
        log_debug("The record of a call is not there yet", LF_Z("generation", generation_id),
                  LF_Z("reason", err_text(&e, st)));
    return st;
}

/* ---- write jobs ---- */

struct settle {
    struct gateway *g;
    struct generation_result result;
    struct generation_settled settled;
    bool is_correction;
};

static status settle_run(struct db *db, void *ctx)
{
    struct settle *s = ctx;
    return s->is_correction ? generation_correct(s->g->budgets, db, &s->result, &s->settled)
                            : generation_settle(s->g->budgets, db, &s->result, &s->settled);
}

static void settle_write(struct settle *s)
{
    status st = store_write(s->g->store, settle_run, s);
    if (st == ST_OK) {
        settler_announce(s->g, &s->settled);
        return;
    }
    log_warn("A call could not be settled", LF_STR("row", s->result.id), LF_Z("reason", status_text(st)));
}

struct identify {
    const char *id;
    str generation_id;
};

static status identify_run(struct db *db, void *ctx)
{
    const struct identify *i = ctx;
    return generation_identify(db, str_c(i->id), i->generation_id);
}

static status postpone_run(struct db *db, void *ctx)
{
    return generation_postpone(db, str_c(ctx), clock_now_ms());
}

static void postpone(struct gateway *g, struct generation_due *d)
{
    status st = store_write(g->store, postpone_run, d->id);
    if (st != ST_OK)
        log_warn("A pending call could not be postponed", LF_Z("row", d->id), LF_Z("reason", status_text(st)));
}

/* ---- a call whose id never reached us ---- */

static bool matches(const struct generation_due *d, const struct openrouter_generation *found)
{
    int64_t at_ms;
    if (iso_to_ms(found->created_at, &at_ms) != ST_OK)
        return false;
    bool is_then = at_ms >= d->created_ms - SEARCH_SLACK_MS && at_ms <= d->created_ms + SEARCH_AFTER_MS;
    bool is_theirs = found->external_user.p == NULL || str_eq(found->external_user, str_c(d->external_user));
    /* the served model may be a dated name: the part before the date decides */
    str asked = str_c(d->model);
    bool is_model = str_eq(found->model, asked) || str_starts(found->model, asked);
    return is_then && is_theirs && is_model;
}

/* Gives the row the id of the first call that fits and that no other row has. */
static bool search_id(struct gateway *g, struct generation_due *d, struct arena *a)
{
    struct openrouter_found_call *calls;
    struct openrouter_generation found;
    size_t count;
    str key = management_key(g, a);
    if (key.p == NULL || clock_now_ms() - d->created_ms < SEARCH_AGE_MS)
        return false;
    status st = openrouter_find_calls(g->openrouter, key, str_c(d->key_hash), d->created_ms - SEARCH_SLACK_MS,
                                      d->created_ms + SEARCH_AFTER_MS, a, &calls, &count, NULL);
    for (size_t i = 0; st == ST_OK && i < count; i++) {
        if (openrouter_generation(g->openrouter, key, calls[i].generation_id, a, &found, NULL) != ST_OK ||
            !matches(d, &found))
            continue;
        struct identify id = {d->id, found.id};
        if (store_write(g->store, identify_run, &id) != ST_OK)
            continue; /* another row has it */
        return str_copy_z(found.id, d->generation_id, sizeof d->generation_id);
    }
    return false;
}

/* ---- truth and its absence ---- */

static pico whole_cost(const struct openrouter_generation *t)
{
    pico sum;
    return t->is_byok && pico_add(t->total_cost, t->upstream_cost, &sum) == ST_OK ? sum : t->total_cost;
}

static void settle_with_truth(struct gateway *g, const struct generation_due *d,
                              const struct openrouter_generation *t, bool is_correction)
{
    char cost_text[PICO_TEXT_CAP];
    pico cost = whole_cost(t);
    struct settle s = {.g = g, .is_correction = is_correction};
    s.result = (struct generation_result){
        .id = str_c(d->id),
        .state = t->is_cancelled ? GENERATION_CANCELLED : GENERATION_SETTLED,
        .generation_id = t->id,
        .served_model = t->model,
        .provider = t->provider,
        .has_tokens = true,
        .prompt_tokens = t->prompt_tokens,
        .completion_tokens = t->completion_tokens,
        .has_cost = true,
        .cost = cost,
        .cost_text = pico_text(cost, cost_text),
        .source = STR("generation"),
        .usage_json = t->raw,
        .now_ms = clock_now_ms(),
    };
    settle_write(&s);
}

static status list_price(struct gateway *g, const struct generation_due *d, int64_t tokens, pico *out)
{
    struct models *m = catalog_models(g->catalog);
    const struct model *model = m != NULL ? models_find(m, str_c(d->model)) : NULL;
    int64_t prompt = d->has_tokens ? d->prompt_tokens : 0;
    int64_t completion = d->has_tokens ? d->completion_tokens : tokens;
    status st = model != NULL ? pricing_estimate(model, prompt, completion, out) : ST_NOT_FOUND;
    models_unref(m);
    return st;
}

static void settle_without_truth(struct gateway *g, const struct generation_due *d)
{
    struct settle s = {.g = g};
    bool has_output = d->has_tokens || d->delivered_tokens > 0;
    pico cost = PICO(0);
    if (has_output && list_price(g, d, d->delivered_tokens, &cost) != ST_OK) {
        log_warn("A call has neither a record nor a known price; it stays pending", LF_Z("row", d->id));
        return;
    }
    s.result = (struct generation_result){
        .id = str_c(d->id),
        .state = has_output ? GENERATION_ESTIMATED : GENERATION_FAILED,
        .has_tokens = has_output,
        .prompt_tokens = d->prompt_tokens,
        .completion_tokens = d->has_tokens ? d->completion_tokens : d->delivered_tokens,
        .has_cost = true,
        .cost = cost,
        .source = has_output ? STR("estimate") : STR("none"),
        .error = STR("no record at OpenRouter after 24 hours"),
        .now_ms = clock_now_ms(),
    };
    settle_write(&s);
}

static void settle_due(struct gateway *g, struct generation_due *d)
{
    MAI_AUTO(arena_free) struct arena a;
    struct openrouter_generation truth;
    arena_init(&a, 8 << 20);
    bool has_id = d->generation_id[0] != '\0' || search_id(g, d, &a);
    if (has_id && ask(g, d->organization_id, d->key_hash, d->generation_id, &a, &truth) == ST_OK) {
        settle_with_truth(g, d, &truth, false);
        return;
    }
    postpone(g, d);
    if (clock_now_ms() - d->created_ms >= MS_PER_DAY)
        settle_without_truth(g, d);
}

static void settle_pending(struct gateway *g)
{
    struct generation_due due[ROWS_A_ROUND];
    size_t count = 0;
    status st = generation_list_due(store_reader(g->store), why, clock_now_ms(), ROWS_A_ROUND, due, &count);
    for (size_t i = 0; st == ST_OK && i < count; i++)
        settle_due(g, &due[i]);
}

static void correct_estimates(struct gateway *g)
{
    struct generation_due due[ROWS_A_ROUND];
    size_t count = 0;
    status st = generation_list_estimated(store_reader(g->store), why, clock_now_ms(), ROWS_A_ROUND, due, &count);
    for (size_t i = 0; st == ST_OK && i < count; i++) {
        MAI_AUTO(arena_free) struct arena a;
        struct openrouter_generation truth;
        arena_init(&a, 8 << 20);
        bool is_known = due[i].generation_id[0] != '\0' &&
                        ask(g, due[i].organization_id, due[i].key_hash, due[i].generation_id, &a, &truth) == ST_OK;
        if (is_known)
            settle_with_truth(g, &due[i], &truth, true);
        else
            postpone(g, &due[i]);
    }
}

/* ---- learning ---- */

struct learn {
    const char *user_id;
    str reported;
    bool is_learned;
};

static status learn_run(struct db *db, void *ctx)
{
    struct learn *l = ctx;
    return learning_apply(db, why, str_c(l->user_id), l->reported, clock_now_ms(), &l->is_learned);
}

/* False when the record could not be read yet. */
static bool learn_one(struct gateway *g, const struct learning_due *d)
{
    MAI_AUTO(arena_free) struct arena a;
    struct openrouter_generation record;
    arena_init(&a, 8 << 20);
    if (ask(g, d->organization_id, d->key_hash, d->generation_id, &a, &record) != ST_OK)
        return false;
    struct learn l = {.user_id = d->user_id, .reported = record.external_user};
    return store_write(g->store, learn_run, &l) == ST_OK;
}

static void learn_people(struct settler *s)
{
    struct learning_due due[ROWS_A_ROUND];
    size_t count = 0;
    int64_t now_ms = clock_now_ms();
    bool is_complete = true;
    if (now_ms < s->learn_not_before_ms)
        return;
    status st = learning_list_due(store_reader(s->g->store), why, now_ms, ROWS_A_ROUND, due, &count);
    for (size_t i = 0; st == ST_OK && i < count; i++)
        is_complete = learn_one(s->g, &due[i]) && is_complete;
    if (is_complete) {
        s->learn_retry_ms = LEARN_RETRY_FIRST_MS;
        return;
    }
    s->learn_not_before_ms = now_ms + s->learn_retry_ms;
    s->learn_retry_ms = s->learn_retry_ms * 2 < LEARN_RETRY_MOST_MS ? s->learn_retry_ms * 2 : LEARN_RETRY_MOST_MS;
}

void settler_round(struct settler *s)
{
    settle_pending(s->g);
    correct_estimates(s->g);
    learn_people(s);
}

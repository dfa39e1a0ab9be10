/* The record of GET /generation as usage; see usage.h. */
#include "openrouter/members.h"
#include "openrouter/usage.h"

struct record_ctx {
    struct usage_record *out;
    struct usage *usage;
    struct arena *arena;
    bool has_total;
};

static void read_text(struct record_ctx *c, struct json v, str *out)
{
    str text;
    if (json_string(v, c->arena, &text) == ST_OK && text.n != 0)
        *out = text;
}

static void on_id(void *ctx, struct json v)
{
    struct record_ctx *c = ctx;
    read_text(c, v, &c->out->event.id);
}

static void on_model(void *ctx, struct json v)
{
    struct record_ctx *c = ctx;
    read_text(c, v, &c->out->event.model);
}

static void on_provider(void *ctx, struct json v)
{
    struct record_ctx *c = ctx;
    read_text(c, v, &c->out->event.provider);
}

static void on_finish_reason(void *ctx, struct json v)
{
    struct record_ctx *c = ctx;
    read_text(c, v, &c->out->event.finish_reason);
}

static void on_external_user(void *ctx, struct json v)
{
    struct record_ctx *c = ctx;
    read_text(c, v, &c->out->external_user);
}

static void on_created_at(void *ctx, struct json v)
{
    struct record_ctx *c = ctx;
    read_text(c, v, &c->out->created_at);
}

static void on_cancelled(void *ctx, struct json v)
{
    ((struct record_ctx *)ctx)->out->is_cancelled = json_is_true(v);
}

static void set_cost(struct usage *u, struct json v)
{
    pico cost;
    u->cost_state = v.type == JSON_NULL ? USAGE_COST_NULL : USAGE_COST_BROKEN;
    if (v.type != JSON_NUMBER || pico_parse(v.raw, &cost) != ST_OK || cost.v < 0)
        return;
    u->cost_state = USAGE_COST_KNOWN;
    u->cost = cost;
    u->cost_text = v.raw;
}

static void on_total_cost(void *ctx, struct json v)
{
    struct record_ctx *c = ctx;
    c->has_total = true;
    set_cost(c->usage, v);
}

/* The same amount under another name; total_cost wins when both are there. */
static void on_usage(void *ctx, struct json v)
{
    struct record_ctx *c = ctx;
    if (!c->has_total)
        set_cost(c->usage, v);
}

static void on_is_byok(void *ctx, struct json v)
{
    ((struct record_ctx *)ctx)->usage->is_byok = json_is_true(v);
}

static void on_upstream_cost(void *ctx, struct json v)
{
    struct usage *u = ((struct record_ctx *)ctx)->usage;
    pico cost;
    if (v.type == JSON_NULL)
        return;
    u->has_upstream_cost =
        v.type == JSON_NUMBER && pico_parse(v.raw, &cost) == ST_OK && cost.v >= 0;
    if (u->has_upstream_cost)
        u->upstream_cost = cost;
}

static void on_prompt_tokens(void *ctx, struct json v)
{
    struct usage *u = ((struct record_ctx *)ctx)->usage;
    u->has_tokens |= members_count(v, &u->prompt_tokens);
}

static void on_completion_tokens(void *ctx, struct json v)
{
    members_count(v, &((struct record_ctx *)ctx)->usage->completion_tokens);
}

static void on_reasoning_tokens(void *ctx, struct json v)
{
    members_count(v, &((struct record_ctx *)ctx)->usage->reasoning_tokens);
}

static void on_cached_tokens(void *ctx, struct json v)
{
    members_count(v, &((struct record_ctx *)ctx)->usage->cached_tokens);
}

static const struct member_row rows[] = {
    {STR_INIT("id"), on_id},
    {STR_INIT("model"), on_model},
    {STR_INIT("provider_name"), on_provider},
    {STR_INIT("finish_reason"), on_finish_reason},
    {STR_INIT("external_user"), on_external_user},
    {STR_INIT("created_at"), on_created_at},
    {STR_INIT("cancelled"), on_cancelled},
    {STR_INIT("total_cost"), on_total_cost},
    {STR_INIT("usage"), on_usage},
    {STR_INIT("is_byok"), on_is_byok},
    {STR_INIT("upstream_inference_cost"), on_upstream_cost},
    {STR_INIT("native_tokens_prompt"), on_prompt_tokens},
    {STR_INIT("native_tokens_completion"), on_completion_tokens},
    {STR_INIT("native_tokens_reasoning"), on_reasoning_tokens},
    {STR_INIT("native_tokens_cached"), on_cached_tokens},
};

void usage_read_record(struct json data, struct arena *a, struct usage_record *out)
{
    *out = (struct usage_record){0};
    if (data.type != JSON_OBJECT)
        return;
    struct usage *u = &out->event.usage;
    /* Until the record says otherwise the upstream cost is 0: no truer record exists. */
    *u = (struct usage){.is_present = true, .raw = data.raw, .has_upstream_cost = true};
    struct record_ctx c = {.out = out, .usage = u, .arena = a};
    members_read(data, MEMBERS(rows), &c);
    u->total_tokens = u->completion_tokens <= INT64_MAX - u->prompt_tokens
                          ? u->prompt_tokens + u->completion_tokens
                          : INT64_MAX;
}

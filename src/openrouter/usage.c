/* Reading and rewriting usage; see usage.h.
 *
 * Invariants (the unit tests name the number):
 *   U1  cost_state is KNOWN only for a number that was there, is not negative and fits.
 *   U2  The upstream cost is added to the cost only when is_byok is true. */
#include "openrouter/usage.h"
#include "openrouter/members.h"

/* ---- the usage object ---- */

static void on_prompt_tokens(void *ctx, struct json v)
{
    struct usage *u = ctx;
    u->has_tokens |= members_count(v, &u->prompt_tokens);
}

static void on_completion_tokens(void *ctx, struct json v)
{
    members_count(v, &((struct usage *)ctx)->completion_tokens);
}

static void on_total_tokens(void *ctx, struct json v)
{
    members_count(v, &((struct usage *)ctx)->total_tokens);
}

static void on_cost(void *ctx, struct json v)
{
    struct usage *u = ctx;
    pico cost;
    u->cost_state = v.type == JSON_NULL ? USAGE_COST_NULL : USAGE_COST_BROKEN;
    if (v.type != JSON_NUMBER || pico_parse(v.raw, &cost) != ST_OK || cost.v < 0)
        return;
    u->cost_state = USAGE_COST_KNOWN;
    u->cost = cost;
    u->cost_text = v.raw;
}

static void on_is_byok(void *ctx, struct json v)
{
    ((struct usage *)ctx)->is_byok = json_is_true(v);
}

static void on_upstream_cost(void *ctx, struct json v)
{
    struct usage *u = ctx;
    pico cost;
    u->has_upstream_cost =
        v.type == JSON_NUMBER && pico_parse(v.raw, &cost) == ST_OK && cost.v >= 0;
    if (u->has_upstream_cost)
        u->upstream_cost = cost;
}

static void on_cost_details(void *ctx, struct json v)
{
    static const struct member_row rows[] = {
        {STR_INIT("upstream_inference_cost"), on_upstream_cost}};
    members_read(v, MEMBERS(rows), ctx);
}

static void on_cached_tokens(void *ctx, struct json v)
{
    members_count(v, &((struct usage *)ctx)->cached_tokens);
}

static void on_prompt_details(void *ctx, struct json v)
{
    static const struct member_row rows[] = {{STR_INIT("cached_tokens"), on_cached_tokens}};
    members_read(v, MEMBERS(rows), ctx);
}

static void on_reasoning_tokens(void *ctx, struct json v)
{
    members_count(v, &((struct usage *)ctx)->reasoning_tokens);
}

static void on_completion_details(void *ctx, struct json v)
{
    static const struct member_row rows[] = {{STR_INIT("reasoning_tokens"), on_reasoning_tokens}};
    members_read(v, MEMBERS(rows), ctx);
}

static const struct member_row usage_rows[] = {
    {STR_INIT("prompt_tokens"), on_prompt_tokens},
    {STR_INIT("completion_tokens"), on_completion_tokens},
    {STR_INIT("total_tokens"), on_total_tokens},
    {STR_INIT("cost"), on_cost},
    {STR_INIT("is_byok"), on_is_byok},
    {STR_INIT("cost_details"), on_cost_details},
    {STR_INIT("prompt_tokens_details"), on_prompt_details},
    {STR_INIT("completion_tokens_details"), on_completion_details},
};

/* ---- an event or a plain answer ---- */

struct event_ctx {
    struct usage_event *out;
    struct arena *arena;
};

static void read_text(struct event_ctx *c, struct json v, str *out)
{
    str text;
    if (json_string(v, c->arena, &text) == ST_OK && text.n != 0)
        *out = text;
}

static void on_id(void *ctx, struct json v)
{
    struct event_ctx *c = ctx;
    read_text(c, v, &c->out->id);
}

static void on_model(void *ctx, struct json v)
{
    struct event_ctx *c = ctx;
    read_text(c, v, &c->out->model);
}

static void on_provider(void *ctx, struct json v)
{
    struct event_ctx *c = ctx;
    read_text(c, v, &c->out->provider);
}

static void on_usage(void *ctx, struct json v)
{
    struct event_ctx *c = ctx;
    if (v.type != JSON_OBJECT)
        return;
    c->out->usage = (struct usage){.is_present = true, .raw = v.raw};
    members_read(v, MEMBERS(usage_rows), &c->out->usage);
}

static void on_error_code(void *ctx, struct json v)
{
    struct event_ctx *c = ctx;
    str digits;
    if (json_i64(v, &c->out->error_code) == ST_OK || json_string(v, c->arena, &digits) != ST_OK)
        return;
    if (str_to_i64(digits, &c->out->error_code) != ST_OK)
        c->out->error_code = 0;
}

static void on_error_message(void *ctx, struct json v)
{
    struct event_ctx *c = ctx;
    read_text(c, v, &c->out->error_message);
}

static void on_error(void *ctx, struct json v)
{
    static const struct member_row rows[] = {
        {STR_INIT("code"), on_error_code},
        {STR_INIT("message"), on_error_message},
    };
    struct event_ctx *c = ctx;
    if (v.type == JSON_NULL || (v.type == JSON_BOOL && !json_is_true(v)))
        return;
    c->out->has_error = true;
    read_text(c, v, &c->out->error_message); /* some suppliers send only text */
    members_read(v, MEMBERS(rows), c);
}

/* Something that came out of the model: not null, not "", not []. */
static void count_output(struct event_ctx *c, struct json v)
{
    if (v.type == JSON_NULL || v.raw.n <= 2)
        return;
    c->out->has_delta = true;
    c->out->delta_bytes += v.raw.n;
}

static void on_content(void *ctx, struct json v)
{
    struct event_ctx *c = ctx;
    count_output(c, v);
    if (v.type != JSON_NULL)
        c->out->content = v;
}

static void on_reasoning(void *ctx, struct json v)
{
    struct event_ctx *c = ctx;
    count_output(c, v);
    if (v.type != JSON_NULL)
        c->out->reasoning = v;
}

/* Often the reasoning once more, or encrypted: a sign of output, but no measure of it. */
static void on_reasoning_details(void *ctx, struct json v)
{
    struct event_ctx *c = ctx;
    c->out->has_delta |= v.type == JSON_ARRAY && v.raw.n > 2;
}

static void on_output(void *ctx, struct json v)
{
    count_output(ctx, v);
}

static void on_message(void *ctx, struct json v)
{
    static const struct member_row rows[] = {
        {STR_INIT("content"), on_content},
        {STR_INIT("reasoning"), on_reasoning},
        {STR_INIT("reasoning_details"), on_reasoning_details},
        {STR_INIT("tool_calls"), on_output},
        {STR_INIT("refusal"), on_output},
        {STR_INIT("images"), on_output},
        {STR_INIT("audio"), on_output},
    };
    members_read(v, MEMBERS(rows), ctx);
}

static void on_finish_reason(void *ctx, struct json v)
{
    struct event_ctx *c = ctx;
    read_text(c, v, &c->out->finish_reason);
}

static void on_choices(void *ctx, struct json v)
{
    static const struct member_row rows[] = {
        {STR_INIT("delta"), on_message}, {STR_INIT("message"), on_message},
        {STR_INIT("text"), on_content},  {STR_INIT("finish_reason"), on_finish_reason},
        {STR_INIT("error"), on_error},
    };
    struct json_iter it = json_iter(v);
    struct json key, first;
    if (v.type == JSON_ARRAY && json_next(&it, &key, &first))
        members_read(first, MEMBERS(rows), ctx);
}

static const struct member_row event_rows[] = {
    {STR_INIT("id"), on_id},
    {STR_INIT("model"), on_model},
    {STR_INIT("provider"), on_provider},
    {STR_INIT("choices"), on_choices},
    {STR_INIT("usage"), on_usage},
    {STR_INIT("error"), on_error},
};

void usage_read(struct json v, struct arena *a, struct usage_event *out)
{
    struct event_ctx c = {.out = out, .arena = a};
    *out = (struct usage_event){0};
    members_read(v, MEMBERS(event_rows), &c);
}

status usage_cost_total(const struct usage *u, pico *out)
{
    if (!u->is_present || u->cost_state != USAGE_COST_KNOWN)
        return ST_NOT_FOUND;
    if (!u->is_byok) {
        *out = u->cost;
        return ST_OK;
    }
    return u->has_upstream_cost ? pico_add(u->cost, u->upstream_cost, out) : ST_NOT_FOUND;
}

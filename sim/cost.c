/* What a call costs, and who may not make one. */
#include "call.h"

static pico cost_of_prompt(const struct call *c)
{
    const struct model_price *p = &c->model->price;
    bool is_long = p->long_from != 0 && c->prompt_tokens > p->long_from;
    pico unit = is_long ? p->long_prompt : p->prompt;
    pico cost = money_mul(unit, c->prompt_tokens - c->cached_tokens);
    cost = money_add(cost, money_mul(p->cache_read, c->cached_tokens));
    cost = money_add(cost, money_mul(p->image, c->images));
    return money_add(cost, p->request);
}

static pico cost_of_completion(const struct call *c, int64_t completion)
{
    const struct model_price *p = &c->model->price;
    bool is_long = p->long_from != 0 && c->prompt_tokens > p->long_from;
    return money_mul(is_long ? p->long_completion : p->completion, completion);
}

struct cost call_cost(const struct call *c, int64_t completion)
{
    static const markup byok_fee = {50000}; /* 5 % */
    struct cost cost = {
        .prompt_part = cost_of_prompt(c),
        .completion_part = cost_of_completion(c, completion),
    };
    cost.list = cost.total = money_add(cost.prompt_part, cost.completion_part);
    if (c->rec->is_byok && markup_apply(cost.list, byok_fee, &cost.total) != ST_OK)
        cost.total = PICO_MAX;
    return cost;
}

/* ---- refusals ---- */

static bool refuse_limit(struct reply *refusal, int code, const char *message, const char *source)
{
    struct buf MAI_AUTO(buf_free) metadata;
    buf_init(&metadata, 1024);
    buf_addf(
        &metadata,
        "{\"error_type\":\"%s\",\"limit_source\":\"%s\",\"remedy_hint\":\"Add credits or raise the "
        "limit at https://openrouter.ai/settings\"}",
        code == 429 ? "rate_limit_exceeded" : "payment_required", source);
    reply_error(refusal, code, message, buf_view(&metadata));
    return true;
}

static bool key_limit_refuses(struct sim *s, struct key *key, struct reply *refusal)
{
    static const char *const words[RESET_COUNT] = {"total", "daily", "weekly", "monthly"};
    if (!key_is_exhausted(key))
        return false;
    struct buf MAI_AUTO(buf_free) text;
    buf_init(&text, 256);
    buf_addf(&text,
             "Key limit exceeded (%s limit). Manage it using https://openrouter.ai/settings/keys",
             words[key->enforced.reset]);
    if (s->options.key_limit_status == 402)
        return refuse_limit(refusal, 402, buf_z(&text), "openrouter_key_limit");
    reply_error(refusal, 403, buf_z(&text), STR_NONE);
    return true;
}

static void add_rate_headers(struct reply *refusal, int64_t limit, int64_t reset_ms)
{
    buf_addf(&refusal->headers,
             "X-RateLimit-Limit: %lld\r\nX-RateLimit-Remaining: 0\r\nX-RateLimit-Reset: %lld\r\n",
             (long long)limit, (long long)reset_ms);
}

static bool refuse_rate(struct reply *refusal, const char *message, const char *source,
                        int64_t limit, int64_t reset_ms)
{
    struct buf MAI_AUTO(buf_free) metadata;
    buf_init(&metadata, 1024);
    buf_addf(
        &metadata,
        "{\"headers\":{\"X-RateLimit-Limit\":\"%lld\",\"X-RateLimit-Remaining\":\"0\","
        "\"X-RateLimit-Reset\":\"%lld\"},\"limit_source\":\"%s\",\"remedy_hint\":\"Wait until the "
        "limit resets.\",\"error_type\":\"rate_limit_exceeded\",\"provider_name\":null}",
        (long long)limit, (long long)reset_ms, source);
    reply_error(refusal, 429, message, buf_view(&metadata));
    add_rate_headers(refusal, limit, reset_ms);
    return true;
}

static bool free_limit_refuses(struct sim *s, struct reply *refusal)
{
    struct free_counter *f = &s->free;
    int64_t now = sim_now_ms(), minute = now / 60000, day = now / MS_PER_DAY;
    if (f->minute != minute)
        f->in_minute = 0;
    if (f->day != day)
        f->in_day = 0;
    f->minute = minute;
    f->day = day;
    f->in_minute++; /* refused attempts count too */
    f->in_day++;
    if (f->in_day > s->options.free_per_day)
        return refuse_rate(refusal, "Rate limit exceeded: free-models-per-day-high-balance. ",
                           "openrouter_free_tier_daily", s->options.free_per_day,
                           (day + 1) * MS_PER_DAY);
    if (f->in_minute > s->options.free_per_minute)
        return refuse_rate(refusal, "Rate limit exceeded: free-models-per-min. ",
                           "openrouter_free_tier_per_minute", s->options.free_per_minute,
                           (minute + 1) * 60000);
    return false;
}

static pico balance(const struct sim *s)
{
    return money_add(s->total_credits, PICO(-s->records.total_usage.v));
}

bool account_refuses(struct sim *s, struct key *key, const struct model *model,
                     struct reply *refusal)
{
    pico left = balance(s);
    if (left.v < 0 || (left.v == 0 && !model->is_free))
        return refuse_limit(refusal, 402,
                            "Insufficient credits. Add more using https://openrouter.ai/credits",
                            "openrouter_credits");
    if (model->is_free)
        return free_limit_refuses(s, refusal);
    return key_limit_refuses(s, key, refusal);
}

static bool exceeds(pico unit, json_t *per_million)
{
    pico bound;
    double usd = json_number_value(per_million);
    if (json_is_string(per_million)) {
        if (pico_parse(str_c(json_string_value(per_million)), &bound) != ST_OK)
            return false;
    } else if (!json_is_number(per_million) || !money_from_double(usd, &bound)) {
        return false;
    }
    return (__int128)unit.v * 1000000 > bound.v;
}

bool price_refuses(struct sim *s, const struct model *model, json_t *body, int64_t prompt_tokens,
                   struct reply *refusal)
{
    json_t *max = json_object_get(json_object_get(body, "provider"), "max_price");
    if (exceeds(model->price.prompt, json_object_get(max, "prompt")) ||
        exceeds(model->price.completion, json_object_get(max, "completion"))) {
        reply_error(refusal, 404, "No endpoints found that satisfy the max price for this request",
                    STR("{\"failed_routing_step\":\"max_price\"}"));
        return true;
    }
    int64_t wanted = json_integer_value(json_object_get(body, "max_tokens"));
    pico worst = money_add(money_mul(model->price.prompt, prompt_tokens),
                           money_mul(model->price.completion, wanted));
    pico left = balance(s);
    if (wanted <= 0 || model->price.completion.v <= 0 || worst.v <= left.v)
        return false;
    int64_t affordable = left.v / model->price.completion.v;
    struct buf MAI_AUTO(buf_free) text;
    buf_init(&text, 512);
    buf_addf(
        &text,
        "This request requires more credits, or fewer max_tokens. You requested up to %lld tokens, "
        "but can only afford %lld. To increase, visit https://openrouter.ai/settings/credits and "
        "add more credits",
        (long long)wanted, (long long)affordable);
    return refuse_limit(refusal, 402, buf_z(&text), "openrouter_credits");
}

/* The rhythm of an office: who calls which model how often at what hour, and what that cost. See
 * demo.h. */
#include "demo.h"

#include <stdio.h>

/* List prices in pico-dollars per token, as the simulator's catalogue has them. */
static const struct demo_model {
    const char *id, *provider;
    int64_t prompt_price, completion_price;
    int weights[2]; /* of the first organization, and of the others */
} models[] = {
    {"anthropic/claude-sonnet-4.6", "Anthropic", 3000000, 15000000, {34, 18}},
    {"openai/gpt-5.2", "OpenAI", 1750000, 14000000, {20, 26}},
    {"openai/gpt-5-mini", "OpenAI", 250000, 2000000, {14, 20}},
    {"google/gemini-2.5-flash", "Google", 300000, 2500000, {12, 24}},
    {"anthropic/claude-haiku-4.5", "Anthropic", 1000000, 5000000, {12, 4}},
    {"meta-llama/llama-3.3-70b-instruct", "DeepInfra", 100000, 320000, {8, 8}},
};
static const struct demo_model title_model = {
    "openai/gpt-4o-mini", "OpenAI", 150000, 600000, {0, 0}};

/* Per cent of a full day's work, Monday first; and calls by hour of the day. */
static const int week[] = {100, 112, 108, 104, 82, 9, 5};
static const int hours[24] = {0,  0,  0,  0,  0,  0, 1, 6, 18, 26, 28, 24,
                              12, 20, 26, 24, 16, 8, 4, 3, 3,  2,  1,  0};

enum { FULL_DAY_CALLS = 30, TREND_DAYS = 60, RESERVED_USD = 1 };

struct demo_call {
    char id[ID_CAP], generation_id[64];
    const struct demo_model *model;
    const char *purpose;
    int64_t prompt_tokens, completion_tokens;
    int64_t created_ms, took_ms;
    enum generation_state state;
};

static size_t weekday_of(const struct zone *z, int64_t ms)
{
    int64_t local_days = (ms + zone_offset_ms(z, ms)) / MS_PER_DAY;
    return (size_t)((local_days + 3) % 7); /* 1970-01-01 was a Thursday */
}

/* Everybody is away for one week of the sixty days, another one each. */
static bool is_away(const struct company *c, size_t person, int days_ago)
{
    int first = (int)((person * 17 + c->index * 11 + 9) % 50);
    return days_ago >= first && days_ago < first + 7;
}

static int64_t calls_of_day(const struct day_job *j, size_t person)
{
    if (is_away(j->company, person, j->days_ago))
        return 0;
    int64_t base = FULL_DAY_CALLS * 100 / (int64_t)(100 + 45 * person + 60 * j->company->index);
    int64_t trend = 100 - 45 * (j->days_ago < TREND_DAYS ? j->days_ago : TREND_DAYS) / TREND_DAYS;
    int64_t percent = week[weekday_of(j->company->zone, j->day_start_ms)] * trend / 100;
    int64_t mean_hundredths = base * percent;
    int64_t some = chance_between(j->chance, mean_hundredths / 2, mean_hundredths * 3 / 2);
    return (some + chance_between(j->chance, 0, 99)) / 100;
}

static const struct demo_model *model_for(const struct day_job *j, size_t person)
{
    int weights[COUNT_OF(models)];
    for (size_t i = 0; i < COUNT_OF(models); i++)
        weights[i] =
            models[i].weights[j->company->index != 0] + (i == person % COUNT_OF(models) ? 40 : 0);
    return &models[chance_weighted(j->chance, weights, COUNT_OF(weights))];
}

/* Mostly short questions, now and then a long document. */
static int64_t prompt_tokens_for(struct chance *c)
{
    return chance_percent(c, 15) ? chance_between(c, 14000, 68000) : chance_between(c, 600, 8200);
}

static enum generation_state outcome(struct chance *c)
{
    int64_t p = chance_between(c, 1, 1000);
    return p <= 22 ? GENERATION_CANCELLED : p <= 28 ? GENERATION_FAILED : GENERATION_SETTLED;
}

static void name_call(struct demo_call *call)
{
    char tail[21];
    id_new(call->id);
    random_text(tail, 20);
    snprintf(call->generation_id, sizeof call->generation_id, "gen-%lld-%s",
             (long long)(call->created_ms / 1000), tail);
}

static struct demo_call call_make(const struct day_job *j, size_t person)
{
    struct chance *c = j->chance;
    int64_t hour = (int64_t)chance_weighted(c, hours, COUNT_OF(hours));
    struct demo_call call = {
        .model = model_for(j, person),
        .purpose = "chat",
        .prompt_tokens = prompt_tokens_for(c),
        .completion_tokens = chance_between(c, 120, 2400),
        .created_ms = j->day_start_ms + hour * MS_PER_HOUR + chance_between(c, 0, MS_PER_HOUR - 1),
        .state = outcome(c),
    };
    call.took_ms = 900 + call.completion_tokens * 14;
    name_call(&call);
    return call;
}

/* The title of the chat that the call began. */
static struct demo_call title_make(const struct demo_call *chat, struct chance *c)
{
    struct demo_call call = {.model = &title_model,
                             .purpose = "title",
                             .prompt_tokens = chance_between(c, 160, 420),
                             .completion_tokens = chance_between(c, 6, 14),
                             .created_ms = chat->created_ms + chat->took_ms + 80,
                             .took_ms = chance_between(c, 400, 900),
                             .state = GENERATION_SETTLED};
    name_call(&call);
    return call;
}

static status cost_of(const struct demo_call *call, pico *out)
{
    pico prompt, completion;
    status st = pico_mul(PICO(call->model->prompt_price), call->prompt_tokens, &prompt);
    if (st == ST_OK)
        st = pico_mul(PICO(call->model->completion_price), call->completion_tokens, &completion);
    return st == ST_OK ? pico_add(prompt, completion, out) : st;
}

static status call_begin(struct db *db, struct day_job *j, const struct user *person,
                         const struct demo_call *call)
{
    int64_t resets_ms;
    struct generation_open open = {
        .id = str_c(call->id),
        .scope = scope_make(person->role, j->company->organization.id, person->id),
        .key_hash = j->company->key_hash,
        .purpose = str_c(call->purpose),
        .model = str_c(call->model->id),
        .is_stream = str_eq(str_c(call->purpose), STR("chat")),
        .markup = j->company->organization.markup,
        .reserved = PICO(RESERVED_USD * PICO_PER_USD),
        .now_ms = call->created_ms,
    };
    return generation_begin(*j->budgets, db, &open, &resets_ms, &j->e);
}

static status call_settle(struct db *db, struct day_job *j, const struct demo_call *call)
{
    char cost_text[PICO_TEXT_CAP], usage[256];
    bool has_failed = call->state == GENERATION_FAILED;
    pico cost = {0};
    status st = has_failed ? ST_OK : cost_of(call, &cost);
    if (st != ST_OK)
        return st;
    str text = pico_text(cost, cost_text);
    snprintf(
        usage, sizeof usage,
        "{\"prompt_tokens\":%lld,\"completion_tokens\":%lld,\"total_tokens\":%lld,\"cost\":%.*s}",
        (long long)call->prompt_tokens, (long long)call->completion_tokens,
        (long long)(call->prompt_tokens + call->completion_tokens), STR_ARG(text));
    struct generation_settled settled;
    struct generation_result result = {
        .id = str_c(call->id),
        .state = call->state,
        .generation_id = has_failed ? STR_NONE : str_c(call->generation_id),
        .served_model = has_failed ? STR_NONE : str_c(call->model->id),
        .provider = has_failed ? STR_NONE : str_c(call->model->provider),
        .has_tokens = !has_failed,
        .prompt_tokens = call->prompt_tokens,
        .completion_tokens = call->completion_tokens,
        .has_cost = true,
        .cost = cost,
        .cost_text = has_failed ? STR_NONE : text,
        .source = has_failed                            ? STR("none")
                  : call->state == GENERATION_CANCELLED ? STR("generation")
                                                        : STR("stream"),
        .usage_json = has_failed ? STR_NONE : str_c(usage),
        .error = has_failed ? STR("The model provider could not be reached") : STR_NONE,
        .delivered_tokens = has_failed ? 0 : call->completion_tokens,
        .now_ms = call->created_ms + call->took_ms,
        .is_priced = true,
    };
    return generation_settle(*j->budgets, db, &result, &settled);
}

static status call_write(struct db *db, struct day_job *j, const struct user *person,
                         const struct demo_call *call)
{
    if (call->created_ms + call->took_ms >= j->until_ms)
        return ST_OK;
    status st = call_begin(db, j, person, call);
    if (st == ST_PAYMENT)
        return ST_OK; /* refused, as it would have been */
    if (st == ST_OK)
        st = call_settle(db, j, call);
    if (st == ST_OK)
        j->calls++;
    return st;
}

static status person_write(struct db *db, struct day_job *j, size_t person)
{
    status st = ST_OK;
    for (int64_t n = calls_of_day(j, person); n > 0 && st == ST_OK; n--) {
        struct demo_call call = call_make(j, person);
        st = call_write(db, j, &j->company->people[person], &call);
        if (st != ST_OK || call.state != GENERATION_SETTLED || !chance_percent(j->chance, 35))
            continue;
        struct demo_call title = title_make(&call, j->chance);
        st = call_write(db, j, &j->company->people[person], &title);
    }
    return st;
}

status day_write(struct db *db, void *ctx)
{
    struct day_job *j = ctx;
    status st = *j->budgets == NULL ? budgets_load(db, j->budgets) : ST_OK;
    for (size_t i = 0; i < j->company->people_count && st == ST_OK; i++)
        st = person_write(db, j, i);
    return st;
}

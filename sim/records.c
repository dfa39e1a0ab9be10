/* Generation records; see records.h. Fields: API reference section 3.2. */
#include "records.h"
#include "base/id.h"
#include "base/mem.h"

#include <stdio.h>

enum { FIRST_RING = 1024 };

void records_init(struct records *r, size_t cap)
{
    *r = (struct records){.cap = cap};
}

/* gen-<seconds>-<20 alphanumerics>; a counter and a random start keep it unique and cheap. */
static void new_id(char *dst)
{
    static char base[21];
    static uint64_t counter;
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char tail[21];
    if (counter == 0)
        random_text(base, 20);
    memcpy(tail, base, sizeof tail);
    uint64_t n = ++counter;
    for (int i = 19; i >= 12; i--, n /= 62)
        tail[i] = digits[n % 62];
    snprintf(dst, RECORD_ID_CAP, "gen-%lld-%s", (long long)(sim_now_ms() / 1000), tail);
}

static void ring_grow(struct records *r)
{
    size_t size = r->size != 0 ? r->size * 2 : FIRST_RING;
    size = size < r->cap ? size : r->cap;
    r->ring = mem_resize(r->ring, size * sizeof(struct record *));
    memset(r->ring + r->size, 0, (size - r->size) * sizeof(struct record *));
    r->size = size;
}

static struct record *ring_slot(struct records *r)
{
    if (r->added == r->size && r->size < r->cap)
        ring_grow(r);
    struct record **slot = &r->ring[r->added++ % r->size];
    if (*slot != NULL) {
        if (!(*slot)->is_settled)
            return NULL;
        hash_remove(&r->by_id, str_c((*slot)->id));
        mem_free(*slot);
    }
    return *slot = NEW(struct record);
}

struct record *records_open(struct records *r, struct key *key, const struct model *model)
{
    struct record *rec = NULL;
    for (size_t tries = 0; rec == NULL; tries++) { /* an unsettled one keeps its place */
        CHECK(tries <= r->cap);                    /* more calls under way than records kept */
        rec = ring_slot(r);
    }
    new_id(rec->id);
    rec->key = key;
    rec->model = model;
    rec->served = model->id;
    rec->state = "open";
    rec->created_ms = sim_now_ms();
    hash_set(&r->by_id, str_c(rec->id), rec);
    return rec;
}

static struct day_total *day_of(struct records *r, const struct record *rec, int64_t day)
{
    char id[256];
    snprintf(id, sizeof id, "%lld %s %s", (long long)day, rec->key->hash, rec->model->id);
    struct day_total *t = hash_get(&r->days, str_c(id));
    if (t != NULL)
        return t;
    t = NEW(struct day_total);
    *t = (struct day_total){.day = day, .key = rec->key, .model = rec->model};
    hash_set(&r->days, str_c(id), t);
    if (r->day_count == r->day_cap) {
        r->day_cap = r->day_cap != 0 ? r->day_cap * 2 : 64;
        r->day_list = mem_resize(r->day_list, r->day_cap * sizeof(struct day_total *));
    }
    return r->day_list[r->day_count++] = t;
}

void records_settle(struct records *r, struct record *rec)
{
    CHECK(!rec->is_settled);
    rec->is_settled = true;
    rec->ended_ms = sim_now_ms();
    spending_add(&rec->key->credits, rec->cost, rec->ended_ms);
    spending_add(&rec->key->byok, rec->upstream, rec->ended_ms);
    rec->key->requests++;
    r->settled++;
    r->total_usage = money_add(r->total_usage, rec->cost);
    struct day_total *t = day_of(r, rec, rec->ended_ms / MS_PER_DAY);
    t->usage = money_add(t->usage, rec->cost);
    t->byok = money_add(t->byok, rec->upstream);
    t->requests++;
    t->prompt_tokens += rec->prompt_tokens;
    t->completion_tokens += rec->completion_tokens;
    t->reasoning_tokens += rec->reasoning_tokens;
}

struct record *records_find(const struct records *r, str id)
{
    return hash_get(&r->by_id, id);
}

bool record_is_readable(const struct record *rec)
{
    if (!rec->is_settled || rec->is_missing)
        return false;
    return clock_mono_us() / 1000 >= rec->ready_mono_ms || sim_now_ms() >= rec->ready_ms;
}

struct record *records_next(const struct records *r, uint64_t *at)
{
    uint64_t oldest = r->added > r->size ? r->added - r->size : 0;
    if (*at < oldest)
        *at = oldest;
    while (*at < r->added) {
        struct record *rec = r->ring[(*at)++ % r->size];
        if (rec->is_settled)
            return rec;
    }
    return NULL;
}

/* ---- writing ---- */

static void write_created(struct jout *j, int64_t ms)
{
    char text[64];
    struct civil c = civil_from_ms(ms);
    snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%03d000+00:00", c.year, c.month,
             c.day, c.hour, c.minute, c.second, c.millisecond);
    jo_kz(j, "created_at", text);
}

static void write_cost(struct jout *j, const struct record *rec)
{
    /* A printed literal is repeated as it was; else (nothing printed) the exact value. */
    char text[PICO_TEXT_CAP];
    str number = rec->literal[0] != '\0' ? str_c(rec->literal) : pico_text(rec->cost, text);
    jo_kraw(j, "usage", number);
    jo_kraw(j, "total_cost", number);
    jo_kpico(j, "upstream_inference_cost", rec->upstream);
}

static void write_tokens(struct jout *j, const struct record *rec)
{
    /* OpenRouter's own counter differs from the provider's: it must never be billed by. */
    jo_ki64(j, "tokens_prompt", rec->prompt_tokens + rec->prompt_tokens / 9);
    jo_ki64(j, "tokens_completion", rec->completion_tokens + rec->completion_tokens / 9);
    jo_ki64(j, "native_tokens_prompt", rec->prompt_tokens);
    jo_ki64(j, "native_tokens_completion", rec->completion_tokens);
    jo_ki64(j, "native_tokens_reasoning", rec->reasoning_tokens);
    jo_ki64(j, "native_tokens_cached", rec->cached_tokens);
    jo_ki64(j, "native_tokens_completion_images", 0);
    jo_ki64(j, "num_media_prompt", rec->images);
    jo_ki64(j, "num_media_completion", 0);
    jo_ki64(j, "num_input_audio_prompt", 0);
    jo_ki64(j, "num_search_results", 0);
    jo_ki64(j, "num_fetches", 0);
}

static void write_nulls(struct jout *j)
{
    static const char *const names[] = {
        "app_id",      "cache_discount", "moderation_latency",
        "preset_id",   "router",         "web_search_engine",
        "upstream_id", "request_id",     "response_cache_source_id",
    };
    for (size_t i = 0; i < COUNT_OF(names); i++)
        jo_knull(j, names[i]);
}

static void write_attempt(struct jout *j, const struct record *rec)
{
    jo_kopen(j, "provider_responses", '[');
    jo_open(j, '{');
    jo_kz(j, "provider_name", rec->model->row->provider);
    jo_kbool(j, "is_byok", rec->is_byok);
    jo_ki64(j, "status", strcmp(rec->state, "error") == 0 ? 502 : 200);
    jo_ki64(j, "latency", rec->first_ms - rec->created_ms);
    jo_close(j, '}');
    jo_close(j, ']');
}

void record_write(const struct record *rec, struct buf *out)
{
    struct jout j = jout(out);
    jo_open(&j, '{');
    jo_kopen(&j, "data", '{');
    jo_kz(&j, "id", rec->id);
    write_created(&j, rec->created_ms);
    jo_kz(&j, "model", rec->served);
    jo_kz(&j, "origin", rec->referer != NULL ? rec->referer : "");
    write_cost(&j, rec);
    write_tokens(&j, rec);
    write_nulls(&j);
    write_attempt(&j, rec);
    jo_kbool(&j, "is_byok", rec->is_byok);
    jo_kz(&j, "data_region", "global");
    jo_kz(&j, "api_type", rec->is_embedding ? "embeddings" : "completions");
    jo_kbool(&j, "cancelled", rec->is_cancelled);
    jo_kz(&j, "external_user", rec->external_user);
    jo_kz(&j, "finish_reason", rec->finish_reason);
    jo_kz(&j, "native_finish_reason", rec->native_finish_reason);
    jo_ki64(&j, "generation_time", rec->ended_ms - rec->created_ms);
    jo_ki64(&j, "latency", rec->first_ms - rec->created_ms);
    jo_kz(&j, "http_referer", rec->referer);
    jo_kz(&j, "user_agent", rec->user_agent);
    jo_kz(&j, "provider_name", rec->model->row->provider);
    jo_kbool(&j, "streamed", rec->is_streamed);
    jo_kz(&j, "service_tier", "default");
    jo_kz(&j, "session_id", rec->session);
    jo_kz(&j, "workspace_id", "0b6b4a1e-5f0c-4c8e-9d59-6f1d2b3a4c5d");
    jo_close(&j, '}');
    jo_close(&j, '}');
}

void record_write_bill(const struct record *rec, struct buf *out)
{
    struct jout j = jout(out);
    char exact[PICO_TEXT_CAP], upstream[PICO_TEXT_CAP], at[ISO_TIME_CAP];
    iso_from_ms(rec->created_ms, at);
    jo_open(&j, '{');
    jo_kz(&j, "id", rec->id);
    jo_kz(&j, "key_hash", rec->key->hash);
    jo_kz(&j, "model", rec->model->id);
    jo_kstr(&j, "cost", pico_text(rec->cost, exact));
    jo_kz(&j, "cost_literal", rec->literal[0] != '\0' ? rec->literal : NULL);
    jo_kstr(&j, "upstream_cost", pico_text(rec->upstream, upstream));
    jo_ki64(&j, "prompt_tokens", rec->prompt_tokens);
    jo_ki64(&j, "completion_tokens", rec->completion_tokens);
    jo_ki64(&j, "reasoning_tokens", rec->reasoning_tokens);
    jo_ki64(&j, "cached_tokens", rec->cached_tokens);
    jo_kbool(&j, "cancelled", rec->is_cancelled);
    jo_kz(&j, "user", rec->user);
    jo_kz(&j, "session_id", rec->session);
    jo_kz(&j, "status", rec->state);
    jo_kbool(&j, "is_byok", rec->is_byok);
    jo_kbool(&j, "streamed", rec->is_streamed);
    jo_kz(&j, "api_type", rec->is_embedding ? "embeddings" : "completions");
    jo_kz(&j, "created_at", at);
    jo_close(&j, '}');
    buf_add_char(out, '\n');
}

/* Bounds and estimates of a call's cost; see pricing.h.
 *
 * Invariants (the unit tests name the number):
 *   R1  A worst case is never below the cost at the listed prices of any request within the bounds.
 *   R2  Every step is exact or ST_RANGE; nothing wraps.
 *   R3  max_price never allows more than was reserved, and never more than the person allowed. */
#include "openrouter/pricing.h"
#include "codec/json.h"

#include <stdio.h>

enum {
    /* Tokens an image can become at suppliers that count images as prompt. */
    IMAGE_TOKENS = 4096,
    /* Hidden text that explains tools to a model. */
    TOOLS_TOKENS = 1024,
    /* A remote file fills the context at most; when its length is unknown this is taken. */
    UNKNOWN_CONTEXT_TOKENS = 2000000,
    /* Pictures that one answer may hold, for models that charge by the piece. */
    OUTPUT_IMAGES = 10,
    UNITS_PER_MICRO = 1000000,
};
/* OpenRouter lists image_output for some models per token and for others per picture: from a
 * tenth of a cent on it is a picture. */
#define PICTURE_PRICE PICO(PICO_PER_USD / 1000)

static pico larger(pico a, pico b)
{
    return pico_cmp(a, b) >= 0 ? a : b;
}

static pico input_unit(const struct model_price *p)
{
    return larger(larger(p->prompt, p->cache_write), larger(p->audio, p->image_token));
}

static bool is_per_picture(const struct model_price *p)
{
    return pico_cmp(p->image_output, PICTURE_PRICE) >= 0;
}

static pico output_unit(const struct model_price *p)
{
    pico text = larger(larger(p->completion, p->reasoning), p->audio_output);
    return is_per_picture(p) ? text : larger(text, p->image_output);
}

/* A sum that remembers that it stopped to fit. */
struct sum {
    pico total;
    status st;
};

static void sum_add(struct sum *s, pico unit, int64_t count)
{
    pico part;
    CHECK(count >= 0);
    if (s->st == ST_OK)
        s->st = pico_mul(unit, count, &part);
    if (s->st == ST_OK)
        s->st = pico_add(s->total, part, &s->total);
}

static int64_t clamped_product(int64_t a, int64_t b)
{
    int64_t v;
    return __builtin_mul_overflow(a, b, &v) ? INT64_MAX : v;
}

static int64_t context_tokens(const struct model *m)
{
    return m->context_length > 0 ? m->context_length : UNKNOWN_CONTEXT_TOKENS;
}

/* All of the worst case but the output's tokens. */
static struct sum input_sum(const struct model *m, const struct request_bounds *b)
{
    const struct model_price *p = &m->price;
    struct sum s = {.st = p->is_known ? ST_OK : ST_UNPROCESSABLE};
    pico unit = input_unit(p);
    sum_add(&s, unit, b->prompt_bytes);
    sum_add(&s, unit, b->has_tools ? TOOLS_TOKENS : 0);
    sum_add(&s, unit, clamped_product(b->images, IMAGE_TOKENS));
    sum_add(&s, p->image, b->images);
    sum_add(&s, unit, b->remote_files > 0 ? context_tokens(m) : 0);
    sum_add(&s, p->request, 1);
    sum_add(&s, p->web_search, b->web_searches);
    if (is_per_picture(p))
        sum_add(&s, p->image_output, OUTPUT_IMAGES);
    return s;
}

status pricing_worst_case(const struct model *m, const struct request_bounds *b, pico *out)
{
    struct sum s = input_sum(m, b);
    sum_add(&s, output_unit(&m->price), b->max_tokens);
    if (s.st == ST_OK)
        *out = s.total;
    return s.st;
}

status pricing_affordable_tokens(const struct model *m, const struct request_bounds *b, pico budget,
                                 int64_t *out)
{
    struct sum s = input_sum(m, b);
    if (s.st != ST_OK)
        return s.st;
    pico unit = output_unit(&m->price);
    if (pico_cmp(s.total, budget) > 0)
        *out = 0;
    else
        *out = pico_is_zero(unit) ? INT64_MAX : (budget.v - s.total.v) / unit.v;
    return ST_OK;
}

status pricing_estimate(const struct model *m, int64_t prompt_tokens, int64_t completion_tokens,
                        pico *out)
{
    struct sum s = {.st = m->price.is_known ? ST_OK : ST_UNPROCESSABLE};
    sum_add(&s, m->list_prompt, prompt_tokens);
    sum_add(&s, m->list_completion, completion_tokens);
    sum_add(&s, m->price.request, 1);
    if (s.st == ST_OK)
        *out = s.total;
    return s.st;
}

/* ---- provider.max_price ---- */

str pricing_per_million(pico unit_price, char *dst)
{
    CHECK(unit_price.v >= 0);
    /* v / 1e12 USD per unit is v / 1e6 USD per million units. */
    int n = snprintf(dst, PICO_TEXT_CAP, "%lld.%06lld", (long long)(unit_price.v / UNITS_PER_MICRO),
                     (long long)(unit_price.v % UNITS_PER_MICRO));
    CHECK(n > 0 && n < PICO_TEXT_CAP);
    while (dst[n - 1] == '0')
        n--;
    if (dst[n - 1] == '.')
        n--;
    dst[n] = '\0';
    return (str){dst, (size_t)n};
}

/* One member of max_price. */
struct cap {
    str name;
    pico unit;
    bool is_per_million;
    bool is_needed; /* the request can be charged for it */
};

/* The person's own price, per million where the member is; false when there is no readable one. */
static bool persons_price(const struct json *persons, str name, pico *out)
{
    struct json v;
    if (persons == NULL || !json_get(*persons, name, &v))
        return false;
    if (v.type != JSON_NUMBER && v.type != JSON_STRING)
        return false;
    /* A price has no escapes: the text between the quotes is the number. */
    str number = v.type == JSON_STRING ? str_sub(v.raw, 1, v.raw.n - 2) : v.raw;
    return pico_parse(number, out) == ST_OK && out->v >= 0;
}

static bool is_lower(pico persons, const struct cap *c)
{
    pico scaled;
    if (!c->is_per_million)
        return pico_cmp(persons, c->unit) < 0;
    return pico_mul(c->unit, UNITS_PER_MICRO, &scaled) != ST_OK || pico_cmp(persons, scaled) < 0;
}

static void add_cap(struct json_writer *w, const struct cap *c, const struct json *persons)
{
    char text[PICO_TEXT_CAP];
    pico own;
    bool has_own = persons_price(persons, c->name, &own);
    if (has_own && (!c->is_needed || is_lower(own, c)))
        jw_kstr(w, c->name, pico_text(own, text));
    else if (c->is_needed && c->is_per_million)
        jw_kstr(w, c->name, pricing_per_million(c->unit, text));
    else if (c->is_needed)
        jw_kstr(w, c->name, pico_text(c->unit, text));
}

void pricing_add_max_price(const struct model *m, const struct request_bounds *b,
                           const struct json *persons, struct buf *out)
{
    const struct model_price *p = &m->price;
    const struct cap caps[] = {
        {STR("prompt"), p->prompt, .is_per_million = true, .is_needed = true},
        {STR("completion"), p->completion, .is_per_million = true, .is_needed = true},
        {STR("request"), p->request, .is_per_million = false, .is_needed = true},
        {STR("image"), p->image, .is_per_million = false, .is_needed = b->images > 0},
        {STR("audio"), p->audio, .is_per_million = true, .is_needed = b->has_audio},
    };
    struct json_writer w = json_writer(out);
    jw_object(&w);
    for (size_t i = 0; i < COUNT_OF(caps); i++)
        add_cap(&w, &caps[i], persons);
    jw_end(&w);
}

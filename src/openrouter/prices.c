/* Prices of a model from the catalogue's text; see prices.h.
 *
 * Invariants (the unit tests name the number):
 *   P1  No price in the result is lower than any price of that kind in the object.
 *   P2  One negative or unreadable price anywhere makes the whole price unknown.
 *   P3  A price above zero never becomes zero, however small it is. */
#include "openrouter/prices.h"

struct price_row {
    str name;
    size_t at; /* of a pico in struct model_price */
};

#define ROW(text, member)                                                                          \
    {                                                                                              \
        STR_INIT(text), offsetof(struct model_price, member)                                       \
    }

static const struct price_row rows[] = {
    ROW("prompt", prompt),
    ROW("completion", completion),
    ROW("request", request),
    ROW("image", image),
    ROW("image_token", image_token),
    ROW("image_output", image_output),
    ROW("internal_reasoning", reasoning),
    ROW("input_cache_read", cache_write),
    ROW("input_cache_write", cache_write),
    ROW("input_cache_write_1h", cache_write),
    ROW("input_audio_cache", cache_write),
    ROW("audio", audio),
    ROW("audio_output", audio_output),
    ROW("web_search", web_search),
};

static bool has_digit_above_zero(str number)
{
    for (size_t i = 0; i < number.n && number.p[i] != 'e' && number.p[i] != 'E'; i++)
        if (number.p[i] >= '1' && number.p[i] <= '9')
            return true;
    return false;
}

/* Prices are JSON strings, in other places numbers. */
static bool read_price(struct json v, struct arena *a, pico *out)
{
    str text = v.raw;
    pico price;
    if (v.type != JSON_NUMBER && json_string(v, a, &text) != ST_OK)
        return false;
    text = str_trim(text);
    if (pico_parse(text, &price) != ST_OK || price.v < 0 || (text.n != 0 && text.p[0] == '-'))
        return false;
    if (price.v == 0 && has_digit_above_zero(text))
        price = PICO(1);
    *out = price;
    return true;
}

static const struct price_row *row_of(struct json key)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (json_string_is(key, rows[i].name))
            return &rows[i];
    return NULL;
}

struct reading {
    struct model_price price;
    struct arena *arena;
    bool is_broken, has_prompt, has_completion;
};

static void take_price(struct reading *r, const struct price_row *row, struct json v)
{
    pico price;
    if (v.type == JSON_NULL)
        return;
    if (!read_price(v, r->arena, &price)) {
        r->is_broken = true;
        return;
    }
    pico *worst = (pico *)(void *)((char *)&r->price + row->at);
    if (pico_cmp(price, *worst) > 0)
        *worst = price;
    r->has_prompt |= row->at == offsetof(struct model_price, prompt);
    r->has_completion |= row->at == offsetof(struct model_price, completion);
}

static void take_overrides(struct reading *r, struct json list);

static void take_object(struct reading *r, struct json pricing, bool is_base)
{
    struct json_iter it = json_iter(pricing);
    struct json key, item;
    while (json_next(&it, &key, &item)) {
        const struct price_row *row = row_of(key);
        if (row != NULL)
            take_price(r, row, item);
        else if (is_base && json_string_is(key, STR("overrides")))
            take_overrides(r, item);
    }
}

static void take_overrides(struct reading *r, struct json list)
{
    if (list.type == JSON_NULL)
        return;
    r->is_broken |= list.type != JSON_ARRAY;
    struct json_iter it = json_iter(list);
    struct json key, item;
    while (list.type == JSON_ARRAY && json_next(&it, &key, &item)) {
        r->is_broken |= item.type != JSON_OBJECT;
        if (item.type == JSON_OBJECT)
            take_object(r, item, false);
    }
}

static bool is_all_zero(const struct model_price *price)
{
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (!pico_is_zero(*(const pico *)(const void *)((const char *)price + rows[i].at)))
            return false;
    return true;
}

struct model_price prices_read(struct json pricing, bool is_embedding, struct arena *a)
{
    struct reading r = {.arena = a};
    if (pricing.type != JSON_OBJECT)
        return r.price;
    take_object(&r, pricing, true);
    bool is_known = !r.is_broken && r.has_prompt && (r.has_completion || is_embedding);
    if (!is_known)
        return (struct model_price){.is_known = false};
    r.price.is_known = true;
    r.price.is_free = is_all_zero(&r.price);
    return r.price;
}

pico prices_base(struct json pricing, str name, struct arena *a)
{
    struct json v;
    pico price = PICO(0);
    if (json_get(pricing, name, &v) && read_price(v, a, &price))
        return price;
    return PICO(0);
}

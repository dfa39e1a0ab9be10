/* Finds a member named twice in time that grows with the text only: names of open objects lie on
 * one stack as keyed hashes (str_hash); when an object closes, few names are compared in pairs,
 * many in a table. */
#include "codec/json_private.h"
#include "base/mem.h"

enum { FEW_NAMES = 12 };

void json_names_init(struct json_names *t, str text)
{
    t->text = text;
    t->items = t->few;
    t->count = 0;
    t->cap = COUNT_OF(t->few);
    buf_init(&t->decoded, text.n);
}

void json_names_free(struct json_names *t)
{
    if (t->items != t->few)
        mem_free(t->items);
    buf_free(&t->decoded);
}

void json_names_open(struct json_names *t, unsigned depth)
{
    t->first[depth] = t->count;
}

static void grow(struct json_names *t)
{
    size_t bytes = t->cap * sizeof *t->items;
    struct json_name *more = mem_alloc_array(t->cap, 2 * sizeof *t->items);
    memcpy(more, t->items, bytes);
    if (t->items != t->few)
        mem_free(t->items);
    t->items = more;
    t->cap *= 2;
}

/* The decoded name; valid until the next call. */
static str decode(struct json_names *t, str raw)
{
    str inner = json_quoted_inner(raw);
    if (str_find_char(inner, '\\') == inner.n)
        return inner;
    buf_clear(&t->decoded);
    json_text_add(inner, &t->decoded);
    return buf_view(&t->decoded);
}

void json_names_add(struct json_names *t, str raw)
{
    if (t->count == t->cap)
        grow(t);
    t->items[t->count++] = (struct json_name){str_hash(decode(t, raw)), raw.p};
}

static bool is_same(struct json_names *t, const struct json_name *a, const struct json_name *b)
{
    if (a->hash != b->hash)
        return false;
    const char *end = t->text.p + t->text.n;
    str raw_a = json_front_string((str){a->raw, (size_t)(end - a->raw)});
    str raw_b = json_front_string((str){b->raw, (size_t)(end - b->raw)});
    MAI_AUTO(buf_free) struct buf copy;
    buf_init(&copy, raw_a.n);
    buf_add(&copy, decode(t, raw_a));
    return str_eq(buf_view(&copy), decode(t, raw_b));
}

static const char *repeated_of_few(struct json_names *t, const struct json_name *names, size_t n)
{
    for (size_t i = 1; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (is_same(t, &names[i], &names[k]))
                return names[i].raw;
    return NULL;
}

/* Puts names[i] into the table of positions + 1, or gives false when an equal name is there. */
static bool put(struct json_names *t, const struct json_name *names, size_t i, uint32_t *places,
                size_t mask)
{
    size_t at = names[i].hash & mask;
    for (; places[at] != 0; at = (at + 1) & mask)
        if (is_same(t, &names[i], &names[places[at] - 1]))
            return false;
    places[at] = (uint32_t)(i + 1);
    return true;
}

static const char *repeated_of_many(struct json_names *t, const struct json_name *names, size_t n)
{
    size_t cap = 32; /* a power of two, a third of it stays empty at least */
    while (cap < n + n / 2)
        cap *= 2;
    uint32_t *places = mem_alloc_array(cap, sizeof *places);
    const char *repeated = NULL;
    for (size_t i = 0; i < n && repeated == NULL; i++)
        if (!put(t, names, i, places, cap - 1))
            repeated = names[i].raw;
    mem_free(places);
    return repeated;
}

const char *json_names_close(struct json_names *t, unsigned depth)
{
    const struct json_name *names = t->items + t->first[depth];
    size_t n = t->count - t->first[depth];
    CHECK(n < UINT32_MAX);
    t->count = t->first[depth];
    return n <= FEW_NAMES ? repeated_of_few(t, names, n) : repeated_of_many(t, names, n);
}

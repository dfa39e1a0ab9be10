/* The usage object as client people see it; see usage.h.
 *
 * Invariant (the unit tests name the number):
 *   U3  After usage_bill no member that names a cost, a price, a discount or BYOK is left but
 *       `cost`, which is there and says the billed amount. */
#include "openrouter/usage.h"

enum { REMOVED_MAX = 30, NAMES_MAX_BYTES = 4096 };

/* word: small letters. */
static bool contains_nocase(str text, str word)
{
    for (size_t i = 0; i + word.n <= text.n; i++)
        if ((text.p[i] | 0x20) == word.p[0] && str_starts_nocase(str_from(text, i), word))
            return true;
    return false;
}

static bool tells_cost(str name)
{
    return contains_nocase(name, STR("cost")) || contains_nocase(name, STR("byok")) ||
           contains_nocase(name, STR("price")) || contains_nocase(name, STR("discount"));
}

struct edits {
    struct json_edit items[REMOVED_MAX + 1];
    size_t count;
    bool is_complete; /* every name could be read and had room */
};

/* Splicing knows members by name, so a repeated one needs one edit only. */
static bool has_edit(const struct edits *e, str name)
{
    for (size_t i = 0; i < e->count; i++)
        if (str_eq(e->items[i].name, name))
            return true;
    return false;
}

static void add_removals(struct json usage, struct arena *names, struct edits *e)
{
    struct json_iter it = json_iter(usage);
    struct json key, item;
    str name;
    while (e->is_complete && json_next(&it, &key, &item)) {
        e->is_complete = json_string(key, names, &name) == ST_OK;
        if (!e->is_complete || !tells_cost(name) || has_edit(e, name))
            continue;
        e->is_complete = e->count < COUNT_OF(e->items);
        if (e->is_complete)
            e->items[e->count++] = (struct json_edit){.name = name, .value = STR_NONE};
    }
}

void usage_bill(str usage_raw, pico billed, struct buf *out)
{
    char text[PICO_TEXT_CAP];
    struct json usage = {JSON_OBJECT, usage_raw};
    struct edits e = {.is_complete = true};
    MAI_AUTO(arena_free) struct arena names;
    arena_init(&names, NAMES_MAX_BYTES);
    e.items[e.count++] = (struct json_edit){.name = STR("cost"), .value = pico_text(billed, text)};
    add_removals(usage, &names, &e);
    if (!e.is_complete) /* nonsense from the supplier: only what we know ourselves */
        usage.raw = STR("{}");
    json_splice(usage, e.items, e.is_complete ? e.count : 1, out);
}

/* The model catalogue: from raw list bodies to a counted snapshot; see models.h.
 *
 * Owns one copy of each body; texts are views into it, or in the arena where escapes had to be
 * decoded. Built on one thread, then never changed: any thread may read while it holds a
 * reference. */
#include "openrouter/models.h"
#include "base/mem.h"
#include "codec/json.h"
#include "openrouter/members.h"
#include "openrouter/prices.h"

#include <stdatomic.h>
#include <stdlib.h>

enum {
    BODY_MAX_BYTES = 16 << 20,
    MODELS_MAX = 20000,
    ID_MAX_BYTES = 256,
    NAME_MAX_BYTES = 1024,
};

struct models {
    atomic_int refs;
    int64_t fetched_ms;
    struct arena arena;
    char *bodies[2];
    struct model *items;
    size_t count, cap;
    uint32_t *index; /* see slot_value; 0: free */
    size_t index_mask;
};

/* ---- one entry ---- */

struct entry {
    struct arena *arena;
    struct model m;
    struct json pricing;
};

static void read_text(struct entry *e, struct json v, size_t max_bytes, str *out)
{
    str text;
    if (json_string(v, e->arena, &text) == ST_OK && text.n != 0 && text.n <= max_bytes)
        *out = text;
}

static bool list_has(struct json list, str text)
{
    struct json_iter it = json_iter(list);
    struct json key, item;
    while (list.type == JSON_ARRAY && json_next(&it, &key, &item))
        if (json_string_is(item, text))
            return true;
    return false;
}

static void on_id(void *ctx, struct json v)
{
    struct entry *e = ctx;
    read_text(e, v, ID_MAX_BYTES, &e->m.id);
}

static void on_canonical(void *ctx, struct json v)
{
    struct entry *e = ctx;
    read_text(e, v, ID_MAX_BYTES, &e->m.canonical);
}

static void on_name(void *ctx, struct json v)
{
    struct entry *e = ctx;
    read_text(e, v, NAME_MAX_BYTES, &e->m.name);
}

static void on_description(void *ctx, struct json v)
{
    struct entry *e = ctx;
    read_text(e, v, BODY_MAX_BYTES, &e->m.description);
}

static void on_created(void *ctx, struct json v)
{
    struct entry *e = ctx;
    members_count(v, &e->m.created);
}

static void on_context(void *ctx, struct json v)
{
    struct entry *e = ctx;
    members_count(v, &e->m.context_length);
}

static void on_architecture(void *ctx, struct json v)
{
    struct entry *e = ctx;
    struct json in, out;
    if (json_get(v, STR("input_modalities"), &in)) {
        e->m.takes_images = list_has(in, STR("image"));
        e->m.takes_files = list_has(in, STR("file"));
    }
    if (json_get(v, STR("output_modalities"), &out)) {
        e->m.makes_images = list_has(out, STR("image"));
        e->m.is_embedding |= list_has(out, STR("embeddings"));
    }
}

static void on_pricing(void *ctx, struct json v)
{
    struct entry *e = ctx;
    e->pricing = v;
}

static void on_top_provider(void *ctx, struct json v)
{
    struct entry *e = ctx;
    struct json item;
    if (json_get(v, STR("max_completion_tokens"), &item))
        members_count(item, &e->m.max_completion_tokens);
    if (e->m.context_length == 0 && json_get(v, STR("context_length"), &item))
        members_count(item, &e->m.context_length);
}

static void on_parameters(void *ctx, struct json v)
{
    struct entry *e = ctx;
    e->m.can_tools = list_has(v, STR("tools"));
    e->m.can_reason |= list_has(v, STR("reasoning"));
}

static void on_reasoning(void *ctx, struct json v)
{
    struct entry *e = ctx;
    e->m.can_reason |= v.type == JSON_OBJECT;
}

static const struct member_row entry_rows[] = {
    {STR_INIT("id"), on_id},
    {STR_INIT("canonical_slug"), on_canonical},
    {STR_INIT("name"), on_name},
    {STR_INIT("description"), on_description},
    {STR_INIT("created"), on_created},
    {STR_INIT("context_length"), on_context},
    {STR_INIT("architecture"), on_architecture},
    {STR_INIT("pricing"), on_pricing},
    {STR_INIT("top_provider"), on_top_provider},
    {STR_INIT("supported_parameters"), on_parameters},
    {STR_INIT("reasoning"), on_reasoning},
};

/* False for an entry that cannot be used: it has no readable id. */
static bool read_entry(struct json v, bool is_embedding, struct arena *a, struct model *out)
{
    struct entry e = {.arena = a, .m = {.raw = v.raw, .is_embedding = is_embedding}};
    if (v.type != JSON_OBJECT)
        return false;
    members_read(v, MEMBERS(entry_rows), &e);
    if (e.m.id.n == 0 || !str_is_text(e.m.id, false))
        return false;
    if (e.m.canonical.n == 0 || !str_is_text(e.m.canonical, false))
        e.m.canonical = e.m.id;
    if (e.m.name.n == 0 || !str_is_text(e.m.name, false))
        e.m.name = e.m.id;
    e.m.price = prices_read(e.pricing, e.m.is_embedding, a);
    if (e.m.price.is_known) {
        e.m.list_prompt = prices_base(e.pricing, STR("prompt"), a);
        e.m.list_completion = prices_base(e.pricing, STR("completion"), a);
    }
    *out = e.m;
    return !a->is_full;
}

/* ---- the list ---- */

static void add_item(struct models *m, const struct model *item)
{
    if (m->count == m->cap) {
        m->cap = m->cap != 0 ? m->cap * 2 : 64;
        m->items = mem_resize(m->items, m->cap * sizeof *m->items);
    }
    m->items[m->count++] = *item;
}

static void read_list(struct models *m, str body, bool is_embedding)
{
    struct json root, list, key, v;
    struct model item;
    if (json_check(body, &root, NULL) != ST_OK || !json_get(root, STR("data"), &list) ||
        list.type != JSON_ARRAY)
        return;
    struct json_iter it = json_iter(list);
    while (m->count < MODELS_MAX && json_next(&it, &key, &v))
        if (read_entry(v, is_embedding, &m->arena, &item))
            add_item(m, &item);
}

static str keep_body(struct models *m, size_t which, str body)
{
    if (body.n == 0)
        return STR_NONE;
    m->bodies[which] = mem_alloc(body.n);
    memcpy(m->bodies[which], body.p, body.n);
    return (str){m->bodies[which], body.n};
}

static int by_id(const void *a, const void *b)
{
    const struct model *x = a, *y = b;
    int d = str_cmp(x->id, y->id);
    if (d != 0)
        return d;
    if (x->is_embedding != y->is_embedding)
        return x->is_embedding ? 1 : -1;
    return x->raw.p < y->raw.p ? -1 : x->raw.p > y->raw.p;
}

static unsigned char folded(char c)
{
    return (unsigned char)(c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

static int by_name(const void *a, const void *b)
{
    const struct model *x = a, *y = b;
    size_t n = x->name.n < y->name.n ? x->name.n : y->name.n;
    for (size_t i = 0; i < n; i++)
        if (folded(x->name.p[i]) != folded(y->name.p[i]))
            return folded(x->name.p[i]) < folded(y->name.p[i]) ? -1 : 1;
    if (x->name.n != y->name.n)
        return x->name.n < y->name.n ? -1 : 1;
    return str_cmp(x->id, y->id);
}

/* One entry per id; a model of both lists can embed as well. */
static void drop_repeated(struct models *m)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->count; i++) {
        if (kept != 0 && str_eq(m->items[kept - 1].id, m->items[i].id))
            m->items[kept - 1].is_embedding |= m->items[i].is_embedding;
        else
            m->items[kept++] = m->items[i];
    }
    m->count = kept;
}

/* ---- the index ---- */

/* Two kinds of name live in one table, so that a slug never hides an id. */
enum name_kind { BY_ID, BY_CANONICAL };

static uint32_t slot_value(size_t item, enum name_kind kind)
{
    return ((uint32_t)item + 1) << 1 | (uint32_t)kind;
}

static const struct model *slot_model(const struct models *m, uint32_t slot)
{
    return &m->items[(slot >> 1) - 1];
}

/* Where that name is, or the free place where it would go. */
static uint32_t *index_slot(const struct models *m, str name, enum name_kind kind)
{
    for (size_t at = (size_t)str_hash(name);; at++) {
        uint32_t *slot = &m->index[at & m->index_mask];
        if (*slot == 0)
            return slot;
        const struct model *item = slot_model(m, *slot);
        if ((*slot & 1) == kind && str_eq(kind == BY_ID ? item->id : item->canonical, name))
            return slot;
    }
}

static bool is_variant(const struct model *item)
{
    return str_find_char(item->id, ':') < item->id.n;
}

static void index_canonical(struct models *m, bool variants)
{
    for (size_t i = 0; i < m->count; i++) {
        uint32_t *slot = index_slot(m, m->items[i].canonical, BY_CANONICAL);
        if (is_variant(&m->items[i]) == variants && *slot == 0)
            *slot = slot_value(i, BY_CANONICAL);
    }
}

static void build_index(struct models *m)
{
    size_t cap = 16;
    while (cap < m->count * 4)
        cap *= 2;
    m->index = mem_alloc_array(cap, sizeof *m->index);
    m->index_mask = cap - 1;
    for (size_t i = 0; i < m->count; i++)
        *index_slot(m, m->items[i].id, BY_ID) = slot_value(i, BY_ID);
    index_canonical(m, false);
    index_canonical(m, true);
}

const struct model *models_find(const struct models *m, str id)
{
    uint32_t slot = *index_slot(m, id, BY_ID);
    if (slot == 0)
        slot = *index_slot(m, id, BY_CANONICAL);
    return slot != 0 ? slot_model(m, slot) : NULL;
}

/* ---- life ---- */

status models_parse(str models_body, str embeddings_body, int64_t fetched_ms, struct models **out,
                    struct err *e)
{
    if (models_body.n > BODY_MAX_BYTES || embeddings_body.n > BODY_MAX_BYTES)
        return err_set(e, ST_BAD_REQUEST, "The model list is larger than %d bytes", BODY_MAX_BYTES);
    struct models *m = NEW(struct models);
    atomic_init(&m->refs, 1);
    m->fetched_ms = fetched_ms;
    arena_init(&m->arena, 2 * (models_body.n + embeddings_body.n)); /* decoded texts only */
    read_list(m, keep_body(m, 0, models_body), false);
    read_list(m, keep_body(m, 1, embeddings_body), true);
    if (m->count == 0) {
        models_unref(m);
        return err_set(e, ST_BAD_REQUEST, "The model list has no readable model");
    }
    qsort(m->items, m->count, sizeof *m->items, by_id);
    drop_repeated(m);
    qsort(m->items, m->count, sizeof *m->items, by_name);
    m->items = mem_resize(m->items, m->count * sizeof *m->items);
    m->cap = m->count;
    build_index(m);
    *out = m;
    return ST_OK;
}

struct models *models_ref(struct models *m)
{
    atomic_fetch_add_explicit(&m->refs, 1, memory_order_relaxed);
    return m;
}

void models_unref(struct models *m)
{
    if (m == NULL || atomic_fetch_sub_explicit(&m->refs, 1, memory_order_acq_rel) != 1)
        return;
    arena_free(&m->arena);
    mem_free(m->bodies[0]);
    mem_free(m->bodies[1]);
    mem_free(m->items);
    mem_free(m->index);
    mem_free(m);
}

size_t models_count(const struct models *m)
{
    return m->count;
}

const struct model *models_at(const struct models *m, size_t i)
{
    CHECK(i < m->count);
    return &m->items[i];
}

int64_t models_fetched_ms(const struct models *m)
{
    return m->fetched_ms;
}

/* The keys of the account; see manage.h. Field rules: OpenRouter's API keys reference. */
#include "base/hash.h"
#include "base/mem.h"
#include "openrouter/easy.h"
#include "openrouter/members.h"
#include "openrouter/transport.h"

enum { PAGE_ROWS = 100, PAGES_MAX = 1000, HASH_MAX_BYTES = 128, BODY_MAX_BYTES = 1 << 16 };

/* ---- reading ---- */

static struct openrouter_key *key_of(void *ctx)
{
    return ((struct fields *)ctx)->out;
}

static void on_hash(void *ctx, struct json v)
{
    fields_text(ctx, v, &key_of(ctx)->hash);
}

static void on_label(void *ctx, struct json v)
{
    fields_text(ctx, v, &key_of(ctx)->label);
}

static void on_name(void *ctx, struct json v)
{
    fields_text(ctx, v, &key_of(ctx)->name);
}

static void on_disabled(void *ctx, struct json v)
{
    key_of(ctx)->is_disabled = json_is_true(v);
}

static void on_limit(void *ctx, struct json v)
{
    key_of(ctx)->has_limit = v.type != JSON_NULL;
    if (v.type != JSON_NULL)
        fields_amount(ctx, v, &key_of(ctx)->limit);
}

static void on_limit_remaining(void *ctx, struct json v)
{
    if (v.type != JSON_NULL)
        fields_amount(ctx, v, &key_of(ctx)->limit_remaining);
}

static void on_limit_reset(void *ctx, struct json v)
{
    str text = STR_NONE;
    fields_text(ctx, v, &text);
    if (!limit_reset_parse(text, &key_of(ctx)->reset))
        key_of(ctx)->reset =
            RESET_NONE; /* null; or a span that did not exist when this was written */
}

static void on_usage(void *ctx, struct json v)
{
    fields_amount(ctx, v, &key_of(ctx)->usage);
}

static void on_usage_daily(void *ctx, struct json v)
{
    fields_amount(ctx, v, &key_of(ctx)->usage_daily);
}

static void on_usage_weekly(void *ctx, struct json v)
{
    fields_amount(ctx, v, &key_of(ctx)->usage_weekly);
}

static void on_usage_monthly(void *ctx, struct json v)
{
    fields_amount(ctx, v, &key_of(ctx)->usage_monthly);
}

static void on_created_at(void *ctx, struct json v)
{
    fields_text(ctx, v, &key_of(ctx)->created_at);
}

static void on_updated_at(void *ctx, struct json v)
{
    fields_text(ctx, v, &key_of(ctx)->updated_at);
}

static const struct member_row key_rows[] = {
    {STR_INIT("hash"), on_hash},
    {STR_INIT("label"), on_label},
    {STR_INIT("name"), on_name},
    {STR_INIT("disabled"), on_disabled},
    {STR_INIT("limit"), on_limit},
    {STR_INIT("limit_remaining"), on_limit_remaining},
    {STR_INIT("limit_reset"), on_limit_reset},
    {STR_INIT("usage"), on_usage},
    {STR_INIT("usage_daily"), on_usage_daily},
    {STR_INIT("usage_weekly"), on_usage_weekly},
    {STR_INIT("usage_monthly"), on_usage_monthly},
    {STR_INIT("created_at"), on_created_at},
    {STR_INIT("updated_at"), on_updated_at},
};

/* A missing limit must not be taken for "no limit", nor missing usage for none. */
static bool has_members(struct json v)
{
    struct json item;
    return json_get(v, STR("limit"), &item) && json_get(v, STR("usage"), &item);
}

static status read_key(struct json v, struct arena *a, struct openrouter_key *out, struct err *e)
{
    struct openrouter_key key = {0};
    struct fields f = {.out = &key, .arena = a};
    members_read(v, MEMBERS(key_rows), &f);
    if (a->is_full)
        return err_set(e, ST_TOO_BIG, "OpenRouter's keys do not fit into the memory for them");
    if (f.is_broken || key.hash.n == 0 || key.hash.n > HASH_MAX_BYTES || !has_members(v))
        return transport_nonsense(e, "a key");
    *out = key;
    return ST_OK;
}

/* ---- one key ---- */

static status path_of(str hash, struct buf *out, struct err *e)
{
    if (hash.n == 0 || hash.n > HASH_MAX_BYTES)
        return err_set(e, ST_BAD_REQUEST, "This is not the hash of a key");
    buf_add(out, STR("/keys/"));
    url_encode(out, hash);
    return ST_OK;
}

static void add_change(struct json_writer *w, const struct openrouter_key_change *c)
{
    char text[PICO_TEXT_CAP];
    jw_object(w);
    if (c->set_name)
        jw_kstr(w, STR("name"), c->name);
    if (c->set_disabled)
        jw_kbool(w, STR("disabled"), c->is_disabled);
    if (c->set_limit)
        jw_kraw(w, STR("limit"), c->has_limit ? pico_text(c->limit, text) : STR("null"));
    if (c->set_reset)
        jw_kstr_or_null(w, STR("limit_reset"), limit_reset_text(c->reset));
    jw_end(w);
}

static status call_about_key(struct openrouter *o, struct transport_request *r, str hash,
                             struct transport_reply *reply, struct err *e)
{
    MAI_AUTO(buf_free) struct buf path;
    buf_init(&path, 1024);
    status st = path_of(hash, &path, e);
    if (st != ST_OK)
        return st;
    r->path = buf_view(&path);
    r->max_bytes = TRANSPORT_USUAL_BYTES;
    return transport_call(o, r, reply, e);
}

static status call_for_key(struct openrouter *o, struct transport_request *r, str hash,
                           struct arena *a, struct openrouter_key *out, struct err *e)
{
    MAI_AUTO(transport_reply_free) struct transport_reply reply = {0};
    status st = call_about_key(o, r, hash, &reply, e);
    return st == ST_OK ? read_key(reply.data, a, out, e) : st;
}

status openrouter_key_read(struct openrouter *o, str management_key, str hash, struct arena *a,
                           struct openrouter_key *out, struct err *e)
{
    struct transport_request r = {.method = "GET", .key = management_key};
    return call_for_key(o, &r, hash, a, out, e);
}

status openrouter_key_update(struct openrouter *o, str management_key, str hash,
                             const struct openrouter_key_change *change, struct arena *a,
                             struct openrouter_key *out, struct err *e)
{
    MAI_AUTO(buf_free) struct buf body;
    buf_init(&body, BODY_MAX_BYTES);
    struct json_writer w = json_writer(&body);
    add_change(&w, change);
    if (body.is_full)
        return err_set(e, ST_BAD_REQUEST, "The name of the key is too long");
    struct transport_request r = {
        .method = "PATCH", .key = management_key, .body = buf_view(&body)};
    return call_for_key(o, &r, hash, a, out, e);
}

status openrouter_key_delete(struct openrouter *o, str management_key, str hash, struct err *e)
{
    MAI_AUTO(transport_reply_free) struct transport_reply reply = {0};
    struct transport_request r = {.method = "DELETE", .key = management_key};
    struct json deleted;
    status st = call_about_key(o, &r, hash, &reply, e);
    if (st != ST_OK)
        return st;
    bool is_deleted = json_get(reply.root, STR("deleted"), &deleted) && json_is_true(deleted);
    return is_deleted ? ST_OK : transport_nonsense(e, "the deletion of a key");
}

/* ---- making one ---- */

static status read_created(const struct transport_reply *reply, struct arena *a,
                           struct openrouter_key *out, str *secret_out, struct err *e)
{
    struct openrouter_key key;
    struct fields f = {.arena = a};
    struct json v;
    str secret = STR_NONE;
    status st = read_key(reply->data, a, &key, e);
    if (st != ST_OK)
        return st;
    if (json_get(reply->root, STR("key"), &v))
        fields_text(&f, v, &secret);
    if (!easy_is_key(secret)) /* it can never be read again: say which one to delete */
        return err_set(e, ST_UPSTREAM,
                       "OpenRouter made key %.*s without telling its text; delete it there",
                       STR_ARG(key.hash));
    *out = key;
    *secret_out = secret;
    return ST_OK;
}

status openrouter_key_create(struct openrouter *o, str management_key,
                             const struct openrouter_key_change *key, struct arena *a,
                             struct openrouter_key *out, str *secret_out, struct err *e)
{
    MAI_AUTO(buf_free) struct buf body;
    buf_init(&body, BODY_MAX_BYTES);
    struct json_writer w = json_writer(&body);
    if (!key->set_name || key->name.n == 0)
        return err_set(e, ST_BAD_REQUEST, "A key needs a name");
    add_change(&w, key);
    if (body.is_full)
        return err_set(e, ST_BAD_REQUEST, "The name of the key is too long");
    struct transport_request r = {.method = "POST",
                                  .path = STR("/keys"),
                                  .key = management_key,
                                  .body = buf_view(&body),
                                  .max_bytes = TRANSPORT_USUAL_BYTES};
    MAI_AUTO(transport_reply_free) struct transport_reply reply = {0};
    status st = transport_call(o, &r, &reply, e);
    if (st == ST_OK)
        st = read_created(&reply, a, out, secret_out, e);
    if (reply.body.p != NULL)
        explicit_bzero(reply.body.p, reply.body.cap);
    return st;
}

/* ---- all of them ---- */

struct key_list {
    struct arena *arena;
    struct openrouter_key *items;
    size_t count, cap;
    struct hash seen; /* a key made meanwhile shifts the pages: the last row of one comes again */
};

static status add_key(struct key_list *l, const struct openrouter_key *key, struct err *e)
{
    if (hash_set(&l->seen, key->hash, l) != NULL)
        return ST_OK;
    if (l->count == l->cap) {
        size_t cap = l->cap != 0 ? l->cap * 2 : PAGE_ROWS;
        struct openrouter_key *items = ARENA_ARRAY(l->arena, struct openrouter_key, cap);
        if (items == NULL)
            return err_set(e, ST_TOO_BIG, "OpenRouter's keys do not fit into the memory for them");
        if (l->count != 0)
            memcpy(items, l->items, l->count * sizeof *items);
        l->items = items;
        l->cap = cap;
    }
    l->items[l->count++] = *key;
    return ST_OK;
}

static status add_page(struct key_list *l, struct json rows, size_t *rows_out, struct err *e)
{
    struct json_iter it = json_iter(rows);
    struct json none, row;
    status st = rows.type == JSON_ARRAY ? ST_OK : transport_nonsense(e, "the keys");
    size_t count = 0;
    for (; st == ST_OK && json_next(&it, &none, &row); count++) {
        struct openrouter_key key;
        st = read_key(row, l->arena, &key, e);
        if (st == ST_OK)
            st = add_key(l, &key, e);
    }
    if (st == ST_OK)
        *rows_out = count;
    return st;
}

static status fetch_page(struct openrouter *o, str management_key, size_t page, struct key_list *l,
                         size_t *rows_out, struct err *e)
{
    MAI_AUTO(transport_reply_free) struct transport_reply reply = {0};
    MAI_AUTO(buf_free) struct buf path;
    buf_init(&path, 128);
    buf_addf(&path, "/keys?offset=%zu&include_disabled=true", page * PAGE_ROWS);
    struct transport_request r = {.method = "GET",
                                  .path = buf_view(&path),
                                  .key = management_key,
                                  .max_bytes = TRANSPORT_USUAL_BYTES};
    status st = transport_call(o, &r, &reply, e);
    return st == ST_OK ? add_page(l, reply.data, rows_out, e) : st;
}

status openrouter_key_list(struct openrouter *o, str management_key, struct arena *a,
                           struct openrouter_key **out, size_t *count_out, struct err *e)
{
    struct key_list l = {.arena = a};
    status st = ST_OK;
    size_t rows = PAGE_ROWS;
    for (size_t page = 0; st == ST_OK && rows >= PAGE_ROWS && page < PAGES_MAX; page++)
        st = fetch_page(o, management_key, page, &l, &rows, e);
    hash_free(&l.seen);
    if (st != ST_OK)
        return st;
    if (rows >= PAGE_ROWS)
        return err_set(e, ST_TOO_BIG, "OpenRouter lists more than %d keys", PAGES_MAX * PAGE_ROWS);
    *out = l.items;
    *count_out = l.count;
    return ST_OK;
}

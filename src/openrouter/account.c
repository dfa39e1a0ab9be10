/* The key in hand, the account's balance, daily activity and the raw model lists; see manage.h. */
#include "openrouter/members.h"
#include "openrouter/transport.h"

/* ---- the key in hand ---- */

static struct openrouter_current_key *current_of(void *ctx)
{
    return ((struct fields *)ctx)->out;
}

static void on_label(void *ctx, struct json v)
{
    fields_text(ctx, v, &current_of(ctx)->label);
}

static void on_limit(void *ctx, struct json v)
{
    current_of(ctx)->has_limit = v.type != JSON_NULL;
    if (v.type != JSON_NULL)
        fields_amount(ctx, v, &current_of(ctx)->limit);
}

static void on_limit_remaining(void *ctx, struct json v)
{
    if (v.type != JSON_NULL)
        fields_amount(ctx, v, &current_of(ctx)->limit_remaining);
}

static void on_limit_reset(void *ctx, struct json v)
{
    str text = STR_NONE;
    fields_text(ctx, v, &text);
    if (!limit_reset_parse(text, &current_of(ctx)->reset))
        current_of(ctx)->reset = RESET_NONE;
}

static void on_usage(void *ctx, struct json v)
{
    fields_amount(ctx, v, &current_of(ctx)->usage);
}

static void on_usage_monthly(void *ctx, struct json v)
{
    fields_amount(ctx, v, &current_of(ctx)->usage_monthly);
}

/* The new and the deprecated name say the same; one of them is enough. */
static void on_is_management(void *ctx, struct json v)
{
    current_of(ctx)->is_management |= json_is_true(v);
}

static void on_is_free_tier(void *ctx, struct json v)
{
    current_of(ctx)->is_free_tier = json_is_true(v);
}

static const struct member_row current_rows[] = {
    {STR_INIT("label"), on_label},
    {STR_INIT("limit"), on_limit},
    {STR_INIT("limit_remaining"), on_limit_remaining},
    {STR_INIT("limit_reset"), on_limit_reset},
    {STR_INIT("usage"), on_usage},
    {STR_INIT("usage_monthly"), on_usage_monthly},
    {STR_INIT("is_management_key"), on_is_management},
    {STR_INIT("is_provisioning_key"), on_is_management},
    {STR_INIT("is_free_tier"), on_is_free_tier},
};

static status read_current(struct json data, struct arena *a, struct openrouter_current_key *out,
                           struct err *e)
{
    struct openrouter_current_key key = {0};
    struct fields f = {.out = &key, .arena = a};
    struct json item;
    members_read(data, MEMBERS(current_rows), &f);
    /* A missing limit must not be taken for "no limit". */
    bool is_whole = json_get(data, STR("limit"), &item) && json_get(data, STR("usage"), &item);
    if (f.is_broken || a->is_full || !is_whole)
        return transport_nonsense(e, "the key");
    *out = key;
    return ST_OK;
}

status openrouter_current_key(struct openrouter *o, str key, struct arena *a,
                              struct openrouter_current_key *out, struct err *e)
{
    MAI_AUTO(transport_reply_free) struct transport_reply reply = {0};
    struct transport_request r = {
        .method = "GET", .path = STR("/key"), .key = key, .max_bytes = TRANSPORT_USUAL_BYTES};
    if (key.n == 0)
        return err_set(e, ST_UNAUTHENTICATED, "This is not a key of OpenRouter");
    status st = transport_call(o, &r, &reply, e);
    return st == ST_OK ? read_current(reply.data, a, out, e) : st;
}

/* ---- credits ---- */

static void on_total_credits(void *ctx, struct json v)
{
    struct fields *f = ctx;
    fields_amount(f, v, &((struct openrouter_credits *)f->out)->total_credits);
}

static void on_total_usage(void *ctx, struct json v)
{
    struct fields *f = ctx;
    fields_amount(f, v, &((struct openrouter_credits *)f->out)->total_usage);
}

static const struct member_row credit_rows[] = {
    {STR_INIT("total_credits"), on_total_credits},
    {STR_INIT("total_usage"), on_total_usage},
};

status openrouter_credits(struct openrouter *o, str management_key, struct openrouter_credits *out,
                          struct err *e)
{
    MAI_AUTO(transport_reply_free) struct transport_reply reply = {0};
    struct transport_request r = {.method = "GET",
                                  .path = STR("/credits"),
                                  .key = management_key,
                                  .max_bytes = TRANSPORT_USUAL_BYTES};
    struct openrouter_credits credits = {0};
    struct fields f = {.out = &credits};
    struct json item;
    status st = transport_call(o, &r, &reply, e);
    if (st != ST_OK)
        return st;
    members_read(reply.data, MEMBERS(credit_rows), &f);
    if (f.is_broken || !json_get(reply.data, STR("total_credits"), &item) ||
        !json_get(reply.data, STR("total_usage"), &item))
        return transport_nonsense(e, "credits");
    *out = credits;
    return ST_OK;
}

/* ---- activity ---- */

static struct openrouter_activity *activity_of(void *ctx)
{
    return ((struct fields *)ctx)->out;
}

static void on_date(void *ctx, struct json v)
{
    fields_text(ctx, v, &activity_of(ctx)->date);
}

static void on_model(void *ctx, struct json v)
{
    fields_text(ctx, v, &activity_of(ctx)->model);
}

static void on_provider_name(void *ctx, struct json v)
{
    fields_text(ctx, v, &activity_of(ctx)->provider);
}

static void on_row_usage(void *ctx, struct json v)
{
    fields_amount(ctx, v, &activity_of(ctx)->usage);
}

static void on_requests(void *ctx, struct json v)
{
    members_count(v, &activity_of(ctx)->requests);
}

static void on_prompt_tokens(void *ctx, struct json v)
{
    members_count(v, &activity_of(ctx)->prompt_tokens);
}

static void on_completion_tokens(void *ctx, struct json v)
{
    members_count(v, &activity_of(ctx)->completion_tokens);
}

static const struct member_row activity_rows[] = {
    {STR_INIT("date"), on_date},
    {STR_INIT("model"), on_model},
    {STR_INIT("provider_name"), on_provider_name},
    {STR_INIT("usage"), on_row_usage},
    {STR_INIT("requests"), on_requests},
    {STR_INIT("prompt_tokens"), on_prompt_tokens},
    {STR_INIT("completion_tokens"), on_completion_tokens},
};

static size_t count_items(struct json list)
{
    struct json_iter it = json_iter(list);
    struct json none, item;
    size_t n = 0;
    while (json_next(&it, &none, &item))
        n++;
    return n;
}

static status read_activity(struct json list, struct arena *a, struct openrouter_activity **out,
                            size_t *count_out, struct err *e)
{
    if (list.type != JSON_ARRAY)
        return transport_nonsense(e, "activity");
    size_t count = 0;
    struct fields f = {.arena = a};
    struct openrouter_activity *rows =
        ARENA_ARRAY(a, struct openrouter_activity, count_items(list));
    struct json_iter it = json_iter(list);
    struct json none, row, usage;
    while (!a->is_full && json_next(&it, &none, &row)) {
        f.out = &rows[count++];
        members_read(row, MEMBERS(activity_rows), &f);
        f.is_broken |= !json_get(row, STR("usage"), &usage);
    }
    if (a->is_full)
        return err_set(e, ST_TOO_BIG, "OpenRouter's activity does not fit into the memory for it");
    if (f.is_broken)
        return transport_nonsense(e, "activity");
    *out = rows;
    *count_out = count;
    return ST_OK;
}

static void add_parameter(struct buf *path, const char *name, str value)
{
    if (value.n == 0)
        return;
    buf_addf(path, "%c%s=", str_find_char(buf_view(path), '?') < path->n ? '&' : '?', name);
    url_encode(path, value);
}

status openrouter_activity(struct openrouter *o, str management_key, str date, str key_hash,
                           struct arena *a, struct openrouter_activity **out, size_t *count_out,
                           struct err *e)
{
    MAI_AUTO(transport_reply_free) struct transport_reply reply = {0};
    MAI_AUTO(buf_free) struct buf path;
    buf_init(&path, 1024);
    buf_add(&path, STR("/activity"));
    add_parameter(&path, "date", date);
    add_parameter(&path, "api_key_hash", key_hash);
    struct transport_request r = {.method = "GET",
                                  .path = buf_view(&path),
                                  .key = management_key,
                                  .max_bytes = TRANSPORT_LIST_BYTES};
    if (path.is_full)
        return err_set(e, ST_BAD_REQUEST, "The date or the key's hash is too long");
    status st = transport_call(o, &r, &reply, e);
    return st == ST_OK ? read_activity(reply.data, a, out, count_out, e) : st;
}

/* ---- model lists ---- */

status openrouter_models(struct openrouter *o, bool embeddings, struct buf *body_out, struct err *e)
{
    struct transport_reply reply = {0};
    struct transport_request r = {.method = "GET",
                                  .path = embeddings ? STR("/embeddings/models") : STR("/models"),
                                  .max_bytes = TRANSPORT_LIST_BYTES};
    status st = transport_call(o, &r, &reply, e);
    if (st == ST_OK && reply.data.type != JSON_ARRAY)
        st = transport_nonsense(e, "models");
    if (st == ST_OK)
        buf_add(body_out, reply.root.raw);
    if (st == ST_OK && body_out->is_full)
        st = err_set(e, ST_UPSTREAM, "OpenRouter's model list is larger than %zu bytes",
                     body_out->max);
    transport_reply_free(&reply);
    return st;
}

status openrouter_probe(struct openrouter *o, struct err *e)
{
    struct transport_reply reply = {0};
    struct transport_request r = {.method = "GET", .path = STR("/models/count"), .max_bytes = TRANSPORT_USUAL_BYTES};
    status st = transport_call(o, &r, &reply, e);
    transport_reply_free(&reply);
    return st == ST_UPSTREAM || st == ST_UPSTREAM_TIMEOUT ? st : ST_OK;
}

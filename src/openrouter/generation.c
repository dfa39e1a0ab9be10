/* The truth about one call, and finding calls whose id never came; see manage.h. */
#include "base/clock.h"
#include "openrouter/members.h"
#include "openrouter/transport.h"
#include "openrouter/usage.h"

enum { ID_MAX_BYTES = 200, FOUND_MAX = 5000 };

static void copy_record(const struct usage_record *r, str raw, struct openrouter_generation *out)
{
    const struct usage *u = &r->event.usage;
    *out = (struct openrouter_generation){
        .id = r->event.id,
        .model = r->event.model,
        .provider = r->event.provider,
        .finish_reason = r->event.finish_reason,
        .external_user = r->external_user,
        .total_cost = u->cost,
        .is_byok = u->is_byok,
        .upstream_cost = u->is_byok ? u->upstream_cost : PICO(0),
        .is_cancelled = r->is_cancelled,
        .prompt_tokens = u->prompt_tokens,
        .completion_tokens = u->completion_tokens,
        .reasoning_tokens = u->reasoning_tokens,
        .cached_tokens = u->cached_tokens,
        .created_at = r->created_at,
        .raw = raw,
    };
}

static status read_record(struct json data, str wanted_id, struct arena *a,
                          struct openrouter_generation *out, struct err *e)
{
    struct usage_record record;
    struct json kept = {data.type, arena_dup(a, data.raw)};
    if (a->is_full)
        return err_set(e, ST_TOO_BIG,
                       "OpenRouter's record of the call does not fit into the memory for it");
    usage_read_record(kept, a, &record);
    bool is_sane = data.type == JSON_OBJECT && str_eq(record.event.id, wanted_id) &&
                   record.event.usage.cost_state == USAGE_COST_KNOWN;
    if (!is_sane || a->is_full)
        return transport_nonsense(e, "a call");
    copy_record(&record, kept.raw, out);
    return ST_OK;
}

status openrouter_generation(struct openrouter *o, str key, str generation_id, struct arena *a,
                             struct openrouter_generation *out, struct err *e)
{
    MAI_AUTO(transport_reply_free) struct transport_reply reply = {0};
    MAI_AUTO(buf_free) struct buf path;
    buf_init(&path, 1024);
    if (generation_id.n == 0 || generation_id.n > ID_MAX_BYTES)
        return err_set(e, ST_BAD_REQUEST, "This is not the id of a generation");
    buf_add(&path, STR("/generation?id="));
    url_encode(&path, generation_id);
    struct transport_request r = {
        .method = "GET", .path = buf_view(&path), .key = key, .max_bytes = TRANSPORT_USUAL_BYTES};
    status st = transport_call(o, &r, &reply, e);
    return st == ST_OK ? read_record(reply.data, generation_id, a, out, e) : st;
}

/* ---- finding calls ---- */

static void on_generation_id(void *ctx, struct json v)
{
    struct fields *f = ctx;
    fields_text(f, v, &((struct openrouter_found_call *)f->out)->generation_id);
}

static void on_external_user(void *ctx, struct json v)
{
    struct fields *f = ctx;
    fields_text(f, v, &((struct openrouter_found_call *)f->out)->external_user);
}

static const struct member_row found_rows[] = {
    {STR_INIT("generation_id"), on_generation_id},
    {STR_INIT("external_user"), on_external_user},
};

static void add_strings(struct json_writer *w, str key, const str *texts, size_t count)
{
    jw_karray(w, key);
    for (size_t i = 0; i < count; i++)
        jw_str(w, texts[i]);
    jw_end(w);
}

static void add_query(struct json_writer *w, str key_hash, int64_t from_ms, int64_t to_ms)
{
    static const str metrics[] = {STR_INIT("request_count")};
    static const str dimensions[] = {STR_INIT("generation_id"), STR_INIT("external_user")};
    char from[ISO_TIME_CAP], to[ISO_TIME_CAP];
    iso_from_ms(from_ms, from);
    iso_from_ms(to_ms, to);
    jw_object(w);
    add_strings(w, STR("metrics"), metrics, COUNT_OF(metrics));
    add_strings(w, STR("dimensions"), dimensions, COUNT_OF(dimensions));
    jw_karray(w, STR("filters"));
    jw_object(w);
    jw_kstr(w, STR("field"), STR("api_key_id"));
    jw_kstr(w, STR("operator"), STR("eq"));
    jw_kstr(w, STR("value"), key_hash);
    jw_end(w);
    jw_end(w);
    jw_kobject(w, STR("time_range"));
    jw_kstr(w, STR("start"), str_c(from));
    jw_kstr(w, STR("end"), str_c(to));
    jw_end(w);
    jw_ki64(w, STR("limit"), FOUND_MAX);
    jw_end(w);
}

static size_t count_items(struct json list)
{
    struct json_iter it = json_iter(list);
    struct json none, item;
    size_t n = 0;
    while (json_next(&it, &none, &item))
        n++;
    return n;
}

static bool is_cut(struct json answer)
{
    struct json metadata, truncated;
    return json_get(answer, STR("metadata"), &metadata) &&
           json_get(metadata, STR("truncated"), &truncated) && json_is_true(truncated);
}

static status read_found(struct json answer, struct arena *a, struct openrouter_found_call **out,
                         size_t *count_out, struct err *e)
{
    struct json rows, none, row;
    if (!json_get(answer, STR("data"), &rows) || rows.type != JSON_ARRAY)
        return transport_nonsense(e, "calls");
    if (is_cut(answer)) /* half a list would make calls look as if they never happened */
        return err_set(e, ST_TOO_BIG, "More than %d calls in this span: ask for a shorter one",
                       FOUND_MAX);
    struct openrouter_found_call *found =
        ARENA_ARRAY(a, struct openrouter_found_call, count_items(rows));
    size_t count = 0;
    struct json_iter it = json_iter(rows);
    while (!a->is_full && json_next(&it, &none, &row)) {
        struct fields f = {.out = &found[count], .arena = a};
        found[count] = (struct openrouter_found_call){0};
        members_read(row, MEMBERS(found_rows), &f);
        count += found[count].generation_id.n != 0;
    }
    if (a->is_full)
        return err_set(e, ST_TOO_BIG, "OpenRouter's calls do not fit into the memory for them");
    *out = found;
    *count_out = count;
    return ST_OK;
}

status openrouter_find_calls(struct openrouter *o, str management_key, str key_hash,
                             int64_t from_ms, int64_t to_ms, struct arena *a,
                             struct openrouter_found_call **out, size_t *count_out, struct err *e)
{
    MAI_AUTO(transport_reply_free) struct transport_reply reply = {0};
    MAI_AUTO(buf_free) struct buf body;
    buf_init(&body, 4096);
    struct json_writer w = json_writer(&body);
    add_query(&w, key_hash, from_ms, to_ms);
    struct transport_request r = {.method = "POST",
                                  .path = STR("/analytics/query"),
                                  .key = management_key,
                                  .body = buf_view(&body),
                                  .max_bytes = TRANSPORT_USUAL_BYTES};
    if (body.is_full || key_hash.n == 0)
        return err_set(e, ST_BAD_REQUEST, "This is not the hash of a key");
    status st = transport_call(o, &r, &reply, e);
    return st == ST_OK ? read_found(reply.data, a, out, count_out, e) : st;
}

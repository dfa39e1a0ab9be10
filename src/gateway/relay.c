/* The relay of one answer; see relay.h. */
#include "gateway/relay.h"

enum { SCRATCH_BYTES = 1 << 20, USAGE_BYTES = 64 << 10 };

void relay_init(struct relay *r, bool is_stream, markup m)
{
    *r = (struct relay){.is_stream = is_stream, .markup = m};
    buf_init(&r->out, RELAY_MAX_PLAIN_BYTES + RELAY_MAX_EVENT_BYTES);
    buf_init(&r->held, RELAY_MAX_PLAIN_BYTES + RELAY_MAX_EVENT_BYTES);
    buf_init(&r->usage_raw, USAGE_BYTES);
    buf_init(&r->usage_billed, USAGE_BYTES);
    buf_init(&r->plain, RELAY_MAX_PLAIN_BYTES);
    sse_init(&r->sse, RELAY_MAX_EVENT_BYTES);
    arena_init(&r->scratch, SCRATCH_BYTES);
}

void relay_free(struct relay *r)
{
    buf_free(&r->out);
    buf_free(&r->held);
    buf_free(&r->usage_raw);
    buf_free(&r->usage_billed);
    buf_free(&r->plain);
    sse_free(&r->sse);
    arena_free(&r->scratch);
}

/* ---- facts ---- */

static void keep_text(str s, char *dst, size_t cap)
{
    if (s.n != 0)
        (void)str_copy_z(s, dst, cap);
}

/* An id that does not fit is no id of ours to ask for later. */
static void keep_id(struct relay *r, str id)
{
    if (r->id[0] == '\0' && id.n < sizeof r->id && str_is_text(id, false))
        keep_text(id, r->id, sizeof r->id);
}

static void keep_usage(struct relay *r, const struct usage *u)
{
    r->has_usage = true;
    r->has_tokens = u->has_tokens;
    r->prompt_tokens = u->prompt_tokens;
    r->completion_tokens = u->completion_tokens;
    r->has_cost = usage_cost_total(u, &r->cost) == ST_OK &&
                  markup_apply(r->cost, r->markup, &r->billed) == ST_OK;
    r->cost_text[0] = '\0';
    keep_text(u->cost_text, r->cost_text, sizeof r->cost_text);
    buf_clear(&r->usage_raw);
    buf_add(&r->usage_raw, u->raw);
}

static void keep_error(struct relay *r, const struct usage_event *e)
{
    r->has_error = true;
    r->error_code = e->error_code;
    keep_text(e->error_message, r->error_text, sizeof r->error_text);
}

static void keep_facts(struct relay *r, const struct usage_event *e)
{
    keep_id(r, e->id);
    keep_text(e->model, r->model, sizeof r->model);
    keep_text(e->provider, r->provider, sizeof r->provider);
    keep_text(e->finish_reason, r->finish_reason, sizeof r->finish_reason);
    r->delivered_bytes += (int64_t)e->delta_bytes;
    if (e->usage.is_present)
        keep_usage(r, &e->usage);
    if (e->has_error)
        keep_error(r, e);
}

/* ---- billing the usage object ---- */

/* The person's usage object: billed, or without any cost while the truth is not known. */
static void bill_usage(struct relay *r)
{
    buf_clear(&r->usage_billed);
    if (r->has_cost) {
        usage_bill(buf_view(&r->usage_raw), r->billed, &r->usage_billed);
        return;
    }
    MAI_AUTO(buf_free) struct buf zero;
    struct json v;
    buf_init(&zero, USAGE_BYTES);
    usage_bill(buf_view(&r->usage_raw), PICO(0), &zero);
    const struct json_edit remove = {STR_INIT("cost"), {NULL, 0}};
    if (json_check(buf_view(&zero), &v, NULL) == ST_OK)
        json_splice(v, &remove, 1, &r->usage_billed);
}

static void add_object(struct relay *r, struct json v, const struct usage_event *e, struct buf *to)
{
    if (!e->usage.is_present) {
        buf_add(to, v.raw);
        return;
    }
    bill_usage(r);
    const struct json_edit edit = {STR_INIT("usage"), buf_view(&r->usage_billed)};
    json_splice(v, &edit, 1, to);
}

/* ---- streams ---- */

static bool is_inside(str part, str whole)
{
    return part.p >= whole.p && part.p + part.n <= whole.p + whole.n;
}

/* The object changes, the lines around it stay. Data that came on several lines is one line afterwards. */
static void add_event(struct relay *r, const struct sse_event *event, struct json v, const struct usage_event *e)
{
    bool is_one_line = is_inside(v.raw, event->raw);
    size_t before = is_one_line ? (size_t)(v.raw.p - event->raw.p) : 0;
    buf_add(&r->out, is_one_line ? str_sub(event->raw, 0, before) : STR("data: "));
    add_object(r, v, e, &r->out);
    buf_add(&r->out, is_one_line ? str_from(event->raw, before + v.raw.n) : STR("\n\n"));
}

static void relay_object(struct relay *r, const struct sse_event *event, struct json v)
{
    struct usage_event e;
    arena_reset(&r->scratch);
    usage_read(v, &r->scratch, &e);
    keep_facts(r, &e);
    if (e.usage.is_present)
        add_event(r, event, v, &e);
    else
        buf_add(&r->out, event->raw);
    if (r->observe != NULL)
        r->observe(r->observe_ctx, &e);
}

static void relay_event(struct relay *r, const struct sse_event *event)
{
    struct json v;
    if (event->data.p == NULL) {
        buf_add(&r->out, event->raw);
        return;
    }
    if (str_eq(str_trim(event->data), STR("[DONE]"))) {
        r->is_done = true;
        buf_add(&r->held, event->raw);
        return;
    }
    /* What cannot be read cannot be billed, and might carry a cost: it does not go on. */
    if (json_check(event->data, &v, NULL) == ST_OK && v.type == JSON_OBJECT)
        relay_object(r, event, v);
    else
        r->is_broken = true;
}

static status feed_stream(struct relay *r, str bytes)
{
    struct sse_event event;
    status st = sse_feed(&r->sse, bytes);
    if (st != ST_OK)
        return st;
    while (!r->is_done && sse_next(&r->sse, &event))
        relay_event(r, &event);
    return r->out.is_full ? ST_TOO_BIG : ST_OK;
}

/* ---- plain answers ---- */

/* White space that the supplier sends early keeps slow lines alive: it may go on before the answer. */
static void relay_padding(struct relay *r)
{
    size_t n = r->padding_sent;
    str all = buf_view(&r->plain);
    while (n < all.n && (all.p[n] == ' ' || all.p[n] == '\n' || all.p[n] == '\r' || all.p[n] == '\t'))
        n++;
    if (n != all.n)
        return;
    buf_add(&r->out, str_from(all, r->padding_sent));
    r->padding_sent = n;
}

static status feed_plain(struct relay *r, str bytes)
{
    buf_add(&r->plain, bytes);
    if (r->plain.is_full)
        return ST_TOO_BIG;
    if (r->padding_sent + bytes.n == r->plain.n)
        relay_padding(r);
    return ST_OK;
}

static void finish_plain(struct relay *r)
{
    struct json v;
    struct usage_event e;
    str all = buf_view(&r->plain);
    if (json_check(str_trim(all), &v, NULL) != ST_OK || v.type != JSON_OBJECT) {
        r->is_broken = true;
        return;
    }
    usage_read(v, &r->scratch, &e);
    keep_facts(r, &e);
    size_t before = (size_t)(v.raw.p - all.p);
    buf_add(&r->held, str_sub(all, r->padding_sent, before - r->padding_sent));
    add_object(r, v, &e, &r->held);
    buf_add(&r->held, str_from(all, before + v.raw.n));
    r->is_done = true;
    if (r->observe != NULL)
        r->observe(r->observe_ctx, &e);
}

/* ---- both ---- */

status relay_feed(struct relay *r, str bytes)
{
    if (r->is_done || bytes.n == 0)
        return ST_OK;
    return r->is_stream ? feed_stream(r, bytes) : feed_plain(r, bytes);
}

/* An event that the supplier left unfinished (no blank line behind it). */
static void finish_stream(struct relay *r)
{
    struct sse_event event;
    if (sse_rest(&r->sse).n == 0)
        return;
    if (sse_feed(&r->sse, STR("\n\n")) == ST_OK)
        while (!r->is_done && sse_next(&r->sse, &event))
            relay_event(r, &event);
}

void relay_finish(struct relay *r)
{
    if (r->is_done)
        return;
    if (r->is_stream)
        finish_stream(r);
    else
        finish_plain(r);
}

void relay_add_error(struct buf *out, status st, str text, bool as_event)
{
    if (as_event)
        buf_add(out, STR("data: "));
    struct json_writer w = json_writer(out);
    jw_object(&w);
    jw_kobject(&w, STR("error"));
    jw_kstr(&w, STR("message"), text);
    jw_kstr(&w, STR("type"), str_c(status_type(st)));
    jw_knull(&w, STR("param"));
    jw_ki64(&w, STR("code"), status_http(st));
    jw_end(&w);
    jw_end(&w);
    if (as_event)
        buf_add(out, STR("\n\n"));
}

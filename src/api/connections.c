/* Connections of an organization: the address and the key, saved at once, checked behind it. */
#include "api/handlers.h"
#include "gateway/keysync.h"
#include "ledger/usage.h"
#include "tenancy/settings.h"

/* ---- reading ---- */

/* OpenRouter counts its own prices: what is left of the key there would tell the raw cost. Shown is what is left by
 * our books, in billed money. */
static void write_limit(struct api_call *c, const struct connection *n, const struct usage_stats *books)
{
    api_kpico_or_null(c, "limit", n->has_shown && books->has_limit, books->limit);
    api_kpico_or_null(c, "limit_remaining", n->has_shown && books->has_limit, books->remaining);
}

static void write_key_state(struct api_call *c, const struct connection *n, const struct usage_stats *books)
{
    const struct supplier_key *k = &n->shown;
    struct json_writer *w = &c->w;
    jw_object(w);
    jw_kstr(w, STR("state"), n->has_shown ? key_state_shown(k->state) : STR("none"));
    jw_kstr_or_null(w, STR("reason"), n->has_shown ? k->reason : STR_NONE);
    jw_kstr(w, STR("last4"), n->has_shown ? k->last4 : STR(""));
    api_kseconds_or_null(c, "checked_at", n->has_shown ? k->checked_ms : 0);
    jw_kstr_or_null(w, STR("label"), n->has_shown ? k->label : STR_NONE);
    jw_kstr_or_null(w, STR("name"), n->has_shown ? k->name : STR_NONE);
    write_limit(c, n, books);
    jw_kstr_or_null(w, STR("limit_reset"), n->has_shown ? limit_reset_text(k->limit_reset) : STR_NONE);
    if (n->has_previous) {
        jw_kobject(w, STR("previous"));
        jw_kstr(w, STR("last4"), n->previous.last4);
        jw_kstr(w, STR("state"), key_state_shown(n->previous.state));
        jw_end(w);
    } else {
        jw_knull(w, STR("previous"));
    }
    jw_end(w);
}

status connections_get(struct api_call *c)
{
    struct connection n;
    char mask[16];
    struct json_writer *w = &c->w;
    struct usage_stats books;
    status st = connection_read(c->db, c->scope, &c->arena, &n, &c->err);
    if (st == ST_OK)
        st = usage_stats_read(c->db, c->scope, USAGE_ORGANIZATION, c->now_ms, &c->arena, &books);
    if (st != ST_OK)
        return st;
    jw_object(w);
    jw_kbool(w, STR("ENABLE_OPENAI_API"), true);
    jw_karray(w, STR("OPENAI_API_BASE_URLS"));
    jw_str(w, n.has_shown ? n.shown.url : c->g->conf->openai_api_base_url);
    jw_end(w);
    jw_karray(w, STR("OPENAI_API_KEYS"));
    jw_str(w, n.has_shown ? connection_mask(n.shown.last4, mask) : STR(""));
    jw_end(w);
    jw_kobject(w, STR("OPENAI_API_CONFIGS"));
    jw_kobject(w, STR("0"));
    jw_kbool(w, STR("enable"), true);
    jw_end(w);
    jw_end(w);
    jw_karray(w, STR("KEYS"));
    write_key_state(c, &n, &books);
    jw_end(w);
    jw_end(w);
    return ST_OK;
}

/* ---- saving ---- */

/* The first text of an array member; empty when there is none. */
static status first_text(struct api_call *c, const char *name, str *out)
{
    struct json list = api_body_get(c, name), item;
    *out = STR("");
    if (list.raw.p == NULL || list.type == JSON_NULL)
        return ST_OK;
    if (list.type != JSON_ARRAY)
        return api_fail(c, ST_UNPROCESSABLE, name, "%s must be a list of texts", name);
    struct json_iter it = json_iter(list);
    size_t count = 0;
    for (; json_next(&it, NULL, &item); count++) {
        str text;
        if (json_string(item, &c->arena, &text) != ST_OK)
            return api_fail(c, ST_UNPROCESSABLE, name, "%s must be a list of texts", name);
        if (count == 0)
            *out = text;
        else if (text.n != 0)
            return api_fail(c, ST_UNPROCESSABLE, name, "mAI keeps one connection per organization: OpenRouter");
    }
    return ST_OK;
}

struct save {
    struct scope by;
    struct connection_save in;
    bool is_removal;
    char key_id[ID_CAP];
    bool needs_check;
    struct err *e;
};

static status save_run(struct db *db, void *ctx)
{
    struct save *s = ctx;
    if (s->is_removal)
        return connection_remove(db, s->by, s->e);
    return connection_save(db, s->by, &s->in, s->key_id, &s->needs_check, s->e);
}

status connections_update(struct api_call *c)
{
    struct save s = {.by = c->scope, .e = &c->err};
    bool is_enabled = true;
    s.in.openrouter = c->g->openrouter;
    s.in.master = &c->g->master;
    status st = first_text(c, "OPENAI_API_BASE_URLS", &s.in.url);
    if (st == ST_OK)
        st = first_text(c, "OPENAI_API_KEYS", &s.in.key);
    if (st == ST_OK)
        st = api_body_bool(c, "ENABLE_OPENAI_API", &is_enabled);
    if (st != ST_OK)
        return st;
    if (s.in.url.n == 0)
        s.in.url = c->g->conf->openai_api_base_url;
    s.is_removal = !is_enabled;
    st = api_write(c, save_run, &s);
    if (st != ST_OK)
        return st;
    if (s.is_removal)
        gateway_forget(c->g, str_c(c->scope.organization_id));
    if (s.needs_check)
        keysync_check_later(c->g, str_c(s.key_id));
    return connections_get(c);
}

/* ---- trying ---- */

status connections_verify(struct api_call *c)
{
    str url, key;
    struct openrouter_current_key found;
    status st = api_body_str(c, "url", true, &url);
    if (st == ST_OK)
        st = api_body_str(c, "key", true, &key);
    if (st != ST_OK)
        return st;
    if (!openrouter_is_base(c->g->openrouter, url))
        return api_fail(c, ST_UNPROCESSABLE, "url", "Keys travel to %.*s only",
                        STR_ARG(c->g->conf->openai_api_base_url));
    st = openrouter_current_key(c->g->openrouter, key, &c->arena, &found, &c->err);
    if (st == ST_UNAUTHENTICATED)
        return api_fail(c, ST_BAD_REQUEST, "key", "OpenRouter does not know this key");
    if (st != ST_OK)
        return st;
    if (found.is_management)
        return api_fail(c, ST_BAD_REQUEST, "key", "This is a management key; it cannot make calls");
    jw_object(&c->w);
    jw_karray(&c->w, STR("data"));
    jw_end(&c->w);
    jw_kstr(&c->w, STR("label"), found.label);
    jw_end(&c->w);
    return ST_OK;
}

/* ---- letting people in ---- */

status connections_waiting(struct api_call *c)
{
    struct waiting_key *rows;
    size_t count;
    status st = connection_waiting(c->db, c->scope, &c->arena, &rows, &count, &c->err);
    if (st != ST_OK)
        return st;
    jw_array(&c->w);
    for (size_t i = 0; i < count; i++) {
        jw_object(&c->w);
        jw_kstr(&c->w, STR("key_hash"), rows[i].hash);
        jw_kstr(&c->w, STR("last4"), rows[i].last4);
        jw_kstr(&c->w, STR("name"), rows[i].saver_name);
        jw_kstr(&c->w, STR("email"), rows[i].saver_email);
        api_kseconds(c, "created_at", rows[i].created_ms);
        jw_end(&c->w);
    }
    jw_end(&c->w);
    return ST_OK;
}

struct approve {
    struct api_call *c;
    str hash;
    struct connection_applied applied;
};

static status approve_run(struct db *db, void *ctx)
{
    struct approve *a = ctx;
    status st = connection_approve(db, a->c->scope, &a->c->g->master, a->hash, &a->applied, &a->c->err);
    return st == ST_OK ? keysync_move_chats(db, &a->applied) : st;
}

status connections_approve(struct api_call *c)
{
    struct approve a = {.c = c};
    status st = api_body_str(c, "key_hash", true, &a.hash);
    if (st == ST_OK)
        st = api_write(c, approve_run, &a);
    if (st != ST_OK)
        return st;
    keysync_applied(c->g, &a.applied);
    buf_add(&c->out, STR("true"));
    return ST_OK;
}

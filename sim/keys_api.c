/* /keys and /key. Source: API reference 1.2 to 1.4. */
#include "body.h"
#include "money.h"
#include "routes.h"
#include "text.h"

#include <stdio.h>

enum { PAGE = 100, KEY_TEXT_CAP = 80, EXTERNAL_KEY_MIN = 32 };

static void write_data(struct key *key, struct buf *out)
{
    struct jout j = jout(out);
    jo_open(&j, '{');
    jo_key(&j, STR("data"));
    key_write(&j, key);
    jo_close(&j, '}');
}

/* ---- listing ---- */

static int64_t query_number(const struct http_request *r, str name)
{
    char text[24];
    int64_t v = 0;
    if (!http_query(r, name, text, sizeof text) || text[0] == '\0')
        return 0;
    return str_to_i64(str_c(text), &v) == ST_OK ? v : -1;
}

void keys_list(const struct ask *a, struct reply *out)
{
    char text[8] = "";
    int64_t offset = query_number(a->http, STR("offset")), at = 0, given = 0;
    bool hides_disabled = http_query(a->http, STR("include_disabled"), text, sizeof text) &&
                          strcmp(text, "false") == 0;
    if (offset < 0) {
        reply_error(out, 400, "Invalid offset", STR_NONE);
        return;
    }
    struct jout j = jout(&out->body);
    jo_open(&j, '{');
    jo_kopen(&j, "data", '[');
    for (size_t i = a->sim->keys.count; i-- > 0 && given < PAGE;) { /* newest first */
        struct key *key = a->sim->keys.all[i];
        if (key->is_deleted || key->is_management || (hides_disabled && key->is_disabled))
            continue;
        if (at++ < offset)
            continue;
        key_write(&j, key);
        given++;
    }
    jo_close(&j, ']');
    jo_close(&j, '}');
}

/* ---- reading a body ---- */

/* Members a key can be given; is_* say whether they were there. */
struct key_wish {
    const char *name;
    struct limit limit;
    bool has_limit, has_reset, has_byok, has_disabled, is_disabled;
    int64_t expires_ms;
    const char *external_user, *external_key, *creator;
};

static bool fail(struct reply *out, const char *message)
{
    reply_error(out, 400, message, STR_NONE);
    return false;
}

static bool read_limit(json_t *body, struct key_wish *w, struct reply *out)
{
    json_t *limit = json_object_get(body, "limit"), *reset = json_object_get(body, "limit_reset");
    w->has_limit = limit != NULL;
    w->has_reset = reset != NULL;
    w->limit.is_set = json_is_number(limit);
    if (limit != NULL && !json_is_number(limit) && !json_is_null(limit))
        return fail(out, "limit must be a number or null");
    if (w->limit.is_set &&
        (!money_from_double(json_number_value(limit), &w->limit.usd) || w->limit.usd.v < 0))
        return fail(out, "limit is out of range");
    if (reset == NULL || json_is_null(reset))
        return true;
    if (!limit_reset_find(str_c(json_string_value(reset)), &w->limit.reset))
        return fail(out, "limit_reset must be daily, weekly, monthly or null");
    return true;
}

static bool read_flags(json_t *body, struct key_wish *w, struct reply *out)
{
    json_t *byok = json_object_get(body, "include_byok_in_limit");
    json_t *disabled = json_object_get(body, "disabled");
    w->has_byok = byok != NULL;
    w->limit.includes_byok = json_is_true(byok);
    w->has_disabled = disabled != NULL;
    w->is_disabled = json_is_true(disabled);
    if ((byok != NULL && !json_is_boolean(byok)) ||
        (disabled != NULL && !json_is_boolean(disabled)))
        return fail(out, "include_byok_in_limit and disabled must be booleans");
    return true;
}

/* UTC with seconds: 2027-01-01T00:00:00Z */
static bool read_expiry(json_t *body, struct key_wish *w, struct reply *out)
{
    json_t *at = json_object_get(body, "expires_at");
    str text = str_c(json_string_value(at));
    if (at == NULL || json_is_null(at))
        return true;
    if (text.n < 20 || !str_ends(text, STR("Z")) || iso_to_ms(text, &w->expires_ms) != ST_OK)
        return fail(out, "expires_at must be an ISO 8601 UTC timestamp with seconds");
    return true;
}

static bool read_name(json_t *body, struct key_wish *w, bool is_required, struct reply *out)
{
    json_t *name = json_object_get(body, "name");
    if (name == NULL && !is_required)
        return true;
    if (!json_is_string(name) || json_string_length(name) == 0)
        return fail(out, "name is required");
    w->name = text_keep((str){json_string_value(name), json_string_length(name)});
    return true;
}

static bool read_external(json_t *body, struct key_wish *w, struct reply *out)
{
    json_t *external = json_object_get(body, "external");
    w->creator = text_keep(str_c(json_string_value(json_object_get(body, "creator_user_id"))));
    if (external == NULL)
        return true;
    w->external_user = text_keep(str_c(json_string_value(json_object_get(external, "user"))));
    w->external_key = json_string_value(json_object_get(external, "api_key"));
    if (w->external_user == NULL)
        return fail(out, "external.user is required");
    if (w->external_key != NULL && strlen(w->external_key) < EXTERNAL_KEY_MIN)
        return fail(out, "external.api_key must have at least 32 characters");
    return true;
}

static bool read_wish(json_t *body, struct key_wish *w, bool is_new, struct reply *out)
{
    *w = (struct key_wish){0};
    if (body == NULL)
        return fail(out, "Invalid JSON in request body");
    return read_name(body, w, is_new, out) && read_limit(body, w, out) &&
           read_flags(body, w, out) && read_expiry(body, w, out) && read_external(body, w, out);
}

static void apply_limit(struct keys *keys, struct key *key, const struct key_wish *w)
{
    if (w->has_limit) {
        key->limit.is_set = w->limit.is_set;
        key->limit.usd = w->limit.usd;
    }
    if (w->has_reset)
        key->limit.reset = w->limit.reset;
    if (w->has_byok)
        key->limit.includes_byok = w->limit.includes_byok;
    keys_limit_changed(keys, key);
}

/* ---- changing ---- */

static void create(const struct ask *a, const struct key_wish *w, struct reply *out)
{
    char text[KEY_TEXT_CAP];
    key_text_new(text);
    const char *chosen = w->external_key != NULL ? w->external_key : text;
    struct key *key = keys_add(&a->sim->keys, str_c(chosen), str_c(w->name));
    if (key == NULL) {
        reply_error(out, 409, "This key exists already", STR_NONE);
        return;
    }
    key->expires_ms = w->expires_ms;
    key->external_user = w->external_user;
    key->creator = w->creator;
    apply_limit(&a->sim->keys, key, w);
    struct jout j = jout(&out->body);
    out->status = 201;
    jo_open(&j, '{');
    jo_key(&j, STR("data"));
    key_write(&j, key);
    jo_kz(&j, "key", chosen);
    jo_close(&j, '}');
}

void keys_create(const struct ask *a, struct reply *out)
{
    struct key_wish w;
    json_t *body = body_parse(a->http->body);
    if (read_wish(body, &w, true, out))
        create(a, &w, out);
    json_decref(body);
}

static struct key *named(const struct ask *a, struct reply *out)
{
    struct key *key = keys_find_hash(&a->sim->keys, a->rest);
    if (key != NULL && !key->is_management)
        return key;
    reply_error(out, 404, "API key not found", STR_NONE);
    return NULL;
}

void keys_read(const struct ask *a, struct reply *out)
{
    struct key *key = named(a, out);
    if (key != NULL)
        write_data(key, &out->body);
}

void keys_patch(const struct ask *a, struct reply *out)
{
    struct key_wish w;
    struct key *key = named(a, out);
    if (key == NULL)
        return;
    json_t *body = body_parse(a->http->body);
    if (read_wish(body, &w, false, out)) {
        if (w.name != NULL)
            key->name = w.name;
        if (w.has_disabled)
            key->is_disabled = w.is_disabled;
        apply_limit(&a->sim->keys, key, &w);
        key->updated_ms = sim_now_ms();
        write_data(key, &out->body);
    }
    json_decref(body);
}

void keys_remove(const struct ask *a, struct reply *out)
{
    struct key *key = named(a, out);
    if (key == NULL)
        return;
    keys_delete(&a->sim->keys, key);
    buf_add(&out->body, STR("{\"deleted\":true}"));
}

void key_current(const struct ask *a, struct reply *out)
{
    const struct free_counter *f = &a->sim->free;
    int64_t limit = a->sim->options.free_per_day;
    int64_t used = f->day == sim_now_ms() / MS_PER_DAY ? f->in_day : 0;
    struct jout j = jout(&out->body);
    jo_open(&j, '{');
    jo_kopen(&j, "data", '{');
    key_write_current(&j, a->key);
    jo_kopen(&j, "free_model_daily_requests", '{');
    jo_ki64(&j, "used", used);
    jo_ki64(&j, "limit", limit);
    jo_ki64(&j, "remaining", used < limit ? limit - used : 0);
    jo_close(&j, '}');
    jo_close(&j, '}');
    jo_close(&j, '}');
}

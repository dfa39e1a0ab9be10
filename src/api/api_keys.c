/* Personal API keys: several by name, and Open WebUI's form with one newest key. */
#include "api/handlers.h"
#include "tenancy/api_key.h"

struct key_write {
    struct scope by;
    str name, id;
    struct api_key_made made;
    struct err *e;
};

static status create_run(struct db *db, void *ctx)
{
    struct key_write *k = ctx;
    return api_key_create(db, k->by, k->name, &k->made, k->e);
}

static status revoke_run(struct db *db, void *ctx)
{
    const struct key_write *k = ctx;
    return api_key_revoke(db, k->by, k->id, k->e);
}

/* Another key in place of the newest one: both or neither. */
static status renew_run(struct db *db, void *ctx)
{
    struct key_write *k = ctx;
    status st = k->id.p != NULL ? api_key_revoke(db, k->by, k->id, k->e) : ST_OK;
    return st == ST_OK ? api_key_create(db, k->by, k->name, &k->made, k->e) : st;
}

static status need_access(struct api_call *c)
{
    if (c->who->has_api_access)
        return ST_OK;
    return api_fail(c, ST_FORBIDDEN, NULL, "API access is not switched on for your organization");
}

status api_keys_list(struct api_call *c)
{
    struct api_key *rows;
    size_t count;
    status st = need_access(c);
    if (st == ST_OK)
        st = api_key_list(c->db, c->scope, &c->arena, &rows, &count);
    if (st != ST_OK)
        return st;
    jw_array(&c->w);
    for (size_t i = 0; i < count; i++) {
        jw_object(&c->w);
        jw_kstr(&c->w, STR("id"), rows[i].id);
        jw_kstr(&c->w, STR("name"), rows[i].name);
        jw_kstr(&c->w, STR("last4"), rows[i].last4);
        api_kseconds(c, "created_at", rows[i].created_ms);
        api_kseconds_or_null(c, "last_used_at", rows[i].last_used_ms);
        jw_end(&c->w);
    }
    jw_end(&c->w);
    return ST_OK;
}

static void write_made(struct api_call *c, const struct key_write *k)
{
    jw_object(&c->w);
    jw_kstr(&c->w, STR("id"), str_c(k->made.id));
    jw_kstr(&c->w, STR("name"), k->name);
    jw_kstr(&c->w, STR("api_key"), str_c(k->made.token));
    jw_kstr(&c->w, STR("last4"), str_c(k->made.last4));
    jw_end(&c->w);
}

status api_keys_create(struct api_call *c)
{
    struct key_write k = {.by = c->scope, .e = &c->err};
    status st = need_access(c);
    if (st == ST_OK)
        st = api_body_str(c, "name", true, &k.name);
    if (st == ST_OK)
        st = api_write(c, create_run, &k);
    if (st == ST_OK)
        write_made(c, &k);
    return st;
}

static status revoke(struct api_call *c, str id)
{
    struct key_write k = {.by = c->scope, .id = id, .e = &c->err};
    status st = api_write(c, revoke_run, &k);
    if (st != ST_OK)
        return st;
    gateway_forget(c->g, id);
    buf_add(&c->out, STR("true"));
    return ST_OK;
}

status api_keys_revoke(struct api_call *c)
{
    return revoke(c, c->params[0]);
}

/* ---- Open WebUI's form ---- */

static status newest(struct api_call *c, struct api_key *out, bool *has_out)
{
    struct api_key *rows;
    size_t count;
    status st = need_access(c);
    if (st == ST_OK)
        st = api_key_list(c->db, c->scope, &c->arena, &rows, &count);
    if (st != ST_OK)
        return st;
    *has_out = count != 0;
    if (count != 0)
        *out = rows[0];
    return ST_OK;
}

status api_key_newest(struct api_call *c)
{
    struct api_key key;
    bool has;
    status st = newest(c, &key, &has);
    if (st != ST_OK)
        return st;
    if (!has)
        return api_fail(c, ST_NOT_FOUND, NULL, "You have no API key");
    jw_object(&c->w);
    jw_kstr(&c->w, STR("api_key"),
            arena_printf(&c->arena, API_KEY_PREFIX "\u2026%.*s", STR_ARG(key.last4)));
    jw_end(&c->w);
    return ST_OK;
}

status api_key_renew(struct api_call *c)
{
    struct api_key key;
    bool has;
    struct key_write k = {.by = c->scope, .name = STR("API key"), .e = &c->err};
    status st = newest(c, &key, &has);
    if (st != ST_OK)
        return st;
    if (has)
        k.id = key.id;
    st = api_write(c, renew_run, &k);
    if (st != ST_OK)
        return st;
    if (has)
        gateway_forget(c->g, k.id);
    jw_object(&c->w);
    jw_kstr(&c->w, STR("api_key"), str_c(k.made.token));
    jw_end(&c->w);
    return ST_OK;
}

status api_key_drop(struct api_call *c)
{
    struct api_key key;
    bool has;
    status st = newest(c, &key, &has);
    if (st != ST_OK)
        return st;
    return has ? revoke(c, key.id) : api_fail(c, ST_NOT_FOUND, NULL, "You have no API key");
}

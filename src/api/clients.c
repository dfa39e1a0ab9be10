/* The provider's clients: list, make, change, disable, rotate, end, and letting a waiting person
 * in. What reaches OpenRouter is in gateway/clients.h, shared with the command line. */
#include "api/client_write.h"
#include "api/handlers.h"
#include "base/hash.h"
#include "gateway/clients.h"
#include "gateway/keysync.h"
#include "tenancy/connection.h"

/* ---- reading ---- */

/* All of them: pages only bound one query. */
static status each_client(struct api_call *c,
                          void (*write)(struct api_call *c, const struct client *k, void *ctx),
                          void *ctx)
{
    struct client_page page = {.total = 1};
    struct client_query q = {.page = 1};
    for (int64_t seen = 0; seen < page.total; q.page++) {
        status st = client_list(c->db, c->provider, &q, &c->arena, &page);
        if (st != ST_OK)
            return st;
        if (page.count == 0)
            break;
        for (size_t i = 0; i < page.count; i++)
            write(c, &page.rows[i], ctx);
        seen += (int64_t)page.count;
    }
    return ST_OK;
}

static void write_listed(struct api_call *c, const struct client *k, void *ctx)
{
    client_write_json(c, k, hash_get(ctx, k->organization.id));
}

status clients_list(struct api_call *c)
{
    struct provider_usage_clients usage;
    MAI_AUTO(hash_free) struct hash by_id = {0};
    status st = provider_usage_clients_read(c->db, c->provider, c->now_ms, &c->arena, &usage);
    if (st != ST_OK)
        return st;
    for (size_t i = 0; i < usage.count; i++)
        (void)hash_set(&by_id, usage.clients[i].organization_id, &usage.clients[i]);
    jw_array(&c->w);
    st = each_client(c, write_listed, &by_id);
    jw_end(&c->w);
    return st;
}

status clients_get(struct api_call *c)
{
    return client_answer(c, NULL, c->params[0]);
}

/* ---- members of the body ---- */

static status body_markup(struct api_call *c, bool *is_set, markup *out)
{
    struct json v = api_body_get(c, "markup_rate");
    str text = v.raw;
    *is_set = v.raw.p != NULL && v.type != JSON_NULL;
    if (!*is_set)
        return ST_OK;
    if (v.type == JSON_STRING && json_string(v, &c->arena, &text) != ST_OK)
        text = STR_NONE;
    if ((v.type == JSON_NUMBER || v.type == JSON_STRING) &&
        markup_parse(str_trim(text), out) == ST_OK)
        return ST_OK;
    return api_fail(c, ST_UNPROCESSABLE, "markup_rate",
                    "markup_rate must be a number above 0 and at most 100 with at most 6 decimals, "
                    "such as 1.3");
}

/* null: no limit. */
static status body_limit(struct api_call *c, bool *is_set, bool *has_limit, pico *limit)
{
    *is_set = api_body_has(c, "monthly_limit");
    *has_limit = *is_set && !api_body_is_null(c, "monthly_limit");
    return *has_limit ? api_body_amount(c, "monthly_limit", limit) : ST_OK;
}

static status body_reset(struct api_call *c, bool *is_set, enum limit_reset *out)
{
    str text;
    status st = api_body_str(c, "limit_reset", false, &text);
    if (st != ST_OK)
        return st;
    *is_set = api_body_has(c, "limit_reset");
    *out = RESET_NONE;
    if (text.n == 0 || limit_reset_parse(text, out))
        return ST_OK;
    return api_fail(c, ST_UNPROCESSABLE, "limit_reset",
                    "limit_reset must be daily, weekly, monthly or null");
}

static status body_text(struct api_call *c, const char *name, bool *is_set, str *out)
{
    *is_set = api_body_has(c, name);
    return api_body_str(c, name, false, out);
}

static status body_flag(struct api_call *c, const char *name, bool *is_set, bool *out)
{
    *is_set = api_body_has(c, name) && !api_body_is_null(c, name);
    return api_body_bool(c, name, out);
}

/* Texts are checked here as well, so that a form learns which field it was. */
static status field_is(struct api_call *c, status st, const char *field)
{
    if (st != ST_OK)
        c->err_field = field;
    return st;
}

static status check_texts(struct api_call *c, str name, bool has_name, str timezone, str currency,
                          str billing_email)
{
    str clean;
    status st =
        has_name ? field_is(c, name_clean(name, "The name", &clean, &c->err), "name") : ST_OK;
    if (st == ST_OK && timezone.n != 0)
        st = field_is(c, timezone_clean(timezone, &c->err), "timezone");
    if (st == ST_OK && currency.n != 0)
        st = field_is(c, currency_clean(currency, &c->err), "currency");
    if (st == ST_OK && billing_email.n != 0)
        st = field_is(c, email_clean(billing_email, &clean, &c->err), "billing_email");
    return st;
}

/* ---- making ---- */

static status read_new(struct api_call *c, struct client_new *n)
{
    bool is_set;
    str clean;
    status st = api_body_str(c, "name", true, &n->name);
    if (st == ST_OK)
        st = body_markup(c, &n->has_markup, &n->markup);
    if (st == ST_OK)
        st = body_limit(c, &is_set, &n->has_limit, &n->limit);
    if (st == ST_OK)
        st = body_reset(c, &n->has_reset, &n->limit_reset);
    if (st == ST_OK)
        st = api_body_str(c, "timezone", false, &n->timezone);
    if (st == ST_OK)
        st = api_body_str(c, "currency", false, &n->currency);
    if (st == ST_OK)
        st = api_body_str(c, "billing_email", false, &n->billing_email);
    if (st == ST_OK)
        st = api_body_str(c, "admin_email", false, &n->admin_email);
    if (st == ST_OK)
        st = api_body_str(c, "admin_name", false, &n->admin_name);
    if (st == ST_OK)
        st = check_texts(c, n->name, true, n->timezone, n->currency, n->billing_email);
    if (st == ST_OK && n->admin_email.n != 0)
        st = field_is(c, email_clean(n->admin_email, &clean, &c->err), "admin_email");
    return st;
}

static void write_key_info(struct api_call *c, const struct client_created *m)
{
    jw_kobject(&c->w, STR("api_key_info"));
    jw_kstr(&c->w, STR("key_hash"), m->key_id);
    jw_kstr(&c->w, STR("name"), m->key_name);
    api_kpico_or_null(c, "limit", m->has_limit, m->monthly_limit);
    api_kpico(c, "usage", PICO(0));
    jw_end(&c->w);
}

static void write_admin(struct api_call *c, const struct client_created *m)
{
    if (!m->has_admin)
        return;
    jw_kobject(&c->w, STR("admin"));
    jw_kstr(&c->w, STR("email"), m->admin_email);
    jw_kstr(&c->w, STR("one_time_password"), m->one_time_password);
    jw_end(&c->w);
}

static void wipe(str secret)
{
    if (secret.p != NULL)
        secret_wipe((char *)(uintptr_t)secret.p, secret.n);
}

status clients_create(struct api_call *c)
{
    struct client_host host = client_host_of(c->g);
    struct client_new n = {0};
    struct client_created made;
    status st = read_new(c, &n);
    if (st == ST_OK)
        st = client_create(&host, c->provider, &n, &c->arena, &made, &c->err);
    if (st != ST_OK)
        return st;
    c->code = 201;
    jw_object(&c->w);
    jw_kbool(&c->w, STR("success"), true);
    jw_kstr(&c->w, STR("message"),
            STR("The client and its key were made; the key is shown this once"));
    jw_kstr(&c->w, STR("api_key"), made.api_key);
    write_key_info(c, &made);
    write_admin(c, &made);
    st = client_answer(c, "client", made.organization_id);
    jw_end(&c->w);
    wipe(made.api_key);
    return st;
}

/* ---- changing ---- */

static status read_flags(struct api_call *c, struct organization_change *x)
{
    status st = body_flag(c, "api_access", &x->set_api_access, &x->has_api_access);
    if (st == ST_OK)
        st = body_flag(c, "allow_extras", &x->set_allow_extras, &x->allows_extras);
    if (st == ST_OK)
        st = body_flag(c, "deny_data_collection", &x->set_deny_data_collection,
                       &x->deny_data_collection);
    if (st == ST_OK)
        st = body_flag(c, "zero_data_retention", &x->set_zero_data_retention,
                       &x->zero_data_retention);
    return st;
}

static status read_change(struct api_call *c, struct organization_change *x)
{
    status st = body_text(c, "name", &x->set_name, &x->name);
    if (st == ST_OK)
        st = body_markup(c, &x->set_markup, &x->markup);
    if (st == ST_OK)
        st = body_limit(c, &x->set_limit, &x->has_limit, &x->limit);
    if (st == ST_OK)
        st = body_reset(c, &x->set_reset, &x->limit_reset);
    if (st == ST_OK)
        st = body_text(c, "timezone", &x->set_timezone, &x->timezone);
    if (st == ST_OK)
        st = body_text(c, "currency", &x->set_currency, &x->currency);
    if (st == ST_OK)
        st = body_text(c, "billing_email", &x->set_billing_email, &x->billing_email);
    if (st == ST_OK)
        st = read_flags(c, x);
    x->set_timezone = x->set_timezone && x->timezone.n != 0;
    x->set_currency = x->set_currency && x->currency.n != 0;
    return st == ST_OK
               ? check_texts(c, x->name, x->set_name, x->timezone, x->currency, x->billing_email)
               : st;
}

static status answer_done(struct api_call *c, const char *warning)
{
    jw_object(&c->w);
    jw_kbool(&c->w, STR("success"), true);
    jw_kstr_or_null(&c->w, STR("warning"), warning[0] != '\0' ? str_c(warning) : STR_NONE);
    status st = client_answer(c, "client", c->params[0]);
    jw_end(&c->w);
    return st;
}

status clients_change(struct api_call *c)
{
    struct client_host host = client_host_of(c->g);
    struct organization_change x = {0};
    struct client_done done;
    status st = read_change(c, &x);
    if (st == ST_OK)
        st = client_set(&host, c->provider, c->params[0], &x, &done, &c->err);
    return st == ST_OK ? answer_done(c, done.warning) : st;
}

static status set_disabled(struct api_call *c, bool is_disabled)
{
    struct client_host host = client_host_of(c->g);
    struct client_done done;
    status st = client_set_disabled(&host, c->provider, c->params[0], is_disabled, &done, &c->err);
    return st == ST_OK ? answer_done(c, done.warning) : st;
}

status clients_disable(struct api_call *c)
{
    return set_disabled(c, true);
}

status clients_enable(struct api_call *c)
{
    return set_disabled(c, false);
}

status clients_rotate(struct api_call *c)
{
    struct client_host host = client_host_of(c->g);
    struct client_rotated r;
    status st = client_rotate(&host, c->provider, c->params[0], &c->arena, &r, &c->err);
    if (st != ST_OK)
        return st;
    jw_object(&c->w);
    jw_kbool(&c->w, STR("success"), true);
    jw_kstr(&c->w, STR("api_key"), r.api_key);
    jw_kstr(&c->w, STR("key_hash"), r.key_id);
    jw_kbool(&c->w, STR("is_in_use"), r.is_in_use);
    jw_kstr_or_null(&c->w, STR("warning"), r.warning[0] != '\0' ? str_c(r.warning) : STR_NONE);
    st = client_answer(c, "client", c->params[0]);
    jw_end(&c->w);
    wipe(r.api_key);
    return st;
}

status clients_delete(struct api_call *c)
{
    struct client_host host = client_host_of(c->g);
    struct client_done done;
    status st = client_delete(&host, c->provider, c->params[0], &done, &c->err);
    if (st != ST_OK)
        return st;
    jw_object(&c->w);
    jw_kbool(&c->w, STR("success"), true);
    jw_kstr_or_null(&c->w, STR("warning"),
                    done.warning[0] != '\0' ? str_c(done.warning) : STR_NONE);
    jw_end(&c->w);
    return ST_OK;
}

/* ---- a key that waits ---- */

struct approval {
    struct api_call *c;
    str hash;
    struct connection_applied applied;
};

static status approve_run(struct db *db, void *ctx)
{
    struct approval *a = ctx;
    status st = connection_provider_approve(db, a->c->provider, &a->c->g->master, a->c->params[0],
                                            a->hash, &a->applied, &a->c->err);
    return st == ST_OK ? keysync_move_chats(db, &a->applied) : st;
}

status clients_approve_key(struct api_call *c)
{
    struct approval a = {.c = c};
    status st = api_body_str(c, "key_hash", true, &a.hash);
    if (st == ST_OK)
        st = api_write(c, approve_run, &a);
    if (st != ST_OK)
        return st;
    keysync_applied(c->g, &a.applied);
    jw_object(&c->w);
    jw_kbool(&c->w, STR("success"), true);
    st = client_answer(c, "client", str_c(a.applied.organization_id));
    jw_end(&c->w);
    return st;
}

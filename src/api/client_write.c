/* Clients in answers, see client_write.h. */
#include "api/client_write.h"

static const struct provider_usage_client NOTHING_USED = {0};

static void write_limit(struct api_call *c, const struct organization *o)
{
    api_kpico_or_null(c, "monthly_limit", o->has_limit, o->limit);
    jw_kstr_or_null(&c->w, STR("limit_reset"), limit_reset_text(o->limit_reset));
    jw_kstr(&c->w, STR("limit_source"), limit_source_text(o->limit_source));
    api_kpico_or_null(c, "openrouter_limit", o->has_openrouter_limit, o->openrouter_limit);
}

static void write_policy(struct api_call *c, const struct organization *o)
{
    jw_kbool(&c->w, STR("api_access"), o->has_api_access);
    jw_kbool(&c->w, STR("allow_extras"), o->allows_extras);
    jw_kbool(&c->w, STR("deny_data_collection"), o->deny_data_collection);
    jw_kbool(&c->w, STR("zero_data_retention"), o->zero_data_retention);
    jw_kbool(&c->w, STR("is_active"), !o->is_disabled);
}

void client_write_json(struct api_call *c, const struct client *k,
                       const struct provider_usage_client *u)
{
    const struct organization *o = &k->organization;
    struct json_writer *w = &c->w;
    if (u == NULL)
        u = &NOTHING_USED;
    jw_object(w);
    jw_kstr(w, STR("id"), o->id);
    jw_kstr(w, STR("name"), o->name);
    jw_kstr_or_null(w, STR("openrouter_key_hash"), k->key_hash);
    jw_kstr_or_null(w, STR("key_last4"), k->key_last4);
    jw_kstr(w, STR("key_state"), key_state_shown(k->key_state));
    api_kmarkup(c, "markup_rate", o->markup);
    write_limit(c, o);
    jw_kstr(w, STR("timezone"), o->timezone);
    jw_kstr(w, STR("currency"), o->currency);
    write_policy(c, o);
    jw_kstr_or_null(w, STR("billing_email"), o->billing_email);
    jw_ki64(w, STR("people"), k->people);
    jw_kobject(w, STR("usage"));
    provider_ksum(w, "month", &u->month);
    provider_ksum(w, "today", &u->today);
    jw_end(w);
    api_kseconds_or_null(c, "last_seen_at", k->last_seen_ms);
    api_kseconds(c, "created_at", o->created_ms);
    api_kseconds(c, "updated_at", o->updated_ms);
    jw_end(w);
}

status client_answer(struct api_call *c, const char *key, str id)
{
    struct client k;
    struct provider_usage_stats s;
    status st = client_read(c->db, c->provider, id, &c->arena, &k, &c->err);
    if (st == ST_OK)
        st = provider_usage_stats_read(c->db, c->provider, id, c->now_ms, &c->arena, &s);
    if (st != ST_OK)
        return st;
    if (key != NULL)
        jw_key(&c->w, str_c(key));
    client_write_json(c, &k, &s.client);
    return ST_OK;
}

/* Changes of an organization, all or nothing, each logged; see organization.h. */
#include "base/clock.h"
#include "base/log.h"
#include "tenancy/common.h"
#include "tenancy/organization.h"
#include "tenancy/organization_row.h"
#include "tenancy/tenancy_sql.h"

static status prices_are_clean(const struct organization_change *c, struct err *e)
{
    if (c->set_markup && (c->markup.ppm <= MARKUP_MIN_PPM || c->markup.ppm > MARKUP_MAX_PPM))
        return err_set(e, ST_UNPROCESSABLE, "The markup must be above 0 and at most 100");
    if (c->set_limit && c->has_limit && c->limit.v < 0)
        return err_set(e, ST_UNPROCESSABLE, "The limit must not be negative");
    return ST_OK;
}

/* Applies what is set to `o`; texts are checked, and borrowed from the change. */
static status texts_apply(const struct organization_change *c, struct organization *o, struct err *e)
{
    status st = ST_OK;
    if (c->set_name)
        st = name_clean(c->name, "The name", &o->name, e);
    if (st == ST_OK && c->set_timezone)
        st = timezone_clean(c->timezone, e);
    if (st == ST_OK && c->set_currency)
        st = currency_clean(c->currency, e);
    if (st == ST_OK && c->set_billing_email && c->billing_email.n != 0)
        st = email_clean(c->billing_email, &o->billing_email, e);
    if (st != ST_OK)
        return st;
    if (c->set_billing_email && c->billing_email.n == 0)
        o->billing_email = STR_NONE;
    if (c->set_timezone)
        o->timezone = c->timezone;
    if (c->set_currency)
        o->currency = c->currency;
    return ST_OK;
}

static bool is_same_limit(const struct organization *o, const struct organization_change *c)
{
    return o->has_limit == c->has_limit && (!c->has_limit || pico_cmp(o->limit, c->limit) == 0);
}

static void values_apply(const struct organization_change *c, int64_t now, struct organization *o)
{
    if (c->set_markup)
        o->markup = c->markup;
    if (c->set_limit && (!is_same_limit(o, c) || o->limit_changed_ms == 0)) {
        o->has_limit = c->has_limit;
        o->limit = c->limit;
        o->limit_source = LIMIT_SOURCE_MAI;
        o->limit_changed_ms = now;
    }
    if (c->set_reset)
        o->limit_reset = c->limit_reset;
    if (c->set_api_access)
        o->has_api_access = c->has_api_access;
    if (c->set_allow_extras)
        o->allows_extras = c->allows_extras;
    if (c->set_deny_data_collection)
        o->deny_data_collection = c->deny_data_collection;
    if (c->set_zero_data_retention)
        o->zero_data_retention = c->zero_data_retention;
}

static str limit_words(const struct organization *o, char *dst)
{
    return o->has_limit ? pico_text(o->limit, dst) : STR("none");
}

static str flag_words(bool is_on)
{
    return is_on ? STR("on") : STR("off");
}

static void log_change(str id, str by, const char *field, str from, str to)
{
    if (!str_eq(from, to))
        log_info("organization changed", LF_STR("organization", id), LF_STR("by", by), LF_Z("field", field),
                 LF_STR("from", from), LF_STR("to", to));
}

static void log_changes(str by, const struct organization *was, const struct organization *is)
{
    char from[PICO_TEXT_CAP], to[PICO_TEXT_CAP];
    log_change(is->id, by, "markup", markup_text(was->markup, from), markup_text(is->markup, to));
    log_change(is->id, by, "limit", limit_words(was, from), limit_words(is, to));
    log_change(is->id, by, "timezone", was->timezone, is->timezone);
    log_change(is->id, by, "currency", was->currency, is->currency);
    log_change(is->id, by, "api_access", flag_words(was->has_api_access), flag_words(is->has_api_access));
    log_change(is->id, by, "allow_extras", flag_words(was->allows_extras), flag_words(is->allows_extras));
    log_change(is->id, by, "deny_data_collection", flag_words(was->deny_data_collection),
               flag_words(is->deny_data_collection));
    log_change(is->id, by, "zero_data_retention", flag_words(was->zero_data_retention),
               flag_words(is->zero_data_retention));
    if (!str_eq(was->name, is->name))
        log_info("organization renamed", LF_STR("organization", is->id), LF_STR("by", by));
}

static status organization_write(struct db *db, const struct organization *o, bool is_renamed, int64_t now,
                                 struct err *e)
{
    struct arena scratch MAI_AUTO(arena_free);
    arena_init(&scratch, SCRATCH_MAX_BYTES);
    return db_change(db, &SQL_ORGANIZATION_WRITE,
                     DB_ARGS(DB_TEXT(o->id), DB_TEXT(o->name), DB_TEXT(text_fold(o->name, &scratch)),
                             DB_INT(o->markup.ppm), DB_INT_IF(o->has_limit, o->limit.v),
                             DB_TEXT(limit_source_text(o->limit_source)), DB_INT(o->limit_changed_ms),
                             DB_TEXT(limit_reset_text(o->limit_reset)), DB_TEXT(o->timezone),
                             DB_TEXT(o->currency), DB_BOOL(o->has_api_access), DB_BOOL(o->allows_extras),
                             DB_BOOL(o->deny_data_collection), DB_BOOL(o->zero_data_retention),
                             DB_TEXT(o->billing_email), DB_INT(now), DB_BOOL(is_renamed)),
                     e);
}

static status organization_change(struct db *db, str by, str id, const struct organization_change *c,
                                  struct err *e)
{
    struct arena scratch MAI_AUTO(arena_free);
    arena_init(&scratch, SCRATCH_MAX_BYTES);
    struct organization was;
    status st = organization_row_read(db, id, &scratch, &was, e);
    if (st != ST_OK)
        return st;
    struct organization is = was;
    int64_t now = clock_now_ms();
    st = prices_are_clean(c, e);
    if (st == ST_OK)
        st = texts_apply(c, &is, e);
    if (st != ST_OK)
        return st;
    values_apply(c, now, &is);
    st = organization_write(db, &is, c->set_name, now, e);
    if (st == ST_OK)
        log_changes(by, &was, &is);
    return st;
}

status organization_set(struct db *db, struct provider_scope by, str id, const struct organization_change *c,
                        struct err *e)
{
    return organization_change(db, actor_text(by.user_id), id, c, e);
}

status organization_own_set(struct db *db, struct scope by, const struct organization_change *c, struct err *e)
{
    status st = require_admin(by, e);
    if (st != ST_OK)
        return st;
    if (c->set_markup || c->set_limit || c->set_reset || c->set_api_access || c->set_allow_extras)
        return err_set(e, ST_FORBIDDEN, "Only the provider can change this");
    return organization_change(db, str_c(by.user_id), str_c(by.organization_id), c, e);
}

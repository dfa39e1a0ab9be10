/* Usage pages: an admin sees the organization's figures where an employee sees the own ones, both
 * billed only; the provider sees any client's with raw cost, its people as pseudonyms. */
#include "api/handlers.h"
#include "api/usage_write.h"
#include "tenancy/organization.h"

/* ---- my organization ---- */

static void write_stats(struct api_call *c, const struct usage_stats *s, str currency)
{
    struct json_writer *w = &c->w;
    jw_kobject(w, STR("stats"));
    jw_kstr(w, STR("client_org_name"), s->organization_name);
    jw_kstr(w, STR("timezone"), s->timezone);
    jw_kstr(w, STR("currency"), currency);
    jw_kstr(w, STR("scope"), s->reach == USAGE_ORGANIZATION ? STR("organization") : STR("own"));
    usage_ktoday(w, "today", &s->today, usage_zone(s->timezone), c->now_ms);
    usage_kmonth(w, "this_month", &s->month, s->days_active);
    jw_kobject(w, STR("daily_average"));
    usage_kpico(w, "cost", s->average.billed);
    jw_ki64(w, STR("tokens"), s->average.tokens);
    jw_end(w);
    api_kpico_or_null(c, "monthly_limit", s->has_limit, s->limit);
    api_kpico_or_null(c, "monthly_remaining", s->has_limit, s->remaining);
    api_kseconds(c, "resets_at", s->month_end_ms);
    usage_kdays(w, "daily_history", s->days, s->day_count);
    jw_knull(w, STR("exchange_rate_info"));
    jw_kbool(w, STR("pln_conversion_available"), false);
    jw_end(w);
}

status usage_mine(struct api_call *c)
{
    struct usage_stats s;
    struct organization o;
    status st = organization_own_read(c->db, c->scope, &c->arena, &o, &c->err);
    if (st == ST_OK)
        st = usage_stats_read(c->db, c->scope, usage_reach_of(&c->scope), c->now_ms, &c->arena, &s);
    if (st != ST_OK)
        return st;
    jw_object(&c->w);
    jw_kbool(&c->w, STR("success"), true);
    jw_kstr(&c->w, STR("client_id"), o.id);
    write_stats(c, &s, o.currency);
    jw_end(&c->w);
    return ST_OK;
}

status usage_mine_today(struct api_call *c)
{
    char clock[12];
    struct usage_stats s;
    status st =
        usage_stats_read(c->db, c->scope, usage_reach_of(&c->scope), c->now_ms, &c->arena, &s);
    if (st != ST_OK)
        return st;
    const struct zone *z = usage_zone(s.timezone);
    jw_object(&c->w);
    jw_kbool(&c->w, STR("success"), true);
    usage_ktoday(&c->w, "today", &s.today, z, c->now_ms);
    jw_kstr(&c->w, STR("last_updated"), usage_clock(z, c->now_ms, clock));
    jw_knull(&c->w, STR("exchange_rate_info"));
    jw_end(&c->w);
    return ST_OK;
}

/* ---- live ---- */

static status live_of_member(struct db *db, struct scope who, int64_t now_ms, struct arena *a,
                             struct json_writer *w)
{
    struct usage_stats s;
    status st = usage_stats_read(db, who, usage_reach_of(&who), now_ms, a, &s);
    if (st != ST_OK)
        return st;
    usage_ktoday(w, "today", &s.today, usage_zone(s.timezone), now_ms);
    usage_kmonth(w, "this_month", &s.month, s.days_active);
    return ST_OK;
}

static status live_of_provider(struct db *db, struct provider_scope who, int64_t now_ms,
                               struct arena *a, struct json_writer *w)
{
    struct provider_usage_clients all;
    status st = provider_usage_clients_read(db, who, now_ms, a, &all);
    if (st != ST_OK)
        return st;
    provider_ksum(w, "today", &all.today);
    provider_ksum(w, "this_month", &all.month);
    return ST_OK;
}

status usage_live(struct gateway *g, struct db *db, const struct principal *who, str text,
                  struct buf *out)
{
    MAI_AUTO(arena_free) struct arena a;
    (void)g, (void)text;
    arena_init(&a, 64 << 20);
    int64_t now_ms = clock_now_ms();
    struct json_writer w = json_writer(out);
    jw_object(&w);
    jw_kstr(&w, STR("type"), STR("usage"));
    jw_kobject(&w, STR("stats"));
    status st = who->is_provider ? live_of_provider(db, who->provider, now_ms, &a, &w)
                                 : live_of_member(db, who->scope, now_ms, &a, &w);
    jw_end(&w);
    jw_end(&w);
    return st;
}

/* ---- by user ---- */

static status members_by_user(struct api_call *c)
{
    struct usage_users l;
    status st = usage_own_org(c, c->params[0]);
    if (st == ST_OK)
        st = usage_by_user(c->db, c->scope, usage_reach_of(&c->scope), usage_query_dates(c),
                           c->now_ms, &c->arena, &l, &c->err);
    if (st != ST_OK)
        return st;
    struct json_writer *w = &c->w;
    jw_object(w);
    jw_karray(w, STR("user_usage"));
    for (size_t i = 0; i < l.count; i++) {
        const struct usage_user *u = &l.users[i];
        jw_object(w);
        jw_kstr(w, STR("user_id"), u->user_id);
        jw_kstr(w, STR("user_name"), u->name);
        jw_kstr(w, STR("user_email"), u->email);
        jw_kstr(w, STR("openrouter_user_id"), u->external_user);
        jw_kbool(w, STR("is_deleted"), u->is_deleted);
        jw_ki64(w, STR("total_tokens"), u->sum.tokens);
        jw_ki64(w, STR("total_requests"), u->sum.requests);
        usage_kpico(w, "markup_cost", u->sum.billed);
        jw_ki64(w, STR("days_active"), u->days_active);
        jw_end(w);
    }
    jw_end(w);
    usage_kperiod(w, &l.period);
    jw_end(w);
    return ST_OK;
}

static void provider_row_sum(struct json_writer *w, const struct provider_usage_sum *s)
{
    jw_ki64(w, STR("total_tokens"), s->tokens);
    jw_ki64(w, STR("total_requests"), s->requests);
    usage_kpico(w, "raw_cost", s->cost);
    usage_kpico(w, "markup_cost", s->billed);
    usage_kpico(w, "profit_margin", s->margin);
}

static status provider_by_user(struct api_call *c)
{
    struct provider_usage_users l;
    status st = provider_usage_by_user(c->db, c->provider, c->params[0], usage_query_dates(c),
                                       c->now_ms, &c->arena, &l, &c->err);
    if (st != ST_OK)
        return st;
    struct json_writer *w = &c->w;
    jw_object(w);
    jw_karray(w, STR("user_usage"));
    for (size_t i = 0; i < l.count; i++) {
        jw_object(w);
        jw_kstr(w, STR("user_id"), l.users[i].user_id);
        jw_kstr(w, STR("openrouter_user_id"), l.users[i].external_user);
        provider_row_sum(w, &l.users[i].sum);
        jw_ki64(w, STR("days_active"), l.users[i].days_active);
        jw_end(w);
    }
    jw_end(w);
    usage_kperiod(w, &l.period);
    jw_end(w);
    return ST_OK;
}

status usage_per_user(struct api_call *c)
{
    return c->who->is_provider ? provider_by_user(c) : members_by_user(c);
}

/* ---- by model ---- */

static status members_by_model(struct api_call *c)
{
    struct usage_models l;
    status st = usage_own_org(c, c->params[0]);
    if (st == ST_OK)
        st = usage_by_model(c->db, c->scope, usage_reach_of(&c->scope), usage_query_dates(c),
                            c->now_ms, &c->arena, &l, &c->err);
    if (st != ST_OK)
        return st;
    struct json_writer *w = &c->w;
    jw_object(w);
    jw_karray(w, STR("model_usage"));
    for (size_t i = 0; i < l.count; i++) {
        const struct usage_model *m = &l.models[i];
        jw_object(w);
        jw_kstr(w, STR("model_name"), m->model);
        jw_kstr(w, STR("provider"), m->provider);
        jw_ki64(w, STR("total_tokens"), m->sum.tokens);
        jw_ki64(w, STR("total_requests"), m->sum.requests);
        usage_kpico(w, "markup_cost", m->sum.billed);
        jw_ki64(w, STR("days_used"), m->days_used);
        jw_end(w);
    }
    jw_end(w);
    usage_kperiod(w, &l.period);
    jw_end(w);
    return ST_OK;
}

static status provider_by_model(struct api_call *c)
{
    struct provider_usage_models l;
    status st = provider_usage_by_model(c->db, c->provider, c->params[0], usage_query_dates(c),
                                        c->now_ms, &c->arena, &l, &c->err);
    if (st != ST_OK)
        return st;
    struct json_writer *w = &c->w;
    jw_object(w);
    jw_karray(w, STR("model_usage"));
    for (size_t i = 0; i < l.count; i++) {
        jw_object(w);
        jw_kstr(w, STR("model_name"), l.models[i].model);
        jw_kstr(w, STR("provider"), l.models[i].provider);
        provider_row_sum(w, &l.models[i].sum);
        jw_ki64(w, STR("days_used"), l.models[i].days_used);
        jw_end(w);
    }
    jw_end(w);
    usage_kperiod(w, &l.period);
    jw_end(w);
    return ST_OK;
}

status usage_per_model(struct api_call *c)
{
    return c->who->is_provider ? provider_by_model(c) : members_by_model(c);
}

/* ---- by day ---- */

static status members_daily(struct api_call *c)
{
    struct usage_days d;
    status st = usage_own_org(c, c->params[0]);
    if (st == ST_OK)
        st = usage_days_read(c->db, c->scope, usage_reach_of(&c->scope), usage_query_dates(c),
                             c->now_ms, &c->arena, &d, &c->err);
    if (st != ST_OK)
        return st;
    struct json_writer *w = &c->w;
    jw_object(w);
    usage_kdays(w, "daily_usage", d.days, d.count);
    usage_kperiod(w, &d.period);
    jw_kstr(w, STR("timezone"), d.timezone);
    jw_ki64(w, STR("total_tokens"), d.total.tokens);
    jw_ki64(w, STR("total_requests"), d.total.requests);
    usage_kpico(w, "markup_cost", d.total.billed);
    jw_end(w);
    return ST_OK;
}

/* The last thirty days, oldest first like the members' list. */
static status provider_daily(struct api_call *c)
{
    struct provider_usage_stats s;
    struct usage_dates dates = usage_query_dates(c);
    if (dates.from.p != NULL || dates.to.p != NULL)
        return api_fail(c, ST_UNPROCESSABLE, "start_date",
                        "A client's days are given for the last %d days only", USAGE_HISTORY_DAYS);
    status st =
        provider_usage_stats_read(c->db, c->provider, c->params[0], c->now_ms, &c->arena, &s);
    if (st != ST_OK)
        return st == ST_NOT_FOUND ? api_fail(c, st, NULL, "Not found") : st;
    struct json_writer *w = &c->w;
    jw_object(w);
    jw_karray(w, STR("daily_usage"));
    for (size_t i = s.day_count; i-- > 0;) {
        jw_object(w);
        jw_kstr(w, STR("date"), str_c(s.days[i].date));
        jw_ki64(w, STR("tokens"), s.days[i].sum.tokens);
        usage_kpico(w, "raw_cost", s.days[i].sum.cost);
        usage_kpico(w, "cost", s.days[i].sum.billed);
        jw_ki64(w, STR("requests"), s.days[i].sum.requests);
        jw_end(w);
    }
    jw_end(w);
    jw_kstr(w, STR("timezone"), s.client.timezone);
    jw_end(w);
    return ST_OK;
}

status usage_daily(struct api_call *c)
{
    return c->who->is_provider ? provider_daily(c) : members_daily(c);
}

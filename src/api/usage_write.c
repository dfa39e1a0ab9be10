/* Figures in answers, see usage_write.h. */
#include "api/usage_write.h"

#include <stdio.h>

/* ---- what was asked for ---- */

enum usage_reach usage_reach_of(const struct scope *who)
{
    return who->role == ROLE_ADMIN ? USAGE_ORGANIZATION : USAGE_OWN;
}

status usage_own_org(struct api_call *c, str org)
{
    if (str_eq(org, STR("my")) || str_eq(org, str_c(c->scope.organization_id)))
        return ST_OK;
    return api_fail(c, ST_NOT_FOUND, NULL, "Not found");
}

static str query_text(struct api_call *c, const char *name)
{
    str s = api_query(c, name);
    return s.n != 0 ? s : STR_NONE;
}

struct usage_dates usage_query_dates(struct api_call *c)
{
    return (struct usage_dates){query_text(c, "start_date"), query_text(c, "end_date")};
}

status usage_parse_days(str text, int *out)
{
    int64_t days;
    if (str_to_i64(text, &days) != ST_OK || days < 1 || days > USAGE_RANGE_DAYS_MAX)
        return ST_UNPROCESSABLE;
    *out = (int)days;
    return ST_OK;
}

status usage_query_bill_dates(struct api_call *c, struct usage_dates *out)
{
    struct usage_dates dates = usage_query_dates(c);
    str back = query_text(c, "days_back");
    int days = USAGE_HISTORY_DAYS;
    if (back.p != NULL && usage_parse_days(back, &days) != ST_OK)
        return api_fail(c, ST_UNPROCESSABLE, "days_back", "days_back must be a number from 1 to %d",
                        USAGE_RANGE_DAYS_MAX);
    if (dates.from.p == NULL && dates.to.p == NULL) {
        struct usage_period p;
        usage_period_back(zone_utc(), c->now_ms, days, &p);
        dates = (struct usage_dates){arena_dup(&c->arena, str_c(p.from)),
                                     arena_dup(&c->arena, str_c(p.to))};
    }
    *out = dates;
    return ST_OK;
}

/* ---- billed figures ---- */

void usage_kpico(struct json_writer *w, const char *key, pico a)
{
    char text[PICO_TEXT_CAP];
    jw_kraw(w, str_c(key), pico_text(a, text));
}

str usage_clock(const struct zone *z, int64_t now_ms, char *dst)
{
    struct civil t = zone_civil(z, now_ms);
    snprintf(dst, 12, "%02u:%02u:%02u", (unsigned)t.hour % 24, (unsigned)t.minute % 60,
             (unsigned)t.second % 60);
    return str_c(dst);
}

const struct zone *usage_zone(str name)
{
    const struct zone *z;
    return zone_find(name, &z) == ST_OK ? z : zone_utc();
}

/* Billed in USD; other currencies come with rates of their own. */
static void no_exchange(struct json_writer *w)
{
    jw_knull(w, STR("cost_pln"));
    jw_knull(w, STR("exchange_rate"));
    jw_knull(w, STR("exchange_rate_date"));
}

static void billed_members(struct json_writer *w, const struct usage_sum *s)
{
    jw_ki64(w, STR("tokens"), s->tokens);
    usage_kpico(w, "cost", s->billed);
    jw_ki64(w, STR("requests"), s->requests);
}

void usage_ktoday(struct json_writer *w, const char *key, const struct usage_sum *s,
                  const struct zone *z, int64_t now_ms)
{
    char clock[12];
    jw_kobject(w, str_c(key));
    billed_members(w, s);
    jw_kstr(w, STR("last_updated"), usage_clock(z, now_ms, clock));
    no_exchange(w);
    jw_end(w);
}

void usage_kmonth(struct json_writer *w, const char *key, const struct usage_sum *s,
                  int days_active)
{
    jw_kobject(w, str_c(key));
    billed_members(w, s);
    jw_ki64(w, STR("days_active"), days_active);
    no_exchange(w);
    jw_end(w);
}

void usage_kdays(struct json_writer *w, const char *key, const struct usage_day *days, size_t count)
{
    jw_karray(w, str_c(key));
    for (size_t i = 0; i < count; i++) {
        jw_object(w);
        jw_kstr(w, STR("date"), str_c(days[i].date));
        billed_members(w, &days[i].sum);
        jw_end(w);
    }
    jw_end(w);
}

void usage_kperiod(struct json_writer *w, const struct usage_period *p)
{
    jw_kobject(w, STR("period"));
    jw_kstr(w, STR("start"), str_c(p->from));
    jw_kstr(w, STR("end"), str_c(p->to));
    jw_end(w);
}

/* ---- provider's figures ---- */

void provider_ksum(struct json_writer *w, const char *key, const struct provider_usage_sum *s)
{
    jw_kobject(w, str_c(key));
    jw_ki64(w, STR("requests"), s->requests);
    jw_ki64(w, STR("tokens"), s->tokens);
    usage_kpico(w, "raw_cost", s->cost);
    usage_kpico(w, "billed", s->billed);
    usage_kpico(w, "margin", s->margin);
    jw_end(w);
}

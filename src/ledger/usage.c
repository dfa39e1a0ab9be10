/* Figures for a client's people: billed amounts only; see usage.h. Reading threads. */
#include "ledger/usage.h"
#include "ledger/ledger_sql.h"
#include "ledger/usage_cut.h"

/* ---- organization and own page ---- */

static int64_t divide_half_even(int64_t v, int64_t by)
{
    int64_t whole = v / by, twice = v % by * 2;
    if (twice > by || (twice == by && whole % 2 != 0))
        return whole + 1;
    return whole;
}

static struct usage_sum average_of(const struct usage_sum *s, int days)
{
    if (days == 0 || s->billed.v < 0)
        return (struct usage_sum){0};
    return (struct usage_sum){.requests = divide_half_even(s->requests, days),
                              .prompt_tokens = divide_half_even(s->prompt_tokens, days),
                              .completion_tokens = divide_half_even(s->completion_tokens, days),
                              .tokens = divide_half_even(s->tokens, days),
                              .billed = PICO(divide_half_even(s->billed.v, days))};
}

static status fill_history(const struct month_view *v, struct arena *a, struct usage_stats *s)
{
    s->day_count = v->day_count;
    s->days = ARENA_ARRAY(a, struct usage_day, v->day_count);
    if (s->days == NULL)
        return ST_TOO_BIG;
    for (size_t i = 0; i < v->day_count; i++) {
        size_t at = v->cut.count - 1 - i;
        memcpy(s->days[i].date, v->cut.dates[at], USAGE_DATE_CAP);
        if (tally_billed(&v->days[at], &s->days[i].sum) != ST_OK)
            return ST_RANGE;
    }
    return ST_OK;
}

static status fill_stats(const struct client_facts *f, const struct month_view *v, struct arena *a,
                         struct usage_stats *s)
{
    s->organization_id = f->id;
    s->organization_name = f->name;
    s->timezone = zone_name(f->zone);
    s->days_active = v->days_active;
    s->month_start_ms = v->month_start_ms;
    s->month_end_ms = v->month_end_ms;
    s->today_start_ms = v->today_start_ms;
    if (tally_billed(&v->today, &s->today) != ST_OK || tally_billed(&v->month, &s->month) != ST_OK)
        return ST_RANGE;
    s->average = average_of(&s->month, s->days_active);
    if (s->reach == USAGE_ORGANIZATION && f->has_limit) {
        s->has_limit = true;
        s->limit = f->limit;
        s->remaining = limit_left(f->limit, s->month.billed);
    }
    return fill_history(v, a, s);
}

static status read_stats(struct db *db, struct usage_who who, int64_t now_ms, struct arena *a,
                         struct usage_stats *s)
{
    struct client_facts f;
    struct month_view v;
    status st = client_facts_read(db, who.organization_id, a, &f);
    if (st == ST_OK)
        st = month_view_read(db, who, f.zone, now_ms, a, &v);
    return st == ST_OK ? fill_stats(&f, &v, a, s) : st;
}

status usage_stats_read(struct db *db, struct scope who, enum usage_reach reach, int64_t now_ms,
                        struct arena *a, struct usage_stats *out)
{
    struct usage_who rows;
    struct usage_stats s = {.reach = reach};
    status st = usage_who_of(&who, reach, &rows);
    if (st != ST_OK || (st = db_read_begin(db)) != ST_OK)
        return st;
    st = read_stats(db, rows, now_ms, a, &s);
    db_read_end(db);
    if (st == ST_OK)
        *out = s;
    return st;
}

/* ---- day by day ---- */

static status fill_days(const struct cut *c, const struct tally *days, struct arena *a, struct usage_days *d)
{
    struct tally total = {0};
    d->count = c->count;
    d->days = ARENA_ARRAY(a, struct usage_day, c->count);
    if (d->days == NULL)
        return ST_TOO_BIG;
    for (size_t i = 0; i < c->count; i++) {
        memcpy(d->days[i].date, c->dates[i], USAGE_DATE_CAP);
        tally_add(&total, &days[i]);
        if (tally_billed(&days[i], &d->days[i].sum) != ST_OK)
            return ST_RANGE;
    }
    return tally_billed(&total, &d->total);
}

status range_cut(struct db *db, const struct range *r, struct client_facts *facts, struct cut *cut)
{
    status st = client_facts_read(db, r->who.organization_id, r->a, facts);
    if (st != ST_OK)
        return err_set(r->e, st, "%s.", status_text(st));
    return cut_dates(facts->zone, r->dates, r->now_ms, r->a, cut, r->e);
}

static status read_days(struct db *db, const struct range *r, struct usage_days *d)
{
    struct client_facts f;
    struct cut c;
    status st = range_cut(db, r, &f, &c);
    if (st != ST_OK)
        return st;
    struct tally *days = ARENA_ARRAY(r->a, struct tally, c.count);
    if (days == NULL)
        return ST_TOO_BIG;
    st = tally_days(db, r->who, &c, days);
    d->period = cut_period(&c);
    d->timezone = zone_name(f.zone);
    return st == ST_OK ? fill_days(&c, days, r->a, d) : st;
}

status range_begin(struct db *db, const struct scope *who, enum usage_reach reach, struct range *r)
{
    status st = usage_who_of(who, reach, &r->who);
    if (st != ST_OK)
        return err_set(r->e, st, "Only an administrator sees the usage of the whole organization.");
    return db_read_begin(db);
}

status usage_days_read(struct db *db, struct scope who, enum usage_reach reach, struct usage_dates dates,
                       int64_t now_ms, struct arena *a, struct usage_days *out, struct err *e)
{
    struct range r = {.dates = dates, .now_ms = now_ms, .a = a, .e = e};
    struct usage_days d = {0};
    status st = range_begin(db, &who, reach, &r);
    if (st != ST_OK)
        return st;
    st = read_days(db, &r, &d);
    db_read_end(db);
    if (st == ST_OK)
        *out = d;
    return st;
}

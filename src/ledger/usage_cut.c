/* Dates, sums and who may see them; see usage_cut.h. Reading threads. */
#include "ledger/usage_cut.h"
#include "ledger/ledger_sql.h"

#include <stdio.h>

/* ---- organizations ---- */

const struct zone *zone_or_utc(str name)
{
    const struct zone *z;
    return zone_find(name, &z) == ST_OK ? z : zone_utc();
}

struct facts_reading {
    struct client_facts *facts;
    struct arena *a;
};

static void read_facts(const struct db_rows *row, void *ctx)
{
    struct facts_reading *r = ctx;
    r->facts->name = db_text_dup(row, 0, r->a);
    r->facts->zone = zone_or_utc(db_text(row, 1));
    r->facts->has_limit = !db_is_null(row, 2);
    r->facts->limit = db_pico(row, 2);
}

status client_facts_read(struct db *db, str organization_id, struct arena *a, struct client_facts *out)
{
    *out = (struct client_facts){.id = arena_dup(a, organization_id)};
    struct facts_reading r = {out, a};
    status st = db_one(db, &SQL_USAGE_ORGANIZATION, DB_ARGS(DB_TEXT(organization_id)), read_facts, &r);
    if (st == ST_OK && a->is_full)
        return ST_TOO_BIG;
    return st;
}

status usage_who_of(const struct scope *who, enum usage_reach reach, struct usage_who *out)
{
    if (reach == USAGE_ORGANIZATION && who->role != ROLE_ADMIN)
        return ST_FORBIDDEN;
    *out = (struct usage_who){.organization_id = str_c(who->organization_id)};
    if (reach == USAGE_OWN)
        out->user_id = str_c(who->user_id);
    return ST_OK;
}

/* ---- dates ---- */

static int64_t day_ms(struct civil c)
{
    return civil_to_ms((struct civil){.year = c.year, .month = c.month, .day = c.day});
}

static void date_text(struct civil c, char *dst)
{
    char iso[ISO_TIME_CAP];
    iso_date_from_ms(day_ms(c), iso);
    CHECK(str_copy_z(str_c(iso), dst, USAGE_DATE_CAP));
}

status cut_make(const struct zone *z, struct civil from, struct civil to, struct arena *a, struct cut *out)
{
    int64_t first = day_ms(from), last = day_ms(to);
    if (last < first || (last - first) / MS_PER_DAY >= USAGE_RANGE_DAYS_MAX)
        return ST_UNPROCESSABLE;
    struct cut c = {.count = (size_t)((last - first) / MS_PER_DAY) + 1};
    c.starts = ARENA_ARRAY(a, int64_t, c.count + 1);
    c.dates = arena_alloc(a, c.count * sizeof *c.dates);
    if (c.starts == NULL || c.dates == NULL)
        return ST_TOO_BIG;
    for (size_t i = 0; i <= c.count; i++) {
        struct civil day = civil_from_ms(first + (int64_t)i * MS_PER_DAY);
        int64_t start_ms = zone_date_start_ms(z, day.year, day.month, day.day);
        c.starts[i] = slot_of(start_ms);
        if (i == 0)
            c.from_ms = start_ms;
        if (i < c.count)
            date_text(day, c.dates[i]);
        else
            c.to_ms = start_ms;
    }
    *out = c;
    return ST_OK;
}

/* "2026-11-23", a day that exists, of our times. */
static status parse_date(str s, struct civil *out)
{
    static const char shape[] = "dddd-dd-dd";
    if (s.n != sizeof shape - 1)
        return ST_UNPROCESSABLE;
    for (size_t i = 0; i < s.n; i++)
        if (shape[i] == 'd' ? s.p[i] < '0' || s.p[i] > '9' : s.p[i] != '-')
            return ST_UNPROCESSABLE;
    struct civil c = {
        .year = (s.p[0] - '0') * 1000 + (s.p[1] - '0') * 100 + (s.p[2] - '0') * 10 + (s.p[3] - '0'),
        .month = (s.p[5] - '0') * 10 + (s.p[6] - '0'),
        .day = (s.p[8] - '0') * 10 + (s.p[9] - '0'),
    };
    struct civil back = civil_from_ms(day_ms(c));
    if (c.year < 1970 || back.month != c.month || back.day != c.day)
        return ST_UNPROCESSABLE;
    *out = c;
    return ST_OK;
}

status cut_dates(const struct zone *z, struct usage_dates dates, int64_t now_ms, struct arena *a,
                 struct cut *out, struct err *e)
{
    struct civil to = zone_civil(z, now_ms);
    struct civil from = to;
    from.day = 1;
    if (dates.to.p != NULL && parse_date(dates.to, &to) != ST_OK)
        return err_set(e, ST_UNPROCESSABLE, "The end date must be a date such as 2026-11-23.");
    if (dates.from.p != NULL && parse_date(dates.from, &from) != ST_OK)
        return err_set(e, ST_UNPROCESSABLE, "The start date must be a date such as 2026-11-23.");
    if (dates.from.p == NULL && dates.to.p != NULL) {
        from = to;
        from.day = 1;
    }
    status st = cut_make(z, from, to, a, out);
    if (st == ST_UNPROCESSABLE)
        return err_set(e, st, "The dates must be in order and at most %d days apart.",
                       USAGE_RANGE_DAYS_MAX);
    return st;
}

status cut_history(const struct zone *z, int64_t now_ms, struct arena *a, struct cut *out)
{
    struct civil today = zone_civil(z, now_ms);
    struct civil from = civil_from_ms(day_ms(today) - (USAGE_HISTORY_DAYS - 1) * MS_PER_DAY);
    struct civil month = {.year = today.year, .month = today.month, .day = 1};
    return cut_make(z, day_ms(month) < day_ms(from) ? month : from, today, a, out);
}

struct usage_period cut_period(const struct cut *c)
{
    struct usage_period p = {.from_ms = c->from_ms, .to_ms = c->to_ms};
    memcpy(p.from, c->dates[0], sizeof p.from);
    memcpy(p.to, c->dates[c->count - 1], sizeof p.to);
    return p;
}

void usage_period_back(const struct zone *z, int64_t now_ms, int days, struct usage_period *out)
{
    CHECK(days >= 1);
    struct civil today = zone_civil(z, now_ms);
    struct civil from = civil_from_ms(day_ms(today) - (days - 1) * MS_PER_DAY);
    date_text(from, out->from);
    date_text(today, out->to);
    out->from_ms = zone_date_start_ms(z, from.year, from.month, from.day);
    out->to_ms = zone_next_day_start_ms(z, now_ms);
}

/* ---- sums ---- */

void tally_add(struct tally *to, const struct tally *t)
{
    to->requests += t->requests;
    to->prompt_tokens += t->prompt_tokens;
    to->completion_tokens += t->completion_tokens;
    to->cost += t->cost;
    to->billed += t->billed;
}

static status fit(__int128 v, pico *out)
{
    if (v > INT64_MAX || v < INT64_MIN)
        return ST_RANGE;
    *out = PICO((int64_t)v);
    return ST_OK;
}

status tally_billed(const struct tally *t, struct usage_sum *out)
{
    pico billed;
    if (fit(t->billed, &billed) != ST_OK)
        return ST_RANGE;
    *out = (struct usage_sum){t->requests, t->prompt_tokens, t->completion_tokens,
                              t->prompt_tokens + t->completion_tokens, billed};
    return ST_OK;
}

status tally_whole(const struct tally *t, struct provider_usage_sum *out)
{
    pico cost, billed, margin;
    if (fit(t->cost, &cost) != ST_OK || fit(t->billed, &billed) != ST_OK ||
        fit(t->billed - t->cost, &margin) != ST_OK)
        return ST_RANGE;
    *out = (struct provider_usage_sum){.requests = t->requests,
                                       .prompt_tokens = t->prompt_tokens,
                                       .completion_tokens = t->completion_tokens,
                                       .tokens = t->prompt_tokens + t->completion_tokens,
                                       .cost = cost,
                                       .billed = billed,
                                       .margin = margin};
    return ST_OK;
}

struct tally tally_of_row(const struct db_rows *rows)
{
    return (struct tally){db_int(rows, 1), db_int(rows, 2), db_int(rows, 3), db_int(rows, 4),
                          db_int(rows, 5)};
}

static status query_days(struct db *db, struct usage_who who, const struct cut *c, struct db_rows *rows)
{
    struct db_value values[] = {DB_TEXT(who.organization_id), DB_INT(c->starts[0]),
                                DB_INT(c->starts[c->count]), DB_TEXT(who.user_id)};
    bool is_own = who.user_id.n != 0;
    return db_query(db, is_own ? &SQL_USAGE_TOTALS_OWN : &SQL_USAGE_TOTALS,
                    (struct db_args){values, is_own ? 4 : 3}, rows);
}

status tally_days(struct db *db, struct usage_who who, const struct cut *c, struct tally *days)
{
    struct db_rows rows;
    size_t day = 0;
    status st = query_days(db, who, c, &rows);
    if (st != ST_OK)
        return st;
    while (db_next(&rows)) {
        struct tally t = tally_of_row(&rows);
        while (db_int(&rows, 0) >= c->starts[day + 1])
            day++;
        tally_add(&days[day], &t);
    }
    return db_end(&rows);
}

/* ---- the month and the history ---- */

pico limit_left(pico limit, pico billed)
{
    pico left;
    if (pico_sub(limit, billed, &left) != ST_OK || left.v < 0)
        return PICO(0);
    return left;
}

static void view_sums(struct month_view *v, size_t month_at)
{
    v->today = v->days[v->cut.count - 1];
    for (size_t i = month_at; i < v->cut.count; i++) {
        tally_add(&v->month, &v->days[i]);
        v->days_active += v->days[i].requests > 0;
    }
}

status month_view_read(struct db *db, struct usage_who who, const struct zone *z, int64_t now_ms,
                       struct arena *a, struct month_view *out)
{
    struct month_view v = {.day_count = USAGE_HISTORY_DAYS,
                           .month_start_ms = zone_month_start_ms(z, now_ms),
                           .month_end_ms = zone_next_month_start_ms(z, now_ms),
                           .today_start_ms = zone_day_start_ms(z, now_ms)};
    status st = cut_history(z, now_ms, a, &v.cut);
    if (st != ST_OK)
        return st;
    v.days = ARENA_ARRAY(a, struct tally, v.cut.count);
    if (v.days == NULL)
        return ST_TOO_BIG;
    st = tally_days(db, who, &v.cut, v.days);
    if (st != ST_OK)
        return st;
    view_sums(&v, v.cut.count - (size_t)zone_civil(z, now_ms).day);
    *out = v;
    return ST_OK;
}

/* The provider's figures: raw cost, billed, margin, of every client; see usage.h. Reading threads. */
#include "ledger/ledger_sql.h"
#include "ledger/usage_cut.h"

#include <stdlib.h>

/* ---- clients ---- */

struct clients {
    size_t count;
    struct client_facts *facts;
};

static status count_clients(struct db *db, size_t *out)
{
    struct db_rows rows;
    status st = db_query(db, &SQL_USAGE_CLIENTS, DB_NO_ARGS, &rows);
    size_t count = 0;
    if (st != ST_OK)
        return st;
    while (db_next(&rows))
        count++;
    *out = count;
    return db_end(&rows);
}

/* By name. In one read transaction, so both readings see the same rows. */
static status clients_read(struct db *db, struct arena *a, struct clients *out)
{
    struct db_rows rows;
    size_t max = 0;
    status st = count_clients(db, &max);
    if (st != ST_OK)
        return st;
    out->facts = ARENA_ARRAY(a, struct client_facts, max + 1);
    if (out->facts == NULL)
        return ST_TOO_BIG;
    st = db_query(db, &SQL_USAGE_CLIENTS, DB_NO_ARGS, &rows);
    if (st != ST_OK)
        return st;
    while (out->count < max && db_next(&rows)) {
        struct client_facts *f = &out->facts[out->count++];
        f->id = db_text_dup(&rows, 0, a);
        f->name = db_text_dup(&rows, 1, a);
        f->zone = zone_or_utc(db_text(&rows, 2));
        f->has_limit = !db_is_null(&rows, 3);
        f->limit = db_pico(&rows, 3);
        f->is_deleted = !db_is_null(&rows, 4);
    }
    st = db_end(&rows);
    return a->is_full ? ST_TOO_BIG : st;
}

static bool is_empty(const struct tally *t)
{
    return t->requests == 0 && t->cost == 0 && t->billed == 0;
}

/* ---- months ---- */

static status fill_client(const struct client_facts *f, const struct month_view *v, struct provider_usage_client *c)
{
    *c = (struct provider_usage_client){.organization_id = f->id,
                                        .organization_name = f->name,
                                        .timezone = zone_name(f->zone),
                                        .days_active = v->days_active,
                                        .has_limit = f->has_limit,
                                        .limit = f->limit,
                                        .month_end_ms = v->month_end_ms};
    if (tally_whole(&v->today, &c->today) != ST_OK || tally_whole(&v->month, &c->month) != ST_OK)
        return ST_RANGE;
    if (f->has_limit)
        c->remaining = limit_left(f->limit, c->month.billed);
    return ST_OK;
}

static int by_month(const void *left, const void *right)
{
    const struct provider_usage_client *a = left, *b = right;
    int order = pico_cmp(b->month.billed, a->month.billed);
    if (order == 0)
        order = str_cmp(a->organization_name, b->organization_name);
    return order != 0 ? order : str_cmp(a->organization_id, b->organization_id);
}

/* A deleted client is listed as long as this month has something of it. */
static status add_months(struct db *db, const struct clients *clients, int64_t now_ms, struct arena *a,
                         struct provider_usage_clients *out)
{
    struct tally today = {0}, month = {0};
    for (size_t i = 0; i < clients->count; i++) {
        const struct client_facts *f = &clients->facts[i];
        struct month_view v;
        status st = month_view_read(db, (struct usage_who){.organization_id = f->id}, f->zone, now_ms, a, &v);
        if (st == ST_OK && f->is_deleted && is_empty(&v.month))
            continue;
        if (st == ST_OK)
            st = fill_client(f, &v, &out->clients[out->count]);
        if (st != ST_OK)
            return st;
        out->count++;
        tally_add(&today, &v.today);
        tally_add(&month, &v.month);
    }
    status st = tally_whole(&today, &out->today);
    return st == ST_OK ? tally_whole(&month, &out->month) : st;
}

static status read_clients(struct db *db, int64_t now_ms, struct arena *a, struct provider_usage_clients *out)
{
    struct clients clients = {0};
    status st = clients_read(db, a, &clients);
    if (st != ST_OK)
        return st;
    out->clients = ARENA_ARRAY(a, struct provider_usage_client, clients.count + 1);
    if (out->clients == NULL)
        return ST_TOO_BIG;
    st = add_months(db, &clients, now_ms, a, out);
    if (st == ST_OK)
        qsort(out->clients, out->count, sizeof *out->clients, by_month);
    return st;
}

status provider_usage_clients_read(struct db *db, struct provider_scope who, int64_t now_ms, struct arena *a,
                                   struct provider_usage_clients *out)
{
    struct provider_usage_clients list = {0};
    status st = db_read_begin(db);
    if (st != ST_OK)
        return st;
    st = read_clients(db, now_ms, a, &list);
    db_read_end(db);
    if (st == ST_OK)
        *out = list;
    return st;
}

/* ---- one client ---- */

static status fill_history(const struct month_view *v, struct arena *a, struct provider_usage_stats *s)
{
    s->day_count = v->day_count;
    s->days = ARENA_ARRAY(a, struct provider_usage_day, v->day_count);
    if (s->days == NULL)
        return ST_TOO_BIG;
    for (size_t i = 0; i < v->day_count; i++) {
        size_t at = v->cut.count - 1 - i;
        memcpy(s->days[i].date, v->cut.dates[at], USAGE_DATE_CAP);
        if (tally_whole(&v->days[at], &s->days[i].sum) != ST_OK)
            return ST_RANGE;
    }
    return ST_OK;
}

static status read_stats(struct db *db, str organization_id, int64_t now_ms, struct arena *a,
                         struct provider_usage_stats *s)
{
    struct client_facts f;
    struct month_view v;
    status st = client_facts_read(db, organization_id, a, &f);
    if (st == ST_OK)
        st = month_view_read(db, (struct usage_who){.organization_id = f.id}, f.zone, now_ms, a, &v);
    if (st == ST_OK)
        st = fill_client(&f, &v, &s->client);
    return st == ST_OK ? fill_history(&v, a, s) : st;
}

status provider_usage_stats_read(struct db *db, struct provider_scope who, str organization_id, int64_t now_ms,
                                 struct arena *a, struct provider_usage_stats *out)
{
    struct provider_usage_stats s = {0};
    status st = db_read_begin(db);
    if (st != ST_OK)
        return st;
    st = read_stats(db, organization_id, now_ms, a, &s);
    db_read_end(db);
    if (st == ST_OK)
        *out = s;
    return st;
}

/* ---- billing ---- */

static status bill_client(struct db *db, const struct client_facts *f, const struct range *r, struct tally *sum,
                          struct provider_usage_bill *bill)
{
    struct cut c;
    status st = cut_dates(f->zone, r->dates, r->now_ms, r->a, &c, r->e);
    if (st != ST_OK)
        return st;
    struct tally *days = ARENA_ARRAY(r->a, struct tally, c.count);
    if (days == NULL)
        return ST_TOO_BIG;
    *sum = (struct tally){0};
    *bill = (struct provider_usage_bill){.organization_id = f->id, .organization_name = f->name};
    st = tally_days(db, (struct usage_who){.organization_id = f->id}, &c, days);
    for (size_t i = 0; i < c.count; i++) {
        tally_add(sum, &days[i]);
        bill->days_active += days[i].requests > 0;
    }
    return st == ST_OK ? tally_whole(sum, &bill->sum) : st;
}

static int by_billed(const void *left, const void *right)
{
    const struct provider_usage_bill *a = left, *b = right;
    int order = pico_cmp(b->sum.billed, a->sum.billed);
    if (order == 0)
        order = str_cmp(a->organization_name, b->organization_name);
    return order != 0 ? order : str_cmp(a->organization_id, b->organization_id);
}

static status add_bills(struct db *db, const struct clients *clients, const struct range *r,
                        struct provider_usage_billing *out)
{
    struct tally total = {0};
    for (size_t i = 0; i < clients->count; i++) {
        struct tally sum;
        status st = bill_client(db, &clients->facts[i], r, &sum, &out->clients[out->count]);
        if (st != ST_OK)
            return st;
        if (clients->facts[i].is_deleted && is_empty(&sum))
            continue;
        out->active_clients += sum.requests > 0;
        out->count++;
        tally_add(&total, &sum);
    }
    return tally_whole(&total, &out->total);
}

static status read_billing(struct db *db, const struct range *r, struct provider_usage_billing *out)
{
    struct clients clients = {0};
    struct cut c;
    status st = cut_dates(zone_utc(), r->dates, r->now_ms, r->a, &c, r->e);
    if (st == ST_OK)
        st = clients_read(db, r->a, &clients);
    if (st != ST_OK)
        return st;
    out->period = cut_period(&c);
    out->clients = ARENA_ARRAY(r->a, struct provider_usage_bill, clients.count + 1);
    if (out->clients == NULL)
        return ST_TOO_BIG;
    st = add_bills(db, &clients, r, out);
    if (st == ST_OK)
        qsort(out->clients, out->count, sizeof *out->clients, by_billed);
    return st;
}

status provider_usage_billing_read(struct db *db, struct provider_scope who, struct usage_dates dates, int64_t now_ms,
                                   struct arena *a, struct provider_usage_billing *out, struct err *e)
{
    struct usage_period back;
    struct range r = {.dates = dates, .now_ms = now_ms, .a = a, .e = e};
    struct provider_usage_billing list = {0};
    usage_period_back(zone_utc(), now_ms, USAGE_HISTORY_DAYS, &back);
    if (dates.from.p == NULL && dates.to.p == NULL)
        r.dates = (struct usage_dates){str_c(back.from), str_c(back.to)};
    status st = db_read_begin(db);
    if (st != ST_OK)
        return st;
    st = read_billing(db, &r, &list);
    db_read_end(db);
    if (st == ST_OK)
        *out = list;
    return st;
}

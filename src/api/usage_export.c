/* Usage to take away: JSON or CSV, cut by day, user or model (the provider: by client too). One
 * table per cut says the columns; all come from the rollups, so an export stays small whatever the
 * ledger holds. */
#include "api/csv.h"
#include "api/handlers.h"
#include "api/usage_write.h"

enum export_by { BY_DAY, BY_USER, BY_MODEL, BY_CLIENT };

static status read_by(struct api_call *c, enum export_by *out)
{
    static const str words[] = {
        [BY_DAY] = STR_INIT("day"), [BY_USER] = STR_INIT("user"), [BY_MODEL] = STR_INIT("model")};
    str by = api_query(c, "by");
    if (by.n == 0)
        return ST_OK;
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (!str_eq(by, words[i]))
            continue;
        *out = (enum export_by)i;
        return ST_OK;
    }
    return api_fail(c, ST_UNPROCESSABLE, "by", "by must be day, user or model");
}

static status read_format(struct api_call *c, bool *is_csv_out)
{
    str format = api_query(c, "format");
    *is_csv_out = str_eq(format, STR("csv"));
    if (*is_csv_out || format.n == 0 || str_eq(format, STR("json")))
        return ST_OK;
    return api_fail(c, ST_UNPROCESSABLE, "format", "format must be json or csv");
}

static void as_file(struct api_call *c, const struct usage_period *p, const char *by)
{
    c->content_type = STR("text/csv; charset=utf-8; header=present");
    c->file_name = arena_printf(&c->arena, "mai-usage-by-%s-%s-%s.csv", by, p->from, p->to);
}

/* ---- CSV for members: billed only ---- */

#define BILLED_COLUMNS "requests", "prompt_tokens", "completion_tokens", "tokens", "cost_usd"

static void billed_columns(struct csv *f, const struct usage_sum *s)
{
    csv_i64(f, s->requests);
    csv_i64(f, s->prompt_tokens);
    csv_i64(f, s->completion_tokens);
    csv_i64(f, s->tokens);
    csv_pico(f, s->billed);
}

static status csv_days(struct api_call *c, struct csv *f, struct usage_dates dates)
{
    static const char *const head[] = {"date", BILLED_COLUMNS};
    struct usage_days d;
    status st = usage_days_read(c->db, c->scope, usage_reach_of(&c->scope), dates, c->now_ms,
                                &c->arena, &d, &c->err);
    if (st != ST_OK)
        return st;
    as_file(c, &d.period, "day");
    csv_head(f, head, COUNT_OF(head));
    for (size_t i = 0; i < d.count; i++) {
        csv_text(f, str_c(d.days[i].date));
        billed_columns(f, &d.days[i].sum);
        csv_end_row(f);
    }
    return ST_OK;
}

static status csv_users(struct api_call *c, struct csv *f, struct usage_dates dates)
{
    static const char *const head[] = {"user_id",      "name",       "email", "openrouter_user_id",
                                       BILLED_COLUMNS, "days_active"};
    struct usage_users l;
    status st = usage_by_user(c->db, c->scope, usage_reach_of(&c->scope), dates, c->now_ms,
                              &c->arena, &l, &c->err);
    if (st != ST_OK)
        return st;
    as_file(c, &l.period, "user");
    csv_head(f, head, COUNT_OF(head));
    for (size_t i = 0; i < l.count; i++) {
        csv_text(f, l.users[i].user_id);
        csv_text(f, l.users[i].name);
        csv_text(f, l.users[i].email);
        csv_text(f, l.users[i].external_user);
        billed_columns(f, &l.users[i].sum);
        csv_i64(f, l.users[i].days_active);
        csv_end_row(f);
    }
    return ST_OK;
}

static status csv_models(struct api_call *c, struct csv *f, struct usage_dates dates)
{
    static const char *const head[] = {"model", "provider", BILLED_COLUMNS, "days_used"};
    struct usage_models l;
    status st = usage_by_model(c->db, c->scope, usage_reach_of(&c->scope), dates, c->now_ms,
                               &c->arena, &l, &c->err);
    if (st != ST_OK)
        return st;
    as_file(c, &l.period, "model");
    csv_head(f, head, COUNT_OF(head));
    for (size_t i = 0; i < l.count; i++) {
        csv_text(f, l.models[i].model);
        csv_text(f, l.models[i].provider);
        billed_columns(f, &l.models[i].sum);
        csv_i64(f, l.models[i].days_used);
        csv_end_row(f);
    }
    return ST_OK;
}

/* ---- CSV for the provider: raw cost and margin ---- */

#define WHOLE_COLUMNS                                                                              \
    "requests", "prompt_tokens", "completion_tokens", "tokens", "raw_cost_usd", "billed_usd",      \
        "margin_usd"

static void whole_columns(struct csv *f, const struct provider_usage_sum *s)
{
    csv_i64(f, s->requests);
    csv_i64(f, s->prompt_tokens);
    csv_i64(f, s->completion_tokens);
    csv_i64(f, s->tokens);
    csv_pico(f, s->cost);
    csv_pico(f, s->billed);
    csv_pico(f, s->margin);
}

static status csv_clients(struct api_call *c, struct csv *f, struct usage_dates dates)
{
    static const char *const head[] = {"client_id", "client", WHOLE_COLUMNS, "days_active"};
    struct provider_usage_billing b;
    status st =
        provider_usage_billing_read(c->db, c->provider, dates, c->now_ms, &c->arena, &b, &c->err);
    if (st != ST_OK)
        return st;
    as_file(c, &b.period, "client");
    csv_head(f, head, COUNT_OF(head));
    for (size_t i = 0; i < b.count; i++) {
        csv_text(f, b.clients[i].organization_id);
        csv_text(f, b.clients[i].organization_name);
        whole_columns(f, &b.clients[i].sum);
        csv_i64(f, b.clients[i].days_active);
        csv_end_row(f);
    }
    return ST_OK;
}

static status csv_client_users(struct api_call *c, struct csv *f, str client_id,
                               struct usage_dates dates)
{
    static const char *const head[] = {"user_id", "openrouter_user_id", WHOLE_COLUMNS,
                                       "days_active"};
    struct provider_usage_users l;
    status st = provider_usage_by_user(c->db, c->provider, client_id, dates, c->now_ms, &c->arena,
                                       &l, &c->err);
    if (st != ST_OK)
        return st;
    as_file(c, &l.period, "user");
    csv_head(f, head, COUNT_OF(head));
    for (size_t i = 0; i < l.count; i++) {
        csv_text(f, l.users[i].user_id);
        csv_text(f, l.users[i].external_user);
        whole_columns(f, &l.users[i].sum);
        csv_i64(f, l.users[i].days_active);
        csv_end_row(f);
    }
    return ST_OK;
}

static status csv_client_models(struct api_call *c, struct csv *f, str client_id,
                                struct usage_dates dates)
{
    static const char *const head[] = {"model", "provider", WHOLE_COLUMNS, "days_used"};
    struct provider_usage_models l;
    status st = provider_usage_by_model(c->db, c->provider, client_id, dates, c->now_ms, &c->arena,
                                        &l, &c->err);
    if (st != ST_OK)
        return st;
    as_file(c, &l.period, "model");
    csv_head(f, head, COUNT_OF(head));
    for (size_t i = 0; i < l.count; i++) {
        csv_text(f, l.models[i].model);
        csv_text(f, l.models[i].provider);
        whole_columns(f, &l.models[i].sum);
        csv_i64(f, l.models[i].days_used);
        csv_end_row(f);
    }
    return ST_OK;
}

/* ---- CSV: which table ---- */

static status member_csv(struct api_call *c, enum export_by by)
{
    static status (*const tables[])(struct api_call * c, struct csv * f,
                                    struct usage_dates dates) = {
        [BY_DAY] = csv_days, [BY_USER] = csv_users, [BY_MODEL] = csv_models};
    struct csv f = {.out = &c->out};
    return tables[by](c, &f, usage_query_dates(c));
}

static status provider_csv(struct api_call *c, enum export_by by, str client_id)
{
    struct csv f = {.out = &c->out};
    struct usage_dates dates;
    status st = usage_query_bill_dates(c, &dates);
    if (st != ST_OK)
        return st;
    if (client_id.n == 0)
        return csv_clients(c, &f, dates);
    return by == BY_USER ? csv_client_users(c, &f, client_id, dates)
                         : csv_client_models(c, &f, client_id, dates);
}

/* ---- JSON ---- */

static void kdate(struct api_call *c, const struct zone *z)
{
    struct usage_period today;
    usage_period_back(z, c->now_ms, 1, &today);
    jw_kstr(&c->w, STR("export_date"), str_c(today.to));
}

static status member_json(struct api_call *c)
{
    struct usage_stats s;
    struct usage_days d;
    enum usage_reach reach = usage_reach_of(&c->scope);
    status st = usage_stats_read(c->db, c->scope, reach, c->now_ms, &c->arena, &s);
    if (st == ST_OK)
        st = usage_days_read(c->db, c->scope, reach, usage_query_dates(c), c->now_ms, &c->arena, &d,
                             &c->err);
    if (st != ST_OK)
        return st;
    const struct zone *z = usage_zone(s.timezone);
    struct json_writer *w = &c->w;
    jw_object(w);
    jw_kbool(w, STR("success"), true);
    jw_kobject(w, STR("data"));
    jw_kstr(w, STR("client_name"), s.organization_name);
    jw_kstr(w, STR("timezone"), s.timezone);
    kdate(c, z);
    usage_ktoday(w, "today_usage", &s.today, z, c->now_ms);
    usage_kmonth(w, "month_totals", &s.month, s.days_active);
    usage_kperiod(w, &d.period);
    usage_kdays(w, "daily_history", d.days, d.count);
    jw_end(w);
    jw_end(w);
    return ST_OK;
}

static status provider_json(struct api_call *c, str client_id)
{
    struct provider_usage_clients all;
    status st = provider_usage_clients_read(c->db, c->provider, c->now_ms, &c->arena, &all);
    if (st != ST_OK)
        return st;
    struct json_writer *w = &c->w;
    bool is_found = client_id.n == 0;
    jw_object(w);
    jw_kbool(w, STR("success"), true);
    jw_kobject(w, STR("data"));
    kdate(c, zone_utc());
    jw_karray(w, STR("clients"));
    for (size_t i = 0; i < all.count; i++) {
        const struct provider_usage_client *k = &all.clients[i];
        if (client_id.n != 0 && !str_eq(client_id, k->organization_id))
            continue;
        is_found = true;
        jw_object(w);
        jw_kstr(w, STR("client_id"), k->organization_id);
        jw_kstr(w, STR("client_name"), k->organization_name);
        provider_ksum(w, "today_usage", &k->today);
        provider_ksum(w, "month_totals", &k->month);
        jw_ki64(w, STR("days_active"), k->days_active);
        jw_end(w);
    }
    jw_end(w);
    jw_end(w);
    jw_end(w);
    return is_found ? ST_OK : api_fail(c, ST_NOT_FOUND, NULL, "Not found");
}

/* ---- the whole ---- */

static status provider_export(struct api_call *c, bool is_csv, enum export_by by)
{
    str client_id = api_query(c, "client_id");
    if (!is_csv)
        return provider_json(c, client_id);
    if (client_id.n != 0 && by == BY_DAY)
        return api_fail(c, ST_UNPROCESSABLE, "by", "A client's table is by user or by model");
    return provider_csv(c, client_id.n != 0 ? by : BY_CLIENT, client_id);
}

/* A member may name the own organization; any other is not there. */
static status member_export(struct api_call *c, bool is_csv, enum export_by by)
{
    str client_id = api_query(c, "client_id");
    status st = client_id.n != 0 ? usage_own_org(c, client_id) : ST_OK;
    if (st != ST_OK)
        return st;
    return is_csv ? member_csv(c, by) : member_json(c);
}

status usage_export(struct api_call *c)
{
    bool is_csv;
    enum export_by by = c->who->is_provider && api_query(c, "client_id").n != 0 ? BY_MODEL : BY_DAY;
    status st = read_format(c, &is_csv);
    if (st == ST_OK)
        st = read_by(c, &by);
    if (st != ST_OK)
        return st;
    return c->who->is_provider ? provider_export(c, is_csv, by) : member_export(c, is_csv, by);
}

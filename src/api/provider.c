/* The provider's settings, bills, lists and the state of the installation. */
#include "api/client_write.h"
#include "api/handlers.h"
#include "base/version.h"
#include "gateway/catalog.h"
#include "gateway/clients.h"
#include "gateway/completion.h"
#include "tenancy/connection.h"
#include "tenancy/learning.h"
#include "tenancy/settings.h"

#include <stdio.h>
#include <sys/stat.h>

/* ---- settings ---- */

static status write_settings(struct api_call *c, const char *key)
{
    struct provider_settings s;
    status st = provider_settings_read(c->db, c->provider, c->g->conf->provisioning_key,
                                       c->g->conf->default_markup, &s);
    if (st != ST_OK)
        return st;
    struct json_writer *w = &c->w;
    if (key != NULL)
        jw_key(w, str_c(key));
    jw_object(w);
    jw_kstr(w, STR("id"), STR("global"));
    jw_kbool(w, STR("has_provisioning_key"), s.has_provisioning_key);
    jw_kstr_or_null(w, STR("openrouter_provisioning_key_last4"),
                    s.has_provisioning_key ? str_c(s.provisioning_key_last4) : STR_NONE);
    jw_kbool(w, STR("is_provisioning_key_from_environment"), c->g->conf->provisioning_key.n != 0);
    api_kmarkup(c, "default_markup_rate", s.default_markup);
    jw_kstr(w, STR("billing_currency"), STR("USD"));
    api_kseconds_or_null(c, "created_at", s.created_ms);
    api_kseconds_or_null(c, "updated_at", s.updated_ms);
    jw_end(w);
    return ST_OK;
}

status provider_settings_get(struct api_call *c)
{
    return write_settings(c, NULL);
}

struct settings_write {
    struct api_call *c;
    bool set_key, set_markup;
    str key;
    markup markup;
};

static status settings_run(struct db *db, void *ctx)
{
    const struct settings_write *s = ctx;
    struct api_call *c = s->c;
    status st = ST_OK;
    if (s->set_key) {
        st = provisioning_key_save(db, c->provider, &c->g->master, s->key, &c->err);
        c->err_field = st != ST_OK ? "openrouter_provisioning_key" : NULL;
    }
    return st == ST_OK && s->set_markup ? default_markup_save(db, c->provider, s->markup, &c->err)
                                        : st;
}

static status read_default_markup(struct api_call *c, struct settings_write *s)
{
    struct json v = api_body_get(c, "default_markup_rate");
    str text = v.raw;
    s->set_markup = v.raw.p != NULL && v.type != JSON_NULL;
    if (!s->set_markup)
        return ST_OK;
    if (v.type == JSON_STRING && json_string(v, &c->arena, &text) != ST_OK)
        text = STR_NONE;
    if ((v.type == JSON_NUMBER || v.type == JSON_STRING) &&
        markup_parse(str_trim(text), &s->markup) == ST_OK)
        return ST_OK;
    return api_fail(
        c, ST_UNPROCESSABLE, "default_markup_rate",
        "default_markup_rate must be a number above 0 and at most 100 with at most 6 decimals");
}

static status read_currency(struct api_call *c)
{
    str currency;
    status st = api_body_str(c, "billing_currency", false, &currency);
    if (st != ST_OK || currency.n == 0 || str_eq(currency, STR("USD")))
        return st;
    return api_fail(c, ST_UNPROCESSABLE, "billing_currency", "Bills are in USD");
}

/* An absent or null key stays; an empty one is forgotten. */
status provider_settings_set(struct api_call *c)
{
    struct settings_write s = {.c = c};
    status st = api_body_str(c, "openrouter_provisioning_key", false, &s.key);
    s.set_key = api_body_has(c, "openrouter_provisioning_key") &&
                !api_body_is_null(c, "openrouter_provisioning_key");
    if (st == ST_OK)
        st = read_default_markup(c, &s);
    if (st == ST_OK)
        st = read_currency(c);
    if (st == ST_OK)
        st = api_write(c, settings_run, &s);
    if (st != ST_OK)
        return st;
    jw_object(&c->w);
    jw_kbool(&c->w, STR("success"), true);
    st = write_settings(c, "settings");
    jw_end(&c->w);
    return st;
}

/* ---- pseudonyms ---- */

status provider_mappings(struct api_call *c)
{
    struct user_mapping *rows;
    size_t count;
    status st = user_mapping_list(c->db, c->provider, &c->arena, &rows, &count);
    if (st != ST_OK)
        return st;
    struct json_writer *w = &c->w;
    jw_array(w);
    for (size_t i = 0; i < count; i++) {
        jw_object(w);
        jw_kstr(w, STR("id"), rows[i].user_id);
        jw_kstr(w, STR("user_id"), rows[i].user_id);
        jw_kstr(w, STR("client_org_id"), rows[i].organization_id);
        jw_kstr(w, STR("openrouter_user_id"), rows[i].external_user);
        jw_kstr(w, STR("state"), external_state_text(rows[i].state));
        jw_kbool(w, STR("is_active"), rows[i].is_active);
        api_kseconds(c, "created_at", rows[i].created_ms);
        api_kseconds(c, "updated_at", rows[i].updated_ms);
        jw_end(w);
    }
    jw_end(w);
    return ST_OK;
}

/* ---- bills ---- */

/* margin of what is billed, in percent with two decimals, half away from zero; 0 when nothing is
 * billed. */
static void kpercent(struct json_writer *w, const char *key, const struct provider_usage_sum *s)
{
    char text[32] = "0";
    if (s->billed.v != 0) {
        __int128 n = (__int128)s->margin.v * 20000, d = s->billed.v;
        __int128 half = (n < 0) == (d < 0) ? n / d + 1 : n / d - 1;
        long long hundredths = (long long)(half / 2);
        snprintf(text, sizeof text, "%s%lld.%02lld", hundredths < 0 ? "-" : "",
                 (hundredths < 0 ? -hundredths : hundredths) / 100,
                 (hundredths < 0 ? -hundredths : hundredths) % 100);
    }
    jw_kraw(w, str_c(key), str_c(text));
}

static void write_summary(struct json_writer *w, const struct provider_usage_billing *b)
{
    jw_kobject(w, STR("summary"));
    usage_kpico(w, "total_raw_cost", b->total.cost);
    usage_kpico(w, "total_markup_cost", b->total.billed);
    usage_kpico(w, "total_profit", b->total.margin);
    jw_ki64(w, STR("total_tokens"), b->total.tokens);
    jw_ki64(w, STR("total_requests"), b->total.requests);
    kpercent(w, "profit_margin_percent", &b->total);
    jw_ki64(w, STR("active_clients"), b->active_clients);
    jw_end(w);
}

static void write_bill(struct json_writer *w, const struct provider_usage_bill *b)
{
    jw_object(w);
    jw_kstr(w, STR("client_org_id"), b->organization_id);
    jw_kstr(w, STR("client_name"), b->organization_name);
    jw_ki64(w, STR("total_tokens"), b->sum.tokens);
    usage_kpico(w, "raw_cost", b->sum.cost);
    usage_kpico(w, "markup_cost", b->sum.billed);
    usage_kpico(w, "profit_margin", b->sum.margin);
    jw_ki64(w, STR("total_requests"), b->sum.requests);
    jw_ki64(w, STR("days_active"), b->days_active);
    jw_end(w);
}

status provider_billing(struct api_call *c)
{
    struct provider_usage_billing b;
    struct usage_dates dates;
    status st = usage_query_bill_dates(c, &dates);
    if (st == ST_OK)
        st = provider_usage_billing_read(c->db, c->provider, dates, c->now_ms, &c->arena, &b,
                                         &c->err);
    if (st != ST_OK)
        return st;
    struct json_writer *w = &c->w;
    jw_object(w);
    usage_kperiod(w, &b.period);
    write_summary(w, &b);
    jw_karray(w, STR("clients"));
    for (size_t i = 0; i < b.count; i++)
        write_bill(w, &b.clients[i]);
    jw_end(w);
    jw_end(w);
    return ST_OK;
}

/* ---- summary and today, of one client or all ---- */

static void write_client_stats(struct api_call *c, const struct provider_usage_client *k)
{
    struct json_writer *w = &c->w;
    jw_kstr(w, STR("client_org_id"), k->organization_id);
    jw_kstr(w, STR("client_name"), k->organization_name);
    jw_kstr(w, STR("timezone"), k->timezone);
    provider_ksum(w, "today", &k->today);
    provider_ksum(w, "this_month", &k->month);
    jw_ki64(w, STR("days_active"), k->days_active);
    api_kpico_or_null(c, "monthly_limit", k->has_limit, k->limit);
    api_kpico_or_null(c, "monthly_remaining", k->has_limit, k->remaining);
    api_kseconds(c, "resets_at", k->month_end_ms);
}

static status read_one(struct api_call *c, str id, struct provider_usage_stats *out)
{
    status st = provider_usage_stats_read(c->db, c->provider, id, c->now_ms, &c->arena, out);
    return st == ST_NOT_FOUND ? api_fail(c, st, NULL, "Not found") : st;
}

static status summary_of_one(struct api_call *c, str id)
{
    struct provider_usage_stats s;
    status st = read_one(c, id, &s);
    if (st != ST_OK)
        return st;
    struct json_writer *w = &c->w;
    jw_object(w);
    jw_kbool(w, STR("success"), true);
    jw_kobject(w, STR("stats"));
    write_client_stats(c, &s.client);
    jw_karray(w, STR("daily_history"));
    for (size_t i = 0; i < s.day_count; i++) {
        jw_object(w);
        jw_kstr(w, STR("date"), str_c(s.days[i].date));
        jw_ki64(w, STR("tokens"), s.days[i].sum.tokens);
        usage_kpico(w, "raw_cost", s.days[i].sum.cost);
        usage_kpico(w, "cost", s.days[i].sum.billed);
        jw_ki64(w, STR("requests"), s.days[i].sum.requests);
        jw_end(w);
    }
    jw_end(w);
    jw_end(w);
    jw_end(w);
    return ST_OK;
}

status provider_summary(struct api_call *c)
{
    str id = api_query(c, "client_id");
    struct provider_usage_clients all;
    if (id.n != 0)
        return summary_of_one(c, id);
    status st = provider_usage_clients_read(c->db, c->provider, c->now_ms, &c->arena, &all);
    if (st != ST_OK)
        return st;
    struct json_writer *w = &c->w;
    jw_object(w);
    jw_kbool(w, STR("success"), true);
    provider_ksum(w, "today", &all.today);
    provider_ksum(w, "this_month", &all.month);
    jw_karray(w, STR("billing_data"));
    for (size_t i = 0; i < all.count; i++) {
        jw_object(w);
        write_client_stats(c, &all.clients[i]);
        jw_end(w);
    }
    jw_end(w);
    jw_end(w);
    return ST_OK;
}

static status answer_today(struct api_call *c, const struct provider_usage_sum *today,
                           const struct zone *z)
{
    char clock[12];
    jw_object(&c->w);
    jw_kbool(&c->w, STR("success"), true);
    provider_ksum(&c->w, "today", today);
    jw_kstr(&c->w, STR("last_updated"), usage_clock(z, c->now_ms, clock));
    jw_end(&c->w);
    return ST_OK;
}

status provider_today(struct api_call *c)
{
    str id = api_query(c, "client_id");
    struct provider_usage_clients all;
    struct provider_usage_stats one;
    if (id.n != 0) {
        status st = read_one(c, id, &one);
        return st == ST_OK ? answer_today(c, &one.client.today, usage_zone(one.client.timezone))
                           : st;
    }
    status st = provider_usage_clients_read(c->db, c->provider, c->now_ms, &c->arena, &all);
    return st == ST_OK ? answer_today(c, &all.today, zone_utc()) : st;
}

/* ---- the installation ---- */

static void write_upstream(struct api_call *c)
{
    static const char *const words[] = {
        [SUPPLIER_UNKNOWN] = "unknown", [SUPPLIER_OK] = "ok", [SUPPLIER_AWAY] = "away"};
    int64_t since_ms;
    enum supplier_state state = catalog_supplier(c->g->catalog, &since_ms);
    jw_kobject(&c->w, STR("upstream"));
    jw_kstr(&c->w, STR("state"), str_c(words[state]));
    api_kseconds_or_null(c, "since", since_ms);
    jw_end(&c->w);
}

/* null when there is no provisioning key, or OpenRouter does not answer: `credits_error` says why.
 */
static void write_credits(struct api_call *c)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, 1 << 20);
    struct client_host host = client_host_of(c->g);
    struct openrouter_credits credits;
    struct err e = {0};
    str key;
    status st = client_management_key(&host, &a, &key, &e);
    bool has_key = st == ST_OK;
    if (has_key) {
        st = openrouter_credits(c->g->openrouter, key, &credits, &e);
        secret_wipe((char *)(uintptr_t)key.p, key.n);
    }
    pico left = PICO(0);
    if (st == ST_OK)
        st = pico_sub(credits.total_credits, credits.total_usage, &left);
    if (st != ST_OK) {
        jw_knull(&c->w, STR("credits"));
        jw_kstr(&c->w, STR("credits_error"), str_c(err_text(&e, st)));
        return;
    }
    jw_kobject(&c->w, STR("credits"));
    api_kpico(c, "total", credits.total_credits);
    api_kpico(c, "used", credits.total_usage);
    api_kpico(c, "remaining", left);
    jw_end(&c->w);
}

static int64_t file_bytes(const char *path, const char *suffix)
{
    char name[4400];
    struct stat s;
    int n = snprintf(name, sizeof name, "%s%s", path, suffix);
    return n > 0 && (size_t)n < sizeof name && stat(name, &s) == 0 ? (int64_t)s.st_size : 0;
}

/* The database with its log. */
static int64_t storage_bytes(struct api_call *c)
{
    str url = c->g->conf->database_url, prefix = STR("sqlite:///");
    const char *path = str_starts(url, prefix)
                           ? arena_z(&c->arena, str_from(url, prefix.n))
                           : arena_z(&c->arena, arena_printf(&c->arena, "%.*s/mai.db",
                                                             STR_ARG(c->g->conf->data_dir)));
    return file_bytes(path, "") + file_bytes(path, "-wal") + file_bytes(path, "-shm");
}

/* People who entered a client's key and must be let in. */
static status write_waiting(struct api_call *c)
{
    struct waiting_key *rows;
    size_t count;
    status st = connection_provider_waiting(c->db, c->provider, &c->arena, &rows, &count);
    if (st != ST_OK)
        return st;
    jw_karray(&c->w, STR("waiting_keys"));
    for (size_t i = 0; i < count; i++) {
        jw_object(&c->w);
        jw_kstr(&c->w, STR("client_id"), rows[i].owner_id);
        jw_kstr(&c->w, STR("client_name"), rows[i].owner_name);
        jw_kstr(&c->w, STR("key_hash"), rows[i].hash);
        jw_kstr(&c->w, STR("key_last4"), rows[i].last4);
        jw_kstr(&c->w, STR("name"), rows[i].saver_name);
        jw_kstr(&c->w, STR("email"), rows[i].saver_email);
        api_kseconds(c, "created_at", rows[i].created_ms);
        jw_end(&c->w);
    }
    jw_end(&c->w);
    return ST_OK;
}

status provider_system(struct api_call *c)
{
    jw_object(&c->w);
    jw_kstr(&c->w, STR("version"), STR(MAI_VERSION));
    api_kseconds(c, "started_at", c->s->started_ms);
    write_upstream(c);
    write_credits(c);
    jw_kobject(&c->w, STR("storage"));
    jw_ki64(&c->w, STR("bytes"), storage_bytes(c));
    jw_end(&c->w);
    jw_kobject(&c->w, STR("queue"));
    jw_ki64(&c->w, STR("running_calls"), (int64_t)completion_running());
    jw_end(&c->w);
    status st = write_waiting(c);
    jw_end(&c->w);
    return st;
}

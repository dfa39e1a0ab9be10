/* /sim/...: the tests' own door. */
#include "body.h"
#include "money.h"
#include "routes.h"
#include "script.h"
#include "text.h"

static const char ndjson[] = "application/x-ndjson";

static void ok(struct reply *out)
{
    buf_add(&out->body, STR("{\"ok\":true}"));
}

void control_script(const struct ask *a, struct reply *out)
{
    struct err e = {0};
    if (scripts_load(&a->sim->scripts, a->http->body, &e) == ST_OK)
        ok(out);
    else
        reply_error(out, 400, e.text, STR_NONE);
}

/* ---- clock ---- */

void control_clock_read(const struct ask *a, struct reply *out)
{
    char text[ISO_TIME_CAP];
    struct jout j = jout(&out->body);
    iso_from_ms(sim_now_ms(), text);
    jo_open(&j, '{');
    jo_kz(&j, "now", text);
    jo_ki64(&j, "now_ms", sim_now_ms());
    jo_kbool(&j, "frozen", sim_clock_is_frozen());
    jo_close(&j, '}');
}

static bool set_clock(json_t *body)
{
    json_t *now = json_object_get(body, "now"), *by = json_object_get(body, "advance_ms");
    json_t *freeze = json_object_get(body, "freeze");
    int64_t at;
    if (now != NULL) {
        if (!json_is_string(now) || iso_to_ms(str_c(json_string_value(now)), &at) != ST_OK)
            return false;
        sim_clock_set(at);
    }
    if (json_is_integer(by))
        sim_clock_advance(json_integer_value(by));
    if (json_is_boolean(freeze))
        sim_clock_freeze(json_is_true(freeze));
    return now != NULL || json_is_integer(by) || json_is_boolean(freeze);
}

void control_clock(const struct ask *a, struct reply *out)
{
    json_t *body = body_parse(a->http->body);
    if (body != NULL && set_clock(body))
        control_clock_read(a, out);
    else
        reply_error(out, 400, "give now (ISO time), advance_ms or freeze", STR_NONE);
    json_decref(body);
}

/* ---- books ---- */

static void bill_by_key(const struct sim *s, struct buf *out)
{
    for (size_t i = 0; i < s->keys.count; i++) {
        const struct key *key = s->keys.all[i];
        char cost[PICO_TEXT_CAP], upstream[PICO_TEXT_CAP];
        struct jout j = jout(out);
        jo_open(&j, '{');
        jo_kz(&j, "key_hash", key->hash);
        jo_kz(&j, "name", key->name);
        jo_kstr(&j, "cost", pico_text(key->credits.total, cost));
        jo_kstr(&j, "upstream_cost", pico_text(key->byok.total, upstream));
        jo_ki64(&j, "requests", key->requests);
        jo_kbool(&j, "deleted", key->is_deleted);
        jo_close(&j, '}');
        buf_add_char(out, '\n');
    }
}

void control_bill(const struct ask *a, struct reply *out)
{
    char by[8] = "", hash[KEY_HASH_CAP] = "", from[24] = "";
    uint64_t at = 0;
    const struct record *rec;
    out->type = ndjson;
    (void)http_query(a->http, STR("by"), by, sizeof by);
    (void)http_query(a->http, STR("key"), hash, sizeof hash);
    if (http_query(a->http, STR("from"), from, sizeof from) &&
        str_to_u64(str_c(from), &at) != ST_OK)
        at = 0;
    if (strcmp(by, "key") == 0) {
        bill_by_key(a->sim, &out->body);
        return;
    }
    while ((rec = records_next(&a->sim->records, &at)) != NULL)
        if (hash[0] == '\0' || strcmp(hash, rec->key->hash) == 0)
            record_write_bill(rec, &out->body);
}

void control_requests(const struct ask *a, struct reply *out)
{
    char path[256], from[24];
    uint64_t first = 0;
    bool has_path = http_query(a->http, STR("path"), path, sizeof path);
    if (http_query(a->http, STR("from"), from, sizeof from) &&
        str_to_u64(str_c(from), &first) != ST_OK)
        first = 0;
    out->type = ndjson;
    seen_write(&a->sim->seen, has_path ? path : NULL, first, &out->body);
}

void control_stats(const struct ask *a, struct reply *out)
{
    const struct sim *s = a->sim;
    struct jout j = jout(&out->body);
    jo_open(&j, '{');
    jo_ki64(&j, "connections_accepted", (int64_t)http_connections_accepted(s->http));
    jo_ki64(&j, "connections_open", (int64_t)http_connections_open(s->http));
    jo_ki64(&j, "requests", (int64_t)s->seen.count);
    jo_ki64(&j, "calls_open", s->calls_open);
    jo_ki64(&j, "calls_peak", s->calls_peak);
    jo_ki64(&j, "generations", s->records.settled);
    jo_kpico(&j, "total_usage", s->records.total_usage);
    jo_close(&j, '}');
}

void control_models(const struct ask *a, struct reply *out)
{
    struct jout j = jout(&out->body);
    jo_open(&j, '[');
    for (size_t i = 0; i < script_preset_count; i++) {
        jo_open(&j, '{');
        jo_kz(&j, "model", script_presets[i].model);
        jo_kz(&j, "script", script_presets[i].script);
        jo_kz(&j, "help", script_presets[i].help);
        jo_close(&j, '}');
    }
    jo_close(&j, ']');
}

/* ---- state ---- */

void control_credits(const struct ask *a, struct reply *out)
{
    json_t *body = body_parse(a->http->body);
    json_t *total = json_object_get(body, "total_credits");
    pico usd;
    if (json_is_number(total) && money_from_double(json_number_value(total), &usd)) {
        a->sim->total_credits = usd;
        ok(out);
    } else {
        reply_error(out, 400, "give total_credits (USD)", STR_NONE);
    }
    json_decref(body);
}

void control_reset(const struct ask *a, struct reply *out)
{
    struct sim *s = a->sim;
    seen_clear(&s->seen);
    s->free = (struct free_counter){0};
    sim_clock_freeze(false);
    sim_clock_set(clock_now_ms());
    sim_default_script(s);
    ok(out);
}

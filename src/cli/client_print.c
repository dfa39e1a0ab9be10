/* Clients on paper; see client_print.h. */
#include "cli/client_print.h"
#include "base/clock.h"

#include <stdio.h>

/* ---- JSON ---- */

void jw_kamount(struct json_writer *w, str key, pico amount)
{
    char text[PICO_TEXT_CAP];
    jw_kstr(w, key, pico_text(amount, text));
}

void jw_klimit(struct json_writer *w, str key, bool has_limit, pico limit)
{
    char text[PICO_TEXT_CAP];
    jw_kraw(w, key, has_limit ? pico_text(limit, text) : STR("null"));
}

void jw_kmarkup(struct json_writer *w, str key, markup m)
{
    char text[PICO_TEXT_CAP];
    jw_kraw(w, key, markup_text(m, text));
}

void jw_ktime(struct json_writer *w, str key, int64_t ms)
{
    char text[ISO_TIME_CAP] = "";
    if (ms != 0)
        iso_from_ms(ms, text);
    jw_kstr_or_null(w, key, ms != 0 ? str_c(text) : STR_NONE);
}

static void organization_members(struct json_writer *w, const struct organization *o)
{
    jw_klimit(w, STR("monthly_limit"), o->has_limit, o->limit);
    jw_kstr_or_null(w, STR("limit_reset"), limit_reset_text(o->limit_reset));
    jw_kstr(w, STR("limit_source"), limit_source_text(o->limit_source));
    jw_klimit(w, STR("openrouter_limit"), o->has_openrouter_limit, o->openrouter_limit);
    jw_kmarkup(w, STR("markup"), o->markup);
    jw_kstr(w, STR("timezone"), o->timezone);
    jw_kstr(w, STR("currency"), o->currency);
    jw_kstr_or_null(w, STR("billing_email"), o->billing_email);
    jw_kbool(w, STR("api_access"), o->has_api_access);
    jw_kbool(w, STR("allow_extras"), o->allows_extras);
    jw_kbool(w, STR("deny_data_collection"), o->deny_data_collection);
    jw_kbool(w, STR("zero_data_retention"), o->zero_data_retention);
    jw_kbool(w, STR("is_disabled"), o->is_disabled);
    jw_ktime(w, STR("created_at"), o->created_ms);
}

void client_json(struct json_writer *w, const struct client *c)
{
    jw_object(w);
    jw_kstr(w, STR("client_name"), c->organization.name);
    jw_kstr(w, STR("organization_id"), c->organization.id);
    jw_kstr_or_null(w, STR("key_id"), c->key_hash);
    jw_kstr_or_null(w, STR("key_last4"), c->key_last4);
    jw_kstr(w, STR("key_state"), key_state_text(c->key_state));
    jw_ki64(w, STR("people"), c->people);
    jw_ktime(w, STR("last_seen_at"), c->last_seen_ms);
    organization_members(w, &c->organization);
    jw_end(w);
}

void usage_sum_members(struct json_writer *w, const struct provider_usage_sum *s)
{
    jw_ki64(w, STR("requests"), s->requests);
    jw_ki64(w, STR("prompt_tokens"), s->prompt_tokens);
    jw_ki64(w, STR("completion_tokens"), s->completion_tokens);
    jw_ki64(w, STR("tokens"), s->tokens);
    jw_kamount(w, STR("cost"), s->cost);
    jw_kamount(w, STR("billed"), s->billed);
    jw_kamount(w, STR("margin"), s->margin);
}

void usage_sum_json(struct json_writer *w, str key, const struct provider_usage_sum *s)
{
    jw_kobject(w, key);
    usage_sum_members(w, s);
    jw_end(w);
}

void say_json(struct printer *o, struct buf *line)
{
    CHECK(!line->is_full); /* what a row holds is bounded where it was stored */
    print_add(o, buf_view(line));
    if (line->p != NULL)
        explicit_bzero(line->p, line->cap);
    buf_clear(line);
}

/* ---- for people ---- */

void say_row(struct printer *o, const char *label, str text)
{
    print_addf(o, "%-22s ", label);
    print_add_text(o, text);
    print_add(o, STR("\n"));
}

void say_time(struct printer *o, const char *label, int64_t ms)
{
    char text[ISO_TIME_CAP];
    iso_from_ms(ms, text);
    say_row(o, label, ms != 0 ? str_c(text) : STR("never"));
}

static const char *reset_words(enum limit_reset reset)
{
    switch (reset) {
    case RESET_DAILY:
        return "a day";
    case RESET_WEEKLY:
        return "a week";
    case RESET_MONTHLY:
        return "a month";
    case RESET_NONE:
        return "in all";
    }
    UNREACHABLE();
}

str limit_words(bool has_limit, pico limit, enum limit_reset reset, char *dst)
{
    char amount[PICO_TEXT_CAP];
    if (!has_limit)
        return STR("none");
    str text = pico_display_usd(limit, amount);
    snprintf(dst, LIMIT_TEXT_CAP, "%.*s %s", STR_ARG(text), reset_words(reset));
    return str_c(dst);
}

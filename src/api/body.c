/* Reading members of a request and writing common values of an answer; see api.h. */
#include "api/api.h"
#include "base/clock.h"
#include "codec/url.h"

#include <stdarg.h>
#include <stdio.h>

status api_fail(struct api_call *c, status st, const char *field, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(c->err.text, sizeof c->err.text, fmt, ap);
    va_end(ap);
    c->err.st = st;
    c->err_field = field;
    return st;
}

status api_write(struct api_call *c, status (*run)(struct db *db, void *ctx), void *ctx)
{
    return store_write(c->g->store, run, ctx);
}

/* ---- body ---- */

struct json api_body_get(const struct api_call *c, const char *name)
{
    struct json v = {0};
    if (c->body.raw.p != NULL && !json_get(c->body, str_c(name), &v))
        v.raw = STR_NONE;
    return v;
}

bool api_body_has(const struct api_call *c, const char *name)
{
    return api_body_get(c, name).raw.p != NULL;
}

bool api_body_is_null(const struct api_call *c, const char *name)
{
    struct json v = api_body_get(c, name);
    return v.raw.p != NULL && v.type == JSON_NULL;
}

static bool is_given(struct json v)
{
    return v.raw.p != NULL && v.type != JSON_NULL;
}

status api_body_str(struct api_call *c, const char *name, bool is_required, str *out)
{
    struct json v = api_body_get(c, name);
    str text = STR_NONE;
    if (is_given(v) && json_string(v, &c->arena, &text) != ST_OK)
        return api_fail(c, ST_UNPROCESSABLE, name, "%s must be a text", name);
    if (is_required && text.n == 0)
        return api_fail(c, ST_UNPROCESSABLE, name, "%s is missing", name);
    *out = text;
    return ST_OK;
}

status api_body_bool(struct api_call *c, const char *name, bool *out)
{
    struct json v = api_body_get(c, name);
    if (is_given(v) && v.type != JSON_BOOL)
        return api_fail(c, ST_UNPROCESSABLE, name, "%s must be true or false", name);
    if (is_given(v))
        *out = json_is_true(v);
    return ST_OK;
}

status api_body_i64(struct api_call *c, const char *name, int64_t *out)
{
    struct json v = api_body_get(c, name);
    int64_t n;
    if (!is_given(v))
        return ST_OK;
    if (v.type != JSON_NUMBER || json_i64(v, &n) != ST_OK)
        return api_fail(c, ST_UNPROCESSABLE, name, "%s must be a whole number", name);
    *out = n;
    return ST_OK;
}

status api_body_amount(struct api_call *c, const char *name, pico *out)
{
    struct json v = api_body_get(c, name);
    str text = v.raw;
    if (is_given(v) && v.type == JSON_STRING && json_string(v, &c->arena, &text) != ST_OK)
        text = STR_NONE;
    if (is_given(v) && (v.type == JSON_STRING || v.type == JSON_NUMBER) &&
        pico_parse_amount(str_trim(text), out) == ST_OK)
        return ST_OK;
    return api_fail(c, ST_UNPROCESSABLE, name,
                    "%s must be an amount in USD such as 500 or 12.50, not negative, with at most 12 decimals",
                    name);
}

/* ---- query ---- */

str api_query(struct api_call *c, const char *name)
{
    str v = STR_NONE;
    if (url_query_get(c->query, str_c(name), &c->arena, &v) != ST_OK)
        return STR_NONE;
    return v;
}

status api_query_page(struct api_call *c, int64_t *out)
{
    str text = api_query(c, "page");
    *out = 1;
    if (text.p == NULL || text.n == 0)
        return ST_OK;
    if (str_to_i64(text, out) != ST_OK || *out < 1 || *out > 1000000)
        return api_fail(c, ST_UNPROCESSABLE, "page", "page must be a number from 1");
    return ST_OK;
}

/* ---- values ---- */

void api_kpico(struct api_call *c, const char *key, pico a)
{
    char text[PICO_TEXT_CAP];
    jw_kraw(&c->w, str_c(key), pico_text(a, text));
}

void api_kpico_or_null(struct api_call *c, const char *key, bool has, pico a)
{
    if (has)
        api_kpico(c, key, a);
    else
        jw_knull(&c->w, str_c(key));
}

void api_kseconds(struct api_call *c, const char *key, int64_t ms)
{
    jw_ki64(&c->w, str_c(key), ms / MS_PER_SECOND);
}

void api_kseconds_or_null(struct api_call *c, const char *key, int64_t ms)
{
    if (ms != 0)
        api_kseconds(c, key, ms);
    else
        jw_knull(&c->w, str_c(key));
}

void api_kmarkup(struct api_call *c, const char *key, markup m)
{
    char text[PICO_TEXT_CAP];
    jw_kraw(&c->w, str_c(key), markup_text(m, text));
}

/* ---- cookie ---- */

void api_set_session_cookie(struct api_call *c, str token, int64_t expires_ms)
{
    const char *name = c->is_https ? "__Host-token" : "token";
    int64_t seconds = token.p != NULL ? (expires_ms - c->now_ms) / MS_PER_SECOND : 0;
    c->set_cookie[0] = arena_printf(&c->arena, "%s=%.*s; Path=/; Max-Age=%lld; HttpOnly; SameSite=Lax%s", name,
                                    STR_ARG(token), (long long)(seconds > 0 ? seconds : 0),
                                    c->is_https ? "; Secure" : "");
}

/* The base address and what belongs to no other file; see manage.h. */
#include "base/mem.h"
#include "openrouter/transport.h"

enum { TIMEOUT_MAX_MS = 600000 };

static str without_slashes(str base)
{
    while (str_ends(base, STR("/")))
        base.n--;
    return base;
}

status openrouter_new(const struct openrouter_conf *conf, struct openrouter **out, struct err *e)
{
    str base = without_slashes(conf->base_url);
    struct url url;
    status st = url_parse(base, &url, e);
    if (st != ST_OK)
        return st;
    if (url.query.p != NULL)
        return err_set(e, ST_BAD_REQUEST, "The base address must not have a query");
    if (conf->timeout_ms <= 0 || conf->timeout_ms > TIMEOUT_MAX_MS)
        return err_set(e, ST_BAD_REQUEST, "The time for a call must be 1 to %d ms", TIMEOUT_MAX_MS);
    struct openrouter *o = NEW(struct openrouter);
    o->base_url = mem_alloc(base.n + 1);
    memcpy(o->base_url, base.p, base.n);
    CHECK(url_parse(str_c(o->base_url), &o->url, NULL) == ST_OK);
    o->allow_private = conf->allow_private;
    o->timeout_ms = conf->timeout_ms;
    *out = o;
    return ST_OK;
}

void openrouter_free(struct openrouter *o)
{
    if (o == NULL)
        return;
    mem_free(o->base_url);
    mem_free(o);
}

str openrouter_base_url(const struct openrouter *o)
{
    return str_c(o->base_url);
}

bool openrouter_is_base(const struct openrouter *o, str text)
{
    struct url url;
    str base = without_slashes(str_trim(text));
    return url_parse(base, &url, NULL) == ST_OK && url.query.p == NULL &&
           url_is_same_base(&o->url, &url);
}

static const struct {
    enum limit_reset reset;
    str text;
} resets[] = {
    {RESET_DAILY, STR_INIT("daily")},
    {RESET_WEEKLY, STR_INIT("weekly")},
    {RESET_MONTHLY, STR_INIT("monthly")},
};

str limit_reset_text(enum limit_reset r)
{
    for (size_t i = 0; i < COUNT_OF(resets); i++)
        if (resets[i].reset == r)
            return resets[i].text;
    return STR_NONE;
}

bool limit_reset_parse(str s, enum limit_reset *out)
{
    for (size_t i = 0; i < COUNT_OF(resets); i++)
        if (str_eq(resets[i].text, s)) {
            *out = resets[i].reset;
            return true;
        }
    return false;
}

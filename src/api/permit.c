/* Who may: credentials, Origin, roles; see frame.h. Pure decisions over a request. */
#include "api/frame.h"
#include "codec/url.h"

bool api_is_openai_path(str path)
{
    return str_starts(path, STR("/v1/")) || str_eq(path, STR("/v1")) ||
           str_starts(path, STR("/api/chat/completions")) || str_starts(path, STR("/api/embeddings")) ||
           str_starts(path, STR("/openai/chat/completions"));
}

/* ---- credentials ---- */

static str cookie(const struct http_request *r, str name)
{
    str rest = http_request_header(r, STR("cookie")), part;
    while (str_split(&rest, ';', &part)) {
        part = str_trim(part);
        size_t at = str_find_char(part, '=');
        if (at < part.n && str_eq(str_sub(part, 0, at), name))
            return str_from(part, at + 1);
    }
    return STR_NONE;
}

str credential_of(const struct http_request *r, bool *is_cookie_out)
{
    str header = http_request_header(r, STR("authorization"));
    *is_cookie_out = false;
    if (str_starts_nocase(header, STR("Bearer ")))
        return str_trim(str_from(header, 7));
    if (header.n != 0 || str_starts(http_request_path(r), STR("/v1/")))
        return STR_NONE;
    *is_cookie_out = true;
    str token = cookie(r, http_request_is_https(r) ? STR("__Host-token") : STR("token"));
    return token.n != 0 ? token : STR_NONE;
}

/* ---- origin ---- */

static str host_of(str url)
{
    size_t at = str_find(url, STR("://"));
    return at < url.n ? str_from(url, at + 3) : STR_NONE;
}

bool origin_is_ours(const struct api_server *s, const struct http_request *r, bool is_cookie)
{
    enum http_method m = http_request_method(r);
    if (m == HTTP_GET || m == HTTP_HEAD || m == HTTP_OPTIONS)
        return true;
    str origin = http_request_header(r, STR("origin"));
    if (origin.p == NULL)
        return !is_cookie;
    str own = s->g->conf->webui_url;
    if (own.n != 0 && str_eq_nocase(origin, own))
        return true;
    str host = host_of(origin);
    return host.n != 0 && str_eq_nocase(host, http_request_header(r, STR("host")));
}

/* ---- roles ---- */

static unsigned role_bit(const struct principal *who)
{
    if (who->is_provider)
        return MAY_PROVIDER;
    switch (who->scope.role) {
    case ROLE_PENDING:
        return MAY_PENDING;
    case ROLE_USER:
        return MAY_USER;
    case ROLE_ADMIN:
        return MAY_ADMIN;
    case ROLE_PROVIDER:
        break;
    }
    return 0;
}

static const char *refusal(const struct api_route *route, unsigned bit)
{
    if (bit == MAY_PROVIDER)
        return "Provider accounts do not chat and do not see chats, people or connections of a client";
    if (bit == MAY_PENDING)
        return "Your account waits to be activated by an administrator";
    if ((route->may & (MAY_ADMIN | MAY_PROVIDER)) == MAY_PROVIDER)
        return "Only the provider may do this";
    return "Only an administrator of your organization may do this";
}

static status permit_api_key(const struct api_route *route, struct err *e)
{
    if ((route->may & (MAY_API_KEY | MAY_ONLY_API_KEY)) != 0)
        return ST_OK;
    return err_set(e, ST_FORBIDDEN, "API keys work on the addresses under /v1 only");
}

status permit(const struct api_route *route, const struct principal *who, struct err *e)
{
    if ((route->may & MAY_NOBODY_SIGNED_IN) != 0)
        return ST_OK; /* whoever it is: nobody may as well */
    if (who == NULL)
        return err_set(e, ST_UNAUTHENTICATED, "%s",
                       (route->may & MAY_ONLY_API_KEY) != 0
                           ? "An API key (sk-mai-...) is needed in the Authorization header"
                           : "Please sign in");
    if (who->credential == CREDENTIAL_API_KEY)
        return permit_api_key(route, e);
    if ((route->may & MAY_ONLY_API_KEY) != 0)
        return err_set(e, ST_FORBIDDEN, "This address takes API keys (sk-mai-...) only, not web sessions");
    if (who->must_change_password && (route->may & MAY_FIRST_PASSWORD) == 0)
        return err_set(e, ST_FORBIDDEN, "Please choose a password of your own first");
    unsigned bit = role_bit(who);
    if ((route->may & bit) == 0)
        return err_set(e, ST_FORBIDDEN, "%s", refusal(route, bit));
    return ST_OK;
}

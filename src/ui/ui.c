/* Which embedded file answers a path, and the headers that protect the page. No state. */
#include "ui/ui.h"

/* Paths of the API; what does not exist below them is a 404 in JSON, never a page. "/v1" itself counts, "/v1x"
 * does not. */
static const str api_roots[] = {
    STR_INIT("/api"),
    STR_INIT("/assets"),
    STR_INIT("/health"),
    STR_INIT("/openai"),
    STR_INIT("/v1"),
};

const struct http_header ui_headers[] = {
    {STR_INIT("Content-Security-Policy"),
     STR_INIT("default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "
              "connect-src 'self'; font-src 'self'; manifest-src 'self'; form-action 'self'; "
              "base-uri 'none'; frame-ancestors 'none'")},
    {STR_INIT("X-Content-Type-Options"), STR_INIT("nosniff")},
    {STR_INIT("Referrer-Policy"), STR_INIT("no-referrer")},
    {STR_INIT("Cross-Origin-Opener-Policy"), STR_INIT("same-origin")},
    {STR_INIT("Permissions-Policy"), STR_INIT("camera=(), geolocation=(), microphone=()")},
};
const size_t ui_header_count = sizeof(ui_headers) / sizeof(ui_headers[0]);

static bool is_below(str path, str root)
{
    return str_starts(path, root) && (path.n == root.n || path.p[root.n] == '/');
}

static bool is_api(str path)
{
    for (size_t i = 0; i < sizeof(api_roots) / sizeof(api_roots[0]); i++)
        if (is_below(path, api_roots[i]))
            return true;
    return false;
}

static str last_segment(str path)
{
    size_t start = path.n;
    while (start > 0 && path.p[start - 1] != '/')
        start--;
    return str_from(path, start);
}

const struct http_asset *ui_find(str path)
{
    const struct http_asset *file = http_asset_find(&ui_assets, path);
    if (file != NULL)
        return file;
    if (is_api(path) || str_find_char(last_segment(path), '.') < last_segment(path).n)
        return NULL;
    return http_asset_find(&ui_assets, STR("/index.html"));
}

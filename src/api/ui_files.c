/* The web application's files on the addresses that are no route. A page of the application is its
 * index page; a file that does not exist is a 404, never a page. Loop thread. */
#include "api/frame.h"
#include "api/reply.h"
#include "ui/ui.h"

enum { HEADERS_MAX = 16 };

static bool is_among(str name, const struct http_header *headers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (str_eq_nocase(headers[i].name, name))
            return true;
    return false;
}

/* The application's own policy first, then what every answer carries; caching is the file's own
 * matter. */
static size_t file_headers(struct http_header dst[static HEADERS_MAX])
{
    size_t n = 0;
    for (size_t i = 0; i < ui_header_count; i++)
        dst[n++] = ui_headers[i];
    for (size_t i = 0; i < api_common_header_count; i++) {
        const struct http_header *h = &api_common_headers[i];
        if (str_eq_nocase(h->name, STR("Cache-Control")) ||
            is_among(h->name, ui_headers, ui_header_count))
            continue;
        CHECK(n < HEADERS_MAX);
        dst[n++] = *h;
    }
    return n;
}

static bool reads(enum http_method m)
{
    return m == HTTP_GET || m == HTTP_HEAD;
}

/* Files are only read; other methods on an address that is none are told so. */
static void refuse_change(struct http_request *r, str path)
{
    static const struct http_header allow = {STR_INIT("Allow"), STR_INIT("GET, HEAD")};
    MAI_AUTO(buf_free) struct buf b;
    if (http_asset_find(&ui_assets, path) == NULL) {
        api_respond_error(r, ST_NOT_FOUND, STR("There is nothing at this address"), -1);
        return;
    }
    buf_init(&b, 4096);
    api_error_body(NULL, path, ST_METHOD, STR("This address takes GET, HEAD"), &b);
    api_respond_with(r, 405, STR("application/json"), buf_view(&b), &allow, 1);
}

void serve_ui(struct api_server *s, struct http_request *r)
{
    struct http_header headers[HEADERS_MAX];
    str path = http_request_path(r);
    (void)s;
    if (!reads(http_request_method(r))) {
        refuse_change(r, path);
        return;
    }
    const struct http_asset *file = ui_find(path);
    if (file == NULL)
        api_respond_error(r, ST_NOT_FOUND, STR("There is nothing at this address"), -1);
    else
        http_asset_respond(r, file, headers, file_headers(headers));
}

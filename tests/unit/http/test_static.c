/* Embedded files: which coding, when 304, and the answers as a browser sees them. */
#include "http/static.h"
#include "serve.h"

#include "../testing.h"

static void test_the_coding_follows_the_weights(void **state)
{
    static const struct {
        str wish;
        enum http_coding both, only_gzip;
    } cases[] = {
        {STR_INIT("gzip, deflate, br"), HTTP_CODING_BROTLI, HTTP_CODING_GZIP},
        {STR_INIT("gzip"), HTTP_CODING_GZIP, HTTP_CODING_GZIP},
        {STR_INIT("GZIP;q=0.5 , BR;q=0.4"), HTTP_CODING_GZIP, HTTP_CODING_GZIP},
        {STR_INIT("br;q=0, gzip;q=0"), HTTP_CODING_NONE, HTTP_CODING_NONE},
        {STR_INIT("br;q=0.000, *"), HTTP_CODING_GZIP, HTTP_CODING_GZIP},
        {STR_INIT("*"), HTTP_CODING_BROTLI, HTTP_CODING_GZIP},
        {STR_INIT("*;q=0"), HTTP_CODING_NONE, HTTP_CODING_NONE},
        {STR_INIT("identity, gzip;q=0.9"), HTTP_CODING_NONE, HTTP_CODING_NONE},
        {STR_INIT("identity;q=0.5, gzip"), HTTP_CODING_GZIP, HTTP_CODING_GZIP},
        {STR_INIT(""), HTTP_CODING_NONE, HTTP_CODING_NONE},
        {STR_INIT("gzip;q=2"), HTTP_CODING_NONE, HTTP_CODING_NONE},
        {STR_INIT("gzip;q=x, br;q=1.5"), HTTP_CODING_NONE, HTTP_CODING_NONE},
        {STR_INIT(",,;q=1,gzip;;q=0.001"), HTTP_CODING_GZIP, HTTP_CODING_GZIP},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        assert_int_equal(http_choose_coding(cases[i].wish, true, true), cases[i].both);
        assert_int_equal(http_choose_coding(cases[i].wish, true, false), cases[i].only_gzip);
        assert_int_equal(http_choose_coding(cases[i].wish, false, false), HTTP_CODING_NONE);
    }
    assert_int_equal(http_choose_coding(STR_NONE, true, true), HTTP_CODING_NONE);
}

static void test_etags_are_compared_weakly(void **state)
{
    assert_true(http_etag_matches(STR("\"a\""), STR("\"a\"")));
    assert_true(http_etag_matches(STR("\"b\", W/\"a\""), STR("\"a\"")));
    assert_true(http_etag_matches(STR("*"), STR("\"a\"")));
    assert_false(http_etag_matches(STR("\"b\""), STR("\"a\"")));
    assert_false(http_etag_matches(STR("a"), STR("\"a\"")));
    assert_false(http_etag_matches(STR_NONE, STR("\"a\"")));
}

static const struct http_asset items[] = {
    {.path = STR_INIT("/"),
     .content_type = STR_INIT("text/html"),
     .raw = STR_INIT("<p>home"),
     .etag = STR_INIT("\"h\"")},
    {.path = STR_INIT("/assets/app-1f.js"),
     .content_type = STR_INIT("text/javascript"),
     .raw = STR_INIT("raw script"),
     .gzip = STR_INIT("gz"),
     .brotli = STR_INIT("b"),
     .etag = STR_INIT("\"j\""),
     .is_immutable = true},
    {.path = STR_INIT("/z.css"),
     .content_type = STR_INIT("text/css"),
     .raw = STR_INIT("p{}"),
     .etag = STR_INIT("\"c\"")},
};
static const struct http_assets assets = {items, COUNT_OF(items)};

static void test_assets_are_found_by_path(void **state)
{
    for (size_t i = 0; i < assets.count; i++)
        assert_ptr_equal(http_asset_find(&assets, items[i].path), &items[i]);
    assert_null(http_asset_find(&assets, STR("")));
    assert_null(http_asset_find(&assets, STR("/assets")));
    assert_null(http_asset_find(&assets, STR("/zz")));
    assert_null(http_asset_find(&(struct http_assets){0}, STR("/")));
}

/* ---- over the wire ---- */

static void on_head(void *ctx, struct http_request *r)
{
    static const struct http_header extra = {STR_INIT("X-Extra"), STR_INIT("yes")};
    const struct http_asset *asset = http_asset_find(&assets, http_request_path(r));
    CHECK(asset != NULL);
    http_asset_respond(r, asset, &extra, 1);
}

static struct serve *s;
static struct buf b;

static void get(const char *line, const char *headers)
{
    char request[512];
    int n = snprintf(request, sizeof request,
                     "%s HTTP/1.1\r\nHost: a\r\nConnection: close\r\n%s\r\n", line, headers);
    raw_exchange(s, request, (size_t)n, &b);
}

static void expect(const char *needle)
{
    if (count_text(&b, needle) == 0)
        fail_msg("no '%s' in %s", needle, buf_z(&b));
}

static void test_browsers_get_what_they_ask_for(void **state)
{
    get("GET /assets/app-1f.js", "Accept-Encoding: gzip, br\r\n");
    expect("HTTP/1.1 200 OK");
    expect("Content-Encoding: br\r\n");
    expect("Content-Type: text/javascript\r\n");
    expect("Vary: Accept-Encoding\r\n");
    expect("Cache-Control: public, max-age=31536000, immutable\r\n");
    expect("ETag: \"j\"\r\n");
    expect("X-Extra: yes\r\n");
    assert_true(str_ends(buf_view(&b), STR("\r\n\r\nb")));
    get("GET /assets/app-1f.js", "");
    assert_int_equal(count_text(&b, "Content-Encoding"), 0);
    assert_true(str_ends(buf_view(&b), STR("\r\n\r\nraw script")));
    get("HEAD /assets/app-1f.js", "Accept-Encoding: gzip\r\n");
    expect("Content-Encoding: gzip\r\n");
    expect("Content-Length: 2\r\n");
    assert_true(str_ends(buf_view(&b), STR("\r\n\r\n")));
    get("GET /", "Accept-Encoding: gzip\r\n");
    expect("Cache-Control: no-cache\r\n");
    assert_int_equal(count_text(&b, "Vary"), 0);
    assert_true(str_ends(buf_view(&b), STR("\r\n\r\n<p>home")));
}

static void test_what_the_browser_has_is_not_sent_again(void **state)
{
    get("GET /z.css", "If-None-Match: \"x\", W/\"c\"\r\n");
    expect("HTTP/1.1 304 Not Modified");
    expect("ETag: \"c\"\r\n");
    expect("Cache-Control: no-cache\r\n");
    assert_int_equal(count_text(&b, "Content-Type"), 0);
    assert_true(str_ends(buf_view(&b), STR("\r\n\r\n")));
    get("GET /z.css", "If-None-Match: \"x\"\r\n");
    expect("HTTP/1.1 200 OK");
}

static void test_other_methods_are_405(void **state)
{
    get("POST /z.css", "Content-Length: 0\r\n");
    expect("HTTP/1.1 405 Method Not Allowed");
    expect("Allow: GET, HEAD\r\n");
}

static int start(void **state)
{
    buf_init(&b, 1 << 16);
    s = serve_new();
    s->conf.app.on_head = on_head;
    serve_start(s);
    return 0;
}

static int stop(void **state)
{
    serve_free(s);
    buf_free(&b);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_coding_follows_the_weights),
        cmocka_unit_test(test_etags_are_compared_weakly),
        cmocka_unit_test(test_assets_are_found_by_path),
        cmocka_unit_test(test_browsers_get_what_they_ask_for),
        cmocka_unit_test(test_what_the_browser_has_is_not_sent_again),
        cmocka_unit_test(test_other_methods_are_405),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

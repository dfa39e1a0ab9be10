/* The embedded application: every page address finds a page, no API address does, and what is said about each file is
 * true. Runs with a built web/dist and without. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/ui.h"

static void assert_page(const char *path)
{
    const struct http_asset *page = ui_find(str_c(path));
    assert_non_null(page);
    assert_true(str_eq(page->path, STR("/index.html")));
}

static void pages_of_the_application_get_the_page(void **state)
{
    (void)state;
    assert_page("/");
    assert_page("/index.html");
    assert_page("/c/0198f0aa-1111-7000-8000-000000000000");
    assert_page("/settings/usage");
    assert_page("/invite/abc");
    assert_page("/apiary");
    assert_page("/v10");
}

static void api_addresses_and_absent_files_get_nothing(void **state)
{
    (void)state;
    static const char *const paths[] = {"/api",         "/api/v1/nothing", "/v1",          "/v1/models",
                                        "/openai/x",    "/health/x",       "/assets/x",    "/assets/x-12345678.js",
                                        "/missing.png", "/c/x.js",         "/robots.txt"};
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
        assert_null(ui_find(str_c(paths[i])));
}

static void the_table_is_sorted_and_whole(void **state)
{
    (void)state;
    assert_true(ui_assets.count >= 1);
    for (size_t i = 0; i < ui_assets.count; i++) {
        const struct http_asset *a = &ui_assets.items[i];
        assert_true(i == 0 || str_cmp(ui_assets.items[i - 1].path, a->path) < 0);
        assert_true(a->content_type.n > 0);
        assert_true(str_starts(a->etag, STR("\"")) && str_ends(a->etag, STR("\"")));
        assert_true(a->gzip.p == NULL || a->gzip.n < a->raw.n);
        assert_true(a->brotli.p == NULL || a->brotli.n < a->raw.n);
        assert_ptr_equal(ui_find(a->path), a);
    }
}

static void only_named_after_content_is_immutable(void **state)
{
    (void)state;
    for (size_t i = 0; i < ui_assets.count; i++) {
        const struct http_asset *a = &ui_assets.items[i];
        if (a->is_immutable)
            assert_true(str_starts(a->path, STR("/assets/")));
    }
    assert_false(ui_find(STR("/"))->is_immutable);
}

static void the_page_runs_nothing_inline(void **state)
{
    (void)state;
    str html = ui_find(STR("/"))->raw;
    size_t at = 0;
    while ((at += str_find(str_from(html, at), STR("<script"))) < html.n) {
        str tag = str_sub(html, at, str_find_char(str_from(html, at), '>'));
        assert_true(str_find(tag, STR(" src=\"/")) < tag.n);
        at += tag.n;
    }
    assert_true(str_find(html, STR(" style=")) == html.n);
    assert_true(str_find(html, STR("<style")) == html.n);
    assert_true(ui_header_count > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages_of_the_application_get_the_page),
        cmocka_unit_test(api_addresses_and_absent_files_get_nothing),
        cmocka_unit_test(the_table_is_sorted_and_whole),
        cmocka_unit_test(only_named_after_content_is_immutable),
        cmocka_unit_test(the_page_runs_nothing_inline),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

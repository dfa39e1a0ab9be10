/* Addresses: what is decoded, what is refused because two programs could read it differently. */
#include "unit/testing.h"
#include "codec/url.h"

static void splits_targets(void **state)
{
    str path, query;
    url_split(STR("/a/b?x=1?y"), &path, &query);
    assert_str(path, STR("/a/b"));
    assert_str(query, STR("x=1?y"));
    url_split(STR("/a?"), &path, &query);
    assert_str(query, STR(""));
    url_split(STR("/a"), &path, &query);
    assert_str(path, STR("/a"));
    assert_str(query, STR_NONE);
}

static void checks_paths(void **state)
{
    static const char *const fine[] = {
        "/",      "/a",      "/a/",    "/a/b.c",     "/...",           "/.a",  "/a..",
        "/a%20b", "/%c5%bc", "/a%3Fb", "/%25%32%65", "/.well-known/x", "/a;b", "/~x"};
    static const char *const bad[] = {
        "",      "a",       "?",      "//",     "//a",    "/a//",  "/a//b",  "/.",
        "/..",   "/../a",   "/a/..",  "/a/./b", "/a/.",   "/./",   "/%2e",   "/%2E%2e/",
        "/.%2e", "/%2e./x", "/a%2fb", "/a%2Fb", "/a%5cb", "/a\\b", "/..\\x", "/%00",
        "/a%",   "/a%4",    "/a%4x",  "/%g0",   "/a%0",
    };
    for (size_t i = 0; i < COUNT_OF(fine); i++)
        if (url_check_path(str_c(fine[i])) != ST_OK)
            fail_msg("%s", fine[i]);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (url_check_path(str_c(bad[i])) != ST_BAD_REQUEST)
            fail_msg("%s", bad[i]);
    assert_st(url_check_path(STR("/a\0b")), ST_BAD_REQUEST);
}

static void decodes(void **state)
{
    static const struct {
        const char *text, *plain, *query;
    } rows[] = {
        {"", "", ""},
        {"abc", "abc", "abc"},
        {"a+b", "a+b", "a b"},
        {"a%20b%2B", "a b+", "a b+"},
        {"%C5%bc", "\xc5\xbc", "\xc5\xbc"},
        {"%2541", "%41", "%41"},
    };
    static const char *const bad[] = {"%",     "%4",  "%4g", "%zz",  "%00",
                                      "a%00b", "%c5", "%ff", "\xff", "%ed%a0%80"};
    MAI_AUTO(arena_free) struct arena a;
    str out;
    arena_init(&a, 10000);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        assert_st(url_decode(str_c(rows[i].text), &a, &out), ST_OK);
        assert_str(out, str_c(rows[i].plain));
        assert_st(url_decode_query(str_c(rows[i].text), &a, &out), ST_OK);
        assert_str(out, str_c(rows[i].query));
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_st(url_decode(str_c(bad[i]), &a, &out), ST_BAD_REQUEST);
        assert_st(url_decode_query(str_c(bad[i]), &a, &out), ST_BAD_REQUEST);
    }
    assert_st(url_decode(STR("a\0"), &a, &out), ST_BAD_REQUEST);
    struct arena tiny;
    arena_init(&tiny, 2);
    assert_st(url_decode(STR("%41%41%41"), &tiny, &out), ST_TOO_BIG);
    arena_free(&tiny);
}

static void finds_parameters(void **state)
{
    MAI_AUTO(arena_free) struct arena a;
    str out = STR("kept");
    str query = STR("&a=1&b=x%20y+z&&c&d=&%65=5&f=a=b&twice=1&tw%69ce=2&bad=%zz");
    arena_init(&a, 10000);
    assert_st(url_query_get(query, STR("nothing"), &a, &out), ST_NOT_FOUND);
    assert_st(url_query_get(query, STR("twice"), &a, &out), ST_BAD_REQUEST);
    assert_st(url_query_get(query, STR("bad"), &a, &out), ST_BAD_REQUEST);
    assert_st(url_query_get(STR_NONE, STR("a"), &a, &out), ST_NOT_FOUND);
    assert_st(url_query_get(STR("%zz=1"), STR("a"), &a, &out), ST_BAD_REQUEST);
    assert_str(out, STR("kept"));
    static const char *const pairs[][2] = {{"a", "1"}, {"b", "x y z"}, {"c", ""},
                                           {"d", ""},  {"e", "5"},     {"f", "a=b"}};
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        assert_st(url_query_get(query, str_c(pairs[i][0]), &a, &out), ST_OK);
        assert_str(out, str_c(pairs[i][1]));
    }
}

static void encodes_what_decodes_back(void **state)
{
    for (int i = 0; i < 20000; i++) {
        char bytes[12];
        size_t n = test_below(sizeof bytes);
        for (size_t k = 0; k < n; k++)
            bytes[k] = (char)(1 + test_below(127));
        MAI_AUTO(buf_free) struct buf b;
        MAI_AUTO(arena_free) struct arena a;
        str out;
        buf_init(&b, 100);
        arena_init(&a, 1000);
        url_encode(&b, (str){bytes, n});
        assert_st(url_decode_query(buf_view(&b), &a, &out), ST_OK);
        assert_str(out, n != 0 ? (str){bytes, n} : STR(""));
    }
}

static void parses_urls(void **state)
{
    static const struct {
        const char *text;
        bool is_https, is_ip, is_ipv6;
        const char *host;
        int port;
        const char *path, *query;
    } rows[] = {
        {"https://openrouter.ai/api/v1", true, false, false, "openrouter.ai", 443, "/api/v1", NULL},
        {"HTTPS://OpenRouter.ai/api/v1/", true, false, false, "OpenRouter.ai", 443, "/api/v1/",
         NULL},
        {"http://localhost:9090", false, false, false, "localhost", 9090, "", NULL},
        {"http://127.0.0.1:80/x?a=1&b?c", false, true, false, "127.0.0.1", 80, "/x", "a=1&b?c"},
        {"https://[::1]:8443/", true, true, true, "::1", 8443, "/", NULL},
        {"http://[2001:DB8::7]", false, true, true, "2001:DB8::7", 80, "", NULL},
        {"http://[::ffff:127.0.0.1]/", false, true, true, "::ffff:127.0.0.1", 80, "/", NULL},
        {"https://a?x", true, false, false, "a", 443, "", "x"},
        {"https://xn--bcher-kva.example:65535", true, false, false, "xn--bcher-kva.example", 65535,
         "", NULL},
        {"http://open_webui:8080", false, false, false, "open_webui", 8080, "", NULL},
        {"http://3com.example", false, false, false, "3com.example", 80, "", NULL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct url u;
        struct err e = {0};
        if (url_parse(str_c(rows[i].text), &u, &e) != ST_OK)
            fail_msg("%s: %s", rows[i].text, e.text);
        assert_int_equal(u.is_https, rows[i].is_https);
        assert_int_equal(u.is_ip, rows[i].is_ip);
        assert_int_equal(u.is_ipv6, rows[i].is_ipv6);
        assert_str(u.host, str_c(rows[i].host));
        assert_int_equal(u.port, rows[i].port);
        assert_str(u.path, str_c(rows[i].path));
        assert_str(u.query, str_c(rows[i].query));
    }
}

static void refuses_urls(void **state)
{
    static const char *const bad[] = {
        "",
        "openrouter.ai",
        "//openrouter.ai",
        "ftp://a",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https:",
        "https:/a",
        "https://",
        "https:///x",
        "https://?x",
        "http:\\\\a",
        "https://a b",
        " https://a",
        "https://a\n",
        "https://user@a",
        "https://user:pass@a",
        "https://a@b/",
        "https://a#f",
        "https://a/#",
        "https://a:",
        "https://a:0",
        "https://a:65536",
        "https://a:+1",
        "https://a:x",
        "https://a:443:443",
        "https://:443",
        "https://a..b",
        "https://.a",
        "https://a.",
        "https://-a",
        "https://a-.b",
        "https://a~b",
        "https://127.1",
        "https://127.0.0.1.",
        "https://2130706433",
        "https://0x7f000001",
        "https://0x7f.1",
        "https://1.2.3.256",
        "https://01.2.3.4",
        "https://1.2.3.4.5",
        "https://a.1",
        "https://a.0x1",
        "https://[::1",
        "https://[]",
        "https://[1.2.3.4]",
        "https://[::g]",
        "https://[::1]x",
        "https://[fe80::1%25eth0]",
        "https://a/../b",
        "https://a//b",
        "https://a/%2e%2e/",
        "https://a/%2fb",
        "https://a/%",
        "https://a\\b",
        "https://\xc3\xa9.example",
        "https://a/\xc3\xa9",
        "https://a/<",
        "https://a%41",
        "https://aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.example",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct url u;
        struct err e = {0};
        if (url_parse(str_c(bad[i]), &u, &e) != ST_BAD_REQUEST || e.text[0] == '\0')
            fail_msg("%s", bad[i]);
    }
    struct url u;
    assert_st(url_parse(STR("https://a\0.b"), &u, NULL), ST_BAD_REQUEST);
}

static bool same(const char *a, const char *b)
{
    struct url x, y;
    assert_st(url_parse(str_c(a), &x, NULL), ST_OK);
    assert_st(url_parse(str_c(b), &y, NULL), ST_OK);
    assert_int_equal(url_is_same_base(&x, &y), url_is_same_base(&y, &x));
    return url_is_same_base(&x, &y);
}

static void compares_bases(void **state)
{
    const char *base = "https://openrouter.ai/api/v1";
    assert_true(same(base, base));
    assert_true(same(base, "https://openrouter.ai/api/v1/"));
    assert_true(same(base, "HTTPS://OPENROUTER.AI:443/api/v1"));
    assert_true(same("http://a", "http://a:80/"));
    assert_false(same(base, "http://openrouter.ai/api/v1"));
    assert_false(same(base, "https://openrouter.ai:444/api/v1"));
    assert_false(same(base, "https://openrouter.ai/API/v1"));
    assert_false(same(base, "https://openrouter.ai/api"));
    assert_false(same(base, "https://openrouter.ai.evil.example/api/v1"));
    assert_false(same(base, "https://openrouter.ai/api/v1?x"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splits_targets), cmocka_unit_test(checks_paths),
        cmocka_unit_test(decodes),        cmocka_unit_test(finds_parameters),
        cmocka_unit_test(parses_urls),    cmocka_unit_test(refuses_urls),
        cmocka_unit_test(compares_bases), cmocka_unit_test(encodes_what_decodes_back),
    };
    return cmocka_run_group_tests_name("codec_url", tests, NULL, NULL);
}

/* What is JSON and what is not: grammar, UTF-8, depth, repeated names, hostile sizes. */
#include "unit/testing.h"
#include "base/buf.h"
#include "base/clock.h"
#include "codec/json.h"

static void accepts(void **state)
{
    static const struct {
        const char *text;
        enum json_type type;
        const char *raw;
    } rows[] = {
        {"{}", JSON_OBJECT, "{}"},
        {"[]", JSON_ARRAY, "[]"},
        {" \t\r\n{ } \t\r\n", JSON_OBJECT, "{ }"},
        {"null", JSON_NULL, "null"},
        {"true", JSON_BOOL, "true"},
        {"false", JSON_BOOL, "false"},
        {"0", JSON_NUMBER, "0"},
        {"-0", JSON_NUMBER, "-0"},
        {"1.50e+10", JSON_NUMBER, "1.50e+10"},
        {"123456789012345678901234567890", JSON_NUMBER, "123456789012345678901234567890"},
        {"\"\"", JSON_STRING, "\"\""},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\"", JSON_STRING,
         "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\""},
        {"\"\\ud800\"", JSON_STRING, "\"\\ud800\""}, /* lone surrogates pass */
        {"\"\\u0000\"", JSON_STRING, "\"\\u0000\""},
        {"\"za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87 \xf0\x9f\x98\x80\"", JSON_STRING,
         "\"za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87 \xf0\x9f\x98\x80\""},
        {"\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\x7f\"", JSON_STRING,
         "\"\xed\x9f\xbf\xee\x80\x80\xf4\x8f\xbf\xbf\x7f\""},
        {"[1,[2,{\"a\":[]}],{}]", JSON_ARRAY, "[1,[2,{\"a\":[]}],{}]"},
        {"{\"a\" : 1 , \"b\":\"x\"}", JSON_OBJECT, "{\"a\" : 1 , \"b\":\"x\"}"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct json v;
        struct err e = {0};
        assert_st(json_check(str_c(rows[i].text), &v, &e), ST_OK);
        assert_int_equal(v.type, rows[i].type);
        assert_str(v.raw, str_c(rows[i].raw));
        assert_st(json_check_strict(str_c(rows[i].text), &v, &e), ST_OK);
    }
}

/* Text and the offset the error must name. */
static const struct refused {
    const char *text;
    int offset;
} refused[] = {
    {"", 0},
    {"   ", 3},
    {"{", 1},
    {"[", 1},
    {"}", 0},
    {"]", 0},
    {"[1", 2},
    {"[1,", 3},
    {"[1,]", 3},
    {"[,1]", 1},
    {"[1 2]", 3},
    {"[1}", 2},
    {"{\"a\":1]", 6},
    {"{\"a\"", 4},
    {"{\"a\" 1}", 5},
    {"{\"a\":}", 5},
    {"{\"a\":1,}", 7},
    {"{,}", 1},
    {"{a:1}", 1},
    {"{'a':1}", 1},
    {"{1:1}", 1},
    {"{}{}", 2},
    {"1 1", 2},
    {"nul", 0},
    {"nulll", 4},
    {"True", 0},
    {"NaN", 0},
    {"Infinity", 0},
    {"-Infinity", 1},
    {"-", 1},
    {"+1", 0},
    {".5", 0},
    {"5.", 2},
    {"01", 0},
    {"-01", 1},
    {"1e", 2},
    {"1e+", 3},
    {"1.e5", 2},
    {"0x10", 1},
    {"\"", 1},
    {"\"abc", 4},
    {"\"a\nb\"", 2},
    {"\"a\tb\"", 2},
    {"\"\x1f\"", 1},
    {"\"\\x\"", 1},
    {"\"\\", 1},
    {"\"\\u12\"", 1},
    {"\"\\u12g4\"", 1},
    {"\"\\U0041\"", 1},
    {"/* c */ 1", 0},
    {"[1] // c", 4},
    {"\xef\xbb\xbf{}", 0}, /* no byte order mark in JSON */
    {"{}\f", 2},
    {"\xc2\xa0{}", 0},
    /* malformed UTF-8 */
    {"\"\x80\"", 1},
    {"\"\xbf\"", 1},
    {"\"\xc0\xaf\"", 1},
    {"\"\xc1\xbf\"", 1},
    {"\"\xc3\"", 1},
    {"\"\xc3(\"", 1},
    {"\"\xe0\x9f\xbf\"", 1},
    {"\"\xe2\x82\"", 1},
    {"\"\xed\xa0\x80\"", 1},
    {"\"\xf0\x8f\xbf\xbf\"", 1},
    {"\"\xf0\x9f\x98\"", 1},
    {"\"\xf4\x90\x80\x80\"", 1},
    {"\"\xf5\x80\x80\x80\"", 1},
    {"\"\xff\"", 1},
    {"\"0123456789abcdef\xff\"", 17},
};

static void refuses_and_says_where(void **state)
{
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct json v = {.type = JSON_ARRAY};
        struct err e = {0};
        char where[64];
        snprintf(where, sizeof where, "at byte %d:", refused[i].offset);
        if (json_check(str_c(refused[i].text), &v, &e) != ST_BAD_REQUEST ||
            strstr(e.text, where) == NULL)
            fail_msg("%s: %s", refused[i].text, e.text);
        assert_true(v.type == JSON_ARRAY && v.raw.p == NULL);
        assert_st(json_check_strict(str_c(refused[i].text), &v, NULL), ST_BAD_REQUEST);
    }
}

static void a_nul_is_no_end(void **state)
{
    struct json v;
    assert_st(json_check(STR("{}\0"), &v, NULL), ST_BAD_REQUEST);
    assert_st(json_check(STR("\"a\0b\""), &v, NULL), ST_BAD_REQUEST);
    assert_st(json_check(STR("\0"), &v, NULL), ST_BAD_REQUEST);
    assert_st(json_check(STR_NONE, &v, NULL), ST_BAD_REQUEST);
}

/* Every prefix of a text is refused, and no byte behind the view is looked at (address sanitizer
 * sees it, as each prefix is a block of its own). */
static void every_cut_is_refused(void **state)
{
    str text =
        STR("{\"k\\u00e9y\":[1.5e-3,true,null,\"\xf0\x9f\x98\x80\\ud83d\\ude00\"],\"b\":{}}");
    struct json v;
    assert_st(json_check_strict(text, &v, NULL), ST_OK);
    for (size_t n = 0; n < text.n; n++) {
        char *copy = test_malloc(n + 1);
        memcpy(copy + 1, text.p, n);
        assert_st(json_check_strict((str){copy + 1, n}, &v, NULL), ST_BAD_REQUEST);
        test_free(copy);
    }
}

/* A bad byte at any place of a long string is found whatever its alignment. */
static void bad_bytes_are_found_at_every_place(void **state)
{
    char text[80];
    struct json v;
    for (size_t at = 1; at < sizeof text - 1; at++) {
        static const char bad[] = {'\n', 0x1f, '"', '\\', (char)0x80, (char)0xff, 0};
        for (size_t k = 0; k < sizeof bad; k++) {
            memset(text, 'x', sizeof text);
            text[0] = text[sizeof text - 1] = '"';
            assert_st(json_check((str){text, sizeof text}, &v, NULL), ST_OK);
            text[at] = bad[k];
            assert_st(json_check((str){text, sizeof text}, &v, NULL), ST_BAD_REQUEST);
        }
    }
}

static void nest(struct buf *b, size_t depth, const char *open, const char *close)
{
    for (size_t i = 0; i < depth; i++)
        buf_add(b, str_c(open));
    buf_add(b, STR("0"));
    for (size_t i = 0; i < depth; i++)
        buf_add(b, str_c(close));
}

static void depth_has_a_maximum(void **state)
{
    struct json v;
    struct err e;
    for (int k = 0; k < 2; k++) {
        MAI_AUTO(buf_free) struct buf b;
        buf_init(&b, 10000000);
        nest(&b, JSON_MAX_DEPTH, k ? "{\"a\":" : "[", k ? "}" : "]");
        assert_st(json_check_strict(buf_view(&b), &v, NULL), ST_OK);
        buf_clear(&b);
        nest(&b, JSON_MAX_DEPTH + 1, k ? "{\"a\":" : "[", k ? "}" : "]");
        assert_st(json_check_strict(buf_view(&b), &v, &e), ST_BAD_REQUEST);
        assert_non_null(strstr(e.text, "nested too deeply"));
        buf_clear(&b);
        nest(&b, 1000000, k ? "{\"a\":" : "[", k ? "}" : "]");
        assert_st(json_check_strict(buf_view(&b), &v, &e), ST_BAD_REQUEST);
    }
}

static void strict_refuses_repeated_names(void **state)
{
    static const char *const twice[] = {
        "{\"a\":1,\"a\":1}",
        "{\"a\":1,\"b\":2,\"a\":3}",
        "{\"\":1,\"\":2}",
        "[{\"x\":{\"a\":1,\"a\":2}}]",
        "{\"a\":{\"b\":1},\"c\":[{\"d\":1}],\"a\":2}",
        "{\"model\":1,\"\\u006dodel\":2}",
        "{\"\\u006d\":1,\"\\u006D\":2}",
        "{\"\\/\":1,\"/\":2}",
        "{\"\xc3\xa9\":1,\"\\u00e9\":2}",
        "{\"\\ud83d\\ude00\":1,\"\xf0\x9f\x98\x80\":2}",
        "{\"\\ud800\":1,\"\\udfff\":2}",
        "{\"a\\u0000\":1,\"a\\u0000\":2}",
    };
    static const char *const once[] = {
        "{\"a\":1,\"A\":1}",        "{\"a\":{\"a\":{\"a\":1}},\"b\":{\"a\":1}}",
        "[{\"a\":1},{\"a\":1}]",    "{\"a\":\"a\",\"b\":\"a\"}",
        "{\"a\":1,\"a\\u0000\":2}", "{\"\\\\u0061\":1,\"a\":2}",
    };
    struct json v;
    struct err e;
    for (size_t i = 0; i < COUNT_OF(twice); i++) {
        assert_st(json_check(str_c(twice[i]), &v, NULL), ST_OK);
        if (json_check_strict(str_c(twice[i]), &v, &e) != ST_BAD_REQUEST ||
            strstr(e.text, "names a member twice") == NULL)
            fail_msg("%s", twice[i]);
    }
    for (size_t i = 0; i < COUNT_OF(once); i++)
        if (json_check_strict(str_c(once[i]), &v, &e) != ST_OK)
            fail_msg("%s: %s", once[i], e.text);
}

/* Objects of every size around the change from pairs to table, a repeated name at every distance.
 */
static void repeated_names_are_found_in_objects_of_any_size(void **state)
{
    for (int n = 1; n < 120; n++) {
        int first = (int)test_below((uint64_t)n);
        for (int twice = 0; twice < 2; twice++) {
            MAI_AUTO(buf_free) struct buf b;
            struct json v;
            buf_init(&b, 100000);
            buf_add_char(&b, '{');
            for (int i = 0; i < n; i++)
                buf_addf(&b, "\"n%d\":{\"n%d\":0},", i, i);
            buf_addf(&b, "\"n%d\":0}", twice ? first : n);
            assert_st(json_check_strict(buf_view(&b), &v, NULL), twice ? ST_BAD_REQUEST : ST_OK);
        }
    }
}

static int64_t strict_us(int members)
{
    MAI_AUTO(buf_free) struct buf b;
    struct json v;
    buf_init(&b, 64000000);
    buf_add_char(&b, '{');
    for (int i = 0; i < members; i++)
        buf_addf(&b, "\"n%d\":0,", i);
    buf_add(&b, STR("\"last\":0}"));
    int64_t before = clock_mono_us();
    assert_st(json_check_strict(buf_view(&b), &v, NULL), ST_OK);
    return clock_mono_us() - before;
}

/* 200,000 members compared in pairs would take minutes; a table takes milliseconds. */
static void strict_time_grows_with_the_text(void **state)
{
    int64_t us = strict_us(200000);
    print_message("# 200,000 members: %lld us\n", (long long)us);
    assert_true(us < 5000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts),
        cmocka_unit_test(refuses_and_says_where),
        cmocka_unit_test(a_nul_is_no_end),
        cmocka_unit_test(every_cut_is_refused),
        cmocka_unit_test(bad_bytes_are_found_at_every_place),
        cmocka_unit_test(depth_has_a_maximum),
        cmocka_unit_test(strict_refuses_repeated_names),
        cmocka_unit_test(repeated_names_are_found_in_objects_of_any_size),
        cmocka_unit_test(strict_time_grows_with_the_text),
    };
    return cmocka_run_group_tests_name("codec_json_check", tests, NULL, NULL);
}

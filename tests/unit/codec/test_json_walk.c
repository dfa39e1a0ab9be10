/* Walking checked texts: members, decoded strings, whole numbers. */
#include "unit/testing.h"
#include "codec/json.h"

static struct json parsed(const char *text)
{
    struct json v;
    assert_st(json_check(str_c(text), &v, NULL), ST_OK);
    return v;
}

static void walks_objects_and_arrays(void **state)
{
    struct json v =
        parsed(" { \"a\" : [ 1 , \"]}\\\"\" , {\"x\":[]} ] ,\n\"b\":-1.5e3,\"c\":{},\"\":null}");
    struct json_iter it = json_iter(v);
    struct json key, item;
    assert_true(json_next(&it, &key, &item));
    assert_str(key.raw, STR("\"a\""));
    assert_str(item.raw, STR("[ 1 , \"]}\\\"\" , {\"x\":[]} ]"));
    struct json_iter inner = json_iter(item);
    assert_true(json_next(&inner, &key, &item));
    assert_str(item.raw, STR("1"));
    assert_true(json_next(&inner, &key, &item));
    assert_str(item.raw, STR("\"]}\\\"\""));
    assert_int_equal(item.type, JSON_STRING);
    assert_true(json_next(&inner, &key, &item));
    assert_str(item.raw, STR("{\"x\":[]}"));
    assert_false(json_next(&inner, &key, &item));
    assert_true(json_next(&it, &key, &item));
    assert_str(key.raw, STR("\"b\""));
    assert_str(item.raw, STR("-1.5e3"));
    assert_int_equal(item.type, JSON_NUMBER);
    assert_true(json_next(&it, &key, &item));
    assert_int_equal(item.type, JSON_OBJECT);
    assert_true(json_next(&it, &key, &item));
    assert_str(key.raw, STR("\"\""));
    assert_int_equal(item.type, JSON_NULL);
    assert_false(json_next(&it, &key, &item));
    assert_false(json_next(&it, &key, &item));
}

static void empty_and_scalar_values_have_no_items(void **state)
{
    static const char *const texts[] = {"{}", "[]",      "{ }",  "[ \n ]",
                                        "1",  "\"[1]\"", "null", "true"};
    struct json key, item;
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct json_iter it = json_iter(parsed(texts[i]));
        assert_false(json_next(&it, &key, &item));
    }
}

/* Quotes behind one, two, three and four backslashes. */
static void strings_end_at_the_right_quote(void **state)
{
    struct json_iter it = json_iter(parsed("[\"\\\"\",\"\\\\\",\"\\\\\\\"\",\"\\\\\\\\\",1]"));
    struct json key, item;
    static const size_t lengths[] = {4, 4, 6, 6, 1};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        assert_true(json_next(&it, &key, &item));
        assert_int_equal(item.raw.n, lengths[i]);
    }
    assert_false(json_next(&it, &key, &item));
}

static void gets_members(void **state)
{
    struct json v = parsed(
                    "{\"a\":1,\"b\":{\"a\":2},\"m\\u006fdel\":\"x\",\"a\":3,\"tail\\\\\":4}"),
                out;
    assert_true(json_get(v, STR("a"), &out));
    assert_str(out.raw, STR("3")); /* the last one */
    assert_true(json_get(v, STR("model"), &out));
    assert_str(out.raw, STR("\"x\""));
    assert_true(json_get(v, STR("tail\\"), &out));
    assert_str(out.raw, STR("4"));
    assert_false(json_get(v, STR("m\\u006fdel"), &out));
    assert_false(json_get(v, STR("mode"), &out));
    assert_false(json_get(v, STR("models"), &out));
    assert_false(json_get(v, STR(""), &out));
    assert_false(json_get(parsed("[\"a\"]"), STR("a"), &out));
    assert_false(json_get(parsed("\"a\""), STR("a"), &out));
    assert_str(out.raw, STR("4"));
}

static void compares_decoded_text(void **state)
{
    struct json v = parsed("\"a\\n\\u00e9\\ud83d\\ude00\\/\"");
    assert_true(json_string_is(v, STR("a\n\xc3\xa9\xf0\x9f\x98\x80/")));
    assert_false(json_string_is(v, STR("a\n\xc3\xa9\xf0\x9f\x98\x80")));
    assert_false(json_string_is(v, STR("a\n\xc3\xa9\xf0\x9f\x98\x80//")));
    assert_false(json_string_is(v, STR("")));
    assert_true(json_string_is(parsed("\"\""), STR("")));
    assert_true(json_string_is(parsed("\"a\\u0000b\""), STR("a\0b")));
    assert_false(json_string_is(parsed("\"a\\u0000b\""), STR("a")));
    assert_false(json_string_is(parsed("1"), STR("1")));
}

static void decodes_strings(void **state)
{
    static const struct {
        const char *text, *decoded;
    } rows[] = {
        {"\"\"", ""},
        {"\"plain\"", "plain"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\/\b\f\n\r\t"},
        {"\"\\u0041\\u00e9\\u20ac\\uFFFF\"", "A\xc3\xa9\xe2\x82\xac\xef\xbf\xbf"},
        {"\"\\ud83d\\ude00\\uDBFF\\uDFFF\"", "\xf0\x9f\x98\x80\xf4\x8f\xbf\xbf"},
        {"\"\\ud800\"", "\xef\xbf\xbd"},
        {"\"\\udc00x\"", "\xef\xbf\xbdx"},
        {"\"\\ud800\\ud800\\udc00\"", "\xef\xbf\xbd\xf0\x90\x80\x80"},
        {"\"\\ud800\\n\"", "\xef\xbf\xbd\n"},
        {"\"\\udc00\\udc00\"", "\xef\xbf\xbd\xef\xbf\xbd"},
        {"\"\\ud83d\\\\ude00\"", "\xef\xbf\xbd\\ude00"},
        {"\"\\u0001\"", "\x01"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        MAI_AUTO(arena_free) struct arena a;
        str out;
        arena_init(&a, 1000);
        assert_st(json_string(parsed(rows[i].text), &a, &out), ST_OK);
        assert_str(out, str_c(rows[i].decoded));
        assert_true(json_string_is(parsed(rows[i].text), out));
    }
}

static void decoding_has_its_refusals(void **state)
{
    MAI_AUTO(arena_free) struct arena a;
    str out = STR("kept");
    arena_init(&a, 8);
    struct json plain = parsed("\"longer than the arena\"");
    assert_st(json_string(plain, &a, &out), ST_OK);
    assert_ptr_equal(out.p, plain.raw.p + 1); /* borrowed */
    out = STR("kept");
    assert_st(json_string(parsed("\"\\u0000\""), &a, &out), ST_BAD_REQUEST);
    assert_st(json_string(parsed("\"a longer one\\n\""), &a, &out), ST_TOO_BIG);
    assert_st(json_string(parsed("1"), &a, &out), ST_BAD_REQUEST);
    assert_st(json_string(parsed("null"), &a, &out), ST_BAD_REQUEST);
    assert_str(out, STR("kept"));
}

static void reads_whole_numbers(void **state)
{
    static const struct {
        const char *text;
        status st;
        int64_t value;
    } rows[] = {
        {"12", ST_OK, 12},
        {"12.0", ST_OK, 12},
        {"1.2e1", ST_OK, 12},
        {"120e-1", ST_OK, 12},
        {"-0", ST_OK, 0},
        {"0e99999999999999999999", ST_OK, 0},
        {"9223372036854775807", ST_OK, INT64_MAX},
        {"-9223372036854775808", ST_OK, INT64_MIN},
        {"9223372036854775808", ST_RANGE, 0},
        {"-9223372036854775809", ST_RANGE, 0},
        {"1e19", ST_RANGE, 0},
        {"1e999999999", ST_RANGE, 0},
        {"12.5", ST_BAD_REQUEST, 0},
        {"1e-1", ST_BAD_REQUEST, 0},
        {"1e-999999999", ST_BAD_REQUEST, 0},
        {"\"12\"", ST_BAD_REQUEST, 0},
        {"null", ST_BAD_REQUEST, 0},
        {"true", ST_BAD_REQUEST, 0},
        {"[1]", ST_BAD_REQUEST, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t v = 777;
        print_message("# %s\n", rows[i].text);
        assert_st(json_i64(parsed(rows[i].text), &v), rows[i].st);
        assert_int_equal(v, rows[i].st == ST_OK ? rows[i].value : 777);
    }
    assert_true(json_is_true(parsed("true")));
    assert_false(json_is_true(parsed("false")));
    assert_false(json_is_true(parsed("\"true\"")));
    assert_false(json_is_true(parsed("1")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_objects_and_arrays),
        cmocka_unit_test(empty_and_scalar_values_have_no_items),
        cmocka_unit_test(strings_end_at_the_right_quote),
        cmocka_unit_test(gets_members),
        cmocka_unit_test(compares_decoded_text),
        cmocka_unit_test(decodes_strings),
        cmocka_unit_test(decoding_has_its_refusals),
        cmocka_unit_test(reads_whole_numbers),
    };
    return cmocka_run_group_tests_name("codec_json_walk", tests, NULL, NULL);
}

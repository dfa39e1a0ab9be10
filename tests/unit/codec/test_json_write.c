/* Splicing keeps every other byte; the writer's output checks. */
#include "unit/testing.h"
#include "codec/json.h"

#define E(n, v) ((struct json_edit){STR(n), STR(v)})
#define REMOVE(n) ((struct json_edit){STR(n), STR_NONE})

static void expect_splice(const char *text, const struct json_edit *edits, size_t count,
                          const char *expected)
{
    MAI_AUTO(buf_free) struct buf out;
    struct json v;
    buf_init(&out, 10000);
    assert_st(json_check(str_c(text), &v, NULL), ST_OK);
    json_splice(v, edits, count, &out);
    assert_false(out.is_full);
    assert_str(buf_view(&out), str_c(expected));
}

#define SPLICE(text, expected, ...)                                                                \
    do {                                                                                           \
        const struct json_edit edits[] = {__VA_ARGS__};                                            \
        expect_splice(text, edits, COUNT_OF(edits), expected);                                     \
    } while (0)

static void replaces(void **state)
{
    SPLICE("{\"a\":1}", "{\"a\":2}", E("a", "2"));
    SPLICE(" {\"a\" : 1 , \"b\":[1, 2] }\n", "{\"a\" : {} , \"b\":[1, 2] }", E("a", "{}"));
    SPLICE("{\"a\":1,\"b\":2,\"c\":3}", "{\"a\":1,\"b\":\"x\",\"c\":3}", E("b", "\"x\""));
    SPLICE("{\"\\u0061\":1}", "{\"\\u0061\":2}", E("a", "2")); /* the name's own spelling stays */
    SPLICE("{\"a\":1,\"a\":2}", "{\"a\":3,\"a\":3}", E("a", "3"));
    SPLICE("{\"x\":{\"a\":1}}", "{\"x\":{\"a\":1},\"a\":2}", E("a", "2"));
    SPLICE("{\"n\":1e5,\"a\":0}", "{\"n\":1e5,\"a\":1}", E("a", "1"));
}

static void removes(void **state)
{
    SPLICE("{\"a\":1}", "{}", REMOVE("a"));
    SPLICE("{\"a\":1,\"b\":2}", "{\"b\":2}", REMOVE("a"));
    SPLICE("{\"a\":1,\"b\":2}", "{\"a\":1}", REMOVE("b"));
    SPLICE("{\"a\":1, \"b\":2 ,\n\"c\":3}", "{\"a\":1,\n\"c\":3}", REMOVE("b"));
    SPLICE("{\"a\":1,\"b\":2,\"a\":3}", "{\"b\":2}", REMOVE("a"));
    SPLICE("{\"a\":1,\"b\":2,\"c\":3}", "{}", REMOVE("a"), REMOVE("b"), REMOVE("c"));
    SPLICE("{\"a\":1}", "{\"a\":1}", REMOVE("b"));
    SPLICE("{ }", "{ }", REMOVE("b"));
}

static void adds(void **state)
{
    SPLICE("{}", "{\"a\":1}", E("a", "1"));
    SPLICE("{ }", "{ \"a\":1,\"b\":2}", E("a", "1"), E("b", "2"));
    SPLICE("{\"x\":1 }", "{\"x\":1 ,\"a\":1}", E("a", "1"));
    SPLICE("{\"x\":1}", "{\"x\":1,\"q\\\"\\n\":null}", E("q\"\n", "null"));
    SPLICE("{\"x\":1}", "{\"a\":1}", REMOVE("x"), E("a", "1"));
    SPLICE("{\"x\":1,\"y\":2}", "{\"y\":3,\"a\":1}", E("a", "1"), REMOVE("x"), E("y", "3"));
    SPLICE("{\"x\":1}", "{\"x\":1}");
}

static void a_full_buffer_is_told(void **state)
{
    MAI_AUTO(buf_free) struct buf out;
    struct json v;
    buf_init(&out, 8);
    assert_st(json_check(STR("{\"abc\":12345}"), &v, NULL), ST_OK);
    json_splice(v, NULL, 0, &out);
    assert_true(out.is_full);
}

static void quotes_text(void **state)
{
    static const struct {
        str text;
        const char *quoted;
    } rows[] = {
        {STR_INIT(""), "\"\""},
        {STR_INIT("plain /'\x7f"), "\"plain /'\x7f\""},
        {STR_INIT("\"\\\b\f\n\r\t"), "\"\\\"\\\\\\b\\f\\n\\r\\t\""},
        {STR_INIT("\x01\x1f\0"), "\"\\u0001\\u001f\\u0000\""},
        {STR_INIT("\xc3\xa9\xf0\x9f\x98\x80"), "\"\xc3\xa9\xf0\x9f\x98\x80\""},
        {STR_INIT("a\xff"
                  "b\xc3"),
         "\"a\xef\xbf\xbd"
         "b\xef\xbf\xbd\""},
        {STR_INIT("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        MAI_AUTO(buf_free) struct buf out;
        struct json v;
        buf_init(&out, 1000);
        json_add_string(&out, rows[i].text);
        assert_str(buf_view(&out), str_c(rows[i].quoted));
        assert_st(json_check(buf_view(&out), &v, NULL), ST_OK);
    }
}

static void writer_puts_commas(void **state)
{
    MAI_AUTO(buf_free) struct buf b;
    buf_init(&b, 10000);
    struct json_writer w = json_writer(&b);
    jw_object(&w);
    jw_kstr(&w, STR("s"), STR("x\n"));
    jw_kstr_or_null(&w, STR("none"), STR_NONE);
    jw_kstr_or_null(&w, STR("some"), STR(""));
    jw_ki64(&w, STR("i"), INT64_MIN);
    jw_kbool(&w, STR("t"), true);
    jw_kbool(&w, STR("f"), false);
    jw_knull(&w, STR("n"));
    jw_kraw(&w, STR("r"), STR("1.50"));
    jw_karray(&w, STR("a"));
    jw_i64(&w, 1);
    jw_array(&w);
    jw_end(&w);
    jw_object(&w);
    jw_end(&w);
    jw_str(&w, STR("y"));
    jw_null(&w);
    jw_end(&w);
    jw_kobject(&w, STR("o\""));
    jw_key(&w, STR("k"));
    jw_bool(&w, true);
    jw_end(&w);
    jw_end(&w);
    assert_str(
        buf_view(&b),
        STR("{\"s\":\"x\\n\",\"none\":null,\"some\":\"\",\"i\":-9223372036854775808,\"t\":true,"
            "\"f\":false,\"n\":null,\"r\":1.50,\"a\":[1,[],{},\"y\",null],\"o\\\"\":{\"k\":true}"
            "}"));
}

static void writer_nests_to_the_full_depth(void **state)
{
    MAI_AUTO(buf_free) struct buf b;
    struct json v;
    buf_init(&b, 10000);
    struct json_writer w = json_writer(&b);
    for (int i = 0; i < JSON_MAX_DEPTH; i++) {
        if (i % 2 == 0) {
            jw_object(&w);
            jw_ki64(&w, STR("i"), i);
            jw_key(&w, STR("a"));
        } else {
            jw_array(&w);
            jw_i64(&w, i);
        }
    }
    jw_null(&w);
    for (int i = 0; i < JSON_MAX_DEPTH; i++)
        jw_end(&w);
    assert_st(json_check_strict(buf_view(&b), &v, NULL), ST_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replaces),
        cmocka_unit_test(removes),
        cmocka_unit_test(adds),
        cmocka_unit_test(a_full_buffer_is_told),
        cmocka_unit_test(quotes_text),
        cmocka_unit_test(writer_puts_commas),
        cmocka_unit_test(writer_nests_to_the_full_depth),
    };
    return cmocka_run_group_tests_name("codec_json_write", tests, NULL, NULL);
}

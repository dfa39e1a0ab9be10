/* Hex and base64: RFC 4648 vectors, exactly one text per value, every byte refused that is no
 * digit. */
#include "unit/testing.h"
#include "codec/base64.h"
#include "codec/hex.h"

static void hex_both_ways(void **state)
{
    unsigned char bytes[256], back[256];
    char text[513];
    for (int i = 0; i < 256; i++)
        bytes[i] = (unsigned char)i;
    str s = hex_encode(bytes, 256, text);
    assert_int_equal(s.n, 512);
    assert_string_equal(text + 506, "fdfeff");
    assert_st(hex_decode(s, back, 256), ST_OK);
    assert_memory_equal(bytes, back, 256);
    assert_st(hex_decode(STR("fFAb09"), back, 3), ST_OK);
    assert_memory_equal(back, "\xff\xab\x09", 3);
    assert_str(hex_encode("", 0, text), STR(""));
    assert_st(hex_decode(STR(""), back, 0), ST_OK);
}

static void hex_refuses(void **state)
{
    char pair[2], byte;
    for (int c = 0; c < 256; c++) {
        bool is_digit = c < 128 && c != 0 && strchr("0123456789abcdefABCDEF", c) != NULL;
        for (int k = 0; k < 2; k++) {
            pair[k] = (char)c;
            pair[1 - k] = '0';
            assert_st(hex_decode((str){pair, 2}, &byte, 1), is_digit ? ST_OK : ST_BAD_REQUEST);
        }
    }
    assert_st(hex_decode(STR("0"), &byte, 1), ST_BAD_REQUEST);
    assert_st(hex_decode(STR("000"), &byte, 1), ST_BAD_REQUEST);
    assert_st(hex_decode(STR("0000"), &byte, 1), ST_BAD_REQUEST);
}

static void base64_vectors(void **state)
{
    static const struct {
        str bytes;
        const char *standard, *url;
    } rows[] = {
        {STR_INIT(""), "", ""},
        {STR_INIT("f"), "Zg==", "Zg"},
        {STR_INIT("fo"), "Zm8=", "Zm8"},
        {STR_INIT("foo"), "Zm9v", "Zm9v"},
        {STR_INIT("foob"), "Zm9vYg==", "Zm9vYg"},
        {STR_INIT("fooba"), "Zm9vYmE=", "Zm9vYmE"},
        {STR_INIT("foobar"), "Zm9vYmFy", "Zm9vYmFy"},
        {STR_INIT("\xfb\xff\xbf\0"), "+/+/AA==", "-_-_AA"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        for (int kind = 0; kind < 2; kind++) {
            MAI_AUTO(buf_free) struct buf text, back;
            buf_init(&text, 100);
            buf_init(&back, 100);
            base64_add(&text, (enum base64_kind)kind, rows[i].bytes);
            assert_str(buf_view(&text), str_c(kind == BASE64_URL ? rows[i].url : rows[i].standard));
            assert_st(base64_decode(buf_view(&text), (enum base64_kind)kind, &back), ST_OK);
            assert_str(buf_view(&back), rows[i].bytes);
        }
    }
}

static void base64_refuses(void **state)
{
    static const struct {
        const char *text;
        enum base64_kind kind;
    } rows[] = {
        {"Z", BASE64_STANDARD},     {"Zg", BASE64_STANDARD},    {"Zg=", BASE64_STANDARD},
        {"Zg===", BASE64_STANDARD}, {"====", BASE64_STANDARD},  {"Z===", BASE64_STANDARD},
        {"Zh==", BASE64_STANDARD},  {"Zm9=", BASE64_STANDARD},  {"Zg==Zg==", BASE64_STANDARD},
        {"Zm 9", BASE64_STANDARD},  {"Zm9\n", BASE64_STANDARD}, {"-_-_", BASE64_STANDARD},
        {"+/+/", BASE64_URL},       {"Zg==", BASE64_URL},       {"Z", BASE64_URL},
        {"Zh", BASE64_URL},         {"Zm9vY", BASE64_URL},      {"Z\xc3\xa9v", BASE64_URL},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        MAI_AUTO(buf_free) struct buf out;
        buf_init(&out, 100);
        if (base64_decode(str_c(rows[i].text), rows[i].kind, &out) != ST_BAD_REQUEST)
            fail_msg("%s", rows[i].text);
    }
    struct buf small;
    buf_init(&small, 2);
    assert_st(base64_decode(STR("Zm9v"), BASE64_STANDARD, &small), ST_TOO_BIG);
    buf_free(&small);
}

/* What decodes is the only text of its value. */
static void base64_has_one_text_per_value(void **state)
{
    static const char alphabet[] = "ABCDQgwxyz0189+/-_==";
    for (int i = 0; i < 200000; i++) {
        char text[9];
        size_t n = test_below(sizeof text);
        enum base64_kind kind = (enum base64_kind)test_below(2);
        MAI_AUTO(buf_free) struct buf bytes, again;
        for (size_t k = 0; k < n; k++)
            text[k] = alphabet[test_below(sizeof alphabet - 1)];
        buf_init(&bytes, 100);
        buf_init(&again, 100);
        if (base64_decode((str){text, n}, kind, &bytes) != ST_OK)
            continue;
        base64_add(&again, kind, buf_view(&bytes));
        assert_str(buf_view(&again), (str){text, n});
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_both_ways),
        cmocka_unit_test(hex_refuses),
        cmocka_unit_test(base64_vectors),
        cmocka_unit_test(base64_refuses),
        cmocka_unit_test(base64_has_one_text_per_value),
    };
    return cmocka_run_group_tests_name("codec_encodings", tests, NULL, NULL);
}

/* Text by pointer and length, whole numbers, UTF-8, the status table. */
#include "unit/testing.h"

static void compares(void **state)
{
    assert_true(str_eq(STR("abc"), STR("abc")));
    assert_true(str_eq(STR_NONE, STR("")));
    assert_false(str_eq(STR("abc"), STR("ab")));
    assert_true(str_eq(STR("a\0b"), STR("a\0b")));
    assert_false(str_eq(STR("a\0b"), STR("a\0c")));
    assert_true(str_eq_nocase(STR("aZ@["), STR("Az@[")));
    assert_false(str_eq_nocase(STR("@"), STR("`"))); /* only letters fold */
    assert_false(str_eq_nocase(STR("\xc3\xa9"), STR("\xc3\x89")));
    assert_true(str_cmp(STR("a"), STR("b")) < 0 && str_cmp(STR("b"), STR("a")) > 0);
    assert_true(str_cmp(STR("a"), STR("ab")) < 0 && str_cmp(STR("\xff"), STR("a")) > 0);
    assert_int_equal(str_cmp(STR_NONE, STR("")), 0);
    assert_true(str_starts(STR("abc"), STR("ab")) && str_starts(STR("abc"), STR("")));
    assert_false(str_starts(STR("a"), STR("ab")));
    assert_true(str_starts_nocase(STR("HTTP://x"), STR("http://")));
    assert_true(str_ends(STR("abc"), STR("bc")) && str_ends(STR("abc"), STR("")));
    assert_false(str_ends(STR("c"), STR("bc")));
}

static void cuts_and_finds(void **state)
{
    assert_str(str_sub(STR("abcdef"), 2, 3), STR("cde"));
    assert_str(str_sub(STR("abc"), 2, 99), STR("c"));
    assert_str(str_sub(STR("abc"), 99, 1), STR(""));
    assert_str(str_from(STR("abc"), 1), STR("bc"));
    assert_str(str_from(STR_NONE, 5), STR_NONE);
    assert_str(str_trim(STR(" \t\r\n\f\va b\n ")), STR("a b"));
    assert_str(str_trim(STR(" \n")), STR(""));
    assert_int_equal(str_find_char(STR("abc"), 'c'), 2);
    assert_int_equal(str_find_char(STR("abc"), 'x'), 3);
    assert_int_equal(str_find_char(STR_NONE, 'x'), 0);
    assert_int_equal(str_find(STR("abcabd"), STR("abd")), 3);
    assert_int_equal(str_find(STR("abc"), STR("abcd")), 3);
    assert_int_equal(str_find(STR("abc"), STR("")), 0);
    assert_int_equal(str_find(STR_NONE, STR("a")), 0);
    assert_str(str_c(NULL), STR_NONE);
}

static void splits(void **state)
{
    static const struct {
        str text;
        const char *parts[4];
    } rows[] = {
        {STR_INIT("a,b,c"), {"a", "b", "c"}},
        {STR_INIT("a"), {"a"}},
        {STR_INIT(""), {""}},
        {STR_INIT(","), {"", ""}},
        {STR_INIT("a,"), {"a", ""}},
        {STR_INIT(",,b"), {"", "", "b"}},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        str rest = rows[i].text, part;
        int n = 0;
        while (str_split(&rest, ',', &part)) {
            assert_non_null(rows[i].parts[n]);
            assert_str(part, str_c(rows[i].parts[n++]));
        }
        assert_null(rows[i].parts[n]);
    }
    str none = STR_NONE, part;
    assert_false(str_split(&none, ',', &part));
}

static void reads_whole_numbers(void **state)
{
    static const struct {
        const char *text;
        status st;
        int64_t value;
    } rows[] = {
        {"0", ST_OK, 0},
        {"-0", ST_OK, 0},
        {"007", ST_OK, 7},
        {"9223372036854775807", ST_OK, INT64_MAX},
        {"-9223372036854775808", ST_OK, INT64_MIN},
        {"9223372036854775808", ST_RANGE, 0},
        {"-9223372036854775809", ST_RANGE, 0},
        {"99999999999999999999999999", ST_RANGE, 0},
        {"", ST_BAD_REQUEST, 0},
        {"-", ST_BAD_REQUEST, 0},
        {"+1", ST_BAD_REQUEST, 0},
        {"--1", ST_BAD_REQUEST, 0},
        {" 1", ST_BAD_REQUEST, 0},
        {"1 ", ST_BAD_REQUEST, 0},
        {"1.0", ST_BAD_REQUEST, 0},
        {"0x1", ST_BAD_REQUEST, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t v = 777;
        assert_st(str_to_i64(str_c(rows[i].text), &v), rows[i].st);
        assert_int_equal(v, rows[i].st == ST_OK ? rows[i].value : 777);
    }
    uint64_t u = 777;
    assert_st(str_to_u64(STR("18446744073709551615"), &u), ST_OK);
    assert_true(u == UINT64_MAX);
    assert_st(str_to_u64(STR("18446744073709551616"), &u), ST_RANGE);
    assert_st(str_to_u64(STR("-1"), &u), ST_BAD_REQUEST);
    assert_true(u == UINT64_MAX);
}

/* Encodes any number as if it were a code point, also what must be refused. */
static size_t encode(uint32_t cp, size_t bytes, char *dst)
{
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    if (bytes == 1) {
        dst[0] = (char)cp;
        return 1;
    }
    for (size_t i = bytes - 1; i > 0; i--, cp >>= 6)
        dst[i] = (char)(0x80 | (cp & 0x3f));
    dst[0] = (char)(lead[bytes] | cp);
    return bytes;
}

static size_t shortest(uint32_t cp)
{
    return cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
}

/* All code points, in all lengths they could be written in. */
static void knows_utf8(void **state)
{
    char dst[4];
    for (uint32_t cp = 0; cp < 0x120000; cp++) {
        for (size_t bytes = shortest(cp); bytes <= 4; bytes++) {
            uint32_t back = 0;
            bool is_good =
                bytes == shortest(cp) && cp <= 0x10ffff && !(cp >= 0xd800 && cp <= 0xdfff);
            str s = {dst, encode(cp, bytes, dst)};
            if (str_is_utf8(s) != is_good)
                fail_msg("U+%04X in %zu bytes", cp, bytes);
            assert_int_equal(str_utf8_next(s, 0, &back), is_good ? bytes : 0);
            assert_int_equal(back, is_good ? cp : 0);
            if (is_good && bytes > 1)
                assert_false(str_is_utf8(str_sub(s, 0, bytes - 1)));
        }
    }
    for (int c = 0x80; c < 0x100; c++)
        assert_false(str_is_utf8((str){(char[]){(char)c}, 1}));
    assert_false(str_is_utf8(STR("\xf5\x80\x80\x80")));
    assert_false(str_is_utf8(STR("a\xc3(")));
    assert_int_equal(str_utf8_count(STR("za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87\xf0\x9f\x98\x80")), 7);
}

static void knows_text(void **state)
{
    assert_true(str_is_text(STR("za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87"), false));
    assert_true(str_is_text(STR("a\tb\r\nc"), true));
    assert_false(str_is_text(STR("a\tb"), false));
    assert_false(str_is_text(STR("a\nb"), false));
    assert_false(str_is_text(STR("a\0b"), true));
    assert_false(str_is_text(STR("a\x1b[31m"), true));
    assert_false(str_is_text(STR("a\x7f"), true));
    assert_false(str_is_text(STR("a\xc2\x9b"), true));
    assert_true(str_is_text(STR("a\xc2\xa0"), true));
    assert_false(str_is_text(STR("\xff"), true));
}

static void copies_terminate(void **state)
{
    char dst[4];
    assert_true(str_copy_z(STR("abc"), dst, sizeof dst));
    assert_string_equal(dst, "abc");
    assert_false(str_copy_z(STR("abcd"), dst, sizeof dst));
    assert_string_equal(dst, "abc");
    assert_true(str_copy_z(STR_NONE, dst, 1));
    assert_string_equal(dst, "");
}

/* Texts that differ in one bit differ in about half the bits of their hash, at every length. */
static void hashes_spread(void **state)
{
    char text[40] = {0};
    int least = 64, most = 0;
    for (size_t n = 1; n <= sizeof text; n++) {
        for (size_t bit = 0; bit < n * 8; bit++) {
            uint64_t before = str_hash((str){text, n});
            text[bit / 8] ^= (char)(1 << bit % 8);
            int differ = __builtin_popcountll(before ^ str_hash((str){text, n}));
            text[bit / 8] ^= (char)(1 << bit % 8);
            least = differ < least ? differ : least;
            most = differ > most ? differ : most;
        }
        assert_true(str_hash((str){text, n}) != str_hash((str){text, n - 1})); /* length counts */
    }
    assert_true(least > 6 && most < 58);
    assert_true(str_hash(STR("abc")) == str_hash(STR("abc")));
    assert_true(str_hash(STR_NONE) == str_hash(STR("")));
}

static void statuses_have_rows(void **state)
{
    for (int st = 0; st < ST_COUNT_; st++) {
        assert_true(status_http((status)st) >= 200 && status_http((status)st) < 600);
        assert_memory_equal(status_name((status)st), "ST_", 3);
        assert_int_not_equal(status_text((status)st)[0], '\0');
    }
    assert_int_equal(status_http(ST_PAYMENT), 402);
    assert_string_equal(status_type(ST_PAYMENT), "insufficient_quota");
    assert_true(status_may_retry(ST_UPSTREAM) && status_may_have_happened(ST_UPSTREAM));
    assert_false(status_may_have_happened(ST_UNAVAILABLE));
}

static void errors_carry_words(void **state)
{
    struct err e = {0};
    assert_st(err_set(&e, ST_RANGE, "%d is too much", 7), ST_RANGE);
    assert_int_equal(e.st, ST_RANGE);
    assert_string_equal(err_text(&e, ST_RANGE), "7 is too much");
    assert_st(err_set(NULL, ST_RANGE, "nobody listens"), ST_RANGE);
    assert_string_equal(err_text(NULL, ST_NOT_FOUND), "Not found");
    e.text[0] = '\0';
    assert_string_equal(err_text(&e, ST_NOT_FOUND), "Not found");
    assert_st(err_set(&e, ST_RANGE, "%0500d", 1), ST_RANGE);
    assert_int_equal(strlen(e.text), sizeof e.text - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(compares),
        cmocka_unit_test(cuts_and_finds),
        cmocka_unit_test(splits),
        cmocka_unit_test(reads_whole_numbers),
        cmocka_unit_test(knows_utf8),
        cmocka_unit_test(knows_text),
        cmocka_unit_test(copies_terminate),
        cmocka_unit_test(hashes_spread),
        cmocka_unit_test(statuses_have_rows),
        cmocka_unit_test(errors_carry_words),
    };
    return cmocka_run_group_tests_name("base_str", tests, NULL, NULL);
}

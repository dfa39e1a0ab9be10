/* Pico-dollars against tables and against an oracle of 128-bit fractions. Names M1-M4:
 * money/pico.c. */
#include "unit/testing.h"
#include "money/decimal.h"
#include "money/pico.h"

typedef __int128 wide;

struct row {
    const char *text;
    status st;
    int64_t units;
};

static const struct row numbers[] = {
    {"0", ST_OK, 0},
    {"-0", ST_OK, 0},
    {"0.0", ST_OK, 0},
    {"1", ST_OK, 1000000000000},
    {"-1", ST_OK, -1000000000000},
    {"12", ST_OK, 12000000000000},
    {"0.0000105", ST_OK, 10500000},
    {"0.0000000375", ST_OK, 37500},
    {"9.25e-06", ST_OK, 9250000},
    {"9.25E-06", ST_OK, 9250000},
    {"1e+2", ST_OK, 100000000000000},
    {"1e-12", ST_OK, 1},
    {"0.000000000001", ST_OK, 1},
    /* binary noise */
    {"0.30000000000000004", ST_OK, 300000000000},
    {"0.1000000000000000055511151231257827", ST_OK, 100000000000},
    {"0.0014559999999999999", ST_OK, 1456000000},
    /* M1: half to even over the whole tail */
    {"0.0000000000005", ST_OK, 0},
    {"0.0000000000015", ST_OK, 2},
    {"0.0000000000025", ST_OK, 2},
    {"-0.0000000000015", ST_OK, -2},
    {"-0.0000000000025", ST_OK, -2},
    {"5e-13", ST_OK, 0},
    {"15e-13", ST_OK, 2},
    {"0.00000000000050000000000000000000000000000000000000000001", ST_OK, 1},
    {"0.00000000000049999999999999999999999999999999999999999999", ST_OK, 0},
    {"0.00000000000250000000000000000000000000000000000000000000", ST_OK, 2},
    {"0.9999999999995", ST_OK, 1000000000000},
    {"0.00000000000006", ST_OK, 0},
    /* M2: the ends of the range */
    {"9223372.036854775807", ST_OK, INT64_MAX},
    {"9223372.0368547758074", ST_OK, INT64_MAX},
    {"9223372.0368547758075", ST_RANGE, 0},
    {"9223372.036854775808", ST_RANGE, 0},
    {"-9223372.036854775808", ST_OK, INT64_MIN},
    {"-9223372.0368547758085", ST_OK, INT64_MIN},
    {"-9223372.036854775809", ST_RANGE, 0},
    {"9999999.999999999999", ST_RANGE, 0},
    {"99999999999999999999999", ST_RANGE, 0},
    {"9223372036854775807e-12", ST_OK, INT64_MAX},
    /* M3: exponents of any size */
    {"1e999999999", ST_RANGE, 0},
    {"-1e999999999", ST_RANGE, 0},
    {"1e-999999999", ST_OK, 0},
    {"0e999999999", ST_OK, 0},
    {"1e99999999999999999999999999999999", ST_RANGE, 0},
    {"1e-99999999999999999999999999999999", ST_OK, 0},
    {"0.00000e99999999999999999999999999", ST_OK, 0},
    {"1e0000000000000000000000000000000001", ST_OK, 10000000000000},
    {"0.00000000000000000001e20", ST_OK, 1000000000000},
    {"100000000000000000000e-20", ST_OK, 1000000000000},
    /* no JSON numbers */
    {"", ST_BAD_REQUEST, 0},
    {"-", ST_BAD_REQUEST, 0},
    {"+1", ST_BAD_REQUEST, 0},
    {"01", ST_BAD_REQUEST, 0},
    {"-01", ST_BAD_REQUEST, 0},
    {".5", ST_BAD_REQUEST, 0},
    {"5.", ST_BAD_REQUEST, 0},
    {"1e", ST_BAD_REQUEST, 0},
    {"1e+", ST_BAD_REQUEST, 0},
    {"1e1.5", ST_BAD_REQUEST, 0},
    {"1.5.5", ST_BAD_REQUEST, 0},
    {" 1", ST_BAD_REQUEST, 0},
    {"1 ", ST_BAD_REQUEST, 0},
    {"1,5", ST_BAD_REQUEST, 0},
    {"0x10", ST_BAD_REQUEST, 0},
    {"NaN", ST_BAD_REQUEST, 0},
    {"Infinity", ST_BAD_REQUEST, 0},
    {"\"1\"", ST_BAD_REQUEST, 0},
};

static void parses_numbers(void **state)
{
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        const struct row *r = &numbers[i];
        pico p = PICO(777);
        print_message("# %s\n", r->text);
        assert_st(pico_parse(str_c(r->text), &p), r->st);
        assert_int_equal(p.v, r->st == ST_OK ? r->units : 777); /* M4 */
    }
}

static void refuses_a_nul_and_reads_no_further_than_the_view(void **state)
{
    pico p;
    assert_st(pico_parse(STR("1\0"), &p), ST_BAD_REQUEST);
    assert_st(pico_parse((str){"12345", 2}, &p), ST_OK);
    assert_int_equal(p.v, 12 * PICO_PER_USD);
    assert_st(pico_parse(STR_NONE, &p), ST_BAD_REQUEST);
}

/* M3: a megabyte of zeros is passed by, and the exponent that makes up for it counts. */
static void long_texts_are_exact_too(void **state)
{
    enum { N = 1000000 };
    char *text = test_malloc(N + 16);
    memset(text, '0', N);
    memcpy(text, "0.", 2);
    memcpy(text + N, "1e1000012", 10);
    pico p;
    assert_st(pico_parse(str_c(text), &p), ST_RANGE);
    memcpy(text + N, "1e999999", 9);
    assert_st(pico_parse(str_c(text), &p), ST_OK);
    assert_int_equal(p.v, PICO_PER_USD);
    test_free(text);
}

static void parses_amounts_as_people_type_them(void **state)
{
    static const struct row rows[] = {
        {"50", ST_OK, 50000000000000},
        {"0", ST_OK, 0},
        {"1234.56", ST_OK, 1234560000000000},
        {"0.000000000001", ST_OK, 1},
        {"0.0000000000010", ST_RANGE, 0},
        {"9223373", ST_RANGE, 0},
        {"-5", ST_BAD_REQUEST, 0},
        {"-0", ST_BAD_REQUEST, 0},
        {"1e3", ST_BAD_REQUEST, 0},
        {"1E3", ST_BAD_REQUEST, 0},
        {"+5", ST_BAD_REQUEST, 0},
        {"5 USD", ST_BAD_REQUEST, 0},
        {"$5", ST_BAD_REQUEST, 0},
        {"1,000", ST_BAD_REQUEST, 0},
        {"", ST_BAD_REQUEST, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        pico p = PICO(777);
        print_message("# %s\n", rows[i].text);
        assert_st(pico_parse_amount(str_c(rows[i].text), &p), rows[i].st);
        assert_int_equal(p.v, rows[i].st == ST_OK ? rows[i].units : 777);
    }
}

static void writes_the_shortest_exact_text(void **state)
{
    static const struct {
        int64_t units;
        const char *text;
    } rows[] = {
        {0, "0"},
        {1, "0.000000000001"},
        {-1, "-0.000000000001"},
        {10500000, "0.0000105"},
        {12500000000000, "12.5"},
        {-3000000000000, "-3"},
        {100000000000000, "100"},
        {INT64_MAX, "9223372.036854775807"},
        {INT64_MIN, "-9223372.036854775808"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char dst[PICO_TEXT_CAP];
        assert_str(pico_text(PICO(rows[i].units), dst), str_c(rows[i].text));
        assert_string_equal(dst, rows[i].text);
    }
}

static void writes_dollars_for_people(void **state)
{
    static const struct {
        const char *amount, *text;
    } rows[] = {
        {"0", "$0.00"},
        {"1", "$1.00"},
        {"1234.5", "$1,234.50"},
        {"1234567.891", "$1,234,567.89"},
        {"999.995", "$1,000.00"},
        {"999999.995", "$1,000,000.00"},
        {"0.01", "$0.01"},
        {"0.015", "$0.02"},
        {"0.025", "$0.02"},
        {"0.025000000001", "$0.03"},
        {"0.002002", "$0.002002"},
        {"0.002", "$0.002000"},
        {"0.0020025", "$0.002002"},
        {"0.0020035", "$0.002004"},
        {"0.009999999999", "$0.010000"},
        {"0.000001", "$0.000001"},
        {"0.000000999999", "<$0.000001"},
        {"0.000000000001", "<$0.000001"},
        {"-0.000000000001", ">-$0.000001"},
        {"-0.002002", "-$0.002002"},
        {"-1234.5", "-$1,234.50"},
        {"9223372.036854775807", "$9,223,372.04"},
        {"-9223372.036854775808", "-$9,223,372.04"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char dst[PICO_TEXT_CAP];
        pico p;
        assert_st(pico_parse(str_c(rows[i].amount), &p), ST_OK);
        assert_str(pico_display_usd(p, dst), str_c(rows[i].text));
    }
}

static void arithmetic_never_wraps(void **state)
{
    pico r = PICO(777);
    assert_st(pico_add(PICO_MAX, PICO(1), &r), ST_RANGE);
    assert_st(pico_add(PICO(INT64_MIN), PICO(-1), &r), ST_RANGE);
    assert_st(pico_sub(PICO(INT64_MIN), PICO(1), &r), ST_RANGE);
    assert_st(pico_sub(PICO(0), PICO(INT64_MIN), &r), ST_RANGE);
    assert_st(pico_mul(PICO_MAX, 2, &r), ST_RANGE);
    assert_st(pico_mul(PICO(INT64_MIN), -1, &r), ST_RANGE);
    assert_int_equal(r.v, 777);
    assert_st(pico_mul(PICO(37500), 1000000, &r), ST_OK);
    assert_int_equal(r.v, 37500000000);
    assert_true(pico_is_zero(PICO(0)) && !pico_is_zero(PICO(1)));
    assert_true(pico_cmp(PICO(-1), PICO(1)) < 0 && pico_cmp(PICO(1), PICO(-1)) > 0);
    assert_int_equal(pico_cmp(PICO(5), PICO(5)), 0);
}

/* ---- properties ---- */

static int64_t random_units(void)
{
    return (int64_t)(test_random() >> test_below(64)) * (test_below(2) != 0 ? 1 : -1);
}

static void text_and_back_is_the_same(void **state)
{
    for (int i = 0; i < 500000; i++) {
        char dst[PICO_TEXT_CAP];
        pico p = PICO(random_units()), back;
        assert_st(pico_parse(pico_text(p, dst), &back), ST_OK);
        assert_int_equal(back.v, p.v);
    }
}

static void sums_agree_with_128_bits(void **state)
{
    for (int i = 0; i < 500000; i++) {
        int64_t a = random_units(), b = random_units();
        wide exact[] = {(wide)a + b, (wide)a - b, (wide)a * b};
        pico r[3];
        status st[] = {pico_add(PICO(a), PICO(b), &r[0]), pico_sub(PICO(a), PICO(b), &r[1]),
                       pico_mul(PICO(a), b, &r[2])};
        for (int k = 0; k < 3; k++) {
            bool fits = exact[k] >= INT64_MIN && exact[k] <= INT64_MAX;
            assert_st(st[k], fits ? ST_OK : ST_RANGE);
            if (fits)
                assert_true(r[k].v == exact[k]);
        }
    }
}

static wide power_of_ten(int n)
{
    wide p = 1;
    while (n-- > 0)
        p *= 10;
    return p;
}

/* digits x 10^exponent in units, as a fraction of whole numbers; false when it does not fit. */
static bool oracle_units(wide digits, int exponent, wide *out)
{
    int shift = exponent + 12;
    if (digits == 0 || shift < -37) {
        *out = 0;
        return true;
    }
    if (shift >= 0) {
        if (shift > 19 || digits > (wide)UINT64_MAX)
            return false;
        *out = digits * power_of_ten(shift);
    } else {
        wide by = power_of_ten(-shift), rest = digits % by;
        *out = digits / by;
        if (2 * rest > by || (2 * rest == by && *out % 2 == 1))
            *out += 1;
    }
    return *out <= INT64_MAX;
}

/* Writes the digits with a point somewhere and an exponent that makes up for it. */
static str random_spelling(const char *digits, int exponent, char *dst, size_t cap)
{
    int n = (int)strlen(digits), whole = 1 + (int)test_below((uint64_t)n);
    int used = snprintf(dst, cap, "%.*s", whole, digits);
    if (whole < n)
        used += snprintf(dst + used, cap - (size_t)used, ".%s", digits + whole);
    int rest = exponent + n - whole;
    if (rest != 0 || test_below(4) == 0) {
        const char *sign = rest < 0 ? "-" : test_below(2) != 0 ? "+" : "";
        used += snprintf(dst + used, cap - (size_t)used, "%c%s%0*d", "eE"[test_below(2)], sign,
                         1 + (int)test_below(4), rest < 0 ? -rest : rest);
    }
    return (str){dst, (size_t)used};
}

static void parsing_agrees_with_the_oracle(void **state)
{
    for (int i = 0; i < 500000; i++) {
        char digits[40], text[128];
        int n = 1 + (int)test_below(30);
        wide value = 0;
        for (int k = 0; k < n; k++) {
            /* many zeros, fives and nines: where rounding happens */
            static const char likely[] = "0005559990123456789";
            digits[k] =
                k == 0 ? (char)('1' + test_below(9)) : likely[test_below(sizeof likely - 1)];
            value = value * 10 + (digits[k] - '0');
        }
        digits[n] = '\0';
        int exponent = (int)test_below(60) - 45;
        wide expected = 0;
        bool fits = oracle_units(value, exponent, &expected);
        str spelled = random_spelling(digits, exponent, text, sizeof text);
        pico p;
        status st = pico_parse(spelled, &p);
        if (st != (fits ? ST_OK : ST_RANGE) || (fits && p.v != expected))
            fail_msg("%.*s", STR_ARG(spelled));
    }
}

static void decimals_say_whether_they_are_exact(void **state)
{
    static const struct {
        const char *text;
        int places;
        int64_t value;
        bool is_exact;
    } rows[] = {
        {"12", 0, 12, true},    {"12.0", 0, 12, true},   {"1.2e1", 0, 12, true},
        {"12.5", 0, 12, false}, {"0.05", 0, 0, false},   {"0e9", 0, 0, true},
        {"12.5", 1, 125, true}, {"1e-400", 2, 0, false}, {"-4.000", 0, -4, true},
        {"-0.5", 0, 0, false},  {"0.000", 0, 0, true},   {"13.5", 0, 14, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct decimal d;
        int64_t v;
        bool is_exact;
        assert_st(decimal_scan(str_c(rows[i].text), &d), ST_OK);
        assert_st(decimal_scale(&d, rows[i].places, &v, &is_exact), ST_OK);
        assert_int_equal(v, rows[i].value);
        assert_int_equal(is_exact, rows[i].is_exact);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_numbers),
        cmocka_unit_test(refuses_a_nul_and_reads_no_further_than_the_view),
        cmocka_unit_test(long_texts_are_exact_too),
        cmocka_unit_test(parses_amounts_as_people_type_them),
        cmocka_unit_test(writes_the_shortest_exact_text),
        cmocka_unit_test(writes_dollars_for_people),
        cmocka_unit_test(arithmetic_never_wraps),
        cmocka_unit_test(decimals_say_whether_they_are_exact),
        cmocka_unit_test(text_and_back_is_the_same),
        cmocka_unit_test(sums_agree_with_128_bits),
        cmocka_unit_test(parsing_agrees_with_the_oracle),
    };
    return cmocka_run_group_tests_name("money_pico", tests, NULL, NULL);
}

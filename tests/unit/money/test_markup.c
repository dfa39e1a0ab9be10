/* Markup: one rounding, half to even; checked by its definition instead of by a second division. */
#include "unit/testing.h"
#include "money/pico.h"

typedef __int128 wide;

static void parses_rates(void **state)
{
    static const struct {
        const char *text;
        status st;
        int64_t ppm;
    } rows[] = {
        {"1.3", ST_OK, 1300000},
        {"1", ST_OK, 1000000},
        {"1.0", ST_OK, 1000000},
        {"0.000001", ST_OK, 1},
        {"100", ST_OK, 100000000},
        {"1.1500000", ST_OK, 1150000},
        {"13e-1", ST_OK, 1300000},
        {"1.3000000000000000444", ST_OK, 1300000}, /* what a double makes of 1.3 */
        {"0", ST_RANGE, 0},
        {"0.0", ST_RANGE, 0},
        {"-1.3", ST_RANGE, 0},
        {"100.000001", ST_RANGE, 0},
        {"1e9", ST_RANGE, 0},
        {"1.3000001", ST_RANGE, 0},
        {"0.0000001", ST_RANGE, 0},
        {"", ST_BAD_REQUEST, 0},
        {"1,3", ST_BAD_REQUEST, 0},
        {"30%", ST_BAD_REQUEST, 0},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        markup m = {777};
        print_message("# %s\n", rows[i].text);
        assert_st(markup_parse(str_c(rows[i].text), &m), rows[i].st);
        assert_int_equal(m.ppm, rows[i].st == ST_OK ? rows[i].ppm : 777);
    }
}

static void writes_rates(void **state)
{
    char dst[PICO_TEXT_CAP];
    assert_str(markup_text((markup){1300000}, dst), STR("1.3"));
    assert_str(markup_text((markup){1000000}, dst), STR("1"));
    assert_str(markup_text((markup){1}, dst), STR("0.000001"));
    assert_str(markup_text((markup){100000000}, dst), STR("100"));
    for (int64_t ppm = 1; ppm <= MARKUP_MAX_PPM; ppm += 1 + (int64_t)test_below(2000)) {
        markup back;
        assert_st(markup_parse(markup_text((markup){ppm}, dst), &back), ST_OK);
        assert_int_equal(back.ppm, ppm);
    }
}

static void the_seed_example(void **state)
{
    pico cost, billed;
    assert_st(pico_parse(STR("0.00154"), &cost), ST_OK);
    assert_st(markup_apply(cost, (markup){1300000}, &billed), ST_OK);
    char dst[PICO_TEXT_CAP];
    assert_str(pico_text(billed, dst), STR("0.002002"));
}

static void ties_go_to_even(void **state)
{
    static const struct {
        int64_t cost, ppm, billed;
    } rows[] = {
        {1, 500000, 0},    {3, 500000, 2},   {5, 500000, 2},   {7, 500000, 4},  {-1, 500000, 0},
        {-3, 500000, -2},  {-5, 500000, -2}, {1, 1500000, 2},  {3, 1500000, 4}, {1, 2500000, 2},
        {1, 499999, 0},    {1, 500001, 1},   {-1, 500001, -1}, {1, 1300000, 1}, {5, 1300000, 6},
        {15, 1300000, 20}, {0, 1300000, 0},  {7, 0, 0},        {500000, 1, 0},  {1500000, 1, 2},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        pico billed;
        assert_st(markup_apply(PICO(rows[i].cost), (markup){rows[i].ppm}, &billed), ST_OK);
        if (billed.v != rows[i].billed)
            fail_msg("%lld x %lld = %lld", (long long)rows[i].cost, (long long)rows[i].ppm,
                     (long long)billed.v);
    }
}

static void too_much_is_refused(void **state)
{
    pico billed = PICO(777);
    assert_st(markup_apply(PICO_MAX, (markup){1000001}, &billed), ST_RANGE);
    assert_st(markup_apply(PICO(INT64_MIN), (markup){1000001}, &billed), ST_RANGE);
    assert_st(markup_apply(PICO(1), (markup){-1}, &billed), ST_RANGE);
    assert_st(markup_apply(PICO(1), (markup){MARKUP_MAX_PPM + 1}, &billed), ST_RANGE);
    assert_int_equal(billed.v, 777);
    assert_st(markup_apply(PICO_MAX, (markup){1000000}, &billed), ST_OK);
    assert_int_equal(billed.v, INT64_MAX);
    assert_st(markup_apply(PICO(INT64_MIN), (markup){1000000}, &billed), ST_OK);
    assert_int_equal(billed.v, INT64_MIN);
}

/* The nearest whole number, the even one of two: |billed x 10^6 - cost x ppm| says so without
 * dividing. */
static bool is_nearest(wide billed, wide product)
{
    wide off = billed * 1000000 - product;
    wide distance = off < 0 ? -off : off;
    return distance < 500000 || (distance == 500000 && billed % 2 == 0);
}

static void every_amount_is_the_nearest(void **state)
{
    for (int i = 0; i < 400000; i++) {
        int64_t cost = (int64_t)(test_random() >> test_below(64)) * (test_below(2) != 0 ? 1 : -1);
        int64_t ppm = 1 + (int64_t)test_below(MARKUP_MAX_PPM);
        if (test_below(2) != 0)
            ppm -= ppm % 500000 - 500000; /* ties are frequent */
        if (ppm > MARKUP_MAX_PPM)
            ppm = MARKUP_MAX_PPM;
        wide product = (wide)cost * ppm;
        pico billed;
        status st = markup_apply(PICO(cost), (markup){ppm}, &billed);
        if (st == ST_OK)
            assert_true(is_nearest(billed.v, product));
        else
            assert_true(product > (wide)INT64_MAX * 1000000 || product < (wide)INT64_MIN * 1000000);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_rates),        cmocka_unit_test(writes_rates),
        cmocka_unit_test(the_seed_example),    cmocka_unit_test(ties_go_to_even),
        cmocka_unit_test(too_much_is_refused), cmocka_unit_test(every_amount_is_the_nearest),
    };
    return cmocka_run_group_tests_name("money_markup", tests, NULL, NULL);
}

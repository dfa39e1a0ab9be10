/* Bounds, estimates and max_price. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "codec/json.h"
#include "openrouter/pricing.h"

static const struct model model = {
    .context_length = 200000,
    .price = {.is_known = true,
              .prompt = PICO(3000000),
              .completion = PICO(15000000),
              .request = PICO(1000000000),
              .image = PICO(4800000000),
              .reasoning = PICO(16000000),
              .cache_write = PICO(3750000),
              .web_search = PICO(10000000000)},
    .list_prompt = PICO(2000000),
    .list_completion = PICO(14000000),
};

static int64_t worst(const struct model *m, struct request_bounds b)
{
    pico p;
    assert_int_equal(pricing_worst_case(m, &b, &p), ST_OK);
    return p.v;
}

/* R1 */
static void test_worst_case(void **state)
{
    const int64_t request = 1000000000;
    assert_int_equal(worst(&model, (struct request_bounds){0}), request);
    assert_int_equal(worst(&model, (struct request_bounds){.prompt_bytes = 100, .max_tokens = 10}),
                     request + 100 * 3750000 + 10 * 16000000);
    assert_int_equal(worst(&model, (struct request_bounds){.images = 2}),
                     request + 2 * (INT64_C(4800000000) + 4096 * INT64_C(3750000)));
    assert_int_equal(worst(&model, (struct request_bounds){.web_searches = 3}),
                     request + 3 * INT64_C(10000000000));
    assert_int_equal(worst(&model, (struct request_bounds){.remote_files = 2}),
                     request + 200000 * INT64_C(3750000));
    assert_int_equal(worst(&model, (struct request_bounds){.has_tools = true}),
                     request + 1024 * INT64_C(3750000));
}

static void test_every_input_and_output_price_counts(void **state)
{
    struct model m = {.price = {.is_known = true, .prompt = PICO(1), .completion = PICO(2)}};
    struct request_bounds b = {.prompt_bytes = 10, .max_tokens = 10};
    assert_int_equal(worst(&m, b), 30);
    m.price.audio = PICO(4);
    assert_int_equal(worst(&m, b), 60);
    m.price.image_token = PICO(5);
    assert_int_equal(worst(&m, b), 70);
    m.price.audio_output = PICO(6);
    assert_int_equal(worst(&m, b), 110);
    m.price.image_output = PICO(30000000); /* per token */
    assert_int_equal(worst(&m, b), 50 + 300000000);
    m.price.image_output = PICO(40000000000); /* per picture */
    assert_int_equal(worst(&m, b), 110 + 10 * INT64_C(40000000000));
}

static void test_unknown_price_is_refused(void **state)
{
    struct model m = {.price = {.is_known = false}};
    struct request_bounds b = {.prompt_bytes = 1};
    pico p = PICO(42);
    int64_t tokens;
    assert_int_equal(pricing_worst_case(&m, &b, &p), ST_UNPROCESSABLE);
    assert_int_equal(pricing_estimate(&m, 1, 1, &p), ST_UNPROCESSABLE);
    assert_int_equal(pricing_affordable_tokens(&m, &b, PICO_MAX, &tokens), ST_UNPROCESSABLE);
    assert_int_equal(p.v, 42);
}

/* R2 */
static void test_overflow_is_an_error(void **state)
{
    static const struct request_bounds bounds[] = {
        {.prompt_bytes = INT64_MAX},
        {.max_tokens = INT64_MAX},
        {.images = INT64_MAX},
        {.web_searches = INT64_MAX},
        {.max_tokens = INT64_MAX / 16000000},
    };
    pico p = PICO(42);
    for (size_t i = 0; i < COUNT_OF(bounds); i++)
        assert_int_equal(pricing_worst_case(&model, &bounds[i], &p), ST_RANGE);
    assert_int_equal(pricing_estimate(&model, INT64_MAX, 1, &p), ST_RANGE);
    assert_int_equal(p.v, 42);
}

static void test_affordable_tokens(void **state)
{
    struct request_bounds b = {.prompt_bytes = 100, .max_tokens = 0};
    int64_t base = worst(&model, b), tokens = -1;
    assert_int_equal(pricing_affordable_tokens(&model, &b, PICO(base - 1), &tokens), ST_OK);
    assert_int_equal(tokens, 0);
    assert_int_equal(
        pricing_affordable_tokens(&model, &b, PICO(base + 16000000 * 7 + 15999999), &tokens),
        ST_OK);
    assert_int_equal(tokens, 7);
    b.max_tokens = 7;
    assert_true(worst(&model, b) <= base + 16000000 * 7 + 15999999);
    struct model free = {.price = {.is_known = true, .is_free = true}};
    assert_int_equal(pricing_affordable_tokens(&free, &b, PICO(0), &tokens), ST_OK);
    assert_true(tokens == INT64_MAX);
}

static void test_estimate(void **state)
{
    pico p;
    assert_int_equal(pricing_estimate(&model, 1000, 100, &p), ST_OK);
    assert_int_equal(p.v, 1000 * INT64_C(2000000) + 100 * INT64_C(14000000) + 1000000000);
}

static void test_per_million(void **state)
{
    static const struct {
        int64_t unit;
        const char *text;
    } rows[] = {
        {0, "0"},         {3000000, "3"},        {37500, "0.0375"},
        {1, "0.000001"},  {1500001, "1.500001"}, {INT64_MAX, "9223372036854.775807"},
        {10000000, "10"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[PICO_TEXT_CAP];
        str got = pricing_per_million(PICO(rows[i].unit), text);
        assert_string_equal(text, rows[i].text);
        assert_int_equal(got.n, strlen(rows[i].text));
    }
}

static void check_max_price(struct request_bounds b, const char *persons, const char *want)
{
    struct json v;
    struct buf out;
    buf_init(&out, 1024);
    if (persons != NULL)
        assert_int_equal(json_check(str_c(persons), &v, NULL), ST_OK);
    pricing_add_max_price(&model, &b, persons != NULL ? &v : NULL, &out);
    assert_string_equal(buf_z(&out), want);
    buf_free(&out);
}

/* R3 */
static void test_max_price(void **state)
{
    struct request_bounds plain = {0}, rich = {.images = 1, .has_audio = true};
    check_max_price(plain, NULL, "{\"prompt\":\"3\",\"completion\":\"15\",\"request\":\"0.001\"}");
    check_max_price(
        rich, NULL,
        "{\"prompt\":\"3\",\"completion\":\"15\",\"request\":\"0.001\",\"image\":\"0.0048\","
        "\"audio\":\"0\"}");
    check_max_price(
        plain, "{\"prompt\":\"2.5\",\"completion\":16,\"request\":0.0005,\"image\":\"0.5\"}",
        "{\"prompt\":\"2.5\",\"completion\":\"15\",\"request\":\"0.0005\",\"image\":\"0.5\"}");
    check_max_price(plain,
                    "{\"prompt\":\"-1\",\"completion\":\"cheap\",\"request\":null,\"audio\":[]}",
                    "{\"prompt\":\"3\",\"completion\":\"15\",\"request\":\"0.001\"}");
    check_max_price(plain, "7", "{\"prompt\":\"3\",\"completion\":\"15\",\"request\":\"0.001\"}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_worst_case),
        cmocka_unit_test(test_every_input_and_output_price_counts),
        cmocka_unit_test(test_unknown_price_is_refused),
        cmocka_unit_test(test_overflow_is_an_error),
        cmocka_unit_test(test_affordable_tokens),
        cmocka_unit_test(test_estimate),
        cmocka_unit_test(test_per_million),
        cmocka_unit_test(test_max_price),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

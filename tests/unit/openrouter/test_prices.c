/* Prices of the catalogue: worst case, unknown, free. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "openrouter/prices.h"

static struct model_price read_as(const char *text, bool is_embedding)
{
    struct json v;
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, 4096);
    assert_int_equal(json_check(str_c(text), &v, NULL), ST_OK);
    return prices_read(v, is_embedding, &a);
}

static struct model_price read(const char *text)
{
    return read_as(text, false);
}

static void test_plain_prices(void **state)
{
    struct model_price p =
        read("{\"prompt\":\"0.000003\",\"completion\":\"0.000015\",\"image\":\"0.0048\","
             "\"request\":\"0\",\"internal_reasoning\":\"0.00002\","
             "\"web_search\":\"0.01\",\"audio\":\"0.0000375\",\"new_kind\":\"x\"}");
    assert_true(p.is_known);
    assert_false(p.is_free);
    assert_int_equal(p.prompt.v, 3000000);
    assert_int_equal(p.completion.v, 15000000);
    assert_int_equal(p.image.v, 4800000000);
    assert_int_equal(p.reasoning.v, 20000000);
    assert_int_equal(p.web_search.v, 10000000000);
    assert_int_equal(p.audio.v, 37500000);
}

static void test_numbers_and_exponents(void **state)
{
    struct model_price p = read("{\"prompt\":3e-06,\"completion\":\"1.5E-5\",\"discount\":0.5}");
    assert_true(p.is_known);
    assert_int_equal(p.prompt.v, 3000000);
    assert_int_equal(p.completion.v, 15000000);
}

/* P1 */
static void test_worst_of_overrides(void **state)
{
    struct model_price p = read(
        "{\"prompt\":\"0.000001\",\"completion\":\"0.000002\",\"input_cache_write\":\"0.00000125\","
        "\"input_cache_write_1h\":\"0.000002\",\"overrides\":[{\"min_prompt_tokens\":200000,"
        "\"prompt\":\"0.000002\",\"completion\":\"0.000003\"},{\"utc_start\":0,\"utc_end\":800,"
        "\"prompt\":\"0.0000005\",\"completion\":\"0.000001\",\"input_cache_write_1h\":\"0."
        "000004\"}]}");
    assert_true(p.is_known);
    assert_int_equal(p.prompt.v, 2000000);
    assert_int_equal(p.completion.v, 3000000);
    assert_int_equal(p.cache_write.v, 4000000);
}

/* P2 */
static void test_unknown_prices(void **state)
{
    static const char *const texts[] = {
        "{\"prompt\":\"-1\",\"completion\":\"-1\"}",
        "{\"prompt\":\"0.1\",\"completion\":\"-0\"}",
        "{\"prompt\":\"0.1\"}",
        "{\"completion\":\"0.1\"}",
        "{\"prompt\":\"\",\"completion\":\"0\"}",
        "{\"prompt\":\"free\",\"completion\":\"0\"}",
        "{\"prompt\":\"0.1\",\"completion\":\"0x1\"}",
        "{\"prompt\":\"0.1\",\"completion\":\"0.1\",\"request\":\"-1\"}",
        "{\"prompt\":\"0.1\",\"completion\":\"0.1\",\"image\":true}",
        "{\"prompt\":\"99999999999\",\"completion\":\"0.1\"}",
        "{\"prompt\":\"0.1\",\"completion\":\"0.1\",\"overrides\":[{\"prompt\":\"-1\"}]}",
        "{\"prompt\":\"0.1\",\"completion\":\"0.1\",\"overrides\":{\"prompt\":\"9\"}}",
        "{\"prompt\":\"0.1\",\"completion\":\"0.1\",\"overrides\":[7]}",
        "{}",
        "[]",
        "null",
        "7",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct model_price p = read(texts[i]);
        if (p.is_known || p.is_free || p.prompt.v != 0)
            fail_msg("believed: %s", texts[i]);
    }
}

static void test_null_is_absent(void **state)
{
    assert_true(
        read("{\"prompt\":\"1\",\"completion\":\"1\",\"image\":null,\"overrides\":null}").is_known);
    assert_false(read("{\"prompt\":null,\"completion\":\"1\"}").is_known);
}

/* P3 */
static void test_free_and_nearly_free(void **state)
{
    assert_true(read("{\"prompt\":\"0\",\"completion\":\"0.0\",\"request\":\"0e3\"}").is_free);
    struct model_price p = read("{\"prompt\":\"1e-15\",\"completion\":\"0\"}");
    assert_false(p.is_free);
    assert_int_equal(p.prompt.v, 1);
    assert_false(read("{\"prompt\":\"0\",\"completion\":\"0\",\"web_search\":\"0.005\"}").is_free);
}

static void test_embedding_needs_no_completion(void **state)
{
    assert_true(read_as("{\"prompt\":\"0.00000002\"}", true).is_known);
    assert_false(read_as("{\"completion\":\"0\"}", true).is_known);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_plain_prices),
        cmocka_unit_test(test_numbers_and_exponents),
        cmocka_unit_test(test_worst_of_overrides),
        cmocka_unit_test(test_unknown_prices),
        cmocka_unit_test(test_null_is_absent),
        cmocka_unit_test(test_free_and_nearly_free),
        cmocka_unit_test(test_embedding_needs_no_completion),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

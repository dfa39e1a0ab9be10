/* What an answer says about a call, and how its usage is shown to client people. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "openrouter/usage.h"

static struct arena arena;

static int start(void **state)
{
    arena_init(&arena, 1 << 16);
    return 0;
}

static int stop(void **state)
{
    arena_free(&arena);
    return 0;
}

static struct json checked(const char *text)
{
    struct json v;
    assert_int_equal(json_check(str_c(text), &v, NULL), ST_OK);
    return v;
}

static struct usage_event read(const char *text)
{
    struct usage_event ev;
    usage_read(checked(text), &arena, &ev);
    return ev;
}

static struct usage usage_of(const char *usage_text)
{
    str text = arena_printf(&arena, "{\"usage\":%s}", usage_text);
    struct usage_event ev;
    struct json v;
    assert_int_equal(json_check(text, &v, NULL), ST_OK);
    usage_read(v, &arena, &ev);
    return ev.usage;
}

static void assert_str(str got, const char *want)
{
    if (!str_eq(got, str_c(want)))
        fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(got), want);
}

#define USAGE                                                                                      \
    "{\"prompt_tokens\":9,\"completion_tokens\":1,\"total_tokens\":10,\"cost\":0.0000105,\"is_"    \
    "byok\":false,"                                                                                \
    "\"prompt_tokens_details\":{\"cached_tokens\":4},\"cost_details\":{\"upstream_inference_"      \
    "cost\":0.0000105,"                                                                            \
    "\"upstream_inference_prompt_cost\":0.000009},\"completion_tokens_details\":{\"reasoning_"     \
    "tokens\":1}}"

static void test_plain_answer(void **state)
{
    struct usage_event ev = read(
        "{\"id\":\"gen-1-A\",\"object\":\"chat.completion\",\"model\":\"sim/"
        "echo\",\"provider\":\"Sim\","
        "\"choices\":[{\"index\":0,\"finish_reason\":\"stop\",\"message\":{\"role\":\"assistant\","
        "\"content\":\"Hi\"}}],\"usage\":" USAGE "}");
    assert_str(ev.id, "gen-1-A");
    assert_str(ev.model, "sim/echo");
    assert_str(ev.provider, "Sim");
    assert_str(ev.finish_reason, "stop");
    assert_true(ev.has_delta);
    assert_int_equal(ev.delta_bytes, 4);
    assert_str(ev.content.raw, "\"Hi\"");
    assert_false(ev.has_error);
    assert_true(ev.usage.is_present && ev.usage.has_tokens);
    assert_int_equal(ev.usage.prompt_tokens, 9);
    assert_int_equal(ev.usage.completion_tokens, 1);
    assert_int_equal(ev.usage.total_tokens, 10);
    assert_int_equal(ev.usage.cached_tokens, 4);
    assert_int_equal(ev.usage.reasoning_tokens, 1);
    assert_int_equal(ev.usage.cost_state, USAGE_COST_KNOWN);
    assert_int_equal(ev.usage.cost.v, 10500000);
    assert_str(ev.usage.cost_text, "0.0000105");
    assert_str(ev.usage.raw, USAGE);
}

static void test_deltas(void **state)
{
    struct usage_event ev =
        read("{\"choices\":[{\"delta\":{\"content\":\"\",\"role\":\"assistant\"},"
             "\"finish_reason\":null}]}");
    assert_false(ev.has_delta);
    assert_null(ev.finish_reason.p);
    assert_null(ev.id.p);
    assert_false(ev.usage.is_present);
    assert_true(read("{\"choices\":[{\"delta\":{\"content\":\"x\"}}]}").has_delta);
    assert_true(
        read("{\"choices\":[{\"delta\":{\"content\":null,\"reasoning\":\"hm\"}}]}").has_delta);
    assert_true(read("{\"choices\":[{\"delta\":{\"tool_calls\":[{\"index\":0}]}}]}").has_delta);
    assert_true(
        read("{\"choices\":[{\"delta\":{\"reasoning_details\":[{\"type\":\"t\"}]}}]}").has_delta);
    assert_true(read("{\"choices\":[{\"text\":\"old\"}]}").has_delta);
    assert_false(
        read("{\"choices\":[{\"delta\":{\"content\":null,\"tool_calls\":[]}}]}").has_delta);
    assert_null(read("{\"choices\":[{\"delta\":{\"content\":null}}]}").content.raw.p);
}

static void test_the_four_usage_chunks(void **state)
{
    static const char *const shapes[] = {
        "{\"id\":\"g\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":null}],"
        "\"usage\":" USAGE "}",
        "{\"id\":\"g\",\"choices\":[],\"usage\":" USAGE "}",
        "{\"id\":\"g\",\"choices\":[{\"delta\":{\"content\":\"\"},\"finish_reason\":\"stop\"}],"
        "\"usage\":" USAGE "}",
        "{\"id\":\"g\",\"error\":{\"code\":502,\"message\":\"x\"},\"choices\":[],\"usage\":" USAGE
        "}",
    };
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        struct usage_event ev = read(shapes[i]);
        assert_int_equal(ev.usage.cost.v, 10500000);
        assert_false(ev.has_delta);
        assert_int_equal(ev.has_error, i == 3);
    }
}

static void test_errors(void **state)
{
    struct usage_event ev =
        read("{\"error\":{\"code\":429,\"message\":\"slow \\\"down\\\"\"},\"user_id\":\"u\"}");
    assert_true(ev.has_error);
    assert_int_equal(ev.error_code, 429);
    assert_str(ev.error_message, "slow \"down\"");
    ev = read("{\"error\":{\"code\":\"server_error\",\"message\":\"m\"},\"choices\":[]}");
    assert_true(ev.has_error);
    assert_int_equal(ev.error_code, 0);
    ev = read("{\"error\":{\"code\":\"503\"}}");
    assert_int_equal(ev.error_code, 503);
    ev = read("{\"error\":\"just text\"}");
    assert_true(ev.has_error);
    assert_str(ev.error_message, "just text");
    ev = read(
        "{\"choices\":[{\"finish_reason\":\"error\",\"error\":{\"code\":502,\"message\":\"gone\"},"
        "\"message\":{\"content\":\"part\"}}]}");
    assert_true(ev.has_error && ev.has_delta);
    assert_int_equal(ev.error_code, 502);
    assert_false(read("{\"error\":null}").has_error);
    assert_false(read("{\"choices\":[{\"error\":null}]}").has_error);
}

/* U1: missing is not zero, zero is not missing. */
static void test_cost_states(void **state)
{
    static const struct {
        const char *usage;
        enum usage_cost_state state;
        int64_t cost;
    } rows[] = {
        {"{\"prompt_tokens\":1}", USAGE_COST_MISSING, 0},
        {"{\"cost\":null}", USAGE_COST_NULL, 0},
        {"{\"cost\":0}", USAGE_COST_KNOWN, 0},
        {"{\"cost\":0.0}", USAGE_COST_KNOWN, 0},
        {"{\"cost\":9.25e-06}", USAGE_COST_KNOWN, 9250000},
        {"{\"cost\":0.0076509169000000005}", USAGE_COST_KNOWN, 7650916900},
        {"{\"cost\":12}", USAGE_COST_KNOWN, INT64_C(12000000000000)},
        {"{\"cost\":-0.1}", USAGE_COST_BROKEN, 0},
        {"{\"cost\":\"0.1\"}", USAGE_COST_BROKEN, 0},
        {"{\"cost\":1e30}", USAGE_COST_BROKEN, 0},
        {"{\"cost\":{}}", USAGE_COST_BROKEN, 0},
        {"{\"cost\":0.5,\"cost\":null}", USAGE_COST_NULL, 0},
        {"{\"c\\u006fst\":0.5}", USAGE_COST_KNOWN, INT64_C(500000000000)},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct usage u = usage_of(rows[i].usage);
        pico total = PICO(-7);
        assert_true(u.is_present);
        assert_int_equal(u.cost_state, rows[i].state);
        bool is_known = rows[i].state == USAGE_COST_KNOWN;
        assert_int_equal(usage_cost_total(&u, &total), is_known ? ST_OK : ST_NOT_FOUND);
        assert_int_equal(total.v, is_known ? rows[i].cost : -7);
    }
}

static void test_usage_of_other_types(void **state)
{
    static const char *const texts[] = {"null", "7", "[]", "\"cost\"", "true"};
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        assert_false(usage_of(texts[i]).is_present);
    assert_false(read("[]").usage.is_present);
    assert_false(read("7").has_error);
    struct usage u =
        usage_of("{\"prompt_tokens\":-5,\"completion_tokens\":1.5,\"total_tokens\":\"9\","
                 "\"prompt_tokens_details\":null,\"completion_tokens_details\":7}");
    assert_false(u.has_tokens);
    assert_int_equal(u.prompt_tokens + u.completion_tokens + u.total_tokens, 0);
}

/* U2 */
static void test_upstream_cost_only_for_byok(void **state)
{
    struct usage u =
        usage_of("{\"cost\":0.01,\"cost_details\":{\"upstream_inference_cost\":0.01}}");
    pico total;
    assert_int_equal(usage_cost_total(&u, &total), ST_OK);
    assert_int_equal(total.v, INT64_C(10000000000));
    u = usage_of(
        "{\"cost\":0.01,\"is_byok\":true,\"cost_details\":{\"upstream_inference_cost\":0.2}}");
    assert_int_equal(usage_cost_total(&u, &total), ST_OK);
    assert_int_equal(total.v, INT64_C(210000000000));
    u = usage_of(
        "{\"cost\":0,\"is_byok\":true,\"cost_details\":{\"upstream_inference_cost\":null}}");
    assert_int_equal(usage_cost_total(&u, &total), ST_NOT_FOUND);
    u = usage_of("{\"cost\":9000000,\"is_byok\":true,\"cost_details\":{\"upstream_inference_cost\":"
                 "9000000}}");
    assert_int_equal(usage_cost_total(&u, &total), ST_RANGE);
}

static void test_generation_record(void **state)
{
    struct usage_record r;
    usage_read_record(
        checked(
            "{\"id\":\"gen-9\",\"created_at\":\"2026-11-23T10:00:00.123456+00:00\",\"model\":\"m\","
            "\"provider_name\":\"Sim\",\"usage\":0.5,\"total_cost\":0.25,\"is_byok\":false,"
            "\"cancelled\":true,\"external_user\":\"u-1\",\"finish_reason\":\"stop\","
            "\"tokens_prompt\":1,\"native_tokens_prompt\":11,\"native_tokens_completion\":12,"
            "\"native_tokens_reasoning\":3,\"native_tokens_cached\":null,"
            "\"upstream_inference_cost\":null}"),
        &arena, &r);
    assert_str(r.event.id, "gen-9");
    assert_str(r.event.provider, "Sim");
    assert_str(r.external_user, "u-1");
    assert_true(r.is_cancelled);
    assert_int_equal(r.event.usage.cost.v, INT64_C(250000000000));
    assert_int_equal(r.event.usage.prompt_tokens, 11);
    assert_int_equal(r.event.usage.completion_tokens, 12);
    assert_int_equal(r.event.usage.total_tokens, 23);
    assert_int_equal(r.event.usage.reasoning_tokens, 3);
    usage_read_record(
        checked("{\"total_cost\":0.1,\"is_byok\":true,\"upstream_inference_cost\":0.9}"), &arena,
        &r);
    pico total;
    assert_int_equal(usage_cost_total(&r.event.usage, &total), ST_OK);
    assert_int_equal(total.v, PICO_PER_USD);
    usage_read_record(checked("{\"usage\":0.1,\"is_byok\":true}"), &arena, &r);
    assert_int_equal(usage_cost_total(&r.event.usage, &total), ST_OK);
    assert_int_equal(total.v, PICO_PER_USD / 10);
    usage_read_record(checked("{\"id\":\"x\"}"), &arena, &r);
    assert_int_equal(usage_cost_total(&r.event.usage, &total), ST_NOT_FOUND);
    assert_null(r.external_user.p);
}

static void check_bill(const char *usage, int64_t billed, const char *want)
{
    struct buf out;
    buf_init(&out, 1 << 16);
    struct json v = checked(usage);
    usage_bill(v.raw, PICO(billed), &out);
    assert_string_equal(buf_z(&out), want);
    struct json again;
    assert_int_equal(json_check(buf_view(&out), &again, NULL), ST_OK);
    buf_free(&out);
}

/* U3 */
static void test_bill(void **state)
{
    check_bill(
        USAGE, 13650000,
        "{\"prompt_tokens\":9,\"completion_tokens\":1,\"total_tokens\":10,\"cost\":0.00001365,"
        "\"prompt_tokens_details\":{\"cached_tokens\":4},"
        "\"completion_tokens_details\":{\"reasoning_tokens\":1}}");
    check_bill("{ \"a\" : 1.50 ,\"cost\" : null , \"z\":\"\\u00e9\" }", 5,
               "{ \"a\" : 1.50 ,\"cost\" : 0.000000000005 , \"z\":\"\\u00e9\" }");
    check_bill("{\"prompt_tokens\":1}", 0, "{\"prompt_tokens\":1,\"cost\":0}");
    check_bill("{}", 7000000000000, "{\"cost\":7}");
    check_bill("{\"cost\":1,\"cost\":2}", 3000000000000, "{\"cost\":3,\"cost\":3}");
    check_bill(
        "{\"is_byok\":true,\"cost_details\":{\"x\":1},\"upstream_cost\":1,\"Cost_USD\":2,"
        "\"c\\u006fst_details\":3,\"byok_fee\":4,\"cache_discount\":5,\"unit_price\":6,\"ok\":7}",
        1000000000000, "{\"ok\":7,\"cost\":1}");
}

static void test_bill_of_nonsense(void **state)
{
    struct buf text;
    buf_init(&text, 1 << 16);
    buf_add_char(&text, '{');
    for (int i = 0; i < 40; i++)
        buf_addf(&text, "\"cost_%d\":1,", i);
    buf_add(&text, STR("\"a\":1}"));
    check_bill(buf_z(&text), 2, "{\"cost\":0.000000000002}");
    buf_free(&text);
    check_bill("{\"a\\u0000b\":1,\"cost\":9}", 2, "{\"cost\":0.000000000002}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_plain_answer, start, stop),
        cmocka_unit_test_setup_teardown(test_deltas, start, stop),
        cmocka_unit_test_setup_teardown(test_the_four_usage_chunks, start, stop),
        cmocka_unit_test_setup_teardown(test_errors, start, stop),
        cmocka_unit_test_setup_teardown(test_cost_states, start, stop),
        cmocka_unit_test_setup_teardown(test_usage_of_other_types, start, stop),
        cmocka_unit_test_setup_teardown(test_upstream_cost_only_for_byok, start, stop),
        cmocka_unit_test_setup_teardown(test_generation_record, start, stop),
        cmocka_unit_test_setup_teardown(test_bill, start, stop),
        cmocka_unit_test_setup_teardown(test_bill_of_nonsense, start, stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

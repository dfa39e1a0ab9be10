/* The relay of an answer: whole texts in, the same result for any way the bytes are cut (C6: no raw cost comes out). */
#include "unit/testing.h"
#include "gateway/relay.h"

#define CHUNK(more) "data: {\"id\":\"gen-1\",\"object\":\"chat.completion.chunk\",\"model\":\"m/x\",\"provider\":\"P\"," more "}\n\n"
#define TEXT(t) CHUNK("\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"" t "\"},\"finish_reason\":null}]")
#define USAGE(u) CHUNK("\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"stop\"}],\"usage\":" u)
#define USAGE_FULL                                                                                                     \
    "{\"prompt_tokens\":9,\"completion_tokens\":1,\"total_tokens\":10,\"cost\":0.0000105,\"is_byok\":false,"           \
    "\"cost_details\":{\"upstream_inference_cost\":0.0000105}}"
#define USAGE_BILLED "{\"prompt_tokens\":9,\"completion_tokens\":1,\"total_tokens\":10,\"cost\":0.00001365}"

static const char stream_in[] = ": OPENROUTER PROCESSING\n\n" TEXT("Hi") TEXT(" za\\u017c\xc3\xb3\xc5\x82\xc4\x87") USAGE(USAGE_FULL) "data: [DONE]\n\n";
static const char stream_out[] = ": OPENROUTER PROCESSING\n\n" TEXT("Hi") TEXT(" za\\u017c\xc3\xb3\xc5\x82\xc4\x87") USAGE(USAGE_BILLED);

struct run {
    struct relay r;
    struct buf out;
};

static void run_init(struct run *x, bool is_stream)
{
    markup m;
    assert_st(markup_parse(STR("1.3"), &m), ST_OK);
    relay_init(&x->r, is_stream, m);
    buf_init(&x->out, 1 << 20);
}

static void run_free(struct run *x)
{
    relay_free(&x->r);
    buf_free(&x->out);
}

static void feed(struct run *x, str bytes)
{
    assert_st(relay_feed(&x->r, bytes), ST_OK);
    buf_add(&x->out, buf_view(&x->r.out));
    buf_clear(&x->r.out);
}

static void check_stream(struct run *x)
{
    assert_str(buf_view(&x->out), str_c(stream_out));
    assert_str(buf_view(&x->r.held), STR("data: [DONE]\n\n"));
    assert_true(x->r.is_done && x->r.has_cost && x->r.has_tokens && !x->r.has_error);
    assert_int_equal(x->r.cost.v, 10500000);
    assert_int_equal(x->r.billed.v, 13650000);
    assert_int_equal(x->r.prompt_tokens, 9);
    assert_string_equal(x->r.id, "gen-1");
    assert_string_equal(x->r.model, "m/x");
    assert_string_equal(x->r.cost_text, "0.0000105");
}

static void a_stream_cut_in_two_at_every_byte(void **state)
{
    (void)state;
    str all = str_c(stream_in);
    for (size_t cut = 0; cut <= all.n; cut++) {
        struct run x;
        run_init(&x, true);
        feed(&x, str_sub(all, 0, cut));
        feed(&x, str_from(all, cut));
        relay_finish(&x.r);
        check_stream(&x);
        run_free(&x);
    }
}

static void a_stream_byte_by_byte(void **state)
{
    (void)state;
    struct run x;
    run_init(&x, true);
    for (size_t i = 0; i < sizeof stream_in - 1; i++)
        feed(&x, str_sub(str_c(stream_in), i, 1));
    check_stream(&x);
    run_free(&x);
}

static void a_plain_answer_cut_at_every_byte(void **state)
{
    (void)state;
    str all = STR("\n         \n\n         \n{\"id\":\"gen-2\",\"model\":\"m/x\",\"choices\":[{\"message\":{\"content\":\"ok\"}}],\"usage\":" USAGE_FULL "}");
    str padding = STR("\n         \n\n         \n");
    str billed = STR("\n         \n\n         \n{\"id\":\"gen-2\",\"model\":\"m/x\",\"choices\":[{\"message\":{\"content\":\"ok\"}}],\"usage\":" USAGE_BILLED "}");
    for (size_t cut = 0; cut <= all.n; cut++) {
        struct run x;
        run_init(&x, false);
        feed(&x, str_sub(all, 0, cut));
        feed(&x, str_from(all, cut));
        /* white space may have gone before the answer; nothing else before the end */
        assert_true(x.out.n <= padding.n && str_starts(padding, buf_view(&x.out)));
        relay_finish(&x.r);
        assert_true(x.r.is_done && x.r.has_cost);
        buf_add(&x.out, buf_view(&x.r.held));
        assert_str(buf_view(&x.out), billed);
        run_free(&x);
    }
}

/* Line ends, other fields and white space around the object are the supplier's. */
static void the_lines_around_usage_stay(void **state)
{
    (void)state;
    static const char *const around[][2] = {{"data: ", "\r\n\r\n"}, {": note\nid: 7\ndata:  ", " \nretry: 5\n\n"}, {"data:", "\r\r"}};
    for (size_t i = 0; i < COUNT_OF(around); i++) {
        struct run x;
        MAI_AUTO(buf_free) struct buf in, out;
        buf_init(&in, 10000);
        buf_init(&out, 10000);
        buf_addf(&in, "%s{\"id\":\"g\",\"usage\":%s}%s", around[i][0], USAGE_FULL, around[i][1]);
        buf_addf(&out, "%s{\"id\":\"g\",\"usage\":%s}%s", around[i][0], USAGE_BILLED, around[i][1]);
        run_init(&x, true);
        feed(&x, buf_view(&in));
        feed(&x, STR(": more\n\n"));
        assert_true(str_starts(buf_view(&x.out), buf_view(&out)));
        run_free(&x);
    }
}

static void the_last_usage_wins(void **state)
{
    (void)state;
    struct run x;
    run_init(&x, true);
    feed(&x, STR(USAGE("{\"prompt_tokens\":1,\"completion_tokens\":1,\"cost\":5e-6}") USAGE("{\"prompt_tokens\":2,\"completion_tokens\":7,\"cost\":9.25e-06}")));
    assert_int_equal(x.r.cost.v, 9250000);
    assert_int_equal(x.r.completion_tokens, 7);
    run_free(&x);
}

static void usage_without_cost_is_not_zero(void **state)
{
    (void)state;
    static const char *const shapes[] = {"{\"prompt_tokens\":9,\"completion_tokens\":1}", "{\"prompt_tokens\":9,\"completion_tokens\":1,\"cost\":null}"};
    for (size_t i = 0; i < COUNT_OF(shapes); i++) {
        struct run x;
        MAI_AUTO(buf_free) struct buf in;
        buf_init(&in, 10000);
        buf_addf(&in, "data: {\"id\":\"g\",\"choices\":[],\"usage\":%s}\n\n", shapes[i]);
        run_init(&x, true);
        feed(&x, buf_view(&in));
        assert_true(x.r.has_usage && !x.r.has_cost && x.r.has_tokens);
        assert_true(str_find(buf_view(&x.out), STR("cost")) == x.out.n);
        run_free(&x);
    }
}

static void zero_is_a_cost(void **state)
{
    (void)state;
    struct run x;
    run_init(&x, true);
    feed(&x, STR(USAGE("{\"prompt_tokens\":9,\"completion_tokens\":1,\"cost\":0}")));
    assert_true(x.r.has_cost && x.r.cost.v == 0);
    run_free(&x);
}

static void byok_adds_the_upstream_cost(void **state)
{
    (void)state;
    struct run x;
    run_init(&x, true);
    feed(&x, STR(USAGE("{\"prompt_tokens\":9,\"completion_tokens\":1,\"cost\":0.001,\"is_byok\":true,\"cost_details\":{\"upstream_inference_cost\":0.02}}")));
    assert_int_equal(x.r.cost.v, 21000000000);
    assert_true(str_find(buf_view(&x.out), STR("byok")) == x.out.n);
    run_free(&x);
}

static void errors_are_seen_and_pass(void **state)
{
    (void)state;
    struct run x;
    run_init(&x, true);
    str event = STR("data: {\"id\":\"g\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"\"},\"finish_reason\":\"error\"}],\"error\":{\"code\":502,\"message\":\"broken\"}}\n\n");
    feed(&x, event);
    assert_str(buf_view(&x.out), event);
    assert_true(x.r.has_error && x.r.error_code == 502);
    run_free(&x);
}

static void what_cannot_be_read_does_not_go_on(void **state)
{
    (void)state;
    struct run x;
    run_init(&x, true);
    feed(&x, STR("data: {\"cost\":0.5,\n\n" TEXT("a")));
    assert_str(buf_view(&x.out), STR(TEXT("a")));
    assert_true(x.r.is_broken);
    run_free(&x);
}

static void an_unfinished_event_at_the_end_counts(void **state)
{
    (void)state;
    struct run x;
    run_init(&x, true);
    feed(&x, STR("data: {\"id\":\"g\",\"choices\":[],\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"cost\":0.5}}"));
    assert_false(x.r.has_cost);
    relay_finish(&x.r);
    assert_true(x.r.has_cost && x.r.cost.v == PICO_PER_USD / 2);
    run_free(&x);
}

static void an_empty_plain_answer_is_broken(void **state)
{
    (void)state;
    struct run x;
    run_init(&x, false);
    feed(&x, STR("\n   \n"));
    relay_finish(&x.r);
    assert_true(x.r.is_broken && !x.r.is_done);
    run_free(&x);
}

static void a_giant_event_is_refused(void **state)
{
    (void)state;
    struct run x;
    run_init(&x, true);
    MAI_AUTO(buf_free) struct buf big;
    buf_init(&big, RELAY_MAX_EVENT_BYTES * 2);
    buf_add(&big, STR("data: "));
    memset(buf_reserve(&big, RELAY_MAX_EVENT_BYTES), 'x', RELAY_MAX_EVENT_BYTES);
    buf_grow_by(&big, RELAY_MAX_EVENT_BYTES);
    assert_st(relay_feed(&x.r, buf_view(&big)), ST_TOO_BIG);
    run_free(&x);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_cut_in_two_at_every_byte), cmocka_unit_test(a_stream_byte_by_byte),
        cmocka_unit_test(a_plain_answer_cut_at_every_byte),  cmocka_unit_test(the_lines_around_usage_stay),
        cmocka_unit_test(the_last_usage_wins),
        cmocka_unit_test(usage_without_cost_is_not_zero),    cmocka_unit_test(zero_is_a_cost),
        cmocka_unit_test(byok_adds_the_upstream_cost),       cmocka_unit_test(errors_are_seen_and_pass),
        cmocka_unit_test(what_cannot_be_read_does_not_go_on), cmocka_unit_test(an_unfinished_event_at_the_end_counts),
        cmocka_unit_test(an_empty_plain_answer_is_broken),   cmocka_unit_test(a_giant_event_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

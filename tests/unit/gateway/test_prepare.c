/* The body policy: what goes upstream, what is refused, what is put in. */
#include "unit/testing.h"
#include "gateway/prepare.h"

static const char models_body[] =
    "{\"data\":[{\"id\":\"a/m\",\"canonical_slug\":\"a/m\",\"name\":\"M\",\"created\":1,\"context_length\":100000,"
    "\"architecture\":{\"input_modalities\":[\"text\"],\"output_modalities\":[\"text\"]},"
    "\"pricing\":{\"prompt\":\"0.000001\",\"completion\":\"0.000002\"},\"top_provider\":{\"max_completion_tokens\":4096}}]}";

static struct call_rules rules(void)
{
    return (struct call_rules){.kind = CALL_CHAT, .external_user = STR("mai_u1"), .session_id = STR_NONE};
}

struct result {
    struct arena arena;
    struct call_plan plan;
    struct err e;
    status st;
    struct buf out;
};

static void read_body(struct result *x, str body, const struct call_rules *r)
{
    *x = (struct result){0};
    arena_init(&x->arena, 1 << 22);
    buf_init(&x->out, 1 << 22);
    x->st = plan_read(body, r, &x->arena, &x->plan, &x->e);
}

static void free_result(struct result *x)
{
    arena_free(&x->arena);
    buf_free(&x->out);
}

static void expect(const char *body, const struct call_rules *r, int64_t max_tokens, const char *out)
{
    struct result x;
    read_body(&x, str_c(body), r);
    assert_st(x.st, ST_OK);
    assert_st(plan_write(&x.plan, r, max_tokens, NULL, &x.arena, &x.out), ST_OK);
    assert_str(buf_view(&x.out), str_c(out));
    free_result(&x);
}

static void refuse(const char *body, const struct call_rules *r, status st)
{
    struct result x;
    read_body(&x, str_c(body), r);
    if (x.st != st)
        print_error("body: %s\n", body);
    assert_st(x.st, st);
    assert_true(x.e.text[0] != '\0');
    free_result(&x);
}

#define MSG "\"messages\":[{\"role\":\"user\",\"content\":\"hi\"}]"

static void other_bytes_stay(void **state)
{
    (void)state;
    struct call_rules r = rules();
    expect("{ \"model\":\"a/m\" , " MSG ",\"temperature\":0.70000000000000000001,\"seed\":123456789012345678901234567890}", &r, 0,
           "{ \"model\":\"a/m\" , " MSG ",\"temperature\":0.70000000000000000001,\"seed\":123456789012345678901234567890,\"user\":\"mai_u1\"}");
}

static void foreign_members_do_not_leave(void **state)
{
    (void)state;
    struct call_rules r = rules();
    expect("{\"chat_id\":\"c\",\"id\":\"i\",\"model\":\"a/m\",\"features\":{},\"variables\":{\"{{USER_NAME}}\":\"Ann\"}," MSG
           ",\"metadata\":{\"a\":\"b\"},\"trace\":{},\"user\":\"spoofed\",\"session_id\":\"s\",\"stream_options\":{\"include_usage\":true},\"unknown_tomorrow\":1}",
           &r, 0, "{\"model\":\"a/m\"," MSG ",\"user\":\"mai_u1\"}");
}

static void an_escaped_name_is_the_same_member(void **state)
{
    (void)state;
    struct call_rules r = rules();
    refuse("{\"model\":\"a/m\"," MSG ",\"plug\\u0069ns\":[{\"id\":\"web\"}]}", &r, ST_FORBIDDEN);
    expect("{\"model\":\"a/m\"," MSG ",\"us\\u0065r\":\"spoofed\"}", &r, 0, "{\"model\":\"a/m\"," MSG ",\"us\\u0065r\":\"mai_u1\"}");
}

static void a_member_named_twice_is_refused(void **state)
{
    (void)state;
    struct call_rules r = rules();
    refuse("{\"model\":\"a/m\",\"model\":\"b/expensive\"," MSG "}", &r, ST_BAD_REQUEST);
    refuse("{\"model\":\"a/m\"," MSG ",\"provider\":{\"zdr\":false,\"zd\\u0072\":true}}", &r, ST_BAD_REQUEST);
}

static void hidden_costs_are_refused_unless_allowed(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "{\"model\":\"a/m\"," MSG ",\"plugins\":[{\"id\":\"web\"}]}",
        "{\"model\":\"a/m\"," MSG ",\"models\":[\"b/x\"]}",
        "{\"model\":\"a/m\"," MSG ",\"web_search_options\":{}}",
        "{\"model\":\"a/m\"," MSG ",\"service_tier\":\"priority\"}",
        "{\"model\":\"a/m\"," MSG ",\"tools\":[{\"type\":\"openrouter:web_search\"}]}",
        "{\"model\":\"a/m\"," MSG ",\"transforms\":[\"middle-out\"]}",
        "{\"model\":\"a/m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"file\",\"file\":{\"file_data\":\"x\"}}]}]}",
    };
    struct call_rules r = rules(), allowed = rules();
    allowed.allows_extras = true;
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct result x;
        refuse(bodies[i], &r, ST_FORBIDDEN);
        read_body(&x, str_c(bodies[i]), &allowed);
        assert_st(x.st, ST_OK);
        free_result(&x);
    }
}

static void wrong_shapes_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        status st;
    } rows[] = {
        {"", ST_BAD_REQUEST},
        {"[]", ST_BAD_REQUEST},
        {"{\"model\":\"a/m\"}", ST_BAD_REQUEST},
        {"{" MSG "}", ST_BAD_REQUEST},
        {"{\"model\":7," MSG "}", ST_BAD_REQUEST},
        {"{\"model\":\"\"," MSG "}", ST_BAD_REQUEST},
        {"{\"model\":\"a/m\",\"messages\":[]}", ST_BAD_REQUEST},
        {"{\"model\":\"a/m\",\"messages\":\"hi\"}", ST_BAD_REQUEST},
        {"{\"model\":\"a/m\",\"messages\":[1]}", ST_BAD_REQUEST},
        {"{\"model\":\"a/m\"," MSG ",\"stream\":\"yes\"}", ST_BAD_REQUEST},
        {"{\"model\":\"a/m\"," MSG ",\"max_tokens\":-1}", ST_UNPROCESSABLE},
        {"{\"model\":\"a/m\"," MSG ",\"max_tokens\":1.5}", ST_UNPROCESSABLE},
        {"{\"model\":\"a/m\"," MSG ",\"max_tokens\":1e99}", ST_UNPROCESSABLE},
        {"{\"model\":\"a/m\"," MSG ",\"provider\":[]}", ST_BAD_REQUEST},
        {"{\"model\":\"a/m\"," MSG ",\"tools\":{}}", ST_BAD_REQUEST},
        {"{\"model\":\"a/m\"," MSG "} trailing", ST_BAD_REQUEST},
        {"{\"model\":\"a/m\",\"messages\":[{\"role\":\"user\",\"content\":\"\xff\"}]}", ST_BAD_REQUEST},
    };
    struct call_rules r = rules();
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        refuse(rows[i].body, &r, rows[i].st);
}

static void too_many_foreign_members_are_refused(void **state)
{
    (void)state;
    struct call_rules r = rules();
    MAI_AUTO(buf_free) struct buf b;
    buf_init(&b, 1 << 16);
    buf_add(&b, STR("{\"model\":\"a/m\"," MSG));
    for (int i = 0; i < 100; i++)
        buf_addf(&b, ",\"x%d\":1", i);
    buf_add_char(&b, '}');
    refuse(buf_z(&b), &r, ST_UNPROCESSABLE);
}

static void privacy_and_session_are_put_in(void **state)
{
    (void)state;
    struct call_rules r = rules();
    r.deny_data_collection = r.zero_data_retention = true;
    r.session_id = STR("abc");
    expect("{\"model\":\"a/m\"," MSG "}", &r, 1000,
           "{\"model\":\"a/m\"," MSG ",\"user\":\"mai_u1\",\"session_id\":\"abc\",\"provider\":{\"data_collection\":\"deny\",\"zdr\":true},\"max_tokens\":1000}");
    expect("{\"model\":\"a/m\"," MSG ",\"provider\":{\"data_collection\":\"allow\",\"order\":[\"x\"]},\"max_tokens\":5}", &r, 1000,
           "{\"model\":\"a/m\"," MSG ",\"provider\":{\"data_collection\":\"deny\",\"order\":[\"x\"],\"zdr\":true},\"max_tokens\":5,\"user\":\"mai_u1\",\"session_id\":\"abc\"}");
}

static void the_ceiling_keeps_a_lower_price(void **state)
{
    (void)state;
    struct models *m;
    struct call_rules r = rules();
    struct result x;
    assert_st(models_parse(str_c(models_body), STR(""), 1, &m, NULL), ST_OK);
    read_body(&x, STR("{\"model\":\"a/m\"," MSG ",\"provider\":{\"max_price\":{\"prompt\":\"0.5\",\"completion\":99}}}"), &r);
    assert_st(x.st, ST_OK);
    assert_st(plan_write(&x.plan, &r, 0, models_at(m, 0), &x.arena, &x.out), ST_OK);
    str out = buf_view(&x.out);
    assert_true(str_find(out, STR("\"0.5\"")) < out.n); /* the person's own, lower */
    assert_true(str_find(out, STR("99")) == out.n);      /* ours is lower: 2 per million */
    free_result(&x);
    models_unref(m);
}

static void inline_images_are_images_not_text(void **state)
{
    (void)state;
    struct call_rules r = rules();
    struct result x;
    MAI_AUTO(buf_free) struct buf b;
    buf_init(&b, 1 << 20);
    buf_add(&b, STR("{\"model\":\"a/m\",\"messages\":[{\"role\":\"user\",\"content\":[{\"type\":\"text\",\"text\":\"what?\"},"
                    "{\"type\":\"image_url\",\"image_url\":{\"url\":\"data:image/png;base64,"));
    for (int i = 0; i < 100000; i++)
        buf_add_char(&b, 'A');
    buf_add(&b, STR("\"}}]}]}"));
    read_body(&x, buf_view(&b), &r);
    assert_st(x.st, ST_OK);
    assert_int_equal(x.plan.bounds.images, 1);
    assert_in_range(x.plan.bounds.prompt_bytes, 50, 300);
    free_result(&x);
}

static void embeddings_have_their_own_members(void **state)
{
    (void)state;
    struct call_rules r = rules();
    r.kind = CALL_EMBEDDING;
    expect("{\"model\":\"e/m\",\"input\":[\"a\",\"b\"],\"encoding_format\":\"float\",\"stream\":true,\"messages\":[]}", &r, 0,
           "{\"model\":\"e/m\",\"input\":[\"a\",\"b\"],\"encoding_format\":\"float\",\"user\":\"mai_u1\"}");
    refuse("{\"model\":\"e/m\",\"input\":[]}", &r, ST_BAD_REQUEST);
    refuse("{\"model\":\"e/m\",\"input\":7}", &r, ST_BAD_REQUEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(other_bytes_stay),
        cmocka_unit_test(foreign_members_do_not_leave),
        cmocka_unit_test(an_escaped_name_is_the_same_member),
        cmocka_unit_test(a_member_named_twice_is_refused),
        cmocka_unit_test(hidden_costs_are_refused_unless_allowed),
        cmocka_unit_test(wrong_shapes_are_refused),
        cmocka_unit_test(too_many_foreign_members_are_refused),
        cmocka_unit_test(privacy_and_session_are_put_in),
        cmocka_unit_test(the_ceiling_keeps_a_lower_price),
        cmocka_unit_test(inline_images_are_images_not_text),
        cmocka_unit_test(embeddings_have_their_own_members),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

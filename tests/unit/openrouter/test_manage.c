/* Management calls against a server that answers what real ones answer, and what they should
 * not. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "codec/json.h"
#include "openrouter/manage.h"
#include "peer.h"

#include <stdio.h>
#include <stdlib.h>

#define KEY "sk-or-v1-0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define HASH "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define KEY_JSON(hash)                                                                             \
    "{\"hash\":\"" hash                                                                            \
    "\",\"label\":\"sk-or-v1-012...def\",\"name\":\"Caf\\u00e9\",\"disabled\":false,"              \
    "\"limit\":100.5,\"limit_remaining\":-0.25,\"limit_reset\":\"monthly\",\"usage\":0.0000105,"   \
    "\"usage_daily\":9.25e-06,\"usage_weekly\":1,\"usage_monthly\":2,\"created_at\":\"2026-11-"    \
    "01T00:00:00Z\","                                                                              \
    "\"updated_at\":null,\"external_user\":null,\"new_member\":{}}"

static struct arena arena;
static struct err err;

static struct openrouter *client(const struct peer *p, int64_t timeout_ms)
{
    struct openrouter *o = NULL;
    struct openrouter_conf conf = {
        .base_url = str_c(p->base), .allow_private = true, .timeout_ms = timeout_ms};
    assert_int_equal(openrouter_new(&conf, &o, &err), ST_OK);
    return o;
}

/* ---- scripts ---- */

struct answer {
    int code;
    const char *headers, *body;
};

/* Answers each request with the next row (the last one again and again), on any connection. */
static void answers(struct peer *p)
{
    const struct answer *row = p->ctx;
    int fd;
    while ((fd = peer_wait_any(p)) >= 0) {
        if (fd == p->listener) {
            peer_accept(p);
        } else if (!peer_read(p, fd)) {
            peer_close(p, fd);
        } else {
            peer_answer(fd, row->code, row->headers, row->body);
            row += row[1].body != NULL;
        }
    }
}

static int start(void **state)
{
    arena_init(&arena, 1 << 20);
    err = (struct err){0};
    return 0;
}

static int stop(void **state)
{
    arena_free(&arena);
    return 0;
}

static void assert_str(str got, const char *want)
{
    if (!str_eq(got, str_c(want)))
        fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(got), want);
}

static void assert_sent(const struct peer *p, const char *text)
{
    str last = buf_view(&p->last);
    if (str_find(last, str_c(text)) == last.n)
        fail_msg("\"%s\" was not sent in:\n%.*s", text, STR_ARG(last));
}

/* ---- addresses ---- */

static struct openrouter *real(void)
{
    struct openrouter *o = NULL;
    struct openrouter_conf conf = {.base_url = STR("https://openrouter.ai/api/v1//"),
                                   .timeout_ms = 15000};
    assert_int_equal(openrouter_new(&conf, &o, NULL), ST_OK);
    return o;
}

static void test_base_address(void **state)
{
    struct openrouter *o = real();
    static const char *const same[] = {
        "https://openrouter.ai/api/v1",     "https://openrouter.ai/api/v1/",
        "HTTPS://OpenRouter.AI/api/v1",     "https://openrouter.ai:443/api/v1",
        " https://openrouter.ai/api/v1// ",
    };
    static const char *const other[] = {
        "http://openrouter.ai/api/v1",
        "https://openrouter.ai/api/v2",
        "https://openrouter.ai/API/v1",
        "https://openrouter.ai:8443/api/v1",
        "https://openrouter.ai.evil.example/api/v1",
        "https://openrouter.ai@evil.example/api/v1",
        "https://evil.example/?https://openrouter.ai/api/v1",
        "https://openrouter.ai/api/v1?x=1",
        "https://openrouter.ai/api/v1#x",
        "openrouter.ai/api/v1",
        "",
        "https://openrouter.ai",
        "https://openrouter.ai/api/v1/../v1",
    };
    for (size_t i = 0; i < COUNT_OF(same); i++)
        if (!openrouter_is_base(o, str_c(same[i])))
            fail_msg("not the base: %s", same[i]);
    for (size_t i = 0; i < COUNT_OF(other); i++)
        if (openrouter_is_base(o, str_c(other[i])))
            fail_msg("the base: %s", other[i]);
    assert_str(openrouter_base_url(o), "https://openrouter.ai/api/v1");
    openrouter_free(o);
}

static void test_bad_configuration(void **state)
{
    static const char *const bad[] = {
        "",         "openrouter.ai",     "ftp://openrouter.ai", "file:///etc/passwd",
        "https://", "https://u:p@host/", "https://host/?q=1"};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct openrouter *o = NULL;
        struct openrouter_conf conf = {.base_url = str_c(bad[i]), .timeout_ms = 1000};
        assert_int_equal(openrouter_new(&conf, &o, &err), ST_BAD_REQUEST);
        assert_null(o);
        assert_true(err.text[0] != '\0');
    }
    openrouter_free(NULL);
}

static void test_limit_resets(void **state)
{
    enum limit_reset r;
    assert_true(limit_reset_parse(STR("weekly"), &r) && r == RESET_WEEKLY);
    assert_str(limit_reset_text(RESET_MONTHLY), "monthly");
    assert_null(limit_reset_text(RESET_NONE).p);
    assert_false(limit_reset_parse(STR("yearly"), &r));
}

/* ---- keys ---- */

static void test_create(void **state)
{
    static const struct answer rows[] = {
        {201, "", "\n         \n{\"data\":" KEY_JSON(HASH) ",\"key\":\"" KEY "\"}"}, {0}};
    struct peer p;
    peer_start(&p, answers, rows);
    struct openrouter *o = client(&p, 5000);
    struct openrouter_key_change c = {.set_name = true,
                                      .name = STR("Caf\xc3\xa9 \"A\""),
                                      .set_limit = true,
                                      .has_limit = true,
                                      .limit = PICO(INT64_C(100500000000000)),
                                      .set_reset = true,
                                      .reset = RESET_MONTHLY};
    struct openrouter_key key;
    str secret;
    assert_int_equal(openrouter_key_create(o, STR("mgmt"), &c, &arena, &key, &secret, &err), ST_OK);
    peer_stop(&p);
    assert_str(secret, KEY);
    assert_str(key.hash, HASH);
    assert_str(key.name, "Caf\xc3\xa9");
    assert_true(key.has_limit && !key.is_disabled);
    assert_int_equal(key.limit.v, INT64_C(100500000000000));
    assert_int_equal(key.limit_remaining.v, INT64_C(-250000000000));
    assert_int_equal(key.reset, RESET_MONTHLY);
    assert_int_equal(key.usage.v, 10500000);
    assert_int_equal(key.usage_daily.v, 9250000);
    assert_null(key.updated_at.p);
    assert_sent(&p, "POST /api/v1/keys HTTP/1.1\r\n");
    assert_sent(&p, "\r\nAuthorization: Bearer mgmt\r\n");
    assert_sent(
        &p,
        "\r\n\r\n{\"name\":\"Caf\xc3\xa9 \\\"A\\\"\",\"limit\":100.5,\"limit_reset\":\"monthly\"}");
    assert_int_equal(str_find(buf_view(&p.last), STR("Expect:")), p.last.n);
    openrouter_free(o);
    peer_free(&p);
}

static void test_update_and_delete(void **state)
{
    static const struct answer rows[] = {{200, "", "{\"data\":" KEY_JSON(HASH) "}"},
                                         {200, "", "{\"deleted\":true}"},
                                         {200, "", "{\"deleted\":false}"},
                                         {0}};
    struct peer p;
    peer_start(&p, answers, rows);
    struct openrouter *o = client(&p, 5000);
    struct openrouter_key_change c = {
        .set_disabled = true, .is_disabled = true, .set_limit = true, .set_reset = true};
    struct openrouter_key key;
    assert_int_equal(openrouter_key_update(o, STR("mgmt"), STR(HASH), &c, &arena, &key, &err),
                     ST_OK);
    assert_int_equal(openrouter_key_delete(o, STR("mgmt"), STR(HASH), &err), ST_OK);
    assert_int_equal(openrouter_key_delete(o, STR("mgmt"), STR("../x?y"), &err), ST_UPSTREAM);
    assert_int_equal(openrouter_key_delete(o, STR("mgmt"), STR(""), &err), ST_BAD_REQUEST);
    peer_stop(&p);
    assert_int_equal(p.requests, 3);
    assert_sent(&p, "DELETE /api/v1/keys/..%2Fx%3Fy HTTP/1.1\r\n");
    openrouter_free(o);
    peer_free(&p);
}

static void test_update_sends_what_is_set(void **state)
{
    static const struct answer rows[] = {{200, "", "{\"data\":" KEY_JSON(HASH) "}"}, {0}};
    struct peer p;
    peer_start(&p, answers, rows);
    struct openrouter *o = client(&p, 5000);
    struct openrouter_key_change c = {
        .set_disabled = true, .is_disabled = true, .set_limit = true, .set_reset = true};
    struct openrouter_key key;
    assert_int_equal(openrouter_key_update(o, STR("mgmt"), STR(HASH), &c, &arena, &key, &err),
                     ST_OK);
    peer_stop(&p);
    assert_sent(&p, "PATCH /api/v1/keys/" HASH " HTTP/1.1\r\n");
    assert_sent(&p, "\r\n\r\n{\"disabled\":true,\"limit\":null,\"limit_reset\":null}");
    openrouter_free(o);
    peer_free(&p);
}

static void add_rows(struct buf *b, int from, int count)
{
    buf_add(b, STR("{\"data\":["));
    for (int i = from; i < from + count; i++)
        buf_addf(b, "%s{\"hash\":\"h%d\",\"limit\":null,\"usage\":%d}", i != from ? "," : "", i, i);
    buf_add(b, STR("]}"));
}

static void test_list_reads_all_pages(void **state)
{
    struct buf first, second;
    buf_init(&first, 1 << 20);
    buf_init(&second, 1 << 20);
    add_rows(&first, 0, 100);
    add_rows(&second, 99, 4); /* a new key shifted the rows: h99 comes twice */
    struct answer rows[] = {{200, "", buf_z(&first)}, {200, "", buf_z(&second)}, {0}};
    struct peer p;
    peer_start(&p, answers, rows);
    struct openrouter *o = client(&p, 5000);
    struct openrouter_key *keys;
    size_t count;
    assert_int_equal(openrouter_key_list(o, STR("mgmt"), &arena, &keys, &count, &err), ST_OK);
    peer_stop(&p);
    assert_int_equal(count, 103);
    assert_str(keys[102].hash, "h102");
    assert_false(keys[102].has_limit);
    assert_int_equal(p.requests, 2);
    assert_int_equal(p.connections, 1);
    assert_sent(&p, "GET /api/v1/keys?offset=100&include_disabled=true HTTP/1.1\r\n");
    openrouter_free(o);
    peer_free(&p);
    buf_free(&first);
    buf_free(&second);
}

static void test_answers_that_make_no_sense(void **state)
{
    static const char *const bodies[] = {
        "",
        "   \n ",
        "{",
        "[]",
        "null",
        "<html></html>",
        "{}",
        "{\"data\":null}",
        "{\"data\":[]}",
        "{\"data\":{\"hash\":\"h\",\"limit\":1}}",
        "{\"data\":{\"hash\":\"h\",\"usage\":1}}",
        "{\"data\":{\"hash\":\"\",\"limit\":1,\"usage\":1}}",
        "{\"data\":{\"hash\":7,\"limit\":1,\"usage\":1}}",
        "{\"data\":{\"hash\":\"h\",\"limit\":\"1\",\"usage\":1}}",
        "{\"data\":{\"hash\":\"h\",\"limit\":1e99,\"usage\":1}}",
        "{\"data\":{\"hash\":\"h\",\"limit\":1,\"usage\":null}}",
    };
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct answer rows[] = {{200, "", bodies[i]}, {0}};
        struct peer p;
        struct openrouter_key key;
        peer_start(&p, answers, rows);
        struct openrouter *o = client(&p, 5000);
        status st = openrouter_key_read(o, STR("mgmt"), STR(HASH), &arena, &key, &err);
        peer_stop(&p);
        if (st != ST_UPSTREAM)
            fail_msg("%s gave %s", bodies[i], status_name(st));
        openrouter_free(o);
        peer_free(&p);
    }
}

/* ---- other calls ---- */

static void test_current_key(void **state)
{
    static const struct answer rows[] = {
        {200, "",
         "{\"data\":{\"label\":\"l\",\"limit\":null,\"limit_remaining\":null,\"limit_reset\":null,"
         "\"usage\":1.5,\"usage_monthly\":0.5,\"is_free_tier\":false,\"is_management_key\":false,"
         "\"is_provisioning_key\":true,\"rate_limit\":{\"requests\":-1}}}"},
        {0}};
    struct peer p;
    peer_start(&p, answers, rows);
    struct openrouter *o = client(&p, 5000);
    struct openrouter_current_key key;
    assert_int_equal(openrouter_current_key(o, STR(KEY), &arena, &key, &err), ST_OK);
    peer_stop(&p);
    assert_true(!key.has_limit && key.is_management && !key.is_free_tier);
    assert_int_equal(key.usage.v, INT64_C(1500000000000));
    assert_sent(&p, "GET /api/v1/key HTTP/1.1\r\n");
    openrouter_free(o);
    peer_free(&p);
}

static void test_generation(void **state)
{
    static const struct answer rows[] = {
        {200, "",
         "{\"data\":{\"id\":\"gen-1\",\"model\":\"m\",\"total_cost\":0.25,\"usage\":0.25,"
         "\"native_tokens_prompt\":7,\"external_user\":\"u\\u00e9\",\"upstream_inference_cost\":9}"
         "}"},
        {200, "", "{\"data\":{\"id\":\"gen-2\",\"total_cost\":null}}"},
        {200, "", "{\"data\":{\"id\":\"gen-other\",\"total_cost\":1}}"},
        {404, "", "{\"error\":{\"message\":\"Generation gen-4 not found\",\"code\":404}}"},
        {0}};
    struct peer p;
    peer_start(&p, answers, rows);
    struct openrouter *o = client(&p, 5000);
    struct openrouter_generation g;
    assert_int_equal(openrouter_generation(o, STR(KEY), STR("gen-1"), &arena, &g, &err), ST_OK);
    assert_int_equal(g.total_cost.v, INT64_C(250000000000));
    assert_int_equal(g.upstream_cost.v, 0);
    assert_int_equal(g.prompt_tokens, 7);
    assert_str(g.external_user, "u\xc3\xa9");
    assert_true(str_starts(g.raw, STR("{\"id\":\"gen-1\"")));
    assert_int_equal(openrouter_generation(o, STR(KEY), STR("gen-2"), &arena, &g, &err),
                     ST_UPSTREAM);
    assert_int_equal(openrouter_generation(o, STR(KEY), STR("gen-3"), &arena, &g, &err),
                     ST_UPSTREAM);
    assert_int_equal(openrouter_generation(o, STR(KEY), STR("gen-4&x"), &arena, &g, &err),
                     ST_NOT_FOUND);
    assert_string_equal(err.text, "OpenRouter: Generation gen-4 not found");
    peer_stop(&p);
    assert_sent(&p, "GET /api/v1/generation?id=gen-4%26x HTTP/1.1\r\n");
    openrouter_free(o);
    peer_free(&p);
}

static void test_account(void **state)
{
    static const struct answer rows[] = {
        {200, "", "{\"data\":{\"total_credits\":10,\"total_usage\":0.5}}"},
        {200, "",
         "{\"data\":[{\"date\":\"2026-11-22\",\"model\":\"m\",\"provider_name\":\"P\",\"usage\":0."
         "25,"
         "\"requests\":3,\"prompt_tokens\":4,\"completion_tokens\":5}]}"},
        {200, "",
         "{\"data\":{\"data\":[{\"generation_id\":\"g1\",\"external_user\":\"u\",\"request_count\":"
         "\"1\"},"
         "{\"external_user\":\"u\"},{\"generation_id\":\"g2\",\"external_user\":null}],"
         "\"metadata\":{\"truncated\":false}}}"},
        {200, "", "{\"data\":{\"data\":[],\"metadata\":{\"truncated\":true}}}"},
        {200, "", "{\"data\":[{\"id\":\"m\"}]}"},
        {0}};
    struct peer p;
    peer_start(&p, answers, rows);
    struct openrouter *o = client(&p, 5000);
    struct openrouter_credits credits;
    assert_int_equal(openrouter_credits(o, STR("mgmt"), &credits, &err), ST_OK);
    assert_int_equal(credits.total_usage.v, PICO_PER_USD / 2);
    struct openrouter_activity *activity;
    size_t count;
    assert_int_equal(openrouter_activity(o, STR("mgmt"), STR("2026-11-22"), STR(HASH), &arena,
                                         &activity, &count, &err),
                     ST_OK);
    assert_int_equal(count, 1);
    assert_int_equal(activity[0].usage.v, PICO_PER_USD / 4);
    assert_int_equal(activity[0].requests, 3);
    struct openrouter_found_call *found;
    assert_int_equal(
        openrouter_find_calls(o, STR("mgmt"), STR(HASH), 0, 1000, &arena, &found, &count, &err),
        ST_OK);
    assert_int_equal(count, 2);
    assert_str(found[1].generation_id, "g2");
    assert_null(found[1].external_user.p);
    assert_int_equal(
        openrouter_find_calls(o, STR("mgmt"), STR(HASH), 0, 1000, &arena, &found, &count, &err),
        ST_TOO_BIG);
    struct buf body;
    buf_init(&body, 1 << 20);
    assert_int_equal(openrouter_models(o, true, &body, &err), ST_OK);
    assert_string_equal(buf_z(&body), "{\"data\":[{\"id\":\"m\"}]}");
    peer_stop(&p);
    assert_sent(&p, "GET /api/v1/embeddings/models HTTP/1.1\r\n");
    assert_int_equal(str_find(buf_view(&p.last), STR("Authorization")), p.last.n);
    buf_free(&body);
    openrouter_free(o);
    peer_free(&p);
}

/* ---- failures ---- */

static status read_key(const struct answer *rows, int64_t timeout_ms, int *requests_out)
{
    struct peer p;
    struct openrouter_key key;
    peer_start(&p, answers, rows);
    struct openrouter *o = client(&p, timeout_ms);
    status st = openrouter_key_read(o, STR(KEY), STR(HASH), &arena, &key, &err);
    peer_stop(&p);
    *requests_out = p.requests;
    openrouter_free(o);
    peer_free(&p);
    return st;
}

/* T3 */
static void test_status_table(void **state)
{
    static const struct {
        struct answer answer;
        status st;
    } rows[] = {
        {{400, "", "{\"error\":{\"code\":400,\"message\":\"m\"}}"}, ST_BAD_REQUEST},
        {{401, "", "{\"error\":{\"code\":401,\"message\":\"User not found.\"}}"},
         ST_UNAUTHENTICATED},
        {{402, "", "{\"error\":{\"code\":402,\"message\":\"m\"}}"}, ST_PAYMENT},
        {{403, "", "{\"error\":{\"code\":403,\"message\":\"m\"}}"}, ST_FORBIDDEN},
        {{404, "", "{\"error\":{\"code\":404,\"message\":\"m\"}}"}, ST_NOT_FOUND},
        {{409, "", "{\"error\":{\"code\":409,\"message\":\"m\"}}"}, ST_CONFLICT},
        {{429, "", "{\"error\":{\"code\":429,\"message\":\"m\"}}"}, ST_RATE_LIMITED},
        {{429, "", "<html>slow</html>"}, ST_RATE_LIMITED},
        {{500, "", "{\"error\":{\"code\":500,\"message\":\"m\"}}"}, ST_UPSTREAM},
        {{524, "", "<html></html>"}, ST_UPSTREAM_TIMEOUT},
        {{401, "", "<html>portal</html>"}, ST_UPSTREAM},
        {{403, "", "<html>Cloudflare</html>"}, ST_UPSTREAM},
        {{404, "", "<html>nothing here</html>"}, ST_UPSTREAM},
        {{404, "", "{}"}, ST_UPSTREAM},
        {{302, "Location: http://127.0.0.1:1/\r\n", ""}, ST_UPSTREAM},
        {{200, "", "\n   \n{\"error\":{\"code\":401,\"message\":\"m\"}}"}, ST_UNAUTHENTICATED},
        {{200, "", "{\"error\":{\"code\":\"odd\",\"message\":\"m\"}}"}, ST_UPSTREAM},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct answer list[] = {rows[i].answer, {0}};
        int requests;
        status st = read_key(list, 5000, &requests);
        if (st != rows[i].st || requests != 1)
            fail_msg("row %zu: %s after %d requests", i, status_name(st), requests);
    }
}

/* T2 */
static void test_keys_stay_out_of_errors(void **state)
{
    static const char *const bodies[] = {
        "{\"error\":{\"code\":400,\"message\":\"bad key " KEY "\"}}",
        "{\"error\":{\"code\":400,\"message\":\"bad key sk-or-v1-ffff\"}}",
        "{\"error\":{\"code\":400,\"message\":\"line\\nfeed\"}}",
        "{\"error\":{\"code\":400,\"message\":{\"a\":1}}}",
    };
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct answer list[] = {{400, "", bodies[i]}, {0}};
        int requests;
        assert_int_equal(read_key(list, 5000, &requests), ST_BAD_REQUEST);
        assert_string_equal(err.text, "OpenRouter answered with status 400");
    }
}

static void test_keys_that_are_none(void **state)
{
    static const char *const keys[] = {"a b", "a\r\nX-Evil: 1", "\xc3\xa9", "a\x7f", ""};
    static const struct answer rows[] = {{200, "", "{}"}, {0}};
    struct peer p;
    peer_start(&p, answers, rows);
    struct openrouter *o = client(&p, 5000);
    struct openrouter_current_key key;
    for (size_t i = 0; i < COUNT_OF(keys); i++)
        assert_int_equal(openrouter_current_key(o, str_c(keys[i]), &arena, &key, &err),
                         ST_UNAUTHENTICATED);
    peer_stop(&p);
    assert_int_equal(p.connections, 0);
    openrouter_free(o);
    peer_free(&p);
}

static void test_reads_are_repeated(void **state)
{
    static const struct answer mended[] = {{503, "", "{}"},
                                           {502, "Retry-After: 0\r\n", "x"},
                                           {200, "", "{\"data\":" KEY_JSON(HASH) "}"},
                                           {0}};
    static const struct answer broken[] = {{503, "", "{}"}, {0}};
    static const struct answer later[] = {{503, "Retry-After: 60\r\n", "{}"}, {0}};
    int requests;
    assert_int_equal(read_key(mended, 5000, &requests), ST_OK);
    assert_int_equal(requests, 3);
    assert_int_equal(read_key(broken, 5000, &requests), ST_UPSTREAM);
    assert_int_equal(requests, 3);
    assert_int_equal(read_key(later, 5000, &requests), ST_UPSTREAM);
    assert_int_equal(requests, 1);
    assert_int_equal(read_key(broken, 150, &requests), ST_UPSTREAM); /* T4: no time for a pause */
    assert_int_equal(requests, 1);
}

static struct openrouter_key_change named(void)
{
    return (struct openrouter_key_change){.set_name = true, .name = STR("n")};
}

/* T1 */
static void test_creation_is_never_repeated(void **state)
{
    static const struct answer rows[] = {{503, "", "{}"}, {0}};
    struct peer p;
    peer_start(&p, answers, rows);
    struct openrouter *o = client(&p, 5000);
    struct openrouter_key_change c = named();
    struct openrouter_key key;
    str secret;
    assert_int_equal(openrouter_key_create(o, STR("mgmt"), &c, &arena, &key, &secret, &err),
                     ST_UPSTREAM);
    peer_stop(&p);
    assert_int_equal(p.requests, 1);
    openrouter_free(o);
    peer_free(&p);
}

static bool is_post(const struct peer *p)
{
    return str_starts(buf_view(&p->last), STR("POST"));
}

/* Serves reads on any connection; a POST is read whole and then answered with a reset. */
static void resets_posts(struct peer *p)
{
    int fd;
    while ((fd = peer_wait_any(p)) >= 0) {
        if (fd == p->listener)
            peer_accept(p);
        else if (!peer_read(p, fd))
            peer_close(p, fd);
        else if (is_post(p))
            peer_reset(p, fd);
        else
            peer_answer(fd, 200, "", "{\"data\":" KEY_JSON(HASH) "}");
    }
}

static void test_creation_on_a_breaking_connection(void **state)
{
    struct peer p;
    struct openrouter_key_change c = named();
    struct openrouter_key key;
    str secret;
    peer_start(&p, resets_posts, NULL);
    struct openrouter *o = client(&p, 5000);
    assert_int_equal(openrouter_key_read(o, STR("mgmt"), STR(HASH), &arena, &key, &err), ST_OK);
    assert_int_equal(openrouter_key_create(o, STR("mgmt"), &c, &arena, &key, &secret, &err),
                     ST_UPSTREAM);
    peer_stop(&p);
    assert_int_equal(p.requests, 2); /* the read and one creation */
    openrouter_free(o);
    peer_free(&p);
}

static void never_answers(struct peer *p)
{
    int fd = peer_accept(p);
    if (fd < 0)
        return;
    peer_read(p, fd);
    peer_wait_gone(fd);
    peer_close(p, fd);
}

static void test_deadline(void **state)
{
    struct peer p;
    peer_start(&p, never_answers, NULL);
    struct openrouter *o = client(&p, 200);
    struct openrouter_credits credits;
    int64_t before = clock_mono_us();
    assert_int_equal(openrouter_credits(o, STR("mgmt"), &credits, &err), ST_UPSTREAM_TIMEOUT);
    assert_true(clock_mono_us() - before < 5000000);
    peer_stop(&p);
    openrouter_free(o);
    peer_free(&p);
}

static void floods(struct peer *p)
{
    static char block[65536];
    int fd = peer_accept(p);
    if (fd < 0 || !peer_read(p, fd))
        return;
    memset(block, ' ', sizeof block);
    peer_write(fd, "HTTP/1.1 200 OK\r\n\r\n");
    for (int i = 0; i < 64; i++)
        peer_write_n(fd, block, sizeof block);
    peer_close(p, fd);
}

static void test_answers_have_a_maximum(void **state)
{
    struct peer p;
    peer_start(&p, floods, NULL);
    struct openrouter *o = client(&p, 5000);
    struct openrouter_credits credits;
    assert_int_equal(openrouter_credits(o, STR("mgmt"), &credits, &err), ST_UPSTREAM);
    assert_string_equal(err.text, "OpenRouter's answer is larger than 1048576 bytes");
    peer_stop(&p);
    openrouter_free(o);
    peer_free(&p);
}

static void test_private_addresses_are_refused(void **state)
{
    static const struct answer rows[] = {
        {200, "", "{\"data\":{\"total_credits\":1,\"total_usage\":1}}"}, {0}};
    static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]"};
    struct peer p;
    peer_start(&p, answers, rows);
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        char base[80];
        struct openrouter *o = NULL;
        struct openrouter_credits credits;
        snprintf(base, sizeof base, "http://%s:%d/api/v1", hosts[i], p.port);
        struct openrouter_conf conf = {
            .base_url = str_c(base), .allow_private = false, .timeout_ms = 5000};
        assert_int_equal(openrouter_new(&conf, &o, &err), ST_OK);
        assert_int_equal(openrouter_credits(o, STR("mgmt"), &credits, &err), ST_UPSTREAM);
        str text = str_c(err.text);
        assert_true(str_find(text, STR("(loopback)")) < text.n);
        openrouter_free(o);
    }
    peer_stop(&p);
    assert_int_equal(p.connections, 0);
    peer_free(&p);
}

static void test_proxies_of_the_environment_are_ignored(void **state)
{
    static const struct answer rows[] = {
        {200, "", "{\"data\":{\"total_credits\":1,\"total_usage\":1}}"}, {0}};
    static const char *const names[] = {"http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"};
    struct peer p;
    peer_start(&p, answers, rows);
    struct openrouter *o = client(&p, 5000);
    struct openrouter_credits credits;
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_int_equal(setenv(names[i], "http://127.0.0.1:1", 1), 0);
    assert_int_equal(openrouter_credits(o, STR("mgmt"), &credits, &err), ST_OK);
    for (size_t i = 0; i < COUNT_OF(names); i++)
        unsetenv(names[i]);
    peer_stop(&p);
    openrouter_free(o);
    peer_free(&p);
}

static void test_nobody_listens(void **state)
{
    struct peer p;
    struct openrouter_credits credits;
    peer_start(&p, never_answers, NULL);
    struct openrouter *o = client(&p, 5000);
    peer_stop(&p);
    assert_int_equal(openrouter_credits(o, STR("mgmt"), &credits, &err), ST_UPSTREAM);
    openrouter_free(o);
    peer_free(&p);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_base_address),
        TEST(test_bad_configuration),
        TEST(test_limit_resets),
        TEST(test_create),
        TEST(test_update_and_delete),
        TEST(test_update_sends_what_is_set),
        TEST(test_list_reads_all_pages),
        TEST(test_answers_that_make_no_sense),
        TEST(test_current_key),
        TEST(test_generation),
        TEST(test_account),
        TEST(test_status_table),
        TEST(test_keys_stay_out_of_errors),
        TEST(test_keys_that_are_none),
        TEST(test_reads_are_repeated),
        TEST(test_creation_is_never_repeated),
        TEST(test_creation_on_a_breaking_connection),
        TEST(test_deadline),
        TEST(test_answers_have_a_maximum),
        TEST(test_private_addresses_are_refused),
        TEST(test_proxies_of_the_environment_are_ignored),
        TEST(test_nobody_listens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

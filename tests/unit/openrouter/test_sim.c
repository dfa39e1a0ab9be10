/* The whole room against openrouter-sim, which MAI_SIM names: keys, records, models, streams in
 * every framing. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "caller.h"
#include "codec/json.h"
#include "codec/sse.h"
#include "openrouter/manage.h"
#include "openrouter/models.h"
#include "openrouter/pricing.h"
#include "openrouter/usage.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANAGEMENT "sk-or-v1-management-demo-0000000000000000000000000000000000000000"
#define KEY "sk-test"

static pid_t sim_pid;
static char base[128];
static struct openrouter *o;
static struct arena arena;
static struct err err;

/* ---- the simulator ---- */

static void run_sim(int out)
{
    const char *path = getenv("MAI_SIM");
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    dup2(out, STDOUT_FILENO);
    execl(path, path, "--port", "0", "--inference-key", KEY, "--generation-delay-ms", "300",
          (char *)NULL);
    _exit(127);
}

static int start_sim(void **state)
{
    int ends[2];
    char line[256];
    if (getenv("MAI_SIM") == NULL || pipe(ends) != 0)
        return -1;
    sim_pid = fork();
    if (sim_pid == 0)
        run_sim(ends[1]);
    close(ends[1]);
    FILE *out = fdopen(ends[0], "r");
    const char *url = fgets(line, sizeof line, out) != NULL ? strstr(line, "http://") : NULL;
    fclose(out);
    if (url == NULL || !str_copy_z(str_trim(str_c(url)), base, sizeof base))
        return -1;
    struct openrouter_conf conf = {
        .base_url = str_c(base), .allow_private = true, .timeout_ms = 10000};
    return openrouter_new(&conf, &o, &err) == ST_OK ? 0 : -1;
}

static int stop_sim(void **state)
{
    openrouter_free(o);
    if (sim_pid <= 0)
        return -1;
    kill(sim_pid, SIGTERM);
    return waitpid(sim_pid, NULL, 0) == sim_pid ? 0 : -1;
}

static int start(void **state)
{
    arena_init(&arena, 4 << 20);
    err = (struct err){0};
    return 0;
}

static int stop(void **state)
{
    arena_free(&arena);
    return 0;
}

static void assert_ok(status st)
{
    if (st != ST_OK)
        fail_msg("%s: %s", status_name(st), err.text);
}

static void assert_str(str got, const char *want)
{
    if (!str_eq(got, str_c(want)))
        fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(got), want);
}

/* ---- management ---- */

static void test_life_of_a_key(void **state)
{
    struct openrouter_key_change c = {.set_name = true,
                                      .name = STR("Za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87"),
                                      .set_limit = true,
                                      .has_limit = true,
                                      .limit = PICO(50 * PICO_PER_USD),
                                      .set_reset = true,
                                      .reset = RESET_MONTHLY};
    struct openrouter_key key, again;
    struct openrouter_current_key current;
    str secret;
    assert_ok(openrouter_key_create(o, STR(MANAGEMENT), &c, &arena, &key, &secret, &err));
    assert_true(str_starts(secret, STR("sk-or-v1-")));
    assert_str(key.name, "Za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87");
    assert_int_equal(key.limit.v, 50 * PICO_PER_USD);
    assert_int_equal(key.reset, RESET_MONTHLY);
    assert_ok(openrouter_current_key(o, secret, &arena, &current, &err));
    assert_true(current.has_limit && !current.is_management);
    assert_int_equal(current.limit.v, 50 * PICO_PER_USD);
    struct openrouter_key_change change = {
        .set_limit = true, .set_disabled = true, .is_disabled = true};
    assert_ok(openrouter_key_update(o, STR(MANAGEMENT), key.hash, &change, &arena, &again, &err));
    assert_true(again.is_disabled && !again.has_limit);
    assert_ok(openrouter_key_read(o, STR(MANAGEMENT), key.hash, &arena, &again, &err));
    assert_true(again.is_disabled && str_eq(again.hash, key.hash));
    assert_int_equal(openrouter_current_key(o, secret, &arena, &current, &err), ST_UNAUTHENTICATED);
    assert_ok(openrouter_key_delete(o, STR(MANAGEMENT), key.hash, &err));
    assert_int_equal(openrouter_key_read(o, STR(MANAGEMENT), key.hash, &arena, &again, &err),
                     ST_NOT_FOUND);
}

static void test_keys_over_several_pages(void **state)
{
    enum { MADE = 105 };
    struct openrouter_key *keys;
    size_t before, after;
    assert_ok(openrouter_key_list(o, STR(MANAGEMENT), &arena, &keys, &before, &err));
    for (int i = 0; i < MADE; i++) {
        char name[16];
        snprintf(name, sizeof name, "key %d", i);
        struct openrouter_key_change c = {.set_name = true, .name = str_c(name)};
        struct openrouter_key key;
        str secret;
        assert_ok(openrouter_key_create(o, STR(MANAGEMENT), &c, &arena, &key, &secret, &err));
    }
    assert_ok(openrouter_key_list(o, STR(MANAGEMENT), &arena, &keys, &after, &err));
    assert_int_equal(after, before + MADE);
}

static void test_wrong_keys(void **state)
{
    struct openrouter_current_key current;
    struct openrouter_key *keys;
    size_t count;
    assert_int_equal(openrouter_current_key(o, STR("sk-or-v1-unknown"), &arena, &current, &err),
                     ST_UNAUTHENTICATED);
    assert_int_equal(openrouter_key_list(o, STR(KEY), &arena, &keys, &count, &err), ST_FORBIDDEN);
    assert_ok(openrouter_current_key(o, STR(MANAGEMENT), &arena, &current, &err));
    assert_true(current.is_management);
}

static void test_account(void **state)
{
    struct openrouter_credits credits;
    struct openrouter_activity *rows;
    size_t count;
    assert_ok(openrouter_credits(o, STR(MANAGEMENT), &credits, &err));
    assert_true(credits.total_credits.v > 0);
    assert_ok(
        openrouter_activity(o, STR(MANAGEMENT), STR_NONE, STR_NONE, &arena, &rows, &count, &err));
}

static void test_catalogue(void **state)
{
    struct buf list, embeddings;
    struct models *m = NULL;
    buf_init(&list, 16 << 20);
    buf_init(&embeddings, 16 << 20);
    assert_ok(openrouter_models(o, false, &list, &err));
    assert_ok(openrouter_models(o, true, &embeddings, &err));
    assert_ok(models_parse(buf_view(&list), buf_view(&embeddings), 1, &m, &err));
    size_t unknown = 0, free_ones = 0, embedding = 0;
    for (size_t i = 0; i < models_count(m); i++) {
        unknown += !models_at(m, i)->price.is_known;
        free_ones += models_at(m, i)->price.is_free;
        embedding += models_at(m, i)->is_embedding;
    }
    assert_true(unknown != 0 && free_ones != 0 && embedding != 0);
    const struct model *paid = models_find(m, STR("openai/gpt-4o-mini"));
    pico worst;
    struct request_bounds b = {.prompt_bytes = 1000, .max_tokens = 1000};
    assert_non_null(paid);
    assert_ok(pricing_worst_case(paid, &b, &worst));
    assert_true(worst.v > 0);
    models_unref(m);
    buf_free(&list);
    buf_free(&embeddings);
}

/* ---- streams ---- */

/* What the events of a stream said, the last word counting. */
struct said {
    char id[64];
    struct usage usage;
    struct buf usage_raw;
    bool has_error, is_done;
    size_t deltas;
};

static void read_event(struct said *s, str data)
{
    struct json v;
    struct usage_event ev;
    if (str_eq(data, STR("[DONE]"))) {
        s->is_done = true;
        return;
    }
    assert_int_equal(json_check(data, &v, &err), ST_OK);
    usage_read(v, &arena, &ev);
    if (s->id[0] == '\0')
        str_copy_z(ev.id, s->id, sizeof s->id);
    if (ev.usage.is_present)
        s->usage = ev.usage;
    s->has_error |= ev.has_error;
    s->deltas += ev.has_delta;
}

static void read_stream(const struct call *c, struct said *s)
{
    struct sse_scanner scanner;
    struct sse_event ev;
    sse_init(&scanner, 1 << 20);
    assert_int_equal(sse_feed(&scanner, buf_view(&c->bytes)), ST_OK);
    while (sse_next(&scanner, &ev))
        if (ev.data.p != NULL)
            read_event(s, arena_dup(&arena, ev.data));
    sse_free(&scanner);
}

static struct caller caller;

static struct call *stream(const char *model, struct said *s)
{
    char body[256];
    int n = snprintf(
        body, sizeof body,
        "{\"model\":\"%s\",\"stream\":true,\"user\":\"person-1\",\"messages\":[{\"role\":\"user\","
        "\"content\":\"Say hello to the world\"}]}",
        model);
    struct call *c = call_new(&caller);
    call_start(c, base, (str){body, (size_t)n}, true);
    assert_int_equal(c->started, ST_OK);
    assert_true(call_wait_end(c));
    *s = (struct said){0};
    if (c->code == 200)
        read_stream(c, s);
    return c;
}

static int start_caller(void **state)
{
    caller_start(&caller, true, 0);
    return start(state);
}

static int stop_caller(void **state)
{
    caller_stop(&caller);
    return stop(state);
}

static void test_streams_in_every_framing(void **state)
{
    static const char *const models[] = {
        "sim/echo",       "sim/shape-2026-03", "sim/shape-2025",       "sim/crlf",
        "sim/comments-5", "sim/bytes-1",       "sim/bytes-7",          "sim/bytes-random",
        "sim/cost-noise", "sim/cost-exponent", "sim/usage-cumulative", "sim/reasoning",
        "sim/cached",     "sim/byok-missing",  "sim/cost-digits",
    };
    for (size_t i = 0; i < COUNT_OF(models); i++) {
        struct said s;
        struct call *c = stream(models[i], &s);
        pico total;
        if (c->st != ST_OK || !s.is_done || s.deltas == 0 ||
            usage_cost_total(&s.usage, &total) != ST_OK || total.v <= 0)
            fail_msg("%s: %s %s, %zu deltas", models[i], status_name(c->st), c->text, s.deltas);
        assert_string_equal(s.id, c->generation_id);
        call_free(c);
    }
}

static void test_streams_that_fail(void **state)
{
    static const struct {
        const char *model;
        status st;
        int code;
        bool has_error, is_done, has_usage;
    } rows[] = {
        {"sim/error-401", ST_OK, 401, false, false, false},
        {"sim/error-503", ST_OK, 503, false, false, false},
        {"sim/error-html", ST_OK, 0, false, false, false},
        {"sim/error-mid", ST_OK, 200, true, true, false},
        {"sim/error-bare", ST_OK, 200, true, true, false},
        {"sim/error-usage", ST_OK, 200, true, true, true},
        {"sim/reset-before-headers", ST_UPSTREAM, 0, false, false, false},
        {"sim/reset-billed", ST_UPSTREAM, 0, false, false, false},
        {"sim/reset-after-2", ST_UPSTREAM, 200, false, false, false},
        {"sim/stream-cut-2", ST_UPSTREAM, 200, false, false, false},
        {"sim/stream-end-2", ST_OK, 200, false, false, false},
        {"sim/no-usage", ST_OK, 200, false, true, false},
        {"sim/usage-null", ST_OK, 200, false, true, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct said s;
        struct call *c = stream(rows[i].model, &s);
        bool is_right = c->st == rows[i].st && s.has_error == rows[i].has_error &&
                        c->may_have_happened && s.usage.is_present == rows[i].has_usage &&
                        (rows[i].code == 0 || c->code == rows[i].code);
        if (!is_right || (s.is_done != rows[i].is_done && !rows[i].has_error))
            fail_msg("%s: %s %d %s", rows[i].model, status_name(c->st), c->code, c->text);
        call_free(c);
    }
}

static void test_connection_pooled_then_reset(void **state)
{
    struct said s;
    for (int i = 0; i < 5; i++) {
        struct call *good = stream("sim/fast", &s), *bad = stream("sim/reset-billed", &s);
        assert_int_equal(good->st, ST_OK);
        assert_int_equal(bad->st, ST_UPSTREAM);
        call_free(good);
        call_free(bad);
    }
    struct openrouter_current_key before, after;
    assert_ok(openrouter_current_key(o, STR(KEY), &arena, &before, &err));
    struct call *good = stream("sim/fast", &s);
    pico one;
    assert_ok(usage_cost_total(&s.usage, &one));
    struct call *bad = stream("sim/reset-billed", &s);
    assert_ok(openrouter_current_key(o, STR(KEY), &arena, &after, &err));
    /* The broken call is on the bill, once. */
    pico billed;
    assert_ok(pico_sub(after.usage, before.usage, &billed));
    assert_true(billed.v > one.v && billed.v < 200 * one.v);
    call_free(good);
    call_free(bad);
}

/* ---- records ---- */

static status read_record(str id, struct openrouter_generation *g)
{
    int64_t end = clock_mono_us() + 10000000;
    struct pollfd none = {.fd = -1};
    status st;
    while ((st = openrouter_generation(o, STR(KEY), id, &arena, g, &err)) == ST_NOT_FOUND &&
           clock_mono_us() < end)
        poll(&none, 1, 50);
    return st;
}

static void test_record_of_a_call(void **state)
{
    struct said s;
    struct openrouter_generation g;
    struct call *c = stream("openai/gpt-4o-mini", &s);
    assert_int_equal(openrouter_generation(o, STR(KEY), str_c(s.id), &arena, &g, &err),
                     ST_NOT_FOUND);
    assert_ok(read_record(str_c(s.id), &g));
    assert_int_equal(g.total_cost.v, s.usage.cost.v);
    assert_int_equal(g.prompt_tokens, s.usage.prompt_tokens);
    assert_int_equal(g.completion_tokens, s.usage.completion_tokens);
    assert_str(g.external_user, "person-1");
    assert_false(g.is_cancelled);
    call_free(c);
}

static void test_record_of_a_cancelled_call(void **state)
{
    struct openrouter_generation g;
    struct call *c = call_new(&caller);
    call_start(c, base,
               STR("{\"model\":\"sim/pace-30\",\"stream\":true,\"messages\":[{\"role\":\"user\","
                   "\"content\":\"Tell a long story\"}]}"),
               true);
    assert_true(call_wait_bytes(c, 300));
    call_cancel(c);
    assert_int_equal(c->ends, 0);
    assert_ok(read_record(str_c(c->generation_id), &g));
    assert_true(g.is_cancelled);
    assert_true(g.completion_tokens > 0);
    call_free(c);
}

static void test_finding_calls(void **state)
{
    struct openrouter_key_change c = {.set_name = true, .name = STR("found")};
    struct openrouter_key key;
    struct openrouter_found_call *found;
    size_t count;
    str secret;
    assert_ok(openrouter_key_create(o, STR(MANAGEMENT), &c, &arena, &key, &secret, &err));
    int64_t now = clock_now_ms();
    assert_ok(openrouter_find_calls(o, STR(MANAGEMENT), key.hash, now - MS_PER_HOUR,
                                    now + MS_PER_HOUR, &arena, &found, &count, &err));
    assert_int_equal(count, 0);
    struct openrouter_key *keys;
    assert_ok(openrouter_key_list(o, STR(MANAGEMENT), &arena, &keys, &count, &err));
    str hash = STR_NONE;
    for (size_t i = 0; i < count; i++)
        if (str_eq(keys[i].name, STR("Default")))
            hash = keys[i].hash;
    assert_true(hash.n != 0);
    assert_ok(openrouter_find_calls(o, STR(MANAGEMENT), hash, now - MS_PER_HOUR, now + MS_PER_HOUR,
                                    &arena, &found, &count, &err));
    bool has_person = false;
    for (size_t i = 0; i < count; i++)
        has_person |= str_eq(found[i].external_user, STR("person-1")) &&
                      str_starts(found[i].generation_id, STR("gen-"));
    assert_true(has_person);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, stop)
#define STREAM_TEST(fn) cmocka_unit_test_setup_teardown(fn, start_caller, stop_caller)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_life_of_a_key),
        TEST(test_keys_over_several_pages),
        TEST(test_wrong_keys),
        TEST(test_account),
        TEST(test_catalogue),
        STREAM_TEST(test_streams_in_every_framing),
        STREAM_TEST(test_streams_that_fail),
        STREAM_TEST(test_connection_pooled_then_reset),
        STREAM_TEST(test_record_of_a_call),
        STREAM_TEST(test_record_of_a_cancelled_call),
        TEST(test_finding_calls),
    };
    return cmocka_run_group_tests(tests, start_sim, stop_sim);
}

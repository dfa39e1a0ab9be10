/* Every way a call can end, as a table: state in the books (C4) and what the person is told. */
#include "unit/testing.h"
#include "gateway/completion_outcome.h"

static const struct row {
    const char *name;
    struct call_facts facts;      /* relay is filled from the members below */
    bool is_stream, is_done, is_broken, has_error, has_usage, has_cost;
    int64_t error_code, delivered;
    enum generation_state state;
    status person;
} rows[] = {
    {"never sent", {.code = 0, .upstream_st = ST_UPSTREAM}, .state = GENERATION_FAILED, .person = ST_UPSTREAM},
    {"left before sending", {.code = 0, .upstream_st = ST_CANCELLED, .is_left = true}, .state = GENERATION_FAILED, .person = ST_UPSTREAM},
    {"reset before headers", {.code = 0, .upstream_st = ST_UPSTREAM, .may_have_happened = true}, .state = GENERATION_PENDING, .person = ST_UPSTREAM},
    {"no headers in time", {.code = 0, .upstream_st = ST_UPSTREAM_TIMEOUT, .may_have_happened = true}, .state = GENERATION_PENDING, .person = ST_UPSTREAM_TIMEOUT},
    {"400", {.code = 400}, .state = GENERATION_FAILED, .person = ST_BAD_REQUEST},
    {"401: our key, not theirs", {.code = 401}, .state = GENERATION_FAILED, .person = ST_UPSTREAM},
    {"402: our balance", {.code = 402}, .state = GENERATION_FAILED, .person = ST_UNAVAILABLE},
    {"403 of the key's limit", {.code = 403, .error_body = STR_INIT("{\"error\":{\"code\":403,\"message\":\"Key limit exceeded (total limit). Manage it\"}}")}, .state = GENERATION_FAILED, .person = ST_PAYMENT},
    {"403 of moderation", {.code = 403, .error_body = STR_INIT("{\"error\":{\"code\":403,\"message\":\"flagged\"}}")}, .state = GENERATION_FAILED, .person = ST_FORBIDDEN},
    {"408 may be billed", {.code = 408}, .state = GENERATION_PENDING, .person = ST_UPSTREAM_TIMEOUT},
    {"429", {.code = 429}, .state = GENERATION_FAILED, .person = ST_RATE_LIMITED},
    {"500", {.code = 500}, .state = GENERATION_FAILED, .person = ST_UPSTREAM},
    {"524 may be billed", {.code = 524}, .state = GENERATION_PENDING, .person = ST_UPSTREAM_TIMEOUT},
    {"an unknown 5xx may be billed", {.code = 520}, .state = GENERATION_PENDING, .person = ST_UPSTREAM},
    {"a whole stream", {.code = 200}, .is_stream = true, .is_done = true, .has_usage = true, .has_cost = true, .state = GENERATION_SETTLED, .person = ST_OK},
    {"a stream without [DONE]", {.code = 200}, .is_stream = true, .has_usage = true, .has_cost = true, .state = GENERATION_SETTLED, .person = ST_OK},
    {"a stream without usage", {.code = 200}, .is_stream = true, .is_done = true, .delivered = 9, .state = GENERATION_PENDING, .person = ST_OK},
    {"a stream cut off", {.code = 200, .upstream_st = ST_UPSTREAM, .may_have_happened = true}, .is_stream = true, .delivered = 9, .state = GENERATION_PENDING, .person = ST_UPSTREAM},
    {"a stream cut off behind its usage", {.code = 200, .upstream_st = ST_UPSTREAM, .may_have_happened = true}, .is_stream = true, .has_usage = true, .has_cost = true, .state = GENERATION_SETTLED, .person = ST_UPSTREAM},
    {"a stream the client left", {.code = 200, .upstream_st = ST_CANCELLED, .may_have_happened = true, .is_left = true}, .is_stream = true, .delivered = 9, .state = GENERATION_PENDING, .person = ST_UPSTREAM},
    {"left with the usage seen", {.code = 200, .upstream_st = ST_CANCELLED, .may_have_happened = true, .is_left = true}, .is_stream = true, .has_usage = true, .has_cost = true, .state = GENERATION_CANCELLED, .person = ST_UPSTREAM},
    {"[DONE] and a line that stays open", {.code = 200, .upstream_st = ST_CANCELLED, .may_have_happened = true}, .is_stream = true, .is_done = true, .has_usage = true, .has_cost = true, .state = GENERATION_SETTLED, .person = ST_OK},
    {"an error in the stream", {.code = 200}, .is_stream = true, .is_done = true, .has_error = true, .error_code = 502, .state = GENERATION_PENDING, .person = ST_OK},
    {"an error in the stream, with its cost", {.code = 200}, .is_stream = true, .is_done = true, .has_error = true, .has_usage = true, .has_cost = true, .state = GENERATION_SETTLED, .person = ST_OK},
    {"a plain answer", {.code = 200}, .is_done = true, .has_usage = true, .has_cost = true, .state = GENERATION_SETTLED, .person = ST_OK},
    {"a plain answer the client left", {.code = 200, .is_left = true}, .is_done = true, .has_usage = true, .has_cost = true, .state = GENERATION_CANCELLED, .person = ST_OK},
    {"a plain error inside 200", {.code = 200}, .is_done = true, .has_error = true, .error_code = 429, .state = GENERATION_PENDING, .person = ST_RATE_LIMITED},
    {"a plain answer of white space", {.code = 200}, .is_broken = true, .state = GENERATION_PENDING, .person = ST_UPSTREAM},
    {"a plain answer cut off", {.code = 200, .upstream_st = ST_UPSTREAM, .may_have_happened = true}, .is_broken = true, .state = GENERATION_PENDING, .person = ST_UPSTREAM},
};

static void every_way_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct row *row = &rows[i];
        struct relay relay = {.is_stream = row->is_stream, .is_done = row->is_done, .is_broken = row->is_broken,
                              .has_error = row->has_error, .error_code = row->error_code, .has_usage = row->has_usage,
                              .has_cost = row->has_cost, .delivered_bytes = row->delivered};
        struct call_facts facts = row->facts;
        struct call_outcome o;
        facts.relay = &relay;
        call_outcome(&facts, &o);
        if (o.state != row->state || o.person_st != row->person)
            print_error("%s: %.*s, %s\n", row->name, STR_ARG(generation_state_text(o.state)), status_name(o.person_st));
        assert_int_equal(o.state, row->state);
        assert_int_equal(o.person_st, row->person);
        assert_true(o.person_st == ST_OK || o.person_text[0] != '\0');
    }
}

static void what_may_have_happened_is_never_failed(void **state)
{
    (void)state;
    for (int code = 0; code < 600; code++) {
        struct relay relay = {.is_stream = true};
        struct call_facts facts = {.code = code, .upstream_st = ST_UPSTREAM, .may_have_happened = true, .relay = &relay};
        struct call_outcome o;
        call_outcome(&facts, &o);
        bool is_refusal = code >= 300 && code < 500 && code != 408;
        bool is_known_refusal = code == 500 || code == 502 || code == 503 || code == 529;
        if (code < 300 && code != 0 && code != 200)
            continue; /* no such answers */
        if (!is_refusal && !is_known_refusal)
            assert_int_equal(o.state, GENERATION_PENDING);
    }
}

static void our_trouble_is_not_told_in_the_suppliers_words(void **state)
{
    (void)state;
    struct relay relay = {0};
    struct call_facts facts = {.code = 402, .relay = &relay, .error_body = STR("{\"error\":{\"code\":402,\"message\":\"can only afford 12 tokens with $0.01\"}}")};
    struct call_outcome o;
    call_outcome(&facts, &o);
    assert_null(strstr(o.person_text, "afford"));
    facts.code = 400;
    facts.error_body = STR("{\"error\":{\"code\":400,\"message\":\"x is not a valid model ID\"}}");
    call_outcome(&facts, &o);
    assert_string_equal(o.person_text, "x is not a valid model ID");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_out),
        cmocka_unit_test(what_may_have_happened_is_never_failed),
        cmocka_unit_test(our_trouble_is_not_told_in_the_suppliers_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

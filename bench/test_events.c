/* The fingerprint of bench/events.c: blind for what differs from call to call, and for nothing
 * else. */
#include "unit/testing.h"
#include "events.h"

static const char stream[] =
    "data: {\"id\":\"gen-1\",\"created\":17,\"choices\":[{\"delta\":{\"content\":\"a, "
    "\\\"b\\\"\"}}]}\n\n"
    ": OPENROUTER PROCESSING\n\n"
    "data: "
    "{\"id\":\"gen-1\",\"created\":17,\"choices\":[],\"usage\":{\"cost\":0.1,\"d\":{\"x\":[1]}},"
    "\"z\":1}\n\n"
    "data: [DONE]\n\n";

static uint64_t print_of(str text, size_t cut)
{
    struct events e;
    events_init(&e);
    events_feed(&e, str_sub(text, 0, cut));
    events_feed(&e, str_from(text, cut));
    uint64_t print = e.fingerprint;
    assert_int_equal(e.count, 3);
    assert_int_equal(e.comments, 1);
    assert_true(e.is_done);
    events_free(&e);
    return print;
}

/* The stream with one text in place of another of it. */
static uint64_t print_with(const char *old, const char *new)
{
    struct buf MAI_AUTO(buf_free) b;
    str text = str_c(stream);
    size_t at = str_find(text, str_c(old));
    assert_true(at < text.n);
    buf_init(&b, 4096);
    buf_add(&b, str_sub(text, 0, at));
    buf_add(&b, str_c(new));
    buf_add(&b, str_from(text, at + strlen(old)));
    return print_of(buf_view(&b), 0);
}

static void test_cuts_change_nothing(void **state)
{
    str text = str_c(stream);
    uint64_t whole = print_of(text, text.n);
    for (size_t cut = 0; cut < text.n; cut++)
        assert_true(print_of(text, cut) == whole);
}

static void test_blind_for_id_time_usage_and_comments(void **state)
{
    uint64_t whole = print_of(str_c(stream), 0);
    assert_true(print_with("gen-1", "gen-22222") == whole);
    assert_true(print_with("17", "18") == whole);
    assert_true(print_with("{\"cost\":0.1,\"d\":{\"x\":[1]}}", "{\"cost\":\"}\"}") == whole);
    assert_true(print_with("PROCESSING", "WAITING") == whole);
}

static void test_sees_every_other_byte(void **state)
{
    uint64_t whole = print_of(str_c(stream), 0);
    assert_true(print_with("a, ", "A, ") != whole);
    assert_true(print_with("\"z\":1", "\"z\":2") != whole);
    assert_true(print_with("\"choices\":[]", "\"choices\":[ ]") != whole);
    assert_true(print_with("\"usage\"", "\"Usage\"") != whole);
    assert_true(print_with("data: {", "data:{") != whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cuts_change_nothing),
        cmocka_unit_test(test_blind_for_id_time_usage_and_comments),
        cmocka_unit_test(test_sees_every_other_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

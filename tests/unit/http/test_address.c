/* Addresses: what is read as one, trusted ranges, and whom X-Forwarded-For is believed about. */
#include "http/address.h"
#include "http/tally.h"

#include "../testing.h"
#include <arpa/inet.h>
#include <netinet/in.h>

static str text_of(str s, char *dst)
{
    struct address a;
    return address_parse(s, &a) ? address_text(&a, dst) : STR("(none)");
}

static void test_addresses_are_read_with_and_without_port(void **state)
{
    static const struct {
        str in, out;
    } cases[] = {
        {STR_INIT("192.0.2.1"), STR_INIT("192.0.2.1")},
        {STR_INIT("192.0.2.1:8080"), STR_INIT("192.0.2.1")},
        {STR_INIT("2001:DB8::1"), STR_INIT("2001:db8::1")},
        {STR_INIT("[2001:db8::1]"), STR_INIT("2001:db8::1")},
        {STR_INIT("[2001:db8::1]:443"), STR_INIT("2001:db8::1")},
        {STR_INIT("::ffff:192.0.2.1"), STR_INIT("192.0.2.1")},
        {STR_INIT(""), STR_INIT("(none)")},
        {STR_INIT("unknown"), STR_INIT("(none)")},
        {STR_INIT("192.0.2"), STR_INIT("(none)")},
        {STR_INIT("192.0.2.256"), STR_INIT("(none)")},
        {STR_INIT("192.0.2.1:99999"), STR_INIT("(none)")},
        {STR_INIT("192.0.2.1:"), STR_INIT("(none)")},
        {STR_INIT("[2001:db8::1"), STR_INIT("(none)")},
        {STR_INIT("[2001:db8::1]x"), STR_INIT("(none)")},
        {STR_INIT("192.0.2.1\0x"), STR_INIT("(none)")},
    };
    char dst[ADDRESS_TEXT_CAP];
    for (size_t i = 0; i < COUNT_OF(cases); i++)
        assert_str(text_of(cases[i].in, dst), cases[i].out);
}

static void test_a_socket_address_becomes_the_same(void **state)
{
    char dst[ADDRESS_TEXT_CAP];
    struct sockaddr_in four = {.sin_family = AF_INET, .sin_addr = {htonl(0xc0000201)}};
    struct address a = address_of_peer((struct sockaddr *)&four);
    assert_str(address_text(&a, dst), STR("192.0.2.1"));
    struct sockaddr_in6 six = {.sin6_family = AF_INET6};
    inet_pton(AF_INET6, "::ffff:192.0.2.1", &six.sin6_addr);
    struct address b = address_of_peer((struct sockaddr *)&six);
    assert_memory_equal(&a, &b, sizeof a);
}

static bool set_has(const char *set_text, const char *address_z)
{
    struct address_set set;
    struct address a;
    assert_st(address_set_parse(str_c(set_text), &set, NULL), ST_OK);
    assert_true(address_parse(str_c(address_z), &a));
    bool has = address_set_has(&set, &a);
    address_set_free(&set);
    return has;
}

static void test_ranges(void **state)
{
    assert_true(set_has("127.0.0.1", "127.0.0.1"));
    assert_false(set_has("127.0.0.1", "127.0.0.2"));
    assert_true(set_has(" 10.0.0.0/8 , 192.168.1.0/25", "10.200.3.4"));
    assert_true(set_has("10.0.0.0/8,192.168.1.0/25", "192.168.1.127"));
    assert_false(set_has("10.0.0.0/8,192.168.1.0/25", "192.168.1.128"));
    assert_true(set_has("0.0.0.0/0", "8.8.8.8"));
    assert_false(set_has("0.0.0.0/0", "2001:db8::1"));
    assert_true(set_has("2001:db8::/33", "2001:db8:7fff::1"));
    assert_false(set_has("2001:db8::/33", "2001:db8:8000::1"));
    assert_true(set_has("*", "8.8.8.8"));
    assert_false(set_has("", "127.0.0.1"));
}

static void test_a_wrong_range_is_named(void **state)
{
    static const char *const wrong[] = {"10.0.0.0/33", "host",       "::/129",
                                        "10.0.0.0/",   "1.2.3.4/-1", "1.2.3.4:80"};
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        struct address_set set;
        struct err e = {0};
        assert_st(address_set_parse(str_c(wrong[i]), &set, &e), ST_BAD_REQUEST);
        assert_non_null(strstr(e.text, wrong[i]));
    }
}

static void test_counting_joins_a_64_of_ipv6(void **state)
{
    struct address a, b, c;
    assert_true(address_parse(STR("2001:db8:1:2::1"), &a));
    assert_true(address_parse(STR("2001:db8:1:2:ffff::9"), &b));
    assert_true(address_parse(STR("2001:db8:1:3::1"), &c));
    a = address_count_key(&a), b = address_count_key(&b), c = address_count_key(&c);
    assert_memory_equal(&a, &b, sizeof a);
    assert_memory_not_equal(&a, &c, sizeof a);
}

static void expect_client(const char *trusted, const char *peer, const char *list,
                          const char *expected)
{
    struct address_set set;
    struct address a;
    char dst[ADDRESS_TEXT_CAP];
    assert_st(address_set_parse(str_c(trusted), &set, NULL), ST_OK);
    assert_true(address_parse(str_c(peer), &a));
    a = address_forwarded(&set, a, str_c(list));
    assert_str(address_text(&a, dst), str_c(expected));
    address_set_free(&set);
}

static void test_the_rightmost_untrusted_address_is_the_client(void **state)
{
    expect_client("10.0.0.1", "10.0.0.1", "203.0.113.9", "203.0.113.9");
    expect_client("10.0.0.1", "10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9");
    expect_client("10.0.0.0/8", "10.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.7", "203.0.113.9");
    expect_client("10.0.0.0/8", "10.0.0.1", "10.0.0.3,10.0.0.7", "10.0.0.3");
    expect_client("10.0.0.1", "10.0.0.1", "", "10.0.0.1");
    expect_client("*", "10.0.0.1", "1.1.1.1, 203.0.113.9", "1.1.1.1");
    /* not a trusted peer: nothing it says counts */
    expect_client("10.0.0.1", "203.0.113.5", "1.1.1.1", "203.0.113.5");
    /* garbage ends the walk at what is known */
    expect_client("10.0.0.0/8", "10.0.0.1", "1.1.1.1, garbage, 10.0.0.7", "10.0.0.7");
    expect_client("10.0.0.1", "10.0.0.1", "1.1.1.1,,", "10.0.0.1");
}

static void test_the_tally_forgets_who_left(void **state)
{
    struct tally t;
    struct address a;
    tally_init(&t);
    assert_true(address_parse(STR("192.0.2.1"), &a));
    for (int round = 0; round < 3; round++) {
        assert_true(tally_enter(&t, &a, 2));
        assert_true(tally_enter(&t, &a, 2));
        assert_false(tally_enter(&t, &a, 2));
        tally_leave(&t, &a);
        tally_leave(&t, &a);
        assert_int_equal(t.counts.count, 0);
    }
    assert_true(tally_enter(&t, &a, 1));
    tally_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses_are_read_with_and_without_port),
        cmocka_unit_test(test_a_socket_address_becomes_the_same),
        cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_a_wrong_range_is_named),
        cmocka_unit_test(test_counting_joins_a_64_of_ipv6),
        cmocka_unit_test(test_the_rightmost_untrusted_address_is_the_client),
        cmocka_unit_test(test_the_tally_forgets_who_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

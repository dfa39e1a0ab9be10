/* Which addresses are closed: both edges of every range, and IPv4 in its IPv6 disguises. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "openrouter/address.h"

#include <arpa/inet.h>
#include <stdio.h>

static const char *closed(const char *text)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1)
        return address_closed_range((const struct sockaddr *)(const void *)&v4);
    assert_int_equal(inet_pton(AF_INET6, text, &v6.sin6_addr), 1);
    return address_closed_range((const struct sockaddr *)(const void *)&v6);
}

static void test_open_addresses(void **state)
{
    static const char *const open[] = {
        "1.1.1.1",           "8.8.8.8",         "9.255.255.255",   "11.0.0.0",
        "100.63.255.255",    "100.128.0.0",     "126.255.255.255", "128.0.0.0",
        "169.253.255.255",   "169.255.0.0",     "172.15.255.255",  "172.32.0.0",
        "192.0.1.0",         "192.167.255.255", "192.169.0.0",     "198.17.255.255",
        "198.20.0.0",        "223.255.255.255", "2606:4700::1111", "2001:4860:4860::8888",
        "2a00::1",           "2001:200::1",     "::ffff:8.8.8.8",  "64:ff9b::8.8.8.8",
        "2002:0808:0808::1",
    };
    for (size_t i = 0; i < COUNT_OF(open); i++)
        if (closed(open[i]) != NULL)
            fail_msg("%s is closed: %s", open[i], closed(open[i]));
}

static void test_closed_addresses(void **state)
{
    static const struct {
        const char *ip, *range;
    } rows[] = {
        {"0.0.0.0", "this network"},
        {"0.255.255.255", "this network"},
        {"10.0.0.0", "private"},
        {"10.255.255.255", "private"},
        {"100.64.0.0", "shared (carrier NAT)"},
        {"100.127.255.255", "shared (carrier NAT)"},
        {"127.0.0.1", "loopback"},
        {"127.255.255.255", "loopback"},
        {"169.254.0.0", "link-local"},
        {"169.254.169.253", "link-local"},
        {"169.254.169.254", "a metadata address"},
        {"172.16.0.0", "private"},
        {"172.31.255.255", "private"},
        {"192.0.0.1", "reserved"},
        {"192.0.2.255", "documentation"},
        {"192.88.99.1", "reserved"},
        {"192.168.0.0", "private"},
        {"192.168.255.255", "private"},
        {"198.18.0.0", "benchmarking"},
        {"198.19.255.255", "benchmarking"},
        {"198.51.100.7", "documentation"},
        {"203.0.113.7", "documentation"},
        {"224.0.0.0", "multicast"},
        {"239.255.255.255", "multicast"},
        {"240.0.0.0", "reserved"},
        {"255.255.255.255", "reserved"},
        {"::", "unspecified"},
        {"::1", "loopback"},
        {"::7f00:1", "reserved"}, /* the old IPv4-compatible form */
        {"fc00::1", "unique-local"},
        {"fdff:ffff::1", "unique-local"},
        {"fd00:ec2::254", "unique-local"}, /* a cloud's metadata address */
        {"fe80::1", "link-local"},
        {"febf::1", "link-local"},
        {"fec0::1", "site-local"},
        {"ff02::1", "multicast"},
        {"2001::1", "reserved"}, /* Teredo */
        {"2001:db8::1", "documentation"},
        {"3fff:fff::1", "documentation"},
        {"100::1", "reserved"},       /* discard */
        {"64:ff9b:1::1", "reserved"}, /* local translation */
        {"4000::1", "reserved"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *got = closed(rows[i].ip);
        if (got == NULL)
            fail_msg("A1 %s is open", rows[i].ip);
        assert_string_equal(got, rows[i].range);
    }
}

/* A2: every disguise gives what the plain address gives. */
static void test_ipv4_inside_ipv6(void **state)
{
    static const char *const ips[] = {"127.0.0.1",   "10.1.2.3",    "169.254.169.254", "0.0.0.0",
                                      "100.100.0.1", "192.168.1.1", "224.0.0.1"};
    static const char *const forms[] = {"::ffff:%s", "::ffff:0:%s", "64:ff9b::%s"};
    for (size_t i = 0; i < COUNT_OF(ips); i++)
        for (size_t k = 0; k < COUNT_OF(forms); k++) {
            char text[80];
            snprintf(text, sizeof text, forms[k], ips[i]);
            assert_non_null(closed(text));
            assert_string_equal(closed(text), closed(ips[i]));
        }
    assert_string_equal(closed("2002:7f00:0001::1"), "loopback");
    assert_string_equal(closed("2002:a9fe:a9fe::"), "a metadata address");
}

static void test_other_families(void **state)
{
    struct sockaddr sa = {.sa_family = AF_UNIX};
    char text[ADDRESS_TEXT_CAP];
    assert_non_null(address_closed_range(&sa));
    assert_int_equal(address_connected_text(&sa, text).n, 0);
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0x7f000001)};
    assert_true(
        str_eq(address_connected_text((const struct sockaddr *)(const void *)&v4, text), STR("127.0.0.1")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_open_addresses),
        cmocka_unit_test(test_closed_addresses),
        cmocka_unit_test(test_ipv4_inside_ipv6),
        cmocka_unit_test(test_other_families),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

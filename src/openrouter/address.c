/* The table of closed address ranges; see address.h.
 *
 * Invariants (the unit tests name the number):
 *   A1  IPv6 is closed unless it is global unicast (2000::/3) or carries an IPv4 address that is
 *       open.
 *   A2  An IPv4 address carried inside IPv6 is judged exactly as the plain IPv4 address. */
#include "openrouter/address.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

struct range4 {
    uint32_t first;
    unsigned bits;
    const char *name;
};

#define IP4(a, b, c, d)                                                                            \
    ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))

/* The first match names the range. */
static const struct range4 ranges4[] = {
    {IP4(169, 254, 169, 254), 32, "a metadata address"},
    {IP4(0, 0, 0, 0), 8, "this network"},
    {IP4(10, 0, 0, 0), 8, "private"},
    {IP4(100, 64, 0, 0), 10, "shared (carrier NAT)"},
    {IP4(127, 0, 0, 0), 8, "loopback"},
    {IP4(169, 254, 0, 0), 16, "link-local"},
    {IP4(172, 16, 0, 0), 12, "private"},
    {IP4(192, 0, 0, 0), 24, "reserved"},
    {IP4(192, 0, 2, 0), 24, "documentation"},
    {IP4(192, 88, 99, 0), 24, "reserved"},
    {IP4(192, 168, 0, 0), 16, "private"},
    {IP4(198, 18, 0, 0), 15, "benchmarking"},
    {IP4(198, 51, 100, 0), 24, "documentation"},
    {IP4(203, 0, 113, 0), 24, "documentation"},
    {IP4(224, 0, 0, 0), 4, "multicast"},
    {IP4(240, 0, 0, 0), 4, "reserved"},
};

enum { NO_IPV4 = 0 };

struct range6 {
    uint8_t first[16];
    unsigned bits;
    unsigned ipv4_at; /* byte where a deciding IPv4 address lies; NO_IPV4: the range is closed */
    const char *name;
};

static const struct range6 ranges6[] = {
    {{0}, 128, NO_IPV4, "unspecified"},
    {{[15] = 1}, 128, NO_IPV4, "loopback"},
    {{[10] = 0xff, 0xff}, 96, 12, "mapped IPv4"},
    {{[8] = 0xff, 0xff}, 96, 12, "translated IPv4"},
    {{0x00, 0x64, 0xff, 0x9b}, 96, 12, "translated IPv4"},
    {{0x20, 0x02}, 16, 2, "6to4"},
    {{0x20, 0x01}, 23, NO_IPV4, "reserved"},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, NO_IPV4, "documentation"},
    {{0x3f, 0xff}, 20, NO_IPV4, "documentation"},
    {{0xfc}, 7, NO_IPV4, "unique-local"},
    {{0xfe, 0x80}, 10, NO_IPV4, "link-local"},
    {{0xfe, 0xc0}, 10, NO_IPV4, "site-local"},
    {{0xff}, 8, NO_IPV4, "multicast"},
};

static const char *closed4(uint32_t ip)
{
    for (size_t i = 0; i < COUNT_OF(ranges4); i++)
        if ((ip ^ ranges4[i].first) >> (32 - ranges4[i].bits) == 0)
            return ranges4[i].name;
    return NULL;
}

static uint32_t load4(const uint8_t *p)
{
    return IP4(p[0], p[1], p[2], p[3]);
}

static bool has_prefix(const uint8_t *ip, const struct range6 *r)
{
    size_t whole = r->bits / 8;
    unsigned rest = r->bits % 8;
    if (memcmp(ip, r->first, whole) != 0)
        return false;
    return rest == 0 || (ip[whole] ^ r->first[whole]) >> (8 - rest) == 0;
}

static const char *closed6(const uint8_t *ip)
{
    for (size_t i = 0; i < COUNT_OF(ranges6); i++) {
        const struct range6 *r = &ranges6[i];
        if (has_prefix(ip, r))
            return r->ipv4_at == NO_IPV4 ? r->name : closed4(load4(ip + r->ipv4_at));
    }
    bool is_global_unicast = ip[0] >> 5 == 1;
    return is_global_unicast ? NULL : "reserved";
}

const char *address_closed_range(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET)
        return closed4(ntohl(((const struct sockaddr_in *)(const void *)sa)->sin_addr.s_addr));
    if (sa->sa_family == AF_INET6)
        return closed6(((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr.s6_addr);
    return "of an unknown kind";
}

str address_connected_text(const struct sockaddr *sa, char *dst)
{
    const void *ip = NULL;
    if (sa->sa_family == AF_INET)
        ip = &((const struct sockaddr_in *)(const void *)sa)->sin_addr;
    else if (sa->sa_family == AF_INET6)
        ip = &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr;
    if (ip == NULL || inet_ntop(sa->sa_family, ip, dst, ADDRESS_TEXT_CAP) == NULL)
        dst[0] = '\0';
    return str_c(dst);
}

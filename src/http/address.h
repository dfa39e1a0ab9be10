/* Addresses of peers: text, the key they are counted under, and the set of proxies we believe. */
#ifndef MAI_ADDRESS_H
#define MAI_ADDRESS_H

#include "base/str.h"

#include <sys/socket.h>

enum { ADDRESS_TEXT_CAP = 48 };

/* 16 bytes; IPv4 in its mapped form ::ffff:a.b.c.d, so one comparison serves both. */
struct address {
    unsigned char bytes[16];
};

/* All zero for a family that is neither IPv4 nor IPv6. */
struct address address_of_peer(const struct sockaddr *sa);
/* "192.0.2.1", "2001:db8::1", "[2001:db8::1]:443", "192.0.2.1:443"; false for anything else. */
bool address_parse(str s, struct address *out);
/* NUL-terminated; dst holds ADDRESS_TEXT_CAP. */
str address_text(const struct address *a, char *dst);
/* What connections are counted under: the address, of IPv6 its /64. */
struct address address_count_key(const struct address *a);

struct address_range {
    struct address base;
    unsigned prefix_bits; /* of the 128 */
};

struct address_set {
    bool has_all;
    size_t count;
    struct address_range *ranges;
};

/* "127.0.0.1,10.0.0.0/8,2001:db8::/32"; "*" is everyone, "" nobody. */
NODISCARD status address_set_parse(str s, struct address_set *out, struct err *e);
void address_set_free(struct address_set *s);
bool address_set_has(const struct address_set *s, const struct address *a);

/* The client's address when `peer` is a proxy in `trusted`: walks the X-Forwarded-For list from its
 * right end to the first address that is not trusted. An element that is no address ends the walk
 * at the one before it: what stands left of it can be anybody's invention. */
struct address address_forwarded(const struct address_set *trusted, struct address peer, str list);

#endif

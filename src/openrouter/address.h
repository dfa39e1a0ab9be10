/* Which network addresses a supplier's key may travel to. Asked at connect time with the address
 * that is really connected to, so neither a name that resolves inwards nor one that changes its
 * answer helps an attacker. Pure functions, any thread. */
#ifndef MAI_OPENROUTER_ADDRESS_H
#define MAI_OPENROUTER_ADDRESS_H

#include "base/str.h"

struct sockaddr;

/* NULL for an address of the public internet, else the name of the range it lies in ("loopback",
 * "private", "link-local"...). IPv4 inside IPv6 (mapped, translated, 6to4) is judged by the IPv4
 * inside. Anything that is neither IPv4 nor IPv6 is "of an unknown kind". Ranges: IANA
 * special-purpose address registries (RFC 6890 and its successors). */
const char *address_closed_range(const struct sockaddr *sa);

/* "203.0.113.9" or "2001:db8::1" without port; empty for other kinds. dst holds
 * ADDRESS_TEXT_CAP. */
enum { ADDRESS_TEXT_CAP = 64 };
str address_connected_text(const struct sockaddr *sa, char *dst);

#endif

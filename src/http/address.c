/* Addresses and proxy ranges; see address.h. Pure functions on bytes. */
#include "http/address.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <netinet/in.h>

enum { V4_OFFSET = 12, ADDRESS_BITS = 128, RANGES_MAX = 256, V6_COUNTED_BYTES = 8 };

static const unsigned char mapped_prefix[V4_OFFSET] = {[10] = 0xff, [11] = 0xff};

static bool is_v4(const struct address *a)
{
    return memcmp(a->bytes, mapped_prefix, sizeof mapped_prefix) == 0;
}

static struct address from_v4(const void *four_bytes)
{
    struct address a;
    memcpy(a.bytes, mapped_prefix, sizeof mapped_prefix);
    memcpy(a.bytes + V4_OFFSET, four_bytes, sizeof a.bytes - V4_OFFSET);
    return a;
}

struct address address_of_peer(const struct sockaddr *sa)
{
    struct address a = {{0}};
    if (sa->sa_family == AF_INET)
        return from_v4(&((const struct sockaddr_in *)(const void *)sa)->sin_addr);
    if (sa->sa_family == AF_INET6)
        memcpy(a.bytes, &((const struct sockaddr_in6 *)(const void *)sa)->sin6_addr,
               sizeof a.bytes);
    return a;
}

/* Without port or brackets. */
static bool parse_bare(str s, struct address *out)
{
    char z[ADDRESS_TEXT_CAP];
    if (!str_copy_z(s, z, sizeof z) || strlen(z) != s.n)
        return false;
    unsigned char four[4];
    if (inet_pton(AF_INET, z, four) == 1) {
        *out = from_v4(four);
        return true;
    }
    struct address six;
    if (inet_pton(AF_INET6, z, six.bytes) != 1)
        return false;
    *out = six;
    return true;
}

static bool is_port_suffix(str s)
{
    uint64_t port;
    return s.n == 0 ||
           (s.p[0] == ':' && str_to_u64(str_from(s, 1), &port) == ST_OK && port <= 65535);
}

bool address_parse(str s, struct address *out)
{
    if (s.n != 0 && s.p[0] == '[') {
        size_t close = str_find_char(s, ']');
        return close < s.n && is_port_suffix(str_from(s, close + 1)) &&
               parse_bare(str_sub(s, 1, close - 1), out);
    }
    size_t colon = str_find_char(s, ':');
    bool has_one_colon =
        colon < s.n && str_find_char(str_from(s, colon + 1), ':') == s.n - colon - 1;
    if (has_one_colon)
        return is_port_suffix(str_from(s, colon)) && parse_bare(str_sub(s, 0, colon), out);
    return parse_bare(s, out);
}

str address_text(const struct address *a, char *dst)
{
    const char *z = is_v4(a) ? inet_ntop(AF_INET, a->bytes + V4_OFFSET, dst, ADDRESS_TEXT_CAP)
                             : inet_ntop(AF_INET6, a->bytes, dst, ADDRESS_TEXT_CAP);
    CHECK(z != NULL);
    return str_c(dst);
}

struct address address_count_key(const struct address *a)
{
    struct address key = *a;
    if (!is_v4(a))
        memset(key.bytes + V6_COUNTED_BYTES, 0, sizeof key.bytes - V6_COUNTED_BYTES);
    return key;
}

/* ---- sets ---- */

static bool parse_range(str s, struct address_range *out)
{
    size_t slash = str_find_char(s, '/');
    struct address_range r = {.prefix_bits = ADDRESS_BITS};
    if (!parse_bare(str_sub(s, 0, slash), &r.base))
        return false;
    if (slash < s.n) {
        uint64_t bits;
        unsigned most = is_v4(&r.base) ? 32 : ADDRESS_BITS;
        if (str_to_u64(str_from(s, slash + 1), &bits) != ST_OK || bits > most)
            return false;
        r.prefix_bits = ADDRESS_BITS - most + (unsigned)bits;
    }
    *out = r;
    return true;
}

status address_set_parse(str s, struct address_set *out, struct err *e)
{
    struct address_set set = {.ranges = mem_alloc_array(RANGES_MAX, sizeof(struct address_range))};
    str part;
    while (str_split(&s, ',', &part)) {
        part = str_trim(part);
        if (part.n == 0)
            continue;
        if (str_eq(part, STR("*"))) {
            set.has_all = true;
            continue;
        }
        if (set.count == RANGES_MAX || !parse_range(part, &set.ranges[set.count])) {
            address_set_free(&set);
            return err_set(e, ST_BAD_REQUEST, "'%.*s' is no address or range of trusted proxies",
                           STR_ARG(part));
        }
        set.count++;
    }
    *out = set;
    return ST_OK;
}

void address_set_free(struct address_set *s)
{
    mem_free(s->ranges);
    *s = (struct address_set){0};
}

static bool range_has(const struct address_range *r, const struct address *a)
{
    size_t whole = r->prefix_bits / 8;
    unsigned rest = r->prefix_bits % 8;
    if (memcmp(r->base.bytes, a->bytes, whole) != 0)
        return false;
    if (rest == 0)
        return true;
    unsigned mask = 0xffu << (8 - rest) & 0xffu;
    return ((r->base.bytes[whole] ^ a->bytes[whole]) & mask) == 0;
}

bool address_set_has(const struct address_set *s, const struct address *a)
{
    if (s->has_all)
        return true;
    for (size_t i = 0; i < s->count; i++)
        if (range_has(&s->ranges[i], a))
            return true;
    return false;
}

/* ---- X-Forwarded-For ---- */

static str take_last(str *list)
{
    size_t at = list->n;
    while (at != 0 && list->p[at - 1] != ',')
        at--;
    str last = str_trim(str_from(*list, at));
    list->n = at != 0 ? at - 1 : 0;
    return last;
}

struct address address_forwarded(const struct address_set *trusted, struct address peer, str list)
{
    struct address nearest = peer;
    while (address_set_has(trusted, &nearest) && list.n != 0) {
        struct address next;
        if (!address_parse(take_last(&list), &next))
            break;
        nearest = next;
    }
    return nearest;
}

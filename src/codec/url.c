/* Request targets and absolute URLs; see url.h. */
#include "codec/url.h"

#include <arpa/inet.h>

/* ---- percent-encoding ---- */

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Takes one byte off *s, decoded; false when the encoding is malformed or gives NUL. s->n != 0. */
static bool take_byte(str *s, char *out)
{
    if (s->p[0] != '%') {
        *out = s->p[0];
        *s = str_from(*s, 1);
        return *out != '\0';
    }
    if (s->n < 3)
        return false;
    int high = hex_value(s->p[1]), low = hex_value(s->p[2]);
    if (high < 0 || low < 0 || (high == 0 && low == 0))
        return false;
    *out = (char)(high << 4 | low);
    *s = str_from(*s, 3);
    return true;
}

static status decode(str s, bool plus_is_space, struct arena *a, str *out)
{
    bool is_plain = str_find_char(s, '%') == s.n && str_find_char(s, '\0') == s.n &&
                    !(plus_is_space && str_find_char(s, '+') != s.n);
    str made = s;
    if (!is_plain) {
        char *dst = arena_alloc(a, s.n);
        if (dst == NULL)
            return ST_TOO_BIG;
        made = (str){dst, 0};
        while (s.n != 0) {
            bool is_space = plus_is_space && s.p[0] == '+';
            if (!take_byte(&s, &dst[made.n]))
                return ST_BAD_REQUEST;
            if (is_space)
                dst[made.n] = ' ';
            made.n++;
        }
    }
    if (!str_is_utf8(made))
        return ST_BAD_REQUEST;
    *out = made;
    return ST_OK;
}

status url_decode(str s, struct arena *a, str *out)
{
    return decode(s, false, a, out);
}

status url_decode_query(str s, struct arena *a, str *out)
{
    return decode(s, true, a, out);
}

static bool is_unreserved(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void url_encode(struct buf *out, str s)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (is_unreserved(s.p[i]))
            buf_add_char(out, s.p[i]);
        else
            buf_add(out, (str){(char[]){'%', digits[c >> 4], digits[c & 15]}, 3});
    }
}

/* ---- request targets ---- */

void url_split(str target, str *path_out, str *query_out)
{
    size_t at = str_find_char(target, '?');
    *path_out = str_sub(target, 0, at);
    *query_out = at != target.n ? str_from(target, at + 1) : STR_NONE;
}

/* Not empty, not "." or "..", in any encoding; nothing in it that is a separator to somebody. */
static bool is_segment_fine(str s)
{
    size_t n = 0, dots = 0;
    char c;
    for (; s.n != 0; n++) {
        bool is_encoded = s.p[0] == '%';
        if (!take_byte(&s, &c) || c == '\\' || (is_encoded && c == '/'))
            return false;
        dots += c == '.';
    }
    return n != 0 && !(n <= 2 && dots == n);
}

status url_check_path(str path)
{
    str segment;
    if (path.n == 0 || path.p[0] != '/')
        return ST_BAD_REQUEST;
    path = str_from(path, 1);
    while (str_split(&path, '/', &segment)) {
        bool is_last_slash = segment.n == 0 && path.p == NULL;
        if (!is_last_slash && !is_segment_fine(segment))
            return ST_BAD_REQUEST;
    }
    return ST_OK;
}

bool url_query_next(str *query, str *name_out, str *value_out)
{
    str pair;
    do {
        if (!str_split(query, '&', &pair))
            return false;
    } while (pair.n == 0);
    size_t at = str_find_char(pair, '=');
    *name_out = str_sub(pair, 0, at);
    *value_out = str_from(pair, at + 1);
    return true;
}

status url_query_get(str query, str name, struct arena *a, str *out)
{
    str found = STR_NONE, raw_name, raw_value, decoded;
    while (url_query_next(&query, &raw_name, &raw_value)) {
        status st = url_decode_query(raw_name, a, &decoded);
        if (st != ST_OK)
            return st;
        if (!str_eq(decoded, name))
            continue;
        if (found.p != NULL)
            return ST_BAD_REQUEST;
        found = raw_value;
    }
    return found.p != NULL ? url_decode_query(found, a, out) : ST_NOT_FOUND;
}

/* ---- absolute URLs ---- */

static bool is_address(int family, str s)
{
    char text[INET6_ADDRSTRLEN + 1];
    unsigned char address[16];
    return str_copy_z(s, text, sizeof text) && inet_pton(family, text, address) == 1;
}

static bool is_label(str s)
{
    if (s.n == 0 || s.n > 63 || s.p[0] == '-' || s.p[s.n - 1] == '-')
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!is_unreserved(s.p[i]) || s.p[i] == '.' || s.p[i] == '~')
            return false;
    return true;
}

/* A last label of digits, or 0x..., makes resolvers take the whole for a number. */
static bool is_numeric_label(str s)
{
    bool is_all_digits = true;
    for (size_t i = 0; i < s.n; i++)
        is_all_digits = is_all_digits && s.p[i] >= '0' && s.p[i] <= '9';
    return is_all_digits || str_starts_nocase(s, STR("0x"));
}

static bool is_name(str host)
{
    str label = STR_NONE;
    if (host.n > 253)
        return false;
    while (str_split(&host, '.', &label))
        if (!is_label(label))
            return false;
    return !is_numeric_label(label);
}

static status take_host(str *rest, struct url *u, struct err *e)
{
    size_t n;
    if (rest->n != 0 && rest->p[0] == '[') {
        n = str_find_char(*rest, ']');
        u->host = str_sub(*rest, 1, n - 1);
        u->is_ip = u->is_ipv6 = n != rest->n && is_address(AF_INET6, u->host);
        if (!u->is_ipv6)
            return err_set(e, ST_BAD_REQUEST, "The address in brackets is no IPv6 address");
        *rest = str_from(*rest, n + 1);
        return ST_OK;
    }
    n = str_find_char(*rest, ':');
    u->host = str_sub(*rest, 0, n);
    u->is_ip = is_address(AF_INET, u->host);
    if (!u->is_ip && !is_name(u->host))
        return err_set(e, ST_BAD_REQUEST, "The host name in the address is malformed");
    *rest = str_from(*rest, n);
    return ST_OK;
}

static status take_port(str rest, struct url *u, struct err *e)
{
    uint64_t port = 0;
    u->port = u->is_https ? 443 : 80;
    if (rest.n == 0)
        return ST_OK;
    if (rest.p[0] != ':' || rest.n > 6 || str_to_u64(str_from(rest, 1), &port) != ST_OK ||
        port == 0 || port > 65535)
        return err_set(e, ST_BAD_REQUEST, "The port in the address is malformed");
    u->port = (int)port;
    return ST_OK;
}

static status take_scheme(str *rest, struct url *u, struct err *e)
{
    u->is_https = str_starts_nocase(*rest, STR("https://"));
    if (!u->is_https && !str_starts_nocase(*rest, STR("http://")))
        return err_set(e, ST_BAD_REQUEST, "The address must begin with https:// or http://");
    *rest = str_from(*rest, u->is_https ? 8 : 7);
    return ST_OK;
}

static bool has_odd_bytes(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~' || strchr("\"<>\\^`{|}#", s.p[i]) != NULL)
            return true;
    return false;
}

status url_parse(str text, struct url *out, struct err *e)
{
    struct url u = {0};
    if (has_odd_bytes(text))
        return err_set(e, ST_BAD_REQUEST,
                       "The address holds a character that is not allowed there");
    status st = take_scheme(&text, &u, e);
    if (st != ST_OK)
        return st;
    size_t host_n = 0;
    while (host_n < text.n && text.p[host_n] != '/' && text.p[host_n] != '?')
        host_n++;
    str authority = str_sub(text, 0, host_n);
    url_split(str_from(text, host_n), &u.path, &u.query);
    if (str_find_char(authority, '@') != authority.n)
        return err_set(e, ST_BAD_REQUEST, "The address must not hold a user name or password");
    if ((st = take_host(&authority, &u, e)) != ST_OK || (st = take_port(authority, &u, e)) != ST_OK)
        return st;
    if (u.path.n != 0 && url_check_path(u.path) != ST_OK)
        return err_set(e, ST_BAD_REQUEST, "The path in the address is malformed");
    *out = u;
    return ST_OK;
}

static str without_last_slashes(str s)
{
    while (s.n != 0 && s.p[s.n - 1] == '/')
        s.n--;
    return s;
}

bool url_is_same_base(const struct url *a, const struct url *b)
{
    return a->is_https == b->is_https && a->port == b->port && str_eq_nocase(a->host, b->host) &&
           str_eq(without_last_slashes(a->path), without_last_slashes(b->path)) &&
           a->query.p == NULL && b->query.p == NULL;
}

/* Addresses: the parts of a request target, and absolute http and https URLs such as connections
 * have. What could be read differently by two programs is refused. Pure functions; any thread. */
#ifndef MAI_URL_H
#define MAI_URL_H

#include "base/arena.h"
#include "base/buf.h"

/* ---- request targets ---- */

/* "/a/b?x=1" -> "/a/b" and "x=1" (STR_NONE without '?'). */
void url_split(str target, str *path_out, str *query_out);

/* Refuses (ST_BAD_REQUEST) what could walk out of a folder or be cut differently: no slash in
 * front, "//", a "." or
 * ".." segment, an encoded slash or backslash, a backslash, %00, malformed percent-encoding, in any
 * encoding. */
NODISCARD status url_check_path(str path);

/* Percent-decoding; '+' stays. Borrowed from `s` when nothing was encoded. ST_BAD_REQUEST:
 * malformed, %00, or the result is not UTF-8. ST_TOO_BIG: arena full. */
NODISCARD status url_decode(str s, struct arena *a, str *out);
/* Same for a name or value in a query or form: '+' is a space. */
NODISCARD status url_decode_query(str s, struct arena *a, str *out);

/* Takes the next "name=value" (both still encoded; value empty without '=') off *query. False at
 * the end. */
bool url_query_next(str *query, str *name_out, str *value_out);
/* The decoded value of that parameter. ST_NOT_FOUND: absent; ST_BAD_REQUEST: malformed or given
 * twice. */
NODISCARD status url_query_get(str query, str name, struct arena *a, str *out);
/* Appends s so that it can stand in a path segment or a query value. */
void url_encode(struct buf *out, str s);

/* ---- absolute URLs ---- */

struct url {
    bool is_https;
    bool is_ip;   /* host is an address */
    bool is_ipv6; /* host had brackets, which are taken away here */
    str host;     /* as given; at least one byte */
    int port;     /* 1..65535, the scheme's when none was given */
    str path;     /* from the first slash on, without the query; may be empty */
    str query;    /* without '?'; STR_NONE when there is none */
};

/* Views point into `text`. ST_BAD_REQUEST with a sentence in `e`: another scheme, a user name or
 * password, a fragment, spaces, controls, bytes >= 0x80, hosts that are no name of RFC 1123 and no
 * plain address (such as 127.1 or 0x7f000001, which a resolver would take for an address), a path
 * that url_check_path refuses. */
NODISCARD status url_parse(str text, struct url *out, struct err *e);

/* Do both point to the same base: scheme, host (any case), port and path, slashes at its end aside?
 */
bool url_is_same_base(const struct url *a, const struct url *b);

#endif

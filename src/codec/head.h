/* Strict scan of a request head of HTTP/1.0 or 1.1 (RFC 9112), before any parser sees it: what two
 * implementations could read differently is refused, so no request can be smuggled past a proxy.
 * Pure functions on bytes; no allocation; views point into the head. */
#ifndef MAI_HEAD_H
#define MAI_HEAD_H

#include "base/str.h"

enum {
    HEAD_MAX_FIELDS = 100,
    HEAD_MAX_TARGET = 8192,
    HEAD_MAX_METHOD = 32,
};

/* How many bytes the head at the front of `bytes` has, its blank line included; 0 while it is not
 * whole. `already_scanned`: how many of these bytes an earlier call has seen. A byte that no head
 * may hold (bare CR or LF, NUL, control) ends the head at once: head_check then refuses it, and
 * nobody waits for the rest. */
size_t head_find_end(str bytes, size_t already_scanned);

struct head_info {
    str method; /* a token, case as given */
    str target; /* "/path?query", or "*" with OPTIONS; of http://host/path the part from the path */
    str host;   /* "example.com:8080" as given; empty only with HTTP/1.0 */
    int minor_version;      /* HTTP/1.0 or 1.1 */
    int64_t content_length; /* -1: none */
    bool is_chunked;
    bool is_keep_alive;
    bool expects_continue;
    size_t field_count;
    str fields; /* the header lines, for head_next */
};

/* `head` is what head_find_end measured. On failure a sentence in `e` (may be NULL), `out` is
 * untouched, and the connection must be closed after the answer: ST_HTTP_VERSION (other versions),
 * ST_URI_TOO_LONG, ST_HEAD_TOO_BIG (too many fields), ST_TOO_BIG (a Content-Length beyond int64),
 * ST_EXPECTATION, ST_NOT_SUPPORTED (a transfer coding other than chunked, CONNECT), ST_BAD_REQUEST
 * for all else. */
NODISCARD status head_check(str head, struct head_info *out, struct err *e);

/* Walking the fields of a checked head: str rest = info.fields; while (head_next(&rest, &name,
 * &value)) ... Values are without white space around; bytes >= 0x80 may occur in them. */
bool head_next(str *rest, str *name_out, str *value_out);
/* The first field of that name (any case); false when absent. Fields that must not be repeated
 * (Host, Content-Length, Transfer-Encoding, Content-Type, Content-Encoding, Authorization, Expect,
 * Origin) are there once at most. */
bool head_get(const struct head_info *h, str name, str *value_out);
/* Is `token` in a comma-separated list ("gzip, br")? Any case; parameters after ; are ignored. */
bool head_list_has(str list, str token);

#endif

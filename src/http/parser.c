/* llhttp; see parser.h. Compiled in its strict mode. */
#include "http/parser.h"

#include <llhttp.h>

enum {
    CHUNK_LINE_BYTES = 20,      /* size in hex, CR LF before and after */
    OVERHEAD_BYTES = 16 * 1024, /* all extensions and trailers of one body together */
};

_Static_assert(sizeof(llhttp_t) <= PARSER_BYTES, "the parser has room for an llhttp_t");

static llhttp_t *llhttp_of(struct parser *p)
{
    return (llhttp_t *)p->state;
}

/* ---- callbacks; the parser is its own `data` ---- */

static int on_headers_complete(llhttp_t *h)
{
    struct parser *p = h->data;
    p->is_head_whole = true;
    return 0;
}

static int on_body(llhttp_t *h, const char *at, size_t length)
{
    struct parser *p = h->data;
    p->overhead -= (int64_t)length;
    return p->on_bytes(p->ctx, (str){at, length}) ? 0 : HPE_USER;
}

static int on_chunk_header(llhttp_t *h)
{
    struct parser *p = h->data;
    p->overhead -= CHUNK_LINE_BYTES;
    return 0;
}

static int on_message_complete(llhttp_t *h)
{
    struct parser *p = h->data;
    p->is_body_whole = true;
    return HPE_PAUSED; /* what follows is another request */
}

static const llhttp_settings_t settings = {
    .on_headers_complete = on_headers_complete,
    .on_body = on_body,
    .on_chunk_header = on_chunk_header,
    .on_message_complete = on_message_complete,
};

/* ---- head ---- */

/* The framing is read while it stands: llhttp forgets it once a message without a body is complete.
 */
static bool frames_alike(const struct parser *p, const llhttp_t *h, const struct head_info *info)
{
    bool has_body = info->is_chunked || info->content_length > 0;
    if (p->is_body_whole == has_body)
        return false;
    if (!has_body)
        return true;
    if ((h->flags & F_CHUNKED) != 0)
        return info->is_chunked && info->content_length < 0 && info->minor_version == 1;
    return !info->is_chunked && h->content_length == (uint64_t)info->content_length;
}

status parser_read_head(struct parser *p, str head, const struct head_info *info)
{
    llhttp_t *h = llhttp_of(p);
    llhttp_init(h, HTTP_REQUEST, &settings);
    h->data = p;
    p->is_head_whole = false;
    p->is_body_whole = false;
    p->overhead = 0;
    llhttp_errno_t error = llhttp_execute(h, head.p, head.n);
    if (error == HPE_INVALID_METHOD)
        return ST_NOT_SUPPORTED;
    bool is_read = error == HPE_OK || (error == HPE_PAUSED && p->is_body_whole);
    bool is_same = is_read && p->is_head_whole && h->http_major == 1 &&
                   h->http_minor == info->minor_version && frames_alike(p, h, info);
    return is_same ? ST_OK : ST_BAD_REQUEST;
}

/* ---- chunked bodies ---- */

status parser_read_chunks(struct parser *p, str bytes, size_t *used_out)
{
    llhttp_t *h = llhttp_of(p);
    CHECK(!p->is_body_whole);
    llhttp_errno_t error = llhttp_execute(h, bytes.p, bytes.n);
    size_t used = bytes.n;
    if (error != HPE_OK)
        used = (size_t)(llhttp_get_error_pos(h) - bytes.p);
    p->overhead += (int64_t)used;
    if (error == HPE_USER)
        return ST_CANCELLED;
    bool is_read = error == HPE_OK || (error == HPE_PAUSED && p->is_body_whole);
    if (!is_read || used > bytes.n || p->overhead > OVERHEAD_BYTES)
        return ST_BAD_REQUEST;
    *used_out = used;
    return ST_OK;
}

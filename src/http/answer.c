/* Answers: whole ones, streams, and the errors the server makes itself. Head and body of a small
 * answer lie in one block and go out in one write. */
#include "http/internal.h"

#include <stdio.h>

enum {
    HEAD_FIXED_BYTES = 320, /* status line, Date, Content-Length, Connection and their ends */
    ERROR_BODY_MAX = 64 * 1024,
};

static const struct {
    int code;
    str text;
} reasons[] = {
    {200, STR_INIT("OK")},
    {201, STR_INIT("Created")},
    {202, STR_INIT("Accepted")},
    {204, STR_INIT("No Content")},
    {206, STR_INIT("Partial Content")},
    {301, STR_INIT("Moved Permanently")},
    {302, STR_INIT("Found")},
    {303, STR_INIT("See Other")},
    {304, STR_INIT("Not Modified")},
    {307, STR_INIT("Temporary Redirect")},
    {308, STR_INIT("Permanent Redirect")},
    {400, STR_INIT("Bad Request")},
    {401, STR_INIT("Unauthorized")},
    {402, STR_INIT("Payment Required")},
    {403, STR_INIT("Forbidden")},
    {404, STR_INIT("Not Found")},
    {405, STR_INIT("Method Not Allowed")},
    {406, STR_INIT("Not Acceptable")},
    {408, STR_INIT("Request Timeout")},
    {409, STR_INIT("Conflict")},
    {410, STR_INIT("Gone")},
    {411, STR_INIT("Length Required")},
    {412, STR_INIT("Precondition Failed")},
    {413, STR_INIT("Content Too Large")},
    {414, STR_INIT("URI Too Long")},
    {415, STR_INIT("Unsupported Media Type")},
    {417, STR_INIT("Expectation Failed")},
    {422, STR_INIT("Unprocessable Content")},
    {429, STR_INIT("Too Many Requests")},
    {431, STR_INIT("Request Header Fields Too Large")},
    {500, STR_INIT("Internal Server Error")},
    {501, STR_INIT("Not Implemented")},
    {502, STR_INIT("Bad Gateway")},
    {503, STR_INIT("Service Unavailable")},
    {504, STR_INIT("Gateway Timeout")},
    {505, STR_INIT("HTTP Version Not Supported")},
    {507, STR_INIT("Insufficient Storage")},
};

static str reason_of(int code)
{
    for (size_t i = 0; i < COUNT_OF(reasons); i++)
        if (reasons[i].code == code)
            return reasons[i].text;
    return STR("Other");
}

/* ---- the head ---- */

static bool has_no_body(int code)
{
    return code == 204 || code == 304;
}

static bool is_one_line(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == '\0')
            return false;
    return true;
}

struct answer_head {
    int code;
    str content_type;
    const struct http_header *headers;
    size_t header_count;
    int64_t content_length; /* -1: none is sent */
    bool is_chunked;
    bool closes;
};

static char *put(char *at, str s)
{
    memcpy(at, s.p, s.n);
    return at + s.n;
}

static char *put_number(char *at, uint64_t v)
{
    char digits[20];
    size_t n = 0;
    do
        digits[n++] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    while (n != 0)
        *at++ = digits[--n];
    return at;
}

static char *put_header(char *at, str name, str value)
{
    CHECK(name.n != 0 && is_one_line(name) && is_one_line(value));
    at = put(at, name);
    at = put(at, STR(": "));
    if (value.n != 0)
        at = put(at, value);
    return put(at, STR("\r\n"));
}

static size_t head_room(const struct answer_head *h)
{
    size_t n = HEAD_FIXED_BYTES + h->content_type.n;
    for (size_t i = 0; i < h->header_count; i++)
        n += h->headers[i].name.n + h->headers[i].value.n + 4;
    return n;
}

/* `extra`: room kept in the same block for the body. */
static void queue_head(struct conn *c, const struct answer_head *h, size_t extra)
{
    CHECK(h->code >= 200 && h->code <= 599);
    char *start = out_reserve(&c->out, head_room(h) + extra);
    char *at = put(start, STR("HTTP/1.1 "));
    at = put_number(at, (uint64_t)h->code);
    *at++ = ' ';
    at = put(at, reason_of(h->code));
    at = put(at, STR("\r\n"));
    at = put(at, lane_date(c->lane));
    if (h->content_type.p != NULL)
        at = put_header(at, STR("Content-Type"), h->content_type);
    if (h->content_length >= 0) {
        at = put(at, STR("Content-Length: "));
        at = put_number(at, (uint64_t)h->content_length);
        at = put(at, STR("\r\n"));
    }
    if (h->is_chunked)
        at = put(at, STR("Transfer-Encoding: chunked\r\n"));
    for (size_t i = 0; i < h->header_count; i++)
        at = put_header(at, h->headers[i].name, h->headers[i].value);
    if (h->closes)
        at = put(at, STR("Connection: close\r\n"));
    at = put(at, STR("\r\n"));
    out_commit(&c->out, (size_t)(at - start));
}

/* ---- the end of a request ---- */

/* Decided before the head goes out, because the client is told. */
static void decide_close(struct http_request *r, bool is_wanted)
{
    struct conn *c = r->conn;
    bool is_left = !body_skip(c);
    if (is_left)
        c->must_linger = true;
    if (is_left || is_wanted || c->lane->is_draining)
        r->closes = true;
}

void answer_finish(struct http_request *r)
{
    struct conn *c = r->conn;
    bool closes = r->closes || c->lane->is_draining;
    request_close(r);
    in_drop(c, c->in.after);
    conn_set_state(c, closes ? CONN_FLUSH : CONN_IDLE);
    conn_run(c);
}

/* ---- whole answers ---- */

enum { SMALL_BODY = 3 * 1024 }; /* fits beside its head in one block */

void http_respond(struct http_request *r, const struct http_response *answer)
{
    struct conn *c = r->conn;
    CHECK(request_is_open(r) && !r->is_stream);
    decide_close(r, answer->close);
    bool is_bare = has_no_body(answer->code);
    struct answer_head h = {
        .code = answer->code,
        .content_type = is_bare ? STR_NONE : answer->content_type,
        .headers = answer->headers,
        .header_count = answer->header_count,
        .content_length = is_bare ? -1 : (int64_t)answer->body.n,
        .closes = r->closes,
    };
    bool sends_body = !is_bare && r->method != HTTP_HEAD && answer->body.n != 0;
    bool is_small = sends_body && answer->body.n <= SMALL_BODY;
    queue_head(c, &h, is_small ? answer->body.n : 0);
    if (sends_body && answer->is_static_body)
        out_add_static(&c->out, answer->body);
    else if (sends_body)
        out_add(&c->out, answer->body);
    answer_finish(r);
}

/* ---- streams ---- */

static void flush_unless_held(struct http_request *r)
{
    if (!r->conn->is_running && !r->is_held)
        wire_flush(r->conn);
}

void http_stream_hold(struct http_request *r, bool is_held)
{
    CHECK(request_is_open(r));
    r->is_held = is_held;
    flush_unless_held(r);
}

void http_stream_begin(struct http_request *r, int code, str content_type,
                       const struct http_header *headers, size_t header_count)
{
    struct conn *c = r->conn;
    CHECK(request_is_open(r) && !r->is_stream && !has_no_body(code));
    bool is_old = r->head.minor_version == 0;
    decide_close(r, is_old);
    r->is_stream = true;
    r->is_stream_chunked = !is_old;
    struct answer_head h = {
        .code = code,
        .content_type = content_type,
        .headers = headers,
        .header_count = header_count,
        .content_length = -1,
        .is_chunked = !is_old,
        .closes = r->closes,
    };
    queue_head(c, &h, 0);
    if (c->state == CONN_BODY)
        conn_set_state(c, CONN_APP); /* answered before its body was whole: the rest is not read */
    flush_unless_held(r);
}

static void queue_chunk(struct out *o, str bytes)
{
    char *start = out_reserve(o, 20), *at = start;
    int n = snprintf(at, 20, "%zx\r\n", bytes.n);
    out_commit(o, (size_t)n);
    out_add(o, bytes);
    out_add(o, STR("\r\n"));
}

void http_stream_write(struct http_request *r, str bytes)
{
    struct conn *c = r->conn;
    CHECK(request_is_open(r) && r->is_stream);
    if (bytes.n == 0 || r->method == HTTP_HEAD || c->is_broken)
        return;
    if (r->is_stream_chunked)
        queue_chunk(&c->out, bytes);
    else
        out_add(&c->out, bytes);
    flush_unless_held(r);
    if (c->out.bytes > c->lane->server->limits.high_water_bytes)
        r->is_full = true;
}

bool http_stream_is_full(const struct http_request *r)
{
    return r->is_full;
}

void http_stream_on_drain(struct http_request *r,
                          void (*on_drain)(struct http_request *r, void *ctx), void *ctx)
{
    r->on_drain = on_drain;
    r->drain_ctx = ctx;
}

void http_stream_end(struct http_request *r)
{
    struct conn *c = r->conn;
    CHECK(request_is_open(r) && r->is_stream);
    if (r->is_stream_chunked && r->method != HTTP_HEAD && !c->is_broken)
        out_add(&c->out, STR("0\r\n\r\n"));
    answer_finish(r);
}

/* What was written before is still sent, then the connection ends short of the final chunk.
 * HTTP/1.0 knows no such end; there a reset says it. */
void http_stream_abort(struct http_request *r)
{
    struct conn *c = r->conn;
    CHECK(request_is_open(r) && r->is_stream);
    r->closes = true;
    c->must_reset = !r->is_stream_chunked;
    answer_finish(r);
}

/* ---- the server's own errors ---- */

static void queue_error(struct conn *c, status st, str text)
{
    static const struct http_header retry = {STR_INIT("Retry-After"), STR_INIT("1")};
    const struct http_app *app = &c->lane->server->conf.app;
    struct buf body MAI_AUTO(buf_free);
    buf_init(&body, ERROR_BODY_MAX);
    app->error_body(app->ctx, c->r.path.p != NULL ? c->r.path : STR(""), st, text, &body);
    struct answer_head h = {
        .code = status_http(st),
        .content_type = STR("application/json"),
        .headers = &retry,
        .header_count = st == ST_UNAVAILABLE ? 1 : 0,
        .content_length = (int64_t)body.n,
        .closes = true,
    };
    queue_head(c, &h, 0);
    if (c->r.method != HTTP_HEAD)
        out_add(&c->out, buf_view(&body));
}

void answer_error(struct conn *c, status st, str text)
{
    struct http_request *r = &c->r;
    CHECK(!r->is_stream);
    if (c->tls == NULL || tls_is_ready(c->tls))
        queue_error(c, st, text);
    if (request_is_open(r))
        request_gone(r);
    c->must_linger = true;
    conn_set_state(c, CONN_FLUSH);
    conn_run(c);
}

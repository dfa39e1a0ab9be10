/* Request bodies: read only when the application asks, within its maximum and within one budget for
 * all bodies in flight on all loops.
 *
 * A body with a length that fits behind its head in the input buffer stays there. A longer one is
 * read straight into memory of its own; a chunked one is decoded into memory that grows as it
 * arrives. */
#include "http/internal.h"

enum { CHUNKED_FIRST_BYTES = 16 * 1024 };

/* ---- the budget ---- */

static bool reserve(struct http_request *r, size_t bytes)
{
    struct http_server *s = r->conn->lane->server;
    size_t before = atomic_fetch_add(&s->bodies_bytes, bytes);
    r->body_reserved += bytes;
    return before + bytes <= s->limits.max_bodies_bytes;
}

void body_free(struct http_request *r)
{
    atomic_fetch_sub(&r->conn->lane->server->bodies_bytes, r->body_reserved);
    r->body_reserved = 0;
    buf_free(&r->body);
}

/* ---- refusals ---- */

static bool refuse(struct conn *c, status st, const char *text)
{
    answer_error(c, st, str_c(text));
    return false;
}

static bool refuse_too_large(struct conn *c)
{
    return refuse(c, ST_TOO_BIG, status_text(ST_TOO_BIG));
}

static bool refuse_budget(struct conn *c)
{
    return refuse(c, ST_UNAVAILABLE, "Too many large requests at once, try again shortly");
}

/* ---- whole ---- */

static void deliver(struct conn *c, str body)
{
    struct http_request *r = &c->r;
    r->is_body_done = true;
    conn_set_state(c, CONN_APP);
    r->on_body(r, body, r->body_ctx);
}

/* ---- with a length ---- */

static size_t held_behind_head(const struct conn *c)
{
    return in_unread(c).n - c->in.after;
}

/* Once it does not fit: what is here moves out, the rest is read straight to its place. */
static void move_to_own_memory(struct conn *c, size_t length)
{
    struct http_request *r = &c->r;
    buf_init(&r->body, length);
    CHECK(buf_reserve(&r->body, length) != NULL);
    buf_add(&r->body, str_from(in_unread(c), c->in.after));
    c->in.end = c->in.start + c->in.after;
}

static bool fits_behind_head(const struct conn *c, size_t length)
{
    return c->r.body.p == NULL && length <= c->in.cap - c->in.start - c->in.after;
}

/* Reads up to n bytes to dst; true when some came. Otherwise the connection may be closed. */
static bool read_some(struct conn *c, char *dst, size_t n, size_t *got_out)
{
    switch (wire_fill(c, dst, n, got_out)) {
    case FILL_BYTES:
        c->r.body_received += *got_out;
        return true;
    case FILL_NOTHING:
        return false;
    case FILL_END:
    case FILL_ERROR:
        break;
    }
    conn_close(c, "the client hung up inside its request");
    return false;
}

static bool length_step(struct conn *c)
{
    struct http_request *r = &c->r;
    struct in *in = &c->in;
    size_t length = (size_t)r->head.content_length, got;
    if (fits_behind_head(c, length)) {
        if (held_behind_head(c) >= length) {
            str body = str_sub(in_unread(c), in->after, length);
            in->after += length;
            deliver(c, body);
            return true;
        }
        if (!read_some(c, in->p + in->end, in->cap - in->end, &got))
            return false;
        in->end += got;
        return true;
    }
    if (r->body.p == NULL)
        move_to_own_memory(c, length);
    if (r->body.n == length) {
        deliver(c, buf_view(&r->body));
        return true;
    }
    if (!read_some(c, r->body.p + r->body.n, length - r->body.n, &got))
        return false;
    buf_grow_by(&r->body, got);
    return true;
}

/* ---- chunked ---- */

enum chunked_end { CHUNKED_FITS, CHUNKED_TOO_LARGE, CHUNKED_OVER_BUDGET };

static enum chunked_end room_for(struct http_request *r, size_t more)
{
    size_t need = r->body.n + more;
    if (more > r->body_max - r->body.n)
        return CHUNKED_TOO_LARGE;
    if (need <= r->body_reserved)
        return CHUNKED_FITS;
    size_t target =
        r->body_reserved * 2 > CHUNKED_FIRST_BYTES ? r->body_reserved * 2 : CHUNKED_FIRST_BYTES;
    if (target < need)
        target = need;
    if (target > r->body_max)
        target = r->body_max;
    return reserve(r, target - r->body_reserved) ? CHUNKED_FITS : CHUNKED_OVER_BUDGET;
}

static bool keep_bytes(void *ctx, str bytes)
{
    struct conn *c = ctx;
    struct http_request *r = &c->r;
    r->chunked_end = (int)room_for(r, bytes.n);
    if (r->chunked_end != CHUNKED_FITS)
        return false;
    buf_add(&r->body, bytes);
    return true;
}

static bool drop_bytes(void *ctx, str bytes)
{
    return true;
}

/* Decodes what lies behind the head and takes it out of the input; pipelined bytes behind the body
 * stay. */
static status decode(struct conn *c, bool (*on_bytes)(void *ctx, str bytes))
{
    struct in *in = &c->in;
    size_t used = 0;
    c->parser.on_bytes = on_bytes;
    c->parser.ctx = c;
    status st = parser_read_chunks(&c->parser, str_from(in_unread(c), in->after), &used);
    if (st != ST_OK)
        return st;
    char *behind = in->p + in->start + in->after;
    memmove(behind, behind + used, held_behind_head(c) - used);
    in->end -= used;
    return ST_OK;
}

static bool chunked_step(struct conn *c)
{
    struct http_request *r = &c->r;
    struct in *in = &c->in;
    size_t got;
    if (held_behind_head(c) == 0) {
        if (!read_some(c, in->p + in->end, in->cap - in->end, &got))
            return false;
        in->end += got;
    }
    status st = decode(c, keep_bytes);
    if (st == ST_CANCELLED)
        return r->chunked_end == CHUNKED_TOO_LARGE ? refuse_too_large(c) : refuse_budget(c);
    if (st != ST_OK)
        return refuse(c, st, "The chunked request body is malformed");
    if (c->parser.is_body_whole)
        deliver(c, buf_view(&r->body));
    return true;
}

/* ---- entry points ---- */

bool body_step(struct conn *c)
{
    return c->r.body_kind == BODY_LENGTH ? length_step(c) : chunked_step(c);
}

bool body_skip(struct conn *c)
{
    struct http_request *r = &c->r;
    if (r->is_body_done)
        return true;
    if (r->on_body != NULL)
        return false; /* half read */
    if (r->body_kind == BODY_CHUNKED) {
        r->is_body_done =
            held_behind_head(c) != 0 && decode(c, drop_bytes) == ST_OK && c->parser.is_body_whole;
        return r->is_body_done;
    }
    size_t length = (size_t)r->head.content_length;
    if (held_behind_head(c) < length)
        return false;
    c->in.after += length;
    r->is_body_done = true;
    return true;
}

/* False: refused already. */
static bool admit(struct conn *c)
{
    struct http_request *r = &c->r;
    if (r->body_kind == BODY_CHUNKED) {
        buf_init(&r->body, r->body_max);
        return true;
    }
    if ((uint64_t)r->head.content_length > r->body_max)
        return refuse_too_large(c);
    if (!reserve(r, (size_t)r->head.content_length))
        return refuse_budget(c);
    return true;
}

static void say_continue(struct conn *c)
{
    if (c->r.head.expects_continue && c->r.head.minor_version == 1 && held_behind_head(c) == 0)
        out_add(&c->out, STR("HTTP/1.1 100 Continue\r\n\r\n"));
}

void http_read_body(struct http_request *r, size_t max_bytes,
                    void (*on_body)(struct http_request *r, str body, void *ctx), void *ctx)
{
    struct conn *c = r->conn;
    size_t most = c->lane->server->limits.max_body_bytes;
    CHECK(request_is_open(r) && r->on_body == NULL && !r->is_stream && on_body != NULL);
    r->on_body = on_body;
    r->body_ctx = ctx;
    r->body_max = max_bytes < most ? max_bytes : most;
    if (r->is_body_done) {
        on_body(r, (str){"", 0}, ctx);
        return;
    }
    if (!admit(c))
        return;
    say_continue(c);
    conn_set_state(c, CONN_BODY);
    conn_run(c);
}

/* The life of one connection: a loop of small steps, each of which does one thing that can be done
 * now.
 *
 * Invariants (tests name the number):
 *   C1  One request at most is in the application's hands; the next head is read only when the
 * answer is complete and less than high water of it waits. C2  Bytes behind a refused head or body
 * are never read as a request: the connection ends. C3  Each request that on_head saw ends exactly
 * once: answered, or gone. C4  Nothing a peer does makes a connection wait without a deadline or
 * hold memory without a limit, but for the time the application takes itself.
 *
 * Hang-ups: the end of the client's side counts as gone while a request is in the application's
 * hands, as in most servers, because a closed browser tab and a half-closed socket look the same
 * until something is written, and a silent model may cost money for minutes. One exception: when a
 * whole further request is waiting behind (a script that sends all it has, ends its side and
 * reads), the client evidently still listens. */
#include "http/internal.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
    STEPS_A_TURN = 128, /* then others have a turn */
    LINGER_MS = 3000,
    LINGER_BYTES = 16 * 1024 * 1024,
    ROOM_BEHIND_HEAD = 1024, /* for a chunked body to arrive in pieces worth a call */
    US_PER_MS = 1000,
};

static const struct http_limits *limits_of(const struct conn *c)
{
    return &c->lane->server->limits;
}

/* ---- state ---- */

static int64_t time_for(const struct conn *c, enum conn_state state)
{
    switch (state) {
    case CONN_HANDSHAKE:
    case CONN_HEAD:
        return limits_of(c)->head_timeout_ms;
    case CONN_IDLE:
        return limits_of(c)->idle_timeout_ms;
    case CONN_BODY:
        return limits_of(c)->body_progress_ms;
    case CONN_LINGER:
        return LINGER_MS;
    case CONN_APP:
    case CONN_FLUSH: /* the write deadline holds */
    case CONN_DEAD:
        break;
    }
    return -1;
}

/* Every change of state goes through here; each state brings its deadline. */
void conn_set_state(struct conn *c, enum conn_state state)
{
    CHECK(c->state != CONN_DEAD);
    int64_t ms = time_for(c, state);
    c->state = state;
    c->deadline_us = ms >= 0 ? clock_mono_us() + ms * US_PER_MS : INT64_MAX;
    c->progress_mark = c->r.body_received;
}

/* ---- the end ---- */

void conn_close(struct conn *c, const char *reason)
{
    if (c->state == CONN_DEAD)
        return;
    if (request_is_open(&c->r))
        request_gone(&c->r);
    log_debug("connection closed", LF_Z("reason", reason));
    conn_set_state(c, CONN_DEAD);
    event_del(&c->event);
    tls_free(MAI_TAKE(c->tls));
    if (c->must_reset)
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &(struct linger){.l_onoff = 1},
                   sizeof(struct linger));
    close(c->fd);
    out_clear(&c->out);
    c->in.start = c->in.end;
    in_release(c);
    struct http_server *s = c->lane->server;
    struct address key = address_count_key(&c->peer);
    if (c->is_counted && !c->is_peer_trusted)
        tally_leave(&s->tally, &key);
    if (c->is_counted)
        atomic_fetch_sub(&s->connections, 1);
    if (c->is_refused)
        c->lane->refusing--;
    request_slot_give(c->lane->table, c->slot);
    lane_bury(c->lane, c);
}

void conn_free(struct conn *c)
{
    CHECK(c->state == CONN_DEAD);
    mem_free(c);
}

/* Our side ends; what the client still sends is thrown away for a while. */
static void begin_linger(struct conn *c)
{
    if (c->tls != NULL)
        tls_say_end(c->tls);
    shutdown(c->fd, SHUT_WR);
    conn_set_state(c, CONN_LINGER);
}

static bool linger_step(struct conn *c)
{
    char waste[16384];
    size_t got;
    switch (wire_fill(c, waste, sizeof waste, &got)) {
    case FILL_NOTHING:
        return false;
    case FILL_BYTES:
        c->lingered += got;
        if (c->lingered <= LINGER_BYTES)
            return true;
        conn_close(c, "answered, and the client does not stop sending");
        return false;
    case FILL_END:
    case FILL_ERROR:
        break;
    }
    conn_close(c, "answered");
    return false;
}

/* ---- the head of a request ---- */

static void begin_request(struct conn *c)
{
    c->r = (struct http_request){.conn = c};
}

static void split_target(struct http_request *r)
{
    str target = r->head.target;
    size_t mark = str_find_char(target, '?');
    r->path = str_sub(target, 0, mark);
    r->query = str_from(target, mark + 1);
}

/* Strict scan, then llhttp: the request is taken only when both read the same. */
static status read_head(struct conn *c, str head, struct err *e)
{
    struct http_request *r = &c->r;
    if (head.n > limits_of(c)->max_head_bytes)
        return ST_HEAD_TOO_BIG;
    status st = head_check(head, &r->head, e);
    if (st != ST_OK)
        return st;
    split_target(r);
    if (!method_from_text(r->head.method, &r->method))
        return err_set(e, ST_NOT_SUPPORTED, "The method is not supported");
    return parser_read_head(&c->parser, head, &r->head);
}

static bool is_server_wide(const struct http_request *r)
{
    return r->method == HTTP_OPTIONS && str_eq(r->path, STR("*"));
}

static void answer_server_wide(struct http_request *r)
{
    static const struct http_header allow = {
        STR_INIT("Allow"), STR_INIT("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS")};
    http_respond(r, &(struct http_response){.code = 204, .headers = &allow, .header_count = 1});
}

static void give_to_app(struct conn *c)
{
    struct http_request *r = &c->r;
    const struct http_app *app = &c->lane->server->conf.app;
    r->body_kind = r->head.is_chunked           ? BODY_CHUNKED
                   : r->head.content_length > 0 ? BODY_LENGTH
                                                : BODY_NONE;
    r->is_body_done = r->body_kind == BODY_NONE;
    r->closes = !r->head.is_keep_alive || r->head.minor_version == 0 || c->lane->is_draining;
    request_open(r);
    conn_set_state(c, CONN_APP);
    if (is_server_wide(r))
        answer_server_wide(r);
    else
        app->on_head(app->ctx, r);
}

static void take_head(struct conn *c, size_t head_n)
{
    begin_request(c);
    in_make_room_behind(c, head_n, ROOM_BEHIND_HEAD);
    c->in.after = head_n;
    struct err e = {0};
    status st = read_head(c, str_sub(in_unread(c), 0, head_n), &e);
    if (st != ST_OK) {
        answer_error(c, st, str_c(err_text(&e, st)));
        return;
    }
    give_to_app(c);
}

/* RFC 9112 2.2: an empty line before a request is passed over; one, not any number. */
static void skip_empty_line(struct conn *c)
{
    if (!c->has_skipped_line && str_starts(in_unread(c), STR("\r\n"))) {
        in_drop(c, 2);
        c->has_skipped_line = true;
    }
}

static bool is_target_too_long(str unread)
{
    return unread.n > HEAD_MAX_TARGET + HEAD_MAX_METHOD && str_find_char(unread, '\n') == unread.n;
}

/* True when the head was taken or refused. */
static bool parse_head(struct conn *c)
{
    skip_empty_line(c);
    str unread = in_unread(c);
    if (unread.n == 0)
        return false;
    size_t head_n = head_find_end(unread, c->in.scanned);
    c->in.scanned = unread.n;
    if (head_n == 0 && unread.n < limits_of(c)->max_head_bytes) {
        if (c->state == CONN_IDLE)
            conn_set_state(c, CONN_HEAD);
        return false;
    }
    c->has_skipped_line = false;
    if (head_n != 0) {
        take_head(c, head_n);
        return true;
    }
    begin_request(c);
    status st = is_target_too_long(unread) ? ST_URI_TOO_LONG : ST_HEAD_TOO_BIG;
    answer_error(c, st, str_c(status_text(st)));
    return true;
}

/* The client will send no further request; what was answered before still goes out. */
static void end_between_requests(struct conn *c)
{
    if (c->out.bytes != 0)
        conn_set_state(c, CONN_FLUSH);
    else
        conn_close(c, "the client ended");
}

static bool head_step(struct conn *c)
{
    c->is_held = c->out.bytes > limits_of(c)->high_water_bytes;
    if (c->is_held)
        return false; /* the client pipelines and does not read */
    if (c->in.scanned < in_unread(c).n && parse_head(c))
        return true;
    size_t got;
    if (!c->is_readable) {
        in_release(c); /* an idle connection holds no buffer */
        return false;
    }
    CHECK(in_make_room(c, limits_of(c)->max_head_bytes));
    switch (wire_fill(c, c->in.p + c->in.end, c->in.cap - c->in.end, &got)) {
    case FILL_BYTES:
        c->in.end += got;
        return true;
    case FILL_END:
        end_between_requests(c);
        return false;
    case FILL_ERROR:
        conn_close(c, "the client reset the connection");
        return false;
    case FILL_NOTHING:
        break;
    }
    in_release(c);
    return false;
}

/* ---- other steps ---- */

static bool handshake_step(struct conn *c)
{
    if (tls_handshake(c->tls)) {
        conn_set_state(c, CONN_IDLE);
        return true;
    }
    if (errno != EAGAIN)
        conn_close(c, "the TLS handshake failed");
    return false;
}

static bool has_whole_request_behind(struct conn *c)
{
    size_t got;
    if (c->in.end < c->in.cap &&
        wire_fill(c, c->in.p + c->in.end, c->in.cap - c->in.end, &got) == FILL_BYTES)
        c->in.end += got;
    return head_find_end(str_from(in_unread(c), c->in.after), 0) != 0;
}

/* The application works or streams: all that can happen on the wire is that the client leaves. */
static bool app_step(struct conn *c)
{
    if (!c->has_fin || c->is_half_closer)
        return false;
    if (!wire_has_reset(c) && c->r.is_body_done && has_whole_request_behind(c)) {
        c->is_half_closer = true;
        return false;
    }
    conn_close(c, "the client hung up");
    return false;
}

static bool step(struct conn *c)
{
    if (c->is_broken) {
        conn_close(c, "the client does not take the answer");
        return false;
    }
    switch (c->state) {
    case CONN_HANDSHAKE:
        return handshake_step(c);
    case CONN_IDLE:
    case CONN_HEAD:
        return head_step(c);
    case CONN_APP:
        return app_step(c);
    case CONN_BODY:
        return body_step(c);
    case CONN_LINGER:
        return linger_step(c);
    case CONN_FLUSH:
    case CONN_DEAD:
        break;
    }
    return false;
}

/* ---- running ---- */

/* Closing over bytes that were not read would reset the connection, and the answer with it. */
static void end_after_answer(struct conn *c)
{
    bool has_unread = c->must_linger || c->is_readable || in_unread(c).n != 0;
    if (has_unread && !c->must_reset) {
        begin_linger(c);
        return;
    }
    if (c->tls != NULL && !c->must_reset)
        tls_say_end(c->tls);
    conn_close(c, "answered");
}

/* What an emptier queue makes possible; true when there are further steps to do. */
static bool after_flush(struct conn *c)
{
    if (c->is_broken)
        return true;
    if (c->state == CONN_FLUSH && c->out.bytes == 0) {
        end_after_answer(c);
        return c->state == CONN_LINGER;
    }
    if (c->is_held && c->out.bytes <= limits_of(c)->low_water_bytes)
        return true;
    struct http_request *r = &c->r;
    if (request_is_open(r) && r->is_full && c->out.bytes <= limits_of(c)->low_water_bytes) {
        r->is_full = false;
        if (r->on_drain != NULL)
            r->on_drain(r, r->drain_ctx);
        return true;
    }
    return false;
}

/* A turn is bounded, so that one busy client does not keep the loop from the others. */
void conn_run(struct conn *c)
{
    if (c->is_running || c->state == CONN_DEAD)
        return;
    c->is_running = true;
    unsigned steps = 0;
    do {
        while (steps < STEPS_A_TURN && step(c))
            steps++;
        if (c->state != CONN_DEAD)
            wire_flush(c);
    } while (c->state != CONN_DEAD && after_flush(c) && steps++ < STEPS_A_TURN);
    c->is_running = false;
    if (steps >= STEPS_A_TURN && c->state != CONN_DEAD)
        event_active(&c->event, EV_TIMEOUT, 0);
}

static void on_event(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;
    if ((what & EV_READ) != 0)
        c->is_readable = true;
    if ((what & EV_WRITE) != 0)
        c->is_writable = true;
    if ((what & EV_CLOSED) != 0)
        c->has_fin = true;
    /* A reset comes as readable and writable only. Where we do not read we must ask. */
    if (c->state == CONN_APP && (what & EV_READ) != 0 && wire_has_reset(c))
        c->is_broken = true;
    conn_run(c);
}

/* ---- deadlines ---- */

static void body_overdue(struct conn *c)
{
    if (c->r.body_received - c->progress_mark >= limits_of(c)->body_min_bytes)
        conn_set_state(c, CONN_BODY); /* another span */
    else
        answer_error(c, ST_CLIENT_TIMEOUT, STR("The request body took too long to arrive"));
}

static void overdue(struct conn *c)
{
    switch (c->state) {
    case CONN_HEAD:
        begin_request(c);
        answer_error(c, ST_CLIENT_TIMEOUT, STR("The request head took too long to arrive"));
        break;
    case CONN_BODY:
        body_overdue(c);
        break;
    default:
        conn_close(c, "out of time");
        break;
    }
}

void conn_sweep(struct conn *c, int64_t now_us)
{
    if (now_us >= c->write_deadline_us && !wire_was_taken(c)) {
        c->must_reset = true; /* else the kernel would go on holding the bytes for it */
        conn_close(c, "the client took nothing of the answer in time");
        return;
    }
    if (c->lane->is_draining && c->state == CONN_IDLE && c->out.bytes == 0) {
        conn_close(c, "draining");
        return;
    }
    if (now_us < c->deadline_us)
        return;
    overdue(c);
    conn_run(c);
}

/* ---- birth ---- */

void conn_new(struct lane *lane, int fd, const struct address *peer, bool is_over_limit)
{
    struct http_server *s = lane->server;
    struct conn *c = NEW(struct conn);
    c->lane = lane;
    c->fd = fd;
    c->peer = *peer;
    c->is_peer_trusted = address_set_has(&s->trusted, peer);
    c->is_counted = !is_over_limit;
    c->is_refused = is_over_limit;
    c->write_deadline_us = INT64_MAX;
    c->slot = request_slot_take(lane->table);
    out_init(&c->out, &lane->out_pool);
    begin_request(c);
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (s->tls != NULL)
        c->tls = tls_new(s->tls, fd);
    CHECK(event_assign(&c->event, loop_base(lane->loop), fd,
                       EV_READ | EV_WRITE | EV_CLOSED | EV_ET | EV_PERSIST, on_event, c) == 0);
    CHECK(event_add(&c->event, NULL) == 0);
    lane_add(lane, c);
    conn_set_state(c, s->tls != NULL ? CONN_HANDSHAKE : CONN_IDLE);
    if (is_over_limit)
        answer_error(c, ST_UNAVAILABLE, STR("Too many connections"));
}

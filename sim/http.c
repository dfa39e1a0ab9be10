/* HTTP server of the simulator; see http.h.
 *
 * Life of a connection: reading -> (handler) busy -> reading ... -> dead. Input that arrives while
 * busy waits, so pipelined requests are answered in order. A connection that dies inside a handler
 * is freed when the read loop unwinds. A failed write is never reported from inside the writing
 * call: it wakes the read event, which finds the end and tells the watcher. */
#include "http.h"
#include "http_parse.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <event2/event.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_PORTION = 16 * 1024, MAX_OUT = 1 << 30, BACKLOG = 4096, RESPONSE_MAX = 64 << 20 };

struct http_server {
    struct event_base *loop;
    struct evconnlistener *listener;
    http_handler *handler;
    void *arg;
    int port;
    uint64_t accepted;
    uint64_t open;
    struct http_conn *first;
    struct buf scratch; /* the answer being composed */
};

struct http_conn {
    struct http_server *server;
    struct http_conn *prev, *next;
    int fd;
    uint64_t number;
    struct event *ev_read, *ev_write, *ev_cut;
    struct buf in, out;
    struct http_parser parser;
    struct http_cut cut;
    uint64_t cut_state;
    void (*on_gone)(void *);
    void (*on_drain)(void *);
    void *watcher;
    bool is_busy;    /* a request waits for its answer */
    bool is_looping; /* inside conn_process */
    bool is_dead;
    bool is_chunked; /* the answer under way */
    bool is_head;    /* HEAD: no body */
    bool closes;     /* after the answer */
    bool closes_when_drained;
};

static void conn_process(struct http_conn *c);

/* ---- ending ---- */

static void conn_free(struct http_conn *c)
{
    event_free(c->ev_read);
    event_free(c->ev_write);
    event_free(c->ev_cut);
    buf_free(&c->in);
    buf_free(&c->out);
    http_parser_free(&c->parser);
    mem_free(c);
}

static void conn_end(struct http_conn *c)
{
    if (c->is_dead)
        return;
    c->is_dead = true;
    event_del(c->ev_read);
    event_del(c->ev_write);
    event_del(c->ev_cut);
    close(c->fd);
    c->server->open--;
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        c->server->first = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    if (!c->is_looping)
        conn_free(c);
}

static void conn_gone(struct http_conn *c)
{
    void (*tell)(void *) = c->on_gone;
    c->on_gone = NULL;
    if (tell != NULL)
        tell(c->watcher);
    conn_end(c);
}

void http_abort(struct http_conn *c, bool is_reset)
{
    c->on_gone = NULL;
    c->on_drain = NULL;
    if (is_reset) {
        struct linger now = {.l_onoff = 1, .l_linger = 0};
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
        conn_end(c);
        return;
    }
    c->closes_when_drained = true;
    if (c->out.n == 0)
        conn_end(c);
}

/* ---- writing ---- */

static size_t piece_size(struct http_conn *c)
{
    if (c->cut.every <= 0)
        return c->out.n;
    size_t n = (size_t)c->cut.every;
    if (c->cut.seed != 0) {
        c->cut_state = c->cut_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        n = 1 + (size_t)(c->cut_state >> 33) % n;
    }
    return n < c->out.n ? n : c->out.n;
}

/* Sends one piece; false when the kernel wants no more now or the peer is gone. */
static bool send_piece(struct http_conn *c)
{
    ssize_t n = send(c->fd, c->out.p, piece_size(c), MSG_NOSIGNAL);
    if (n > 0) {
        buf_consume(&c->out, (size_t)n);
        return true;
    }
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
        event_add(c->ev_write, NULL);
        return false;
    }
    buf_clear(&c->out);
    event_active(c->ev_read, EV_READ, 0);
    return false;
}

static void drained(struct http_conn *c)
{
    if (c->closes_when_drained) {
        conn_end(c);
        return;
    }
    if (c->on_drain != NULL)
        c->on_drain(c->watcher);
}

static void on_cut(int fd, short what, void *arg)
{
    struct http_conn *c = arg;
    if (c->out.n != 0 && !send_piece(c))
        return;
    if (c->out.n == 0) {
        drained(c);
        return;
    }
    struct timeval gap = {c->cut.gap_ms / 1000, c->cut.gap_ms % 1000 * 1000};
    event_add(c->ev_cut, &gap);
}

static void on_writable(int fd, short what, void *arg)
{
    struct http_conn *c = arg;
    if (c->cut.every > 0) {
        on_cut(fd, what, arg);
        return;
    }
    if (c->out.n != 0 && !send_piece(c))
        return;
    if (c->out.n == 0)
        drained(c);
    else
        event_add(c->ev_write, NULL);
}

static void conn_push(struct http_conn *c, str bytes)
{
    if (c->is_dead || bytes.n == 0)
        return;
    if (c->cut.every > 0) {
        bool is_idle = c->out.n == 0;
        buf_add(&c->out, bytes);
        if (is_idle)
            event_active(c->ev_cut, EV_TIMEOUT, 0);
        return;
    }
    if (c->out.n == 0) {
        ssize_t n = send(c->fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            event_active(c->ev_read, EV_READ, 0);
            return;
        }
        bytes = str_from(bytes, n > 0 ? (size_t)n : 0);
        if (bytes.n == 0)
            return;
        event_add(c->ev_write, NULL);
    }
    buf_add(&c->out, bytes);
}

static const char *reason(int code)
{
    static const struct {
        int status;
        const char *text;
    } rows[] = {
        {200, "OK"},
        {201, "Created"},
        {204, "No Content"},
        {400, "Bad Request"},
        {401, "Unauthorized"},
        {402, "Payment Required"},
        {403, "Forbidden"},
        {404, "Not Found"},
        {405, "Method Not Allowed"},
        {408, "Request Timeout"},
        {413, "Payload Too Large"},
        {422, "Unprocessable Entity"},
        {429, "Too Many Requests"},
        {500, "Internal Server Error"},
        {502, "Bad Gateway"},
        {503, "Service Unavailable"},
        {504, "Gateway Timeout"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (rows[i].status == code)
            return rows[i].text;
    return "Status";
}

static void compose_head(struct http_conn *c, int code, str headers, str type)
{
    struct buf *b = &c->server->scratch;
    buf_clear(b);
    buf_addf(b, "HTTP/1.1 %d %s\r\nServer: cloudflare\r\nAccess-Control-Allow-Origin: *\r\n", code,
             reason(code));
    if (type.n != 0) {
        buf_add(b, STR("Content-Type: "));
        buf_add(b, type);
        buf_add(b, STR("\r\n"));
    }
    buf_add(b, headers);
    if (c->closes)
        buf_add(b, STR("Connection: close\r\n"));
}

static void answered(struct http_conn *c)
{
    c->is_busy = false;
    c->on_gone = NULL;
    c->on_drain = NULL;
    if (c->closes) {
        http_abort(c, false);
        return;
    }
    if (!c->is_looping)
        conn_process(c);
}

void http_respond(struct http_conn *c, int code, str headers, str type, str body)
{
    struct buf *b = &c->server->scratch;
    compose_head(c, code, headers, type);
    if (code != 204)
        buf_addf(b, "Content-Length: %zu\r\n", body.n);
    buf_add(b, STR("\r\n"));
    if (!c->is_head && code != 204)
        buf_add(b, body);
    conn_push(c, buf_view(b));
    answered(c);
}

void http_begin(struct http_conn *c, int code, str headers, str type)
{
    struct buf *b = &c->server->scratch;
    if (!c->is_chunked)
        c->closes = true;
    compose_head(c, code, headers, type);
    buf_add(b, c->is_chunked ? STR("Transfer-Encoding: chunked\r\n\r\n") : STR("\r\n"));
    conn_push(c, buf_view(b));
}

void http_write(struct http_conn *c, str bytes)
{
    if (c->is_head || bytes.n == 0)
        return;
    if (!c->is_chunked) {
        conn_push(c, bytes);
        return;
    }
    struct buf *b = &c->server->scratch;
    buf_clear(b);
    buf_addf(b, "%zx\r\n", bytes.n);
    buf_add(b, bytes);
    buf_add(b, STR("\r\n"));
    conn_push(c, buf_view(b));
}

void http_finish(struct http_conn *c)
{
    if (c->is_chunked && !c->is_head)
        conn_push(c, STR("0\r\n\r\n"));
    answered(c);
}

size_t http_backlog(const struct http_conn *c)
{
    return c->out.n;
}

void http_set_cut(struct http_conn *c, struct http_cut cut)
{
    c->cut = cut;
    c->cut_state = cut.seed;
}

void http_watch(struct http_conn *c, void (*on_gone)(void *), void (*on_drain)(void *), void *arg)
{
    c->on_gone = on_gone;
    c->on_drain = on_drain;
    c->watcher = arg;
}

/* ---- reading ---- */

static void refuse(struct http_conn *c, int code, const char *text)
{
    struct buf MAI_AUTO(buf_free) body;
    buf_init(&body, 1024);
    buf_addf(&body, "{\"error\":{\"message\":\"%s\",\"code\":%d}}", text, code);
    c->closes = true;
    c->is_busy = true;
    http_respond(c, code, STR_NONE, STR("application/json"), buf_view(&body));
}

static void handle(struct http_conn *c, struct http_request *r)
{
    r->connection = c->number;
    c->is_busy = true;
    c->is_head = str_eq(r->method, STR("HEAD"));
    c->is_chunked = !r->is_http10;
    c->closes = r->is_http10 || str_eq_nocase(http_header(r, STR("connection")), STR("close"));
    c->cut = (struct http_cut){0};
    if (c->is_head)
        r->method = STR("GET");
    c->server->handler(c->server->arg, c, r);
}

/* Handles what has arrived; false when more bytes are needed. */
static bool process_one(struct http_conn *c)
{
    struct http_request r;
    switch (http_parse(&c->parser, buf_view(&c->in), &r)) {
    case HTTP_PARSE_MORE:
        if (c->parser.wants_continue) {
            c->parser.wants_continue = false;
            conn_push(c, STR("HTTP/1.1 100 Continue\r\n\r\n"));
        }
        return false;
    case HTTP_PARSE_BAD:
        refuse(c, 400, "Bad Request");
        return false;
    case HTTP_PARSE_HUGE:
        refuse(c, 413, "Request Entity Too Large");
        return false;
    case HTTP_PARSE_DONE:
        break;
    }
    size_t used = c->parser.total;
    handle(c, &r);
    buf_consume(&c->in, used);
    http_parser_reset(&c->parser);
    return true;
}

static void conn_process(struct http_conn *c)
{
    c->is_looping = true;
    while (!c->is_dead && !c->is_busy && !c->closes_when_drained && c->in.n != 0 && process_one(c))
        ;
    c->is_looping = false;
    if (c->is_dead)
        conn_free(c);
}

static void on_readable(int fd, short what, void *arg)
{
    struct http_conn *c = arg;
    char *room = buf_reserve(&c->in, READ_PORTION);
    if (room == NULL) {
        conn_gone(c);
        return;
    }
    ssize_t n = recv(fd, room, READ_PORTION, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        conn_gone(c);
        return;
    }
    buf_grow_by(&c->in, (size_t)n);
    if (!c->is_busy)
        conn_process(c);
}

static void on_accept(struct evconnlistener *l, evutil_socket_t fd, struct sockaddr *from, int n,
                      void *arg)
{
    struct http_server *s = arg;
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct http_conn *c = NEW(struct http_conn);
    c->server = s;
    c->fd = fd;
    c->number = ++s->accepted;
    buf_init(&c->in, HTTP_BODY_MAX + HTTP_HEAD_MAX + READ_PORTION);
    buf_init(&c->out, MAX_OUT);
    http_parser_init(&c->parser);
    c->ev_read = event_new(s->loop, fd, EV_READ | EV_PERSIST, on_readable, c);
    c->ev_write = event_new(s->loop, fd, EV_WRITE, on_writable, c);
    c->ev_cut = event_new(s->loop, -1, 0, on_cut, c);
    CHECK(c->ev_read != NULL && c->ev_write != NULL && c->ev_cut != NULL);
    c->next = s->first;
    if (s->first != NULL)
        s->first->prev = c;
    s->first = c;
    s->open++;
    event_add(c->ev_read, NULL);
}

/* ---- the server ---- */

struct http_server *http_listen(struct event_base *loop, const char *host, int port,
                                http_handler *handler, void *arg, struct err *e)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    if (inet_pton(AF_INET, host, &at.sin_addr) != 1) {
        (void)err_set(e, ST_BAD_REQUEST, "not an IPv4 address: %s", host);
        return NULL;
    }
    struct http_server *s = NEW(struct http_server);
    *s = (struct http_server){.loop = loop, .handler = handler, .arg = arg};
    buf_init(&s->scratch, RESPONSE_MAX);
    s->listener = evconnlistener_new_bind(
        loop, on_accept, s, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_REUSEABLE | LEV_OPT_CLOSE_ON_EXEC,
        BACKLOG, (struct sockaddr *)&at, sizeof at);
    if (s->listener == NULL) {
        (void)err_set(e, ST_CONFLICT, "cannot listen on %s:%d: %s", host, port, strerror(errno));
        mem_free(s);
        return NULL;
    }
    socklen_t size = sizeof at;
    getsockname(evconnlistener_get_fd(s->listener), (struct sockaddr *)&at, &size);
    s->port = ntohs(at.sin_port);
    return s;
}

void http_stop(struct http_server *s)
{
    while (s->first != NULL)
        conn_gone(s->first);
    evconnlistener_free(s->listener);
    buf_free(&s->scratch);
    mem_free(s);
}

int http_port(const struct http_server *s)
{
    return s->port;
}

uint64_t http_connections_accepted(const struct http_server *s)
{
    return s->accepted;
}

uint64_t http_connections_open(const struct http_server *s)
{
    return s->open;
}

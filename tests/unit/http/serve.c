/* The tests' server, application and raw client; see serve.h. */
#include "serve.h"
#include "base/clock.h"
#include "base/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <cmocka.h>

enum { DEADLINE_MS = 10000, READ_BYTES = 16384 };

/* ---- counters ---- */

static void bump(struct serve *s, unsigned *counter)
{
    pthread_mutex_lock(&s->lock);
    (*counter)++;
    pthread_cond_broadcast(&s->changed);
    pthread_mutex_unlock(&s->lock);
}

void serve_wait(struct serve *s, const unsigned *counter, unsigned n)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += DEADLINE_MS / 1000;
    pthread_mutex_lock(&s->lock);
    int failure = 0;
    while (*counter < n && failure == 0)
        failure = pthread_cond_timedwait(&s->changed, &s->lock, &until);
    unsigned reached = *counter;
    pthread_mutex_unlock(&s->lock);
    assert_true(reached >= n);
}

unsigned serve_count(struct serve *s, const unsigned *counter)
{
    pthread_mutex_lock(&s->lock);
    unsigned n = *counter;
    pthread_mutex_unlock(&s->lock);
    return n;
}

/* ---- the application ---- */

static void respond(struct http_request *r, int code, str body)
{
    http_respond(
        r, &(struct http_response){.code = code, .content_type = STR("text/plain"), .body = body});
}

static void on_gone(struct http_request *r, void *ctx)
{
    struct serve *s = ctx;
    bump(s, &s->gone);
}

static void on_body(struct http_request *r, str body, void *ctx)
{
    struct serve *s = ctx;
    bump(s, &s->bodies);
    respond(r, 200, body);
}

static void about(struct http_request *r)
{
    str text =
        arena_printf(http_request_arena(r), "%.*s %.*s [%.*s] %.*s %s",
                     STR_ARG(http_method_text(http_request_method(r))),
                     STR_ARG(http_request_path(r)), STR_ARG(http_request_query(r)),
                     STR_ARG(http_request_address(r)), http_request_is_https(r) ? "https" : "http");
    respond(r, 200, text);
}

static void hold(struct serve *s, struct http_request *r)
{
    http_request_on_gone(r, on_gone, s);
    pthread_mutex_lock(&s->lock);
    s->held_loop = http_request_loop(r);
    s->held_token = http_request_token(r);
    pthread_mutex_unlock(&s->lock);
}

static void flood_more(struct http_request *r, void *ctx)
{
    struct serve *s = ctx;
    static char piece[10000];
    memset(piece, 'f', sizeof piece);
    while (!http_stream_is_full(r) && s->flood_written < FLOOD_BYTES) {
        size_t left = FLOOD_BYTES - s->flood_written;
        size_t n = left < sizeof piece ? left : sizeof piece;
        http_stream_write(r, (str){piece, n});
        s->flood_written += n;
    }
    if (s->flood_written == FLOOD_BYTES)
        http_stream_end(r);
    else
        bump(s, &s->drains);
}

static void flood(struct serve *s, struct http_request *r)
{
    s->flood_written = 0;
    http_request_on_gone(r, on_gone, s);
    http_stream_on_drain(r, flood_more, s);
    http_stream_begin(r, 200, STR("text/plain"), NULL, 0);
    flood_more(r, s);
}

static void on_head(void *ctx, struct http_request *r)
{
    struct serve *s = ctx;
    str path = http_request_path(r);
    if (str_eq(path, STR("/hello"))) {
        respond(r, 200, STR("hello"));
    } else if (str_eq(path, STR("/echo")) || str_eq(path, STR("/small"))) {
        http_request_on_gone(r, on_gone, s);
        http_read_body(r, str_eq(path, STR("/echo")) ? SIZE_MAX : 16, on_body, s);
    } else if (str_eq(path, STR("/about"))) {
        about(r);
    } else if (str_eq(path, STR("/refuse"))) {
        respond(r, 401, STR("no"));
    } else if (str_eq(path, STR("/close"))) {
        http_respond(r, &(struct http_response){.code = 200,
                                                .content_type = STR("text/plain"),
                                                .body = STR("bye"),
                                                .close = true});
    } else if (str_eq(path, STR("/later"))) {
        hold(s, r);
    } else if (str_eq(path, STR("/stream"))) {
        hold(s, r);
        http_stream_begin(r, 200, STR("text/event-stream"), NULL, 0);
    } else if (str_eq(path, STR("/flood"))) {
        flood(s, r);
    } else if (str_eq(path, STR("/static"))) {
        http_respond(r, &(struct http_response){.code = 200,
                                                .content_type = STR("text/plain"),
                                                .body = {s->static_body, STATIC_BYTES},
                                                .is_static_body = true});
    } else if (str_eq(path, STR("/empty"))) {
        http_respond(r, &(struct http_response){.code = 204});
    } else {
        if (str_eq(path, STR("/attack")))
            bump(s, &s->attacks);
        respond(r, 404, STR("not found"));
    }
    bump(s, &s->heads); /* last: whoever waits for it sees the rest */
}

static void error_body(void *ctx, str path, status st, str text, struct buf *out)
{
    buf_addf(out, "{\"detail\":\"%.*s\",\"path\":\"%.*s\"}", STR_ARG(text), STR_ARG(path));
}

/* ---- from the test's thread to the held request ---- */

struct command {
    struct task task;
    struct serve *serve;
    void (*act)(struct http_request *r, const char *text);
    const char *text;
    bool was_there;
    sem_t done;
};

static void command_run(struct task *t)
{
    struct command *c = CONTAINER_OF(t, struct command, task);
    struct http_request *r = http_request_by_token(c->serve->held_loop, c->serve->held_token);
    c->was_there = r != NULL;
    if (r != NULL)
        c->act(r, c->text);
    sem_post(&c->done);
}

static bool command(struct serve *s, void (*act)(struct http_request *r, const char *text),
                    const char *text)
{
    struct command c = {.task = {.run = command_run}, .serve = s, .act = act, .text = text};
    sem_init(&c.done, 0, 0);
    loop_post(s->held_loop, &c.task);
    sem_wait(&c.done);
    sem_destroy(&c.done);
    return c.was_there;
}

static void act_answer(struct http_request *r, const char *text)
{
    respond(r, 200, str_c(text));
}

static void act_write(struct http_request *r, const char *text)
{
    http_stream_write(r, str_c(text));
}

static void act_end(struct http_request *r, const char *text)
{
    http_stream_end(r);
}

static void act_abort(struct http_request *r, const char *text)
{
    http_stream_abort(r);
}

bool serve_answer_later(struct serve *s, const char *text)
{
    return command(s, act_answer, text);
}

bool serve_stream_write(struct serve *s, const char *text)
{
    return command(s, act_write, text);
}

bool serve_stream_end(struct serve *s)
{
    return command(s, act_end, NULL);
}

bool serve_stream_abort(struct serve *s)
{
    return command(s, act_abort, NULL);
}

/* ---- life ---- */

struct serve *serve_new(void)
{
    struct serve *s = NEW(struct serve);
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->changed, NULL);
    memset(s->static_body, 's', sizeof s->static_body);
    s->loop_count = 1;
    s->conf = (struct http_conf){
        .host = STR("127.0.0.1"),
        .limits = http_limits_default(),
        .app = {.ctx = s, .on_head = on_head, .error_body = error_body},
    };
    return s;
}

void serve_start(struct serve *s)
{
    for (size_t i = 0; i < s->loop_count; i++)
        s->loops[i] = loop_new("test");
    s->conf.loops = s->loops;
    s->conf.loop_count = s->loop_count;
    struct err e = {0};
    status st = http_server_new(&s->conf, &s->server, &e);
    if (st != ST_OK)
        fail_msg("the server does not start: %s", e.text);
    s->port = http_server_port(s->server);
    for (size_t i = 0; i < s->loop_count; i++)
        loop_start(s->loops[i]);
}

void serve_free(struct serve *s)
{
    for (size_t i = 0; i < s->loop_count && s->loops[i] != NULL; i++)
        loop_stop(s->loops[i]);
    http_server_free(s->server); /* NULL: the test did it */
    for (size_t i = 0; i < s->loop_count; i++)
        loop_free(s->loops[i]);
    pthread_cond_destroy(&s->changed);
    pthread_mutex_destroy(&s->lock);
    mem_free(s);
}

/* ---- the raw client ---- */

int raw_connect(struct serve *s)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    raw_connect_with(s, fd);
    return fd;
}

void raw_connect_with(struct serve *s, int fd)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(s->port)};
    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
}

void raw_send(int fd, const char *bytes, size_t n)
{
    while (n != 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent < 0)
            return; /* refused half way: the answer says so */
        bytes += sent;
        n -= (size_t)sent;
    }
}

void raw_text(int fd, const char *z)
{
    raw_send(fd, z, strlen(z));
}

/* Bytes, 0 at the end, -1 on a reset. */
static ssize_t read_some(int fd, struct buf *b)
{
    struct pollfd p = {.fd = fd, .events = POLLIN};
    int ready = poll(&p, 1, DEADLINE_MS);
    if (ready != 1)
        fail_msg("the server is silent; so far: %.2000s", buf_z(b));
    char *at = buf_reserve(b, READ_BYTES);
    assert_non_null(at);
    ssize_t got = recv(fd, at, READ_BYTES, 0);
    if (got > 0)
        buf_grow_by(b, (size_t)got);
    return got;
}

bool raw_read_all(int fd, struct buf *b)
{
    ssize_t got;
    while ((got = read_some(fd, b)) > 0)
        ;
    return got == 0;
}

unsigned count_text(struct buf *b, const char *needle)
{
    unsigned n = 0;
    str rest = buf_view(b);
    for (size_t at; (at = str_find(rest, str_c(needle))) < rest.n; n++)
        rest = str_from(rest, at + strlen(needle));
    return n;
}

void raw_read_until(int fd, struct buf *b, const char *needle, unsigned times)
{
    while (count_text(b, needle) < times)
        if (read_some(fd, b) <= 0)
            fail_msg("the server ended before '%s' came %u times: %.2000s", needle, times,
                     buf_z(b));
}

int raw_answer(int fd, struct buf *b)
{
    buf_clear(b);
    size_t head_n;
    while ((head_n = str_find(buf_view(b), STR("\r\n\r\n"))) == buf_view(b).n)
        if (read_some(fd, b) <= 0)
            return -1;
    head_n += 4;
    str head = str_sub(buf_view(b), 0, head_n);
    int code = (int)strtol(head.p + 9, NULL, 10);
    size_t at = str_find(head, STR("Content-Length: "));
    size_t length = at < head.n ? (size_t)strtol(head.p + at + 16, NULL, 10) : 0;
    while (buf_view(b).n < head_n + length)
        if (read_some(fd, b) <= 0)
            return -1;
    return code;
}

void raw_exchange(struct serve *s, const char *bytes, size_t n, struct buf *b)
{
    int fd = raw_connect(s);
    raw_send(fd, bytes, n);
    buf_clear(b);
    raw_read_all(fd, b);
    buf_z(b);
    close(fd);
}

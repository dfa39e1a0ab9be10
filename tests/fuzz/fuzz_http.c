/* The whole server under bytes of a hostile client, in one thread: a socket pair, a loop that is turned by hand,
 * an application that reads every body. The same bytes are sent whole and in pieces; what the application sees
 * must be the same (H4 of codec/head.c, C1 and C2 of http/conn.c), and every request that began must end (C3). */
#include "http/internal.h"
#include "base/log.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

enum { INPUT_MAX = 16 * 1024, TRACE_MAX = 64 * 1024, TURNS = 12 };

static struct loop *loop;
static struct http_server *server;
static struct buf trace;

/* ---- the application writes down what it sees ---- */

static void on_gone(struct http_request *r, void *ctx)
{
    buf_add(&trace, STR(" gone"));
}

static void on_body(struct http_request *r, str body, void *ctx)
{
    buf_addf(&trace, " body %zu ", body.n);
    buf_add(&trace, body);
    http_respond(r, &(struct http_response){
                        .code = 200, .content_type = STR("text/plain"), .body = body});
}

static void on_head(void *ctx, struct http_request *r)
{
    buf_addf(&trace, "\n%.*s %.*s?%.*s", STR_ARG(http_method_text(http_request_method(r))),
             STR_ARG(http_request_path(r)), STR_ARG(http_request_query(r)));
    http_request_on_gone(r, on_gone, NULL);
    http_read_body(r, 4096, on_body, NULL);
}

static void error_body(void *ctx, str path, status st, str text, struct buf *out)
{
    buf_addf(&trace, "\nerror %s", status_name(st));
}

/* ---- one connection ---- */

static void turn(void)
{
    for (int i = 0; i < TURNS; i++)
        event_base_loop(loop_base(loop), EVLOOP_NONBLOCK);
}

static void drain_answers(int fd)
{
    char waste[4096];
    while (recv(fd, waste, sizeof waste, MSG_DONTWAIT) > 0)
        ;
}

/* `seed` 0: all at once. */
static void play(const uint8_t *data, size_t n, unsigned seed)
{
    int pair[2];
    CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair) == 0);
    struct address peer = {{0}};
    atomic_fetch_add(&server->connections, 1);
    conn_new(&server->lanes[0], pair[0], &peer, false);
    for (size_t at = 0, step; at < n; at += step) {
        seed = seed * 1664525u + 1013904223u;
        step = seed == 1013904223u ? n : 1 + (seed >> 16) % 97;
        if (step > n - at)
            step = n - at;
        (void)send(pair[1], data + at, step, MSG_NOSIGNAL);
        turn();
        drain_answers(pair[1]);
    }
    close(pair[1]);
    turn();
    CHECK(http_server_open_requests(server) == 0);
}

static void set_up(void)
{
    log_setup(LOG_ERROR, false);
    loop = loop_new("fuzz");
    struct http_conf conf = {
        .host = STR("127.0.0.1"),
        .loops = &loop,
        .loop_count = 1,
        .limits = http_limits_default(),
        .trusted_proxies = STR("*"), /* connections are not counted by address */
        .app = {.on_head = on_head, .error_body = error_body},
    };
    conf.limits.max_head_bytes = 4096;
    CHECK(http_server_new(&conf, &server, NULL) == ST_OK);
}

/* The answer to OPTIONS * passes over a body that has arrived and ends the connection over one that has not, so
 * what follows it depends on the pieces. */
static bool depends_on_pieces(const uint8_t *data, size_t n)
{
    return memmem(data, n, "OPTIONS *", 9) != NULL;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (server == NULL)
        set_up();
    if (n < 4 || n > INPUT_MAX)
        return 0;
    struct buf whole MAI_AUTO(buf_free);
    buf_init(&trace, TRACE_MAX);
    play(data, n, 0);
    whole = trace;
    buf_init(&trace, TRACE_MAX);
    play(data, n, 1 + data[n / 2] * 257u + (unsigned)n);
    CHECK(depends_on_pieces(data, n) || str_eq(buf_view(&whole), buf_view(&trace)));
    buf_free(&trace);
    return 0;
}

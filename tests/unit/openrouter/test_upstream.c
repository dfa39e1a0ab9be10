/* Streamed calls on a loop, against a server that does exactly what its script says. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/mem.h"
#include "caller.h"
#include "peer.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#define BODY STR("{\"model\":\"m\"}")
#define STREAM_HEAD                                                                                \
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nX-Generation-Id: gen-1\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"

static struct peer peer;
static struct caller caller;

static int start(void **state)
{
    caller_start(&caller, true, 0);
    call_head_timeout_ms = call_silence_timeout_ms = 10000;
    return 0;
}

static int stop(void **state)
{
    caller_stop(&caller);
    return 0;
}

static void end_peer(void)
{
    peer_stop(&peer);
    peer_free(&peer);
}

static void assert_bytes(const struct call *c, const char *want)
{
    if (!str_eq(buf_view(&c->bytes), str_c(want)))
        fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(buf_view(&c->bytes)), want);
}

static void assert_ended(struct call *c, status st, bool may_have_happened)
{
    assert_true(call_wait_end(c));
    if (c->st != st || c->may_have_happened != may_have_happened)
        fail_msg("ended %s (%d): %s", status_name(c->st), c->may_have_happened, c->text);
    assert_int_equal(c->ends, 1);
    assert_false(c->had_callback_inside); /* C3 */
}

/* One call against a script, from start to end. */
static struct call *run_call(void (*script)(struct peer *p), const void *ctx)
{
    peer_start(&peer, script, ctx);
    struct call *c = call_new(&caller);
    call_start(c, peer.base, BODY, true);
    assert_int_equal(c->started, ST_OK);
    assert_true(call_wait_end(c));
    return c;
}

/* ---- answers ---- */

static void serves_plain(struct peer *p)
{
    int fd;
    while ((fd = peer_wait_any(p)) >= 0) {
        if (fd == p->listener)
            peer_accept(p);
        else if (peer_read(p, fd))
            peer_answer(fd, 200, "Content-Type: application/json\r\nX-Generation-Id: gen-7\r\n",
                        "{\"id\":1}");
        else
            peer_close(p, fd);
    }
}

static void test_request_and_plain_answer(void **state)
{
    peer_start(&peer, serves_plain, NULL);
    struct call *c = call_new(&caller);
    call_start(c, peer.base, BODY, false);
    assert_ended(c, ST_OK, true);
    assert_int_equal(c->heads, 1);
    assert_int_equal(c->code, 200);
    assert_string_equal(c->content_type, "application/json");
    assert_string_equal(c->generation_id, "gen-7");
    assert_string_equal(c->retry_after, "");
    assert_bytes(c, "{\"id\":1}");
    peer_stop(&peer);
    char want[512];
    snprintf(want, sizeof want,
             "POST /api/v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: mAI\r\n"
             "Authorization: Bearer sk-test\r\nAccept: application/json\r\nContent-Type: "
             "application/json\r\n"
             "X-OpenRouter-Title: Test Title\r\nHTTP-Referer: "
             "https://chat.example\r\nContent-Length: 13\r\n\r\n"
             "{\"model\":\"m\"}",
             peer.port);
    assert_string_equal(buf_z(&peer.last), want);
    peer_free(&peer);
    call_free(c);
}

static void test_connections_are_used_again(void **state)
{
    peer_start(&peer, serves_plain, NULL);
    for (int i = 0; i < 20; i++) {
        struct call *c = call_new(&caller);
        call_start(c, peer.base, BODY, i % 2 == 0);
        assert_ended(c, ST_OK, true);
        call_free(c);
    }
    peer_stop(&peer);
    assert_int_equal(peer.connections, 1);
    assert_int_equal(peer.requests, 20);
    peer_free(&peer);
}

static void serves_chunks(struct peer *p)
{
    int fd = peer_accept(p);
    if (fd < 0 || !peer_read(p, fd))
        return;
    static const char answer[] =
        STREAM_HEAD CHUNKED "5\r\ndata:\r\n3;x=y\r\n hi\r\n2\r\n\n\n\r\n0\r\nTrailer: t\r\n\r\n";
    for (size_t i = 0; i + 1 < sizeof answer; i++)
        peer_write_n(fd, answer + i, 1);
    peer_wait_gone(fd);
}

static void test_stream_in_single_bytes(void **state)
{
    peer_start(&peer, serves_chunks, NULL);
    struct call *c = call_new(&caller);
    call_start(c, peer.base, BODY, true);
    assert_ended(c, ST_OK, true);
    assert_string_equal(c->content_type, "text/event-stream");
    assert_bytes(c, "data: hi\n\n");
    end_peer();
    call_free(c);
}

/* Writes ctx and closes. */
static void writes_text(struct peer *p)
{
    int fd = peer_accept(p);
    if (fd < 0 || !peer_read(p, fd))
        return;
    peer_write(fd, p->ctx);
    peer_close(p, fd);
}

static void test_answers_that_end(void **state)
{
    static const struct {
        const char *answer;
        status st;
        int code;
        const char *bytes;
    } rows[] = {
        {"HTTP/1.1 200 OK\r\n\r\nto the end", ST_OK, 200, "to the end"},
        {"HTTP/1.0 200 OK\r\n\r\nold", ST_OK, 200, "old"},
        {"HTTP/1.1 204 No\r\n\r\n", ST_OK, 204, ""},
        {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nX-Generation-Id: early\r\n\r\n"
         "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok",
         ST_OK, 200, "ok"},
        {"HTTP/1.1 302 Moved\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 1\r\n\r\nm", ST_OK,
         302, "m"},
        {"HTTP/1.1 429 Slow\r\nRetry-After: 7\r\nContent-Length: 2\r\n\r\n{}", ST_OK, 429, "{}"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\nshort", ST_UPSTREAM, 200, "short"},
        {STREAM_HEAD CHUNKED "5\r\ndata:\r\n", ST_UPSTREAM, 200, "data:"},
        {STREAM_HEAD CHUNKED "zz\r\n", ST_UPSTREAM, 200, ""},
        {"HTTP/1.1 200 OK\r\nContent-Le", ST_UPSTREAM, 0, ""},
        {"", ST_UPSTREAM, 0, ""},
        {"nonsense\r\n\r\n", ST_UPSTREAM, 0, ""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct call *c = run_call(writes_text, rows[i].answer);
        if (c->st != rows[i].st || c->code != rows[i].code || !c->may_have_happened ||
            !str_eq(buf_view(&c->bytes), str_c(rows[i].bytes)))
            fail_msg("row %zu: %s %d \"%.*s\" %s", i, status_name(c->st), c->code,
                     STR_ARG(buf_view(&c->bytes)), c->text);
        assert_int_equal(c->heads, rows[i].code != 0);
        assert_string_equal(c->retry_after, rows[i].code == 429 ? "7" : "");
        assert_string_equal(
            c->generation_id,
            rows[i].answer == rows[7].answer || rows[i].answer == rows[8].answer ? "gen-1" : "");
        end_peer();
        call_free(c);
    }
}

static void test_header_values_that_are_none(void **state)
{
    char answer[1024];
    snprintf(answer, sizeof answer,
             "HTTP/1.1 200 OK\r\nX-Generation-Id: %0300d\r\nRetry-After: \x01\r\nContent-Length: "
             "0\r\n\r\n",
             7);
    struct call *c = run_call(writes_text, answer);
    assert_ended(c, ST_OK, true);
    assert_string_equal(c->generation_id, "");
    assert_string_equal(c->retry_after, "");
    end_peer();
    call_free(c);
}

/* ---- C1: sent once ---- */

/* Serves the first request of a connection; the second is read whole and answered with a reset.
 * Counts all. */
static void resets_second(struct peer *p)
{
    int fd, served = 0;
    while ((fd = peer_wait_any(p)) >= 0) {
        if (fd == p->listener)
            peer_accept(p);
        else if (!peer_read(p, fd))
            peer_close(p, fd);
        else if (served++ == 0)
            peer_answer(fd, 200, "", "first");
        else
            peer_reset(p, fd);
    }
}

static void check_seen_once(void (*script)(struct peer *p), str body, int requests)
{
    peer_start(&peer, script, NULL);
    struct call *first = call_new(&caller);
    call_start(first, peer.base, BODY, true);
    assert_ended(first, ST_OK, true);
    struct call *second = call_new(&caller);
    call_start(second, peer.base, body, true);
    assert_ended(second, ST_UPSTREAM, true);
    assert_int_equal(second->heads, 0);
    assert_string_equal(second->text,
                        "The connection to the model provider broke before the answer");
    peer_stop(&peer);
    assert_int_equal(peer.requests, requests);
    assert_int_equal(peer.connections, 1);
    peer_free(&peer);
    call_free(first);
    call_free(second);
}

static void test_reset_of_a_pooled_connection(void **state)
{
    check_seen_once(resets_second, BODY, 2);
}

static str long_body(struct buf *b, size_t n)
{
    buf_init(b, n + 2);
    buf_add_char(b, '"');
    while (b->n + 1 < n)
        buf_add_char(b, 'x');
    buf_add_char(b, '"');
    return buf_view(b);
}

static void test_reset_of_a_pooled_connection_with_a_long_body(void **state)
{
    struct buf b;
    check_seen_once(resets_second, long_body(&b, 700000), 2);
    buf_free(&b);
}

/* The second request is answered with a reset before it was read. */
static void resets_unread(struct peer *p)
{
    int fd, seen = 0;
    while ((fd = peer_wait_any(p)) >= 0) {
        if (fd == p->listener) {
            peer_accept(p);
        } else if (seen++ == 0) {
            peer_read(p, fd);
            peer_answer(fd, 200, "", "first");
        } else {
            char first;
            atomic_fetch_add(&p->requests, recv(fd, &first, 1, MSG_PEEK) > 0);
            peer_reset(p, fd);
        }
    }
}

static void test_reset_while_sending(void **state)
{
    struct buf b;
    check_seen_once(resets_unread, BODY, 2);
    check_seen_once(resets_unread, long_body(&b, 5000000), 2);
    buf_free(&b);
}

/* The end instead of a reset. */
static void closes_second(struct peer *p)
{
    int fd, served = 0;
    while ((fd = peer_wait_any(p)) >= 0) {
        if (fd == p->listener)
            peer_accept(p);
        else if (!peer_read(p, fd) || served++ != 0)
            peer_close(p, fd);
        else
            peer_answer(fd, 200, "", "first");
    }
}

static void test_end_of_a_pooled_connection(void **state)
{
    check_seen_once(closes_second, BODY, 2);
}

/* A connection that was closed while idle is no reason to fail. */
static void closes_after_each(struct peer *p)
{
    int fd;
    while ((fd = peer_accept(p)) >= 0) {
        if (peer_read(p, fd))
            peer_answer(fd, 200, "", "x");
        peer_close(p, fd);
    }
}

static bool is_idle_closed(const void *arg)
{
    struct pollfd none = {.fd = -1};
    poll(&none, 1, 20);
    return true;
}

static void test_idle_connection_closed_by_the_other_side(void **state)
{
    peer_start(&peer, closes_after_each, NULL);
    for (int i = 0; i < 5; i++) {
        struct call *c = call_new(&caller);
        call_start(c, peer.base, BODY, false);
        assert_ended(c, ST_OK, true);
        call_free(c);
        caller_wait(&caller, is_idle_closed, NULL);
    }
    peer_stop(&peer);
    assert_int_equal(peer.requests, 5);
    peer_free(&peer);
}

/* ---- C2: nothing was sent ---- */

static void test_nobody_listens(void **state)
{
    peer_start(&peer, closes_after_each, NULL);
    end_peer();
    struct call *c = call_new(&caller);
    call_start(c, peer.base, BODY, true);
    assert_ended(c, ST_UPSTREAM, false);
    call_free(c);
}

static void test_unknown_host(void **state)
{
    struct call *c = call_new(&caller);
    call_start(c, "http://no-such-host.invalid/api/v1", BODY, true);
    assert_ended(c, ST_UPSTREAM, false);
    call_free(c);
}

static void says_nonsense(struct peer *p)
{
    int fd = peer_accept(p);
    if (fd < 0)
        return;
    peer_write(fd, "this is not TLS\r\n\r\n");
    peer_wait_gone(fd);
}

static void test_tls_that_fails(void **state)
{
    peer_start(&peer, says_nonsense, NULL);
    char base[64];
    snprintf(base, sizeof base, "https://127.0.0.1:%d/api/v1", peer.port);
    struct call *c = call_new(&caller);
    call_start(c, base, BODY, true);
    assert_ended(c, ST_UPSTREAM, false);
    end_peer();
    call_free(c);
}

static void test_private_addresses_are_refused(void **state)
{
    static const char *const hosts[] = {"127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]",
                                        "0.0.0.0"};
    struct caller strict;
    caller_start(&strict, false, 0);
    peer_start(&peer, serves_plain, NULL);
    for (size_t i = 0; i < COUNT_OF(hosts); i++) {
        char base[80];
        snprintf(base, sizeof base, "http://%s:%d/api/v1", hosts[i], peer.port);
        struct call *c = call_new(&strict);
        call_start(c, base, BODY, true);
        assert_ended(c, ST_UPSTREAM, false);
        if (strstr(c->text, "is not on the public internet") == NULL)
            fail_msg("%s: %s", hosts[i], c->text);
        call_free(c);
    }
    peer_stop(&peer);
    assert_int_equal(peer.connections, 0);
    peer_free(&peer);
    caller_stop(&strict);
}

static void test_requests_that_cannot_be_sent(void **state)
{
    struct upstream_request bad[] = {
        {.url = STR("http://127.0.0.1:1/"), .key = STR("a\r\nX: y")},
        {.url = STR("http://127.0.0.1:1/"), .key = STR("")},
        {.url = STR("http://127.0.0.1:1/\r\n"), .key = STR("k")},
        {.url = STR(""), .key = STR("k")},
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct upstream_call *none = NULL;
        assert_int_equal(upstream_start(caller.upstream, &bad[i], &none), ST_BAD_REQUEST);
        assert_null(none);
    }
    struct call *c = call_new(&caller);
    call_start(c, "ftp://127.0.0.1/api/v1", BODY, true);
    assert_ended(c, ST_UPSTREAM, false);
    call_free(c);
}

static void test_proxies_of_the_environment_are_ignored(void **state)
{
    assert_int_equal(setenv("http_proxy", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(setenv("all_proxy", "http://127.0.0.1:1", 1), 0);
    peer_start(&peer, serves_plain, NULL);
    struct call *c = call_new(&caller);
    call_start(c, peer.base, BODY, true);
    assert_ended(c, ST_OK, true);
    unsetenv("http_proxy");
    unsetenv("all_proxy");
    end_peer();
    call_free(c);
}

/* ---- deadlines ---- */

static void writes_and_waits(struct peer *p)
{
    int fd = peer_accept(p);
    if (fd < 0 || !peer_read(p, fd))
        return;
    peer_write(fd, p->ctx);
    peer_wait_gone(fd);
    peer_close(p, fd);
}

static void test_no_answer_in_time(void **state)
{
    call_head_timeout_ms = 100;
    struct call *c = run_call(writes_and_waits, "");
    assert_ended(c, ST_UPSTREAM_TIMEOUT, true);
    assert_int_equal(c->heads, 0);
    end_peer();
    call_free(c);
}

static void test_silence_in_the_answer(void **state)
{
    call_silence_timeout_ms = 100;
    struct call *c = run_call(writes_and_waits, STREAM_HEAD CHUNKED "1\r\nx\r\n");
    assert_ended(c, ST_UPSTREAM_TIMEOUT, true);
    assert_int_equal(c->heads, 1);
    assert_bytes(c, "x");
    end_peer();
    call_free(c);
}

static void drips(struct peer *p)
{
    int fd = peer_accept(p);
    if (fd < 0 || !peer_read(p, fd))
        return;
    peer_write(fd, STREAM_HEAD CHUNKED);
    for (int i = 0; i < 8; i++) {
        struct pollfd none = {.fd = -1};
        poll(&none, 1, 60);
        peer_write(fd, "1\r\nx\r\n");
    }
    peer_write(fd, "0\r\n\r\n");
    peer_wait_gone(fd);
}

static void test_slow_answers_are_no_silence(void **state)
{
    call_silence_timeout_ms = 400;
    call_head_timeout_ms = 400;
    struct call *c = run_call(drips, NULL);
    assert_ended(c, ST_OK, true);
    assert_bytes(c, "xxxxxxxx");
    end_peer();
    call_free(c);
}

/* ---- C4: pause and resume ---- */

enum { FLOOD_BYTES = 24 << 20 };

/* Writes as much as is taken and tells how much that is. */
static atomic_size_t flood_sent;

static void floods(struct peer *p)
{
    static char block[65536];
    int fd = peer_accept(p);
    if (fd < 0 || !peer_read(p, fd))
        return;
    char head[128];
    snprintf(head, sizeof head, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", FLOOD_BYTES);
    peer_write(fd, head);
    for (size_t sent = 0; sent < FLOOD_BYTES;) {
        for (size_t i = 0; i < sizeof block; i++)
            block[i] = (char)('a' + (sent + i) % 26);
        size_t n = FLOOD_BYTES - sent < sizeof block ? FLOOD_BYTES - sent : sizeof block;
        peer_write_n(fd, block, n);
        sent += n;
        atomic_store(&flood_sent, sent);
    }
    peer_wait_gone(fd);
}

static void pause_here(struct call *c)
{
    upstream_pause(c->handle);
}

/* Nothing moves any more: twice the same amount, 100 ms apart. */
static bool is_stalled(const void *arg)
{
    size_t before = atomic_load(&flood_sent);
    struct pollfd none = {.fd = -1};
    poll(&none, 1, 100);
    return before != 0 && before == atomic_load(&flood_sent);
}

static void test_paused_bytes_stay_with_the_supplier(void **state)
{
    atomic_store(&flood_sent, 0);
    peer_start(&peer, floods, NULL);
    struct call *c = call_new(&caller);
    c->at_data = pause_here;
    call_start(c, peer.base, BODY, true);
    assert_true(call_wait_bytes(c, 1));
    while (!is_stalled(NULL))
        ;
    assert_true(atomic_load(&flood_sent) < FLOOD_BYTES / 2);
    assert_int_equal(c->pieces, 1);
    /* Every piece pauses again: on it goes by hand for a while. */
    for (size_t i = 2; i < 50; i++) {
        size_t before = c->bytes.n; /* paused: nobody else changes it */
        call_resume(c);
        assert_true(call_wait_bytes(c, before + 1));
    }
    c->at_data = NULL;
    call_resume(c);
    assert_ended(c, ST_OK, true);
    assert_int_equal(c->bytes.n, FLOOD_BYTES);
    for (size_t i = 0; i < c->bytes.n; i++)
        if (c->bytes.p[i] != (char)('a' + i % 26))
            fail_msg("byte %zu is wrong", i);
    end_peer();
    call_free(c);
}

static void test_pause_over_the_end(void **state)
{
    peer_start(&peer, writes_text,
               STREAM_HEAD CHUNKED "3\r\none\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n");
    struct call *c = call_new(&caller);
    c->at_head = pause_here;
    call_start(c, peer.base, BODY, true);
    while (c->heads == 0)
        caller_wait(&caller, is_idle_closed, NULL);
    assert_int_equal(c->pieces, 0);
    assert_int_equal(c->ends, 0);
    call_resume(c);
    assert_ended(c, ST_OK, true);
    assert_bytes(c, "onetwothree");
    end_peer();
    call_free(c);
}

static void pause_and_resume_here(struct call *c)
{
    upstream_pause(c->handle);
    upstream_resume(c->handle);
    upstream_resume(c->handle);
}

static void test_pause_and_resume_inside_callbacks(void **state)
{
    peer_start(&peer, floods, NULL);
    struct call *c = call_new(&caller);
    c->at_head = pause_and_resume_here;
    c->at_data = pause_and_resume_here;
    call_start(c, peer.base, BODY, true);
    assert_ended(c, ST_OK, true);
    assert_int_equal(c->bytes.n, FLOOD_BYTES);
    end_peer();
    call_free(c);
}

static void test_silence_does_not_count_while_paused(void **state)
{
    call_silence_timeout_ms = 100;
    peer_start(&peer, writes_and_waits, STREAM_HEAD "Content-Length: 4\r\n\r\nabcd");
    struct call *c = call_new(&caller);
    c->at_head = pause_here;
    call_start(c, peer.base, BODY, true);
    struct pollfd none = {.fd = -1};
    poll(&none, 1, 400);
    assert_int_equal(c->ends, 0);
    call_resume(c);
    assert_ended(c, ST_OK, true);
    assert_bytes(c, "abcd");
    end_peer();
    call_free(c);
}

/* ---- cancelling ---- */

static atomic_bool is_gone;

static void waits_for_hangup(struct peer *p)
{
    int fd = peer_accept(p);
    if (fd < 0 || !peer_read(p, fd))
        return;
    peer_write(fd, STREAM_HEAD CHUNKED "4\r\ndata\r\n");
    atomic_store(&is_gone, peer_wait_gone(fd));
    peer_close(p, fd);
}

static void cancel_here(struct call *c)
{
    upstream_cancel(c->handle);
    upstream_cancel(c->handle);
}

static void check_cancel(void (*at_head)(struct call *c), void (*at_data)(struct call *c))
{
    atomic_store(&is_gone, false);
    peer_start(&peer, waits_for_hangup, NULL);
    struct call *c = call_new(&caller);
    c->at_head = at_head;
    c->at_data = at_data;
    call_start(c, peer.base, BODY, true);
    if (at_head == NULL && at_data == NULL) {
        assert_true(call_wait_bytes(c, 4));
        call_cancel(c);
    }
    peer_join(&peer); /* the script saw the end */
    assert_true(atomic_load(&is_gone));
    end_peer();
    assert_int_equal(c->ends, 0);
    assert_int_equal(c->heads, 1);
    assert_int_equal(c->pieces, at_head == NULL);
    assert_false(c->had_callback_inside);
    call_free(c);
}

static void test_cancel(void **state)
{
    check_cancel(NULL, NULL);
    check_cancel(cancel_here, NULL);
    check_cancel(NULL, cancel_here);
}

static void test_cancel_before_anything_is_sent(void **state)
{
    peer_start(&peer, serves_plain, NULL);
    for (int i = 0; i < 10; i++) {
        struct call *c = call_new(&caller);
        call_start(c, peer.base, BODY, true);
        call_cancel(c);
        assert_false(c->had_callback_inside);
        call_free(c);
    }
    struct call *last = call_new(&caller);
    call_start(last, peer.base, BODY, true);
    assert_ended(last, ST_OK, true);
    end_peer();
    call_free(last);
}

static void cancel_the_other(struct call *c)
{
    struct call *other = c->ctx;
    if (other->handle != NULL)
        upstream_cancel(other->handle);
    other->handle = NULL;
}

static void test_cancel_another_call_inside_a_callback(void **state)
{
    struct peer silent;
    peer_start(&silent, writes_and_waits, STREAM_HEAD CHUNKED);
    peer_start(&peer, serves_plain, NULL);
    for (int at = 0; at < 3; at++) {
        struct call *victim = call_new(&caller), *c = call_new(&caller);
        c->ctx = victim;
        c->at_head = at == 0 ? cancel_the_other : NULL;
        c->at_data = at == 1 ? cancel_the_other : NULL;
        c->at_end = at == 2 ? cancel_the_other : NULL;
        call_start(victim, silent.base, BODY, true);
        call_start(c, peer.base, BODY, true);
        assert_ended(c, ST_OK, true);
        assert_null(victim->handle);
        assert_int_equal(victim->ends, 0);
        call_free(victim);
        call_free(c);
    }
    end_peer();
    peer_stop(&silent);
    peer_free(&silent);
}

/* ---- starting ---- */

static void start_the_other(struct call *c)
{
    struct call *other = c->ctx;
    if (other->started == ST_INTERNAL)
        call_start_here(other, peer.base, BODY, false);
}

static void test_start_inside_callbacks(void **state)
{
    peer_start(&peer, serves_plain, NULL);
    for (int at = 0; at < 3; at++) {
        struct call *c = call_new(&caller), *other = call_new(&caller);
        c->ctx = other;
        other->started = ST_INTERNAL;
        c->at_head = at == 0 ? start_the_other : NULL;
        c->at_data = at == 1 ? start_the_other : NULL;
        c->at_end = at == 2 ? start_the_other : NULL;
        call_start(c, peer.base, BODY, true);
        assert_ended(c, ST_OK, true);
        assert_ended(other, ST_OK, true);
        assert_bytes(other, "{\"id\":1}");
        call_free(c);
        call_free(other);
    }
    end_peer();
}

static void only_waits(struct peer *p)
{
    while (peer_accept(p) >= 0)
        ;
}

static void test_maximum_of_calls(void **state)
{
    struct caller small;
    caller_start(&small, true, 2);
    peer_start(&peer, only_waits, NULL);
    struct call *calls[3];
    for (size_t i = 0; i < 3; i++) {
        calls[i] = call_new(&small);
        call_start(calls[i], peer.base, BODY, true);
        assert_int_equal(calls[i]->started, i < 2 ? ST_OK : ST_UNAVAILABLE);
    }
    call_cancel(calls[0]);
    call_start(calls[2], peer.base, BODY, true);
    assert_int_equal(calls[2]->started, ST_OK);
    caller_stop(&small);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(calls[i]->ends, i != 0);
        assert_int_equal(calls[i]->st, i != 0 ? ST_CANCELLED : ST_OK);
        call_free(calls[i]);
    }
    end_peer();
}

static void test_many_calls_at_once(void **state)
{
    enum { CALLS = 60 };
    struct call *calls[CALLS];
    peer_start(&peer, serves_plain, NULL);
    for (size_t i = 0; i < CALLS; i++) {
        calls[i] = call_new(&caller);
        call_start(calls[i], peer.base, BODY, i % 2 == 0);
    }
    for (size_t i = 0; i < CALLS; i++) {
        assert_ended(calls[i], ST_OK, true);
        assert_bytes(calls[i], "{\"id\":1}");
        call_free(calls[i]);
    }
    peer_stop(&peer);
    assert_int_equal(peer.requests, CALLS);
    peer_free(&peer);
}

#define TEST(fn) cmocka_unit_test_setup_teardown(fn, start, stop)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_request_and_plain_answer),
        TEST(test_connections_are_used_again),
        TEST(test_stream_in_single_bytes),
        TEST(test_answers_that_end),
        TEST(test_header_values_that_are_none),
        TEST(test_reset_of_a_pooled_connection),
        TEST(test_reset_of_a_pooled_connection_with_a_long_body),
        TEST(test_reset_while_sending),
        TEST(test_end_of_a_pooled_connection),
        TEST(test_idle_connection_closed_by_the_other_side),
        TEST(test_nobody_listens),
        TEST(test_unknown_host),
        TEST(test_tls_that_fails),
        TEST(test_private_addresses_are_refused),
        TEST(test_requests_that_cannot_be_sent),
        TEST(test_proxies_of_the_environment_are_ignored),
        TEST(test_no_answer_in_time),
        TEST(test_silence_in_the_answer),
        TEST(test_slow_answers_are_no_silence),
        TEST(test_paused_bytes_stay_with_the_supplier),
        TEST(test_pause_over_the_end),
        TEST(test_pause_and_resume_inside_callbacks),
        TEST(test_silence_does_not_count_while_paused),
        TEST(test_cancel),
        TEST(test_cancel_before_anything_is_sent),
        TEST(test_cancel_another_call_inside_a_callback),
        TEST(test_start_inside_callbacks),
        TEST(test_maximum_of_calls),
        TEST(test_many_calls_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

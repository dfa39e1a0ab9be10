/* Clients that leave, do not read, or end their side; the server that leaves. */
#include "serve.h"
#include "base/clock.h"

#include "../testing.h"
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct serve *s;

static int start(void **state)
{
    s = serve_new();
    s->conf.limits.write_timeout_ms = 400;
    serve_start(s);
    return 0;
}

static int stop(void **state)
{
    serve_free(s);
    return 0;
}

/* Connects and sends; returns when the application has the request. */
static int send_and_hold(const char *request)
{
    unsigned before = serve_count(s, &s->heads);
    int fd = raw_connect(s);
    raw_text(fd, request);
    serve_wait(s, &s->heads, before + 1);
    return fd;
}

static void reset(int fd)
{
    struct linger now = {.l_onoff = 1};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

static const char later[] = "GET /later HTTP/1.1\r\nHost: a\r\n\r\n";
static const char stream[] = "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";

static void expect_gone_after(const char *request, void (*leave)(int fd))
{
    unsigned gone = serve_count(s, &s->gone);
    int fd = send_and_hold(request);
    assert_int_equal(serve_count(s, &s->gone), gone);
    leave(fd);
    serve_wait(s, &s->gone, gone + 1);
    assert_false(serve_answer_later(s, "too late"));
    assert_int_equal(http_server_open_requests(s->server), 0);
}

static void leave_by_close(int fd)
{
    close(fd);
}

static void leave_by_shutdown(int fd)
{
    shutdown(fd, SHUT_WR);
}

static void test_a_hang_up_is_noticed_while_the_application_works(void **state)
{
    expect_gone_after(later, leave_by_close);
    expect_gone_after(later, reset);
    expect_gone_after(later, leave_by_shutdown);
}

static void test_a_hang_up_is_noticed_while_a_stream_is_silent(void **state)
{
    expect_gone_after(stream, leave_by_close);
    expect_gone_after(stream, reset);
    expect_gone_after(stream, leave_by_shutdown);
}

/* More bytes wait behind the request than the server would ever read ahead. */
static void expect_gone_behind_bytes(void (*leave)(int fd))
{
    static char junk[100000];
    memset(junk, 'j', sizeof junk);
    unsigned gone = serve_count(s, &s->gone);
    int fd = send_and_hold(later);
    raw_send(fd, junk, sizeof junk);
    leave(fd);
    serve_wait(s, &s->gone, gone + 1);
}

static void test_a_hang_up_is_noticed_behind_unread_bytes(void **state)
{
    expect_gone_behind_bytes(leave_by_close);
    expect_gone_behind_bytes(reset);
}

static void test_a_hang_up_inside_a_body_is_noticed(void **state)
{
    unsigned gone = serve_count(s, &s->gone);
    int fd = send_and_hold("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf");
    close(fd);
    serve_wait(s, &s->gone, gone + 1);
    fd = send_and_hold(
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nha");
    reset(fd);
    serve_wait(s, &s->gone, gone + 2);
}

/* Immediate answers are written although the client has ended its side already. */
static void test_a_client_that_ends_its_side_first_is_answered_at_once(void **state)
{
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 16);
    int fd = raw_connect(s);
    raw_text(fd, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\nPOST /echo HTTP/1.1\r\nHost: "
                 "a\r\nContent-Length: 2\r\n\r\nok");
    shutdown(fd, SHUT_WR);
    assert_true(raw_read_all(fd, &b));
    assert_int_equal(count_text(&b, "hello"), 1);
    assert_true(str_ends(buf_view(&b), STR("ok")));
    close(fd);
}

/* A script that sends everything, ends its side and reads: the request behind shows that it
 * listens. */
static void test_a_half_closer_with_requests_behind_is_served_to_the_end(void **state)
{
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 16);
    unsigned gone = serve_count(s, &s->gone), heads = serve_count(s, &s->heads);
    int fd = raw_connect(s);
    raw_text(fd, "GET /later HTTP/1.1\r\nHost: a\r\n\r\nGET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    shutdown(fd, SHUT_WR);
    serve_wait(s, &s->heads, heads + 1);
    assert_true(serve_answer_later(s, "first"));
    serve_wait(s, &s->heads, heads + 2);
    assert_true(serve_answer_later(s, "second"));
    assert_true(raw_read_all(fd, &b));
    assert_int_equal(count_text(&b, "first"), 1);
    assert_int_equal(count_text(&b, "second"), 1);
    assert_int_equal(serve_count(s, &s->gone), gone);
    close(fd);
}

/* The client has closed; the first bytes written find that out, and the application hears it from
 * the loop, never inside its own call. */
static void test_a_write_to_nobody_ends_as_gone(void **state)
{
    unsigned gone = serve_count(s, &s->gone), heads = serve_count(s, &s->heads);
    int fd = raw_connect(s);
    raw_text(fd, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    serve_wait(s, &s->heads, heads + 1);
    close(fd); /* looks like the half-closer above */
    bool is_there = true;
    while (is_there && serve_count(s, &s->gone) == gone)
        is_there = serve_stream_write(s, "anybody there?");
    serve_wait(s, &s->gone, gone + 1);
}

static void test_a_client_that_does_not_read_is_dropped(void **state)
{
    unsigned gone = serve_count(s, &s->gone);
    int fd = send_and_hold("GET /flood HTTP/1.1\r\nHost: a\r\n\r\n");
    int64_t began_us = clock_mono_us();
    serve_wait(s, &s->gone, gone + 1);
    assert_true(clock_mono_us() - began_us > 300000);
    assert_true(s->flood_written < FLOOD_BYTES); /* it was held back, not piled up */
    close(fd);
}

static void test_a_slow_but_steady_reader_is_not_dropped(void **state)
{
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 24);
    unsigned gone = serve_count(s, &s->gone);
    int fd = raw_connect(s);
    raw_text(fd, "GET /flood HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    int64_t until_us = clock_mono_us() + 1000000; /* more than twice the write timeout */
    while (clock_mono_us() < until_us) {
        char piece[8192];
        assert_true(recv(fd, piece, sizeof piece, 0) > 0);
        struct timespec pause = {.tv_nsec = 1000000}; /* the slowness under test */
        nanosleep(&pause, NULL);
    }
    assert_true(raw_read_all(fd, &b));
    assert_true(str_ends(buf_view(&b), STR("0\r\n\r\n")));
    assert_int_equal(serve_count(s, &s->gone), gone);
    close(fd);
}

/* ---- the server leaves ---- */

static void test_draining_ends_idle_connections_and_finishes_running_requests(void **state)
{
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 16);
    struct serve *mine = serve_new();
    serve_start(mine);
    int idle = raw_connect(mine), busy = raw_connect(mine);
    raw_text(idle, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(raw_answer(idle, &b), 200);
    raw_text(busy, later);
    serve_wait(mine, &mine->heads, 2);
    http_server_drain(mine->server);
    http_server_drain(mine->server);
    buf_clear(&b);
    assert_true(raw_read_all(idle, &b));
    assert_int_equal(b.n, 0);
    assert_int_equal(http_server_open_requests(mine->server), 1);
    assert_true(serve_answer_later(mine, "done"));
    assert_true(raw_read_all(busy, &b));
    assert_int_equal(count_text(&b, "done"), 1);
    assert_int_equal(count_text(&b, "Connection: close"), 1);
    close(idle);
    close(busy);
    serve_free(mine);
}

static void test_freeing_tells_the_application_what_is_gone(void **state)
{
    struct serve *mine = serve_new();
    serve_start(mine);
    int one = raw_connect(mine), two = raw_connect(mine);
    raw_text(one, later);
    raw_text(two, stream);
    serve_wait(mine, &mine->heads, 2);
    loop_stop(mine->loops[0]);
    http_server_free(mine->server);
    mine->server = NULL;
    unsigned gone = mine->gone;
    serve_free(mine);
    assert_int_equal(gone, 2);
    close(one);
    close(two);
}

static void test_two_loops_share_one_port(void **state)
{
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 20);
    struct serve *mine = serve_new();
    mine->loop_count = 2;
    serve_start(mine);
    bool is_used[2] = {false, false};
    for (int i = 0; i < 200 && !(is_used[0] && is_used[1]); i++) {
        unsigned heads = serve_count(mine, &mine->heads);
        int fd = raw_connect(mine);
        raw_text(fd, "GET /later HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        serve_wait(mine, &mine->heads, heads + 1);
        is_used[mine->held_loop == mine->loops[1]] = true;
        assert_true(serve_answer_later(mine, "x"));
        assert_true(raw_read_all(fd, &b));
        close(fd);
    }
    assert_true(is_used[0] && is_used[1]);
    serve_free(mine);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_hang_up_is_noticed_while_the_application_works),
        cmocka_unit_test(test_a_hang_up_is_noticed_while_a_stream_is_silent),
        cmocka_unit_test(test_a_hang_up_is_noticed_behind_unread_bytes),
        cmocka_unit_test(test_a_hang_up_inside_a_body_is_noticed),
        cmocka_unit_test(test_a_client_that_ends_its_side_first_is_answered_at_once),
        cmocka_unit_test(test_a_half_closer_with_requests_behind_is_served_to_the_end),
        cmocka_unit_test(test_a_write_to_nobody_ends_as_gone),
        cmocka_unit_test(test_a_client_that_does_not_read_is_dropped),
        cmocka_unit_test(test_a_slow_but_steady_reader_is_not_dropped),
        cmocka_unit_test(test_draining_ends_idle_connections_and_finishes_running_requests),
        cmocka_unit_test(test_freeing_tells_the_application_what_is_gone),
        cmocka_unit_test(test_two_loops_share_one_port),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

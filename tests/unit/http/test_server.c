/* The server from the outside: what a correct client sees. */
#include "serve.h"

#include "../testing.h"
#include <unistd.h>

static struct serve *s;

static int start(void **state)
{
    s = serve_new();
    serve_start(s);
    return 0;
}

static int stop(void **state)
{
    serve_free(s);
    return 0;
}

static void exchange(const char *request, struct buf *b)
{
    raw_exchange(s, request, strlen(request), b);
}

/* Sends and expects code and body; the connection is closed by the request's own words. */
static void expect(const char *request, int code, const char *body)
{
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 24);
    exchange(request, &b);
    char status_line[32];
    snprintf(status_line, sizeof status_line, "HTTP/1.1 %d ", code);
    if (!str_starts(buf_view(&b), str_c(status_line)) || !str_ends(buf_view(&b), str_c(body)))
        fail_msg("to %s came %s", request, buf_z(&b));
}

static void test_a_get_is_answered(void **state)
{
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 16);
    exchange("GET /hello HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &b);
    assert_true(str_starts(buf_view(&b), STR("HTTP/1.1 200 OK\r\nDate: ")));
    assert_int_equal(count_text(&b, " GMT\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n"),
                     1);
    assert_int_equal(count_text(&b, "Connection: close\r\n\r\nhello"), 1);
    assert_int_equal(count_text(&b, "Server:"), 0);
}

static void test_the_request_is_told_to_the_application(void **state)
{
    expect("GET /about?a=%20b HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200,
           "GET /about [a=%20b] 127.0.0.1 http");
    expect("PATCH /about HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
           200, "PATCH /about [] 127.0.0.1 http");
    expect("GET http://a.example/about?x HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n",
           200, "GET /about [x] 127.0.0.1 http");
    expect("OPTIONS /about HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200,
           "OPTIONS /about [] 127.0.0.1 http");
    /* not from a trusted proxy */
    expect(
        "GET /about HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 1.1.1.1\r\nX-Forwarded-Proto: https\r\n"
        "Connection: close\r\n\r\n",
        200, "GET /about [] 127.0.0.1 http");
}

static void test_head_has_the_length_and_no_body(void **state)
{
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 16);
    int fd = raw_connect(s);
    raw_text(fd, "HEAD /hello HTTP/1.1\r\nHost: a\r\n\r\nHEAD /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    raw_read_until(fd, &b, "\r\n\r\n", 2);
    assert_int_equal(count_text(&b, "Content-Length: 5\r\n"), 1);
    assert_int_equal(count_text(&b, "hello"), 0);
    assert_true(serve_stream_write(s, "not for HEAD"));
    assert_true(serve_stream_end(s));
    raw_text(fd, "GET /close HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(raw_read_all(fd, &b));
    assert_int_equal(count_text(&b, "not for HEAD"), 0);
    assert_int_equal(count_text(&b, "0\r\n\r\n"), 0);
    assert_int_equal(count_text(&b, "bye"), 1);
    close(fd);
}

static void test_bodies_in_every_framing(void **state)
{
    expect("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody",
           200, "\r\n\r\nbody");
    expect("PUT /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", 200,
           "\r\n\r\n");
    expect("GET /echo HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200, "\r\n\r\n");
    expect(
        "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
        "3;x=y\r\nbig\r\n5\r\n body\r\n0\r\nT: t\r\n\r\n",
        200, "\r\n\r\nbig body");
    expect("POST /echo HTTP/1.0\r\nContent-Length: 4\r\n\r\nbody", 200, "\r\n\r\nbody");
}

static void test_large_bodies_both_ways(void **state)
{
    enum { LARGE = 5 * 1024 * 1024 + 17 };
    struct buf request MAI_AUTO(buf_free), b MAI_AUTO(buf_free);
    buf_init(&request, LARGE * 2);
    buf_init(&b, LARGE * 2);
    for (int is_chunked = 0; is_chunked < 2; is_chunked++) {
        buf_clear(&request);
        buf_clear(&b);
        if (is_chunked)
            buf_addf(&request,
                     "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: "
                     "close\r\n\r\n%x\r\n",
                     LARGE);
        else
            buf_addf(
                &request,
                "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nConnection: close\r\n\r\n",
                LARGE);
        size_t head_n = request.n;
        char *body = buf_reserve(&request, LARGE);
        for (size_t i = 0; i < LARGE; i++)
            body[i] = (char)(i * 31 >> 3);
        buf_grow_by(&request, LARGE);
        if (is_chunked)
            buf_add(&request, STR("\r\n0\r\n\r\n"));
        raw_exchange(s, request.p, request.n, &b);
        assert_true(b.n > LARGE);
        assert_memory_equal(b.p + b.n - LARGE, request.p + head_n, LARGE);
    }
}

static void test_a_large_answer_is_whole(void **state)
{
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 24);
    exchange("GET /static HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &b);
    size_t head_n = str_find(buf_view(&b), STR("\r\n\r\n")) + 4;
    assert_int_equal(b.n, head_n + STATIC_BYTES);
    buf_clear(&b);
    exchange("GET /flood HTTP/1.0\r\n\r\n", &b);
    head_n = str_find(buf_view(&b), STR("\r\n\r\n")) + 4;
    assert_int_equal(b.n, head_n + FLOOD_BYTES);
    assert_true(serve_count(s, &s->drains) > 0); /* backpressure was felt and let go */
}

static void test_unknown_methods_are_501(void **state)
{
    expect("BREW /hello HTTP/1.1\r\nHost: a\r\n\r\n", 501, "\"path\":\"/hello\"}");
    expect("TRACE /hello HTTP/1.1\r\nHost: a\r\n\r\n", 501, "\"path\":\"/hello\"}");
    expect("get /hello HTTP/1.1\r\nHost: a\r\n\r\n", 501, "\"path\":\"/hello\"}");
    expect("CONNECT a:80 HTTP/1.1\r\nHost: a\r\n\r\n", 501, "}");
}

static void test_options_for_the_whole_server(void **state)
{
    expect("OPTIONS * HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 204,
           "Allow: GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS\r\nConnection: close\r\n\r\n");
}

static void test_an_answer_without_a_body_has_no_length(void **state)
{
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 16);
    exchange("GET /empty HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", &b);
    assert_true(str_starts(buf_view(&b), STR("HTTP/1.1 204 No Content\r\n")));
    assert_int_equal(count_text(&b, "Content-"), 0);
}

static void test_connections_stay_or_end_as_agreed(void **state)
{
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 16);
    int fd = raw_connect(s);
    for (int i = 0; i < 3; i++) {
        raw_text(fd, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
        assert_int_equal(raw_answer(fd, &b), 200);
        assert_int_equal(count_text(&b, "Connection:"), 0);
    }
    raw_text(fd, "GET /close HTTP/1.1\r\nHost: a\r\n\r\nGET /attack HTTP/1.1\r\nHost: a\r\n\r\n");
    buf_clear(&b);
    assert_true(raw_read_all(fd, &b));
    assert_int_equal(count_text(&b, "Connection: close"), 1);
    assert_int_equal(count_text(&b, "HTTP/1.1"), 1);
    close(fd);
    exchange("GET /hello HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &b); /* ends all the same */
    assert_int_equal(count_text(&b, "Connection: close"), 1);
    assert_int_equal(serve_count(s, &s->attacks), 0);
}

static void test_pipelined_requests_are_answered_in_order(void **state)
{
    enum { REQUESTS = 100 };
    struct buf request MAI_AUTO(buf_free), b MAI_AUTO(buf_free);
    buf_init(&request, 1 << 20);
    buf_init(&b, 1 << 20);
    for (int i = 0; i < REQUESTS; i++) {
        if (i % 3 == 0)
            buf_addf(&request, "GET /about?%d HTTP/1.1\r\nHost: a\r\n\r\n", i);
        else if (i % 3 == 1)
            buf_addf(&request, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 7\r\n\r\n<%05d>",
                     i);
        else
            buf_addf(&request,
                     "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                     "1\r\n<\r\n6\r\n%05d>\r\n0\r\n\r\n",
                     i);
    }
    buf_add(&request, STR("GET /close HTTP/1.1\r\nHost: a\r\n\r\n"));
    raw_exchange(s, request.p, request.n, &b);
    size_t at = 0;
    for (int i = 0; i < REQUESTS; i++) {
        char wanted[32];
        snprintf(wanted, sizeof wanted, i % 3 == 0 ? "[%d]" : "<%05d>", i);
        size_t next = str_find(str_from(buf_view(&b), at), str_c(wanted));
        assert_true(at + next < b.n);
        at += next;
    }
    assert_int_equal(count_text(&b, "HTTP/1.1 200"), REQUESTS + 1);
}

static void test_a_pipelined_request_waits_for_the_answer_before(void **state)
{
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 16);
    unsigned before = serve_count(s, &s->heads);
    int fd = raw_connect(s);
    raw_text(fd, "GET /later HTTP/1.1\r\nHost: a\r\n\r\nGET /close HTTP/1.1\r\nHost: a\r\n\r\n");
    serve_wait(s, &s->heads, before + 1);
    assert_int_equal(http_server_open_requests(s->server), 1);
    assert_true(serve_answer_later(s, "first"));
    assert_true(raw_read_all(fd, &b));
    assert_int_equal(serve_count(s, &s->heads), before + 2);
    assert_true(str_find(buf_view(&b), STR("first")) < str_find(buf_view(&b), STR("bye")));
    assert_false(serve_answer_later(s, "again")); /* its token is spent */
    assert_int_equal(http_server_open_requests(s->server), 0);
    close(fd);
}

static void test_every_request_split_at_every_byte(void **state)
{
    static const char *const requests[] = {
        "GET /about?x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "\r\nPOST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nConnection: close\r\n\r\nbody",
        ("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
         "4;e=x\r\nbody\r\n0\r\nTr: x\r\n\r\n"),
        "GET /hello HTTP/1.1\r\nHost: a\r\n\r\nGET /close HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET /bad HTTP/1.1\r\nHost : a\r\n\r\n",
    };
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        struct buf whole MAI_AUTO(buf_free), pieces MAI_AUTO(buf_free);
        buf_init(&whole, 1 << 16);
        buf_init(&pieces, 1 << 16);
        exchange(requests[i], &whole);
        size_t n = strlen(requests[i]);
        for (size_t cut = 1; cut <= n; cut++) { /* cut == n: byte by byte */
            int fd = raw_connect(s);
            buf_clear(&pieces);
            for (size_t at = 0, step; at < n; at += step) {
                step = cut == n ? 1 : at == 0 ? cut : n - at;
                raw_send(fd, requests[i] + at, step);
            }
            raw_read_all(fd, &pieces);
            close(fd);
            str a = buf_view(&whole), b = buf_view(&pieces);
            assert_int_equal(a.n, b.n);
            /* the Date may have gone on by a second */
            size_t date = str_find(a, STR("Date: "));
            assert_memory_equal(a.p, b.p, date);
            str a_end = str_from(a, str_find(a, STR("\r\n\r\n"))),
                b_end = str_from(b, str_find(b, STR("\r\n\r\n")));
            assert_int_equal(a_end.n, b_end.n);
        }
    }
}

static void test_100_continue_comes_when_the_body_is_wanted(void **state)
{
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 16);
    int fd = raw_connect(s);
    raw_text(fd,
             "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    raw_read_until(fd, &b, "HTTP/1.1 100 Continue\r\n\r\n", 1);
    raw_text(fd, "body");
    assert_int_equal(raw_answer(fd, &b), 200);
    assert_true(str_ends(buf_view(&b), STR("body")));
    /* not wanted: the refusal comes at once, without it */
    raw_text(
        fd,
        "POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
    buf_clear(&b);
    assert_true(raw_read_all(fd, &b));
    assert_true(str_starts(buf_view(&b), STR("HTTP/1.1 401 ")));
    assert_int_equal(count_text(&b, "Connection: close"), 1);
    close(fd);
    expect("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\nExpect: 200-maybe\r\n\r\nbody",
           417, "}");
}

static void test_a_refused_body_ends_or_is_passed_over(void **state)
{
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 16);
    int fd = raw_connect(s);
    /* small and here already: the connection goes on */
    raw_text(
        fd,
        "POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nbody"
        "POST /refuse HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n"
        "GET /close HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(raw_read_all(fd, &b));
    assert_int_equal(count_text(&b, "HTTP/1.1 401 "), 2);
    assert_int_equal(count_text(&b, "bye"), 1);
    close(fd);
    /* large and on its way: the client reads the answer all the same, not a reset */
    enum { LARGE = 2 * 1024 * 1024 };
    struct buf request MAI_AUTO(buf_free);
    buf_init(&request, LARGE + 1000);
    buf_addf(&request, "POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", LARGE);
    CHECK(buf_reserve(&request, LARGE) != NULL);
    memset(request.p + request.n, 'x', LARGE);
    buf_grow_by(&request, LARGE);
    fd = raw_connect(s);
    raw_send(fd, request.p, request.n);
    buf_clear(&b);
    assert_true(raw_read_all(fd, &b));
    assert_int_equal(count_text(&b, "HTTP/1.1 401 "), 1);
    close(fd);
}

static void test_streams_are_chunked(void **state)
{
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 16);
    unsigned before = serve_count(s, &s->heads);
    int fd = raw_connect(s);
    raw_text(fd, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    serve_wait(s, &s->heads, before + 1);
    raw_read_until(fd, &b, "Transfer-Encoding: chunked\r\n\r\n",
                   1); /* out before the first event */
    assert_true(serve_stream_write(s, "data: one\n\n"));
    raw_read_until(fd, &b, "b\r\ndata: one\n\n\r\n", 1);
    assert_true(serve_stream_write(s, ""));
    assert_true(serve_stream_write(s, "two"));
    assert_true(serve_stream_end(s));
    raw_read_until(fd, &b, "3\r\ntwo\r\n0\r\n\r\n", 1);
    assert_false(serve_stream_write(s, "late"));
    raw_text(fd, "GET /close HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(raw_read_all(fd, &b));
    assert_int_equal(count_text(&b, "late"), 0);
    close(fd);
}

static void test_an_aborted_stream_is_seen_to_be_short(void **state)
{
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 16);
    unsigned before = serve_count(s, &s->heads);
    int fd = raw_connect(s);
    raw_text(fd, "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n");
    serve_wait(s, &s->heads, before + 1);
    assert_true(serve_stream_write(s, "part"));
    assert_true(serve_stream_abort(s));
    raw_read_all(fd, &b);
    assert_int_equal(count_text(&b, "4\r\npart\r\n"), 1);
    assert_int_equal(count_text(&b, "0\r\n\r\n"), 0);
    close(fd);
    /* HTTP/1.0 has no final chunk to miss: the connection is reset */
    fd = raw_connect(s);
    raw_text(fd, "GET /stream HTTP/1.0\r\n\r\n");
    serve_wait(s, &s->heads, before + 2);
    buf_clear(&b);
    raw_read_until(fd, &b, "\r\n\r\n", 1);
    assert_true(serve_stream_abort(s));
    assert_false(raw_read_all(fd, &b));
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_get_is_answered),
        cmocka_unit_test(test_the_request_is_told_to_the_application),
        cmocka_unit_test(test_head_has_the_length_and_no_body),
        cmocka_unit_test(test_an_answer_without_a_body_has_no_length),
        cmocka_unit_test(test_bodies_in_every_framing),
        cmocka_unit_test(test_large_bodies_both_ways),
        cmocka_unit_test(test_a_large_answer_is_whole),
        cmocka_unit_test(test_unknown_methods_are_501),
        cmocka_unit_test(test_options_for_the_whole_server),
        cmocka_unit_test(test_connections_stay_or_end_as_agreed),
        cmocka_unit_test(test_pipelined_requests_are_answered_in_order),
        cmocka_unit_test(test_a_pipelined_request_waits_for_the_answer_before),
        cmocka_unit_test(test_every_request_split_at_every_byte),
        cmocka_unit_test(test_100_continue_comes_when_the_body_is_wanted),
        cmocka_unit_test(test_a_refused_body_ends_or_is_passed_over),
        cmocka_unit_test(test_streams_are_chunked),
        cmocka_unit_test(test_an_aborted_stream_is_seen_to_be_short),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

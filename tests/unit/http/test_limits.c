/* Every limit of struct http_limits, with tiny values; and configurations that cannot work. */
#include "serve.h"

#include "../testing.h"
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct serve *s;
static struct buf b;

static void begin(void)
{
    s = serve_new();
    buf_init(&b, 1 << 24);
}

static void end(void)
{
    serve_free(s);
    buf_free(&b);
}

static void send_and_read(const char *request)
{
    raw_exchange(s, request, strlen(request), &b);
}

static void expect_status(int code)
{
    char line[32];
    snprintf(line, sizeof line, "HTTP/1.1 %d ", code);
    if (!str_starts(buf_view(&b), str_c(line)) || count_text(&b, "HTTP/1.1 ") != 1)
        fail_msg("not a single %d: %.500s", code, buf_z(&b));
    assert_int_equal(count_text(&b, "Connection: close\r\n"), 1);
}

/* ---- heads ---- */

static void send_head(size_t target_n, size_t header_n, size_t header_count)
{
    struct buf request MAI_AUTO(buf_free);
    buf_init(&request, 1 << 20);
    buf_add(&request, STR("GET /"));
    for (size_t i = 1; i < target_n; i++)
        buf_add_char(&request, 't');
    buf_add(&request, STR(" HTTP/1.1\r\nHost: a\r\n"));
    for (size_t i = 0; i < header_count; i++) {
        buf_addf(&request, "X-%zu: ", i);
        for (size_t k = 0; k < header_n; k++)
            buf_add_char(&request, 'h');
        buf_add(&request, STR("\r\n"));
    }
    buf_add(&request, STR("Connection: close\r\n\r\n"));
    raw_exchange(s, request.p, request.n, &b);
}

static void test_heads_and_targets_have_a_size(void **state)
{
    begin();
    serve_start(s);
    send_head(8000, 0, 0);
    expect_status(404);
    send_head(8300, 0, 0);
    expect_status(414);
    send_head(100000, 0, 0);
    expect_status(414);
    send_head(10, 30000, 1);
    expect_status(404);
    send_head(10, 40000, 1);
    expect_status(431);
    send_head(10, 10, 90);
    expect_status(404);
    send_head(10, 10, 200);
    expect_status(431);
    send_head(10, 200, 5000);
    expect_status(431);
    end();
}

static void test_a_small_head_limit_holds(void **state)
{
    begin();
    s->conf.limits.max_head_bytes = 200;
    serve_start(s);
    send_head(10, 50, 1);
    expect_status(404);
    send_head(10, 300, 1);
    expect_status(431);
    end();
}

static void test_a_slow_head_is_408(void **state)
{
    begin();
    s->conf.limits.head_timeout_ms = 60;
    serve_start(s);
    int fd = raw_connect(s);
    raw_text(fd, "GET /hello HTTP/1.1\r\nHo");
    raw_read_all(fd, &b);
    expect_status(408);
    close(fd);
    end();
}

/* A byte now and then does not win time: the deadline is for the whole head. */
static void test_a_dripping_head_is_408(void **state)
{
    begin();
    s->conf.limits.head_timeout_ms = 60;
    serve_start(s);
    int fd = raw_connect(s);
    raw_text(fd, "GET /hello HTTP/1.1\r\nX: ");
    char piece[1024];
    ssize_t got = -1;
    for (int i = 0; i < 2000 && got <= 0; i++) {
        raw_text(fd, "x");
        struct timespec pause = {.tv_nsec = 5000000}; /* the dripping under test */
        nanosleep(&pause, NULL);
        got = recv(fd, piece, sizeof piece, MSG_DONTWAIT);
    }
    assert_true(got > 0);
    buf_add(&b, (str){piece, (size_t)got});
    expect_status(408);
    close(fd);
    end();
}

static void test_an_idle_connection_ends_in_silence(void **state)
{
    begin();
    s->conf.limits.idle_timeout_ms = 60;
    serve_start(s);
    int never_used = raw_connect(s), used = raw_connect(s);
    raw_text(used, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(raw_answer(used, &b), 200);
    buf_clear(&b);
    assert_true(raw_read_all(used, &b));
    assert_true(raw_read_all(never_used, &b));
    assert_int_equal(b.n, 0);
    close(used);
    close(never_used);
    end();
}

static void test_a_working_application_is_not_hurried(void **state)
{
    begin();
    s->conf.limits.idle_timeout_ms = s->conf.limits.head_timeout_ms = 40;
    s->conf.limits.body_progress_ms = s->conf.limits.write_timeout_ms = 40;
    serve_start(s);
    int idle = raw_connect(s), fd = raw_connect(s);
    raw_text(fd, "GET /later HTTP/1.1\r\nHost: a\r\n\r\n");
    serve_wait(s, &s->heads, 1);
    raw_read_all(idle, &b); /* others have run out of time meanwhile */
    assert_true(serve_answer_later(s, "slowly"));
    assert_int_equal(raw_answer(fd, &b), 200);
    close(idle);
    close(fd);
    end();
}

/* ---- bodies ---- */

static void test_a_body_over_the_limit_is_413_before_it_is_read(void **state)
{
    begin();
    s->conf.limits.max_body_bytes = 1000;
    serve_start(s);
    send_and_read(
        "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1001\r\n\r\n"); /* nothing of it sent */
    expect_status(413);
    assert_non_null(strstr(buf_z(&b), "\"path\":\"/echo\""));
    send_and_read("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 17\r\n\r\n12345678901234567");
    expect_status(413);
    send_and_read("POST /small HTTP/1.1\r\nHost: a\r\nContent-Length: 16\r\nConnection: "
                  "close\r\n\r\n1234567890123456");
    expect_status(200);
    send_and_read("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99999999999999999999\r\n\r\n");
    expect_status(413);
    assert_int_equal(serve_count(s, &s->bodies), 1);
    end();
}

static void test_a_chunked_body_over_the_limit_is_413_while_it_arrives(void **state)
{
    begin();
    serve_start(s);
    send_and_read("POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
                  "9\r\n123456789\r\n8\r\n12345678\r\n"); /* the end never comes */
    expect_status(413);
    send_and_read("POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                  "chunked\r\n\r\nffffffff\r\nxxxxxxxxxxxxxxxxxxxxxxx");
    expect_status(413);
    send_and_read("POST /small HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: "
                  "chunked\r\n\r\n5\nhello\r\n0\r\n\r\n");
    expect_status(400);
    serve_wait(s, &s->gone, 3);
    assert_int_equal(serve_count(s, &s->bodies), 0);
    end();
}

static void test_a_slow_body_is_408(void **state)
{
    begin();
    s->conf.limits.body_progress_ms = 60;
    s->conf.limits.body_min_bytes = 10;
    serve_start(s);
    int fd = raw_connect(s);
    raw_text(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n123456789");
    raw_read_all(fd, &b);
    expect_status(408);
    serve_wait(s, &s->gone, 1);
    close(fd);
    end();
}

static void test_a_steady_body_may_take_its_time(void **state)
{
    begin();
    s->conf.limits.body_progress_ms = 400;
    s->conf.limits.body_min_bytes = 5;
    serve_start(s);
    int fd = raw_connect(s);
    raw_text(fd, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\n");
    for (int i = 0; i < 200; i++) {
        char piece[50];
        memset(piece, 'b', sizeof piece);
        raw_send(fd, piece, sizeof piece);
        struct timespec pause = {.tv_nsec = 3000000}; /* the slowness under test: 0.6 s in all */
        nanosleep(&pause, NULL);
    }
    assert_int_equal(raw_answer(fd, &b), 200);
    close(fd);
    end();
}

static void test_bodies_in_flight_share_a_budget(void **state)
{
    static const char upload[] = "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 40000\r\n\r\n";
    static char body[40000];
    begin();
    s->conf.limits.max_bodies_bytes = 100000;
    serve_start(s);
    int first = raw_connect(s), second = raw_connect(s), third = raw_connect(s);
    raw_text(first, upload);
    raw_text(second, upload);
    serve_wait(s, &s->heads, 2);
    raw_text(third, upload);
    raw_read_all(third, &b);
    expect_status(503);
    assert_int_equal(count_text(&b, "Retry-After: 1\r\n"), 1);
    serve_wait(s, &s->gone, 1);
    /* those that fit are not disturbed, and give back what they took */
    raw_send(first, body, sizeof body);
    assert_int_equal(raw_answer(first, &b), 200);
    raw_text(first, upload);
    raw_send(first, body, sizeof body);
    assert_int_equal(raw_answer(first, &b), 200);
    raw_send(second, body, sizeof body);
    assert_int_equal(raw_answer(second, &b), 200);
    close(first);
    close(second);
    close(third);
    /* a chunked one learns it on the way */
    struct buf request MAI_AUTO(buf_free);
    buf_init(&request, 1 << 20);
    buf_add(&request, STR("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"));
    for (int i = 0; i < 30; i++) {
        buf_addf(&request, "%zx\r\n", (size_t)5000);
        buf_add(&request, (str){body, 5000});
        buf_add(&request, STR("\r\n"));
    }
    raw_exchange(s, request.p, request.n, &b);
    expect_status(503);
    int again = raw_connect(s);
    raw_text(again, upload);
    raw_send(again, body, sizeof body);
    assert_int_equal(raw_answer(again, &b), 200);
    close(again);
    end();
}

/* Until the server has ended its side of the connection, without reading from it. */
static void wait_until_dropped(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLRDHUP};
    assert_int_equal(poll(&p, 1, 10000), 1);
}

static void test_a_client_that_pipelines_and_does_not_read_is_held_back(void **state)
{
    begin();
    s->conf.limits.high_water_bytes = 4000;
    s->conf.limits.low_water_bytes = 1000;
    s->conf.limits.write_timeout_ms = 300;
    serve_start(s);
    int fd = raw_connect(s);
    for (int i = 0; i < 8; i++)
        raw_text(fd, "GET /static HTTP/1.1\r\nHost: a\r\n\r\n");
    /* Nothing is read: the first large answers fill the socket, the requests behind stay unread,
     * and the write timeout ends it. What the socket held can then be read, and it is not eight
     * answers. */
    serve_wait(s, &s->heads, 1);
    wait_until_dropped(fd);
    raw_read_all(fd, &b);
    assert_true(serve_count(s, &s->heads) < 8);
    close(fd);
    end();
}

/* ---- connections ---- */

static void test_connections_per_address_are_limited(void **state)
{
    begin();
    s->conf.limits.max_per_address = 2;
    serve_start(s);
    int first = raw_connect(s), second = raw_connect(s);
    raw_text(first, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    raw_text(second, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(raw_answer(first, &b), 200);
    assert_int_equal(raw_answer(second, &b), 200);
    send_and_read("GET /attack HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_status(503);
    assert_int_equal(count_text(&b, "Retry-After: 1\r\n"), 1);
    assert_int_equal(serve_count(s, &s->attacks), 0);
    /* a place that is given back can be taken */
    raw_text(second, "GET /close HTTP/1.1\r\nHost: a\r\n\r\n");
    buf_clear(&b);
    assert_true(raw_read_all(second, &b));
    send_and_read("GET /close HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_status(200);
    close(first);
    close(second);
    end();
}

static void test_trusted_proxies_may_hold_many_and_name_the_client(void **state)
{
    begin();
    s->conf.limits.max_per_address = 1;
    s->conf.trusted_proxies = STR("10.0.0.0/8, 127.0.0.1");
    serve_start(s);
    int one = raw_connect(s), two = raw_connect(s);
    raw_text(one, "GET /about HTTP/1.1\r\nHost: a\r\nX-Forwarded-For: 6.6.6.6\r\nX-Forwarded-For: "
                  "203.0.113.9, 10.1.1.1\r\n"
                  "X-Forwarded-Proto: https\r\n\r\n");
    assert_int_equal(raw_answer(one, &b), 200);
    assert_true(str_ends(buf_view(&b), STR("GET /about [] 203.0.113.9 https")));
    raw_text(two, "GET /about HTTP/1.1\r\nHost: a\r\nX-Forwarded-Proto: https, http\r\n\r\n");
    assert_int_equal(raw_answer(two, &b), 200);
    assert_true(str_ends(buf_view(&b), STR("GET /about [] 127.0.0.1 http")));
    close(one);
    close(two);
    end();
}

static void test_connections_in_total_are_limited(void **state)
{
    begin();
    s->conf.limits.max_connections = 1;
    serve_start(s);
    int first = raw_connect(s);
    raw_text(first, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(raw_answer(first, &b), 200);
    send_and_read("GET /attack HTTP/1.1\r\nHost: a\r\n\r\n");
    expect_status(503);
    close(first);
    end();
}

/* Out of descriptors the server goes on with what it has, and takes the waiting ones when it can. */
static void test_running_out_of_descriptors_heals(void **state)
{
    begin();
    s->conf.limits.head_timeout_ms = 200; /* it looks again every quarter of that */
    serve_start(s);
    int served = raw_connect(s);
    raw_text(served, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(raw_answer(served, &b), 200); /* accepted: no other descriptor is on its way */
    int waiting = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int first_free = dup(waiting);
    close(first_free);
    struct rlimit before, none_left;
    getrlimit(RLIMIT_NOFILE, &before);
    none_left = before;
    none_left.rlim_cur = (rlim_t)first_free;
    setrlimit(RLIMIT_NOFILE, &none_left);
    raw_connect_with(s, waiting);
    raw_text(waiting, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    struct pollfd p = {.fd = waiting, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 150), 0); /* silent: it cannot be accepted */
    raw_text(served, "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(raw_answer(served, &b), 200);
    setrlimit(RLIMIT_NOFILE, &before);
    assert_int_equal(raw_answer(waiting, &b), 200);
    close(served);
    close(waiting);
    end();
}

/* ---- configurations that cannot work ---- */

static status try_start(struct serve *other, struct err *e)
{
    struct loop *l = loop_new("other");
    other->conf.loops = &l;
    other->conf.loop_count = 1;
    struct http_server *server = NULL;
    status st = http_server_new(&other->conf, &server, e);
    http_server_free(server);
    loop_free(l);
    return st;
}

static void test_a_taken_port_is_named(void **state)
{
    begin();
    s->loop_count = 2; /* the sockets share the port among themselves, not with others */
    serve_start(s);
    struct serve *other = serve_new();
    other->conf.port = s->port;
    struct err e = {0};
    assert_st(try_start(other, &e), ST_CONFLICT);
    char wanted[80];
    snprintf(wanted, sizeof wanted, "Port %u on 127.0.0.1 is already in use", s->port);
    assert_non_null(strstr(e.text, wanted));
    serve_free(other);
    end();
}

static void test_wrong_configurations_are_refused_with_a_sentence(void **state)
{
    struct serve *other = serve_new();
    struct err e = {0};
    other->conf.trusted_proxies = STR("10.0.0.0/99");
    assert_st(try_start(other, &e), ST_BAD_REQUEST);
    assert_non_null(strstr(e.text, "'10.0.0.0/99'"));
    other->conf.trusted_proxies = STR("");
    other->conf.host = STR("not a host name");
    assert_st(try_start(other, &e), ST_BAD_REQUEST);
    assert_non_null(strstr(e.text, "not a host name"));
    other->conf.host = STR("127.0.0.1");
    other->conf.tls_certificate_path = STR("/nonexistent/certificate.pem");
    assert_st(try_start(other, &e), ST_BAD_REQUEST);
    other->conf.tls_key_path = STR("/nonexistent/key.pem");
    assert_st(try_start(other, &e), ST_BAD_REQUEST);
    assert_non_null(strstr(e.text, "/nonexistent/certificate.pem"));
    serve_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads_and_targets_have_a_size),
        cmocka_unit_test(test_a_small_head_limit_holds),
        cmocka_unit_test(test_a_slow_head_is_408),
        cmocka_unit_test(test_a_dripping_head_is_408),
        cmocka_unit_test(test_an_idle_connection_ends_in_silence),
        cmocka_unit_test(test_a_working_application_is_not_hurried),
        cmocka_unit_test(test_a_body_over_the_limit_is_413_before_it_is_read),
        cmocka_unit_test(test_a_chunked_body_over_the_limit_is_413_while_it_arrives),
        cmocka_unit_test(test_a_slow_body_is_408),
        cmocka_unit_test(test_a_steady_body_may_take_its_time),
        cmocka_unit_test(test_bodies_in_flight_share_a_budget),
        cmocka_unit_test(test_a_client_that_pipelines_and_does_not_read_is_held_back),
        cmocka_unit_test(test_connections_per_address_are_limited),
        cmocka_unit_test(test_trusted_proxies_may_hold_many_and_name_the_client),
        cmocka_unit_test(test_connections_in_total_are_limited),
        cmocka_unit_test(test_running_out_of_descriptors_heals),
        cmocka_unit_test(test_a_taken_port_is_named),
        cmocka_unit_test(test_wrong_configurations_are_refused_with_a_sentence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

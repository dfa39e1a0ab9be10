/* Request smuggling: what two servers could read differently is refused, the connection ends, and the request
 * hidden behind is never executed (invariant C2 of conn.c). Every case is sent whole, and byte by byte. */
#include "serve.h"

#include "../testing.h"
#include <unistd.h>

#define ATTACK "GET /attack HTTP/1.1\r\nHost: a\r\n\r\n"
#define LINE "POST /echo HTTP/1.1\r\n"

struct smuggle {
    const char *name;
    str bytes;
    int code; /* 0: 400 or 501 */
};

static const struct smuggle cases[] = {
    {"Content-Length twice, different", STR_INIT(LINE "Host: a\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n" ATTACK), 400},
    {"Content-Length twice, the same", STR_INIT(LINE "Host: a\r\nContent-Length: 0\r\nContent-Length: 0\r\n\r\n" ATTACK), 400},
    {"Content-Length as a list", STR_INIT(LINE "Host: a\r\nContent-Length: 0, 0\r\n\r\n" ATTACK), 400},
    {"Content-Length with a sign", STR_INIT(LINE "Host: a\r\nContent-Length: +0\r\n\r\n" ATTACK), 400},
    {"negative Content-Length", STR_INIT(LINE "Host: a\r\nContent-Length: -1\r\n\r\n" ATTACK), 400},
    {"Content-Length in hex", STR_INIT(LINE "Host: a\r\nContent-Length: 0x0\r\n\r\n" ATTACK), 400},
    {"empty Content-Length", STR_INIT(LINE "Host: a\r\nContent-Length: \r\n\r\n" ATTACK), 400},
    {"Content-Length with a space inside", STR_INIT(LINE "Host: a\r\nContent-Length: 0 0\r\n\r\n" ATTACK), 400},
    {"Content-Length and Transfer-Encoding", STR_INIT(LINE "Host: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" ATTACK), 400},
    {"the same, other order", STR_INIT(LINE "Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n" ATTACK), 400},
    {"Transfer-Encoding twice", STR_INIT(LINE "Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" ATTACK), 400},
    {"chunked twice", STR_INIT(LINE "Host: a\r\nTransfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" ATTACK), 0},
    {"unknown coding", STR_INIT(LINE "Host: a\r\nTransfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" ATTACK), 501},
    {"coding before chunked", STR_INIT(LINE "Host: a\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" ATTACK), 0},
    {"identity", STR_INIT(LINE "Host: a\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" ATTACK), 501},
    {"quoted coding", STR_INIT(LINE "Host: a\r\nTransfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n" ATTACK), 0},
    {"coding behind a vertical tab", STR_INIT(LINE "Host: a\r\nTransfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n" ATTACK), 400},
    {"chunked in HTTP/1.0", STR_INIT("POST /echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" ATTACK), 400},
    {"space before the colon", STR_INIT(LINE "Host: a\r\nTransfer-Encoding : chunked\r\n\r\n0\r\n\r\n" ATTACK), 400},
    {"tab before the colon", STR_INIT(LINE "Host: a\r\nContent-Length\t: 0\r\n\r\n" ATTACK), 400},
    {"no colon", STR_INIT(LINE "Host: a\r\nContent-Length\r\n\r\n" ATTACK), 400},
    {"empty name", STR_INIT(LINE "Host: a\r\n: x\r\n\r\n" ATTACK), 400},
    {"folded line", STR_INIT(LINE "Host: a\r\nX: y\r\n Transfer-Encoding: chunked\r\n\r\n" ATTACK), 400},
    {"first header line indented", STR_INIT(LINE " Host: a\r\n\r\n" ATTACK), 400},
    {"bare LF in the head", STR_INIT(LINE "Host: a\nContent-Length: 0\r\n\r\n" ATTACK), 400},
    {"bare LF everywhere", STR_INIT("POST /echo HTTP/1.1\nHost: a\n\n" ATTACK), 400},
    {"bare LF after the request line", STR_INIT("POST /echo HTTP/1.1\nHost: a\r\n\r\n" ATTACK), 400},
    {"bare CR in a value", STR_INIT(LINE "Host: a\r\nX: y\rTransfer-Encoding: chunked\r\n\r\n" ATTACK), 400},
    {"bare CR after the colon", STR_INIT(LINE "Host: a\r\nX:\rTransfer-Encoding: chunked\r\n\r\n" ATTACK), 400},
    {"CR CR LF", STR_INIT(LINE "Host: a\r\r\nContent-Length: 0\r\n\r\n" ATTACK), 400},
    {"the blank line ended by CR and a letter", STR_INIT(LINE "Host: a\r\n\rX" ATTACK), 400},
    {"NUL in a value", STR_INIT(LINE "Host: a\r\nX: a\0b\r\n\r\n" ATTACK), 400},
    {"NUL in a name", STR_INIT(LINE "Host: a\r\nX\0Y: b\r\n\r\n" ATTACK), 400},
    {"control character in a value", STR_INIT(LINE "Host: a\r\nX: a\x01" "b\r\n\r\n" ATTACK), 400},
    {"no Host", STR_INIT(LINE "Content-Length: 0\r\n\r\n" ATTACK), 400},
    {"Host twice", STR_INIT(LINE "Host: a\r\nHost: b\r\n\r\n" ATTACK), 400},
    {"Host with a path", STR_INIT(LINE "Host: a/b\r\n\r\n" ATTACK), 400},
    {"two targets", STR_INIT("GET /hello /attack HTTP/1.1\r\nHost: a\r\n\r\n" ATTACK), 400},
    {"two spaces in the request line", STR_INIT("GET  /hello HTTP/1.1\r\nHost: a\r\n\r\n" ATTACK), 400},
    {"tab in the request line", STR_INIT("GET\t/hello HTTP/1.1\r\nHost: a\r\n\r\n" ATTACK), 400},
    {"space at the end of the request line", STR_INIT("GET /hello HTTP/1.1 \r\nHost: a\r\n\r\n" ATTACK), 400},
    {"no version", STR_INIT("GET /hello\r\nHost: a\r\n\r\n" ATTACK), 400},
    {"HTTP/0.9", STR_INIT("GET /hello HTTP/0.9\r\nHost: a\r\n\r\n" ATTACK), 505},
    {"HTTP/2.0", STR_INIT("GET /hello HTTP/2.0\r\nHost: a\r\n\r\n" ATTACK), 505},
    {"HTTP/1.2", STR_INIT("GET /hello HTTP/1.2\r\nHost: a\r\n\r\n" ATTACK), 505},
    {"the preface of HTTP/2", STR_INIT("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" ATTACK), 505},
    {"lower case version", STR_INIT("GET /hello http/1.1\r\nHost: a\r\n\r\n" ATTACK), 400},
    {"relative target", STR_INIT("GET hello HTTP/1.1\r\nHost: a\r\n\r\n" ATTACK), 400},
    {"fragment", STR_INIT("GET /hello#x HTTP/1.1\r\nHost: a\r\n\r\n" ATTACK), 400},
    {"byte beyond ASCII in the target", STR_INIT("GET /hell\xc3\xb6 HTTP/1.1\r\nHost: a\r\n\r\n" ATTACK), 400},
    {"method with a control character", STR_INIT("GE\x02T /hello HTTP/1.1\r\nHost: a\r\n\r\n" ATTACK), 400},
    {"two empty lines before", STR_INIT("\r\n\r\nGET /hello HTTP/1.1\r\nHost: a\r\n\r\n" ATTACK), 400},
    {"TLS hello", STR_INIT("\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" ATTACK), 400},
    {"chunk size with a sign", STR_INIT(LINE "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n-1\r\n" ATTACK), 400},
    {"chunk size in 0x", STR_INIT(LINE "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n" ATTACK), 400},
    {"chunk size ended by LF", STR_INIT(LINE "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n0\n\r\n" ATTACK), 400},
    {"chunk size that overflows", STR_INIT(LINE "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n10000000000000000\r\n" ATTACK), 400},
    {"chunk longer than its size", STR_INIT(LINE "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nxx\r\n0\r\n\r\n" ATTACK), 400},
    {"LF in a chunk extension", STR_INIT(LINE "Host: a\r\nTransfer-Encoding: chunked\r\n\r\n0;x\n\r\n\r\n" ATTACK), 400},
};

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

static bool is_refused(const struct buf *b, const struct smuggle *c)
{
    char line[32];
    snprintf(line, sizeof line, "HTTP/1.1 %d ", c->code);
    if (c->code != 0)
        return str_starts(buf_view(b), str_c(line));
    return str_starts(buf_view(b), STR("HTTP/1.1 400 ")) || str_starts(buf_view(b), STR("HTTP/1.1 501 "));
}

static void check(const struct smuggle *c, struct buf *b, const char *how)
{
    buf_z(b);
    if (!is_refused(b, c) || count_text(b, "\r\nDate: ") != 1 || count_text(b, "Connection: close\r\n") != 1 ||
        serve_count(s, &s->attacks) != 0)
        fail_msg("%s (%s): %.600s", c->name, how, buf_z(b));
}

static void test_ambiguous_requests_are_refused(void **state)
{
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 16);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        raw_exchange(s, cases[i].bytes.p, cases[i].bytes.n, &b);
        check(&cases[i], &b, "whole");
    }
}

static void test_they_are_refused_byte_by_byte(void **state)
{
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 16);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int fd = raw_connect(s);
        for (size_t k = 0; k < cases[i].bytes.n; k++)
            raw_send(fd, cases[i].bytes.p + k, 1);
        buf_clear(&b);
        raw_read_all(fd, &b);
        close(fd);
        check(&cases[i], &b, "byte by byte");
    }
}

/* The same behind a good request: that one is answered, then the connection ends. */
static void test_they_are_refused_behind_a_good_request(void **state)
{
    static const str good = STR_INIT("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nGOOD");
    struct buf request MAI_AUTO(buf_free), b MAI_AUTO(buf_free);
    buf_init(&request, 1 << 16);
    buf_init(&b, 1 << 16);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        buf_clear(&request);
        buf_add(&request, good);
        buf_add(&request, cases[i].bytes);
        raw_exchange(s, request.p, request.n, &b);
        buf_z(&b);
        size_t first = str_find(buf_view(&b), STR("\r\n\r\nGOOD"));
        assert_true(first < b.n);
        buf_consume(&b, first + 8);
        check(&cases[i], &b, "behind a good request");
    }
}

/* An attack inside a body is only a body. */
static void test_bodies_are_not_requests(void **state)
{
    static const str inside = STR_INIT(ATTACK);
    struct buf request MAI_AUTO(buf_free), b MAI_AUTO(buf_free);
    buf_init(&request, 1 << 16);
    buf_init(&b, 1 << 16);
    buf_addf(&request, "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", inside.n);
    buf_add(&request, inside);
    buf_addf(&request, "POST /refuse HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n%zx\r\n", inside.n);
    buf_add(&request, inside);
    buf_add(&request, STR("\r\n0\r\n\r\n"));
    buf_addf(&request, "POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: %zu\r\n\r\n", inside.n + 1);
    buf_add(&request, inside); /* one byte short: this body never becomes whole */
    raw_exchange(s, request.p, request.n, &b);
    assert_int_equal(count_text(&b, "HTTP/1.1 "), 3);
    assert_int_equal(count_text(&b, "HTTP/1.1 401 "), 2);
    assert_int_equal(serve_count(s, &s->attacks), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ambiguous_requests_are_refused),
        cmocka_unit_test(test_they_are_refused_byte_by_byte),
        cmocka_unit_test(test_they_are_refused_behind_a_good_request),
        cmocka_unit_test(test_bodies_are_not_requests),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

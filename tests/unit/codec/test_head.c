/* Request heads: what passes and how it is read, a corpus of smuggling attempts, cuts at every
 * byte. Names H1-H4: codec/head.c. */
#include "unit/testing.h"
#include "base/buf.h"
#include "codec/head.h"

#define H "Host: a\r\n"
#define GET "GET / HTTP/1.1\r\n"
#define POST "POST / HTTP/1.1\r\n" H

static status check(str head, struct head_info *out, struct err *e)
{
    size_t n = head_find_end(head, 0);
    if (n == 0)
        fail_msg("no end: %.*s", STR_ARG(head));
    return head_check(str_sub(head, 0, n), out, e);
}

static void reads_a_usual_request(void **state)
{
    str head = STR("POST /v1/chat/completions?x=1 HTTP/1.1\r\nHost: mai.example.com:8080\r\n"
                   "Authorization:Bearer x\r\nX-Note: \t za\xc5\xbc \t\r\nContent-Length: 42\r\n"
                   "Expect: 100-Continue\r\nConnection: TE, Close\r\nX-Empty:\r\nCookie: "
                   "a\r\nCookie: b\r\n\r\n");
    struct head_info h;
    struct err e = {0};
    assert_st(check(head, &h, &e), ST_OK);
    assert_str(h.method, STR("POST"));
    assert_str(h.target, STR("/v1/chat/completions?x=1"));
    assert_str(h.host, STR("mai.example.com:8080"));
    assert_int_equal(h.minor_version, 1);
    assert_int_equal(h.content_length, 42);
    assert_false(h.is_chunked);
    assert_false(h.is_keep_alive);
    assert_true(h.expects_continue);
    assert_int_equal(h.field_count, 9);
    str value;
    assert_true(head_get(&h, STR("x-NOTE"), &value));
    assert_str(value, STR("za\xc5\xbc"));
    assert_true(head_get(&h, STR("Authorization"), &value));
    assert_str(value, STR("Bearer x"));
    assert_true(head_get(&h, STR("X-Empty"), &value));
    assert_str(value, STR(""));
    assert_true(head_get(&h, STR("cookie"), &value));
    assert_str(value, STR("a"));
    assert_false(head_get(&h, STR("Cook"), &value));
    str rest = h.fields, name;
    size_t count = 0;
    while (head_next(&rest, &name, &value))
        count++;
    assert_int_equal(count, 9);
}

static void reads_what_matters_for_the_connection(void **state)
{
    static const struct {
        const char *head;
        int64_t content_length;
        bool is_chunked, is_keep_alive, expects_continue;
    } rows[] = {
        {GET H "\r\n", -1, false, true, false},
        {GET H "Connection: close\r\n\r\n", -1, false, false, false},
        {GET H "Connection: keep-alive\r\nConnection: x, close\r\n\r\n", -1, false, false, false},
        {GET H "Connection: keep-alive, Upgrade\r\nUpgrade: h2c\r\n\r\n", -1, false, true, false},
        {"GET / HTTP/1.0\r\n\r\n", -1, false, false, false},
        {"GET / HTTP/1.0\r\nHost: a\r\nConnection: Keep-Alive\r\n\r\n", -1, false, true, false},
        {"GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n", -1, false, false, false},
        {POST "Content-Length: 0\r\n\r\n", 0, false, true, false},
        {POST "Content-Length: 9223372036854775807\r\n\r\n", INT64_MAX, false, true, false},
        {POST "Content-Length:\t7 \r\n\r\n", 7, false, true, false},
        {POST "Transfer-Encoding: chunked\r\n\r\n", -1, true, true, false},
        {POST "transfer-encoding: Chunked\r\n\r\n", -1, true, true, false},
        {POST "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", 5, false, true, true},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct head_info h;
        struct err e = {0};
        if (check(str_c(rows[i].head), &h, &e) != ST_OK)
            fail_msg("%s: %s", rows[i].head, e.text);
        assert_int_equal(h.content_length, rows[i].content_length);
        assert_int_equal(h.is_chunked, rows[i].is_chunked);
        assert_int_equal(h.is_keep_alive, rows[i].is_keep_alive);
        assert_int_equal(h.expects_continue, rows[i].expects_continue);
    }
}

static void reads_the_forms_of_a_target(void **state)
{
    static const struct {
        const char *head, *target, *host;
    } rows[] = {
        {GET H "\r\n", "/", "a"},
        {"OPTIONS * HTTP/1.1\r\n" H "\r\n", "*", "a"},
        {"GET http://a/x?y HTTP/1.1\r\nHost: A\r\n\r\n", "/x?y", "A"},
        {"GET HTTPS://a:1/ HTTP/1.1\r\nHost: a:1\r\n\r\n", "/", "a:1"},
        {"GET http://a/ HTTP/1.0\r\n\r\n", "/", "a"},
        {"GET / HTTP/1.0\r\n\r\n", "/", ""},
        {"GET /{|}^`\\~!$&'()*+,;=:@%41?[]/? HTTP/1.1\r\n" H "\r\n",
         "/{|}^`\\~!$&'()*+,;=:@%41?[]/?", "a"},
        {"GET / HTTP/1.1\r\nHost: [::1]:8080\r\n\r\n", "/", "[::1]:8080"},
        {"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n", "/", "127.0.0.1"},
        {"M-SEARCH /x HTTP/1.1\r\n" H "\r\n", "/x", "a"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct head_info h;
        struct err e = {0};
        if (check(str_c(rows[i].head), &h, &e) != ST_OK)
            fail_msg("%s: %s", rows[i].head, e.text);
        assert_str(h.target, str_c(rows[i].target));
        assert_str(h.host, str_c(rows[i].host));
    }
}

/* The first ten rows are those on which packaged parsers were measured and differed. */
static const struct refused {
    str head;
    status st;
} refused[] = {
    {STR_INIT(GET "X:\rTransfer-Encoding: chunked\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET H "\r\rx"), ST_BAD_REQUEST},
    {STR_INIT(GET H "\r\n\rx"), ST_BAD_REQUEST},
    {STR_INIT("GET / HTTP/1.1\nHost: a\n\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Content-Length : 5\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET H "X: a\r\n b\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Content-Length: 5\r\nContent-Length: 6\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Transfer-Encoding: gzip\r\n\r\n"), ST_NOT_SUPPORTED},
    {STR_INIT(GET "\r\n"), ST_BAD_REQUEST},
    /* line ends */
    {STR_INIT(GET "Host: a\nX: b\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET "Host: a\r\n\n"), ST_BAD_REQUEST},
    {STR_INIT(GET "Host: a\r\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET / HTTP/1.1\rHost: a\r\r"), ST_BAD_REQUEST},
    {STR_INIT("\r\n" GET H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("\n" GET H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET H "X: a\r\n\tb\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET " X: a\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET H " \r\n\r\n"), ST_BAD_REQUEST},
    /* NUL and controls */
    {STR_INIT(GET H "X: a\0b\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET H "X\0: a\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET H "X: a\x0b\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET H "X: a\x7f\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET H "Transfer-Encoding: \x0b"
                    "chunked\r\n\r\n"),
     ST_BAD_REQUEST},
    {STR_INIT("GET /\0 HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET /\x1b HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    /* names */
    {STR_INIT(GET H ": a\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET H "X\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET H "X Y: a\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET H "X\t: a\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET H "X\xc3\xa9: a\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET H "X(: a\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET H "\"X\": a\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET H "X[0]: a\r\n\r\n"), ST_BAD_REQUEST},
    /* how long the body is */
    {STR_INIT(POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Content-Length: 5\r\ncontent-length: 5\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Content-Length: 5, 5\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Content-Length: 5 5\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Content-Length: +5\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Content-Length: -5\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Content-Length: 0x5\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Content-Length: 5.0\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Content-Length: 5;\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Content-Length:\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Content-Length: \xd9\xa5\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Content-Length: 9223372036854775808\r\n\r\n"), ST_TOO_BIG},
    {STR_INIT(POST "Content-Length: 99999999999999999999999\r\n\r\n"), ST_TOO_BIG},
    {STR_INIT(POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
     ST_BAD_REQUEST},
    {STR_INIT(POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"),
     ST_BAD_REQUEST},
    {STR_INIT(POST "Transfer-Encoding: chunked, chunked\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Transfer-Encoding: gzip, chunked\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Transfer-Encoding: chunked, identity\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Transfer-Encoding: chunked;q=1\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Transfer-Encoding: \"chunked\"\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Transfer-Encoding: ,chunked\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Transfer-Encoding:\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Transfer-Encoding: xchunked\r\n\r\n"), ST_NOT_SUPPORTED},
    {STR_INIT(POST "Transfer-Encoding: identity\r\n\r\n"), ST_NOT_SUPPORTED},
    {STR_INIT("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"), ST_BAD_REQUEST},
    /* Host */
    {STR_INIT(GET H H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET "Host: a\r\nHost: b\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET "Host:\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET "Host: a b\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET "Host: a, b\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET "Host: a/b\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET "Host: u@a\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET "Host: a:\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET "Host: a:x\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET "Host: a:65536\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET "Host: :80\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET "Host: [::1\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET "Host: [::1]x\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET "Host: \xc3\xa9\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(GET "Host: a\0b\r\n\r\n"), ST_BAD_REQUEST},
    /* the request line */
    {STR_INIT("GET  / HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET /  HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET / HTTP/1.1 \r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT(" GET / HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET\t/\tHTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET /a b HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET / http/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET / HTTP/1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET / HTTP/1.1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET / HTTP/ 1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET / HTTP/1.x\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET / XTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET /\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET / HTTP/0.9\r\n" H "\r\n"), ST_HTTP_VERSION},
    {STR_INIT("GET / HTTP/1.2\r\n" H "\r\n"), ST_HTTP_VERSION},
    {STR_INIT("GET / HTTP/2.0\r\n" H "\r\n"), ST_HTTP_VERSION},
    {STR_INIT("PRI * HTTP/2.0\r\n\r\n"), ST_HTTP_VERSION},
    {STR_INIT("G(T / HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("G\xc3\xa9T / HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GETGETGETGETGETGETGETGETGETGETGET / HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("\x16\x03\x01\x02"), ST_BAD_REQUEST}, /* a TLS hello */
    /* targets */
    {STR_INIT("GET x HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET * HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET ?x HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET /#f HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET /\xc3\xa9 HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET /<script> HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET /\" HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET http://b/ HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET http://a:80/ HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET http://a HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET http:/// HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET http://u@a/ HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET http://a?/ HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("GET ftp://a/ HTTP/1.1\r\n" H "\r\n"), ST_BAD_REQUEST},
    {STR_INIT("CONNECT a:443 HTTP/1.1\r\n" H "\r\n"), ST_NOT_SUPPORTED},
    /* others that must not be said twice, or not at all */
    {STR_INIT(GET H "Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Content-Type: text/plain\r\nContent-Type: application/json\r\n\r\n"),
     ST_BAD_REQUEST},
    {STR_INIT(GET H "Origin: http://a\r\nOrigin: http://b\r\n\r\n"), ST_BAD_REQUEST},
    {STR_INIT(POST "Expect: 200-ok\r\n\r\n"), ST_EXPECTATION},
    {STR_INIT(POST "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n"), ST_BAD_REQUEST},
};

static void refuses_what_can_be_read_in_two_ways(void **state)
{
    for (size_t i = 0; i < COUNT_OF(refused); i++) {
        struct head_info h = {.field_count = 777};
        struct err e = {0};
        status st =
            head_find_end(refused[i].head, 0) == 0 ? ST_END : check(refused[i].head, &h, &e);
        /* the third row: the head itself is whole, and the CR behind it is the next head's first
         * byte */
        bool is_next_head = i == 2;
        if (is_next_head) {
            str next = str_from(refused[i].head, head_find_end(refused[i].head, 0));
            st = head_find_end(next, 0) == 2 ? head_check(next, &h, &e) : ST_OK;
        }
        if (st != refused[i].st || e.text[0] == '\0')
            fail_msg("row %zu: %s (%s)", i, status_name(st), e.text);
        if (!is_next_head)
            assert_int_equal(h.field_count, 777);
        assert_int_not_equal(head_check(refused[i].head, &h, NULL), is_next_head ? ST_END : ST_OK);
    }
}

static void says_why(void **state)
{
    static const struct {
        const char *head, *words;
    } rows[] = {
        {GET H "X: a\r\n b\r\n\r\n", "folded"},
        {GET "\r\n", "Host header is missing"},
        {POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\n", "content-length is given twice"},
        {POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", "exclude each other"},
        {"GET / HTTP/1.1\nHost: a\n\n", "CR LF"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct head_info h;
        struct err e = {0};
        assert_int_not_equal(check(str_c(rows[i].head), &h, &e), ST_OK);
        if (strstr(e.text, rows[i].words) == NULL)
            fail_msg("%s: %s", rows[i].head, e.text);
    }
}

static void sizes_have_their_errors(void **state)
{
    MAI_AUTO(buf_free) struct buf b;
    struct head_info h;
    buf_init(&b, 1000000);
    buf_add(&b, STR(GET H));
    for (int i = 0; i < HEAD_MAX_FIELDS - 1; i++)
        buf_addf(&b, "X-%d: y\r\n", i);
    size_t full = b.n;
    buf_add(&b, STR("\r\n"));
    assert_st(head_check(buf_view(&b), &h, NULL), ST_OK);
    assert_int_equal(h.field_count, HEAD_MAX_FIELDS);
    b.n = full;
    buf_add(&b, STR("Z: z\r\n\r\n"));
    assert_st(head_check(buf_view(&b), &h, NULL), ST_HEAD_TOO_BIG);
    for (size_t n = HEAD_MAX_TARGET; n <= HEAD_MAX_TARGET + 1; n++) {
        buf_clear(&b);
        buf_add(&b, STR("GET /"));
        while (b.n < n + 4)
            buf_add_char(&b, 'x');
        buf_add(&b, STR(" HTTP/1.1\r\n" H "\r\n"));
        assert_st(head_check(buf_view(&b), &h, NULL),
                  n > HEAD_MAX_TARGET ? ST_URI_TOO_LONG : ST_OK);
    }
}

/* H4: two portions, and byte by byte. Blocks of their own, so that a look behind the end is seen.
 */
static void cuts_change_no_end(void **state)
{
    str usual = STR("POST /x HTTP/1.1\r\nHost: a\r\nX: \t\r\n\r\nbody\r\n\r\n");
    for (size_t i = 0; i <= COUNT_OF(refused); i++) {
        str head = i < COUNT_OF(refused) ? refused[i].head : usual;
        size_t end = head_find_end(head, 0);
        size_t first = 0;
        for (size_t n = 1; n <= head.n; n++) {
            char *copy = test_malloc(n);
            memcpy(copy, head.p, n);
            size_t found = head_find_end((str){copy, n}, n - 1);
            first = first == 0 ? found : first;
            if (head_find_end((str){copy, n}, 0) != (n >= end ? end : 0))
                fail_msg("row %zu cut at %zu", i, n);
            test_free(copy);
        }
        assert_int_equal(first, end);
    }
    assert_int_equal(head_find_end(usual, 0), usual.n - 8);
    assert_int_equal(head_find_end(STR_NONE, 0), 0);
}

/* Any one byte of a good head replaced by any other: never a head with a control byte or a lone CR
 * or LF. */
static void single_bytes_are_judged(void **state)
{
    static const char good[] =
        "POST /p?q HTTP/1.1\r\nHost: a.b:80\r\nContent-Length: 12\r\nX-Y: z\r\n\r\n";
    char head[sizeof good];
    struct head_info h;
    size_t n = sizeof good - 1;
    for (size_t at = 0; at < n; at++) {
        for (int c = 0; c < 256; c++) {
            memcpy(head, good, sizeof good);
            head[at] = (char)c;
            bool is_good = good[at] == (char)c;
            bool passes = head_check((str){head, n}, &h, NULL) == ST_OK;
            bool is_control = (c < 0x20 && c != '\t') || c == 0x7f;
            bool breaks_line = good[at] == '\r' || good[at] == '\n';
            if (is_good)
                assert_true(passes);
            else if (is_control || breaks_line)
                assert_false(passes);
        }
    }
}

static void lists_are_searched(void **state)
{
    assert_true(head_list_has(STR("gzip, br;q=1.0 ,deflate"), STR("br")));
    assert_true(head_list_has(STR("GZIP"), STR("gzip")));
    assert_true(head_list_has(STR(",, x"), STR("x")));
    assert_false(head_list_has(STR("gzipped, xbr"), STR("br")));
    assert_false(head_list_has(STR(""), STR("br")));
    assert_false(head_list_has(STR_NONE, STR("br")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_usual_request),
        cmocka_unit_test(reads_what_matters_for_the_connection),
        cmocka_unit_test(reads_the_forms_of_a_target),
        cmocka_unit_test(lists_are_searched),
        cmocka_unit_test(refuses_what_can_be_read_in_two_ways),
        cmocka_unit_test(says_why),
        cmocka_unit_test(sizes_have_their_errors),
        cmocka_unit_test(cuts_change_no_end),
        cmocka_unit_test(single_bytes_are_judged),
    };
    return cmocka_run_group_tests_name("codec_head", tests, NULL, NULL);
}

/* llhttp behind its door: chunked bodies split at every byte, what is malformed, what is too much. */
#include "http/parser.h"
#include "base/buf.h"

#include "../testing.h"

static bool keep(void *ctx, str bytes)
{
    buf_add(ctx, bytes);
    return true;
}

static bool stop(void *ctx, str bytes)
{
    return false;
}

static const char chunked_head[] = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";

static status read_head(struct parser *p, const char *z)
{
    struct head_info info;
    str head = str_c(z);
    assert_int_equal(head_find_end(head, 0), head.n);
    assert_st(head_check(head, &info, NULL), ST_OK);
    return parser_read_head(p, head, &info);
}

/* Decodes `body` in pieces of `step`; the status, the text in `out`, how much was used in `used_out`. */
static status decode(str body, size_t step, struct buf *out, size_t *used_out)
{
    struct parser p = {.on_bytes = keep, .ctx = out};
    assert_st(read_head(&p, chunked_head), ST_OK);
    size_t at = 0;
    while (at < body.n && !p.is_body_whole) {
        size_t used = 0;
        status st = parser_read_chunks(&p, str_sub(body, at, step), &used);
        if (st != ST_OK)
            return st;
        at += used;
    }
    *used_out = at;
    return p.is_body_whole ? ST_OK : ST_END; /* END: more is to come */
}

static void test_a_chunked_body_split_anywhere_is_the_same(void **state)
{
    str body = STR("5\r\nhello\r\n1;name=value\r\n \r\n0006;a=\"q;x\"\r\nworld!\r\n0\r\nTrailer: x\r\n\r\nGET /next");
    for (size_t step = 1; step <= body.n; step++) {
        struct buf out MAI_AUTO(buf_free);
        size_t used = 0;
        buf_init(&out, 1000);
        assert_st(decode(body, step, &out, &used), ST_OK);
        assert_str(buf_view(&out), STR("hello world!"));
        assert_str(str_from(body, used), STR("GET /next"));
    }
}

static void test_malformed_chunks_are_refused_wherever_split(void **state)
{
    static const str bodies[] = {
        STR_INIT("5\nhello\r\n0\r\n\r\n"),        STR_INIT("5\r\nhello\n0\r\n\r\n"),
        STR_INIT("5\r\nhelloX\r\n0\r\n\r\n"),     STR_INIT("5\rXhello\r\n0\r\n\r\n"),
        STR_INIT("-5\r\nhello\r\n0\r\n\r\n"),     STR_INIT("0x5\r\nhello\r\n0\r\n\r\n"),
        STR_INIT("+5\r\nhello\r\n0\r\n\r\n"),     STR_INIT(" 5\r\nhello\r\n0\r\n\r\n"),
        STR_INIT("5 \r\nhello\r\n0\r\n\r\n"),     STR_INIT("\r\n5\r\nhello\r\n0\r\n\r\n"),
        STR_INIT("g\r\nhello\r\n0\r\n\r\n"),      STR_INIT(";a=b\r\nhello\r\n0\r\n\r\n"),
        STR_INIT("5;a\nb\r\nhello\r\n0\r\n\r\n"), STR_INIT("5;a\rb\r\nhello\r\n0\r\n\r\n"),
        STR_INIT("11111111111111111\r\n"),        STR_INIT("fffffffffffffffff\r\nx"),
        STR_INIT("0\r\nX\r\n\r\n"),
        STR_INIT("0\r\n X: y\r\n\r\n"),
    };
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        for (size_t step = 1; step <= bodies[i].n; step++) {
            struct buf out MAI_AUTO(buf_free);
            size_t used = 0;
            buf_init(&out, 1000);
            status st = decode(bodies[i], step, &out, &used);
            if (st != ST_BAD_REQUEST)
                print_error("case %zu, pieces of %zu: %s\n", i, step, status_name(st));
            assert_st(st, ST_BAD_REQUEST);
        }
    }
}

static status decode_long(const char *start, const char *again, size_t times, const char *end)
{
    struct buf body MAI_AUTO(buf_free), out MAI_AUTO(buf_free);
    buf_init(&body, 1 << 20);
    buf_init(&out, 1 << 20);
    buf_add(&body, str_c(start));
    for (size_t i = 0; i < times; i++)
        buf_add(&body, str_c(again));
    buf_add(&body, str_c(end));
    size_t used;
    return decode(buf_view(&body), 1000, &out, &used);
}

static void test_extensions_and_trailers_have_a_limit(void **state)
{
    assert_st(decode_long("5;x=", "y", 15000, "\r\nhello\r\n0\r\n\r\n"), ST_OK);
    assert_st(decode_long("5;x=", "y", 17000, "\r\nhello\r\n0\r\n\r\n"), ST_BAD_REQUEST);
    assert_st(decode_long("0\r\n", "A: b\r\n", 2000, "\r\n"), ST_OK);
    assert_st(decode_long("0\r\n", "A: b\r\n", 4000, "\r\n"), ST_BAD_REQUEST);
    assert_st(decode_long("", "0", 17000, "1\r\nx\r\n0\r\n\r\n"), ST_BAD_REQUEST);
    /* many small chunks are no overhead to speak of */
    assert_st(decode_long("", "1\r\nx\r\n", 20000, "0\r\n\r\n"), ST_OK);
    assert_st(decode_long("", "1;ab=cdefghijklmnopqrstuvwxyz\r\nx\r\n", 20000, "0\r\n\r\n"), ST_BAD_REQUEST);
}

static void test_the_reader_can_stop(void **state)
{
    struct parser p = {.on_bytes = stop};
    size_t used;
    assert_st(read_head(&p, chunked_head), ST_OK);
    assert_st(parser_read_chunks(&p, STR("5\r\nhello"), &used), ST_CANCELLED);
}

static void test_heads_are_read_alike_by_both(void **state)
{
    static const char *const heads[] = {
        "GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.0\r\n\r\n",
        "HEAD /x?y HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n",
        "PATCH / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: h2c\r\nContent-Length: 3\r\n\r\n",
        "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n",
    };
    for (size_t i = 0; i < COUNT_OF(heads); i++) {
        struct parser p = {0};
        assert_st(read_head(&p, heads[i]), ST_OK);
    }
}

/* The second opinion matters: a head that says something else than the scan claims is refused. */
static void test_a_disagreement_is_refused(void **state)
{
    str head = str_c(chunked_head);
    struct head_info info;
    assert_st(head_check(head, &info, NULL), ST_OK);
    struct parser p = {0};
    struct head_info other = info;
    other.is_chunked = false;
    assert_st(parser_read_head(&p, head, &other), ST_BAD_REQUEST);
    other.content_length = 5;
    assert_st(parser_read_head(&p, head, &other), ST_BAD_REQUEST);
    other = info;
    other.minor_version = 0;
    assert_st(parser_read_head(&p, head, &other), ST_BAD_REQUEST);
    assert_st(parser_read_head(&p, head, &info), ST_OK);
    assert_st(parser_read_head(&p, str_sub(head, 0, head.n - 2), &info), ST_BAD_REQUEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads_are_read_alike_by_both),
        cmocka_unit_test(test_a_disagreement_is_refused),
        cmocka_unit_test(test_a_chunked_body_split_anywhere_is_the_same),
        cmocka_unit_test(test_malformed_chunks_are_refused_wherever_split),
        cmocka_unit_test(test_extensions_and_trailers_have_a_limit),
        cmocka_unit_test(test_the_reader_can_stop),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* TLS with a certificate made here: the same server, the same answers, byte by byte too. */
#include "serve.h"
#include "base/mem.h"

#include "../testing.h"
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <unistd.h>

static struct serve *s;
static char folder[] = "/tmp/mai-tls-XXXXXX";
static char certificate_path[64], key_path[64];
static SSL_CTX *client;

/* ---- a certificate for ourselves ---- */

static void write_files(X509 *certificate, EVP_PKEY *key)
{
    FILE *f = fopen(certificate_path, "w");
    assert_int_equal(PEM_write_X509(f, certificate), 1);
    fclose(f);
    f = fopen(key_path, "w");
    assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(f);
}

static void make_certificate(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *c = X509_new();
    X509_set_version(c, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c), 1);
    X509_gmtime_adj(X509_getm_notBefore(c), -60);
    X509_gmtime_adj(X509_getm_notAfter(c), 3600);
    X509_set_pubkey(c, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_ASC,
                               (const unsigned char *)"localhost", -1, -1, 0);
    X509_set_issuer_name(c, X509_get_subject_name(c));
    assert_true(X509_sign(c, key, EVP_sha256()) > 0);
    write_files(c, key);
    X509_free(c);
    EVP_PKEY_free(key);
}

static int start(void **state)
{
    signal(SIGPIPE, SIG_IGN); /* the client here writes without MSG_NOSIGNAL */
    assert_non_null(mkdtemp(folder));
    snprintf(certificate_path, sizeof certificate_path, "%s/certificate.pem", folder);
    snprintf(key_path, sizeof key_path, "%s/key.pem", folder);
    make_certificate();
    client = SSL_CTX_new(TLS_client_method());
    SSL_CTX_load_verify_locations(client, certificate_path, NULL);
    SSL_CTX_set_verify(client, SSL_VERIFY_PEER, NULL);
    s = serve_new();
    s->conf.tls_certificate_path = str_c(certificate_path);
    s->conf.tls_key_path = str_c(key_path);
    s->conf.limits.head_timeout_ms = 800;
    serve_start(s);
    return 0;
}

static int stop(void **state)
{
    serve_free(s);
    SSL_CTX_free(client);
    unlink(certificate_path);
    unlink(key_path);
    rmdir(folder);
    return 0;
}

/* ---- a client ---- */

static SSL *tls_connect(int *fd_out)
{
    SSL *ssl = SSL_new(client);
    *fd_out = raw_connect(s);
    SSL_set_fd(ssl, *fd_out);
    assert_int_equal(SSL_connect(ssl), 1);
    return ssl;
}

static void tls_send(SSL *ssl, const char *p, size_t n)
{
    while (n != 0) {
        int sent = SSL_write(ssl, p, (int)n);
        assert_true(sent > 0);
        p += sent;
        n -= (size_t)sent;
    }
}

/* To the peer's close_notify, which must come: else the answer could have been cut. */
static void tls_read_all(SSL *ssl, struct buf *b)
{
    for (;;) {
        char *at = buf_reserve(b, 16384);
        assert_non_null(at);
        int got = SSL_read(ssl, at, 16384);
        if (got <= 0) {
            assert_int_equal(SSL_get_error(ssl, got), SSL_ERROR_ZERO_RETURN);
            return;
        }
        buf_grow_by(b, (size_t)got);
    }
}

static void exchange(const char *request, size_t n, size_t step, struct buf *b)
{
    int fd;
    SSL *ssl = tls_connect(&fd);
    buf_clear(b);
    for (size_t at = 0; at < n; at += step)
        tls_send(ssl, request + at, n - at < step ? n - at : step);
    tls_read_all(ssl, b);
    SSL_free(ssl);
    close(fd);
}

static void test_requests_are_answered_over_tls(void **state)
{
    static const char request[] = "GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
                                  "GET /about HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 16);
    for (size_t step = 1; step < 100; step += 7) {
        exchange(request, sizeof request - 1, step, &b);
        assert_int_equal(count_text(&b, "\r\n\r\nhello"), 1);
        assert_true(str_ends(buf_view(&b), STR("GET /about [] 127.0.0.1 https")));
    }
}

static void test_large_bodies_both_ways(void **state)
{
    enum { LARGE = 3 * 1024 * 1024 };
    struct buf request MAI_AUTO(buf_free), b MAI_AUTO(buf_free);
    buf_init(&request, LARGE * 2);
    buf_init(&b, LARGE * 2);
    buf_addf(&request,
             "POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\nConnection: close\r\n\r\n",
             LARGE);
    char *body = buf_reserve(&request, LARGE);
    for (size_t i = 0; i < LARGE; i++)
        body[i] = (char)test_random();
    buf_grow_by(&request, LARGE);
    exchange(request.p, request.n, request.n, &b);
    assert_true(b.n > LARGE);
    assert_memory_equal(b.p + b.n - LARGE, request.p + request.n - LARGE, LARGE);
    static const char flood[] = "GET /flood HTTP/1.0\r\n\r\n";
    struct buf all MAI_AUTO(buf_free);
    buf_init(&all, FLOOD_BYTES * 2);
    exchange(flood, sizeof flood - 1, sizeof flood - 1, &all);
    assert_int_equal(all.n, str_find(buf_view(&all), STR("\r\n\r\n")) + 4 + FLOOD_BYTES);
}

static void test_streams_and_hang_ups(void **state)
{
    int fd;
    SSL *ssl = tls_connect(&fd);
    unsigned heads = serve_count(s, &s->heads), gone = serve_count(s, &s->gone);
    static const char request[] = "GET /stream HTTP/1.1\r\nHost: a\r\n\r\n";
    tls_send(ssl, request, sizeof request - 1);
    serve_wait(s, &s->heads, heads + 1);
    assert_true(serve_stream_write(s, "event"));
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 16);
    while (count_text(&b, "5\r\nevent\r\n") == 0) {
        char *at = buf_reserve(&b, 1000);
        int got = SSL_read(ssl, at, 1000);
        assert_true(got > 0);
        buf_grow_by(&b, (size_t)got);
    }
    close(fd);
    serve_wait(s, &s->gone, gone + 1);
    SSL_free(ssl);
}

static void test_plain_text_and_silence_are_shown_the_door(void **state)
{
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, 1 << 16);
    int plain = raw_connect(s), silent = raw_connect(s);
    raw_text(plain, "GET /attack HTTP/1.1\r\nHost: a\r\n\r\n");
    raw_read_all(plain, &b);
    assert_int_equal(count_text(&b, "HTTP"), 0); /* at most a TLS alert */
    raw_read_all(silent, &b);                    /* the time for a handshake is limited */
    assert_int_equal(serve_count(s, &s->attacks), 0);
    close(plain);
    close(silent);
}

static void test_other_protocols_are_refused_in_the_handshake(void **state)
{
    SSL *ssl = SSL_new(client);
    int fd = raw_connect(s);
    SSL_set_fd(ssl, fd);
    static const unsigned char h2_only[] = {2, 'h', '2'};
    SSL_set_alpn_protos(ssl, h2_only, sizeof h2_only);
    assert_true(SSL_connect(ssl) != 1);
    SSL_free(ssl);
    close(fd);
    ssl = SSL_new(client);
    fd = raw_connect(s);
    SSL_set_fd(ssl, fd);
    static const unsigned char both[] = {2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    SSL_set_alpn_protos(ssl, both, sizeof both);
    assert_int_equal(SSL_connect(ssl), 1);
    const unsigned char *chosen;
    unsigned n;
    SSL_get0_alpn_selected(ssl, &chosen, &n);
    assert_str(((str){(const char *)chosen, n}), STR("http/1.1"));
    SSL_free(ssl);
    close(fd);
}

static void test_a_key_that_does_not_fit_is_named(void **state)
{
    struct serve *other = serve_new();
    struct loop *l = loop_new("other");
    struct http_server *server;
    struct err e = {0};
    other->conf.loops = &l;
    other->conf.loop_count = 1;
    other->conf.tls_certificate_path = str_c(certificate_path);
    other->conf.tls_key_path = str_c(certificate_path);
    assert_st(http_server_new(&other->conf, &server, &e), ST_BAD_REQUEST);
    assert_non_null(strstr(e.text, "The key "));
    loop_free(l);
    serve_free(other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_requests_are_answered_over_tls),
        cmocka_unit_test(test_large_bodies_both_ways),
        cmocka_unit_test(test_streams_and_hang_ups),
        cmocka_unit_test(test_plain_text_and_silence_are_shown_the_door),
        cmocka_unit_test(test_other_protocols_are_refused_in_the_handshake),
        cmocka_unit_test(test_a_key_that_does_not_fit_is_named),
    };
    return cmocka_run_group_tests(tests, start, stop);
}

/* TLS by OpenSSL; see tls.h. No renegotiation, so reading never waits for writing once the
 * handshake is done. */
#include "http/tls.h"
#include "base/mem.h"

#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

struct tls_context {
    SSL_CTX *ctx;
};

struct tls {
    SSL *ssl;
};

static status refuse(struct tls_context *c, const char *what, const char *path, struct err *e)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    err_set(e, ST_BAD_REQUEST, "The %s %s cannot be used: %s", what, path,
            reason != NULL ? reason : "unreadable");
    ERR_clear_error();
    tls_context_free(c);
    return ST_BAD_REQUEST;
}

/* We speak HTTP/1.1 only; a client that insists on another protocol is told so in the handshake. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_n,
                           const unsigned char *offered, unsigned offered_n, void *arg)
{
    static const unsigned char ours[] = {8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    unsigned char *chosen;
    int found = SSL_select_next_proto(&chosen, out_n, ours, sizeof ours, offered, offered_n);
    if (found != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static SSL_CTX *context_new(void)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    CHECK(ctx != NULL);
    CHECK(SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1);
    SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE |
                                 SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                              SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
    return ctx;
}

status tls_context_new(const char *certificate_path, const char *key_path, struct tls_context **out,
                       struct err *e)
{
    struct tls_context *c = NEW(struct tls_context);
    c->ctx = context_new();
    if (SSL_CTX_use_certificate_chain_file(c->ctx, certificate_path) != 1)
        return refuse(c, "certificate", certificate_path, e);
    if (SSL_CTX_use_PrivateKey_file(c->ctx, key_path, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(c->ctx) != 1)
        return refuse(c, "key", key_path, e);
    *out = c;
    return ST_OK;
}

void tls_context_free(struct tls_context *c)
{
    if (c == NULL)
        return;
    SSL_CTX_free(c->ctx);
    mem_free(c);
}

struct tls *tls_new(struct tls_context *c, int fd)
{
    struct tls *t = NEW(struct tls);
    t->ssl = SSL_new(c->ctx);
    CHECK(t->ssl != NULL && SSL_set_fd(t->ssl, fd) == 1);
    SSL_set_accept_state(t->ssl);
    return t;
}

void tls_free(struct tls *t)
{
    if (t == NULL)
        return;
    SSL_free(t->ssl);
    mem_free(t);
}

/* What the OpenSSL call `result` means in the words of read and write. */
static ssize_t translate(struct tls *t, int result)
{
    if (result > 0)
        return result;
    int error = SSL_get_error(t->ssl, result);
    if (error == SSL_ERROR_ZERO_RETURN)
        return 0;
    errno = error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? EAGAIN : ECONNRESET;
    ERR_clear_error();
    return -1;
}

bool tls_handshake(struct tls *t)
{
    ssize_t done = translate(t, SSL_do_handshake(t->ssl));
    if (done == 0)
        errno = ECONNRESET;
    return done > 0;
}

static int clamp(size_t n)
{
    return n > INT_MAX ? INT_MAX : (int)n;
}

ssize_t tls_read(struct tls *t, void *dst, size_t n)
{
    return translate(t, SSL_read(t->ssl, dst, clamp(n)));
}

ssize_t tls_write(struct tls *t, const void *p, size_t n)
{
    ssize_t written = translate(t, SSL_write(t->ssl, p, clamp(n)));
    if (written != 0)
        return written;
    errno = ECONNRESET;
    return -1;
}

bool tls_is_ready(const struct tls *t)
{
    return SSL_is_init_finished(t->ssl);
}

void tls_say_end(struct tls *t)
{
    if (SSL_is_init_finished(t->ssl))
        (void)SSL_shutdown(t->ssl);
    ERR_clear_error();
}

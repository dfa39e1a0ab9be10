/* TLS on a non-blocking socket, by OpenSSL; the only file of the server that knows it. */
#ifndef MAI_TLS_H
#define MAI_TLS_H

#include "base/status.h"

#include <sys/types.h>

struct tls_context; /* certificate and key; shared by all loops, immutable */
struct tls;         /* one connection; its loop's thread only */

/* PEM files. A sentence in `e` names the file that cannot be used. */
NODISCARD status tls_context_new(const char *certificate_path, const char *key_path,
                                 struct tls_context **out, struct err *e);
void tls_context_free(struct tls_context *c);

struct tls *tls_new(struct tls_context *c, int fd); /* the socket stays the caller's */
void tls_free(struct tls *t);

/* True: done. False with errno EAGAIN: goes on when the socket is ready; ECONNRESET: failed. */
bool tls_handshake(struct tls *t);
/* Like read and write: bytes; 0 the peer has ended its side; -1 with errno EAGAIN (also while the
 * handshake goes on), or ECONNRESET for any failure. */
ssize_t tls_read(struct tls *t, void *dst, size_t n);
ssize_t tls_write(struct tls *t, const void *p, size_t n);
bool tls_is_ready(const struct tls *t); /* the handshake is done */
/* Tells the peer that nothing more comes. */
void tls_say_end(struct tls *t);

#endif

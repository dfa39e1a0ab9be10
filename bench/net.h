/* Targets and sockets: a target is a port of 127.0.0.1 and the bytes of one whole HTTP request. */
#ifndef BENCH_NET_H
#define BENCH_NET_H

#include "base/buf.h"

struct target {
    char name[32];
    uint16_t port;
    struct buf request;
};

/* "name:port:file", the file holds the request. */
NODISCARD status target_parse(str text, struct target *out, struct err *e);
void target_free(struct target *t);

/* A connected socket with TCP_NODELAY, closed on exec; -1 with errno. */
NODISCARD int net_connect(uint16_t port);
NODISCARD bool net_make_nonblocking(int fd);
/* All bytes on a blocking socket (or a fresh one with room for them). */
NODISCARD bool net_send(int fd, str bytes);

#endif

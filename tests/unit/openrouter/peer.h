/* A TCP server for tests that does exactly what its script says: accept, read a request, write
 * bytes, reset. The script runs on a thread of its own; every wait ends after PEER_WAIT_MS at
 * the latest. */
#ifndef MAI_TEST_PEER_H
#define MAI_TEST_PEER_H

#include "base/buf.h"

#include <pthread.h>
#include <stdatomic.h>

enum { PEER_WAIT_MS = 10000 };

struct peer {
    int listener;
    int port;
    char base[64]; /* http://127.0.0.1:port/api/v1 */
    void (*script)(struct peer *p);
    const void *ctx;
    pthread_t thread;
    bool is_joined;
    pthread_mutex_t lock;
    int fds[64]; /* open connections, for peer_stop; 0: free */
    atomic_int connections, requests;
    struct buf last; /* the last whole request; read it after peer_stop */
};

/* Starts the script. It ends by itself or at peer_stop, which ends its waits. */
void peer_start(struct peer *p, void (*script)(struct peer *p), const void *ctx);
/* Ends the script and joins it; counters and `last` stay readable. */
void peer_stop(struct peer *p);
void peer_free(struct peer *p);
/* Waits for a script that ends by itself; peer_stop is still due. */
void peer_join(struct peer *p);

/* -1 when the test is over. */
int peer_accept(struct peer *p);
/* Reads head and body (Content-Length) of one request into p->last. False at the end of the
 * connection. */
bool peer_read(struct peer *p, int fd);
void peer_write(int fd, const char *text);
void peer_write_n(int fd, const char *bytes, size_t n);
/* An answer with length, keeping the connection. */
void peer_answer(int fd, int code, const char *headers, const char *body);
void peer_reset(struct peer *p, int fd);
void peer_close(struct peer *p, int fd);
/* Waits until a connection comes or one of the open ones has bytes: -1 when the test is over,
 * the listener's number for a new connection, else the connection's. */
int peer_wait_any(struct peer *p);
/* Waits until the other side closed or reset the connection; false after PEER_WAIT_MS. */
bool peer_wait_gone(int fd);

#endif

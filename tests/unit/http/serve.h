/* What the tests of the HTTP server share: a real server on loop threads, an application with one
 * path per behaviour, and a raw client.
 *
 * Paths of the application:
 *   /hello      "hello", at once                     /echo      reads the body, answers it
 *   /about      method, path, query, address, scheme /small     as /echo, body of at most 16 bytes
 *   /refuse     401 without reading the body         /close     "bye" and Connection: close
 *   /later      answered when the test calls serve_answer_later
 *   /stream     begun at once; serve_stream_write, serve_stream_end, serve_stream_abort go on with
 * it /flood      a stream of FLOOD_BYTES, as fast as the client takes it /static     a large body
 * that is not copied       /empty     204 /attack     counted, and never to be reached by smuggling
 * Everything else: 404. */
#ifndef TEST_SERVE_H
#define TEST_SERVE_H

#include "http/server.h"

#include <pthread.h>

enum { FLOOD_BYTES = 8 * 1024 * 1024, STATIC_BYTES = 3 * 1024 * 1024 };

struct serve {
    struct loop *loops[2];
    size_t loop_count;
    struct http_server *server;
    struct http_conf conf;
    uint16_t port;
    pthread_mutex_t lock; /* guards what follows */
    pthread_cond_t changed;
    unsigned heads, bodies, gone, attacks, drains;
    size_t flood_written;
    struct loop *held_loop; /* of the latest /later or /stream */
    uint64_t held_token;
    bool has_held;
    char static_body[STATIC_BYTES];
};

/* Defaults without trusted proxies; the test may change conf before serve_start. */
struct serve *serve_new(void);
void serve_start(struct serve *s);
void serve_free(struct serve *s);

/* Waits (with a deadline that fails the test) until the counter reaches n. */
void serve_wait(struct serve *s, const unsigned *counter, unsigned n);
unsigned serve_count(struct serve *s, const unsigned *counter);
/* On the held request's loop, done when it returns; false when the request is gone. */
bool serve_answer_later(struct serve *s, const char *text);
bool serve_stream_write(struct serve *s, const char *text);
bool serve_stream_end(struct serve *s);
bool serve_stream_abort(struct serve *s);

/* ---- a raw client ---- */
int raw_connect(struct serve *s);
void raw_connect_with(struct serve *s, int fd);
void raw_send(int fd, const char *bytes, size_t n);
void raw_text(int fd, const char *z);
/* Reads until the server ends its side; NUL-terminated in `b`. Fails the test after 10 s. False:
 * reset. */
bool raw_read_all(int fd, struct buf *b);
/* Reads at least until `needle` has been seen `times`. */
void raw_read_until(int fd, struct buf *b, const char *needle, unsigned times);
/* One exchange: sends, reads one answer with Content-Length (or to the end), leaves the connection
 * open. */
int raw_answer(int fd, struct buf *b); /* status code; b: head and body */
/* connect, send, read to the end, close */
void raw_exchange(struct serve *s, const char *bytes, size_t n, struct buf *b);
unsigned count_text(struct buf *b, const char *needle);

#endif

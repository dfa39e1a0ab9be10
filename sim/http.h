/* A small HTTP/1.1 server for the simulator: one thread, one event base, full control of the wire
 * (writes cut at any byte, resets, hang-ups noticed at once). Not hardened for the open internet.
 *
 * A handler gets a whole request and answers now or later. To answer later it must http_watch the
 * connection, because the peer may go first; after `on_gone` the connection must not be touched. */
#ifndef SIM_HTTP_H
#define SIM_HTTP_H

#include "base/buf.h"

struct event_base;
struct http_server;
struct http_conn;

enum { HTTP_MAX_HEADERS = 64 };

struct http_header {
    str name;
    str value;
};

/* Views are valid during the handler only. */
struct http_request {
    str method;
    str path;  /* without the query, trailing slash removed */
    str query; /* without '?' */
    str body;
    bool is_http10;
    struct http_header headers[HTTP_MAX_HEADERS];
    size_t header_count;
    uint64_t connection; /* number of the TCP connection, from 1 */
};

typedef void http_handler(void *arg, struct http_conn *c, const struct http_request *r);

/* Listens; port 0 takes a free one. NULL and a sentence in `e` on failure. */
struct http_server *http_listen(struct event_base *loop, const char *host, int port,
                                http_handler *handler, void *arg, struct err *e);
void http_stop(struct http_server *s);
int http_port(const struct http_server *s);
uint64_t http_connections_accepted(const struct http_server *s);
uint64_t http_connections_open(const struct http_server *s);

str http_header(const struct http_request *r, str name); /* STR_NONE when absent */
/* Decoded query value into dst (NUL-terminated, cut at cap); false when absent. */
bool http_query(const struct http_request *r, str name, char *dst, size_t cap);

/* How the bytes of one answer go out. every = 0: as they come. */
struct http_cut {
    int64_t every;  /* bytes per write */
    uint64_t seed;  /* not 0: random sizes from 1 to `every` */
    int64_t gap_ms; /* pause between two writes */
};
void http_set_cut(struct http_conn *c, struct http_cut cut);

/* A whole answer. `headers` are complete lines ending in CR LF, or empty. */
void http_respond(struct http_conn *c, int code, str headers, str type, str body);
/* An answer in portions (chunked; HTTP/1.0: until close). */
void http_begin(struct http_conn *c, int code, str headers, str type);
void http_write(struct http_conn *c, str bytes);
void http_finish(struct http_conn *c);
/* Ends the connection: is_reset = TCP reset at once, dropping what waits; else close after what
 * waits, without the end of the body. Does not call on_gone. */
void http_abort(struct http_conn *c, bool is_reset);
/* Bytes not yet taken by the kernel. */
size_t http_backlog(const struct http_conn *c);

void http_watch(struct http_conn *c, void (*on_gone)(void *), void (*on_drain)(void *), void *arg);

#endif

/* HTTP/1.1 server on loop threads: headers before bodies, so a request is authenticated before its body
 * is read; a budget for all bodies in flight; backpressure both ways; hang-ups noticed while silent.
 *
 * One request is in the application's hands at a time per connection; pipelined ones wait, so answers
 * keep their order. Everything here belongs to the loop thread that accepted the connection. Blocking work
 * copies what it needs, keeps the request's token, and posts a task back, which looks the token up. */
#ifndef MAI_HTTP_SERVER_H
#define MAI_HTTP_SERVER_H

#include "base/arena.h"
#include "base/buf.h"
#include "io/loop.h"

enum http_method {
    HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_PUT, HTTP_PATCH, HTTP_DELETE, HTTP_OPTIONS, HTTP_METHODS_
};
str http_method_text(enum http_method m);

struct http_server;
struct http_request;

struct http_header {
    str name;
    str value;
};

/* What the application provides. All called on the request's loop thread. */
struct http_app {
    void *ctx;
    /* A whole head arrived and passed the strict scan. The application must, now or later on this loop,
     * do exactly one of: http_read_body, http_respond, http_stream_begin. */
    void (*on_head)(void *ctx, struct http_request *r);
    /* Body of an error answer the server makes itself (400, 408, 413, 431, 503 ...), in the shape of the
     * API the path belongs to. path is empty when the head could not be read. */
    void (*error_body)(void *ctx, str path, status st, str text, struct buf *out);
};

struct http_limits {
    size_t max_head_bytes;          /* 32 kB; 431 */
    size_t max_body_bytes;          /* of one request, unless http_read_body asks for less */
    size_t max_bodies_bytes;        /* of all requests in flight on all loops together; 503 */
    unsigned max_connections;       /* in total; a further one is answered 503 and closed */
    unsigned max_per_address;       /* per client address (IPv6: per /64) */
    int64_t head_timeout_ms;        /* first byte to whole head; 408 */
    int64_t idle_timeout_ms;        /* keep-alive without a request */
    int64_t body_progress_ms;       /* a body must bring body_min_bytes in each such span; 408 */
    size_t body_min_bytes;
    int64_t write_timeout_ms;       /* a reader that takes nothing for so long is dropped */
    size_t high_water_bytes;        /* http_stream_is_full above, on_drain below low water */
    size_t low_water_bytes;
};
struct http_limits http_limits_default(void);

struct http_conf {
    str host;
    uint16_t port;                  /* 0: any free one */
    struct loop **loops;            /* each gets its own listening socket (SO_REUSEPORT) */
    size_t loop_count;
    struct http_limits limits;
    str trusted_proxies;            /* "127.0.0.1,10.0.0.0/8", "*" for all, "" for none */
    str tls_certificate_path;       /* both or none */
    str tls_key_path;
    struct http_app app;
};

/* Binds and listens; a taken port fails with a sentence in `e`. Call before the loops start or from
 * another thread than theirs. The conf is copied. */
NODISCARD status http_server_new(const struct http_conf *conf, struct http_server **out, struct err *e);
uint16_t http_server_port(const struct http_server *s);
/* No new connections, idle ones are closed, running requests go on. Any thread. */
void http_server_drain(struct http_server *s);
size_t http_server_open_requests(const struct http_server *s); /* any thread */
/* After the loops have stopped. Closes what is open. */
void http_server_free(struct http_server *s);

/* ---- the request: views live as long as the request ---- */
enum http_method http_request_method(const struct http_request *r);
str http_request_path(const struct http_request *r);    /* as sent, without query; starts with / */
str http_request_query(const struct http_request *r);   /* raw, without ?; may be empty */
str http_request_header(const struct http_request *r, str name); /* case-insensitive; STR_NONE: absent */
int64_t http_request_content_length(const struct http_request *r); /* -1: chunked or none */
bool http_request_has_body(const struct http_request *r);
str http_request_address(const struct http_request *r); /* the client's, behind trusted proxies too */
bool http_request_is_https(const struct http_request *r); /* own TLS or a trusted X-Forwarded-Proto */
str http_request_id(const struct http_request *r);      /* short random id for logs */
struct arena *http_request_arena(struct http_request *r); /* lives as long as the request */
struct loop *http_request_loop(struct http_request *r);
/* Any value the application wants to find again; NULL at first. */
void http_request_set_data(struct http_request *r, void *data);
void *http_request_data(const struct http_request *r);

/* A number that is never used again, and the way back (NULL: gone). Loop thread only. */
uint64_t http_request_token(const struct http_request *r);
struct http_request *http_request_by_token(struct loop *l, uint64_t token);

/* Called once when the client has gone before the answer was complete (not after http_respond or
 * http_stream_end). The request is invalid when it returns. Also called at http_server_free. The end of the
 * client's side counts as gone, unless a whole further request waits behind. It comes from the loop, never
 * inside a call of the application, but for http_read_body, which may refuse at once. */
void http_request_on_gone(struct http_request *r, void (*on_gone)(struct http_request *r, void *ctx),
                          void *ctx);

/* ---- the body ---- */
/* Reads the whole body (at once empty when there is none), sends 100 Continue when asked for, then calls
 * on_body; the view lives as long as the request. Too large, too slow, over the budget: the server answers
 * itself (on_gone is called). Either may happen before this returns: do not touch r afterwards. */
void http_read_body(struct http_request *r, size_t max_bytes,
                    void (*on_body)(struct http_request *r, str body, void *ctx), void *ctx);

/* ---- the answer ---- */
struct http_response {
    int code;
    str content_type;               /* STR_NONE: no body */
    const struct http_header *headers;
    size_t header_count;
    str body;
    bool is_static_body;            /* body outlives the server: not copied */
    bool close;                     /* close the connection afterwards */
};
/* Whole answer with Content-Length. HEAD sends the head only. An unread request body is drained a little or
 * the connection is closed. The request is invalid afterwards. */
void http_respond(struct http_request *r, const struct http_response *answer);

/* Answer in pieces: chunked (or until close for HTTP/1.0). Written bytes go out at once (TCP_NODELAY). */
void http_stream_begin(struct http_request *r, int code, str content_type,
                       const struct http_header *headers, size_t header_count);
void http_stream_write(struct http_request *r, str bytes); /* copied; an empty one does nothing */
/* While held, what is begun and written waits, so that pieces that come in one go leave in one system call;
 * letting go sends it, and so does the end. To be let go before the loop is returned to. */
void http_stream_hold(struct http_request *r, bool is_held);
bool http_stream_is_full(const struct http_request *r);    /* above high water: stop producing */
/* Called each time the queue falls below low water after having been full. */
void http_stream_on_drain(struct http_request *r, void (*on_drain)(struct http_request *r, void *ctx),
                          void *ctx);
/* The request is invalid afterwards. */
void http_stream_end(struct http_request *r);
/* Breaks the connection without the final chunk, so the client sees that the answer is not whole. */
void http_stream_abort(struct http_request *r);

#endif

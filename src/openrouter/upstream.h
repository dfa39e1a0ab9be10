/* Streamed calls to OpenRouter on a loop thread (libcurl multi-socket). One `upstream` per loop,
 * with its own pool of connections. A completion's POST is sent at most once: nothing is ever
 * retried here, and a pooled connection that resets under a request ends the call with
 * ST_UPSTREAM. */
#ifndef MAI_UPSTREAM_H
#define MAI_UPSTREAM_H

#include "base/buf.h"
#include "io/loop.h"

struct upstream;      /* one per loop */
struct upstream_call; /* one request */

struct upstream_conf {
    bool allow_private; /* MAI_ALLOW_PRIVATE_UPSTREAMS: else private, loopback, link-local and
                                    metadata addresses are refused on the address connected to */
    int64_t connect_timeout_ms;
    size_t max_connections; /* calls at once, and idle connections kept; 0: no limit */
    str title;              /* X-OpenRouter-Title, the product's name; may be STR_NONE */
    str referer;            /* HTTP-Referer, the product's address; may be STR_NONE */
};
struct upstream *upstream_new(struct loop *l, const struct upstream_conf *conf);
/* Loop thread or after it stopped. Running calls end with on_end(ST_CANCELLED). Not from a
 * callback. */
void upstream_free(struct upstream *u);
size_t upstream_running(const struct upstream *u); /* calls that have not ended */

struct upstream_head {
    int code;
    str content_type;
    str generation_id; /* X-Generation-Id or STR_NONE */
    str retry_after;   /* or STR_NONE */
};

struct upstream_request {
    str url;                    /* whole: base + path */
    str key;                    /* bearer */
    str body;                   /* copied */
    bool is_stream;             /* asks for text/event-stream */
    int64_t head_timeout_ms;    /* until the answer's headers */
    int64_t silence_timeout_ms; /* longest silence in the body */
    /* Callbacks on the loop thread; never from inside upstream_start. After on_end the call is
     * gone. */
    void *ctx;
    void (*on_head)(void *ctx, const struct upstream_head *head);
    void (*on_data)(void *ctx, str bytes); /* only while not paused */
    /* st: ST_OK when the body ended as HTTP says it must; ST_UPSTREAM (text says what), or
     * ST_UPSTREAM_TIMEOUT. may_have_happened: false only when surely no byte of the request was
     * sent. */
    void (*on_end)(void *ctx, status st, bool may_have_happened, str text);
};
/* ST_UNAVAILABLE: max_connections calls run already. ST_BAD_REQUEST: the key or the address
 * cannot be sent. On failure no callback comes. Callable from callbacks. */
NODISCARD status upstream_start(struct upstream *u, const struct upstream_request *req,
                                struct upstream_call **out);
/* Stops delivery (bytes stay with the supplier by backpressure) and goes on. Idempotent;
 * callable from the callbacks. Silence does not count while paused. on_end can come while
 * paused, when no byte was left. Resuming delivers later, never from inside upstream_resume. */
void upstream_pause(struct upstream_call *c);
void upstream_resume(struct upstream_call *c);
/* Breaks the connection; no further callback, the call is gone. Callable from the callbacks but
 * on_end. */
void upstream_cancel(struct upstream_call *c);

#endif

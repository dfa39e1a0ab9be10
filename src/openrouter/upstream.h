/* Streamed calls to OpenRouter on a loop thread (libcurl multi-socket). One `upstream` per loop, with its
 * own pool of connections. A completion's POST is sent at most once: nothing is ever retried here, and a
 * pooled connection that resets under a request ends the call with ST_UPSTREAM. */
#ifndef MAI_UPSTREAM_H
#define MAI_UPSTREAM_H

#include "base/buf.h"
#include "io/loop.h"

struct upstream;      /* one per loop */
struct upstream_call; /* one request */

struct upstream_conf {
    bool allow_private;          /* MAI_ALLOW_PRIVATE_UPSTREAMS: else private, loopback, link-local and
                                    metadata addresses are refused on the address connected to */
    int64_t connect_timeout_ms;
    size_t max_connections;
};
struct upstream *upstream_new(struct loop *l, const struct upstream_conf *conf);
void upstream_free(struct upstream *u); /* loop thread or after it stopped; running calls end cancelled */

struct upstream_head {
    int code;
    str content_type;
    str generation_id;   /* X-Generation-Id or STR_NONE */
    str retry_after;     /* or STR_NONE */
};

struct upstream_request {
    str url;             /* whole: base + path */
    str key;             /* bearer */
    str body;            /* copied */
    bool is_stream;      /* asks for text/event-stream */
    int64_t head_timeout_ms;   /* until the answer's headers */
    int64_t silence_timeout_ms; /* longest silence in the body */
    /* Callbacks on the loop thread; never from inside upstream_start. After on_end the call is gone. */
    void *ctx;
    void (*on_head)(void *ctx, const struct upstream_head *head);
    void (*on_data)(void *ctx, str bytes);      /* only while not paused */
    /* st: ST_OK when the body ended as HTTP says it must; ST_UPSTREAM (text says what), or
     * ST_UPSTREAM_TIMEOUT. may_have_happened: false only when surely no byte of the request was sent. */
    void (*on_end)(void *ctx, status st, bool may_have_happened, str text);
};
NODISCARD status upstream_start(struct upstream *u, const struct upstream_request *req,
                                struct upstream_call **out);
/* Stops delivery (bytes stay with the supplier by backpressure) and goes on. Idempotent; callable from the
 * callbacks. */
void upstream_pause(struct upstream_call *c);
void upstream_resume(struct upstream_call *c);
/* Breaks the connection; no further callback, the call is gone. */
void upstream_cancel(struct upstream_call *c);

#endif

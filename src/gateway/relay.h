/* An answer on its way through: bytes from the supplier in, bytes for the person out, facts for the books kept.
 * Inside `usage` the cost becomes the billed amount; every other byte of an event stays. The same result for
 * any way the bytes are cut. Pure: no I/O, no clock. */
#ifndef MAI_RELAY_H
#define MAI_RELAY_H

#include "codec/sse.h"
#include "openrouter/usage.h"

enum { RELAY_MAX_EVENT_BYTES = 8 << 20, RELAY_MAX_PLAIN_BYTES = 32 << 20, RELAY_ID_CAP = 96 };

struct relay {
    bool is_stream;
    markup markup;
    struct buf out;            /* to send now; the owner sends and clears it */
    struct buf held;           /* the end of the answer: to be released after the books are closed */
    /* facts */
    char id[RELAY_ID_CAP];     /* the supplier's id, empty until known */
    char model[160], provider[80];
    char finish_reason[32];
    bool has_usage;            /* the last usage object won */
    bool has_cost;
    pico cost, billed;
    char cost_text[64];
    bool has_tokens;
    int64_t prompt_tokens, completion_tokens;
    struct buf usage_raw;      /* as the supplier sent it */
    struct buf usage_billed;   /* as the person gets it */
    bool has_error;
    int64_t error_code;
    char error_text[240];
    bool is_done;              /* [DONE], or a whole plain answer */
    bool is_broken;            /* what came was no answer */
    int64_t delivered_bytes;   /* of output text: a bound for tokens delivered */
    /* called for every JSON object of the answer; may be NULL */
    void (*observe)(void *ctx, const struct usage_event *event);
    void *observe_ctx;
    /* private */
    struct sse_scanner sse;
    struct buf plain;
    size_t padding_sent;
    struct arena scratch;
};

void relay_init(struct relay *r, bool is_stream, markup m);
void relay_free(struct relay *r);

/* Takes bytes from upstream. ST_TOO_BIG: an event or answer over the maximum. Stops taking at [DONE]. */
NODISCARD status relay_feed(struct relay *r, str bytes);
/* The supplier's bytes are over: what is left goes to `held`. */
void relay_finish(struct relay *r);
/* An error event for the person, in OpenAI's shape with a numeric code. */
void relay_add_error(struct buf *out, status st, str text, bool as_event);

#endif

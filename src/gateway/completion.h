/* The life of one completion (design section 4) as a table of steps on one loop thread.
 *
 * Invariants
 *  C1 No byte goes upstream before the row is `open` on disk.
 *  C2 No byte of an answer reaches the consumer before the supplier's id is on disk, when one is known.
 *  C3 The last event, or the end of a plain answer, is released only after the row's end is on disk.
 *  C4 Every way out ends in exactly one settle; a call that may have happened is never called failed.
 *  C5 A completion is sent upstream at most once.
 *  C6 Nothing that the consumer gets carries raw cost. */
#ifndef MAI_COMPLETION_H
#define MAI_COMPLETION_H

#include "gateway/gateway.h"
#include "gateway/prepare.h"
#include "openrouter/usage.h"

struct completion;

/* Who takes the answer. All calls on the completion's loop thread. After end, fail or abort the completion
 * makes no further call. */
struct consumer {
    void *ctx;
    /* The answer begins: once, before data. */
    void (*begin)(void *ctx, int code, str content_type, str generation_id);
    void (*data)(void *ctx, str bytes);
    void (*end)(void *ctx);
    /* No answer: before begin. retry_after_s < 0: none. */
    void (*fail)(void *ctx, status st, str text, int64_t retry_after_s);
    /* The answer broke after begin. For streams `text` was sent as an error event before. */
    void (*abort)(void *ctx, str text);
    /* True: calls that follow come in one go, and may leave together at hold(false) or the end. May be NULL. */
    void (*hold)(void *ctx, bool is_held);
    /* True: take no more from upstream until completion_drain. May be NULL: never full. */
    bool (*is_full)(void *ctx);
    /* Every JSON object of the answer as it passes, for who stores the text. May be NULL. */
    void (*observe)(void *ctx, const struct usage_event *event);
};

struct completion_request {
    struct principal *who;      /* a reference is taken */
    enum call_kind kind;
    str purpose;                /* chat, title, embedding, api */
    str chat_id;                /* or STR_NONE */
    str body;                   /* copied */
    struct consumer consumer;
};

/* Begins on this loop; consumer calls come later, never from inside. The pointer is valid until the
 * consumer's last call, or completion_leave. */
struct completion *completion_start(struct gateway *g, const struct completion_request *req);
/* The consumer has gone or wants to stop: no further consumer call. What runs upstream is stopped (streams)
 * or read to its end (plain), and settled. */
void completion_leave(struct completion *c);
/* The consumer can take data again. */
void completion_drain(struct completion *c);
/* The billed usage object of the answer, empty without one. Valid inside consumer.end. */
str completion_usage(const struct completion *c);
/* Our id of the row. */
str completion_id(const struct completion *c);

/* Number of completions that have not settled yet, all loops (graceful stop waits for it). */
size_t completion_running(void);

#endif

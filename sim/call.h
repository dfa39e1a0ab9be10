/* One inference request under way: what was asked, what will be answered, what it costs. It holds
 * its answer and its record; the connection may go before it ends. */
#ifndef SIM_CALL_H
#define SIM_CALL_H

#include "answer.h"
#include "sim.h"

#include <jansson.h>

struct event;

enum call_phase {
    PHASE_HEADERS,
    PHASE_COMMENTS,
    PHASE_FIRST,
    PHASE_REASONING,
    PHASE_CONTENT,
    PHASE_FINISH,
    PHASE_USAGE,
    PHASE_DONE,
    PHASE_ENDED
};

struct call {
    struct sim *sim;
    struct http_conn *conn; /* NULL: the peer is gone */
    struct key *key;
    const struct model *model; /* that serves; a router is resolved */
    struct script script;
    struct record *rec;
    struct event *timer;
    struct answer answer;
    struct buf out;    /* events composed, not yet sent */
    struct buf prefix; /* beginning of every chunk */
    enum call_phase phase;
    bool is_stream;
    bool is_cut_short; /* max_tokens reached */
    bool shows_reasoning;
    bool is_paused;   /* waits for the connection to drain */
    bool has_begun;   /* headers are sent */
    const char *tool; /* name of the tool called, NULL: plain text */
    int64_t prompt_tokens, cached_tokens, images;
    int64_t reasoning_tokens, reasoning_sent; /* reasoning counts as completion */
    int64_t comments_left;
    int64_t chunks;           /* content and reasoning chunks sent */
    size_t sent;              /* answer tokens sent */
    struct call *prev, *next; /* calls under way, or spare ones */
};

struct call *call_new(struct sim *s, struct http_conn *conn);
void call_free(struct call *c);

/* Parses, checks and prepares. On refusal the reply holds the error and false is returned. */
bool call_prepare(struct call *c, const struct http_request *r, json_t *body,
                  struct reply *refusal);

/* Runs it: the call frees itself at the end. */
void call_start_plain(struct call *c);
void call_start_stream(struct call *c);

/* How the generation ended, for the books. */
enum call_end { END_COMPLETE, END_CANCELLED, END_ERROR, END_CUT, END_RESET };
/* Computes cost and settles the record. */
void call_settle(struct call *c, enum call_end end);
/* Delivered so far, or everything. */
int64_t call_completion_tokens(const struct call *c, bool everything);
/* The finish reason of the whole answer; NULL for null. */
const char *call_finish_reason(const struct call *c);
const char *call_native_finish_reason(const struct call *c);

/* ---- writing (call_write.c) ---- */

/* The usage object of `completion` tokens. is_final: with the record's own literal. */
void call_write_usage(struct call *c, int64_t completion, struct buf *out);
void call_write_plain(struct call *c, struct buf *out);
void call_make_prefix(struct call *c);
/* X-Generation-Id and what the script adds. */
void call_write_headers(struct call *c, struct buf *out);

/* ---- money (cost.c) ---- */

struct cost {
    pico total; /* charged */
    pico list;  /* list-price value: total, except BYOK */
    pico prompt_part, completion_part;
};
struct cost call_cost(const struct call *c, int64_t completion);

/* Account-wide refusals before routing: credits, key limit, free-model limits. */
bool account_refuses(struct sim *s, struct key *key, const struct model *model,
                     struct reply *refusal);
/* The request's own price bounds: provider.max_price and what the balance affords. */
bool price_refuses(struct sim *s, const struct model *model, json_t *body, int64_t prompt_tokens,
                   struct reply *refusal);

#endif

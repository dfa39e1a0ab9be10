/* What one JSON object of an answer says about a call: ids, tokens, cost, error, whether text
 * came. For every event of a stream, for plain bodies, and for the record of GET /generation.
 * Rules and sources: OpenRouter's usage accounting, streaming and errors pages; field names are
 * OpenAI's plus OpenRouter's.
 *
 * Pure functions on checked JSON; views point into that text (or into the arena where a string
 * had escapes), nothing else is allocated. Missing is not zero and zero is not missing. */
#ifndef MAI_OPENROUTER_USAGE_H
#define MAI_OPENROUTER_USAGE_H

#include "codec/json.h"
#include "money/pico.h"

enum usage_cost_state {
    USAGE_COST_MISSING, /* no such member: the truth must be fetched */
    USAGE_COST_NULL,    /* the same, said in words */
    USAGE_COST_BROKEN,  /* negative, out of range or no number: not to be believed */
    USAGE_COST_KNOWN,
};

struct usage {
    bool is_present; /* a usage object was there; if not, nothing below is set */
    bool has_tokens; /* prompt_tokens was a readable count */
    int64_t prompt_tokens, completion_tokens,
        total_tokens; /* prompt includes cached, completion includes
                                                               reasoning; 0 when missing */
    int64_t cached_tokens, reasoning_tokens;
    enum usage_cost_state cost_state;
    pico cost;     /* what OpenRouter charged; set when known */
    str cost_text; /* the number's own text, when known */
    bool is_byok;  /* missing counts as false */
    bool has_upstream_cost;
    pico upstream_cost; /* cost_details.upstream_inference_cost */
    str raw;            /* the usage object's own bytes */
};

struct usage_event {
    str id, model, provider; /* STR_NONE when missing */
    struct usage usage;
    bool has_error;     /* at top level or inside choices[0] */
    int64_t error_code; /* 0 when it is no number */
    str error_message;
    str finish_reason; /* of choices[0]; STR_NONE while null */
    /* Visible or hidden output came: text, reasoning, tool calls, refusal, images, audio; and its size
     * as escaped text, a bound for the tokens delivered. */
    bool has_delta;
    size_t delta_bytes;
    /* Of choices[0], in its delta or message; raw.p is NULL when absent or null. */
    struct json content, reasoning;
};

/* `v` is the checked object of a stream's event or of a plain answer. Other types leave `out`
 * empty. `a` is used only for strings with escapes (a full arena leaves those strings out). */
void usage_read(struct json v, struct arena *a, struct usage_event *out);

/* The same from `data` of GET /generation, with what only that record knows. Native token
 * counts; total_cost as cost; a BYOK record without upstream cost counts it as 0, because no
 * truer record exists. */
struct usage_record {
    struct usage_event event;
    str external_user, created_at; /* STR_NONE when null */
    bool is_cancelled;
};
void usage_read_record(struct json data, struct arena *a, struct usage_record *out);

/* What the call cost its customer: cost, plus the upstream cost only for BYOK (for other calls
 * it is a part of cost already, never to be added). ST_NOT_FOUND while it is not known;
 * ST_RANGE. */
NODISCARD status usage_cost_total(const struct usage *u, pico *out);

/* The usage object for client people: `cost` is the billed amount (added when it was missing),
 * and every member that would show what the call cost the provider is taken out: cost_details,
 * is_byok and any other that names a cost, price, discount or BYOK. All other bytes stay.
 * `usage_raw` is usage.raw. */
void usage_bill(str usage_raw, pico billed, struct buf *out);

#endif

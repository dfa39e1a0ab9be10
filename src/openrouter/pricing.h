/* What a call can cost at most, and what it probably cost: list prices times counts, exact. Used
 * only to reserve and to estimate; the supplier's `cost` is the truth. Pure functions, any
 * thread. */
#ifndef MAI_OPENROUTER_PRICING_H
#define MAI_OPENROUTER_PRICING_H

#include "openrouter/models.h"

/* What the gateway knows of a request before it is sent; counts are never negative. */
struct request_bounds {
    int64_t prompt_bytes; /* of the whole body: no tokenizer makes more tokens than bytes */
    int64_t max_tokens;   /* output, reasoning included; of all choices together */
    int64_t images;       /* input images, by address or inside the body */
    int64_t remote_files; /* files, audio, video by address: their size is not in the body */
    int64_t web_searches;
    bool has_audio; /* input audio */
    bool has_tools; /* suppliers add a hidden text to explain tools to the model */
};

/* ST_UNPROCESSABLE when the model's price is unknown, ST_RANGE when the sum does not fit. */
NODISCARD status pricing_worst_case(const struct model *m, const struct request_bounds *b,
                                    pico *out);
/* How many output tokens `budget` can pay beside the rest of the worst case (b->max_tokens is
 * not read); 0 when it cannot even pay the prompt. INT64_MAX when output is free. Errors as
 * above. */
NODISCARD status pricing_affordable_tokens(const struct model *m, const struct request_bounds *b,
                                           pico budget, int64_t *out);
/* Delivered tokens at list price, for calls whose truth never came. Errors as above. */
NODISCARD status pricing_estimate(const struct model *m, int64_t prompt_tokens,
                                  int64_t completion_tokens, pico *out);

/* USD per million units as exact decimal text: what provider.max_price wants for token prices.
 * dst holds PICO_TEXT_CAP. */
str pricing_per_million(pico unit_price, char *dst);

/* Writes the object for `provider.max_price` that keeps routing within the reserved prices:
 * prompt and completion, request, and image and audio when the request has some. Where `persons`
 * (the request's own max_price; may be NULL) names a readable lower price, that one stays. The
 * price must be known. */
struct json;
void pricing_add_max_price(const struct model *m, const struct request_bounds *b,
                           const struct json *persons, struct buf *out);

#endif

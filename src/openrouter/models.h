/* The model catalogue: ids, names, prices of all kinds, kept as an immutable, counted snapshot
 * that is replaced as a whole. Prices only bound reservations and inform people; the supplier's
 * `cost` is the truth. */
#ifndef MAI_OPENROUTER_MODELS_H
#define MAI_OPENROUTER_MODELS_H

#include "base/arena.h"
#include "money/pico.h"

struct model_price { /* highest of base price and all overrides; per unit in USD */
    bool is_known; /* false: missing, negative or unparsable somewhere: refuse under a hard limit */
    bool is_free;  /* all zero */
    pico prompt, completion, request, image, reasoning, cache_write, audio, web_search;
    /* cache_write is the highest of every cache price (read, write, write for an hour). */
    pico image_token, image_output, audio_output;
};
struct model {
    str id, canonical, name, description;
    int64_t created, context_length, max_completion_tokens; /* 0: unknown */
    struct model_price price;                               /* raw, worst case */
    pico list_prompt, list_completion; /* raw base prices for display; 0 with !price.is_known */
    bool is_embedding, takes_images, takes_files, makes_images, can_reason, can_tools;
    str raw; /* its own JSON object as OpenRouter sent it */
};
struct models; /* snapshot */

/* From the raw bodies of GET /models and GET /embeddings/models (either may be empty). Broken
 * entries are left out. ST_BAD_REQUEST when nothing could be read. */
NODISCARD status models_parse(str models_body, str embeddings_body, int64_t fetched_ms,
                              struct models **out, struct err *e);
struct models *models_ref(struct models *m); /* any thread */
void models_unref(struct models *m);         /* accepts NULL */
size_t models_count(const struct models *m);
const struct model *models_at(const struct models *m, size_t i); /* sorted by name */
/* By id, else by canonical slug (of several entries that share one: that without a ":variant");
 * NULL when absent. */
const struct model *models_find(const struct models *m, str id);
int64_t models_fetched_ms(const struct models *m);

#endif

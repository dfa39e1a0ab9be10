/* The catalogue: realistic models of all price kinds, and one entry per scripted model. Prices are
 * pico per unit. Constant after models_init. */
#ifndef SIM_MODELS_H
#define SIM_MODELS_H

#include "base/hash.h"
#include "money/pico.h"
#include "http.h"
#include "jout.h"

struct model_price {
    pico prompt, completion, request, image, cache_read;
    bool is_router;    /* list prices are the sentinel -1 */
    int64_t long_from; /* prompt tokens above which the long prices hold; 0: never */
    pico long_prompt, long_completion;
    int64_t discount_percent; /* of all prices */
};

/* A row of the catalogue, as written by hand. NULL prices are absent. */
struct model_row {
    const char *id, *canonical, *name, *provider, *description;
    int64_t created, context, max_completion;
    const char *prompt, *completion, *request, *image, *cache_read;
    const char *long_prompt, *long_completion;
    int64_t long_from, discount_percent;
    const char *inputs;  /* JSON array of input modalities */
    const char *outputs; /* "text" or "embeddings" */
    int64_t dimensions;  /* embeddings */
    bool is_reasoning, is_byok, is_router;
};

struct model {
    const struct model_row *row;
    const char *id; /* as asked for: "sim/tokens-50" shares its row */
    struct model_price price;
    bool is_free;
    bool is_embedding;
};

struct models {
    struct hash by_id;
    struct model *list;
    size_t count;
    bool hides_scripted; /* not in lists, still answering */
};

extern const struct model_row model_rows[];
extern const size_t model_row_count;

void models_init(struct models *m, bool hides_scripted);
/* By id, canonical slug or a scripted pattern; NULL: unknown. */
const struct model *models_find(struct models *m, str id);
/* Where a router sends its requests. */
const struct model *models_routed(struct models *m, const struct model *model);

/* Bodies of GET /models (and /models/count, /embeddings/models), by the request's query. */
void models_write_list(const struct models *m, const struct http_request *r, const char *outputs,
                       struct buf *out);
void models_write_count(const struct models *m, const struct http_request *r, struct buf *out);
void model_write(struct jout *j, const struct model *model);
void model_write_endpoints(const struct model *model, struct buf *out);

#endif

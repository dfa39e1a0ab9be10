/* Reads OpenRouter's `pricing` object; what models.c and its tests share. Pure. */
#ifndef MAI_OPENROUTER_PRICES_H
#define MAI_OPENROUTER_PRICES_H

#include "codec/json.h"
#include "openrouter/models.h"

/* The worst case over the base prices and every override. `completion` may be missing for
 * embeddings. A `discount` only lowers the price and is not used; unknown members are ignored.
 * Never fails: what cannot be read makes the price unknown. */
struct model_price prices_read(struct json pricing, bool is_embedding, struct arena *a);
/* Base price of that name for display; 0 when absent or unreadable. */
pico prices_base(struct json pricing, str name, struct arena *a);

#endif

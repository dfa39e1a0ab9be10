/* The model list and the state of the supplier. Fetched in the background, kept in DATA_DIR across restarts,
 * never fetched in front of an answer. Any thread. */
#ifndef MAI_CATALOG_H
#define MAI_CATALOG_H

#include "gateway/gateway.h"
#include "openrouter/models.h"

/* Reads what an earlier run kept; no network. */
struct catalog *catalog_new(struct gateway *g);
void catalog_free(struct catalog *c);

/* A counted snapshot (models_unref), or NULL when there was never a list. */
struct models *catalog_models(struct catalog *c);
/* Blocking: fetches both lists, keeps the last good ones on failure. For a callers' thread. */
void catalog_refresh(struct catalog *c);
/* When the next refresh is due: an hour after a success, half a minute after a failure. */
int64_t catalog_next_refresh_ms(struct catalog *c);

/* Blocking: asks whether OpenRouter is there, unless a call told so lately; more often while it is away. */
void catalog_probe(struct catalog *c);

enum supplier_state { SUPPLIER_UNKNOWN, SUPPLIER_OK, SUPPLIER_AWAY };
/* What calls observed: two failures to reach it in a row make it AWAY, one answer makes it OK. A change is
 * published on the hub topic "all" and logged. */
void catalog_observe(struct catalog *c, bool was_reached);
enum supplier_state catalog_supplier(struct catalog *c, int64_t *since_ms_out);

#endif

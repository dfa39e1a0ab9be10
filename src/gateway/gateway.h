/* The shared parts of a running server that carry completions, made once at start and passed around. Owners
 * and threads: `budgets` belongs to the writer thread, `upstreams[i]` and `principals[i]` to loop i, the rest
 * is safe to use from anywhere. */
#ifndef MAI_GATEWAY_H
#define MAI_GATEWAY_H

#include "conf/conf.h"
#include "crypt/crypt.h"
#include "gateway/hub.h"
#include "io/workers.h"
#include "ledger/generation.h"
#include "openrouter/manage.h"
#include "openrouter/upstream.h"
#include "store/store.h"
#include "tenancy/principal.h"

struct catalog;
struct principals;
struct answers;

struct gateway {
    const struct conf *conf;
    struct master_key master;
    struct store *store;
    struct workers *workers;       /* short blocking work: reads, writes, hashing */
    struct workers *callers;       /* blocking calls to OpenRouter: never in front of the others */
    struct openrouter *openrouter;
    struct hub *hub;
    struct catalog *catalog;
    struct answers *answers;
    struct budgets *budgets;
    size_t loop_count;
    struct loop **loops;
    struct upstream **upstreams;
    struct principals **principals;
};

/* The index of the loop this thread runs. */
size_t gateway_loop_index(const struct gateway *g);

/* Drops cached principals on every loop after something about them changed: pass a person's, an
 * organization's or a credential's id. Their event streams end and come back. Any thread; call after the change is
 * committed. */
void gateway_forget(struct gateway *g, str id);

#endif

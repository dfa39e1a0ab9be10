/* Per-loop cache: token -> principal. Found ones cost no database; unknown tokens are loaded by a worker once,
 * however many requests wait for them; refused tokens are remembered for a moment so that guessing stays cheap
 * for us. Loop thread only, except principals_forget. */
#ifndef MAI_PRINCIPALS_H
#define MAI_PRINCIPALS_H

#include "gateway/gateway.h"

struct principals *principals_new(struct gateway *g, struct loop *l);
void principals_free(struct principals *p);

/* Calls done at once (cached) or later on this loop. p is borrowed for the call (take a reference to keep it),
 * NULL when st is not ST_OK: ST_UNAUTHENTICATED, ST_FORBIDDEN, ST_UNAVAILABLE; text says why. */
typedef void principals_done(void *ctx, status st, struct principal *p, str text);
void principals_find(struct principals *p, str token, principals_done *done, void *ctx);
/* Nobody waits any more: `done` with this ctx will not be called. */
void principals_abandon(struct principals *p, void *ctx);

/* Any thread: drops entries that carry this user, organization or credential id. */
void principals_forget(struct principals *p, str id);

#endif

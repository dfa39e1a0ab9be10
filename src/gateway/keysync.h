/* Keys behind the pages: checking what an admin has just saved, reading limits back, telling OpenRouter. Blocking, on
 * a callers' thread; a failing or slow OpenRouter delays nothing but this. */
#ifndef MAI_KEYSYNC_H
#define MAI_KEYSYNC_H

#include "gateway/gateway.h"
#include "tenancy/connection.h"

/* Checks one candidate and applies what was found; tells pages, drops principals. */
void keysync_check(struct gateway *g, str key_id);
/* The same on a callers' thread soon. Any thread. */
void keysync_check_later(struct gateway *g, str key_id);
/* W. Belongs into the job of a connection_apply or an approval: the chats of a person who moved go along. */
NODISCARD status keysync_move_chats(struct db *db, const struct connection_applied *a);
/* After connection_apply or an approval: principals, budgets, events, the replaced key. Blocking thread. */
void keysync_applied(struct gateway *g, const struct connection_applied *a);
/* All candidates that are due. */
void keysync_round(struct gateway *g);
/* All organizations whose limit was not read back lately. */
void keysync_limits_round(struct gateway *g);

#endif

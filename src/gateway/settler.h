/* Work behind the calls: asking for the truth of calls that ended without it, learning external users, telling
 * live pages about new figures. One round at a time, on a callers' thread. */
#ifndef MAI_SETTLER_H
#define MAI_SETTLER_H

#include "gateway/gateway.h"

struct settler;
struct settler *settler_new(struct gateway *g);
void settler_free(struct settler *s); /* accepts NULL */

/* One round: pending rows that are due, estimates that may have become known, people to learn. Blocking. */
void settler_round(struct settler *s);

/* Tells dashboards of the organization and the person, and the provider's, that figures changed. Any thread. */
void settler_announce(struct gateway *g, const struct generation_settled *s);

#endif

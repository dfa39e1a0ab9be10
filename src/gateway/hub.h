/* Live events between threads: publish on a topic from anywhere, receive on a loop. Payloads are copied once
 * and shared. Per publisher thread, order is kept for each receiver. Topics: "user:<id>" (one person's pages),
 * "org:<id>" (usage of an organization), "provider", "all", "answer:<user id>/<message id>" (who watches it). */
#ifndef MAI_HUB_H
#define MAI_HUB_H

#include "io/loop.h"
#include "base/str.h"

struct hub;
struct hub_sub;

struct hub *hub_new(struct loop **loops, size_t loop_count);
void hub_free(struct hub *h); /* after the loops have stopped */

/* Loop thread. `receive` is called on this loop for each payload published afterwards (by this thread) on the
 * topic. The topic text is copied. */
struct hub_sub *hub_subscribe(struct hub *h, str topic, void (*receive)(void *ctx, str payload),
                              void *ctx);
/* Same loop thread. Callable inside receive. NULL is fine. */
void hub_unsubscribe(struct hub_sub *s);
/* Any thread; costs one atomic read when nobody listens. */
void hub_publish(struct hub *h, str topic, str payload);

#endif

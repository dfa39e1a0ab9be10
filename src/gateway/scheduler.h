/* Periodic work, a row each in scheduler.c: one thread, one job at a time, so a slow supplier makes rounds later, not
 * more. */
#ifndef MAI_SCHEDULER_H
#define MAI_SCHEDULER_H

#include "gateway/gateway.h"

struct scheduler;
struct scheduler *scheduler_start(struct gateway *g);
/* Waits for the running job. Accepts NULL. */
void scheduler_stop(struct scheduler *s);

#endif

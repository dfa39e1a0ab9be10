/* The events of a streamed answer: how many, when, and a fingerprint of their bytes. What differs
 * from call to call by nature is left out of the fingerprint: the value of the first "id" and
 * "created" of an event, and the whole "usage" object (mAI writes the billed cost into it).
 * Everything else counts, to the byte. One thread. */
#ifndef BENCH_EVENTS_H
#define BENCH_EVENTS_H

#include "base/buf.h"

struct events {
    struct buf line; /* the line under way */
    uint64_t fingerprint;
    unsigned count;    /* data lines, [DONE] too */
    unsigned comments; /* not part of the fingerprint */
    bool is_done;      /* [DONE] came */
};

void events_init(struct events *e);
void events_free(struct events *e);
void events_reset(struct events *e); /* for the next stream; keeps the memory */
/* A piece of the body, cut anywhere. */
void events_feed(struct events *e, str piece);

#endif

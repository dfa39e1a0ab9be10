/* How many connections each client address holds, over all loops. Any thread. */
#ifndef MAI_TALLY_H
#define MAI_TALLY_H

#include "base/hash.h"
#include "http/address.h"

#include <pthread.h>

struct tally {
    pthread_mutex_t lock;
    struct hash counts; /* address_count_key -> struct tally_entry; entries of zero are removed */
};

void tally_init(struct tally *t);
void tally_free(struct tally *t);
/* False when `key` holds `max` already; then nothing is counted. */
bool tally_enter(struct tally *t, const struct address *key, unsigned max);
void tally_leave(struct tally *t, const struct address *key);

#endif

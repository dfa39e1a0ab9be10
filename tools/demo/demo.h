/* Private to tools/demo: writes the demo's past into a data folder, by the rooms' own functions
 * with past times, so that every row is one the server itself could have written. Chance comes from
 * a fixed seed: two demos look alike. */
#ifndef MAI_DEMO_H
#define MAI_DEMO_H

#include "base/arena.h"
#include "base/zone.h"
#include "ledger/generation.h"
#include "store/store.h"
#include "tenancy/organization.h"
#include "tenancy/user.h"

/* ---- chance ---- */
struct chance {
    uint64_t state; /* not 0 */
};
uint64_t chance_next(struct chance *c);
int64_t chance_between(struct chance *c, int64_t least, int64_t most); /* both included */
bool chance_percent(struct chance *c, int64_t percent);
/* Index of one of the weights, in proportion. */
size_t chance_weighted(struct chance *c, const int *weights, size_t count);

/* ---- one organization ---- */
struct company {
    struct organization organization;
    const struct zone *zone;
    str key_hash;
    const struct user *people; /* those who can call: admins and users */
    size_t people_count;
    size_t index; /* of the organization in the demo: its size and taste */
};

/* Calls of one local day: created in it, settled seconds later. In one transaction. */
struct day_job {
    const struct company *company;
    struct budgets **budgets; /* loaded by the first day */
    struct chance *chance;
    int64_t day_start_ms, until_ms; /* nothing at or after until_ms */
    int days_ago;
    int64_t calls; /* out: written */
    struct err e;
};
status day_write(struct db *db, void *day_job);

/* Conversations of the company's people during the last days. In one transaction. */
struct chats_job {
    const struct company *company;
    struct chance *chance;
    int64_t now_ms;
    int64_t chats; /* out */
    struct err e;
};
status chats_write(struct db *db, void *chats_job);

#endif

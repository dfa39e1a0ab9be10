/* API keys of the one simulated account: found by their text or by its SHA-256, with limits that
 * reset by the simulator's clock and usage counters per UTC day, week, month. One thread. */
#ifndef SIM_KEYS_H
#define SIM_KEYS_H

#include "base/hash.h"
#include "money/pico.h"
#include "jout.h"
#include "simclock.h"

enum { KEY_HASH_CAP = 65 };

enum limit_reset { RESET_NEVER, RESET_DAILY, RESET_WEEKLY, RESET_MONTHLY, RESET_COUNT };

/* Spending, cut by calendar periods; stale periods read as zero. */
struct spending {
    pico total, day, week, month;
    struct periods at;
};

struct limit {
    bool is_set;
    pico usd;
    enum limit_reset reset;
    bool includes_byok;
};

struct key {
    char hash[KEY_HASH_CAP]; /* lower-case hex SHA-256 of the key's text */
    const char *label;       /* kept texts, see text.h */
    const char *name;
    const char *external_user;
    const char *creator;
    bool is_management;
    bool is_disabled;
    bool is_deleted;
    struct limit limit;
    struct limit enforced;          /* what the edge knows: `limit` after the cap delay */
    int64_t enforced_from_ms;       /* monotonic; when `limit` becomes enforced */
    int64_t created_ms, updated_ms; /* updated 0: never */
    int64_t expires_ms;             /* 0: never */
    struct spending credits, byok;
    int64_t requests;
};

struct keys {
    struct hash by_text; /* of keys that exist */
    struct hash by_hash;
    struct key **all; /* oldest first; deleted ones stay for the books */
    size_t count, cap;
    int64_t cap_delay_ms;
};

const char *limit_reset_name(enum limit_reset reset); /* NULL for RESET_NEVER */
bool limit_reset_find(str name, enum limit_reset *out);

/* SHA-256 as lower-case hex; dst holds KEY_HASH_CAP. */
void sha256_hex(str data, char *dst);
/* "sk-or-v1-" and 64 random hex digits; dst holds 80. */
void key_text_new(char *dst);

/* Adds a key. NULL when that text exists already. */
struct key *keys_add(struct keys *k, str text, str name);
struct key *keys_find_text(const struct keys *k, str text); /* not deleted */
struct key *keys_find_hash(const struct keys *k, str hash); /* not deleted */
void keys_delete(struct keys *k, struct key *key);
/* Call after changing `limit`: the edge honours it after the cap delay. */
void keys_limit_changed(struct keys *k, struct key *key);

bool key_is_usable(const struct key *key); /* neither disabled, deleted nor expired */
/* The limit as the edge sees it now is used up. */
bool key_is_exhausted(struct key *key);
void spending_add(struct spending *s, pico cost, int64_t at_ms);
struct spending spending_at(const struct spending *s, int64_t now_ms);

void key_write(struct jout *j, struct key *key); /* KEY of the keys API */
void key_write_current(struct jout *j,
                       struct key *key); /* data of GET /key, without the free counters */

#endif

/* The books of the simulator: one record per generation, daily totals kept beside them. A record is
 * opened when a generation starts and settled once when it ends; only settling moves money. The
 * oldest records are forgotten beyond a maximum; totals stay. One thread. */
#ifndef SIM_RECORDS_H
#define SIM_RECORDS_H

#include "keys.h"
#include "models.h"
#include "money.h"

enum { RECORD_ID_CAP = 40 };

struct record {
    char id[RECORD_ID_CAP];
    struct key *key;
    const struct model *model; /* that serves */
    const char *served;        /* its name in the answer */
    const char *user;          /* kept texts; NULL when the request had none */
    const char *session;
    const char *external_user; /* as GET /generation tells it */
    const char *user_agent, *referer;
    const char *finish_reason, *native_finish_reason;
    const char *state;            /* open, ok, cancelled, error, cut, reset */
    char literal[MONEY_TEXT_CAP]; /* the cost as it was printed; empty: not printed */
    pico cost;                    /* that literal's value */
    pico upstream;                /* list-price value of BYOK traffic */
    int64_t prompt_tokens, completion_tokens, reasoning_tokens, cached_tokens, images;
    int64_t created_ms, first_ms, ended_ms;
    int64_t ready_ms;      /* on the simulator's clock or ... */
    int64_t ready_mono_ms; /* ... on the machine's, whichever is first */
    bool is_byok, is_streamed, is_cancelled, is_missing, is_embedding, is_settled;
};

/* Totals of one UTC day, key and model. */
struct day_total {
    int64_t day;
    struct key *key;
    const struct model *model;
    pico usage, byok;
    int64_t requests, prompt_tokens, completion_tokens, reasoning_tokens;
};

struct records {
    struct hash by_id;
    struct record **ring;
    size_t cap;     /* most records kept */
    size_t size;    /* of the ring, grows to cap */
    uint64_t added; /* ever; ring[(added - 1) % cap] is the newest */
    struct hash days;
    struct day_total **day_list;
    size_t day_count, day_cap;
    pico total_usage;
    int64_t settled;
};

void records_init(struct records *r, size_t cap);
/* A record with a fresh id; lives until cap newer ones came. */
struct record *records_open(struct records *r, struct key *key, const struct model *model);
void records_settle(struct records *r, struct record *rec);
struct record *records_find(const struct records *r, str id);
bool record_is_readable(const struct record *rec);
/* Oldest first: start with *at = 0; NULL at the end. */
struct record *records_next(const struct records *r, uint64_t *at);

/* GET /generation: {"data":{...}}. */
void record_write(const struct record *rec, struct buf *out);
/* One line of GET /sim/bill. */
void record_write_bill(const struct record *rec, struct buf *out);

#endif

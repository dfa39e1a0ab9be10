/* Private to the room: what its files share. The sums in memory (budget.c), the sums on disk (rollup.c), and the
 * row as it stands before a step (generation.c). */
#ifndef MAI_LEDGER_BOOKS_H
#define MAI_LEDGER_BOOKS_H

#include "ledger/generation.h"

/* ---- slots: the grain of the rollups ---- */

#define SLOT_MS INT64_C(900000)

static inline int64_t slot_of(int64_t ms)
{
    return ms / SLOT_MS - (ms % SLOT_MS < 0);
}

/* ---- sums on disk ---- */

struct rollup_step {
    str organization_id, user_id, model, key_hash;
    str provider; /* STR_NONE counts as "" */
    int64_t created_ms;
    int64_t requests, prompt_tokens, completion_tokens;
    pico cost, billed;
};
/* W. The organization's total first: it knows whether the sums still fit (ST_RANGE: not; nothing was changed). What it
 * accepted fits in the person's rollup, which follows in the same job. */
NODISCARD status rollup_total_add(struct db *db, const struct rollup_step *s);
NODISCARD status rollup_add(struct db *db, const struct rollup_step *s);
NODISCARD status rollup_total_take_back(struct db *db, const struct rollup_step *s);

/* ---- sums in memory ---- */

/* W. ST_PAYMENT with words and the instant, or the amount is reserved in every budget that applies. */
NODISCARD status budgets_reserve(struct budgets *b, struct db *db, const struct generation_open *g,
                                 int64_t *resets_ms_out, struct err *e);
/* W. Moves what is known in memory of the period that holds `created_ms`; what is not known will be read with
 * the move already on disk. */
void budgets_move(struct budgets *b, str organization_id, int64_t created_ms, __int128 used,
                  __int128 reserved);
/* Known to have a hard limit? */
bool budgets_are_limited(const struct budgets *b, str organization_id);

/* What is known of the budget's period at that instant, for the proof of L5 and L6; false: nothing. */
struct budget_sums {
    __int128 used, reserved;
};
bool budgets_peek(const struct budgets *b, str organization_id, int64_t at_ms, struct budget_sums *out);

/* ---- rows ---- */

enum { MODEL_CAP = 160, KEY_HASH_CAP = 65, PROVIDER_CAP = 64, GENERATION_ID_CAP = 96, ERROR_CAP = 320 };

struct booked {
    char organization_id[ID_CAP], user_id[ID_CAP];
    char model[MODEL_CAP], key_hash[KEY_HASH_CAP];
    bool has_provider;
    char provider[PROVIDER_CAP];
    char generation_id[GENERATION_ID_CAP]; /* empty: unknown */
    enum generation_state state;
    bool is_correction;
    markup markup;
    pico reserved;
    int64_t created_ms;
    bool has_tokens;
    int64_t prompt_tokens, completion_tokens;
    bool has_cost;
    pico cost, billed;
    int64_t delivered_tokens;
    int checks;
    int64_t next_check_ms; /* 0: none */
};
NODISCARD status booked_read(struct db *db, str id, struct booked *out);
/* Still awaits its end: counts as reserved. */
static inline bool is_waiting(enum generation_state s)
{
    return s == GENERATION_OPEN || s == GENERATION_PENDING;
}
/* Has its place in the rollups. */
static inline bool is_counted(enum generation_state s)
{
    return s == GENERATION_SETTLED || s == GENERATION_CANCELLED || s == GENERATION_ESTIMATED;
}

/* Text of the supplier fit to be kept: STR_NONE when it is not well-formed text, cut at `max` bytes. */
str kept_text(str s, size_t max);
/* Something an id can be: visible ASCII, short enough. */
bool is_generation_id(str s);

/* The wait after `checks` questions in vain. */
int64_t check_wait_ms(int checks);

#endif

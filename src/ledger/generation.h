/* The books: one row per call to the supplier, written before the first byte goes out, settled in the same
 * transaction as rollups and budgets. All functions marked W run on the writer thread inside a write job.
 *
 * Time: a call belongs to the instant it was created, whenever its truth arrives. Usage of a day is what was
 * created on that day in the organization's zone, a budget's month likewise, so late truth lands in its own
 * day and month, and no call is counted in two.
 *
 * When a write job's run fails after one of these functions succeeded in it, the job calls the undo itself:
 * the store takes back the rows, nobody else takes back the sums in memory.
 *
 * Invariants
 *  L1 A call is `open` on disk before a byte of it goes upstream.
 *  L2 A row leaves `open`/`pending` once; settling again changes nothing (unique by generation id).
 *  L3 settled cost and billed are never rewritten; a correction is a new row that points at the old one.
 *  L4 rollups = sum of the settled, estimated and correcting rows, always, in the same transaction.
 *  L5 reserved(budget) = sum over open and pending rows; derived at start, so it cannot leak.
 *  L6 used + reserved never passes a hard limit by admission: reserve is atomic on the writer thread.
 *  L7 nothing is silently zero: cost NULL is unknown, 0 is the supplier's own word or a listed failure. */
#ifndef MAI_LEDGER_GENERATION_H
#define MAI_LEDGER_GENERATION_H

#include "money/pico.h"
#include "store/db.h"
#include "tenancy/scope.h"

enum generation_state {
    GENERATION_OPEN,      /* on its way */
    GENERATION_PENDING,   /* over, truth awaited from GET /generation */
    GENERATION_SETTLED,   /* the supplier's cost is in the row */
    GENERATION_CANCELLED, /* settled, and the client had hung up */
    GENERATION_FAILED,    /* cost 0, listed: surely not billed */
    GENERATION_ESTIMATED, /* no truth after 24 h: delivered tokens at list price */
};
str generation_state_text(enum generation_state s);
bool generation_state_parse(str s, enum generation_state *out);

/* Running sums and limits of all organizations, in memory, owned by the writer thread. */
struct budgets;
/* Before any job. An organization's sums are taken from rollups and open rows when it is first seen, so the start
 * does not grow with the ledger; from then on an admission is one lookup. */
NODISCARD status budgets_load(struct db *db, struct budgets **out);
void budgets_free(struct budgets *b); /* accepts NULL */

/* W. What the hard limits that apply to this caller leave right now: for `max_tokens`, in the same job as
 * generation_begin. */
struct budget_room {
    bool has_limit;
    pico limit;        /* of the budget with the least room */
    pico left;         /* limit - used - reserved, never below 0; PICO_MAX without a limit */
    int64_t resets_ms; /* when that budget starts anew; without a limit: when the month ends */
};
NODISCARD status budgets_room(struct budgets *b, struct db *db, const struct scope *who, int64_t now_ms,
                              struct budget_room *out);

struct generation_open {
    str id;                /* ours, id_new */
    struct scope scope;
    str api_key_id;        /* or STR_NONE */
    str key_hash;          /* supplier key the call is made with */
    str chat_id;           /* or STR_NONE */
    str purpose;           /* chat, title, embedding, api */
    str model;             /* asked for */
    bool is_stream;
    markup markup;
    pico reserved;         /* billed USD, worst case */
    int64_t now_ms;
};
/* W. ST_PAYMENT: over the limit; `e` says in a sentence what is used up and when it resets, resets_ms_out the
 * instant. Reserves and inserts in one. */
NODISCARD status generation_begin(struct budgets *b, struct db *db, const struct generation_open *g,
                                  int64_t *resets_ms_out, struct err *e);
/* W. Takes back what begin did in memory (its transaction was lost). Only after a begin that gave ST_OK. */
void generation_begin_undo(struct budgets *b, const struct generation_open *g);

/* W. The supplier's id, from X-Generation-Id or the first chunk. ST_CONFLICT: known from another row. */
NODISCARD status generation_identify(struct db *db, str id, str generation_id);

struct generation_result {
    str id;                        /* ours */
    enum generation_state state;   /* PENDING or an end */
    str generation_id, served_model, provider;   /* or STR_NONE */
    bool has_tokens;
    int64_t prompt_tokens, completion_tokens;
    bool has_cost;
    pico cost;                     /* raw */
    str cost_text;                 /* literal, or STR_NONE */
    str source;                    /* stream, answer, generation, estimate, none */
    str usage_json;                /* raw usage object or STR_NONE */
    str error;                     /* short, for the list; never message text */
    int64_t delivered_tokens;      /* estimate of what went out, for the 24 h rule */
    int64_t now_ms;
    bool is_priced;                /* the model's list price is above zero: a cost of 0 is then suspicious */
};
/* What a settle changed: for live counters. */
struct generation_settled {
    char organization_id[ID_CAP];
    char user_id[ID_CAP];
    bool was_changed;              /* false: it had been settled before */
    bool is_over_reservation;      /* alarm: the cost passed its reservation */
    pico cost, billed;             /* what was booked by this step: of a correction the difference */
    int64_t tokens;
    bool has_suspicious_zero;      /* alarm: tokens, cost 0, and the model is priced */
    bool is_unbookable;            /* alarm: the cost is negative or does not fit; the row stays pending, its text kept */
    bool is_duplicate;             /* alarm: the generation id is booked on another row; this one failed with cost 0 */
    enum generation_state state;   /* the row's state now */
    int64_t created_ms;
    pico released;                 /* reservation given back by this step */
};
/* W. Moves the row, its rollup and budget. Idempotent (L2). Nothing unknown becomes zero (L7): an end without a cost
 * stays pending, and a "failure" that has a cost is settled. ST_NOT_FOUND: no such row. Alarms are logged. */
NODISCARD status generation_settle(struct budgets *b, struct db *db, const struct generation_result *r,
                                   struct generation_settled *out);
/* W. Takes back in memory what settle did (its transaction was lost). */
void generation_settle_undo(struct budgets *b, const struct generation_settled *s, str id);

/* W. Truth that arrives after the row's end (an estimate, a failure that was billed after all, a reconciliation):
 * adds a row with the differences, which may be negative, at the creation time of the old one. r->id names the old
 * row; r->state, error and delivered_tokens mean nothing. Repeating it changes nothing. ST_CONFLICT: the row is still
 * open or pending (settle it), or is itself a correction; ST_UNPROCESSABLE: no cost given; ST_RANGE: the cost cannot
 * be booked. Undo: generation_settle_undo. */
NODISCARD status generation_correct(struct budgets *b, struct db *db, const struct generation_result *r,
                                    struct generation_settled *out);

/* Rows that wait for the truth and are due, oldest first, with what is needed to ask. Reader or writer. */
struct generation_due {
    char id[ID_CAP];
    char generation_id[96];        /* empty: unknown, look it up by key and time */
    char organization_id[ID_CAP], user_id[ID_CAP];
    char key_hash[65];
    char model[160];
    char external_user[ID_CAP];
    int64_t created_ms;
    int checks;
    int64_t delivered_tokens;
    bool has_tokens;
    int64_t prompt_tokens, completion_tokens;
};
NODISCARD status generation_list_due(struct db *db, struct system_scope why, int64_t now_ms, size_t max,
                                     struct generation_due *out, size_t *count_out);
/* The same for estimated rows: asked once a day until they are 30 days old; the answer goes to generation_correct. */
NODISCARD status generation_list_estimated(struct db *db, struct system_scope why, int64_t now_ms, size_t max,
                                           struct generation_due *out, size_t *count_out);
/* W. Asked in vain: next time by the schedule 1, 2, 4, 8, 16, 32, 60 s, 5 min, 30 min, 2 h, 24 h. */
NODISCARD status generation_postpone(struct db *db, str id, int64_t now_ms);
/* W. At start: every `open` row of an earlier run becomes `pending`, due now. Gives their number. */
NODISCARD status generation_recover(struct db *db, int64_t now_ms, int64_t *count_out);

/* W. Tell the budgets that an organization's limit, zone or markup changed. */
NODISCARD status budgets_reload(struct budgets *b, struct db *db, str organization_id);
/* W. The undo of a job that reloaded: what is known of the organization is read again when it is next needed. */
void budgets_forget(struct budgets *b, str organization_id);

#endif

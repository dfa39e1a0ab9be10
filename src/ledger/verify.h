/* Proof of invariant L4: the sums kept in the rollups, made again from the rows and compared. Reads a day at a time,
 * each in a short read transaction, so it can run beside a busy server and memory does not grow with the ledger. Reading
 * threads or the writer. */
#ifndef MAI_LEDGER_VERIFY_H
#define MAI_LEDGER_VERIFY_H

#include "ledger/generation.h"

enum { LEDGER_DIFFERENCES_KEPT = 32 };

struct ledger_sums {
    int64_t requests, prompt_tokens, completion_tokens;
    pico cost, billed;
};
struct ledger_difference {
    char organization_id[ID_CAP];
    char user_id[ID_CAP];    /* empty: the organization's own total of that quarter of an hour differs */
    char model[160], key_hash[65], provider[64];
    int64_t slot_start_ms;
    struct ledger_sums rows, rollup;
};
struct ledger_verification {
    int64_t rows;            /* rows that count, corrections included */
    int64_t rollups;         /* rollup rows compared */
    int64_t differences;     /* all of them; the first ones are kept */
    size_t kept;
    struct ledger_difference first[LEDGER_DIFFERENCES_KEPT];
};
/* ST_RANGE: sums of rows that do not even fit. */
NODISCARD status ledger_verify(struct db *db, struct system_scope why, struct ledger_verification *out);

#endif

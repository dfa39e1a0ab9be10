/* How a call ended: for the books and for the person. A pure decision over what was seen, so every way out can
 * be tested as a table. */
#ifndef MAI_COMPLETION_OUTCOME_H
#define MAI_COMPLETION_OUTCOME_H

#include "gateway/relay.h"
#include "ledger/generation.h"

struct call_facts {
    int code;                    /* of the supplier's answer, 0: none came */
    status upstream_st;          /* ST_OK: the body ended regularly; ST_CANCELLED: we stopped it */
    bool may_have_happened;
    bool is_left;                /* the person had gone or stopped */
    bool has_generation_id;
    const struct relay *relay;   /* with code 200 */
    str error_body;              /* with another code */
    str upstream_text;
};

struct call_outcome {
    enum generation_state state;
    const char *source;          /* stream, answer, none */
    char error[160];             /* for the ledger: short, no message text */
    status person_st;            /* ST_OK: the answer as it came */
    char person_text[320];
};

void call_outcome(const struct call_facts *f, struct call_outcome *out);

#endif

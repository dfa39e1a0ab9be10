/* The spending limit stands in two places: in mAI (enforced) and at the key (shown in OpenRouter's
 * dashboard, where the provider may change it too). Read back every few minutes and before a refusal; the
 * newer change wins and is shown. Functions marked W run inside a write job. */
#ifndef MAI_TENANCY_LIMITS_H
#define MAI_TENANCY_LIMITS_H

#include "base/clock.h"
#include "crypt/crypt.h"
#include "openrouter/manage.h"
#include "store/db.h"
#include "tenancy/organization.h"
#include "tenancy/scope.h"

#define LIMITS_REFRESH_MS (5 * 60 * MS_PER_SECOND)

struct limit_value {
    bool has_limit;
    pico limit;
};
struct limit_facts {
    struct limit_value mai;        /* in force in mAI */
    int64_t mai_changed_ms;        /* 0: never set by anybody */
    struct limit_value seen;       /* at OpenRouter, when last read */
    int64_t seen_ms;               /* 0: never read */
    struct limit_value now;        /* at OpenRouter now */
    int64_t now_changed_ms;        /* when the key was changed there; 0: unknown */
    enum limit_reset now_reset;
};
enum limit_action {
    LIMIT_AGREE, /* both say the same */
    LIMIT_ADOPT, /* OpenRouter's is newer */
    LIMIT_PUSH,  /* mAI's is newer: send it to OpenRouter */
};
/* A daily or weekly limit at OpenRouter is no month's limit: it stays there, beside mAI's. */
enum limit_action limit_decide(const struct limit_facts *f);

enum { LIMITS_DUE_MAX = 32 };
/* Organizations whose key in use was not read for LIMITS_REFRESH_MS. */
NODISCARD status limits_list_due(struct db *db, struct system_scope why, int64_t now_ms,
                                 char ids_out[static LIMITS_DUE_MAX][ID_CAP], size_t *count_out);
/* What OpenRouter says about the organization's key in use. Plain values. */
struct limits_reading {
    char organization_id[ID_CAP];
    char key_hash[65];
    bool is_refused;               /* OpenRouter does not take the key (disabled, deleted) */
    char reason[256];
    struct limit_value limit;
    pico limit_remaining;
    enum limit_reset reset;
    int64_t changed_ms;            /* 0: unknown */
    int64_t read_ms;
};
/* Blocking, on a worker: /keys/{hash} with the management key when there is one (STR_NONE: none) and it can
 * see the key, else GET /key with the key itself. ST_NOT_FOUND: no key in use; ST_UPSTREAM...: not now. */
NODISCARD status limits_read(struct db *db, struct system_scope why, struct openrouter *o,
                             const struct master_key *m, str management_key, str organization_id,
                             struct limits_reading *out, struct err *e);
struct limits_applied {
    enum limit_action action;
    struct limit_value limit; /* now in force; with LIMIT_PUSH: to be sent (limits_push) */
    enum limit_reset reset;   /* with LIMIT_PUSH: monthly, as mAI's limit is a month's */
    bool is_changed;          /* limit or key state changed: reload budgets, drop principals */
};
/* W. ST_NOT_FOUND: the key is not in use any more. */
NODISCARD status limits_apply(struct db *db, struct system_scope why, const struct limits_reading *r,
                              struct limits_applied *out, struct err *e);
/* Blocking: sends mAI's limit to the key at OpenRouter. Then limits_pushed. */
NODISCARD status limits_push(struct openrouter *o, str management_key, str key_hash,
                             struct limit_value limit, enum limit_reset reset, struct err *e);
/* W. OpenRouter has it. */
NODISCARD status limits_pushed(struct db *db, struct system_scope why, str organization_id, str key_hash,
                               struct limit_value limit, enum limit_reset reset);

#endif

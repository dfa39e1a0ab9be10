/* Supplier keys and key sync: an admin pastes a key, the answer is immediate, the key is checked behind it,
 * and the organization that it belongs to is found or made.
 *
 *   connection_save (W)  ->  connection_check (worker, no transaction)  ->  connection_apply (W)
 *
 * Invariants
 *  K1 Until a new key is verified the old one works on.
 *  K2 A key in use or expected belongs to one organization (unique by hash).
 *  K3 Holding a key is no right to a company: nobody enters an organization that has an admin without that
 *     admin's or the provider's approval.
 *  K4 Key text is stored sealed only, is never logged, and is kept after retirement until its calls are
 *     settled.
 *  K5 A key goes to the OpenRouter base only.
 *
 * Functions marked W run inside a write job. Strings handed out live in the given arena. */
#ifndef MAI_TENANCY_CONNECTION_H
#define MAI_TENANCY_CONNECTION_H

#include "crypt/crypt.h"
#include "money/pico.h"
#include "openrouter/manage.h"
#include "store/db.h"
#include "tenancy/connection_decide.h"
#include "tenancy/key_state.h"
#include "tenancy/rules.h"
#include "tenancy/scope.h"

/* ---- what an admin sees ---- */
struct supplier_key {
    str id, hash, url, last4, label, name, reason; /* label, name, reason: STR_NONE when unknown */
    enum key_state state;
    bool is_current;
    int64_t checked_ms; /* 0: never */
    bool has_limit;
    pico limit, limit_remaining;
    enum limit_reset limit_reset;
    int64_t created_ms;
};
struct connection {
    bool has_shown; /* the key to show: the newest entered one, else the one in use */
    struct supplier_key shown;
    bool has_previous; /* the one in use, while a newer one is not verified */
    struct supplier_key previous;
};
/* Admin only (ST_FORBIDDEN). No key: ST_OK with has_shown false. */
NODISCARD status connection_read(struct db *db, struct scope by, struct arena *a, struct connection *out,
                                 struct err *e);
/* Is a key in use? For everybody in the organization: without one no call can be made. */
NODISCARD status connection_has_key(struct db *db, struct scope by, bool *out);
/* "…1c96": how a saved key is shown in place of its text; dst holds 16. */
str connection_mask(str last4, char *dst);

/* ---- saving ---- */
struct connection_save {
    const struct openrouter *openrouter; /* whose base the URL must be */
    const struct master_key *master;
    str url;
    str key; /* empty or the mask: the saved key stays as it is */
};
/* W. Admin only. ST_UNPROCESSABLE: another address than the OpenRouter base, or no possible key. Stores the
 * candidate as `checking`; needs_check_out: post connection_check for key_id_out (empty otherwise). Saving
 * the key in use again changes nothing; saving the same candidate again checks it anew. */
NODISCARD status connection_save(struct db *db, struct scope by, const struct connection_save *in,
                                 char key_id_out[static ID_CAP], bool *needs_check_out, struct err *e);
/* W. Forgets the key in use and any candidate: no call is made until a new one is verified. Admin only. */
NODISCARD status connection_remove(struct db *db, struct scope by, struct err *e);

/* ---- the check behind it ---- */
enum { CONNECTIONS_DUE_MAX = 32 };
/* Ids of keys that wait for a check (just saved, or unreachable and due). At start and by the scheduler. */
NODISCARD status connection_list_due(struct db *db, struct system_scope why, int64_t now_ms,
                                     char ids_out[static CONNECTIONS_DUE_MAX][ID_CAP], size_t *count_out);
/* What OpenRouter says about a candidate. Plain values: travels from the worker to the write job. */
struct connection_finding {
    char key_id[ID_CAP];
    enum connection_verdict verdict;
    char reason[256];           /* for people; empty when valid */
    bool has_details;           /* label, limit, reset are known */
    char label[128];
    bool has_name;
    char name[NAME_CAP];        /* the key's name, when the management key may read it */
    bool has_limit;
    pico limit, limit_remaining;
    enum limit_reset limit_reset;
    int64_t found_ms;
};
/* Blocking, on a worker; asks GET /key with the candidate, then /keys/{hash} with the management key
 * (STR_NONE: there is none). ST_NOT_FOUND: the candidate was replaced. Never fails for OpenRouter's sake:
 * that is a verdict. */
NODISCARD status connection_check(struct db *db, struct openrouter *o, const struct master_key *m,
                                  str management_key, str key_id, struct connection_finding *out);
struct connection_applied {
    enum connection_action action;
    enum key_state state;
    char organization_id[ID_CAP];     /* where the key now is (or waits) */
    char old_organization_id[ID_CAP]; /* the saver's before a move, else empty; it is deleted by the move */
    char saver_id[ID_CAP];            /* empty: the provider's rotation */
    char replaced_hash[65];           /* the key that worked until now; empty: none */
    bool is_replaced_by_rotation;     /* disable it at OpenRouter now */
    int64_t next_check_ms;            /* 0: none */
};
/* W. Decides (connection_decide) on what the database says now and carries it out. ST_NOT_FOUND: the
 * candidate was replaced meanwhile, nothing happened. The caller drops principals of both organizations and
 * tells the event `connection`. */
NODISCARD status connection_apply(struct db *db, struct system_scope why, const struct master_key *m,
                                  const struct connection_finding *f, struct connection_applied *out,
                                  struct err *e);
/* When to ask again after so many vain checks: 5 s, 15 s, 30 s, 1, 2, 5, 10, 30 min, then hourly. */
int64_t connection_retry_ms(int64_t checks);

/* ---- approval ---- */
struct waiting_key {
    str hash, last4;
    str owner_id, owner_name;         /* the organization that the key belongs to */
    str saver_organization_id;
    str saver_name, saver_email;
    int64_t created_ms;
};
/* Those that wait for this admin. */
NODISCARD status connection_waiting(struct db *db, struct scope by, struct arena *a,
                                    struct waiting_key **out, size_t *count_out, struct err *e);
NODISCARD status connection_provider_waiting(struct db *db, struct provider_scope by, struct arena *a,
                                             struct waiting_key **out, size_t *count_out);
/* W. Lets the saver (as `user`) into the organization the key belongs to. The provider names either
 * organization. ST_NOT_FOUND: nothing waits; ST_CONFLICT: the saver cannot move any more. */
NODISCARD status connection_approve(struct db *db, struct scope by, const struct master_key *m, str hash,
                                    struct connection_applied *out, struct err *e);
NODISCARD status connection_provider_approve(struct db *db, struct provider_scope by,
                                             const struct master_key *m, str organization_id, str hash,
                                             struct connection_applied *out, struct err *e);

/* ---- the provider's keys ---- */
struct supplied_key { /* as OpenRouter's answer to creating it */
    str hash, text, label, name;
    str url;
    bool has_limit;
    pico limit;
    enum limit_reset limit_reset;
};
/* W. A key was made for the organization: without text in mAI until somebody enters it. */
NODISCARD status connection_expect(struct db *db, struct provider_scope by, str organization_id,
                                   const struct supplied_key *k, struct err *e);
/* W. Rotation. Where a key is in use the new one is stored with its text as candidate (check key_id_out; on
 * apply it becomes the key in use and the old hash is told, to be disabled). Where none was entered yet it
 * replaces the expected one, whose hash is in replaced_hash_out (65 bytes), and key_id_out is empty. */
NODISCARD status connection_rotate(struct db *db, struct provider_scope by, const struct master_key *m,
                                   str organization_id, const struct supplied_key *k,
                                   char key_id_out[static ID_CAP], char *replaced_hash_out, struct err *e);
/* Hashes of the keys in use or expected: to disable, enable, limit or delete them at OpenRouter. */
NODISCARD status connection_hashes(struct db *db, struct provider_scope by, str organization_id,
                                   struct arena *a, str **out, size_t *count_out, struct err *e);

/* ---- for the server's own calls ---- */
/* Text of a key by its hash, also a retired one: to settle calls made with it. Wipe after use.
 * ST_NOT_FOUND: never entered, or forgotten. */
NODISCARD status connection_key_text(struct db *db, struct system_scope why, const struct master_key *m,
                                     str organization_id, str hash, struct arena *a, str *text_out);
/* W. Forgets the sealed text of retired keys whose calls are all settled. */
NODISCARD status connection_forget_retired(struct db *db, struct system_scope why, int64_t *count_out);

#endif

/* The heart of key sync as a pure function: from what OpenRouter says about a pasted key and what mAI knows,
 * to what is to be done. Tested over all inputs. */
#ifndef MAI_TENANCY_CONNECTION_DECIDE_H
#define MAI_TENANCY_CONNECTION_DECIDE_H

#include "tenancy/key_state.h"

enum connection_verdict {
    VERDICT_VALID,
    VERDICT_MANAGEMENT,  /* a management key: never used for calls */
    VERDICT_REFUSED,     /* wrong, disabled, expired, deleted */
    VERDICT_UNREACHABLE, /* OpenRouter could not be asked */
};

enum key_owner { OWNER_NONE, OWNER_SAVER, OWNER_OTHER };

struct connection_facts {
    enum connection_verdict verdict;
    enum key_owner owner;         /* whose organization the hash is known in */
    bool owner_has_admin;         /* OWNER_OTHER only, like the next */
    bool owner_is_disabled;
    bool saver_can_move;          /* still admin of an organization without key, calls or other people */
    bool is_approved;             /* by the owner's admin or the provider */
};

enum connection_action {
    ACTION_REFUSE,         /* KEY_REFUSED */
    ACTION_RETRY,          /* KEY_UNREACHABLE, asked again later */
    ACTION_ADOPT,          /* new to mAI: the saver's organization takes it (and its name, if it has none of
                              its own) */
    ACTION_USE,            /* the saver's organization's own key */
    ACTION_MOVE,           /* the saver moves into the key's organization, as its admin */
    ACTION_MOVE_APPROVED,  /* the same, as `user`, let in by somebody */
    ACTION_AWAIT_APPROVAL, /* KEY_AWAITING_APPROVAL */
    ACTION_FOREIGN,        /* KEY_FOREIGN */
};
enum connection_action connection_decide(const struct connection_facts *f);
/* The state the candidate gets. */
enum key_state connection_action_state(enum connection_action a);

#endif

/* Key sync's decision; see connection_decide.h. Pure. */
#include "tenancy/connection_decide.h"

static enum connection_action decide_foreign(const struct connection_facts *f)
{
    if (f->owner_is_disabled || !f->saver_can_move)
        return ACTION_FOREIGN;
    if (f->is_approved)
        return ACTION_MOVE_APPROVED;
    return f->owner_has_admin ? ACTION_AWAIT_APPROVAL : ACTION_MOVE; /* K3 */
}

enum connection_action connection_decide(const struct connection_facts *f)
{
    switch (f->verdict) {
    case VERDICT_UNREACHABLE:
        return ACTION_RETRY;
    case VERDICT_MANAGEMENT:
    case VERDICT_REFUSED:
        return ACTION_REFUSE;
    case VERDICT_VALID:
        break;
    }
    switch (f->owner) {
    case OWNER_NONE:
        return ACTION_ADOPT;
    case OWNER_SAVER:
        return ACTION_USE;
    case OWNER_OTHER:
        return decide_foreign(f);
    }
    UNREACHABLE();
}

enum key_state connection_action_state(enum connection_action a)
{
    static const enum key_state states[] = {
        [ACTION_REFUSE] = KEY_REFUSED,
        [ACTION_RETRY] = KEY_UNREACHABLE,
        [ACTION_ADOPT] = KEY_VERIFIED,
        [ACTION_USE] = KEY_VERIFIED,
        [ACTION_MOVE] = KEY_VERIFIED,
        [ACTION_MOVE_APPROVED] = KEY_VERIFIED,
        [ACTION_AWAIT_APPROVAL] = KEY_AWAITING_APPROVAL,
        [ACTION_FOREIGN] = KEY_FOREIGN,
    };
    CHECK((size_t)a < COUNT_OF(states));
    return states[a];
}

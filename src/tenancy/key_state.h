/* The states of a supplier key inside mAI, their stored and their shown words. Pure. */
#ifndef MAI_TENANCY_KEY_STATE_H
#define MAI_TENANCY_KEY_STATE_H

#include "base/str.h"

enum key_state {
    KEY_NONE,              /* there is no key */
    KEY_EXPECTED,          /* made by the provider, its text not entered yet */
    KEY_CHECKING,
    KEY_VERIFIED,
    KEY_REFUSED,           /* wrong, disabled, or a management key: not used */
    KEY_UNREACHABLE,       /* OpenRouter could not be asked: retried */
    KEY_FOREIGN,           /* belongs to another organization, and the saver cannot move there */
    KEY_AWAITING_APPROVAL, /* belongs to another organization, which may let the saver in */
    KEY_RETIRED,           /* replaced; kept sealed until its calls are settled */
};
str key_state_text(enum key_state s);             /* as stored */
bool key_state_parse(str s, enum key_state *out); /* as stored */
/* For people and the API: "none" for NONE, EXPECTED and RETIRED, "belongs to another organization",
 * "waiting for approval", else the stored word. */
str key_state_shown(enum key_state s);

#endif

/* Words for the states of a supplier key; see key_state.h. */
#include "tenancy/key_state.h"

static const struct {
    str stored, shown;
} STATES[] = {
    [KEY_NONE] = {STR_INIT("none"), STR_INIT("none")},
    [KEY_EXPECTED] = {STR_INIT("expected"), STR_INIT("none")},
    [KEY_CHECKING] = {STR_INIT("checking"), STR_INIT("checking")},
    [KEY_VERIFIED] = {STR_INIT("verified"), STR_INIT("verified")},
    [KEY_REFUSED] = {STR_INIT("refused"), STR_INIT("refused")},
    [KEY_UNREACHABLE] = {STR_INIT("unreachable"), STR_INIT("unreachable")},
    [KEY_FOREIGN] = {STR_INIT("foreign"), STR_INIT("belongs to another organization")},
    [KEY_AWAITING_APPROVAL] = {STR_INIT("awaiting approval"), STR_INIT("waiting for approval")},
    [KEY_RETIRED] = {STR_INIT("retired"), STR_INIT("none")},
};

str key_state_text(enum key_state s)
{
    CHECK((size_t)s < COUNT_OF(STATES));
    return STATES[s].stored;
}

bool key_state_parse(str s, enum key_state *out)
{
    for (size_t i = 0; i < COUNT_OF(STATES); i++) {
        if (!str_eq(s, STATES[i].stored))
            continue;
        *out = (enum key_state)i;
        return true;
    }
    return false;
}

str key_state_shown(enum key_state s)
{
    CHECK((size_t)s < COUNT_OF(STATES));
    return STATES[s].shown;
}

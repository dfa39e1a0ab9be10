/* Whose limit is newer; see limits.h. Pure. */
#include "tenancy/limits.h"

static bool is_same(struct limit_value a, struct limit_value b)
{
    return a.has_limit == b.has_limit && (!a.has_limit || pico_cmp(a.limit, b.limit) == 0);
}

enum limit_action limit_decide(const struct limit_facts *f)
{
    bool is_of_another_span = f->now_reset == RESET_DAILY || f->now_reset == RESET_WEEKLY;
    if (is_of_another_span || is_same(f->mai, f->now))
        return LIMIT_AGREE;
    if (f->mai_changed_ms == 0)
        return LIMIT_ADOPT; /* nobody ever set one in mAI */
    if (f->seen_ms == 0)
        return LIMIT_PUSH; /* first sight of a key: the organization's own limit stands */
    if (is_same(f->seen, f->now))
        return LIMIT_PUSH; /* unchanged there: mAI's change has not arrived yet */
    if (f->mai_changed_ms <= f->seen_ms)
        return LIMIT_ADOPT; /* changed there since we looked, here before */
    return f->now_changed_ms > f->mai_changed_ms ? LIMIT_ADOPT : LIMIT_PUSH; /* both: the later */
}

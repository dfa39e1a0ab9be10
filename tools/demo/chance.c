/* Repeatable chance (xorshift64*); see demo.h. */
#include "demo.h"

uint64_t chance_next(struct chance *c)
{
    c->state ^= c->state >> 12;
    c->state ^= c->state << 25;
    c->state ^= c->state >> 27;
    return c->state * UINT64_C(0x2545F4914F6CDD1D);
}

int64_t chance_between(struct chance *c, int64_t least, int64_t most)
{
    return least + (int64_t)(chance_next(c) >> 11) % (most - least + 1);
}

bool chance_percent(struct chance *c, int64_t percent)
{
    return chance_between(c, 1, 100) <= percent;
}

size_t chance_weighted(struct chance *c, const int *weights, size_t count)
{
    int64_t sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += weights[i];
    int64_t left = chance_between(c, 1, sum);
    for (size_t i = 0; i < count; i++)
        if ((left -= weights[i]) <= 0)
            return i;
    return count - 1;
}

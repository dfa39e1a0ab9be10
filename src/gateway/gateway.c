/* Small helpers over the shared parts; see gateway.h. */
#include "gateway/gateway.h"
#include "gateway/principals.h"

size_t gateway_loop_index(const struct gateway *g)
{
    struct loop *l = loop_current();
    for (size_t i = 0; i < g->loop_count; i++)
        if (g->loops[i] == l)
            return i;
    UNREACHABLE();
}

void gateway_forget(struct gateway *g, str id)
{
    for (size_t i = 0; i < g->loop_count; i++)
        principals_forget(g->principals[i], id);
}

/* Small helpers over the shared parts; see gateway.h. */
#include "gateway/gateway.h"
#include "gateway/principals.h"

#include <stdio.h>

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
    char topic[128];
    for (size_t i = 0; i < g->loop_count; i++)
        principals_forget(g->principals[i], id);
    snprintf(topic, sizeof topic, "session:%.*s", STR_ARG(id));
    hub_publish(g->hub, str_c(topic), STR("{\"type\":\"session:changed\"}"));
}

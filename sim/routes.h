/* Every route of the simulator, in one table, and who may call it. */
#ifndef SIM_ROUTES_H
#define SIM_ROUTES_H

#include "sim.h"

enum route_auth {
    AUTH_NONE,
    AUTH_ANY,        /* any usable key */
    AUTH_INFERENCE,  /* a management key is refused */
    AUTH_MANAGEMENT, /* an inference key is refused */
    AUTH_CONTROL     /* /sim/...: none, no script, not logged */
};

/* A request on its way to its route. */
struct ask {
    struct sim *sim;
    const struct http_request *http;
    struct key *key;           /* NULL for AUTH_NONE and AUTH_CONTROL */
    str rest;                  /* what stood for '*' in the route's path */
    struct seen_request *seen; /* NULL: no log */
};

typedef void route_handler(const struct ask *a, struct reply *out);

struct route {
    const char *method;
    const char *path; /* may end in '*' */
    enum route_auth auth;
    route_handler *handler; /* NULL: chat completions, which answers by itself */
    const char *help;       /* control routes, for --help */
};
extern const struct route routes[];
extern const size_t route_count;

void sim_handle(void *sim, struct http_conn *c, const struct http_request *r); /* an http_handler */
/* Writes the key of the Authorization header, NULL when unknown. */
struct key *route_key(struct sim *s, const struct http_request *r);

/* ---- the handlers, by file ---- */
/* keys_api.c */
route_handler keys_list, keys_create, keys_read, keys_patch, keys_remove, key_current;
/* account.c */
route_handler credits_read, activity_read, generation_read, generation_content, providers_list;
route_handler models_list, models_list_user, models_count, model_read, model_endpoints;
route_handler embeddings_models, empty_list;
/* analytics.c */
route_handler analytics_query, analytics_meta;
/* inference.c */
route_handler embeddings_create;
void chat_create(const struct ask *a, struct http_conn *c);
/* control.c */
route_handler control_script, control_clock, control_clock_read, control_bill, control_requests;
route_handler control_stats, control_reset, control_credits, control_models;

#endif

/* What clients.c and clients_change.c share. */
#ifndef MAI_GATEWAY_CLIENTS_PRIVATE_H
#define MAI_GATEWAY_CLIENTS_PRIVATE_H

#include "gateway/clients.h"
#include "tenancy/connection.h"

/* The provisioning key with an arena of its own, wiped at the end (MAI_AUTO). */
struct management {
    struct arena arena;
    str key; /* empty: there is none */
};
/* ST_CONFLICT: there is none (m stays usable). Always end with management_free. */
NODISCARD status management_take(const struct client_host *h, struct management *m, struct err *e);
void management_free(struct management *m);

/* A failure of OpenRouter as one of our own calls' failure: "not signed in" there is not "not
 * signed in" here. */
status supplier_failure(status st, struct err *e);

/* Makes a key at OpenRouter. The text is in the arena. */
struct new_key {
    str client_name;
    bool has_limit;
    pico limit;
    enum limit_reset reset;
};
NODISCARD status supply_key(const struct client_host *h, const struct management *m,
                            const struct new_key *n, struct arena *a, struct supplied_key *out,
                            struct err *e);
/* C1: a key that was made in vain goes again; e keeps the cause, and names the key when it could
 * not. */
void supply_take_back(const struct client_host *h, const struct management *m,
                      const struct supplied_key *k, struct err *e);

/* A write job; when it fails, what it told the budgets is taken back. */
NODISCARD status client_write(const struct client_host *h, str organization_id,
                              status (*run)(struct db *db, void *ctx), void *ctx);
/* W. In such a job, after limit, zone or markup changed; nothing without budgets. */
NODISCARD status client_reload(const struct client_host *h, struct db *db, str organization_id);
/* After the commit. */
void client_forget(const struct client_host *h, str organization_id);

#endif

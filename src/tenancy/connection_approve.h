/* Inside the room: a waiting candidate is let in. W. */
#ifndef MAI_TENANCY_CONNECTION_APPROVE_H
#define MAI_TENANCY_CONNECTION_APPROVE_H

#include "tenancy/connection.h"

NODISCARD status connection_apply_approved(struct db *db, const struct master_key *m, str key_id,
                                           struct connection_applied *out, struct err *e);

#endif

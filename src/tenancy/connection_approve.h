/* Inside the room: a waiting candidate is let in, by the provider or by the organization that owns the key. W. */
#ifndef MAI_TENANCY_CONNECTION_APPROVE_H
#define MAI_TENANCY_CONNECTION_APPROVE_H

#include "tenancy/connection.h"

/* approver_id: whose admin approves; STR_NONE: the provider does. ST_NOT_FOUND: it is not (any more) the
 * approver's key. */
NODISCARD status connection_apply_approved(struct db *db, const struct master_key *m, str key_id, str approver_id,
                                           struct connection_applied *out, struct err *e);

#endif

/* Inside the room: an invitation found by its token, and its use by a sign-up. */
#ifndef MAI_TENANCY_INVITATION_ROW_H
#define MAI_TENANCY_INVITATION_ROW_H

#include "tenancy/invitation.h"

struct invitation_row {
    str id, organization_id, organization_name, email, email_folded;
    enum role role;
};
NODISCARD status invitation_row_read(struct db *db, str token, int64_t now_ms, struct arena *a,
                                     struct invitation_row *out);
/* W. ST_NOT_FOUND: used meanwhile. */
NODISCARD status invitation_row_use(struct db *db, str id, str organization_id, str user_id);

#endif

/* Inside the room: how an organization comes to be and stops, without asking who wants it. All W. */
#ifndef MAI_TENANCY_ORGANIZATION_ROW_H
#define MAI_TENANCY_ORGANIZATION_ROW_H

#include "tenancy/organization.h"

/* is_name_own false: made up from a person's name, the first key's name may replace it. */
NODISCARD status organization_insert(struct db *db, const struct organization_new *n, bool is_name_own,
                                     char id_out[static ID_CAP], struct err *e);
/* Ends keys, people, sessions and invitations of it, and marks the row. */
NODISCARD status organization_bury(struct db *db, str id, int64_t now_ms, struct err *e);
NODISCARD status organization_row_read(struct db *db, str id, struct arena *a, struct organization *out,
                                       struct err *e);

#endif

/* External users: everybody has a stable pseudonym that is sent as `user` for ever. After a person's first
 * settled call the value OpenRouter reports for it is recorded; attribution never depends on it. Functions
 * marked W run inside a write job. */
#ifndef MAI_TENANCY_LEARNING_H
#define MAI_TENANCY_LEARNING_H

#include "base/arena.h"
#include "store/db.h"
#include "tenancy/scope.h"
#include "tenancy/user.h"

/* "mai_" and 24 random characters; dst holds ID_CAP. */
void external_user_new(char *dst);

/* Is there something to learn from this person's settled call: still `assigned` and not asked within a day? */
NODISCARD status learning_is_due(struct db *db, struct system_scope why, str user_id, int64_t now_ms,
                                 bool *out);
struct learning_due {
    char user_id[ID_CAP], organization_id[ID_CAP];
    char generation_id[96]; /* the person's newest settled call with an id */
    char key_hash[65];      /* it was made with */
};
/* People still `assigned` with settled calls, not asked within a day. */
NODISCARD status learning_list_due(struct db *db, struct system_scope why, int64_t now_ms, size_t max,
                                   struct learning_due *out, size_t *count_out);
/* W. reported: openrouter_generation's external_user, STR_NONE for null (stays assigned, asked again after a
 * day). Logs `Auto-learning external_user for user`. is_learned_out: it became learned now. A second report
 * changes nothing. */
NODISCARD status learning_apply(struct db *db, struct system_scope why, str user_id, str reported,
                                int64_t now_ms, bool *is_learned_out);

/* Who is who, for the provider's list (GET /user-mappings). */
struct user_mapping {
    str user_id, organization_id, external_user;
    enum external_state state;
    bool is_active;
    int64_t created_ms, updated_ms;
};
NODISCARD status user_mapping_list(struct db *db, struct provider_scope by, struct arena *a,
                                   struct user_mapping **out, size_t *count_out);

#endif

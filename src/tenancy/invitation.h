/* Invitation links: an admin makes one, a newcomer signs up with it (user_sign_up). Valid 7 days, once;
 * the token is stored hashed. Functions marked W run inside a write job. */
#ifndef MAI_TENANCY_INVITATION_H
#define MAI_TENANCY_INVITATION_H

#include "base/arena.h"
#include "base/clock.h"
#include "crypt/crypt.h"
#include "store/db.h"
#include "tenancy/scope.h"

#define INVITATION_TOKEN_PREFIX "mai_i_"
#define INVITATION_LIFE_MS (7 * MS_PER_DAY)

struct invitation { /* strings in the arena */
    str id;
    str email; /* STR_NONE: for anybody who has the link */
    enum role role;
    int64_t created_ms, expires_ms, used_ms; /* used 0: not yet */
};
struct invitation_made {
    char id[ID_CAP];
    char token[TOKEN_TEXT_CAP]; /* secret, shown once */
    int64_t created_ms, expires_ms;
};
/* W. Admin only. email may be STR_NONE. */
NODISCARD status invitation_create(struct db *db, struct scope by, str email, enum role role,
                                   struct invitation_made *out, struct err *e);
/* Admin only; newest first. */
NODISCARD status invitation_list(struct db *db, struct scope by, struct arena *a, struct invitation **out,
                                 size_t *count_out, struct err *e);
/* W. Admin only. */
NODISCARD status invitation_delete(struct db *db, struct scope by, str id, struct err *e);
struct invitation_offer {
    str organization_name, email;
    enum role role;
};
/* For the holder of the link, without login. ST_NOT_FOUND: unknown, used, expired, organization gone. */
NODISCARD status invitation_by_token(struct db *db, str token, int64_t now_ms, struct arena *a,
                                     struct invitation_offer *out, struct err *e);

#endif

/* Web sessions: opaque tokens, stored hashed; 30 days at most, 7 days idle; listed and revocable by their
 * owner. Functions marked W run inside a write job. */
#ifndef MAI_TENANCY_SESSION_H
#define MAI_TENANCY_SESSION_H

#include "base/arena.h"
#include "base/clock.h"
#include "crypt/crypt.h"
#include "store/db.h"
#include "tenancy/scope.h"

#define SESSION_TOKEN_PREFIX "mai_s_"
#define SESSION_LIFE_MS (30 * MS_PER_DAY)
#define SESSION_IDLE_MS (7 * MS_PER_DAY)
#define SESSION_TOUCH_MS (5 * 60 * MS_PER_SECOND)

/* A person who has just proved who they are: made only by login_password, user_sign_up and
 * identity_of_own. */
struct identity {
    char user_id[ID_CAP];
    char verified_hash[PASSWORD_HASH_CAP]; /* that the password fitted; empty: not by password */
    char rehash[PASSWORD_HASH_CAP]; /* the same password, hashed anew; empty: not needed */
};
/* After a change of the own password. */
struct identity identity_of_own(struct own_scope by);

struct session_made {
    char token[TOKEN_TEXT_CAP]; /* secret, shown once */
    char id[ID_CAP];
    int64_t expires_ms;
};
/* W. ST_FORBIDDEN: the account was disabled meanwhile; ST_UNAUTHENTICATED: it is gone or its password was
 * changed meanwhile. Ended sessions of the person are cleared away; above
 * 100 the oldest goes. */
NODISCARD status session_create(struct db *db, const struct identity *who, str user_agent, str address,
                                struct session_made *out, struct err *e);
/* W. Somebody is here; changes the row (and the person's last_active) only when the last sign is older than
 * SESSION_TOUCH_MS. */
NODISCARD status session_touch(struct db *db, struct own_scope by, str session_id, int64_t now_ms);

struct session { /* strings in the arena */
    str id, user_agent, address;
    int64_t created_ms, last_seen_ms, expires_ms;
};
/* Living ones, newest first. */
NODISCARD status session_list(struct db *db, struct own_scope by, struct arena *a, struct session **out,
                              size_t *count_out);
/* W. ST_NOT_FOUND: not yours or absent. */
NODISCARD status session_end(struct db *db, struct own_scope by, str session_id, struct err *e);
/* W. All but one (STR_NONE: all). */
NODISCARD status session_end_others(struct db *db, struct own_scope by, str keep_session_id);
/* W. Clears away ended ones of everybody. */
NODISCARD status session_sweep(struct db *db, struct system_scope why, int64_t now_ms);

#endif

/* Passwords at the door. Guesses are limited per account and per address, in memory, in a bounded table
 * with exponential delay; an unknown account takes as long as a wrong password and gets the same words.
 * Blocking (about 20 ms of Argon2id): workers only. */
#ifndef MAI_TENANCY_LOGIN_H
#define MAI_TENANCY_LOGIN_H

#include "crypt/crypt.h"
#include "store/db.h"
#include "tenancy/session.h"

struct login_limiter; /* any thread */
struct login_limiter *login_limiter_new(void);
void login_limiter_free(struct login_limiter *l);

/* The limiter alone. Begin counts the attempt as failed beforehand, so parallel guesses cannot slip
 * through; login_limiter_ok takes it back. 5 free guesses per account, 20 per address, then 1, 2, 4 ... 900 s
 * between them. ST_RATE_LIMITED: `e` says how many seconds, also in retry_s_out (may be NULL). */
NODISCARD status login_limiter_begin(struct login_limiter *l, str account, str address, int64_t now_ms,
                                     int64_t *retry_s_out, struct err *e);
void login_limiter_ok(struct login_limiter *l, str account, str address);

struct login {
    str email, password;
    str address; /* of the caller */
};
/* ST_BAD_REQUEST: e-mail or password is wrong (one sentence for both); ST_FORBIDDEN: right, but the account
 * is disabled; ST_RATE_LIMITED with retry_s_out. */
NODISCARD status login_password(struct db *db, struct login_limiter *l, const struct login *in,
                                struct identity *out, int64_t *retry_s_out, struct err *e);
/* A signed-in person shows the password again (to change it). old_hash_out: for user_own_set_password. */
NODISCARD status login_check_own(struct db *db, struct login_limiter *l, struct own_scope by, str password,
                                 str address, char old_hash_out[static PASSWORD_HASH_CAP],
                                 int64_t *retry_s_out, struct err *e);

#endif

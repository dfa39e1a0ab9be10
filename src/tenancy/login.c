/* Passwords at the door; see login.h. Runs on workers. */
#include "tenancy/login.h"
#include "base/clock.h"
#include "base/log.h"
#include "tenancy/common.h"
#include "tenancy/rules.h"
#include "tenancy/user_row.h"

static status wrong(struct err *e)
{
    return err_set(e, ST_BAD_REQUEST, "The e-mail address or the password is wrong");
}

/* ST_OK, ST_UNAUTHENTICATED, ST_RATE_LIMITED (hashing queue is full). An unknown account takes as long. */
static status password_fits(str password, str hash, char rehash[static PASSWORD_HASH_CAP], struct err *e)
{
    bool needs_rehash = false;
    status st = password_verify(str_sub(password, 0, PASSWORD_MAX_BYTES + 1), hash, &needs_rehash);
    if (st == ST_RATE_LIMITED)
        return err_set(e, st, "Many people are signing in right now; try again in a few seconds");
    if (st == ST_OK && needs_rehash && password_hash(password, rehash) != ST_OK)
        rehash[0] = '\0'; /* next time */
    return st;
}

static status identify(const struct person *p, const char *rehash, struct identity *out, struct err *e)
{
    if (p->user.is_disabled)
        return err_set(e, ST_FORBIDDEN, "This account is disabled; ask an administrator");
    struct identity i = {};
    CHECK(str_copy_z(p->user.id, i.user_id, ID_CAP));
    CHECK(str_copy_z(p->password_hash, i.verified_hash, PASSWORD_HASH_CAP));
    memcpy(i.rehash, rehash, PASSWORD_HASH_CAP);
    *out = i;
    return ST_OK;
}

static status retry_soon(status st, int64_t *retry_s_out)
{
    if (st == ST_RATE_LIMITED && retry_s_out != NULL)
        *retry_s_out = 5;
    return st;
}

status login_password(struct db *db, struct login_limiter *l, const struct login *in, struct identity *out,
                      int64_t *retry_s_out, struct err *e)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    str email = str_trim(str_sub(in->email, 0, EMAIL_MAX_BYTES + 1));
    str account = email_fold(email, &a);
    status st = login_limiter_begin(l, account, in->address, clock_now_ms(), retry_s_out, e);
    if (st != ST_OK)
        return st;
    struct person p = {};
    st = str_is_utf8(email) ? person_by_email(db, email, &a, &p) : ST_NOT_FOUND;
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    bool is_known = st == ST_OK;
    char rehash[PASSWORD_HASH_CAP] = "";
    st = password_fits(in->password, is_known ? p.password_hash : STR(""), rehash, e);
    if (st == ST_UNAUTHENTICATED || (st == ST_OK && !is_known)) {
        log_warn("sign-in refused", LF_STR("address", in->address), LF_STR("user", p.user.id));
        return wrong(e);
    }
    if (st != ST_OK)
        return retry_soon(st, retry_s_out);
    login_limiter_ok(l, account, in->address);
    return identify(&p, rehash, out, e);
}

status login_check_own(struct db *db, struct login_limiter *l, struct own_scope by, str password, str address,
                       char old_hash_out[static PASSWORD_HASH_CAP], int64_t *retry_s_out, struct err *e)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    struct person p;
    status st = person_own(db, by, &a, &p, e);
    if (st != ST_OK)
        return st;
    str account = email_fold(p.user.email, &a);
    st = login_limiter_begin(l, account, address, clock_now_ms(), retry_s_out, e);
    if (st != ST_OK)
        return st;
    char rehash[PASSWORD_HASH_CAP] = "";
    st = password_fits(password, p.password_hash, rehash, e);
    if (st == ST_UNAUTHENTICATED)
        return err_set(e, ST_BAD_REQUEST, "The present password is wrong");
    if (st != ST_OK)
        return retry_soon(st, retry_s_out);
    login_limiter_ok(l, account, address);
    CHECK(str_copy_z(p.password_hash, old_hash_out, PASSWORD_HASH_CAP));
    return ST_OK;
}

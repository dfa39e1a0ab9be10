/* Sign-up on the web (P1); see user.h. Runs on the one writer, so of two first sign-ups one is second. */
#include "base/clock.h"
#include "base/log.h"
#include "tenancy/common.h"
#include "tenancy/invitation_row.h"
#include "tenancy/organization_row.h"
#include "tenancy/tenancy_sql.h"
#include "tenancy/user_row.h"

static const struct system_scope SIGN_UP = {"sign-up on the web"};

/* Where a newcomer goes. */
struct place {
    char organization_id[ID_CAP]; /* empty: a new one is made */
    enum role role;
    char invitation_id[ID_CAP];   /* empty: none */
};

status user_is_first(struct db *db, struct system_scope why, bool *out)
{
    int64_t any = 0;
    status st = db_number(db, &SQL_USER_ANY, DB_NO_ARGS, &any);
    if (st == ST_OK)
        *out = any == 0;
    return st;
}

status user_sign_up_is_open(struct db *db, struct system_scope why, bool is_signup_enabled, bool *out)
{
    bool is_first = false;
    int64_t organizations = 0;
    status st = user_is_first(db, why, &is_first);
    if (st == ST_OK)
        st = organization_count(db, why, &organizations);
    if (st == ST_OK)
        *out = is_first || (is_signup_enabled && organizations <= 1);
    return st;
}

static void read_id(const struct db_rows *row, void *ctx)
{
    if (!str_copy_z(db_text(row, 0), ctx, ID_CAP))
        *(char *)ctx = '\0';
}

/* Open sign-up: into the one organization there is; where there is none, its first person is its admin. */
static status place_by_rule(struct db *db, const struct sign_up *s, bool is_first, struct place *out,
                            struct err *e)
{
    bool is_open = false;
    status st = user_sign_up_is_open(db, SIGN_UP, s->is_signup_enabled, &is_open);
    if (st != ST_OK)
        return st;
    if (!is_open)
        return err_set(e, ST_FORBIDDEN, "Sign-up is closed; ask an administrator for an invitation");
    *out = (struct place){.role = ROLE_ADMIN};
    if (is_first)
        return ST_OK;
    st = db_one(db, &SQL_ORGANIZATION_OLDEST, DB_NO_ARGS, read_id, out->organization_id);
    if (st == ST_OK)
        out->role = s->default_role == ROLE_PROVIDER ? ROLE_PENDING : s->default_role;
    return st == ST_NOT_FOUND ? ST_OK : st;
}

static status place_by_invitation(struct db *db, const struct sign_up *s, struct place *out, struct err *e)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    struct invitation_row row;
    status st = invitation_row_read(db, s->invitation, clock_now_ms(), &a, &row);
    if (st == ST_NOT_FOUND)
        return err_set(e, ST_FORBIDDEN, "The invitation is not valid any more; ask for a new one");
    if (st != ST_OK)
        return st;
    bool is_meant = row.email_folded.n == 0 || str_eq(row.email_folded, email_fold(str_trim(s->email), &a));
    if (!is_meant)
        return err_set(e, ST_FORBIDDEN, "The invitation is for another e-mail address");
    *out = (struct place){.role = row.role};
    CHECK(str_copy_z(row.organization_id, out->organization_id, ID_CAP));
    CHECK(str_copy_z(row.id, out->invitation_id, ID_CAP));
    return ST_OK;
}

static status place_make(struct db *db, const struct sign_up *s, struct place *p, struct err *e)
{
    if (p->organization_id[0] != '\0')
        return ST_OK;
    struct organization_new o = {.name = s->name, .markup = s->default_markup};
    return organization_insert(db, &o, false, p->organization_id, e);
}

static status enter(struct db *db, const struct sign_up *s, struct place *p, char id_out[static ID_CAP],
                    struct err *e)
{
    status st = place_make(db, s, p, e);
    if (st != ST_OK)
        return st;
    struct user_new n = {.organization_id = str_c(p->organization_id),
                         .name = s->name,
                         .email = s->email,
                         .role = p->role,
                         .password_hash = s->password_hash};
    st = user_insert(db, &n, id_out, e);
    if (st == ST_OK && p->invitation_id[0] != '\0')
        st = invitation_row_use(db, str_c(p->invitation_id), str_c(p->organization_id), str_c(id_out));
    return st;
}

status user_sign_up(struct db *db, const struct sign_up *s, struct signed_up *out, struct err *e)
{
    bool is_first = false;
    struct place p = {};
    status st = user_is_first(db, SIGN_UP, &is_first);
    if (st == ST_OK)
        st = s->invitation.n != 0 ? place_by_invitation(db, s, &p, e) : place_by_rule(db, s, is_first, &p, e);
    bool is_new = p.organization_id[0] == '\0';
    char id[ID_CAP];
    if (st == ST_OK)
        st = enter(db, s, &p, id, e);
    if (st != ST_OK)
        return st;
    *out = (struct signed_up){.role = p.role, .is_first = is_new};
    out->identity = identity_of_own(own_scope_make(str_c(id)));
    memcpy(out->organization_id, p.organization_id, ID_CAP);
    log_info("user signed up", LF_Z("user", id), LF_Z("organization", p.organization_id),
             LF_STR("role", role_text(p.role)));
    return ST_OK;
}

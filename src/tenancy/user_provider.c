/* People as the provider and the host see them, and the accounts from the environment; see user.h. */
#include "base/log.h"
#include "tenancy/common.h"
#include "tenancy/organization_row.h"
#include "tenancy/tenancy_sql.h"
#include "tenancy/user_row.h"

static const struct user_actor HOST = {.by = STR_INIT("host"), .is_host = true};

/* ---- making ---- */

/* A signed-in provider gives an organization its first admin, nothing else (P4). */
static status provider_may_create(struct db *db, const struct user_new *n, struct err *e)
{
    if (n->role != ROLE_ADMIN)
        return err_set(e, ST_FORBIDDEN, "This can only be done by the command line on the host");
    int64_t admins = 0;
    status st = db_number(db, &SQL_USER_ADMINS, DB_ARGS(DB_TEXT(n->organization_id)), &admins);
    if (st == ST_OK && admins != 0)
        return err_set(e, ST_CONFLICT, "The organization has an administrator already");
    return st;
}

static status organization_fits(struct db *db, const struct user_new *n, struct err *e)
{
    bool has_one = n->organization_id.n != 0;
    if (n->role == ROLE_PROVIDER && has_one)
        return err_set(e, ST_UNPROCESSABLE, "A provider account belongs to no organization");
    if (n->role == ROLE_PROVIDER)
        return ST_OK;
    if (!has_one)
        return err_set(e, ST_UNPROCESSABLE, "Say which organization the person belongs to");
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    struct organization o;
    return organization_row_read(db, n->organization_id, &a, &o, e);
}

status user_provider_create(struct db *db, struct provider_scope by, const struct user_new *n,
                            char id_out[static ID_CAP], struct err *e)
{
    struct user_new clean = *n;
    if (clean.organization_id.n == 0)
        clean.organization_id = STR_NONE;
    status st = organization_fits(db, &clean, e);
    if (st == ST_OK && !provider_scope_is_host(by))
        st = provider_may_create(db, &clean, e);
    if (st == ST_OK)
        st = user_insert(db, &clean, id_out, e);
    if (st == ST_OK)
        log_info("user created", LF_Z("user", id_out), LF_STR("organization", clean.organization_id),
                 LF_STR("role", role_text(clean.role)), LF_STR("by", actor_text(by.user_id)));
    return st;
}

/* ---- the host ---- */

status user_host_list(struct db *db, struct provider_scope by, str organization_id, struct arena *a,
                      struct user **out, size_t *count_out, struct err *e)
{
    status st = require_host(by, e);
    if (st != ST_OK)
        return st;
    struct list l = list_make(a, sizeof(struct user));
    if (organization_id.n != 0)
        st = db_each(db, &SQL_USER_LIST_ORGANIZATION, DB_ARGS(DB_TEXT(organization_id)), user_read_row, &l);
    else
        st = db_each(db, &SQL_USER_LIST_ANYWHERE, DB_NO_ARGS, user_read_row, &l);
    if (st != ST_OK)
        return st;
    *out = l.rows;
    *count_out = l.count;
    return ST_OK;
}

static status person_of_host(struct db *db, struct provider_scope by, str id, struct arena *a,
                             struct person *out, struct err *e)
{
    status st = require_host(by, e);
    if (st != ST_OK)
        return st;
    struct person_ctx ctx = {a, out};
    st = db_one(db, &SQL_USER_ANYWHERE, DB_ARGS(DB_TEXT(id)), person_read, &ctx);
    return st == ST_NOT_FOUND ? err_set(e, st, "There is no such person") : st;
}

status user_host_find(struct db *db, struct provider_scope by, str email_or_id, struct arena *a,
                      struct user *out, struct err *e)
{
    status st = require_host(by, e);
    if (st != ST_OK)
        return st;
    str wanted = str_trim(email_or_id);
    struct person p;
    if (str_find_char(wanted, '@') == wanted.n)
        st = person_of_host(db, by, wanted, a, &p, e);
    else
        st = person_by_email(db, wanted, a, &p);
    if (st == ST_OK)
        *out = p.user;
    return st == ST_NOT_FOUND ? err_set(e, st, "There is no person with this e-mail address or id") : st;
}

status user_host_set_role(struct db *db, struct provider_scope by, str id, enum role role, struct err *e)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    struct person p;
    struct user_change c = {.set_role = true, .role = role};
    status st = person_of_host(db, by, id, &a, &p, e);
    return st == ST_OK ? person_change(db, HOST, &p, &c, e) : st;
}

status user_host_set_disabled(struct db *db, struct provider_scope by, str id, bool is_disabled, struct err *e)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    struct person p;
    status st = person_of_host(db, by, id, &a, &p, e);
    return st == ST_OK ? person_set_disabled(db, HOST, &p, is_disabled, e) : st;
}

status user_host_reset(struct db *db, struct provider_scope by, str id, str one_time_hash, struct err *e)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    struct person p;
    status st = person_of_host(db, by, id, &a, &p, e);
    return st == ST_OK ? person_reset(db, HOST, &p, one_time_hash, e) : st;
}

status user_host_delete(struct db *db, struct provider_scope by, str id, struct err *e)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    struct person p;
    status st = person_of_host(db, by, id, &a, &p, e);
    return st == ST_OK ? person_delete(db, HOST, &p, e) : st;
}

/* ---- accounts from the environment ---- */

/* The oldest organization, empty when there is none. */
static void read_id(const struct db_rows *row, void *ctx)
{
    if (!str_copy_z(db_text(row, 0), ctx, ID_CAP))
        *(char *)ctx = '\0';
}

static status oldest_organization(struct db *db, char id_out[static ID_CAP])
{
    id_out[0] = '\0';
    status st = db_one(db, &SQL_ORGANIZATION_OLDEST, DB_NO_ARGS, read_id, id_out);
    return st == ST_NOT_FOUND ? ST_OK : st;
}

static status first_admin_is_due(struct db *db, bool *out)
{
    char id[ID_CAP];
    int64_t admins = 0;
    status st = oldest_organization(db, id);
    if (st == ST_OK && id[0] != '\0')
        st = db_number(db, &SQL_USER_ADMINS, DB_ARGS(DB_Z(id)), &admins);
    if (st == ST_OK)
        *out = admins == 0;
    return st;
}

static status provider_is_due(struct db *db, str email, bool *out, struct err *e)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    struct person p;
    str clean;
    status st = email_clean(email, &clean, e);
    if (st != ST_OK)
        return st;
    st = person_by_email(db, clean, &a, &p);
    if (st == ST_OK && p.user.role != ROLE_PROVIDER)
        return err_set(e, ST_CONFLICT, "The provider's e-mail address belongs to a person of a client");
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    *out = st == ST_NOT_FOUND;
    return ST_OK;
}

status start_account_is_due(struct db *db, struct system_scope why, enum start_account which, str email,
                            bool *out, struct err *e)
{
    return which == START_PROVIDER ? provider_is_due(db, email, out, e) : first_admin_is_due(db, out);
}

static status first_organization(struct db *db, const struct user_new *n, markup default_markup,
                                 char id_out[static ID_CAP], struct err *e)
{
    status st = oldest_organization(db, id_out);
    if (st != ST_OK || id_out[0] != '\0')
        return st;
    struct organization_new o = {.name = n->name, .markup = default_markup};
    return organization_insert(db, &o, false, id_out, e);
}

status start_account_create(struct db *db, struct system_scope why, enum start_account which,
                            const struct user_new *n, markup default_markup, struct err *e)
{
    bool is_due = false;
    status st = start_account_is_due(db, why, which, n->email, &is_due, e);
    if (st != ST_OK || !is_due)
        return st;
    char organization[ID_CAP] = "", id[ID_CAP];
    struct user_new account = *n;
    account.role = which == START_PROVIDER ? ROLE_PROVIDER : ROLE_ADMIN;
    account.organization_id = STR_NONE;
    if (which == START_FIRST_ADMIN) {
        st = first_organization(db, n, default_markup, organization, e);
        account.organization_id = str_c(organization);
    }
    if (st == ST_OK)
        st = user_insert(db, &account, id, e);
    if (st == ST_OK)
        log_info("user created", LF_Z("user", id), LF_Z("organization", organization),
                 LF_STR("role", role_text(account.role)), LF_STR("by", STR("environment")));
    return st;
}

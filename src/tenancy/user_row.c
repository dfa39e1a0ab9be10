/* A person's row and the rules every change obeys (P2, P3, P5); see user_row.h. */
#include "tenancy/user_row.h"
#include "base/clock.h"
#include "base/log.h"
#include "tenancy/common.h"
#include "tenancy/learning.h"
#include "tenancy/tenancy_sql.h"

enum { USER_ID, USER_ORG, USER_NAME, USER_EMAIL, USER_ROLE, USER_IMAGE, USER_LOCALE, USER_DISABLED,
       USER_MUST_CHANGE, USER_EXTERNAL, USER_EXTERNAL_STATE, USER_LAST_ACTIVE, USER_CREATED, USER_UPDATED,
       USER_HASH };

void user_fill(const struct db_rows *row, struct arena *a, struct user *u)
{
    *u = (struct user){
        .id = db_text_dup(row, USER_ID, a),
        .organization_id = db_text_dup(row, USER_ORG, a),
        .name = db_text_dup(row, USER_NAME, a),
        .email = db_text_dup(row, USER_EMAIL, a),
        .profile_image_url = db_text_dup(row, USER_IMAGE, a),
        .locale = db_text_dup(row, USER_LOCALE, a),
        .is_disabled = !db_is_null(row, USER_DISABLED),
        .must_change_password = db_int(row, USER_MUST_CHANGE) != 0,
        .external_user = db_text_dup(row, USER_EXTERNAL, a),
        .external_state = str_eq(db_text(row, USER_EXTERNAL_STATE), STR("learned")) ? EXTERNAL_LEARNED
                                                                                    : EXTERNAL_ASSIGNED,
        .last_active_ms = db_int(row, USER_LAST_ACTIVE),
        .created_ms = db_int(row, USER_CREATED),
        .updated_ms = db_int(row, USER_UPDATED),
    };
    CHECK(role_parse(db_text(row, USER_ROLE), &u->role));
}

void person_read(const struct db_rows *row, void *person_ctx)
{
    struct person_ctx *c = person_ctx;
    user_fill(row, c->arena, &c->out->user);
    c->out->password_hash = db_text_dup(row, USER_HASH, c->arena);
}

bool user_read_row(const struct db_rows *row, void *list)
{
    struct list *l = list;
    struct user *u = list_add(l);
    if (u != NULL)
        user_fill(row, l->arena, u);
    return u != NULL && !l->arena->is_full;
}

static status person_one(struct db *db, const struct sql *q, struct db_args args, struct arena *a,
                         struct person *out, struct err *e)
{
    struct person_ctx ctx = {a, out};
    status st = db_one(db, q, args, person_read, &ctx);
    if (st == ST_OK && a->is_full)
        return ST_TOO_BIG;
    return st == ST_NOT_FOUND ? refuse_absent(e) : st;
}

status person_in(struct db *db, str organization_id, str id, struct arena *a, struct person *out, struct err *e)
{
    return person_one(db, &SQL_USER_BY_ID, DB_ARGS(DB_TEXT(id), DB_TEXT(organization_id)), a, out, e);
}

status person_own(struct db *db, struct own_scope by, struct arena *a, struct person *out, struct err *e)
{
    return person_one(db, &SQL_USER_OWN, DB_ARGS(DB_Z(by.user_id)), a, out, e);
}

status person_by_email(struct db *db, str email, struct arena *a, struct person *out)
{
    return person_one(db, &SQL_USER_BY_EMAIL, DB_ARGS(DB_TEXT(email_fold(email, a))), a, out, NULL);
}

/* ---- writing ---- */

static status email_is_taken(status st, struct err *e)
{
    if (st != ST_CONFLICT)
        return st;
    return err_set(e, ST_CONFLICT, "This e-mail address is already in use");
}

static str organization_of(const struct user *u)
{
    return u->organization_id.p != NULL ? u->organization_id : STR("");
}

status person_write(struct db *db, const struct person *p, struct err *e)
{
    const struct user *u = &p->user;
    struct arena scratch MAI_AUTO(arena_free);
    arena_init(&scratch, SCRATCH_MAX_BYTES);
    int64_t now = clock_now_ms();
    status st = db_change(
        db, &SQL_USER_WRITE,
        DB_ARGS(DB_TEXT(u->id), DB_TEXT(organization_of(u)), DB_TEXT(u->name),
                DB_TEXT(text_fold(u->name, &scratch)), DB_TEXT(u->email), DB_TEXT(email_fold(u->email, &scratch)),
                DB_TEXT(role_text(u->role)), DB_TEXT(u->profile_image_url), DB_TEXT(u->locale),
                DB_INT_IF(u->is_disabled, now), DB_BOOL(u->must_change_password), DB_TEXT(p->password_hash),
                DB_INT(now)),
        e);
    return email_is_taken(st, e);
}

status user_insert(struct db *db, const struct user_new *n, char id_out[static ID_CAP], struct err *e)
{
    str name, email;
    status st = name_clean(n->name, "The name", &name, e);
    if (st == ST_OK)
        st = email_clean(n->email, &email, e);
    if (st != ST_OK)
        return st;
    struct arena scratch MAI_AUTO(arena_free);
    arena_init(&scratch, SCRATCH_MAX_BYTES);
    char id[ID_CAP], external[ID_CAP];
    id_new(id);
    external_user_new(external);
    st = db_exec(db, &SQL_USER_INSERT,
                 DB_ARGS(DB_Z(id), DB_TEXT(n->organization_id), DB_TEXT(email),
                         DB_TEXT(email_fold(email, &scratch)), DB_TEXT(name), DB_TEXT(text_fold(name, &scratch)),
                         DB_TEXT(role_text(n->role)), DB_TEXT(n->password_hash),
                         DB_BOOL(n->must_change_password), DB_Z(external), DB_INT(clock_now_ms())));
    if (st == ST_OK)
        memcpy(id_out, id, sizeof id);
    return email_is_taken(st, e);
}

static status sessions_end(struct db *db, str user_id)
{
    return db_exec(db, &SQL_SESSION_END_OTHERS, DB_ARGS(DB_TEXT(user_id), DB_TEXT(STR(""))));
}

status user_bury(struct db *db, str id, str organization_id, int64_t now_ms)
{
    str organization = organization_id.p != NULL ? organization_id : STR("");
    status st = db_change(db, &SQL_USER_BURY, DB_ARGS(DB_TEXT(id), DB_TEXT(organization), DB_INT(now_ms)), NULL);
    if (st == ST_OK)
        st = sessions_end(db, id);
    if (st == ST_OK)
        st = db_exec(db, &SQL_USER_API_KEYS_END, DB_ARGS(DB_TEXT(id), DB_TEXT(organization), DB_INT(now_ms)));
    if (st == ST_OK)
        st = db_exec(db, &SQL_USER_INVITATIONS_FORGET, DB_ARGS(DB_TEXT(id), DB_TEXT(organization)));
    return st;
}

/* ---- rules ---- */

/* P2: would the organization be without an admin if this person were none? */
static status keeps_an_admin(struct db *db, const struct user *u, struct err *e)
{
    if (u->role != ROLE_ADMIN || u->is_disabled)
        return ST_OK;
    int64_t others = 0;
    status st = db_number(db, &SQL_USER_OTHER_ADMINS, DB_ARGS(DB_TEXT(u->organization_id), DB_TEXT(u->id)),
                          &others);
    if (st != ST_OK || others != 0)
        return st;
    return err_set(e, ST_CONFLICT, "This is the last administrator of the organization");
}

/* P3 */
static status is_somebody_else(struct user_actor by, const struct user *u, const char *what, struct err *e)
{
    if (by.is_host || !str_eq(by.by, u->id))
        return ST_OK;
    return err_set(e, ST_CONFLICT, "You cannot %s your own account", what);
}

static void log_person(const char *event, struct user_actor by, const struct user *u)
{
    log_info(event, LF_STR("user", u->id), LF_STR("organization", u->organization_id), LF_STR("by", by.by));
}

static status role_change(struct db *db, struct user_actor by, struct user *u, enum role role, struct err *e)
{
    if (u->role == role)
        return ST_OK;
    if (u->role == ROLE_PROVIDER || role == ROLE_PROVIDER)
        return err_set(e, ST_UNPROCESSABLE, "A provider account is made on the host and stays one");
    status st = is_somebody_else(by, u, "change the role of", e);
    if (st == ST_OK)
        st = keeps_an_admin(db, u, e);
    if (st != ST_OK)
        return st;
    log_info("user role changed", LF_STR("user", u->id), LF_STR("organization", u->organization_id),
             LF_STR("by", by.by), LF_STR("from", role_text(u->role)), LF_STR("to", role_text(role)));
    u->role = role;
    return ST_OK;
}

static status texts_change(struct user *u, const struct user_change *c, struct err *e)
{
    status st = ST_OK;
    if (c->set_name)
        st = name_clean(c->name, "The name", &u->name, e);
    if (st == ST_OK && c->set_email)
        st = email_clean(c->email, &u->email, e);
    if (st == ST_OK && c->set_profile_image_url)
        st = image_url_clean(c->profile_image_url, e);
    if (st == ST_OK && c->set_locale && (c->locale.n > 35 || !str_is_text(c->locale, false)))
        st = err_set(e, ST_UNPROCESSABLE, "The language is not known");
    if (st != ST_OK)
        return st;
    if (c->set_profile_image_url)
        u->profile_image_url = c->profile_image_url.n != 0 ? c->profile_image_url : STR_NONE;
    if (c->set_locale)
        u->locale = c->locale.n != 0 ? c->locale : STR_NONE;
    return ST_OK;
}

/* Who could get in until now must prove it again. */
static bool changes_access(const struct person *was, const struct person *is)
{
    return was->user.role != is->user.role || !str_eq(was->password_hash, is->password_hash) ||
           !str_eq_nocase(was->user.email, is->user.email) || (is->user.is_disabled && !was->user.is_disabled);
}

static status person_replace(struct db *db, const struct person *was, const struct person *is, struct err *e)
{
    status st = person_write(db, is, e);
    if (st == ST_OK && changes_access(was, is))
        st = sessions_end(db, is->user.id);
    return st;
}

/* ---- changes ---- */

status person_change(struct db *db, struct user_actor by, struct person *p, const struct user_change *c,
                     struct err *e)
{
    struct person is = *p;
    status st = texts_change(&is.user, c, e);
    if (st == ST_OK && c->set_role)
        st = role_change(db, by, &is.user, c->role, e);
    if (st != ST_OK)
        return st;
    if (c->password_hash.n != 0) {
        is.password_hash = c->password_hash;
        is.user.must_change_password = false;
    }
    st = person_replace(db, p, &is, e);
    if (st == ST_OK)
        log_person(c->password_hash.n != 0 ? "user password changed" : "user changed", by, &is.user);
    return st;
}

status person_set_disabled(struct db *db, struct user_actor by, struct person *p, bool is_disabled,
                           struct err *e)
{
    if (p->user.is_disabled == is_disabled)
        return ST_OK;
    status st = is_somebody_else(by, &p->user, "disable", e);
    if (st == ST_OK && is_disabled)
        st = keeps_an_admin(db, &p->user, e);
    if (st != ST_OK)
        return st;
    struct person is = *p;
    is.user.is_disabled = is_disabled;
    st = person_replace(db, p, &is, e);
    if (st == ST_OK)
        log_person(is_disabled ? "user disabled" : "user enabled", by, &is.user);
    return st;
}

status person_reset(struct db *db, struct user_actor by, struct person *p, str hash, struct err *e)
{
    struct person is = *p;
    is.password_hash = hash;
    is.user.must_change_password = true;
    status st = person_replace(db, p, &is, e);
    if (st == ST_OK)
        log_person("user password reset", by, &is.user);
    return st;
}

status person_delete(struct db *db, struct user_actor by, struct person *p, struct err *e)
{
    status st = is_somebody_else(by, &p->user, "delete", e);
    if (st == ST_OK)
        st = keeps_an_admin(db, &p->user, e);
    if (st == ST_OK)
        st = user_bury(db, p->user.id, p->user.organization_id, clock_now_ms());
    if (st == ST_OK)
        log_person("user deleted", by, &p->user);
    return st;
}

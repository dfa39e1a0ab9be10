/* People of an organization, administered by its admin, and everybody's own account; see user.h. */
#include "tenancy/user.h"
#include "base/log.h"
#include "tenancy/common.h"
#include "tenancy/tenancy_sql.h"
#include "tenancy/user_row.h"

enum { PEOPLE_A_PAGE = 30 };

str external_state_text(enum external_state s)
{
    return s == EXTERNAL_LEARNED ? STR("learned") : STR("assigned");
}

bool user_order_parse(str s, enum user_order *out)
{
    static const str words[] = {
        [USER_BY_NAME] = STR_INIT("name"),
        [USER_BY_EMAIL] = STR_INIT("email"),
        [USER_BY_ROLE] = STR_INIT("role"),
        [USER_BY_CREATED] = STR_INIT("created_at"),
        [USER_BY_LAST_ACTIVE] = STR_INIT("last_active_at"),
    };
    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (!str_eq(s, words[i]))
            continue;
        *out = (enum user_order)i;
        return true;
    }
    return false;
}

/* ---- reading ---- */

status user_own_read(struct db *db, struct own_scope by, struct arena *a, struct user *out, struct err *e)
{
    struct person p;
    status st = person_own(db, by, a, &p, e);
    if (st == ST_OK)
        *out = p.user;
    return st;
}

status user_read(struct db *db, struct scope by, str id, struct arena *a, struct user *out, struct err *e)
{
    if (by.role != ROLE_ADMIN && !str_eq(id, str_c(by.user_id)))
        return refuse_absent(e);
    struct person p;
    status st = person_in(db, str_c(by.organization_id), id, a, &p, e);
    if (st == ST_OK)
        *out = p.user;
    return st;
}

status user_list(struct db *db, struct scope by, const struct user_query *q, struct arena *a,
                 struct user_page *out, struct err *e)
{
    status st = require_admin(by, e);
    if (st != ST_OK)
        return st;
    str name = like_pattern(text_fold(q->text, a), a);
    str email = like_pattern(email_fold(q->text, a), a);
    struct page_span span = page_span(q->page, q->per_page, PEOPLE_A_PAGE);
    struct list l = list_make(a, sizeof(struct user));
    int64_t total = 0;
    st = db_number(db, &SQL_USER_COUNT, DB_ARGS(DB_Z(by.organization_id), DB_TEXT(name), DB_TEXT(email)), &total);
    if (st == ST_OK)
        st = db_each(db, &SQL_USER_LIST,
                     DB_ARGS(DB_Z(by.organization_id), DB_TEXT(name), DB_TEXT(email), DB_INT(q->order),
                             DB_BOOL(q->is_descending), DB_INT(span.limit), DB_INT(span.offset)),
                     user_read_row, &l);
    if (st == ST_OK)
        *out = (struct user_page){l.rows, l.count, total};
    return st;
}

/* ---- administration ---- */

static struct user_actor actor_admin(const struct scope *by)
{
    return (struct user_actor){.by = str_c(by->user_id)};
}

static void log_created(const char *id, str by, const struct user_new *n)
{
    log_info("user created", LF_Z("user", id), LF_STR("organization", n->organization_id),
             LF_STR("role", role_text(n->role)), LF_STR("by", by));
}

status user_create(struct db *db, struct scope by, const struct user_new *n, char id_out[static ID_CAP],
                   struct err *e)
{
    status st = require_admin(by, e);
    if (st == ST_OK && n->role == ROLE_PROVIDER)
        st = err_set(e, ST_UNPROCESSABLE, "A provider account is made on the host");
    if (st != ST_OK)
        return st;
    struct user_new own = *n;
    own.organization_id = str_c(by.organization_id);
    st = user_insert(db, &own, id_out, e);
    if (st == ST_OK)
        log_created(id_out, str_c(by.user_id), &own);
    return st;
}

/* The person an admin means, and the arena that holds the row. */
static status person_of_admin(struct db *db, const struct scope *by, str id, struct arena *a,
                              struct person *out, struct err *e)
{
    status st = require_admin(*by, e);
    if (st != ST_OK)
        return st;
    arena_init(a, SCRATCH_MAX_BYTES);
    return person_in(db, str_c(by->organization_id), id, a, out, e);
}

status user_update(struct db *db, struct scope by, str id, const struct user_change *c, struct err *e)
{
    struct arena a MAI_AUTO(arena_free) = {};
    struct person p;
    status st = person_of_admin(db, &by, id, &a, &p, e);
    return st == ST_OK ? person_change(db, actor_admin(&by), &p, c, e) : st;
}

status user_set_disabled(struct db *db, struct scope by, str id, bool is_disabled, struct err *e)
{
    struct arena a MAI_AUTO(arena_free) = {};
    struct person p;
    status st = person_of_admin(db, &by, id, &a, &p, e);
    return st == ST_OK ? person_set_disabled(db, actor_admin(&by), &p, is_disabled, e) : st;
}

status user_reset(struct db *db, struct scope by, str id, str one_time_hash, struct err *e)
{
    struct arena a MAI_AUTO(arena_free) = {};
    struct person p;
    status st = person_of_admin(db, &by, id, &a, &p, e);
    return st == ST_OK ? person_reset(db, actor_admin(&by), &p, one_time_hash, e) : st;
}

status user_delete(struct db *db, struct scope by, str id, struct err *e)
{
    struct arena a MAI_AUTO(arena_free) = {};
    struct person p;
    status st = person_of_admin(db, &by, id, &a, &p, e);
    return st == ST_OK ? person_delete(db, actor_admin(&by), &p, e) : st;
}

/* ---- the own account ---- */

status user_own_update(struct db *db, struct own_scope by, const struct user_change *c, struct err *e)
{
    if (c->set_role || c->set_email || c->password_hash.n != 0)
        return err_set(e, ST_FORBIDDEN, "Only an administrator can change this");
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    struct person p;
    status st = person_own(db, by, &a, &p, e);
    if (st != ST_OK)
        return st;
    return person_change(db, (struct user_actor){.by = str_c(by.user_id)}, &p, c, e);
}

status user_own_set_password(struct db *db, struct own_scope by, str old_hash, str new_hash, struct err *e)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    struct person p;
    status st = person_own(db, by, &a, &p, e);
    if (st != ST_OK)
        return st;
    if (!str_eq(p.password_hash, old_hash))
        return err_set(e, ST_CONFLICT, "The password was changed meanwhile");
    struct user_change c = {.password_hash = new_hash};
    return person_change(db, (struct user_actor){.by = str_c(by.user_id)}, &p, &c, e);
}

struct text_ctx {
    struct arena *arena;
    str *out;
};

static void read_text(const struct db_rows *row, void *ctx)
{
    struct text_ctx *c = ctx;
    *c->out = db_text_dup(row, 0, c->arena);
}

status user_own_settings_read(struct db *db, struct own_scope by, struct arena *a, str *json_out, struct err *e)
{
    struct text_ctx ctx = {a, json_out};
    status st = db_one(db, &SQL_USER_SETTINGS, DB_ARGS(DB_Z(by.user_id)), read_text, &ctx);
    return st == ST_NOT_FOUND ? refuse_absent(e) : st;
}

status user_own_settings_write(struct db *db, struct own_scope by, str json, struct err *e)
{
    if (json.n > SETTINGS_MAX_BYTES)
        return err_set(e, ST_TOO_BIG, "The settings are too large");
    if (json.n == 0 || !str_is_utf8(json))
        return err_set(e, ST_UNPROCESSABLE, "The settings are not valid text");
    return db_change(db, &SQL_USER_SETTINGS_WRITE, DB_ARGS(DB_Z(by.user_id), DB_TEXT(json)), e);
}

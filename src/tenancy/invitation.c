/* Invitation links; see invitation.h. */
#include "tenancy/invitation.h"
#include "base/clock.h"
#include "base/log.h"
#include "tenancy/common.h"
#include "tenancy/invitation_row.h"
#include "tenancy/rules.h"
#include "tenancy/tenancy_sql.h"

status invitation_create(struct db *db, struct scope by, str email, enum role role,
                         struct invitation_made *out, struct err *e)
{
    status st = require_admin(by, e);
    if (st == ST_OK && role == ROLE_PROVIDER)
        st = err_set(e, ST_UNPROCESSABLE, "A provider account is made on the host");
    str clean = STR_NONE;
    if (st == ST_OK && email.n != 0)
        st = email_clean(email, &clean, e);
    if (st != ST_OK)
        return st;
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    struct invitation_made made = {.created_ms = clock_now_ms()};
    made.expires_ms = made.created_ms + INVITATION_LIFE_MS;
    char hash[TOKEN_HEX_CAP];
    id_new(made.id);
    token_new(STR(INVITATION_TOKEN_PREFIX), made.token);
    token_hash(str_c(made.token), hash);
    st = db_exec(db, &SQL_INVITATION_INSERT,
                 DB_ARGS(DB_Z(made.id), DB_Z(hash), DB_Z(by.organization_id), DB_TEXT(clean),
                         DB_TEXT(clean.n != 0 ? email_fold(clean, &a) : STR_NONE), DB_TEXT(role_text(role)),
                         DB_Z(by.user_id), DB_INT(made.created_ms), DB_INT(made.expires_ms)));
    if (st != ST_OK)
        return st;
    *out = made;
    log_info("invitation created", LF_Z("invitation", made.id), LF_Z("organization", by.organization_id),
             LF_STR("role", role_text(role)), LF_Z("by", by.user_id));
    return ST_OK;
}

static bool read_invitation(const struct db_rows *row, void *ctx)
{
    struct list *l = ctx;
    struct invitation *i = list_add(l);
    if (i == NULL)
        return false;
    *i = (struct invitation){.id = db_text_dup(row, 0, l->arena),
                             .email = db_text_dup(row, 1, l->arena),
                             .created_ms = db_int(row, 3),
                             .expires_ms = db_int(row, 4),
                             .used_ms = db_int(row, 5)};
    CHECK(role_parse(db_text(row, 2), &i->role));
    return !l->arena->is_full;
}

status invitation_list(struct db *db, struct scope by, struct arena *a, struct invitation **out,
                       size_t *count_out, struct err *e)
{
    status st = require_admin(by, e);
    if (st != ST_OK)
        return st;
    struct list l = list_make(a, sizeof(struct invitation));
    st = db_each(db, &SQL_INVITATION_LIST, DB_ARGS(DB_Z(by.organization_id)), read_invitation, &l);
    if (st != ST_OK)
        return st;
    *out = l.rows;
    *count_out = l.count;
    return ST_OK;
}

status invitation_delete(struct db *db, struct scope by, str id, struct err *e)
{
    status st = require_admin(by, e);
    if (st == ST_OK)
        st = db_change(db, &SQL_INVITATION_DELETE, DB_ARGS(DB_TEXT(id), DB_Z(by.organization_id)), e);
    if (st == ST_OK)
        log_info("invitation deleted", LF_STR("invitation", id), LF_Z("by", by.user_id));
    return st;
}

struct row_ctx {
    struct arena *arena;
    struct invitation_row *out;
};

static void read_row(const struct db_rows *row, void *ctx)
{
    struct row_ctx *c = ctx;
    *c->out = (struct invitation_row){.id = db_text_dup(row, 0, c->arena),
                                      .organization_id = db_text_dup(row, 1, c->arena),
                                      .organization_name = db_text_dup(row, 2, c->arena),
                                      .email = db_text_dup(row, 3, c->arena),
                                      .email_folded = db_text_dup(row, 4, c->arena)};
    CHECK(role_parse(db_text(row, 5), &c->out->role));
}

status invitation_row_read(struct db *db, str token, int64_t now_ms, struct arena *a,
                           struct invitation_row *out)
{
    if (!str_starts(token, STR(INVITATION_TOKEN_PREFIX)) || token.n >= TOKEN_TEXT_CAP)
        return ST_NOT_FOUND;
    char hash[TOKEN_HEX_CAP];
    token_hash(token, hash);
    struct row_ctx ctx = {a, out};
    return db_one(db, &SQL_INVITATION_BY_TOKEN, DB_ARGS(DB_Z(hash), DB_INT(now_ms)), read_row, &ctx);
}

status invitation_row_use(struct db *db, str id, str organization_id, str user_id)
{
    return db_change(db, &SQL_INVITATION_USE,
                     DB_ARGS(DB_TEXT(id), DB_TEXT(organization_id), DB_INT(clock_now_ms()), DB_TEXT(user_id)),
                     NULL);
}

status invitation_by_token(struct db *db, str token, int64_t now_ms, struct arena *a,
                           struct invitation_offer *out, struct err *e)
{
    struct invitation_row row;
    status st = invitation_row_read(db, token, now_ms, a, &row);
    if (st == ST_NOT_FOUND)
        return refuse_absent(e);
    if (st != ST_OK)
        return st;
    *out = (struct invitation_offer){row.organization_name, row.email, row.role};
    return ST_OK;
}

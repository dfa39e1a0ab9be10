/* Who waits to be let into the organization of a key, and letting them in; see connection.h, K3. */
#include "tenancy/connection_approve.h"
#include "base/log.h"
#include "tenancy/common.h"
#include "tenancy/tenancy_sql.h"

static bool read_waiting(const struct db_rows *row, void *ctx)
{
    struct list *l = ctx;
    struct waiting_key *w = list_add(l);
    if (w == NULL)
        return false;
    *w = (struct waiting_key){.hash = db_text_dup(row, 0, l->arena),
                              .last4 = db_text_dup(row, 1, l->arena),
                              .owner_id = db_text_dup(row, 2, l->arena),
                              .owner_name = db_text_dup(row, 3, l->arena),
                              .saver_organization_id = db_text_dup(row, 4, l->arena),
                              .saver_name = db_text_dup(row, 5, l->arena),
                              .saver_email = db_text_dup(row, 6, l->arena),
                              .created_ms = db_int(row, 7)};
    return !l->arena->is_full;
}

static status waiting(struct db *db, const struct sql *q, struct db_args args, struct arena *a,
                      struct waiting_key **out, size_t *count_out)
{
    struct list l = list_make(a, sizeof(struct waiting_key));
    status st = db_each(db, q, args, read_waiting, &l);
    if (st != ST_OK)
        return st;
    *out = l.rows;
    *count_out = l.count;
    return ST_OK;
}

status connection_waiting(struct db *db, struct scope by, struct arena *a, struct waiting_key **out,
                          size_t *count_out, struct err *e)
{
    status st = require_admin(by, e);
    if (st != ST_OK)
        return st;
    return waiting(db, &SQL_KEY_WAITING_FOR, DB_ARGS(DB_Z(by.organization_id)), a, out, count_out);
}

status connection_provider_waiting(struct db *db, struct provider_scope by, struct arena *a,
                                   struct waiting_key **out, size_t *count_out)
{
    return waiting(db, &SQL_KEY_WAITING, DB_NO_ARGS, a, out, count_out);
}

static void read_id(const struct db_rows *row, void *ctx)
{
    CHECK(str_copy_z(db_text(row, 0), ctx, ID_CAP));
}

struct approval {
    const struct sql *find;
    str organization_id; /* named with the request */
    str approver_id;     /* STR_NONE: the provider */
    str by;              /* for the log */
};

static status approve(struct db *db, const struct approval *p, const struct master_key *m, str hash,
                      struct connection_applied *out, struct err *e)
{
    char key_id[ID_CAP];
    status st = db_one(db, p->find, DB_ARGS(DB_TEXT(hash), DB_TEXT(p->organization_id)), read_id, key_id);
    if (st == ST_NOT_FOUND)
        return refuse_absent(e);
    if (st == ST_OK)
        st = connection_apply_approved(db, m, str_c(key_id), p->approver_id, out, e);
    if (st == ST_OK)
        log_info("supplier key approved", LF_STR("key_id", hash), LF_STR("by", p->by),
                 LF_Z("organization", out->organization_id));
    return st;
}

status connection_approve(struct db *db, struct scope by, const struct master_key *m, str hash,
                          struct connection_applied *out, struct err *e)
{
    status st = require_admin(by, e);
    if (st != ST_OK)
        return st;
    str organization = str_c(by.organization_id);
    struct approval p = {&SQL_KEY_WAITING_ROW_OF_OWNER, organization, organization, str_c(by.user_id)};
    return approve(db, &p, m, hash, out, e);
}

status connection_provider_approve(struct db *db, struct provider_scope by, const struct master_key *m,
                                   str organization_id, str hash, struct connection_applied *out, struct err *e)
{
    struct approval p = {&SQL_KEY_WAITING_ROW, organization_id, STR_NONE, actor_text(by.user_id)};
    return approve(db, &p, m, hash, out, e);
}

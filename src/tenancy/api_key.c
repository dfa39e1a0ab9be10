/* Personal API keys; see api_key.h. */
#include "tenancy/api_key.h"
#include "base/clock.h"
#include "base/log.h"
#include "tenancy/common.h"
#include "tenancy/organization.h"
#include "tenancy/rules.h"
#include "tenancy/session.h"
#include "tenancy/tenancy_sql.h"

static status may_have_one(struct db *db, const struct scope *by, struct err *e)
{
    if (by->role == ROLE_PENDING)
        return err_set(e, ST_FORBIDDEN, "An administrator must first let you in");
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    struct organization o;
    status st = organization_own_read(db, *by, &a, &o, e);
    if (st != ST_OK)
        return st;
    if (!o.has_api_access)
        return err_set(e, ST_FORBIDDEN, "API access is not switched on for this organization");
    int64_t count = 0;
    st = db_number(db, &SQL_API_KEY_COUNT, DB_ARGS(DB_Z(by->organization_id), DB_Z(by->user_id)), &count);
    if (st == ST_OK && count >= API_KEYS_PER_PERSON)
        return err_set(e, ST_CONFLICT, "You have %d API keys already; delete one first", API_KEYS_PER_PERSON);
    return st;
}

status api_key_create(struct db *db, struct scope by, str name, struct api_key_made *out, struct err *e)
{
    str clean;
    status st = name_clean(name, "The name", &clean, e);
    if (st == ST_OK)
        st = may_have_one(db, &by, e);
    if (st != ST_OK)
        return st;
    struct api_key_made made = {};
    char hash[TOKEN_HEX_CAP];
    id_new(made.id);
    token_new(STR(API_KEY_PREFIX), made.token);
    token_hash(str_c(made.token), hash);
    memcpy(made.last4, made.token + strlen(made.token) - 4, 4);
    st = db_exec(db, &SQL_API_KEY_INSERT,
                 DB_ARGS(DB_Z(made.id), DB_Z(hash), DB_Z(made.last4), DB_TEXT(clean), DB_Z(by.user_id),
                         DB_Z(by.organization_id), DB_INT(clock_now_ms())));
    if (st != ST_OK)
        return st;
    *out = made;
    log_info("API key created", LF_Z("api_key", made.id), LF_Z("user", by.user_id));
    return ST_OK;
}

static bool read_key(const struct db_rows *row, void *ctx)
{
    struct list *l = ctx;
    struct api_key *k = list_add(l);
    if (k == NULL)
        return false;
    *k = (struct api_key){.id = db_text_dup(row, 0, l->arena),
                          .name = db_text_dup(row, 1, l->arena),
                          .last4 = db_text_dup(row, 2, l->arena),
                          .created_ms = db_int(row, 3),
                          .last_used_ms = db_int(row, 4)};
    return !l->arena->is_full;
}

status api_key_list(struct db *db, struct scope by, struct arena *a, struct api_key **out, size_t *count_out)
{
    struct list l = list_make(a, sizeof(struct api_key));
    status st = db_each(db, &SQL_API_KEY_LIST, DB_ARGS(DB_Z(by.organization_id), DB_Z(by.user_id)), read_key, &l);
    if (st != ST_OK)
        return st;
    *out = l.rows;
    *count_out = l.count;
    return ST_OK;
}

status api_key_revoke(struct db *db, struct scope by, str id, struct err *e)
{
    status st = db_change(
        db, &SQL_API_KEY_REVOKE,
        DB_ARGS(DB_TEXT(id), DB_Z(by.organization_id), DB_Z(by.user_id), DB_INT(clock_now_ms())), e);
    if (st == ST_OK)
        log_info("API key revoked", LF_STR("api_key", id), LF_Z("user", by.user_id));
    return st;
}

status api_key_touch(struct db *db, struct scope by, str id, int64_t now_ms)
{
    status st = db_exec(db, &SQL_API_KEY_TOUCH,
                        DB_ARGS(DB_TEXT(id), DB_Z(by.organization_id), DB_Z(by.user_id), DB_INT(now_ms),
                                DB_INT(now_ms - SESSION_TOUCH_MS)));
    if (st != ST_OK || db_changes(db) == 0)
        return st;
    return db_exec(db, &SQL_USER_SEEN, DB_ARGS(DB_Z(by.user_id), DB_INT(now_ms)));
}

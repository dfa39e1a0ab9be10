/* Pseudonyms and what OpenRouter reports about them; see learning.h. */
#include "tenancy/learning.h"
#include "base/clock.h"
#include "base/log.h"
#include "tenancy/common.h"
#include "tenancy/tenancy_sql.h"

enum { EXTERNAL_RANDOM_CHARS = 24, REPORTED_MAX_BYTES = 256 };

void external_user_new(char *dst)
{
    memcpy(dst, "mai_", 4);
    random_text(dst + 4, EXTERNAL_RANDOM_CHARS);
}

status learning_is_due(struct db *db, struct system_scope why, str user_id, int64_t now_ms, bool *out)
{
    int64_t count = 0;
    status st = db_number(db, &SQL_LEARNING_IS_DUE, DB_ARGS(DB_TEXT(user_id), DB_INT(now_ms - MS_PER_DAY)),
                          &count);
    if (st == ST_OK)
        *out = count != 0;
    return st;
}

struct due_ctx {
    struct learning_due *out;
    size_t count;
};

static bool read_due(const struct db_rows *row, void *ctx)
{
    struct due_ctx *c = ctx;
    struct learning_due *d = &c->out[c->count];
    *d = (struct learning_due){};
    bool fits = str_copy_z(db_text(row, 0), d->user_id, sizeof d->user_id) &&
                str_copy_z(db_text(row, 1), d->organization_id, sizeof d->organization_id) &&
                str_copy_z(db_text(row, 2), d->generation_id, sizeof d->generation_id) &&
                str_copy_z(db_text(row, 3), d->key_hash, sizeof d->key_hash);
    c->count += fits;
    return true;
}

status learning_list_due(struct db *db, struct system_scope why, int64_t now_ms, size_t max,
                         struct learning_due *out, size_t *count_out)
{
    struct due_ctx ctx = {.out = out};
    status st = db_each(db, &SQL_LEARNING_DUE, DB_ARGS(DB_INT(now_ms - MS_PER_DAY), DB_INT(max)), read_due, &ctx);
    if (st == ST_OK)
        *count_out = ctx.count;
    return st;
}

struct external_ctx {
    char external[ID_CAP], organization[ID_CAP];
};

static void read_external(const struct db_rows *row, void *ctx)
{
    struct external_ctx *c = ctx;
    if (!str_copy_z(db_text(row, 0), c->external, ID_CAP) || !str_copy_z(db_text(row, 1), c->organization, ID_CAP))
        c->external[0] = '\0';
}

/* The words are a contract: people look for them in the logs. */
static status log_learned(struct db *db, str user_id, str reported, const char *state)
{
    struct external_ctx c = {};
    status st = db_one(db, &SQL_LEARNING_EXTERNAL, DB_ARGS(DB_TEXT(user_id)), read_external, &c);
    if (st == ST_OK)
        log_info("Auto-learning external_user for user", LF_STR("user", user_id),
                 LF_Z("external_user", c.external), LF_STR("reported", reported), LF_Z("state", state),
                 LF_Z("organization", c.organization));
    return st;
}

static bool is_reported(str reported)
{
    return reported.n != 0 && reported.n <= REPORTED_MAX_BYTES && str_is_text(reported, false);
}

status learning_apply(struct db *db, struct system_scope why, str user_id, str reported, int64_t now_ms,
                      bool *is_learned_out)
{
    bool is_learned = is_reported(reported);
    status st = is_learned ? db_exec(db, &SQL_LEARNING_LEARNED,
                                     DB_ARGS(DB_TEXT(user_id), DB_TEXT(reported), DB_INT(now_ms)))
                           : db_exec(db, &SQL_LEARNING_ASKED, DB_ARGS(DB_TEXT(user_id), DB_INT(now_ms)));
    if (st != ST_OK)
        return st;
    bool is_changed = db_changes(db) != 0;
    *is_learned_out = is_learned && is_changed;
    if (!is_changed)
        return ST_OK;
    return log_learned(db, user_id, is_learned ? reported : STR("null"), is_learned ? "learned" : "assigned");
}

static bool read_mapping(const struct db_rows *row, void *ctx)
{
    struct list *l = ctx;
    struct user_mapping *m = list_add(l);
    if (m == NULL)
        return false;
    *m = (struct user_mapping){
        .user_id = db_text_dup(row, 0, l->arena),
        .organization_id = db_text_dup(row, 1, l->arena),
        .external_user = db_text_dup(row, 2, l->arena),
        .state = str_eq(db_text(row, 3), STR("learned")) ? EXTERNAL_LEARNED : EXTERNAL_ASSIGNED,
        .is_active = db_is_null(row, 4),
        .created_ms = db_int(row, 5),
        .updated_ms = db_int(row, 6),
    };
    return !l->arena->is_full;
}

status user_mapping_list(struct db *db, struct provider_scope by, struct arena *a, struct user_mapping **out,
                         size_t *count_out)
{
    struct list l = list_make(a, sizeof(struct user_mapping));
    status st = db_each(db, &SQL_USER_MAPPINGS, DB_NO_ARGS, read_mapping, &l);
    if (st != ST_OK)
        return st;
    *out = l.rows;
    *count_out = l.count;
    return ST_OK;
}

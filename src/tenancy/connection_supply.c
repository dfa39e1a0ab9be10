/* The provider's side of keys: made for a client, rotated, listed by hash, opened to settle old calls; see
 * connection.h. */
#include "base/clock.h"
#include "base/log.h"
#include "tenancy/common.h"
#include "tenancy/key_row.h"
#include "tenancy/organization_row.h"
#include "tenancy/tenancy_sql.h"

/* Sealed texts of retired keys are kept at least this long, for corrections that come late. */
#define FORGET_AFTER_MS (3 * MS_PER_DAY)

static status organization_exists(struct db *db, str id, struct err *e)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    struct organization o;
    return organization_row_read(db, id, &a, &o, e);
}

static struct key_new new_of(const struct supplied_key *k, str organization_id, const char *id)
{
    return (struct key_new){.id = str_c(id),
                            .hash = k->hash,
                            .organization_id = organization_id,
                            .url = k->url,
                            .sealed = STR_NONE,
                            .last4 = key_last4(k->text),
                            .label = k->label.n != 0 ? k->label : STR_NONE,
                            .name = k->name.n != 0 ? k->name : STR_NONE,
                            .entered_by = STR_NONE,
                            .has_limit = k->has_limit,
                            .limit = k->limit,
                            .limit_reset = k->limit_reset};
}

/* The key carries the organization's limit from birth: nothing to read back, nothing to push. */
static status note_limit(struct db *db, str organization_id, const struct supplied_key *k)
{
    return db_exec(db, &SQL_ORGANIZATION_READ_LIMIT,
                   DB_ARGS(DB_TEXT(organization_id), DB_INT_IF(k->has_limit, k->limit.v), DB_INT(clock_now_ms()),
                           DB_TEXT(limit_reset_text(k->limit_reset))));
}

static status insert_expected(struct db *db, str organization_id, const struct supplied_key *k, struct err *e)
{
    char id[ID_CAP];
    id_new(id);
    struct key_new row = new_of(k, organization_id, id);
    row.state = KEY_EXPECTED;
    status st = key_insert(db, &row);
    if (st == ST_CONFLICT)
        return err_set(e, st, "This key belongs to an organization already");
    return st == ST_OK ? note_limit(db, organization_id, k) : st;
}

status connection_expect(struct db *db, struct provider_scope by, str organization_id,
                         const struct supplied_key *k, struct err *e)
{
    status st = organization_exists(db, organization_id, e);
    if (st == ST_OK)
        st = insert_expected(db, organization_id, k, e);
    if (st == ST_OK)
        log_info("supplier key made", LF_STR("organization", organization_id), LF_STR("key_id", k->hash),
                 LF_STR("by", actor_text(by.user_id)));
    return st;
}

/* ---- rotation ---- */

static status rotate_expected(struct db *db, str organization_id, const struct supplied_key *k,
                              char *replaced_hash_out, struct err *e)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    struct key_row old = {};
    status st = key_row_one(db, &SQL_KEY_EXPECTED, DB_ARGS(DB_TEXT(organization_id)), &a, &old);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    st = db_exec(db, &SQL_KEY_RETIRE_EXPECTED, DB_ARGS(DB_TEXT(organization_id), DB_INT(clock_now_ms())));
    if (st == ST_OK)
        st = insert_expected(db, organization_id, k, e);
    if (st == ST_OK)
        CHECK(str_copy_z(old.key.hash, replaced_hash_out, 65));
    return st;
}

static status rotate_current(struct db *db, const struct master_key *m, str organization_id,
                             const struct supplied_key *k, char key_id_out[static ID_CAP])
{
    struct buf sealed MAI_AUTO(buf_free);
    buf_init(&sealed, 4096);
    char id[ID_CAP];
    id_new(id);
    status st = key_seal(m, organization_id, str_c(id), k->text, &sealed);
    if (st == ST_OK)
        st = db_exec(db, &SQL_ORGANIZATION_CANDIDATES_DELETE, DB_ARGS(DB_TEXT(organization_id)));
    if (st != ST_OK)
        return st;
    struct key_new row = new_of(k, organization_id, id);
    row.sealed = buf_view(&sealed);
    row.state = KEY_CHECKING;
    row.is_rotation = true;
    row.next_check_ms = clock_now_ms() + 30 * MS_PER_SECOND;
    st = key_insert(db, &row);
    if (st == ST_OK)
        memcpy(key_id_out, id, sizeof id);
    return st;
}

status connection_rotate(struct db *db, struct provider_scope by, const struct master_key *m,
                         str organization_id, const struct supplied_key *k, char key_id_out[static ID_CAP],
                         char *replaced_hash_out, struct err *e)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    struct key_row current;
    status st = organization_exists(db, organization_id, e);
    if (st != ST_OK)
        return st;
    key_id_out[0] = replaced_hash_out[0] = '\0';
    st = key_current(db, organization_id, &a, &current);
    if (st == ST_OK)
        st = rotate_current(db, m, organization_id, k, key_id_out);
    else if (st == ST_NOT_FOUND)
        st = rotate_expected(db, organization_id, k, replaced_hash_out, e);
    if (st == ST_OK)
        log_info("supplier key rotated", LF_STR("organization", organization_id), LF_STR("key_id", k->hash),
                 LF_STR("by", actor_text(by.user_id)));
    return st;
}

/* ---- hashes and texts ---- */

static bool read_hash(const struct db_rows *row, void *ctx)
{
    struct list *l = ctx;
    str *hash = list_add(l);
    if (hash != NULL)
        *hash = db_text_dup(row, 0, l->arena);
    return hash != NULL && !l->arena->is_full;
}

status connection_hashes(struct db *db, struct provider_scope by, str organization_id, struct arena *a,
                         str **out, size_t *count_out, struct err *e)
{
    struct list l = list_make(a, sizeof(str));
    status st = organization_exists(db, organization_id, e);
    if (st == ST_OK)
        st = db_each(db, &SQL_KEY_HASHES, DB_ARGS(DB_TEXT(organization_id)), read_hash, &l);
    if (st != ST_OK)
        return st;
    *out = l.rows;
    *count_out = l.count;
    return ST_OK;
}

struct sealed_ctx {
    struct arena *arena;
    str id, sealed;
};

static void read_sealed(const struct db_rows *row, void *ctx)
{
    struct sealed_ctx *c = ctx;
    c->id = db_text_dup(row, 0, c->arena);
    c->sealed = db_text_dup(row, 1, c->arena);
}

status connection_key_text(struct db *db, struct system_scope why, const struct master_key *m,
                           str organization_id, str hash, struct arena *a, str *text_out)
{
    struct sealed_ctx ctx = {.arena = a};
    status st = db_one(db, &SQL_KEY_SEALED, DB_ARGS(DB_TEXT(organization_id), DB_TEXT(hash)), read_sealed, &ctx);
    return st == ST_OK ? key_open(m, organization_id, ctx.id, ctx.sealed, a, text_out) : st;
}

status connection_forget_retired(struct db *db, struct system_scope why, int64_t *count_out)
{
    status st = db_exec(db, &SQL_KEY_FORGET_RETIRED, DB_ARGS(DB_INT(clock_now_ms() - FORGET_AFTER_MS)));
    if (st == ST_OK)
        *count_out = db_changes(db);
    return st;
}

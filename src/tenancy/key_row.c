/* Rows and seals of supplier keys; see key_row.h. */
#include "tenancy/key_row.h"
#include "base/clock.h"
#include "tenancy/common.h"
#include "tenancy/tenancy_sql.h"

enum { KEY_ID, KEY_ORG, KEY_HASH, KEY_URL, KEY_SEALED, KEY_LAST4, KEY_LABEL, KEY_NAME, KEY_STATE, KEY_REASON,
       KEY_ENTERED_BY, KEY_IS_CURRENT, KEY_ROTATION, KEY_CHECKED, KEY_CHECKS, KEY_LIMIT, KEY_REMAINING, KEY_RESET,
       KEY_CREATED };

static void key_fill(const struct db_rows *row, struct arena *a, struct key_row *k)
{
    *k = (struct key_row){
        .key = {.id = db_text_dup(row, KEY_ID, a),
                .hash = db_text_dup(row, KEY_HASH, a),
                .url = db_text_dup(row, KEY_URL, a),
                .last4 = db_text_dup(row, KEY_LAST4, a),
                .label = db_text_dup(row, KEY_LABEL, a),
                .name = db_text_dup(row, KEY_NAME, a),
                .reason = db_text_dup(row, KEY_REASON, a),
                .is_current = db_int(row, KEY_IS_CURRENT) != 0,
                .checked_ms = db_int(row, KEY_CHECKED),
                .has_limit = !db_is_null(row, KEY_LIMIT),
                .limit = db_pico(row, KEY_LIMIT),
                .limit_remaining = db_pico(row, KEY_REMAINING),
                .created_ms = db_int(row, KEY_CREATED)},
        .organization_id = db_text_dup(row, KEY_ORG, a),
        .sealed = db_text_dup(row, KEY_SEALED, a),
        .entered_by = db_text_dup(row, KEY_ENTERED_BY, a),
        .is_rotation = db_int(row, KEY_ROTATION) != 0,
        .checks = db_int(row, KEY_CHECKS),
    };
    CHECK(key_state_parse(db_text(row, KEY_STATE), &k->key.state));
    if (!limit_reset_parse(db_text(row, KEY_RESET), &k->key.limit_reset))
        k->key.limit_reset = RESET_NONE;
}

bool key_row_read(const struct db_rows *row, void *list)
{
    struct list *l = list;
    struct key_row *k = list_add(l);
    if (k != NULL)
        key_fill(row, l->arena, k);
    return k != NULL && !l->arena->is_full;
}

struct one_ctx {
    struct arena *arena;
    struct key_row *out;
};

static void read_one(const struct db_rows *row, void *ctx)
{
    struct one_ctx *c = ctx;
    key_fill(row, c->arena, c->out);
}

status key_row_one(struct db *db, const struct sql *q, struct db_args args, struct arena *a, struct key_row *out)
{
    struct one_ctx ctx = {a, out};
    status st = db_one(db, q, args, read_one, &ctx);
    return st == ST_OK && a->is_full ? ST_TOO_BIG : st;
}

status key_candidate(struct db *db, str id, struct arena *a, struct key_row *out)
{
    return key_row_one(db, &SQL_KEY_CANDIDATE, DB_ARGS(DB_TEXT(id)), a, out);
}

status key_current(struct db *db, str organization_id, struct arena *a, struct key_row *out)
{
    return key_row_one(db, &SQL_KEY_CURRENT, DB_ARGS(DB_TEXT(organization_id)), a, out);
}

/* ---- seals ---- */

static str seal_name(str key_id, char *dst, size_t cap)
{
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, cap);
    buf_addf(&b, "supplier_key:%.*s", STR_ARG(key_id));
    CHECK(str_copy_z(buf_view(&b), dst, cap));
    return str_c(dst);
}

status key_seal(const struct master_key *m, str organization_id, str key_id, str text, struct buf *out)
{
    char name[ID_CAP + 32];
    return secret_seal(m, organization_id, seal_name(key_id, name, sizeof name), text, out);
}

status key_open(const struct master_key *m, str organization_id, str key_id, str sealed, struct arena *a,
                str *text_out)
{
    char name[ID_CAP + 32];
    return secret_open(m, organization_id, seal_name(key_id, name, sizeof name), sealed, a, text_out);
}

/* ---- making ---- */

status key_insert(struct db *db, const struct key_new *k)
{
    return db_exec(db, &SQL_KEY_INSERT,
                   DB_ARGS(DB_TEXT(k->id), DB_TEXT(k->hash), DB_TEXT(k->organization_id), DB_TEXT(k->url),
                           DB_TEXT(k->sealed), DB_TEXT(k->last4), DB_TEXT(k->label), DB_TEXT(k->name),
                           DB_TEXT(key_state_text(k->state)), DB_TEXT(k->entered_by), DB_BOOL(k->is_rotation),
                           DB_INT_IF(k->next_check_ms != 0, k->next_check_ms), DB_INT_IF(k->has_limit, k->limit.v),
                           DB_TEXT(limit_reset_text(k->limit_reset)), DB_INT(clock_now_ms())));
}

str key_last4(str text)
{
    return str_from(text, text.n > 4 ? text.n - 4 : 0);
}

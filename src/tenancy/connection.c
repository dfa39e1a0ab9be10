/* What an admin sees and saves; see connection.h. The check and what follows from it are in
 * connection_check.c and connection_apply.c. */
#include "tenancy/connection.h"
#include "base/clock.h"
#include "base/log.h"
#include "tenancy/common.h"
#include "tenancy/key_row.h"
#include "tenancy/tenancy_sql.h"

/* The check is posted at once; this finds it again when the server stops in between. */
#define FIRST_CHECK_GRACE_MS (30 * MS_PER_SECOND)

str connection_mask(str last4, char *dst)
{
    if (last4.n == 0 || last4.n > 8) {
        dst[0] = '\0';
        return str_c(dst);
    }
    memcpy(dst, "\xe2\x80\xa6", 3); /* an ellipsis */
    memcpy(dst + 3, last4.p, last4.n);
    dst[3 + last4.n] = '\0';
    return str_c(dst);
}

/* ---- reading ---- */

/* The candidate comes before the key in use. */
static status shown_keys(struct db *db, str organization_id, struct arena *a, struct list *out)
{
    *out = list_make(a, sizeof(struct key_row));
    return db_each(db, &SQL_KEY_LIST_SHOWN, DB_ARGS(DB_TEXT(organization_id)), key_row_read, out);
}

status connection_read(struct db *db, struct scope by, struct arena *a, struct connection *out, struct err *e)
{
    status st = require_admin(by, e);
    struct list l;
    if (st == ST_OK)
        st = shown_keys(db, str_c(by.organization_id), a, &l);
    if (st != ST_OK)
        return st;
    struct connection c = {};
    const struct key_row *rows = l.rows;
    for (size_t i = 0; i < l.count; i++) {
        if (!c.has_shown) {
            c.has_shown = true;
            c.shown = rows[i].key;
        } else if (rows[i].key.is_current) {
            c.has_previous = true;
            c.previous = rows[i].key;
        }
    }
    *out = c;
    return ST_OK;
}

status connection_has_key(struct db *db, struct scope by, bool *out)
{
    int64_t keys = 0;
    status st = db_number(db, &SQL_KEY_CURRENT_COUNT, DB_ARGS(DB_Z(by.organization_id)), &keys);
    if (st == ST_OK)
        *out = keys != 0;
    return st;
}

/* ---- saving ---- */

static status key_is_possible(str key, struct err *e)
{
    bool is_possible = key.n >= 8 && key.n <= SUPPLIER_KEY_MAX_BYTES;
    for (size_t i = 0; i < key.n; i++)
        is_possible = is_possible && key.p[i] > 0x20 && key.p[i] < 0x7f;
    if (is_possible)
        return ST_OK;
    return err_set(e, ST_UNPROCESSABLE, "This cannot be an API key of OpenRouter");
}

static status address_is_base(const struct connection_save *in, struct err *e)
{
    bool is_base = in->url.n <= URL_MAX_BYTES && openrouter_is_base(in->openrouter, in->url);
    if (is_base)
        return ST_OK;
    str base = openrouter_base_url(in->openrouter);
    return err_set(e, ST_UNPROCESSABLE, "The API base URL must be %.*s", STR_ARG(base));
}

static bool means_saved_key(str key, const struct list *shown)
{
    if (key.n == 0)
        return true;
    const struct key_row *rows = shown->rows;
    char mask[16];
    for (size_t i = 0; i < shown->count; i++)
        if (str_eq(key, connection_mask(rows[i].key.last4, mask)))
            return true;
    return false;
}

static const struct key_row *with_hash(const struct list *shown, const char *hash)
{
    const struct key_row *rows = shown->rows;
    for (size_t i = 0; i < shown->count; i++)
        if (str_eq(rows[i].key.hash, str_c(hash)))
            return &rows[i];
    return NULL;
}

static status forget_candidates(struct db *db, const struct scope *by)
{
    return db_exec(db, &SQL_ORGANIZATION_CANDIDATES_DELETE, DB_ARGS(DB_Z(by->organization_id)));
}

static status check_again(struct db *db, const struct scope *by, const struct key_row *k,
                          char key_id_out[static ID_CAP])
{
    CHECK(str_copy_z(k->key.id, key_id_out, ID_CAP));
    return db_exec(db, &SQL_KEY_RECHECK,
                   DB_ARGS(DB_TEXT(k->key.id), DB_Z(by->organization_id),
                           DB_INT(clock_now_ms() + FIRST_CHECK_GRACE_MS), DB_Z(by->user_id)));
}

static status store_candidate(struct db *db, const struct scope *by, const struct connection_save *in, str key,
                              const char *hash, char key_id_out[static ID_CAP])
{
    struct buf sealed MAI_AUTO(buf_free);
    buf_init(&sealed, 4096);
    char id[ID_CAP];
    id_new(id);
    status st = key_seal(in->master, str_c(by->organization_id), str_c(id), key, &sealed);
    if (st == ST_OK)
        st = forget_candidates(db, by);
    if (st != ST_OK)
        return st;
    struct key_new k = {.id = str_c(id),
                        .hash = str_c(hash),
                        .organization_id = str_c(by->organization_id),
                        .url = openrouter_base_url(in->openrouter),
                        .sealed = buf_view(&sealed),
                        .last4 = key_last4(key),
                        .entered_by = str_c(by->user_id),
                        .state = KEY_CHECKING,
                        .next_check_ms = clock_now_ms() + FIRST_CHECK_GRACE_MS};
    st = key_insert(db, &k);
    if (st != ST_OK)
        return st;
    memcpy(key_id_out, id, sizeof id);
    log_info("supplier key entered", LF_Z("organization", by->organization_id), LF_Z("by", by->user_id),
             LF_Z("key_id", hash));
    return ST_OK;
}

/* A key that is not the one stored: the one in use again, the same candidate again, or a new one. */
static status save_key(struct db *db, const struct scope *by, const struct connection_save *in, str key,
                       const struct list *shown, char key_id_out[static ID_CAP])
{
    char hash[65];
    sha256_hex(key, hash);
    const struct key_row *same = with_hash(shown, hash);
    if (same == NULL || (same->key.is_current && same->key.state != KEY_VERIFIED))
        return store_candidate(db, by, in, key, hash, key_id_out);
    if (same->key.is_current)
        return forget_candidates(db, by);
    return check_again(db, by, same, key_id_out);
}

status connection_save(struct db *db, struct scope by, const struct connection_save *in,
                       char key_id_out[static ID_CAP], bool *needs_check_out, struct err *e)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    str key = str_trim(in->key);
    struct list shown;
    status st = require_admin(by, e);
    if (st == ST_OK)
        st = address_is_base(in, e);
    if (st == ST_OK)
        st = shown_keys(db, str_c(by.organization_id), &a, &shown);
    if (st != ST_OK)
        return st;
    char key_id[ID_CAP] = "";
    if (!means_saved_key(key, &shown)) {
        st = key_is_possible(key, e);
        if (st == ST_OK)
            st = save_key(db, &by, in, key, &shown, key_id);
    }
    if (st != ST_OK)
        return st;
    memcpy(key_id_out, key_id, sizeof key_id);
    *needs_check_out = key_id[0] != '\0';
    return ST_OK;
}

status connection_remove(struct db *db, struct scope by, struct err *e)
{
    status st = require_admin(by, e);
    if (st == ST_OK)
        st = forget_candidates(db, &by);
    if (st == ST_OK)
        st = db_exec(db, &SQL_KEY_RETIRE_CURRENT, DB_ARGS(DB_Z(by.organization_id), DB_INT(clock_now_ms())));
    if (st == ST_OK)
        log_info("supplier key removed", LF_Z("organization", by.organization_id), LF_Z("by", by.user_id));
    return st;
}

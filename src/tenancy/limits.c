/* Reading limits back from OpenRouter and sending ours; see limits.h. */
#include "tenancy/limits.h"
#include "base/clock.h"
#include "base/log.h"
#include "tenancy/common.h"
#include "tenancy/key_row.h"
#include "tenancy/organization_row.h"
#include "tenancy/tenancy_sql.h"

struct ids_ctx {
    char (*ids)[ID_CAP];
    size_t count;
};

static bool read_id(const struct db_rows *row, void *ctx)
{
    struct ids_ctx *c = ctx;
    c->count += str_copy_z(db_text(row, 0), c->ids[c->count], ID_CAP);
    return true;
}

status limits_list_due(struct db *db, struct system_scope why, int64_t now_ms,
                       char ids_out[static LIMITS_DUE_MAX][ID_CAP], size_t *count_out)
{
    struct ids_ctx ctx = {.ids = ids_out};
    status st = db_each(db, &SQL_KEY_LIMITS_DUE, DB_ARGS(DB_INT(now_ms - LIMITS_REFRESH_MS), DB_INT(LIMITS_DUE_MAX)),
                        read_id, &ctx);
    if (st == ST_OK)
        *count_out = ctx.count;
    return st;
}

/* ---- asking ---- */

static void refused(status st, const struct err *e, struct limits_reading *r)
{
    r->is_refused = true;
    struct err text;
    (void)err_set(&text, st, "OpenRouter does not accept this key any more: %.180s", err_text(e, st));
    str words = str_c(text.text);
    if (!str_is_text(words, false) || !str_copy_z(words, r->reason, sizeof r->reason))
        CHECK(str_copy_z(STR("OpenRouter does not accept this key any more"), r->reason, sizeof r->reason));
}

static status ask_with_management_key(struct openrouter *o, str management_key, str hash, struct arena *a,
                                      struct limits_reading *r, struct err *e)
{
    struct openrouter_key k;
    status st = openrouter_key_read(o, management_key, hash, a, &k, e);
    if (st != ST_OK)
        return st;
    r->limit = (struct limit_value){k.has_limit, k.limit};
    r->limit_remaining = k.limit_remaining;
    r->reset = k.reset;
    if (k.updated_at.n != 0 && iso_to_ms(k.updated_at, &r->changed_ms) != ST_OK)
        r->changed_ms = 0;
    if (k.is_disabled)
        refused(ST_UNAUTHENTICATED, &(struct err){ST_UNAUTHENTICATED, "it is disabled"}, r);
    return ST_OK;
}

static status ask_with_itself(struct openrouter *o, const struct master_key *m, const struct key_row *row,
                              struct arena *a, struct limits_reading *r, struct err *e)
{
    str text;
    status st = key_open(m, row->organization_id, row->key.id, row->sealed, a, &text);
    if (st != ST_OK)
        return st;
    struct openrouter_current_key k;
    st = openrouter_current_key(o, text, a, &k, e);
    secret_wipe((void *)text.p, text.n);
    if (st == ST_UNAUTHENTICATED) {
        refused(st, e, r);
        return ST_OK;
    }
    if (st != ST_OK)
        return st;
    r->limit = (struct limit_value){k.has_limit, k.limit};
    r->limit_remaining = k.limit_remaining;
    r->reset = k.reset;
    return ST_OK;
}

status limits_read(struct db *db, struct system_scope why, struct openrouter *o, const struct master_key *m,
                   str management_key, str organization_id, struct limits_reading *out, struct err *e)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    struct key_row row;
    status st = key_current(db, organization_id, &a, &row);
    if (st == ST_NOT_FOUND)
        return refuse_absent(e);
    if (st != ST_OK)
        return st;
    struct limits_reading r = {.read_ms = clock_now_ms()};
    CHECK(str_copy_z(row.organization_id, r.organization_id, ID_CAP));
    CHECK(str_copy_z(row.key.hash, r.key_hash, sizeof r.key_hash));
    st = ST_NOT_FOUND;
    if (management_key.n != 0)
        st = ask_with_management_key(o, management_key, row.key.hash, &a, &r, e);
    bool is_hidden = st == ST_NOT_FOUND || st == ST_FORBIDDEN || st == ST_UNAUTHENTICATED;
    if (is_hidden)
        st = ask_with_itself(o, m, &row, &a, &r, e);
    if (st == ST_OK)
        *out = r;
    return st;
}

/* ---- applying ---- */

static status judge_key(struct db *db, const struct limits_reading *r, bool *is_changed_out)
{
    enum key_state state = r->is_refused ? KEY_REFUSED : KEY_VERIFIED;
    status st = db_exec(db, &SQL_KEY_CURRENT_JUDGE,
                        DB_ARGS(DB_Z(r->organization_id), DB_Z(r->key_hash), DB_TEXT(key_state_text(state)),
                                DB_TEXT(r->is_refused ? str_c(r->reason) : STR_NONE)));
    *is_changed_out = st == ST_OK && db_changes(db) != 0;
    if (*is_changed_out)
        log_info("supplier key checked", LF_Z("organization", r->organization_id), LF_Z("key_id", r->key_hash),
                 LF_STR("state", key_state_text(state)), LF_Z("reason", r->reason));
    return st;
}

static status note_reading(struct db *db, const struct limits_reading *r, struct err *e)
{
    struct db_value limit = DB_INT_IF(r->limit.has_limit, r->limit.limit.v);
    struct db_value reset = DB_TEXT(limit_reset_text(r->reset));
    status st = db_change(db, &SQL_KEY_LIMITS_NOTE,
                          DB_ARGS(DB_Z(r->organization_id), DB_Z(r->key_hash), limit,
                                  DB_INT_IF(r->limit.has_limit, r->limit_remaining.v), reset, DB_INT(r->read_ms)),
                          e);
    if (st != ST_OK)
        return st;
    return db_exec(db, &SQL_ORGANIZATION_READ_LIMIT,
                   DB_ARGS(DB_Z(r->organization_id), limit, DB_INT(r->read_ms), reset));
}

static status adopt(struct db *db, const struct limits_reading *r)
{
    char text[PICO_TEXT_CAP];
    log_info("organization changed", LF_Z("organization", r->organization_id), LF_STR("by", STR("openrouter")),
             LF_STR("field", STR("limit")),
             LF_STR("to", r->limit.has_limit ? pico_text(r->limit.limit, text) : STR("none")));
    return db_exec(db, &SQL_ORGANIZATION_ADOPT_LIMIT,
                   DB_ARGS(DB_Z(r->organization_id), DB_INT_IF(r->limit.has_limit, r->limit.limit.v),
                           DB_INT(r->read_ms)));
}

static struct limit_facts facts_of(const struct organization *o, const struct limits_reading *r)
{
    return (struct limit_facts){
        .mai = {o->has_limit, o->limit},
        .mai_changed_ms = o->limit_changed_ms,
        .seen = {o->has_openrouter_limit, o->openrouter_limit},
        .seen_ms = o->openrouter_limit_seen_ms,
        .now = r->limit,
        .now_changed_ms = r->changed_ms,
        .now_reset = r->reset,
    };
}

static status apply_limit(struct db *db, const struct limits_reading *r, const struct organization *o,
                          struct limits_applied *done, struct err *e)
{
    struct limit_facts facts = facts_of(o, r);
    done->action = limit_decide(&facts);
    done->limit = done->action == LIMIT_PUSH ? facts.mai : r->limit;
    done->reset = done->action == LIMIT_PUSH && facts.mai.has_limit ? RESET_MONTHLY : r->reset;
    status st = note_reading(db, r, e);
    if (st == ST_OK && done->action == LIMIT_ADOPT) {
        done->is_changed = true;
        st = adopt(db, r);
    }
    return st;
}

status limits_apply(struct db *db, struct system_scope why, const struct limits_reading *r,
                    struct limits_applied *out, struct err *e)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    struct organization o;
    status st = organization_row_read(db, str_c(r->organization_id), &a, &o, e);
    if (st != ST_OK)
        return st;
    struct limits_applied done = {.limit = {o.has_limit, o.limit}, .reset = o.limit_reset};
    if (r->is_refused)
        st = db_change(db, &SQL_KEY_LIMITS_FAILED,
                       DB_ARGS(DB_Z(r->organization_id), DB_Z(r->key_hash), DB_INT(r->read_ms)), e);
    else
        st = apply_limit(db, r, &o, &done, e);
    bool is_judged_anew = false;
    if (st == ST_OK)
        st = judge_key(db, r, &is_judged_anew);
    done.is_changed = done.is_changed || is_judged_anew;
    if (st == ST_OK)
        *out = done;
    return st;
}

/* ---- pushing ---- */

status limits_push(struct openrouter *o, str management_key, str key_hash, struct limit_value limit,
                   enum limit_reset reset, struct err *e)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    struct openrouter_key_change change = {.set_limit = true,
                                           .has_limit = limit.has_limit,
                                           .limit = limit.limit,
                                           .set_reset = true,
                                           .reset = reset};
    struct openrouter_key k;
    return openrouter_key_update(o, management_key, key_hash, &change, &a, &k, e);
}

status limits_pushed(struct db *db, struct system_scope why, str organization_id, str key_hash,
                     struct limit_value limit, enum limit_reset reset)
{
    return db_exec(db, &SQL_ORGANIZATION_READ_LIMIT,
                   DB_ARGS(DB_TEXT(organization_id), DB_INT_IF(limit.has_limit, limit.limit.v),
                           DB_INT(clock_now_ms()), DB_TEXT(limit_reset_text(reset))));
}

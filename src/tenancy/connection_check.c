/* Asking OpenRouter about a candidate; see connection.h. Blocking, on a worker; no transaction is open. */
#include "base/clock.h"
#include "base/log.h"
#include "tenancy/common.h"
#include "tenancy/connection.h"
#include "tenancy/key_row.h"
#include "tenancy/tenancy_sql.h"

int64_t connection_retry_ms(int64_t checks)
{
    static const int64_t steps_s[] = {5, 15, 30, 60, 120, 300, 600, 1800, 3600};
    size_t last = COUNT_OF(steps_s) - 1;
    size_t at = checks < 0 ? 0 : (uint64_t)checks > last ? last : (size_t)checks;
    return steps_s[at] * MS_PER_SECOND;
}

struct ids_ctx {
    char (*ids)[ID_CAP];
    size_t count;
};

static bool read_due_id(const struct db_rows *row, void *ctx)
{
    struct ids_ctx *c = ctx;
    c->count += str_copy_z(db_text(row, 0), c->ids[c->count], ID_CAP);
    return true;
}

status connection_list_due(struct db *db, struct system_scope why, int64_t now_ms,
                           char ids_out[static CONNECTIONS_DUE_MAX][ID_CAP], size_t *count_out)
{
    struct ids_ctx ctx = {.ids = ids_out};
    status st = db_each(db, &SQL_KEY_DUE, DB_ARGS(DB_INT(now_ms), DB_INT(CONNECTIONS_DUE_MAX)), read_due_id, &ctx);
    if (st == ST_OK)
        *count_out = ctx.count;
    return st;
}

/* Text of somebody else, cut to fit, never in the middle of a character. */
static void copy_cut(str s, char *dst, size_t cap)
{
    str cut = str_sub(s, 0, cap - 1);
    while (cut.n != 0 && !str_is_text(cut, false))
        cut.n--;
    CHECK(str_copy_z(cut, dst, cap));
}

static void verdict_of_failure(status st, const struct err *e, struct connection_finding *f)
{
    bool is_refusal = st == ST_UNAUTHENTICATED || st == ST_FORBIDDEN || st == ST_BAD_REQUEST;
    f->verdict = is_refusal ? VERDICT_REFUSED : VERDICT_UNREACHABLE;
    char words[200];
    copy_cut(str_c(err_text(e, st)), words, sizeof words);
    struct err text;
    (void)err_set(&text, st, is_refusal ? "OpenRouter does not accept this key: %s"
                                        : "OpenRouter could not be asked: %s", words);
    copy_cut(str_c(text.text), f->reason, sizeof f->reason);
}

static void note_current(const struct openrouter_current_key *k, struct connection_finding *f)
{
    f->has_details = true;
    copy_cut(k->label, f->label, sizeof f->label);
    f->has_limit = k->has_limit;
    f->limit = k->limit;
    f->limit_remaining = k->limit_remaining;
    f->limit_reset = k->reset;
}

/* With the key itself: is it one to make calls with? */
static void ask_about_itself(struct openrouter *o, str key, struct arena *a, struct connection_finding *f)
{
    struct openrouter_current_key k;
    struct err e = {};
    status st = openrouter_current_key(o, key, a, &k, &e);
    if (st != ST_OK) {
        verdict_of_failure(st, &e, f);
        return;
    }
    f->verdict = k.is_management ? VERDICT_MANAGEMENT : VERDICT_VALID;
    if (k.is_management)
        copy_cut(STR("This is a management (provisioning) key; enter an API key for calls"), f->reason,
                 sizeof f->reason);
    else
        note_current(&k, f);
}

/* Its name, if the provider's management key may read it; a key of another account stays nameless. */
static void ask_for_name(struct openrouter *o, str management_key, str hash, struct arena *a,
                         struct connection_finding *f)
{
    struct openrouter_key k;
    struct err e = {};
    status st = openrouter_key_read(o, management_key, hash, a, &k, &e);
    if (st != ST_OK) {
        log_info("supplier key's name is not readable", LF_STR("key_id", hash), LF_Z("status", status_name(st)));
        return;
    }
    f->has_name = k.name.n != 0;
    copy_cut(k.name, f->name, sizeof f->name);
}

status connection_check(struct db *db, struct openrouter *o, const struct master_key *m, str management_key,
                        str key_id, struct connection_finding *out)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    struct key_row row;
    str text;
    status st = key_candidate(db, key_id, &a, &row);
    if (st == ST_OK)
        st = key_open(m, row.organization_id, row.key.id, row.sealed, &a, &text);
    if (st != ST_OK)
        return st;
    struct connection_finding f = {.found_ms = clock_now_ms()};
    CHECK(str_copy_z(row.key.id, f.key_id, ID_CAP));
    if (openrouter_is_base(o, row.key.url)) /* K5 */
        ask_about_itself(o, text, &a, &f);
    else
        verdict_of_failure(ST_FORBIDDEN, &(struct err){ST_FORBIDDEN, "it was saved for another address"}, &f);
    secret_wipe((void *)text.p, text.n);
    if (f.verdict == VERDICT_VALID && management_key.n != 0)
        ask_for_name(o, management_key, row.key.hash, &a, &f);
    *out = f;
    return ST_OK;
}

/* The rollups made again from the rows and compared, a day of one organization at a time; see verify.h. Both sides go
 * into one table by what a rollup row is about; whatever does not cancel out is a difference. */
#include "ledger/verify.h"
#include "base/hash.h"
#include "ledger/books.h"
#include "ledger/ledger_sql.h"
#include "ledger/usage_cut.h"

enum { CHUNK_SLOTS = 96, KEY_MAX = 512 };
#define CHUNK_BYTES_MAX ((size_t)512 * 1024 * 1024)
#define SLOT_FIRST (INT64_MIN / SLOT_MS / 2)

struct about { /* a rollup row's key; user_id empty: the organization's total */
    int64_t slot;
    str user_id, model, key_hash, provider;
};

struct pair {
    struct about about;
    struct tally rows, rollup;
};

struct pass { /* one organization, one day */
    struct db *db;
    str organization_id;
    int64_t from_slot, to_slot;
    struct hash pairs;
    struct arena a;
    struct ledger_verification *out;
};

/* ---- pairs ---- */

static void key_add(char *key, size_t *n, str s)
{
    CHECK(*n + s.n + 1 <= KEY_MAX);
    if (s.n != 0)
        memcpy(key + *n, s.p, s.n);
    *n += s.n;
    key[(*n)++] = '\0';
}

static str key_of(const struct about *about, char *key)
{
    size_t n = sizeof about->slot;
    memcpy(key, &about->slot, n);
    key_add(key, &n, about->user_id);
    key_add(key, &n, about->model);
    key_add(key, &n, about->key_hash);
    key_add(key, &n, about->provider);
    return (str){key, n};
}

static struct pair *pair_new(struct pass *p, str key, const struct about *about)
{
    struct pair *pair = ARENA_NEW(&p->a, struct pair);
    if (pair == NULL)
        return NULL;
    pair->about = (struct about){about->slot, arena_dup(&p->a, about->user_id),
                                 arena_dup(&p->a, about->model), arena_dup(&p->a, about->key_hash),
                                 arena_dup(&p->a, about->provider)};
    (void)hash_set(&p->pairs, key, pair);
    return pair;
}

/* NULL: the arena is full. */
static struct pair *pair_need(struct pass *p, const struct about *about)
{
    char bytes[KEY_MAX];
    str key = key_of(about, bytes);
    struct pair *pair = hash_get(&p->pairs, key);
    return pair != NULL ? pair : pair_new(p, key, about);
}

static void pair_add(struct pass *p, const struct about *about, const struct tally *t, bool is_rollup)
{
    struct pair *pair = pair_need(p, about);
    if (pair != NULL)
        tally_add(is_rollup ? &pair->rollup : &pair->rows, t);
}

/* ---- reading both sides ---- */

static void add_row(struct pass *p, const struct db_rows *rows)
{
    bool is_correction = !db_is_null(rows, 6);
    if (!is_counted((enum generation_state)db_int(rows, 5)))
        return;
    struct tally t = {!is_correction, db_int(rows, 7), db_int(rows, 8), db_int(rows, 9), db_int(rows, 10)};
    struct about about = {slot_of(db_int(rows, 0)), db_text(rows, 1), db_text(rows, 2), db_text(rows, 3),
                          db_text(rows, 4)};
    p->out->rows++;
    pair_add(p, &about, &t, false);
    pair_add(p, &(struct about){.slot = about.slot}, &t, false);
}

static void add_rollup(struct pass *p, const struct db_rows *rows)
{
    struct tally t = tally_of_row(rows);
    struct about about = {db_int(rows, 0), db_text(rows, 6), db_text(rows, 7), db_text(rows, 8),
                          db_text(rows, 9)};
    p->out->rollups++;
    pair_add(p, &about, &t, true);
}

static void add_total(struct pass *p, const struct db_rows *rows)
{
    struct tally t = tally_of_row(rows);
    p->out->rollups++;
    pair_add(p, &(struct about){.slot = db_int(rows, 0)}, &t, true);
}

static status read_side(struct pass *p, const struct sql *q, int64_t unit,
                        void (*add)(struct pass *p, const struct db_rows *rows))
{
    struct db_rows rows;
    status st = db_query(p->db, q,
                         DB_ARGS(DB_TEXT(p->organization_id), DB_INT(p->from_slot * unit),
                                 DB_INT(p->to_slot * unit)),
                         &rows);
    if (st != ST_OK)
        return st;
    while (!p->a.is_full && db_next(&rows))
        add(p, &rows);
    st = db_end(&rows);
    return p->a.is_full ? ST_TOO_BIG : st;
}

static status read_sides(struct pass *p)
{
    status st = db_read_begin(p->db);
    if (st != ST_OK)
        return st;
    st = read_side(p, &SQL_VERIFY_ROWS, SLOT_MS, add_row);
    if (st == ST_OK)
        st = read_side(p, &SQL_VERIFY_ROLLUPS, 1, add_rollup);
    if (st == ST_OK)
        st = read_side(p, &SQL_VERIFY_TOTALS, 1, add_total);
    db_read_end(p->db);
    return st;
}

/* ---- comparing ---- */

static status sums_of(const struct tally *t, struct ledger_sums *out)
{
    struct provider_usage_sum s;
    if (tally_whole(t, &s) != ST_OK)
        return ST_RANGE;
    *out = (struct ledger_sums){s.requests, s.prompt_tokens, s.completion_tokens, s.cost, s.billed};
    return ST_OK;
}

static bool is_same(const struct tally *a, const struct tally *b)
{
    return a->requests == b->requests && a->prompt_tokens == b->prompt_tokens &&
           a->completion_tokens == b->completion_tokens && a->cost == b->cost && a->billed == b->billed;
}

static status note_difference(struct pass *p, const struct pair *pair)
{
    struct ledger_verification *v = p->out;
    v->differences++;
    if (v->kept == LEDGER_DIFFERENCES_KEPT)
        return ST_OK;
    struct ledger_difference *d = &v->first[v->kept++];
    *d = (struct ledger_difference){.slot_start_ms = pair->about.slot * SLOT_MS};
    (void)str_copy_z(p->organization_id, d->organization_id, sizeof d->organization_id);
    (void)str_copy_z(pair->about.user_id, d->user_id, sizeof d->user_id);
    (void)str_copy_z(pair->about.model, d->model, sizeof d->model);
    (void)str_copy_z(pair->about.key_hash, d->key_hash, sizeof d->key_hash);
    (void)str_copy_z(pair->about.provider, d->provider, sizeof d->provider);
    if (sums_of(&pair->rows, &d->rows) != ST_OK)
        return ST_RANGE;
    return sums_of(&pair->rollup, &d->rollup);
}

static status compare(struct pass *p)
{
    size_t at = 0;
    str key;
    void *value;
    status st = ST_OK;
    while (st == ST_OK && hash_next(&p->pairs, &at, &key, &value)) {
        const struct pair *pair = value;
        if (!is_same(&pair->rows, &pair->rollup))
            st = note_difference(p, pair);
    }
    return st;
}

static status verify_chunk(struct db *db, str organization_id, int64_t from_slot, struct ledger_verification *out)
{
    struct pass p = {.db = db,
                     .organization_id = organization_id,
                     .from_slot = from_slot,
                     .to_slot = from_slot + CHUNK_SLOTS,
                     .out = out};
    arena_init(&p.a, CHUNK_BYTES_MAX);
    status st = read_sides(&p);
    if (st == ST_OK)
        st = compare(&p);
    hash_free(&p.pairs);
    arena_free(&p.a);
    return st;
}

/* ---- walking ---- */

static void read_least(const struct db_rows *row, void *ctx)
{
    if (!db_is_null(row, 0))
        *(int64_t *)ctx = db_int(row, 0);
}

/* The least slot from `from` on that one side knows; INT64_MAX: none. */
static status next_of(struct db *db, const struct sql *q, str organization_id, int64_t from, int64_t unit,
                      int64_t *least)
{
    int64_t found = INT64_MAX;
    status st = db_one(db, q, DB_ARGS(DB_TEXT(organization_id), DB_INT(from * unit)), read_least, &found);
    if (st == ST_NOT_FOUND || (st == ST_OK && found == INT64_MAX))
        return ST_OK;
    int64_t slot = unit == 1 ? found : slot_of(found);
    if (st == ST_OK && slot < *least)
        *least = slot;
    return st;
}

static status next_slot(struct db *db, str organization_id, int64_t from, int64_t *out)
{
    int64_t least = INT64_MAX;
    status st = next_of(db, &SQL_VERIFY_NEXT_ROW, organization_id, from, SLOT_MS, &least);
    if (st == ST_OK)
        st = next_of(db, &SQL_VERIFY_NEXT_SLOT, organization_id, from, 1, &least);
    if (st == ST_OK)
        st = next_of(db, &SQL_VERIFY_NEXT_TOTAL, organization_id, from, 1, &least);
    if (st == ST_OK)
        *out = least;
    return st;
}

static status verify_organization(struct db *db, str organization_id, struct ledger_verification *out)
{
    int64_t slot = SLOT_FIRST;
    for (;;) {
        status st = next_slot(db, organization_id, slot, &slot);
        if (st != ST_OK || slot == INT64_MAX)
            return st;
        st = verify_chunk(db, organization_id, slot, out);
        if (st != ST_OK)
            return st;
        slot += CHUNK_SLOTS;
    }
}

static void read_id(const struct db_rows *row, void *ctx)
{
    CHECK(str_copy_z(db_text(row, 0), ctx, ID_CAP)); /* no id: empty */
}

status ledger_verify(struct db *db, struct system_scope why, struct ledger_verification *out)
{
    struct ledger_verification v = {0};
    char id[ID_CAP] = "";
    for (;;) {
        char next[ID_CAP] = "";
        status st = db_one(db, &SQL_VERIFY_NEXT_ORGANIZATION, DB_ARGS(DB_Z(id)), read_id, next);
        if (st != ST_OK)
            return st;
        if (next[0] == '\0')
            break;
        st = verify_organization(db, str_c(next), &v);
        if (st != ST_OK)
            return st;
        memcpy(id, next, sizeof id);
    }
    *out = v;
    return ST_OK;
}

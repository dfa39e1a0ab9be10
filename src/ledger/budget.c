/* Sums and limits in memory, one account per organization; owned by the writer thread.
 *
 * An account holds a list of budgets: today one row, the organization's monthly limit. A person's or a key's limit,
 * another period, is a further row; an admission must pass all of them and then reserves in all of them.
 *
 * A budget knows the periods it was last asked about (this one and, around midnight or after a clock was set, another).
 * Each is read from disk when it is first needed, inside the caller's transaction, and from then on moved by every
 * step; what is not in memory need not be moved, for it will be read with the step already on disk. So the undo of a
 * step is exact in every order, and a reservation cannot leak: after a restart it is the sum of rows again (L5). */
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/zone.h"
#include "ledger/books.h"
#include "ledger/ledger_sql.h"

struct period {
    const char *limit_name;
    int64_t (*start_ms)(const struct zone *z, int64_t utc_ms);
    int64_t (*end_ms)(const struct zone *z, int64_t utc_ms);
};
static const struct period period_month = {"monthly limit", zone_month_start_ms,
                                           zone_next_month_start_ms};

enum { WINDOWS = 2 };

struct window {
    int64_t start_ms, end_ms; /* [start, end); both 0: unused */
    __int128 used, reserved;
};

struct budget {
    struct budget *next;
    const struct period *period;
    bool has_limit;
    pico limit;
    struct window windows[WINDOWS]; /* the one used last comes first */
};

struct account {
    char organization_id[ID_CAP];
    const struct zone *zone;
    struct budget *budgets;
};

struct budgets {
    struct hash accounts;
};

/* ---- life ---- */

status budgets_load(struct db *db, struct budgets **out)
{
    *out = NEW(struct budgets);
    return ST_OK;
}

static void account_free(struct account *a)
{
    while (a != NULL && a->budgets != NULL) {
        struct budget *b = a->budgets;
        a->budgets = b->next;
        mem_free(b);
    }
    mem_free(a);
}

void budgets_free(struct budgets *b)
{
    size_t at = 0;
    str key;
    void *account;
    if (b == NULL)
        return;
    while (hash_next(&b->accounts, &at, &key, &account))
        account_free(account);
    hash_free(&b->accounts);
    mem_free(b);
}

void budgets_forget(struct budgets *b, str organization_id)
{
    account_free(hash_remove(&b->accounts, organization_id));
}

/* ---- accounts ---- */

struct organization_facts {
    bool has_limit;
    pico limit;
    const struct zone *zone;
};

static void read_facts(const struct db_rows *row, void *ctx)
{
    struct organization_facts *f = ctx;
    f->has_limit = !db_is_null(row, 0);
    f->limit = db_pico(row, 0);
    if (zone_find(db_text(row, 1), &f->zone) != ST_OK) {
        log_warn("unknown time zone, using UTC", LF_STR("zone", db_text(row, 1)));
        f->zone = zone_utc();
    }
}

static status facts_read(struct db *db, str organization_id, struct organization_facts *out)
{
    return db_one(db, &SQL_BUDGET_ORGANIZATION, DB_ARGS(DB_TEXT(organization_id)), read_facts, out);
}

static struct account *account_find(const struct budgets *b, str organization_id)
{
    return hash_get(&b->accounts, organization_id);
}

static struct account *account_new(str organization_id, const struct organization_facts *f)
{
    struct account *a = NEW(struct account);
    CHECK(str_copy_z(organization_id, a->organization_id, sizeof a->organization_id));
    a->zone = f->zone;
    a->budgets = NEW(struct budget);
    *a->budgets =
        (struct budget){.period = &period_month, .has_limit = f->has_limit, .limit = f->limit};
    return a;
}

static status account_need(struct budgets *b, struct db *db, str organization_id,
                           struct account **out)
{
    struct account *a = account_find(b, organization_id);
    if (a == NULL) {
        struct organization_facts f = {0};
        status st = facts_read(db, organization_id, &f);
        if (st != ST_OK)
            return st;
        a = account_new(organization_id, &f);
        CHECK(hash_set(&b->accounts, organization_id, a) == NULL);
    }
    *out = a;
    return ST_OK;
}

/* A new zone cuts other months: nothing of the old ones is of use. */
status budgets_reload(struct budgets *b, struct db *db, str organization_id)
{
    struct account *a = account_find(b, organization_id);
    struct organization_facts f = {0};
    if (a == NULL)
        return ST_OK;
    status st = facts_read(db, organization_id, &f);
    if (st != ST_OK)
        return st;
    a->budgets->has_limit = f.has_limit;
    a->budgets->limit = f.limit;
    if (a->zone != f.zone)
        memset(a->budgets->windows, 0, sizeof a->budgets->windows);
    a->zone = f.zone;
    return ST_OK;
}

/* ---- windows ---- */

static struct window *window_at(struct budget *b, int64_t at_ms)
{
    for (size_t i = 0; i < WINDOWS; i++)
        if (b->windows[i].start_ms <= at_ms && at_ms < b->windows[i].end_ms)
            return &b->windows[i];
    return NULL;
}

static status sum_column(struct db *db, const struct sql *q, struct db_args args, __int128 *out)
{
    struct db_rows rows;
    __int128 sum = 0;
    status st = db_query(db, q, args, &rows);
    if (st != ST_OK)
        return st;
    while (db_next(&rows))
        sum += db_int(&rows, 0);
    st = db_end(&rows);
    if (st == ST_OK)
        *out = sum;
    return st;
}

static status window_read(struct db *db, const char *organization_id, struct window *w)
{
    status st = sum_column(
        db, &SQL_BUDGET_USED,
        DB_ARGS(DB_Z(organization_id), DB_INT(slot_of(w->start_ms)), DB_INT(slot_of(w->end_ms))),
        &w->used);
    if (st != ST_OK)
        return st;
    return sum_column(db, &SQL_BUDGET_RESERVED,
                      DB_ARGS(DB_Z(organization_id), DB_INT(w->start_ms), DB_INT(w->end_ms)),
                      &w->reserved);
}

/* The window that holds the instant, read if it is not known; it comes first afterwards. */
static status window_need(struct account *a, struct budget *b, struct db *db, int64_t at_ms,
                          struct window **out)
{
    struct window *known = window_at(b, at_ms);
    struct window w;
    if (known == &b->windows[0]) {
        *out = known;
        return ST_OK;
    }
    if (known != NULL) {
        w = *known;
    } else {
        w = (struct window){.start_ms = b->period->start_ms(a->zone, at_ms),
                            .end_ms = b->period->end_ms(a->zone, at_ms)};
        status st = window_read(db, a->organization_id, &w);
        if (st != ST_OK)
            return st;
    }
    b->windows[1] = b->windows[0];
    b->windows[0] = w;
    *out = &b->windows[0];
    return ST_OK;
}

void budgets_move(struct budgets *b, str organization_id, int64_t created_ms, __int128 used,
                  __int128 reserved)
{
    struct account *a = account_find(b, organization_id);
    for (struct budget *row = a != NULL ? a->budgets : NULL; row != NULL; row = row->next) {
        struct window *w = window_at(row, created_ms);
        if (w == NULL)
            continue;
        w->used += used;
        w->reserved += reserved;
        CHECK(w->reserved >= 0);
    }
}

/* ---- admission ---- */

static void refuse(const struct account *a, const struct budget *b, const struct window *w,
                   int64_t *resets_ms_out, struct err *e)
{
    char limit[PICO_TEXT_CAP];
    struct civil c = zone_civil(a->zone, w->end_ms);
    bool is_used_up = w->used >= b->limit.v;
    const char *what = is_used_up ? "is used up"
                                  : "leaves too little for the most this request could cost, running "
                                    "requests included; ask for a shorter answer";
    *resets_ms_out = w->end_ms;
    (void)pico_display_usd(b->limit, limit);
    (void)err_set(e, ST_PAYMENT, "Your organization's %s of %s %s%s it resets on %04d-%02d-%02d %02d:%02d (%.*s).",
                  b->period->limit_name, limit, what, is_used_up ? ";" : " or wait:", c.year, c.month,
                  c.day, c.hour, c.minute, STR_ARG(zone_name(a->zone)));
}

/* All budgets must have room before one of them is touched (L6). */
static status account_admit(struct account *a, struct db *db, const struct generation_open *g,
                            int64_t *resets_ms_out, struct err *e)
{
    for (struct budget *row = a->budgets; row != NULL; row = row->next) {
        struct window *w;
        status st = window_need(a, row, db, g->now_ms, &w);
        if (st != ST_OK)
            return st;
        if (row->has_limit && w->used + w->reserved + g->reserved.v > row->limit.v) {
            refuse(a, row, w, resets_ms_out, e);
            return ST_PAYMENT;
        }
    }
    return ST_OK;
}

status budgets_reserve(struct budgets *b, struct db *db, const struct generation_open *g,
                       int64_t *resets_ms_out, struct err *e)
{
    struct account *a;
    str organization_id = str_c(g->scope.organization_id);
    status st = account_need(b, db, organization_id, &a);
    if (st != ST_OK)
        return err_set(e, st, "This organization does not exist.");
    st = account_admit(a, db, g, resets_ms_out, e);
    if (st == ST_OK)
        budgets_move(b, organization_id, g->now_ms, 0, g->reserved.v);
    return st;
}

static pico window_left(const struct budget *b, const struct window *w)
{
    __int128 left = b->limit.v - w->used - w->reserved;
    if (left < 0)
        return PICO(0);
    return left > INT64_MAX ? PICO_MAX : PICO((int64_t)left);
}

status budgets_room(struct budgets *b, struct db *db, const struct scope *who, int64_t now_ms,
                    struct budget_room *out)
{
    struct account *a;
    status st = account_need(b, db, str_c(who->organization_id), &a);
    struct budget_room room = {.left = PICO_MAX};
    if (st != ST_OK)
        return st;
    for (struct budget *row = a->budgets; row != NULL; row = row->next) {
        struct window *w;
        st = window_need(a, row, db, now_ms, &w);
        if (st != ST_OK)
            return st;
        if (room.resets_ms == 0)
            room.resets_ms = w->end_ms;
        if (row->has_limit && (!room.has_limit || pico_cmp(window_left(row, w), room.left) < 0))
            room = (struct budget_room){true, row->limit, window_left(row, w), w->end_ms};
    }
    *out = room;
    return ST_OK;
}

bool budgets_are_limited(const struct budgets *b, str organization_id)
{
    struct account *a = account_find(b, organization_id);
    for (struct budget *row = a != NULL ? a->budgets : NULL; row != NULL; row = row->next)
        if (row->has_limit)
            return true;
    return false;
}

bool budgets_peek(const struct budgets *b, str organization_id, int64_t at_ms,
                  struct budget_sums *out)
{
    struct account *a = account_find(b, organization_id);
    struct window *w = a != NULL ? window_at(a->budgets, at_ms) : NULL;
    if (w == NULL)
        return false;
    *out = (struct budget_sums){w->used, w->reserved};
    return true;
}

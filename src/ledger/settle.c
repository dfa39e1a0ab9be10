/* The end of a row and what comes after it: settle, undo, correct; see generation.h. Writer thread.
 *
 * The order inside a step: decide what the row becomes, book the total (which refuses when a sum would not fit), write
 * the row (which refuses a generation id that is booked already), book the rollup, move the sums in memory, raise alarms. A cost that cannot be booked leaves the row
 * pending with the supplier's digits on it, so that nothing is lost and nothing is zero (L7). */
#include "base/clock.h"
#include "base/log.h"
#include "ledger/books.h"
#include "ledger/ledger_sql.h"

#include <stdio.h>

enum { COST_TEXT_CAP = 64, NAME_MAX_BYTES = 159, USAGE_JSON_MAX = 64 * 1024 };
#define TOKENS_MAX (INT64_C(1) << 40) /* more is nonsense of the supplier, kept in the usage object only */

/* What the row becomes. Texts that are STR_NONE leave what the row has. */
struct ending {
    enum generation_state state;
    bool has_tokens;
    int64_t prompt_tokens, completion_tokens;
    bool has_cost;
    pico cost, billed;
    str source, error;
    int64_t delivered_tokens;
    int checks;
    int64_t next_check_ms; /* 0: none */
    char error_text[ERROR_CAP];
};

/* ---- deciding ---- */

static bool are_tokens(const struct generation_result *r)
{
    return r->has_tokens && r->prompt_tokens >= 0 && r->prompt_tokens <= TOKENS_MAX &&
           r->completion_tokens >= 0 && r->completion_tokens <= TOKENS_MAX;
}

static void decide_tokens(struct ending *end, const struct generation_result *r,
                          const struct booked *row)
{
    bool is_new = are_tokens(r);
    end->has_tokens = is_new || row->has_tokens;
    end->prompt_tokens = is_new ? r->prompt_tokens : row->prompt_tokens;
    end->completion_tokens = is_new ? r->completion_tokens : row->completion_tokens;
    end->delivered_tokens = r->delivered_tokens > 0 ? r->delivered_tokens : row->delivered_tokens;
}

/* Waits for the truth: at first by the start of the schedule; asked again in vain, by its next step. */
static void decide_pending(struct ending *end, const struct generation_result *r,
                           const struct booked *row)
{
    bool is_first = row->state == GENERATION_OPEN;
    bool is_asked = !is_first && row->next_check_ms <= r->now_ms;
    end->state = GENERATION_PENDING;
    end->has_cost = false;
    end->checks = is_first ? 0 : row->checks + is_asked;
    end->next_check_ms = is_first || is_asked ? r->now_ms + check_wait_ms(end->checks) : row->next_check_ms;
}

static void decide_unbookable(struct ending *end, const struct generation_result *r,
                              const struct booked *row, struct generation_settled *s)
{
    char cost[PICO_TEXT_CAP];
    str text = kept_text(r->cost_text, COST_TEXT_CAP);
    if (text.p == NULL)
        text = pico_text(r->cost, cost);
    decide_pending(end, r, row);
    s->is_unbookable = true;
    snprintf(end->error_text, sizeof end->error_text, "the cost %.*s cannot be booked", STR_ARG(text));
    end->error = str_c(end->error_text);
}

static void decide_failed(struct ending *end)
{
    end->state = GENERATION_FAILED;
    end->has_cost = true;
    end->cost = end->billed = PICO(0);
}

static void decide_duplicate(struct ending *end, struct generation_settled *s)
{
    decide_failed(end);
    s->is_duplicate = true;
    end->source = STR("none");
    end->error = STR("the generation id is booked on another row");
}

/* Missing is not zero: an end without a cost waits. A cost above zero is never a failure. */
static void decide(struct ending *end, const struct generation_result *r, const struct booked *row,
                   struct generation_settled *s)
{
    bool is_end = !is_waiting(r->state);
    if (r->state == GENERATION_FAILED && (!r->has_cost || r->cost.v == 0)) {
        decide_failed(end);
        return;
    }
    if (!is_end || !r->has_cost) {
        decide_pending(end, r, row);
        return;
    }
    if (r->cost.v < 0 || markup_apply(r->cost, row->markup, &end->billed) != ST_OK) {
        decide_unbookable(end, r, row, s);
        return;
    }
    end->state = r->state == GENERATION_FAILED ? GENERATION_SETTLED : r->state;
    end->has_cost = true;
    end->cost = r->cost;
    if (end->state == GENERATION_ESTIMATED)
        end->next_check_ms = r->now_ms + MS_PER_DAY;
}

/* ---- writing ---- */

static str provider_of(const struct generation_result *r, const struct booked *row)
{
    str p = kept_text(r->provider, PROVIDER_CAP - 1);
    if (p.p != NULL)
        return p;
    return row->has_provider ? str_c(row->provider) : STR_NONE;
}

static struct rollup_step step_of(const struct generation_result *r, const struct booked *row,
                                  const struct ending *end)
{
    return (struct rollup_step){
        .organization_id = str_c(row->organization_id),
        .user_id = str_c(row->user_id),
        .model = str_c(row->model),
        .key_hash = str_c(row->key_hash),
        .provider = provider_of(r, row),
        .created_ms = row->created_ms,
        .requests = 1,
        .prompt_tokens = end->has_tokens ? end->prompt_tokens : 0,
        .completion_tokens = end->has_tokens ? end->completion_tokens : 0,
        .cost = end->cost,
        .billed = end->billed,
    };
}

static str usage_json_of(const struct generation_result *r)
{
    bool is_fit = r->usage_json.n <= USAGE_JSON_MAX && str_is_utf8(r->usage_json);
    return is_fit ? r->usage_json : STR_NONE;
}

static status write_end(struct db *db, const struct generation_result *r, str generation_id,
                        const struct ending *end)
{
    bool is_over = !is_waiting(end->state);
    return db_exec(
        db, &SQL_GENERATION_END,
        DB_ARGS(DB_TEXT(r->id), DB_INT(end->state), DB_TEXT(kept_text(r->served_model, NAME_MAX_BYTES)),
                DB_TEXT(kept_text(r->provider, PROVIDER_CAP - 1)),
                DB_INT_IF(end->has_tokens, end->prompt_tokens),
                DB_INT_IF(end->has_tokens, end->completion_tokens),
                DB_INT_IF(end->has_cost, end->cost.v), DB_TEXT(kept_text(r->cost_text, COST_TEXT_CAP)),
                DB_INT_IF(end->has_cost, end->billed.v), DB_TEXT(end->source),
                DB_TEXT(usage_json_of(r)), DB_TEXT(kept_text(end->error, ERROR_CAP - 1)),
                DB_INT(end->delivered_tokens), DB_INT(end->checks),
                DB_INT_IF(end->next_check_ms != 0, end->next_check_ms), DB_INT_IF(is_over, r->now_ms),
                DB_TEXT(is_generation_id(generation_id) ? generation_id : STR_NONE)));
}

/* Total, row, rollup. A cost that does not fit leaves the row waiting, a generation id that another row has makes it a
 * duplicate; both change *end. */
static status write_books(struct db *db, const struct generation_result *r, const struct booked *row,
                          struct ending *end, struct generation_settled *s)
{
    struct rollup_step step = step_of(r, row, end);
    status st = is_counted(end->state) ? rollup_total_add(db, &step) : ST_OK;
    if (st == ST_RANGE) {
        decide_unbookable(end, r, row, s);
        st = ST_OK;
    }
    if (st == ST_OK)
        st = write_end(db, r, r->generation_id, end);
    if (st == ST_CONFLICT) {
        st = is_counted(end->state) ? rollup_total_take_back(db, &step) : ST_OK;
        decide_duplicate(end, s);
        if (st == ST_OK)
            st = write_end(db, r, STR_NONE, end);
    }
    return st == ST_OK && is_counted(end->state) ? rollup_add(db, &step) : st;
}

/* ---- what it meant ---- */

static struct generation_settled settled_of(const struct booked *row)
{
    struct generation_settled s = {.state = row->state, .created_ms = row->created_ms};
    memcpy(s.organization_id, row->organization_id, sizeof s.organization_id);
    memcpy(s.user_id, row->user_id, sizeof s.user_id);
    return s;
}

static void note_change(struct generation_settled *s, const struct booked *row,
                        const struct ending *end)
{
    s->was_changed = row->state != end->state;
    s->state = end->state;
    if (!is_waiting(end->state))
        s->released = row->reserved;
    if (!is_counted(end->state))
        return;
    s->cost = end->cost;
    s->billed = end->billed;
    s->tokens = end->has_tokens ? end->prompt_tokens + end->completion_tokens : 0;
}

static void note_alarms(const struct budgets *b, struct generation_settled *s,
                        const struct generation_result *r, const struct booked *row)
{
    bool was_reserved =
        row->reserved.v > 0 || budgets_are_limited(b, str_c(row->organization_id));
    if (!is_counted(s->state))
        return;
    s->is_over_reservation = was_reserved && pico_cmp(s->billed, row->reserved) > 0;
    s->has_suspicious_zero = r->is_priced && s->cost.v == 0 && s->tokens > 0;
}

static void log_alarms(str id, const struct generation_settled *s, const struct generation_result *r)
{
    str organization = str_c(s->organization_id);
    if (s->is_over_reservation)
        log_error("ledger alarm: cost above its reservation", LF_STR("id", id),
                  LF_STR("organization", organization), LF_INT("billed_pico", s->billed.v));
    if (s->has_suspicious_zero)
        log_error("ledger alarm: tokens of a priced model cost nothing", LF_STR("id", id),
                  LF_STR("organization", organization), LF_INT("tokens", s->tokens));
    if (s->is_unbookable)
        log_error("ledger alarm: cost cannot be booked", LF_STR("id", id),
                  LF_STR("organization", organization),
                  LF_STR("cost", kept_text(r->cost_text, COST_TEXT_CAP)), LF_INT("pico", r->cost.v));
    if (s->is_duplicate)
        log_error("ledger alarm: generation id is booked on another row", LF_STR("id", id),
                  LF_STR("organization", organization), LF_STR("generation_id", r->generation_id));
}

/* ---- settle ---- */

status generation_settle(struct budgets *b, struct db *db, const struct generation_result *r,
                         struct generation_settled *out)
{
    struct booked row;
    CHECK(r->state != GENERATION_OPEN);
    status st = booked_read(db, r->id, &row);
    if (st != ST_OK)
        return st;
    struct ending end = {.source = kept_text(r->source, NAME_MAX_BYTES), .error = r->error, .checks = row.checks};
    struct generation_settled s = settled_of(&row);
    if (!is_waiting(row.state)) {
        *out = s;
        return ST_OK;
    }
    decide_tokens(&end, r, &row);
    decide(&end, r, &row, &s);
    st = write_books(db, r, &row, &end, &s);
    if (st != ST_OK)
        return st;
    note_change(&s, &row, &end);
    note_alarms(b, &s, r, &row);
    budgets_move(b, str_c(s.organization_id), s.created_ms, s.billed.v, -(__int128)s.released.v);
    log_alarms(r->id, &s, r);
    *out = s;
    return ST_OK;
}

void generation_settle_undo(struct budgets *b, const struct generation_settled *s, str id)
{
    if (!s->was_changed)
        return;
    budgets_move(b, str_c(s->organization_id), s->created_ms, -(__int128)s->billed.v, s->released.v);
    log_debug("ledger settle taken back", LF_STR("id", id));
}

/* ---- correct ---- */

struct booked_sum {
    __int128 prompt_tokens, completion_tokens, cost, billed;
};

/* What is booked for the call so far: the row and the corrections it has. */
static status booked_so_far(struct db *db, str id, const struct booked *row, struct booked_sum *out)
{
    struct db_rows rows;
    struct booked_sum sum = {row->prompt_tokens, row->completion_tokens, row->cost.v, row->billed.v};
    status st = db_query(db, &SQL_GENERATION_CORRECTIONS, DB_ARGS(DB_TEXT(id)), &rows);
    if (st != ST_OK)
        return st;
    while (db_next(&rows)) {
        sum.prompt_tokens += db_int(&rows, 0);
        sum.completion_tokens += db_int(&rows, 1);
        sum.cost += db_int(&rows, 2);
        sum.billed += db_int(&rows, 3);
    }
    *out = sum;
    return db_end(&rows);
}

static status difference(const struct generation_result *r, const struct booked *row,
                         const struct booked_sum *before, struct ending *out)
{
    pico billed;
    bool is_new = are_tokens(r);
    if (r->cost.v < 0 || markup_apply(r->cost, row->markup, &billed) != ST_OK)
        return ST_RANGE;
    *out = (struct ending){
        .state = GENERATION_SETTLED,
        .has_tokens = true,
        .has_cost = true,
        .prompt_tokens = is_new ? (int64_t)(r->prompt_tokens - before->prompt_tokens) : 0,
        .completion_tokens = is_new ? (int64_t)(r->completion_tokens - before->completion_tokens) : 0,
        .cost = PICO((int64_t)(r->cost.v - before->cost)),
        .billed = PICO((int64_t)(billed.v - before->billed)),
    };
    return ST_OK;
}

static bool is_nothing(const struct ending *d)
{
    return d->prompt_tokens == 0 && d->completion_tokens == 0 && d->cost.v == 0 && d->billed.v == 0;
}

/* Under the names of the old row, whose sums it changes. */
static status book_difference(struct db *db, const struct booked *row, const struct ending *d)
{
    struct rollup_step step = {
        .organization_id = str_c(row->organization_id),
        .user_id = str_c(row->user_id),
        .model = str_c(row->model),
        .key_hash = str_c(row->key_hash),
        .provider = str_c(row->provider),
        .created_ms = row->created_ms,
        .prompt_tokens = d->prompt_tokens,
        .completion_tokens = d->completion_tokens,
        .cost = d->cost,
        .billed = d->billed,
    };
    status st = rollup_total_add(db, &step);
    return st == ST_OK ? rollup_add(db, &step) : st;
}

static status write_difference(struct db *db, const struct generation_result *r,
                               const struct booked *row, const struct ending *d)
{
    char id[ID_CAP];
    id_new(id);
    status st = db_exec(
        db, &SQL_GENERATION_CORRECTION,
        DB_ARGS(DB_Z(id), DB_TEXT(r->id), DB_TEXT(kept_text(r->served_model, NAME_MAX_BYTES)),
                DB_INT(d->prompt_tokens), DB_INT(d->completion_tokens), DB_PICO(d->cost),
                DB_TEXT(kept_text(r->cost_text, COST_TEXT_CAP)), DB_PICO(d->billed),
                DB_TEXT(kept_text(r->source, NAME_MAX_BYTES)), DB_TEXT(usage_json_of(r)),
                DB_INT(r->now_ms), DB_Z(row->organization_id)));
    CHECK(st != ST_OK || db_changes(db) == 1);
    return st;
}

static status add_difference(struct budgets *b, struct db *db, const struct generation_result *r,
                             const struct booked *row, const struct ending *d)
{
    status st = book_difference(db, row, d);
    if (st == ST_OK)
        st = write_difference(db, r, row, d);
    if (st == ST_OK)
        budgets_move(b, str_c(row->organization_id), row->created_ms, d->billed.v, 0);
    return st;
}

status generation_correct(struct budgets *b, struct db *db, const struct generation_result *r,
                          struct generation_settled *out)
{
    struct booked row;
    struct booked_sum before;
    struct ending d;
    status st = booked_read(db, r->id, &row);
    if (st != ST_OK)
        return st;
    if (is_waiting(row.state) || row.is_correction)
        return ST_CONFLICT;
    if (!r->has_cost)
        return ST_UNPROCESSABLE;
    st = booked_so_far(db, r->id, &row, &before);
    if (st == ST_OK)
        st = difference(r, &row, &before, &d);
    if (st == ST_OK && !is_nothing(&d))
        st = add_difference(b, db, r, &row, &d);
    if (st == ST_OK)
        st = db_exec(db, &SQL_GENERATION_SETTLED_FOR_GOOD, DB_ARGS(DB_TEXT(r->id)));
    if (st != ST_OK)
        return st;
    struct generation_settled s = settled_of(&row);
    s.was_changed = !is_nothing(&d);
    s.cost = d.cost;
    s.billed = d.billed;
    s.tokens = d.prompt_tokens + d.completion_tokens;
    *out = s;
    return ST_OK;
}

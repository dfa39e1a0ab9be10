/* Rows that wait for the truth: who is due, when to ask again, what a start finds open; see generation.h. */
#include "base/clock.h"
#include "ledger/books.h"
#include "ledger/ledger_sql.h"

/* The contract's schedule; its last step repeats. */
static const int32_t waits_s[] = {1, 2, 4, 8, 16, 32, 60, 300, 1800, 7200, 86400};

#define ESTIMATE_ASKED_MS (30 * MS_PER_DAY)

int64_t check_wait_ms(int checks)
{
    int last = (int)COUNT_OF(waits_s) - 1;
    return waits_s[checks < last ? checks : last] * MS_PER_SECOND;
}

static void read_due(const struct db_rows *row, struct generation_due *d)
{
    *d = (struct generation_due){.created_ms = db_int(row, 7),
                                 .checks = (int)db_int(row, 8),
                                 .delivered_tokens = db_int(row, 9),
                                 .has_tokens = !db_is_null(row, 10) && !db_is_null(row, 11),
                                 .prompt_tokens = db_int(row, 10),
                                 .completion_tokens = db_int(row, 11)};
    CHECK(str_copy_z(db_text(row, 0), d->id, sizeof d->id));
    CHECK(str_copy_z(db_text(row, 1), d->generation_id, sizeof d->generation_id));
    CHECK(str_copy_z(db_text(row, 2), d->organization_id, sizeof d->organization_id));
    CHECK(str_copy_z(db_text(row, 3), d->user_id, sizeof d->user_id));
    CHECK(str_copy_z(db_text(row, 4), d->key_hash, sizeof d->key_hash));
    CHECK(str_copy_z(db_text(row, 5), d->model, sizeof d->model));
    if (!str_copy_z(db_text(row, 6), d->external_user, sizeof d->external_user))
        d->external_user[0] = '\0'; /* an imported one that is too long to compare */
}

static status list_due(struct db *db, enum generation_state state, int64_t now_ms, size_t max,
                       struct generation_due *out, size_t *count_out)
{
    struct db_rows rows;
    size_t count = 0;
    status st = db_query(db, &SQL_GENERATION_DUE,
                         DB_ARGS(DB_INT(state), DB_INT(now_ms), DB_INT(max)), &rows);
    if (st != ST_OK)
        return st;
    while (count < max && db_next(&rows))
        read_due(&rows, &out[count++]);
    st = db_end(&rows);
    if (st == ST_OK)
        *count_out = count;
    return st;
}

status generation_list_due(struct db *db, struct system_scope why, int64_t now_ms, size_t max,
                           struct generation_due *out, size_t *count_out)
{
    return list_due(db, GENERATION_PENDING, now_ms, max, out, count_out);
}

status generation_list_estimated(struct db *db, struct system_scope why, int64_t now_ms, size_t max,
                                 struct generation_due *out, size_t *count_out)
{
    return list_due(db, GENERATION_ESTIMATED, now_ms, max, out, count_out);
}

/* 0: not asked again. */
static int64_t next_check_ms(const struct booked *row, int64_t now_ms)
{
    if (row->state == GENERATION_PENDING)
        return now_ms + check_wait_ms(row->checks + 1);
    bool is_young = row->state == GENERATION_ESTIMATED && now_ms - row->created_ms < ESTIMATE_ASKED_MS;
    return is_young ? now_ms + MS_PER_DAY : 0;
}

/* A row that has ended meanwhile is left alone. */
status generation_postpone(struct db *db, str id, int64_t now_ms)
{
    struct booked row;
    status st = booked_read(db, id, &row);
    if (st != ST_OK || (row.state != GENERATION_PENDING && row.state != GENERATION_ESTIMATED))
        return st;
    int64_t next_ms = next_check_ms(&row, now_ms);
    return db_exec(db, &SQL_GENERATION_NEXT_CHECK,
                   DB_ARGS(DB_TEXT(id), DB_INT(row.checks + 1), DB_INT_IF(next_ms != 0, next_ms)));
}

status generation_recover(struct db *db, int64_t now_ms, int64_t *count_out)
{
    status st = db_exec(db, &SQL_GENERATION_RECOVER, DB_ARGS(DB_INT(now_ms)));
    if (st == ST_OK)
        *count_out = db_changes(db);
    return st;
}

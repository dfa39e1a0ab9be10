/* Sums on disk (L4): steps of both rollup tables. Writer thread only. */
#include "ledger/books.h"
#include "ledger/ledger_sql.h"

status rollup_total_add(struct db *db, const struct rollup_step *s)
{
    status st = db_exec(db, &SQL_ROLLUP_TOTAL_ADD,
                        DB_ARGS(DB_TEXT(s->organization_id), DB_INT(slot_of(s->created_ms)),
                                DB_INT(s->requests), DB_INT(s->prompt_tokens),
                                DB_INT(s->completion_tokens), DB_PICO(s->cost), DB_PICO(s->billed)));
    if (st != ST_OK)
        return st;
    return db_changes(db) == 0 ? ST_RANGE : ST_OK;
}

status rollup_total_take_back(struct db *db, const struct rollup_step *s)
{
    struct rollup_step back = *s;
    back.requests = -s->requests;
    back.prompt_tokens = -s->prompt_tokens;
    back.completion_tokens = -s->completion_tokens;
    back.cost.v = -s->cost.v;
    back.billed.v = -s->billed.v;
    return rollup_total_add(db, &back);
}

status rollup_add(struct db *db, const struct rollup_step *s)
{
    str provider = s->provider.p != NULL ? s->provider : STR("");
    return db_exec(db, &SQL_ROLLUP_ADD,
                   DB_ARGS(DB_TEXT(s->organization_id), DB_TEXT(s->user_id),
                           DB_INT(slot_of(s->created_ms)), DB_TEXT(s->model), DB_TEXT(s->key_hash),
                           DB_TEXT(provider), DB_INT(s->requests), DB_INT(s->prompt_tokens),
                           DB_INT(s->completion_tokens), DB_PICO(s->cost), DB_PICO(s->billed)));
}

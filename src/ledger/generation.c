/* Rows on their way: begin, identify, read; see generation.h. Writer thread. */
#include "ledger/books.h"
#include "ledger/ledger_sql.h"

static const str state_names[] = {
    [GENERATION_OPEN] = STR_INIT("open"),           [GENERATION_PENDING] = STR_INIT("pending"),
    [GENERATION_SETTLED] = STR_INIT("settled"),     [GENERATION_CANCELLED] = STR_INIT("cancelled"),
    [GENERATION_FAILED] = STR_INIT("failed"),       [GENERATION_ESTIMATED] = STR_INIT("estimated"),
};

str generation_state_text(enum generation_state s)
{
    CHECK((size_t)s < COUNT_OF(state_names));
    return state_names[s];
}

bool generation_state_parse(str s, enum generation_state *out)
{
    for (size_t i = 0; i < COUNT_OF(state_names); i++) {
        if (!str_eq(s, state_names[i]))
            continue;
        *out = (enum generation_state)i;
        return true;
    }
    return false;
}

/* ---- text from outside ---- */

bool is_generation_id(str s)
{
    if (s.n == 0 || s.n >= GENERATION_ID_CAP)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] <= ' ' || s.p[i] > '~')
            return false;
    return true;
}

str kept_text(str s, size_t max)
{
    if (s.p == NULL || !str_is_text(s, true))
        return STR_NONE;
    if (s.n <= max)
        return s;
    while (max > 0 && ((unsigned char)s.p[max] & 0xc0) == 0x80)
        max--;
    return str_sub(s, 0, max);
}

/* ---- begin ---- */

static status check_texts(const struct generation_open *g, struct err *e)
{
    if (g->model.n == 0 || g->model.n >= MODEL_CAP || !str_is_text(g->model, false))
        return err_set(e, ST_UNPROCESSABLE, "The model's name is empty, too long or malformed.");
    CHECK(g->id.n != 0 && g->id.n < ID_CAP && g->key_hash.n < KEY_HASH_CAP);
    CHECK(g->reserved.v >= 0 && g->now_ms >= 0);
    return ST_OK;
}

static status insert(struct db *db, const struct generation_open *g)
{
    str key_hash = g->key_hash.p != NULL ? g->key_hash : STR("");
    return db_exec(db, &SQL_GENERATION_INSERT,
                   DB_ARGS(DB_TEXT(g->id), DB_Z(g->scope.organization_id), DB_Z(g->scope.user_id),
                           DB_TEXT(g->api_key_id), DB_TEXT(key_hash), DB_TEXT(g->chat_id),
                           DB_TEXT(g->purpose), DB_TEXT(g->model), DB_BOOL(g->is_stream),
                           DB_INT(g->markup.ppm), DB_PICO(g->reserved), DB_INT(g->now_ms)));
}

status generation_begin(struct budgets *b, struct db *db, const struct generation_open *g,
                        int64_t *resets_ms_out, struct err *e)
{
    status st = check_texts(g, e);
    if (st != ST_OK)
        return st;
    st = budgets_reserve(b, db, g, resets_ms_out, e);
    if (st != ST_OK)
        return st;
    st = insert(db, g);
    if (st != ST_OK) {
        generation_begin_undo(b, g);
        return err_set(e, st, "The call could not be written to the books: %s.", status_text(st));
    }
    return ST_OK;
}

void generation_begin_undo(struct budgets *b, const struct generation_open *g)
{
    budgets_move(b, str_c(g->scope.organization_id), g->now_ms, 0, -(__int128)g->reserved.v);
}

/* ---- rows ---- */

static void read_texts(const struct db_rows *row, struct booked *r)
{
    CHECK(str_copy_z(db_text(row, 0), r->organization_id, sizeof r->organization_id));
    CHECK(str_copy_z(db_text(row, 1), r->user_id, sizeof r->user_id));
    CHECK(str_copy_z(db_text(row, 2), r->model, sizeof r->model));
    CHECK(str_copy_z(db_text(row, 3), r->key_hash, sizeof r->key_hash));
    r->has_provider = !db_is_null(row, 4);
    CHECK(str_copy_z(db_text(row, 4), r->provider, sizeof r->provider));
    CHECK(str_copy_z(db_text(row, 6), r->generation_id, sizeof r->generation_id));
}

static void read_booked(const struct db_rows *row, void *ctx)
{
    struct booked *r = ctx;
    read_texts(row, r);
    r->state = (enum generation_state)db_int(row, 5);
    r->markup = (markup){db_int(row, 7)};
    r->reserved = db_pico(row, 8);
    r->created_ms = db_int(row, 9);
    r->has_tokens = !db_is_null(row, 10) && !db_is_null(row, 11);
    r->prompt_tokens = db_int(row, 10);
    r->completion_tokens = db_int(row, 11);
    r->has_cost = !db_is_null(row, 12);
    r->cost = db_pico(row, 12);
    r->billed = db_pico(row, 13);
    r->delivered_tokens = db_int(row, 14);
    r->checks = (int)db_int(row, 15);
    r->next_check_ms = db_int(row, 16);
    r->is_correction = !db_is_null(row, 17);
}

status booked_read(struct db *db, str id, struct booked *out)
{
    *out = (struct booked){0};
    return db_one(db, &SQL_GENERATION_ROW, DB_ARGS(DB_TEXT(id)), read_booked, out);
}

/* ---- identify ---- */

status generation_identify(struct db *db, str id, str generation_id)
{
    struct booked row;
    if (!is_generation_id(generation_id))
        return ST_BAD_REQUEST;
    status st = db_exec(db, &SQL_GENERATION_IDENTIFY, DB_ARGS(DB_TEXT(id), DB_TEXT(generation_id)));
    if (st != ST_OK || db_changes(db) != 0)
        return st;
    st = booked_read(db, id, &row);
    if (st != ST_OK)
        return st;
    return str_eq(str_c(row.generation_id), generation_id) ? ST_OK : ST_CONFLICT;
}

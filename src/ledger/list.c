/* Pages of the ledger and their JSON lines; see list.h. */
#include "ledger/list.h"
#include "base/clock.h"
#include "codec/json.h"
#include "ledger/ledger_sql.h"

/* ---- pages ---- */

/* Sorts before every id. */
#define ID_LEAST STR("")

static void cursor_init(struct ledger_cursor *c, struct provider_scope who, const struct ledger_window *window)
{
    *c = (struct ledger_cursor){.who = who, .window = *window};
    c->at_ms = window->is_newest_first ? window->to_ms : window->from_ms;
    (void)str_copy_z(ID_LEAST, c->at_id, sizeof c->at_id);
    c->is_done = window->from_ms >= window->to_ms;
}

void ledger_cursor_all(struct ledger_cursor *c, struct provider_scope who, const struct ledger_window *window)
{
    cursor_init(c, who, window);
}

void ledger_cursor_client(struct ledger_cursor *c, struct provider_scope who, str organization_id,
                          const struct ledger_window *window)
{
    cursor_init(c, who, window);
    c->is_one_client = true;
    if (!str_copy_z(organization_id, c->organization_id, sizeof c->organization_id))
        c->is_done = true; /* no id is that long */
}

static status query_page(struct db *db, const struct ledger_cursor *c, struct db_rows *rows)
{
    static const struct sql *const queries[2][2] = {
        {&SQL_LEDGER_ALL_OLDEST, &SQL_LEDGER_ALL_NEWEST},
        {&SQL_LEDGER_CLIENT_OLDEST, &SQL_LEDGER_CLIENT_NEWEST},
    };
    bool is_newest = c->window.is_newest_first;
    struct db_value values[] = {
        DB_INT(c->at_ms), DB_Z(c->at_id), DB_INT(is_newest ? c->window.from_ms : c->window.to_ms),
        DB_INT(LEDGER_PAGE_ROWS), DB_Z(c->organization_id)};
    return db_query(db, queries[c->is_one_client][is_newest],
                    (struct db_args){values, c->is_one_client ? 5 : 4}, rows);
}

static void read_row(const struct db_rows *rows, struct arena *a, struct ledger_row *r)
{
    *r = (struct ledger_row){
        .id = db_text_dup(rows, 0, a),
        .generation_id = db_text_dup(rows, 1, a),
        .organization_id = db_text_dup(rows, 2, a),
        .organization_name = db_text_dup(rows, 3, a),
        .user_id = db_text_dup(rows, 4, a),
        .user_email = db_text_dup(rows, 5, a),
        .model = db_text_dup(rows, 6, a),
        .served_model = db_text_dup(rows, 7, a),
        .provider = db_text_dup(rows, 8, a),
        .state = (enum generation_state)db_int(rows, 9),
        .has_tokens = !db_is_null(rows, 10) && !db_is_null(rows, 11),
        .prompt_tokens = db_int(rows, 10),
        .completion_tokens = db_int(rows, 11),
        .has_cost = !db_is_null(rows, 12),
        .cost = db_pico(rows, 12),
        .billed = db_pico(rows, 13),
        .markup = {db_int(rows, 14)},
        .source = db_text_dup(rows, 15, a),
        .error = db_text_dup(rows, 16, a),
        .corrects = db_text_dup(rows, 17, a),
        .created_ms = db_int(rows, 18),
        .is_ended = !db_is_null(rows, 19),
        .settled_ms = db_int(rows, 19),
    };
}

static status read_page(struct db *db, const struct ledger_cursor *c, struct arena *a, struct ledger_row *page,
                        size_t *count_out)
{
    struct db_rows rows;
    size_t count = 0;
    status st = query_page(db, c, &rows);
    if (st != ST_OK)
        return st;
    while (count < LEDGER_PAGE_ROWS && !a->is_full && db_next(&rows))
        read_row(&rows, a, &page[count++]);
    st = db_end(&rows);
    *count_out = count;
    return a->is_full ? ST_TOO_BIG : st;
}

status ledger_list_page(struct db *db, struct ledger_cursor *c, struct arena *a, const struct ledger_row **rows_out,
                        size_t *count_out)
{
    size_t count = 0;
    if (c->is_done)
        return ST_END;
    struct ledger_row *page = ARENA_ARRAY(a, struct ledger_row, LEDGER_PAGE_ROWS);
    if (page == NULL)
        return ST_TOO_BIG;
    status st = read_page(db, c, a, page, &count);
    if (st != ST_OK)
        return st;
    c->is_done = count < LEDGER_PAGE_ROWS;
    if (count == 0)
        return ST_END;
    c->at_ms = page[count - 1].created_ms;
    CHECK(str_copy_z(page[count - 1].id, c->at_id, sizeof c->at_id));
    *rows_out = page;
    *count_out = count;
    return ST_OK;
}

/* ---- JSON lines ---- */

static str or_else(str s, str fallback)
{
    return s.n != 0 ? s : fallback;
}

static void add_count(struct json_writer *w, str key, bool is_known, int64_t v)
{
    if (is_known)
        jw_ki64(w, key, v);
    else
        jw_knull(w, key);
}

static void add_money(struct json_writer *w, str key, bool is_known, pico a)
{
    char text[PICO_TEXT_CAP];
    jw_kstr_or_null(w, key, is_known ? pico_text(a, text) : STR_NONE);
}

static void add_time(struct json_writer *w, str key, bool is_known, int64_t ms)
{
    char iso[ISO_TIME_CAP];
    if (is_known)
        iso_from_ms(ms, iso);
    jw_kstr_or_null(w, key, is_known ? str_c(iso) : STR_NONE);
}

void ledger_row_json(const struct ledger_row *row, struct buf *out)
{
    char rate[PICO_TEXT_CAP];
    struct json_writer w = json_writer(out);
    jw_object(&w);
    jw_kstr(&w, STR("id"), row->id);
    jw_kstr_or_null(&w, STR("generation_id"), row->generation_id);
    jw_kstr(&w, STR("organization"), or_else(row->organization_name, row->organization_id));
    jw_kstr(&w, STR("user"), or_else(row->user_email, row->user_id));
    jw_kstr(&w, STR("model"), row->model);
    jw_kstr_or_null(&w, STR("provider"), row->provider);
    jw_kstr(&w, STR("state"), generation_state_text(row->state));
    add_count(&w, STR("prompt_tokens"), row->has_tokens, row->prompt_tokens);
    add_count(&w, STR("completion_tokens"), row->has_tokens, row->completion_tokens);
    add_money(&w, STR("cost"), row->has_cost, row->cost);
    add_money(&w, STR("billed"), row->has_cost, row->billed);
    jw_kraw(&w, STR("markup"), markup_text(row->markup, rate));
    jw_kstr_or_null(&w, STR("source"), row->source);
    add_time(&w, STR("created_at"), true, row->created_ms);
    add_time(&w, STR("settled_at"), row->is_ended, row->settled_ms);
    jw_end(&w);
    buf_add_char(out, '\n');
}

/* The ledger row by row, for `mai ledger list`: pages by key (created, id), each a short read of its own, so a listing of
 * millions of rows holds neither memory nor a read transaction. Rows have the raw cost: provider only. Reading threads.
 *
 *     struct ledger_cursor c;
 *     ledger_cursor_client(&c, who, organization_id, &window);     or ledger_cursor_all(&c, who, &window)
 *     while ((st = ledger_list_page(db, &c, &arena, &rows, &count)) == ST_OK) { ...; arena_free(&arena); }
 *     st == ST_END: all of it was given
 *
 * A correction made while the listing runs has the creation time of the row it corrects and may come too late for it. */
#ifndef MAI_LEDGER_LIST_H
#define MAI_LEDGER_LIST_H

#include "ledger/generation.h"

enum { LEDGER_PAGE_ROWS = 500 };

struct ledger_window {
    int64_t from_ms, to_ms; /* created in [from, to); whole ledger: INT64_MIN, INT64_MAX */
    bool is_newest_first;
};
#define LEDGER_WHOLE ((struct ledger_window){.from_ms = INT64_MIN, .to_ms = INT64_MAX})

struct ledger_cursor { /* by value; private */
    struct provider_scope who;
    struct ledger_window window;
    bool is_one_client;
    char organization_id[ID_CAP];
    int64_t at_ms; /* key of the last row given */
    char at_id[ID_CAP];
    bool is_done;
};
void ledger_cursor_client(struct ledger_cursor *c, struct provider_scope who, str organization_id,
                          const struct ledger_window *window);
void ledger_cursor_all(struct ledger_cursor *c, struct provider_scope who, const struct ledger_window *window);

struct ledger_row { /* texts in the page's arena; STR_NONE: not known */
    str id, generation_id;
    str organization_id, organization_name;
    str user_id, user_email;
    str model, served_model, provider;
    enum generation_state state;
    bool has_tokens;
    int64_t prompt_tokens, completion_tokens;
    bool has_cost;
    pico cost, billed;
    markup markup;
    str source, error, corrects;
    int64_t created_ms;
    bool is_ended;
    int64_t settled_ms;
};
/* The next rows, at least one; ST_END when there are none. */
NODISCARD status ledger_list_page(struct db *db, struct ledger_cursor *c, struct arena *a,
                                  const struct ledger_row **rows_out, size_t *count_out);

/* One line with its newline: `id, generation_id, organization (name), user (e-mail address), model, provider, state,
 * prompt_tokens, completion_tokens, cost, billed` (exact decimal strings, null while unknown), `markup` (number),
 * `source, created_at, settled_at` (ISO 8601, UTC). */
void ledger_row_json(const struct ledger_row *row, struct buf *out);

#endif

/* What the gateway does to a chat while an answer runs; see chat.h. */
#include "chat/chat_row.h"
#include "chat/chat_sql.h"

/* ---- begin ---- */

static status insert_question(struct db *db, const struct answer_begin *a, struct err *e)
{
    MAI_AUTO(arena_free) struct arena arena;
    struct message m;
    arena_init(&arena, 4 * a->user_message.raw.n + 65536);
    status st = message_parse(a->user_message, STR("user"), a->now_ms, &arena, &m, e);
    if (st != ST_OK)
        return st;
    if (!str_eq(m.id, a->parent_id))
        return err_set(e, ST_UNPROCESSABLE, "parent_id must be the id of user_message");
    m.role = STR("user");
    m.state = STR("done");
    st = message_insert(db, a->scope, a->chat_id, &m);
    return st == ST_CONFLICT ? err_set(e, ST_CONFLICT, "A message with the id of user_message exists already") : st;
}

static void read_role(const struct db_rows *row, void *ctx)
{
    *(bool *)ctx = str_eq(db_text(row, 0), STR("user"));
}

static status check_parent(struct db *db, const struct answer_begin *a, struct err *e)
{
    bool is_question = false;
    status st = db_one(db, &SQL_MESSAGE_EXISTS, DB_ARGS(BY(a->scope), DB_TEXT(a->chat_id), DB_TEXT(a->parent_id)),
                       read_role, &is_question);
    if (st == ST_NOT_FOUND || (st == ST_OK && !is_question))
        return err_set(e, ST_NOT_FOUND, "There is no such question in this chat");
    return st;
}

static status insert_answer(struct db *db, const struct answer_begin *a, struct err *e)
{
    struct message m = {.id = a->message_id, .parent_id = a->parent_id, .role = STR("assistant"), .content = STR(""),
                        .reasoning = STR(""), .model = a->model, .state = STR("running"), .created_ms = a->now_ms};
    status st = message_insert(db, a->scope, a->chat_id, &m);
    if (st == ST_CONFLICT)
        return err_set(e, ST_CONFLICT, "A message with this id exists already");
    if (st != ST_OK)
        return st;
    return db_exec(db, &SQL_CHAT_SET_CURRENT,
                   DB_ARGS(BY(a->scope), DB_TEXT(a->chat_id), DB_TEXT(a->message_id), DB_INT(a->now_ms)));
}

static void read_title_by(const struct db_rows *row, void *ctx)
{
    *(bool *)ctx = str_eq(db_text(row, 2), STR("none"));
}

status answer_begin(struct db *db, const struct answer_begin *a, struct answer_begun *out, struct err *e)
{
    status st = db_one(db, &SQL_CHAT_ROW, DB_ARGS(BY(a->scope), DB_TEXT(a->chat_id)), read_title_by, &out->wants_title);
    if (st == ST_NOT_FOUND)
        return err_set(e, ST_NOT_FOUND, "There is no such chat");
    if (st == ST_OK)
        st = a->user_message.raw.p != NULL ? insert_question(db, a, e) : check_parent(db, a, e);
    return st == ST_OK ? insert_answer(db, a, e) : st;
}

/* ---- while it runs ---- */

status answer_save(struct db *db, str chat_id, str message_id, str content, str reasoning)
{
    return db_exec(db, &SQL_ANSWER_SAVE,
                   DB_ARGS(DB_TEXT(chat_id), DB_TEXT(message_id), DB_TEXT(content), DB_TEXT(reasoning)));
}

/* ---- the end ---- */

static void read_owner(const struct db_rows *row, void *ctx)
{
    *(struct scope *)ctx = scope_make(ROLE_USER, db_text(row, 0), db_text(row, 1));
}

status answer_end(struct db *db, const struct answer_end *a)
{
    static const char *const states[] = {"running", "done", "stopped", "failed"};
    struct scope owner;
    status st = db_one(db, &SQL_ANSWER_OWNER, DB_ARGS(DB_TEXT(a->chat_id)), read_owner, &owner);
    if (st == ST_NOT_FOUND)
        return ST_OK; /* deleted meanwhile */
    if (st == ST_OK)
        st = db_exec(db, &SQL_ANSWER_END,
                     DB_ARGS(DB_TEXT(a->chat_id), DB_TEXT(a->message_id), DB_Z(states[a->state]), DB_TEXT(a->content),
                             DB_TEXT(a->reasoning), DB_TEXT(a->usage_json),
                             DB_TEXT(a->state == ANSWER_FAILED ? a->error : STR_NONE), DB_TEXT(a->images_json)));
    if (st == ST_OK)
        st = db_exec(db, &SQL_ANSWER_TOUCH, DB_ARGS(DB_TEXT(a->chat_id), DB_INT(a->now_ms)));
    return st == ST_OK ? words_put(db, owner, a->chat_id, a->message_id, a->content) : st;
}

status answer_recover(struct db *db, int64_t now_ms)
{
    (void)now_ms;
    return db_exec(db, &SQL_ANSWERS_RECOVER, DB_NO_ARGS);
}

status chat_set_made_title(struct db *db, struct scope s, str chat_id, str title, bool *changed_out)
{
    str fit = title_fit(title);
    *changed_out = false;
    if (fit.n == 0)
        return ST_OK;
    status st = db_exec(db, &SQL_CHAT_SET_MADE_TITLE, DB_ARGS(BY(s), DB_TEXT(chat_id), DB_TEXT(fit)));
    if (st != ST_OK || db_changes(db) == 0)
        return st;
    *changed_out = true;
    return words_put(db, s, chat_id, STR(""), fit);
}

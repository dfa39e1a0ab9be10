/* A person's chats: create, change, delete; see chat.h. */
#include "chat/chat_row.h"
#include "chat/chat_sql.h"

enum { MESSAGES_MAX = 20000 };
#define NEW_CHAT STR("New Chat")

/* ---- members of the `chat` object ---- */

static status add_messages(struct db *db, struct scope s, str chat_id, struct json messages, int64_t now_ms,
                           struct err *e)
{
    struct json key, v;
    size_t count = 0;
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, 4 * messages.raw.n + 65536);
    for (struct json_iter it = json_iter(messages); json_next(&it, &key, &v);) {
        struct message m;
        status st = message_parse(v, STR("user"), now_ms, &a, &m, e);
        if (st == ST_OK && ++count > MESSAGES_MAX)
            st = err_set(e, ST_TOO_BIG, "A chat holds at most 20000 messages");
        if (st == ST_OK)
            st = message_insert(db, s, chat_id, &m);
        if (st == ST_CONFLICT) /* known: keep it unless its text changed */
            st = m.content.n != 0 ? chat_edit_message(db, s, chat_id, m.id, m.content, now_ms) : ST_OK;
        if (st != ST_OK)
            return st;
    }
    return ST_OK;
}

static status set_history(struct db *db, struct scope s, str chat_id, struct json chat, int64_t now_ms, struct err *e)
{
    struct json history, v;
    str current;
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, 65536);
    if (!json_get(chat, STR("history"), &history) || history.type != JSON_OBJECT)
        return ST_OK;
    if (json_get(history, STR("messages"), &v) && v.type == JSON_OBJECT) {
        status st = add_messages(db, s, chat_id, v, now_ms, e);
        if (st != ST_OK)
            return st;
    }
    if (!json_get(history, STR("currentId"), &v) || v.type != JSON_STRING || json_string(v, &a, &current) != ST_OK)
        return ST_OK;
    if (current.n == 0 || current.n > 64)
        return ST_OK;
    return db_exec(db, &SQL_CHAT_SET_CURRENT, DB_ARGS(BY(s), DB_TEXT(chat_id), DB_TEXT(current), DB_INT(now_ms)));
}

static status set_title(struct db *db, struct scope s, str chat_id, struct json chat, int64_t now_ms, struct err *e)
{
    struct json v;
    str title;
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, 1 << 20);
    if (!json_get(chat, STR("title"), &v) || v.type == JSON_NULL)
        return ST_OK;
    if (json_string(v, &a, &title) != ST_OK)
        return err_set(e, ST_UNPROCESSABLE, "title must be a text");
    title = title_fit(title);
    if (title.n == 0)
        return err_set(e, ST_UNPROCESSABLE, "title must not be empty");
    if (str_eq(title, NEW_CHAT))
        return ST_OK;
    status st = db_exec(db, &SQL_CHAT_SET_TITLE, DB_ARGS(BY(s), DB_TEXT(chat_id), DB_TEXT(title), DB_INT(now_ms)));
    return st == ST_OK ? words_put(db, s, chat_id, STR(""), title) : st;
}

static status set_models(struct db *db, struct scope s, str chat_id, struct json chat, int64_t now_ms)
{
    struct json v;
    if (!json_get(chat, STR("models"), &v) || v.type != JSON_ARRAY || v.raw.n > 65536)
        return ST_OK;
    return db_exec(db, &SQL_CHAT_SET_MODELS, DB_ARGS(BY(s), DB_TEXT(chat_id), DB_TEXT(v.raw), DB_INT(now_ms)));
}

static status set_members(struct db *db, struct scope s, str chat_id, struct json chat, int64_t now_ms, struct err *e)
{
    status st = set_title(db, s, chat_id, chat, now_ms, e);
    if (st == ST_OK)
        st = set_models(db, s, chat_id, chat, now_ms);
    return st == ST_OK ? set_history(db, s, chat_id, chat, now_ms, e) : st;
}

/* ---- chats ---- */

status chat_new(struct db *db, struct scope s, struct json chat, int64_t now_ms, char *id_out, struct err *e)
{
    id_new(id_out);
    status st = db_exec(db, &SQL_CHAT_INSERT,
                        DB_ARGS(BY(s), DB_Z(id_out), DB_TEXT(NEW_CHAT), DB_TEXT(STR("none")), DB_TEXT(STR("[]")),
                                DB_INT(now_ms)));
    return st == ST_OK && chat.raw.p != NULL ? set_members(db, s, str_c(id_out), chat, now_ms, e) : st;
}

status chat_update(struct db *db, struct scope s, str chat_id, struct json chat, int64_t now_ms, struct err *e)
{
    status st = chat_check(db, s, chat_id, e);
    return st == ST_OK ? set_members(db, s, chat_id, chat, now_ms, e) : st;
}

status chat_delete(struct db *db, struct scope s, str chat_id)
{
    status st = db_exec(db, &SQL_CHAT_DELETE_ROW, DB_ARGS(BY(s), DB_TEXT(chat_id)));
    if (st == ST_OK && db_changes(db) == 0)
        return ST_NOT_FOUND;
    return st == ST_OK ? db_exec(db, &SQL_WORDS_DELETE_CHAT, DB_ARGS(BY(s), DB_TEXT(chat_id))) : st;
}

status chat_delete_all(struct db *db, struct scope s)
{
    status st = db_exec(db, &SQL_CHAT_DELETE_ROWS, DB_ARGS(BY(s)));
    return st == ST_OK ? db_exec(db, &SQL_WORDS_DELETE_PERSON, DB_ARGS(BY(s))) : st;
}

status chat_delete_organization(struct db *db, struct provider_scope by, str organization_id)
{
    (void)by;
    status st = db_exec(db, &SQL_CHAT_DELETE_ORGANIZATION, DB_ARGS(DB_TEXT(organization_id)));
    return st == ST_OK ? db_exec(db, &SQL_WORDS_DELETE_ORGANIZATION, DB_ARGS(DB_TEXT(organization_id))) : st;
}

status chat_move_person(struct db *db, struct system_scope why, str user_id, str from_organization_id,
                        str to_organization_id)
{
    static const struct sql *const steps[] = {&SQL_MESSAGES_MOVE, &SQL_CHATS_MOVE, &SQL_WORDS_MOVE};
    (void)why;
    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        status st = db_exec(db, steps[i],
                            DB_ARGS(DB_TEXT(user_id), DB_TEXT(from_organization_id), DB_TEXT(to_organization_id)));
        if (st != ST_OK)
            return st;
    }
    return ST_OK;
}

status chat_toggle(struct db *db, struct scope s, str chat_id, enum chat_flag flag)
{
    const struct sql *q = flag == CHAT_PINNED ? &SQL_CHAT_SET_PINNED : &SQL_CHAT_SET_ARCHIVED;
    status st = db_exec(db, q, DB_ARGS(BY(s), DB_TEXT(chat_id)));
    return st == ST_OK && db_changes(db) == 0 ? ST_NOT_FOUND : st;
}

status chat_edit_message(struct db *db, struct scope s, str chat_id, str message_id, str content, int64_t now_ms)
{
    (void)now_ms;
    if (content.n > CHAT_MESSAGE_MAX_BYTES)
        return ST_TOO_BIG;
    status st = db_exec(db, &SQL_MESSAGE_SET_CONTENT,
                        DB_ARGS(BY(s), DB_TEXT(chat_id), DB_TEXT(message_id), DB_TEXT(content)));
    if (st == ST_OK && db_changes(db) == 0)
        return ST_NOT_FOUND;
    return st == ST_OK ? words_put(db, s, chat_id, message_id, content) : st;
}

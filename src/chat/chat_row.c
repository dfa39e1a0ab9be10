/* Shared steps of the chat room; see chat_row.h. */
#include "chat/chat_row.h"
#include "base/clock.h"
#include "chat/chat_sql.h"

static void ignore_row(const struct db_rows *row, void *ctx)
{
    (void)row, (void)ctx;
}

status chat_check(struct db *db, struct scope s, str chat_id, struct err *e)
{
    status st = db_one(db, &SQL_CHAT_ROW, DB_ARGS(BY(s), DB_TEXT(chat_id)), ignore_row, NULL);
    return st == ST_NOT_FOUND ? err_set(e, ST_NOT_FOUND, "There is no such chat") : st;
}

status words_put(struct db *db, struct scope s, str chat_id, str message_id, str words)
{
    status st = db_exec(db, &SQL_WORDS_DELETE, DB_ARGS(BY(s), DB_TEXT(chat_id), DB_TEXT(message_id)));
    if (st != ST_OK || words.n == 0)
        return st;
    return db_exec(db, &SQL_WORDS_INSERT,
                   DB_ARGS(BY(s), DB_TEXT(chat_id), DB_TEXT(message_id), DB_TEXT(words)));
}

/* Content may be a list of parts: its text is what can be found. */
static str words_of(str content)
{
    return content.n != 0 && content.p[0] == '[' ? str_sub(content, 0, 4096) : content;
}

status message_insert(struct db *db, struct scope s, str chat_id, const struct message *m)
{
    status st = db_exec(db, &SQL_MESSAGE_INSERT,
                        DB_ARGS(BY(s), DB_TEXT(chat_id), DB_TEXT(m->id), DB_TEXT(m->parent_id), DB_TEXT(m->role),
                                DB_TEXT(m->content), DB_TEXT(m->reasoning), DB_TEXT(m->model), DB_TEXT(m->state),
                                DB_TEXT(m->error), DB_TEXT(m->usage_json), DB_TEXT(m->files_json),
                                DB_INT(m->created_ms)));
    if (st != ST_OK)
        return st;
    if (db_changes(db) == 0)
        return ST_NOT_FOUND;
    return words_put(db, s, chat_id, m->id, words_of(m->content));
}

static status text_member(struct json v, const char *name, struct arena *a, str *out)
{
    struct json m;
    *out = STR_NONE;
    if (!json_get(v, str_c(name), &m) || m.type == JSON_NULL)
        return ST_OK;
    return json_string(m, a, out);
}

/* A text, or a list of parts, which is kept as its JSON. */
static status content_member(struct json v, struct arena *a, str *out)
{
    struct json m;
    *out = STR("");
    if (!json_get(v, STR("content"), &m) || m.type == JSON_NULL)
        return ST_OK;
    if (m.type == JSON_ARRAY) {
        *out = m.raw;
        return ST_OK;
    }
    return json_string(m, a, out);
}

static void raw_member(struct json v, const char *name, enum json_type type, str *out)
{
    struct json m;
    if (json_get(v, str_c(name), &m) && m.type == type)
        *out = m.raw;
}

static status check_message(const struct message *m, struct err *e)
{
    bool is_role = str_eq(m->role, STR("user")) || str_eq(m->role, STR("assistant")) || str_eq(m->role, STR("system"));
    if (m->id.n == 0 || m->id.n > 64 || m->parent_id.n > 64)
        return err_set(e, ST_UNPROCESSABLE, "A message needs an id of at most 64 characters");
    if (!is_role)
        return err_set(e, ST_UNPROCESSABLE, "A message's role must be user, assistant or system");
    if (m->content.n > CHAT_MESSAGE_MAX_BYTES)
        return err_set(e, ST_TOO_BIG, "A message is larger than 8 MB");
    return ST_OK;
}

static str state_of(struct json v)
{
    struct json m;
    bool is_running = json_get(v, STR("done"), &m) && m.type == JSON_BOOL && !json_is_true(m);
    bool is_stopped = json_get(v, STR("stopped"), &m) && json_is_true(m);
    return is_running || is_stopped ? STR("stopped") : STR("done");
}

status message_parse(struct json v, str default_role, int64_t now_ms, struct arena *a, struct message *out,
                     struct err *e)
{
    struct message m = {.created_ms = now_ms, .state = state_of(v)};
    struct json stamp;
    int64_t seconds;
    status st = v.type == JSON_OBJECT ? ST_OK : ST_BAD_REQUEST;
    if (st == ST_OK)
        st = text_member(v, "id", a, &m.id);
    if (st == ST_OK)
        st = text_member(v, "parentId", a, &m.parent_id);
    if (st == ST_OK)
        st = text_member(v, "role", a, &m.role);
    if (st == ST_OK)
        st = text_member(v, "model", a, &m.model);
    if (st == ST_OK)
        st = text_member(v, "reasoning", a, &m.reasoning);
    if (st == ST_OK)
        st = content_member(v, a, &m.content);
    if (st != ST_OK)
        return err_set(e, ST_UNPROCESSABLE, "A message has a member of the wrong type");
    if (m.role.n == 0)
        m.role = default_role;
    if (m.reasoning.p == NULL)
        m.reasoning = STR("");
    raw_member(v, "usage", JSON_OBJECT, &m.usage_json);
    raw_member(v, "files", JSON_ARRAY, &m.files_json);
    if (json_get(v, STR("timestamp"), &stamp) && json_i64(stamp, &seconds) == ST_OK && seconds > 0)
        m.created_ms = seconds < INT64_C(100000000000) ? seconds * MS_PER_SECOND : seconds; /* ms occur as well */
    st = check_message(&m, e);
    if (st == ST_OK)
        *out = m;
    return st;
}

str title_fit(str title)
{
    str s = str_trim(str_sub(title, 0, str_find_char(title, '\n')));
    while (str_utf8_count(s) > CHAT_TITLE_MAX_CHARS || !str_is_utf8(s))
        s.n--;
    return str_is_text(s, false) ? str_trim(s) : STR("");
}

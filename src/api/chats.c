/* A person's own chats; nobody else's can be told from none. Running answers of a chat that goes
 * are stopped. */
#include "api/handlers.h"
#include "chat/chat.h"
#include "gateway/answers.h"

static status absent(struct api_call *c)
{
    return api_fail(c, ST_NOT_FOUND, NULL, "There is no such chat");
}

/* ---- lists ---- */

/* Without a page all rows come. */
static status list(struct api_call *c, bool is_archived)
{
    int64_t page = 0;
    status st = api_query(c, "page").n != 0 ? api_query_page(c, &page) : ST_OK;
    return st == ST_OK ? chat_list(c->db, c->scope, (int)page, is_archived, &c->out) : st;
}

status chats_list(struct api_call *c)
{
    return list(c, false);
}

status chats_archived(struct api_call *c)
{
    return list(c, true);
}

status chats_search(struct api_call *c)
{
    enum { TEXT_MAX_BYTES = 1000 };
    int64_t page;
    str text = api_query(c, "text");
    status st = api_query_page(c, &page);
    if (st != ST_OK)
        return st;
    if (text.n > TEXT_MAX_BYTES)
        return api_fail(c, ST_UNPROCESSABLE, "text", "The text to search for is too long");
    return chat_search(c->db, c->scope, text, (int)page, &c->out);
}

/* ---- one chat ---- */

static status answer_chat(struct api_call *c, str id)
{
    status st = chat_read(c->db, c->scope, id, &c->out);
    return st == ST_NOT_FOUND ? absent(c) : st;
}

status chats_get(struct api_call *c)
{
    return answer_chat(c, c->params[0]);
}

struct change {
    struct api_call *c;
    struct scope by;
    str id, message_id, content;
    struct json chat;
    enum chat_flag flag;
    char new_id[ID_CAP];
};

/* The `chat` member: an object, or absent where that means an empty chat. */
static status read_chat(struct api_call *c, bool is_required, struct json *out)
{
    struct json chat = api_body_get(c, "chat");
    bool is_given = chat.raw.p != NULL && chat.type != JSON_NULL;
    if (is_given && chat.type != JSON_OBJECT)
        return api_fail(c, ST_UNPROCESSABLE, "chat", "chat must be an object");
    if (!is_given && is_required)
        return api_fail(c, ST_UNPROCESSABLE, "chat", "chat is missing");
    *out = is_given ? chat : (struct json){.raw = STR_NONE};
    return ST_OK;
}

static status new_run(struct db *db, void *ctx)
{
    struct change *x = ctx;
    return chat_new(db, x->by, x->chat, x->c->now_ms, x->new_id, &x->c->err);
}

status chats_new(struct api_call *c)
{
    struct change x = {.c = c, .by = c->scope};
    status st = read_chat(c, false, &x.chat);
    if (st == ST_OK)
        st = api_write(c, new_run, &x);
    return st == ST_OK ? answer_chat(c, str_c(x.new_id)) : st;
}

static status update_run(struct db *db, void *ctx)
{
    const struct change *x = ctx;
    return chat_update(db, x->by, x->id, x->chat, x->c->now_ms, &x->c->err);
}

static status toggle_run(struct db *db, void *ctx)
{
    const struct change *x = ctx;
    return chat_toggle(db, x->by, x->id, x->flag);
}

static status edit_run(struct db *db, void *ctx)
{
    const struct change *x = ctx;
    return chat_edit_message(db, x->by, x->id, x->message_id, x->content, x->c->now_ms);
}

static status change_and_answer(struct api_call *c, struct change *x,
                                status (*run)(struct db *db, void *ctx))
{
    x->c = c;
    x->by = c->scope;
    x->id = c->params[0];
    status st = api_write(c, run, x);
    if (st == ST_NOT_FOUND)
        return absent(c);
    return st == ST_OK ? answer_chat(c, x->id) : st;
}

status chats_update(struct api_call *c)
{
    struct change x = {0};
    status st = read_chat(c, true, &x.chat);
    return st == ST_OK ? change_and_answer(c, &x, update_run) : st;
}

status chats_pin(struct api_call *c)
{
    return change_and_answer(c, &(struct change){.flag = CHAT_PINNED}, toggle_run);
}

status chats_archive(struct api_call *c)
{
    return change_and_answer(c, &(struct change){.flag = CHAT_ARCHIVED}, toggle_run);
}

/* A text, or a list of parts, which is kept as its JSON. */
status chats_edit_message(struct api_call *c)
{
    struct change x = {.message_id = c->params[1]};
    struct json content = api_body_get(c, "content");
    status st = ST_OK;
    if (content.raw.p != NULL && content.type == JSON_ARRAY)
        x.content = content.raw;
    else
        st = api_body_str(c, "content", true, &x.content);
    return st == ST_OK ? change_and_answer(c, &x, edit_run) : st;
}

/* ---- deleting ---- */

static void stop_answers(struct api_call *c, str chat_id)
{
    char ids[ANSWERS_LIST_MAX][ID_CAP];
    size_t count = answers_list(c->g->answers, &c->scope, chat_id, ids);
    for (size_t i = 0; i < count; i++) {
        status st = answers_stop(c->g->answers, &c->scope, str_c(ids[i]));
        (void)st; /* it may have ended meanwhile */
    }
}

static status delete_run(struct db *db, void *ctx)
{
    const struct change *x = ctx;
    return chat_delete(db, x->by, x->id);
}

static status delete_all_run(struct db *db, void *ctx)
{
    const struct change *x = ctx;
    return chat_delete_all(db, x->by);
}

status chats_delete(struct api_call *c)
{
    struct change x = {.c = c, .by = c->scope, .id = c->params[0]};
    status st = api_write(c, delete_run, &x);
    if (st == ST_NOT_FOUND)
        return absent(c);
    if (st != ST_OK)
        return st;
    stop_answers(c, x.id);
    buf_add(&c->out, STR("true"));
    return ST_OK;
}

status chats_delete_all(struct api_call *c)
{
    struct change x = {.c = c, .by = c->scope};
    answers_stop_person(c->g->answers, str_c(c->scope.user_id));
    status st = api_write(c, delete_all_run, &x);
    if (st == ST_OK)
        buf_add(&c->out, STR("true"));
    return st;
}

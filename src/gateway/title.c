/* Making titles; see title.h. */
#include "gateway/title.h"
#include "base/log.h"
#include "base/mem.h"
#include "chat/chat.h"
#include "gateway/completion.h"

#include <stdio.h>

enum { QUESTION_BYTES = 1500, ANSWER_BYTES = 700, TITLE_CHARS = 60, TITLE_TOKENS = 200 };

struct title {
    struct gateway *g;
    struct loop *loop;
    struct principal *who;
    char chat_id[ID_CAP];
    struct arena arena;
    str question;
    struct buf text;
    struct write_job job;
    str made;
    bool is_changed;
};

/* ---- text ---- */

static str cut_utf8(str s, size_t bytes)
{
    s = str_sub(s, 0, bytes);
    while (s.n != 0 && !str_is_utf8(s))
        s.n--;
    return s;
}

static bool is_wrapping(char c)
{
    return c == '"' || c == '\'' || c == '*' || c == '#' || c == '`' || c == '_' || c == '.';
}

str title_clean(str text, size_t max_chars)
{
    str s = str_trim(text);
    s = str_trim(str_sub(s, 0, str_find_char(s, '\n')));
    while (s.n != 0 && is_wrapping(s.p[0]))
        s = str_trim(str_from(s, 1));
    while (s.n != 0 && is_wrapping(s.p[s.n - 1]))
        s = str_trim(str_sub(s, 0, s.n - 1));
    while (str_utf8_count(s) > max_chars)
        s = cut_utf8(s, s.n - 1);
    return str_trim(s);
}

/* The text of a message: its content, or the text parts of it. */
static str message_text(struct json message, struct arena *a)
{
    struct json content, part, text;
    str out = STR_NONE;
    if (message.raw.p == NULL || !json_get(message, STR("content"), &content))
        return STR_NONE;
    if (content.type == JSON_STRING)
        return json_string(content, a, &out) == ST_OK ? out : STR_NONE;
    if (content.type != JSON_ARRAY)
        return STR_NONE;
    for (struct json_iter it = json_iter(content); json_next(&it, NULL, &part);)
        if (json_get(part, STR("text"), &text) && json_string(text, a, &out) == ST_OK)
            return out;
    return STR_NONE;
}

static str request_body(struct title *t, str model, str answer)
{
    MAI_AUTO(buf_free) struct buf b;
    buf_init(&b, 64 << 10);
    str prompt = arena_printf(
        &t->arena,
        "Write a title of three to six words for this conversation, in the language of the question. Answer with "
        "the title alone: no quotes, no full stop.\n\nQuestion:\n%.*s\n\nAnswer:\n%.*s",
        STR_ARG(cut_utf8(t->question, QUESTION_BYTES)), STR_ARG(cut_utf8(answer, ANSWER_BYTES)));
    struct json_writer w = json_writer(&b);
    jw_object(&w);
    jw_kstr(&w, STR("model"), model);
    jw_karray(&w, STR("messages"));
    jw_object(&w);
    jw_kstr(&w, STR("role"), STR("user"));
    jw_kstr(&w, STR("content"), prompt);
    jw_end(&w);
    jw_end(&w);
    jw_ki64(&w, STR("max_tokens"), TITLE_TOKENS);
    jw_kbool(&w, STR("stream"), false);
    jw_end(&w);
    return arena_dup(&t->arena, buf_view(&b));
}

/* ---- storing ---- */

static status store_run(struct write_job *j, struct db *db)
{
    struct title *t = CONTAINER_OF(j, struct title, job);
    return chat_set_made_title(db, t->who->scope, str_c(t->chat_id), t->made, &t->is_changed);
}

static void announce(struct title *t)
{
    MAI_AUTO(buf_free) struct buf b;
    char topic[ID_CAP + 8];
    buf_init(&b, 8192);
    struct json_writer w = json_writer(&b);
    jw_object(&w);
    jw_kstr(&w, STR("type"), STR("chat:title"));
    jw_kstr(&w, STR("chat_id"), str_c(t->chat_id));
    jw_kstr(&w, STR("title"), t->made);
    jw_end(&w);
    snprintf(topic, sizeof topic, "user:%s", t->who->scope.user_id);
    hub_publish(t->g->hub, str_c(topic), buf_view(&b));
}

static void stored(struct write_job *j, status st)
{
    struct title *t = CONTAINER_OF(j, struct title, job);
    if (st == ST_OK && t->is_changed)
        announce(t);
    principal_unref(t->who);
    buf_free(&t->text);
    arena_free(&t->arena);
    mem_free(t);
}

static void store(struct title *t)
{
    str made = title_clean(buf_view(&t->text), TITLE_CHARS);
    t->made = made.n != 0 ? made : title_clean(t->question, TITLE_CHARS);
    t->job = (struct write_job){.run = store_run, .done = stored, .reply_to = t->loop};
    store_post(t->g->store, &t->job);
}

/* ---- the call ---- */

static void on_begin(void *ctx, int code, str content_type, str generation_id)
{
    (void)ctx, (void)code, (void)content_type, (void)generation_id;
}

static void on_data(void *ctx, str bytes)
{
    (void)ctx, (void)bytes; /* the text comes by observe */
}

static void on_observe(void *ctx, const struct usage_event *e)
{
    struct title *t = ctx;
    str text;
    if (e->content.raw.p != NULL && json_string(e->content, &t->arena, &text) == ST_OK)
        buf_add(&t->text, text);
}

static void on_end(void *ctx)
{
    store(ctx);
}

static void on_fail(void *ctx, status st, str text, int64_t retry_after_s)
{
    struct title *t = ctx;
    (void)retry_after_s;
    log_debug("A title could not be made", LF_Z("status", status_name(st)), LF_STR("reason", text));
    buf_clear(&t->text);
    store(t);
}

static void on_abort(void *ctx, str text)
{
    on_fail(ctx, ST_UPSTREAM, text, -1);
}

void title_make(struct gateway *g, struct principal *who, str chat_id, str model, struct json user_message,
                str answer)
{
    struct title *t = NEW(struct title);
    t->g = g;
    t->loop = loop_current();
    t->who = principal_ref(who);
    (void)str_copy_z(chat_id, t->chat_id, sizeof t->chat_id);
    arena_init(&t->arena, 4 << 20);
    buf_init(&t->text, 64 << 10);
    str question = message_text(user_message, &t->arena);
    t->question = arena_dup(&t->arena, cut_utf8(question, QUESTION_BYTES));
    struct completion_request req = {
        .who = who,
        .kind = CALL_CHAT,
        .purpose = STR("title"),
        .chat_id = str_c(t->chat_id),
        .body = request_body(t, model, answer),
        .consumer = {.ctx = t, .begin = on_begin, .data = on_data, .end = on_end, .fail = on_fail,
                     .abort = on_abort, .observe = on_observe},
    };
    (void)completion_start(g, &req);
}

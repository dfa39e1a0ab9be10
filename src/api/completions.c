/* Completions over HTTP: a connection is the consumer (API, or a web call without a chat), or a view of an answer
 * whose consumer is the chat. Loop thread. */
#include "api/handlers.h"
#include "api/reply.h"
#include "base/mem.h"
#include "gateway/answers.h"

#include <stdio.h>

/* One request in this file's hands. Freed when the answer is over or the client has gone. */
struct line {
    struct api_server *s;
    struct http_request *r;
    struct principal *who;
    enum call_kind kind;
    bool is_web;
    bool is_chat;                  /* a view of an answer */
    struct completion *completion; /* when the connection is the consumer */
};

static void line_free(struct line *l)
{
    principal_unref(l->who);
    mem_free(l);
}

/* ---- consumer ---- */

static void on_begin(void *ctx, int code, str content_type, str generation_id)
{
    struct line *l = ctx;
    struct http_header headers[16];
    size_t n = api_common_header_count;
    memcpy(headers, api_common_headers, n * sizeof headers[0]);
    if (generation_id.n != 0)
        headers[n++] = (struct http_header){STR("X-Generation-Id"), generation_id};
    headers[n++] = (struct http_header){STR("X-Accel-Buffering"), STR("no")};
    http_stream_begin(l->r, code, content_type, headers, n);
}

static void on_data(void *ctx, str bytes)
{
    struct line *l = ctx;
    http_stream_write(l->r, bytes);
}

static void on_hold(void *ctx, bool is_held)
{
    struct line *l = ctx;
    http_stream_hold(l->r, is_held);
}

static struct http_request *take_request(struct line *l)
{
    struct http_request *r = l->r;
    http_request_on_gone(r, NULL, NULL);
    http_stream_on_drain(r, NULL, NULL);
    line_free(l);
    return r;
}

static void on_end(void *ctx)
{
    http_stream_end(take_request(ctx));
}

static void on_fail(void *ctx, status st, str text, int64_t retry_after_s)
{
    api_respond_error(take_request(ctx), st, text, retry_after_s);
}

static void on_abort(void *ctx, str text)
{
    (void)text;
    http_stream_abort(take_request(ctx));
}

static bool is_full(void *ctx)
{
    const struct line *l = ctx;
    return http_stream_is_full(l->r);
}

static void on_drain(struct http_request *r, void *ctx)
{
    struct line *l = ctx;
    (void)r;
    if (l->completion != NULL)
        completion_drain(l->completion);
}

static void on_gone(struct http_request *r, void *ctx)
{
    struct line *l = ctx;
    (void)r;
    if (l->is_chat)
        answers_view_gone(l->s->g->answers, l);
    else if (l->completion != NULL)
        completion_leave(l->completion);
    line_free(l);
}

/* ---- body ---- */

static bool body_text(struct json root, const char *name, struct arena *a, str *out)
{
    struct json v;
    return json_get(root, str_c(name), &v) && json_string(v, a, out) == ST_OK && out->n != 0;
}

static void start_answer(struct line *l, struct json root, str body, str chat_id, str message_id)
{
    struct arena *a = http_request_arena(l->r);
    struct json user_message = {0};
    struct answer_request req = {
        .who = l->who,
        .chat_id = chat_id,
        .message_id = message_id,
        .parent_id = STR(""),
        .model = STR(""),
        .body = body,
        .view = {.ctx = l, .begin = on_begin, .data = on_data, .end = on_end, .fail = on_fail, .abort = on_abort},
    };
    if (json_get(root, STR("user_message"), &user_message) && user_message.type == JSON_OBJECT)
        req.user_message = user_message;
    if (!body_text(root, "parent_id", a, &req.parent_id) && req.user_message.raw.p != NULL)
        (void)body_text(req.user_message, "id", a, &req.parent_id);
    (void)body_text(root, "model", a, &req.model);
    l->is_chat = true;
    answers_start(l->s->g->answers, &req);
}

static void start_completion(struct line *l, str body)
{
    struct completion_request req = {
        .who = l->who,
        .kind = l->kind,
        .purpose = l->kind == CALL_EMBEDDING ? STR("embedding") : l->is_web ? STR("chat") : STR("api"),
        .chat_id = STR_NONE,
        .body = body,
        .consumer = {.ctx = l, .begin = on_begin, .data = on_data, .end = on_end, .fail = on_fail,
                     .abort = on_abort, .hold = on_hold, .is_full = is_full},
    };
    http_stream_on_drain(l->r, on_drain, l);
    l->completion = completion_start(l->s->g, &req);
}

static void have_body(struct http_request *r, str body, void *ctx)
{
    struct line *l = ctx;
    struct json root;
    str chat_id, message_id;
    bool is_chat = l->is_web && l->kind == CALL_CHAT && json_check(body, &root, NULL) == ST_OK &&
                   root.type == JSON_OBJECT &&
                   body_text(root, "chat_id", http_request_arena(r), &chat_id) &&
                   body_text(root, "id", http_request_arena(r), &message_id);
    if (is_chat)
        start_answer(l, root, body, chat_id, message_id);
    else
        start_completion(l, body);
}

static void take_call(struct api_server *s, struct http_request *r, struct principal *who, enum call_kind kind,
                      bool is_web)
{
    struct line *l = NEW(struct line);
    *l = (struct line){.s = s, .r = r, .who = principal_ref(who), .kind = kind, .is_web = is_web};
    http_request_on_gone(r, on_gone, l);
    http_read_body(r, (size_t)s->g->conf->max_body_bytes, have_body, l);
}

void loop_v1_chat(struct api_server *s, struct http_request *r, struct principal *who, const str *params)
{
    (void)params;
    take_call(s, r, who, CALL_CHAT, false);
}

void loop_v1_embeddings(struct api_server *s, struct http_request *r, struct principal *who, const str *params)
{
    (void)params;
    take_call(s, r, who, CALL_EMBEDDING, false);
}

void loop_web_chat(struct api_server *s, struct http_request *r, struct principal *who, const str *params)
{
    (void)params;
    take_call(s, r, who, CALL_CHAT, true);
}

void loop_web_embeddings(struct api_server *s, struct http_request *r, struct principal *who, const str *params)
{
    (void)params;
    take_call(s, r, who, CALL_EMBEDDING, true);
}

/* ---- running answers ---- */

void loop_task_stop(struct api_server *s, struct http_request *r, struct principal *who, const str *params)
{
    if (answers_stop(s->g->answers, &who->scope, params[0]) == ST_OK)
        api_respond(r, 200, STR("application/json"), STR("{\"status\":true}"));
    else
        api_respond_error(r, ST_NOT_FOUND, STR("No such answer is running"), -1);
}

void loop_task_list(struct api_server *s, struct http_request *r, struct principal *who, const str *params)
{
    char ids[ANSWERS_LIST_MAX][ID_CAP];
    MAI_AUTO(buf_free) struct buf b;
    size_t count = answers_list(s->g->answers, &who->scope, params[0], ids);
    buf_init(&b, 8192);
    struct json_writer w = json_writer(&b);
    jw_object(&w);
    jw_karray(&w, STR("task_ids"));
    for (size_t i = 0; i < count; i++)
        jw_str(&w, str_c(ids[i]));
    jw_end(&w);
    jw_end(&w);
    api_respond(r, 200, STR("application/json"), buf_view(&b));
}

void loop_health(struct api_server *s, struct http_request *r, struct principal *who, const str *params)
{
    (void)s, (void)who, (void)params;
    api_respond(r, 200, STR("application/json"), STR("{\"status\":true}"));
}

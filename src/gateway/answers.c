/* Running answers; see answers.h. Life: begin (row of the chat) -> completion -> end (row) -> title. */
#include "gateway/answers.h"
#include "gateway/title.h"
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdio.h>

enum { SAVE_EVERY_MS = 1000, BODY_SLACK = 1 << 20, KEY_CAP = 2 * ID_CAP };

struct answer {
    struct answers *owner;
    struct loop *loop;
    struct principal *who;
    struct arena arena;            /* texts of the request */
    struct answer_request req;
    struct consumer view;
    bool has_view, has_view_begun;
    char message_id[ID_CAP];
    char chat_id[ID_CAP];
    char key[KEY_CAP];             /* in the table */
    struct completion *completion; /* NULL before and after */
    struct answer_begun begun;
    struct buf content, reasoning;
    struct buf delta;              /* scratch for hub payloads */
    struct arena scratch;
    str usage;                     /* billed usage object, arena */
    enum answer_state state;
    char error[320];
    bool is_stopping;
    /* saving */
    struct write_job job;          /* begin, then end */
    struct write_job save_job;
    struct buf saved_content, saved_reasoning;
    bool is_saving, has_news, is_ending;
    struct loop_timer save_timer;
    struct err err;
};

struct answers {
    struct gateway *g;
    pthread_mutex_t lock;          /* guards the table; answers themselves belong to their loop */
    struct hash by_key;            /* person and message id -> struct answer */
};

/* Message ids are made by clients: one person's say nothing about another's. */
static void make_key(const struct scope *who, str message_id, char dst[static KEY_CAP])
{
    snprintf(dst, KEY_CAP, "%s/%.*s", who->user_id, STR_ARG(message_id));
}

struct answers *answers_new(struct gateway *g)
{
    struct answers *a = NEW(struct answers);
    a->g = g;
    pthread_mutex_init(&a->lock, NULL);
    return a;
}

/* ---- life ---- */

static void answer_free(struct answer *x)
{
    CHECK(!x->is_saving && x->completion == NULL);
    loop_timer_stop(&x->save_timer);
    loop_timer_free(&x->save_timer);
    principal_unref(x->who);
    buf_free(&x->content);
    buf_free(&x->reasoning);
    buf_free(&x->delta);
    buf_free(&x->saved_content);
    buf_free(&x->saved_reasoning);
    arena_free(&x->scratch);
    arena_free(&x->arena);
    mem_free(x);
}

void answers_free(struct answers *a)
{
    if (a == NULL)
        return;
    hash_free(&a->by_key);
    pthread_mutex_destroy(&a->lock);
    mem_free(a);
}

static bool table_add(struct answer *x)
{
    struct answers *a = x->owner;
    pthread_mutex_lock(&a->lock);
    bool is_free = hash_get(&a->by_key, str_c(x->key)) == NULL;
    if (is_free)
        hash_set(&a->by_key, str_c(x->key), x);
    pthread_mutex_unlock(&a->lock);
    return is_free;
}

static void table_remove(struct answer *x)
{
    struct answers *a = x->owner;
    pthread_mutex_lock(&a->lock);
    if (hash_get(&a->by_key, str_c(x->key)) == x)
        hash_remove(&a->by_key, str_c(x->key));
    pthread_mutex_unlock(&a->lock);
}

/* ---- telling pages ---- */

static void publish(const struct answer *x, const char *kind, str payload)
{
    char topic[KEY_CAP + 8];
    bool is_answer = strcmp(kind, "answer") == 0;
    snprintf(topic, sizeof topic, "%s:%s", kind, is_answer ? x->key : x->who->scope.user_id);
    hub_publish(x->owner->g->hub, str_c(topic), payload);
}

static void tell_person(struct answer *x, str type)
{
    buf_clear(&x->delta);
    struct json_writer w = json_writer(&x->delta);
    jw_object(&w);
    jw_kstr(&w, STR("type"), type);
    jw_kstr(&w, STR("chat_id"), str_c(x->chat_id));
    jw_kstr(&w, STR("message_id"), str_c(x->message_id));
    jw_end(&w);
    publish(x, "user", buf_view(&x->delta));
}

static void tell_done(struct answer *x)
{
    buf_clear(&x->delta);
    struct json_writer w = json_writer(&x->delta);
    jw_object(&w);
    jw_kstr(&w, STR("type"), STR("done"));
    jw_kstr(&w, STR("id"), str_c(x->message_id));
    jw_end(&w);
    publish(x, "answer", buf_view(&x->delta));
    tell_person(x, STR("chat:done"));
}

/* ---- what arrives ---- */

static str add_text(struct answer *x, struct json v, struct buf *to)
{
    str text;
    if (v.raw.p == NULL || v.type != JSON_STRING || json_string(v, &x->scratch, &text) != ST_OK || text.n == 0)
        return STR_NONE;
    if (to->n + text.n > CHAT_MESSAGE_MAX_BYTES)
        return STR_NONE;
    buf_add(to, text);
    x->has_news = true;
    return text;
}

static void on_observe(void *ctx, const struct usage_event *e)
{
    struct answer *x = ctx;
    arena_reset(&x->scratch);
    str content = add_text(x, e->content, &x->content);
    str reasoning = add_text(x, e->reasoning, &x->reasoning);
    if (content.p == NULL && reasoning.p == NULL)
        return;
    buf_clear(&x->delta);
    struct json_writer w = json_writer(&x->delta);
    jw_object(&w);
    jw_kstr(&w, STR("type"), STR("delta"));
    jw_kstr(&w, STR("id"), str_c(x->message_id));
    if (content.p != NULL)
        jw_kstr(&w, STR("content"), content);
    if (reasoning.p != NULL)
        jw_kstr(&w, STR("reasoning"), reasoning);
    jw_end(&w);
    publish(x, "answer", buf_view(&x->delta));
}

/* ---- saving while it runs ---- */

static status save_run(struct write_job *j, struct db *db)
{
    struct answer *x = CONTAINER_OF(j, struct answer, save_job);
    return answer_save(db, str_c(x->chat_id), str_c(x->message_id), buf_view(&x->saved_content),
                       buf_view(&x->saved_reasoning));
}

static void end_post(struct answer *x);

static void saved(struct write_job *j, status st)
{
    struct answer *x = CONTAINER_OF(j, struct answer, save_job);
    (void)st; /* the end is saved whole */
    x->is_saving = false;
    if (x->is_ending)
        end_post(x);
}

static void on_save_timer(struct loop_timer *t)
{
    struct answer *x = CONTAINER_OF(t, struct answer, save_timer);
    loop_timer_start(&x->save_timer, SAVE_EVERY_MS);
    if (!x->has_news || x->is_saving || x->is_ending)
        return;
    x->has_news = false;
    x->is_saving = true;
    buf_clear(&x->saved_content);
    buf_clear(&x->saved_reasoning);
    buf_add(&x->saved_content, buf_view(&x->content));
    buf_add(&x->saved_reasoning, buf_view(&x->reasoning));
    x->save_job = (struct write_job){.run = save_run, .done = saved, .reply_to = x->loop};
    store_post(x->owner->g->store, &x->save_job);
}

/* ---- the end ---- */

static status end_run(struct write_job *j, struct db *db)
{
    struct answer *x = CONTAINER_OF(j, struct answer, job);
    struct answer_end end = {
        .chat_id = str_c(x->chat_id),
        .message_id = str_c(x->message_id),
        .state = x->state,
        .content = buf_view(&x->content),
        .reasoning = buf_view(&x->reasoning),
        .usage_json = x->usage,
        .error = str_c(x->error),
        .images_json = STR_NONE,
        .now_ms = clock_now_ms(),
    };
    return answer_end(db, &end);
}

static void make_title(struct answer *x)
{
    if (!x->begun.wants_title || x->state != ANSWER_DONE)
        return;
    title_make(x->owner->g, x->who, str_c(x->chat_id), x->req.model, x->req.user_message, buf_view(&x->content));
}

static void ended(struct write_job *j, status st)
{
    struct answer *x = CONTAINER_OF(j, struct answer, job);
    if (st != ST_OK)
        log_error("An answer could not be stored", LF_Z("chat", x->chat_id), LF_Z("reason", status_text(st)));
    table_remove(x);
    tell_done(x);
    make_title(x);
    answer_free(x);
}

static void end_post(struct answer *x)
{
    if (x->is_saving)
        return; /* saved() comes back */
    x->job = (struct write_job){.run = end_run, .done = ended, .reply_to = x->loop};
    store_post(x->owner->g->store, &x->job);
}

static void end_answer(struct answer *x, enum answer_state state, str error)
{
    x->completion = NULL;
    x->state = state;
    (void)str_copy_z(error, x->error, sizeof x->error);
    x->is_ending = true;
    loop_timer_stop(&x->save_timer);
    end_post(x);
}

/* ---- the completion's consumer ---- */

static void on_begin(void *ctx, int code, str content_type, str generation_id)
{
    struct answer *x = ctx;
    x->has_view_begun = x->has_view;
    if (x->has_view)
        x->view.begin(x->view.ctx, code, content_type, generation_id);
}

static void on_data(void *ctx, str bytes)
{
    struct answer *x = ctx;
    if (x->has_view)
        x->view.data(x->view.ctx, bytes);
}

static void on_end(void *ctx)
{
    struct answer *x = ctx;
    str usage = completion_usage(x->completion);
    x->usage = usage.n != 0 ? arena_dup(&x->arena, usage) : STR_NONE;
    if (x->has_view)
        x->view.end(x->view.ctx);
    x->has_view = false;
    end_answer(x, ANSWER_DONE, STR_NONE);
}

static void on_fail(void *ctx, status st, str text, int64_t retry_after_s)
{
    struct answer *x = ctx;
    if (x->has_view)
        x->view.fail(x->view.ctx, st, text, retry_after_s);
    x->has_view = false;
    end_answer(x, ANSWER_FAILED, text);
}

static void on_abort(void *ctx, str text)
{
    struct answer *x = ctx;
    if (x->has_view)
        x->view.abort(x->view.ctx, text);
    x->has_view = false;
    end_answer(x, ANSWER_FAILED, text);
}

/* ---- the beginning ---- */

static status begin_run(struct write_job *j, struct db *db)
{
    struct answer *x = CONTAINER_OF(j, struct answer, job);
    struct answer_begin begin = {
        .scope = x->who->scope,
        .chat_id = x->req.chat_id,
        .message_id = x->req.message_id,
        .parent_id = x->req.parent_id,
        .user_message = x->req.user_message,
        .model = x->req.model,
        .now_ms = clock_now_ms(),
    };
    return answer_begin(db, &begin, &x->begun, &x->err);
}

static void refuse(struct answer *x, status st, str text)
{
    if (x->has_view)
        x->view.fail(x->view.ctx, st, text, -1);
    answer_free(x);
}

static void begun(struct write_job *j, status st)
{
    struct answer *x = CONTAINER_OF(j, struct answer, job);
    if (st != ST_OK) {
        table_remove(x);
        refuse(x, st, str_c(err_text(&x->err, st)));
        return;
    }
    tell_person(x, STR("chat:started"));
    if (x->is_stopping) {
        if (x->has_view)
            x->view.fail(x->view.ctx, ST_CANCELLED, STR("Stopped"), -1);
        x->has_view = false;
        end_answer(x, ANSWER_STOPPED, STR_NONE);
        return;
    }
    loop_timer_start(&x->save_timer, SAVE_EVERY_MS);
    struct completion_request req = {
        .who = x->who,
        .kind = CALL_CHAT,
        .purpose = STR("chat"),
        .chat_id = str_c(x->chat_id),
        .body = x->req.body,
        .consumer = {.ctx = x, .begin = on_begin, .data = on_data, .end = on_end, .fail = on_fail,
                     .abort = on_abort, .observe = on_observe},
    };
    x->completion = completion_start(x->owner->g, &req);
}

static struct answer *answer_new(struct answers *a, const struct answer_request *req)
{
    struct answer *x = NEW(struct answer);
    x->owner = a;
    x->loop = loop_current();
    x->who = principal_ref(req->who);
    x->view = req->view;
    x->has_view = true;
    arena_init(&x->arena, 2 * req->body.n + 2 * req->user_message.raw.n + BODY_SLACK);
    arena_init(&x->scratch, 16 << 20);
    buf_init(&x->content, CHAT_MESSAGE_MAX_BYTES + 1);
    buf_init(&x->reasoning, CHAT_MESSAGE_MAX_BYTES + 1);
    buf_init(&x->saved_content, CHAT_MESSAGE_MAX_BYTES + 1);
    buf_init(&x->saved_reasoning, CHAT_MESSAGE_MAX_BYTES + 1);
    buf_init(&x->delta, 8 * CHAT_MESSAGE_MAX_BYTES);
    loop_timer_init(&x->save_timer, x->loop, on_save_timer);
    x->req = *req;
    x->req.chat_id = arena_dup(&x->arena, req->chat_id);
    x->req.message_id = arena_dup(&x->arena, req->message_id);
    x->req.parent_id = arena_dup(&x->arena, req->parent_id);
    x->req.model = arena_dup(&x->arena, req->model);
    x->req.body = arena_dup(&x->arena, req->body);
    if (req->user_message.raw.p != NULL)
        x->req.user_message.raw = arena_dup(&x->arena, req->user_message.raw);
    return x;
}

void answers_start(struct answers *a, const struct answer_request *req)
{
    struct answer *x = answer_new(a, req);
    bool fits = str_copy_z(req->message_id, x->message_id, sizeof x->message_id) &&
                str_copy_z(req->chat_id, x->chat_id, sizeof x->chat_id);
    if (!fits || !id_is_valid(req->message_id)) {
        refuse(x, ST_UNPROCESSABLE, STR("chat_id and id must be UUIDs"));
        return;
    }
    make_key(&req->who->scope, req->message_id, x->key);
    if (!table_add(x)) {
        refuse(x, ST_CONFLICT, STR("An answer with this id is running already"));
        return;
    }
    x->job = (struct write_job){.run = begin_run, .done = begun, .reply_to = x->loop};
    store_post(a->g->store, &x->job);
}

void answers_view_gone(struct answers *a, void *view_ctx)
{
    size_t at = 0;
    void *value;
    struct loop *here = loop_current();
    pthread_mutex_lock(&a->lock);
    while (hash_next(&a->by_key, &at, NULL, &value)) {
        struct answer *x = value;
        if (x->loop == here && x->has_view && x->view.ctx == view_ctx)
            x->has_view = false;
    }
    pthread_mutex_unlock(&a->lock);
}

/* ---- from other threads ---- */

static bool is_theirs(const struct answer *x, const struct scope *who)
{
    return strcmp(x->who->scope.user_id, who->user_id) == 0 &&
           strcmp(x->who->scope.organization_id, who->organization_id) == 0;
}

size_t answers_list(struct answers *a, const struct scope *who, str chat_id,
                    char ids_out[static ANSWERS_LIST_MAX][ID_CAP])
{
    size_t at = 0, count = 0;
    void *value;
    pthread_mutex_lock(&a->lock);
    while (count < ANSWERS_LIST_MAX && hash_next(&a->by_key, &at, NULL, &value)) {
        const struct answer *x = value;
        if (str_eq(str_c(x->chat_id), chat_id) && is_theirs(x, who))
            (void)str_copy_z(str_c(x->message_id), ids_out[count++], ID_CAP);
    }
    pthread_mutex_unlock(&a->lock);
    return count;
}

struct order { /* a task for an answer, which may have ended when it arrives */
    struct task task;
    struct answers *answers;
    char key[KEY_CAP];
    char message_id[ID_CAP];
    char topic[64];
};

static struct answer *find(struct order *o)
{
    pthread_mutex_lock(&o->answers->lock);
    struct answer *x = hash_get(&o->answers->by_key, str_c(o->key));
    pthread_mutex_unlock(&o->answers->lock);
    /* On its loop it cannot go before we return; on another loop it is a later one of the same id. */
    return x != NULL && x->loop == loop_current() ? x : NULL;
}

/* Posts `run` to the loop of a running answer. */
static status send_order(struct answers *a, str key, str message_id, str topic, void (*run)(struct task *t))
{
    pthread_mutex_lock(&a->lock);
    struct answer *x = hash_get(&a->by_key, key);
    struct loop *loop = x != NULL ? x->loop : NULL;
    pthread_mutex_unlock(&a->lock);
    if (loop == NULL)
        return ST_NOT_FOUND;
    struct order *o = NEW(struct order);
    o->answers = a;
    o->task.run = run;
    (void)str_copy_z(key, o->key, sizeof o->key);
    (void)str_copy_z(message_id, o->message_id, sizeof o->message_id);
    (void)str_copy_z(topic, o->topic, sizeof o->topic);
    loop_post(loop, &o->task);
    return ST_OK;
}

static status send_order_of(struct answers *a, const struct scope *who, str message_id, str topic,
                            void (*run)(struct task *t))
{
    char key[KEY_CAP];
    if (!id_is_valid(message_id))
        return ST_NOT_FOUND;
    make_key(who, message_id, key);
    return send_order(a, str_c(key), message_id, topic, run);
}

/* What was written stands: the view ends regularly, only without [DONE]. */
static void end_view_of_stopped(struct answer *x)
{
    if (x->has_view && x->has_view_begun)
        x->view.end(x->view.ctx);
    else if (x->has_view)
        x->view.fail(x->view.ctx, ST_CANCELLED, STR("Stopped"), -1);
    x->has_view = false;
}

static void stop_on_loop(struct task *t)
{
    struct order *o = CONTAINER_OF(t, struct order, task);
    struct answer *x = find(o);
    mem_free(o);
    if (x == NULL || x->is_ending)
        return;
    x->is_stopping = true;
    if (x->completion == NULL)
        return; /* begun() sees it */
    completion_leave(MAI_TAKE(x->completion));
    end_view_of_stopped(x);
    end_answer(x, ANSWER_STOPPED, STR_NONE);
}

status answers_stop(struct answers *a, const struct scope *who, str message_id)
{
    return send_order_of(a, who, message_id, STR(""), stop_on_loop);
}

/* user_id STR_NONE: everybody's. */
static void stop_many(struct answers *a, str user_id)
{
    struct stop_key {
        char text[KEY_CAP];
    } *keys;
    size_t at = 0, count = 0;
    str key;
    void *value;
    pthread_mutex_lock(&a->lock);
    keys = mem_alloc_array(a->by_key.count + 1, sizeof *keys);
    while (hash_next(&a->by_key, &at, &key, &value)) {
        const struct answer *x = value;
        if (user_id.p == NULL || str_eq(str_c(x->who->scope.user_id), user_id))
            (void)str_copy_z(key, keys[count++].text, KEY_CAP);
    }
    pthread_mutex_unlock(&a->lock);
    for (size_t i = 0; i < count; i++) /* one that ended meanwhile is stopped too */
        (void)send_order(a, str_c(keys[i].text), STR(""), STR(""), stop_on_loop);
    mem_free(keys);
}

void answers_stop_person(struct answers *a, str user_id)
{
    stop_many(a, user_id);
}

void answers_stop_all(struct answers *a)
{
    stop_many(a, STR_NONE);
}

static void snapshot_on_loop(struct task *t)
{
    struct order *o = CONTAINER_OF(t, struct order, task);
    struct answer *x = find(o);
    MAI_AUTO(buf_free) struct buf b;
    buf_init(&b, 16 * CHAT_MESSAGE_MAX_BYTES);
    struct json_writer w = json_writer(&b);
    jw_object(&w);
    jw_kstr(&w, STR("type"), x != NULL ? STR("snapshot") : STR("done"));
    jw_kstr(&w, STR("id"), str_c(o->message_id));
    if (x != NULL) {
        jw_kobject(&w, STR("message"));
        jw_kstr(&w, STR("id"), str_c(x->message_id));
        jw_kstr(&w, STR("parentId"), x->req.parent_id);
        jw_kstr(&w, STR("role"), STR("assistant"));
        jw_kstr(&w, STR("model"), x->req.model);
        jw_kstr(&w, STR("content"), buf_view(&x->content));
        jw_kstr(&w, STR("reasoning"), buf_view(&x->reasoning));
        jw_kbool(&w, STR("done"), false);
        jw_end(&w);
    }
    jw_end(&w);
    hub_publish(o->answers->g->hub, str_c(o->topic), buf_view(&b));
    mem_free(o);
}

status answers_snapshot(struct answers *a, const struct scope *who, str message_id, str topic)
{
    return send_order_of(a, who, message_id, topic, snapshot_on_loop);
}

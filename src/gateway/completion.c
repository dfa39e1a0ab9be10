/* Driver and first and last steps of a completion; see completion.h for the invariants.
 *
 *   PLAN -> RESERVE -> SEND -> RELAY -> SETTLE -> FINISH
 *             |  ^
 *             v  |  (402: the limit at OpenRouter may be newer)
 *        REFRESH_LIMIT
 *
 * The other steps stand in completion_reserve.c, completion_send.c and completion_settle.c. */
#include "gateway/completion_private.h"
#include "base/mem.h"

#include <stdatomic.h>

static _Atomic size_t running;

size_t completion_running(void)
{
    return atomic_load(&running);
}

str completion_id(const struct completion *c)
{
    return str_c(c->id);
}

str completion_usage(const struct completion *c)
{
    return buf_view(&c->relay.usage_billed);
}

/* ---- plan ---- */

static status check_caller(const struct completion *c, struct err *e)
{
    const struct principal *p = c->who;
    if (p->is_organization_disabled)
        return err_set(e, ST_FORBIDDEN, "Your organization is switched off. Please ask your provider.");
    if (p->key_text[0] == '\0')
        return err_set(e, ST_UNAVAILABLE,
                       "No verified OpenRouter key is connected. An administrator enters it under "
                       "Settings -> Connections.");
    return ST_OK;
}

static status check_model(const struct completion *c, struct err *e)
{
    bool is_embedding = c->req.kind == CALL_EMBEDDING;
    if (c->models == NULL)
        return ST_OK; /* never had a list: the supplier judges, a hard limit refuses later */
    if (c->model == NULL)
        return c->rules.allows_extras
                   ? ST_OK
                   : err_set(e, ST_BAD_REQUEST, "%.*s is not a valid model ID", STR_ARG(c->plan.model));
    if (c->model->is_embedding != is_embedding)
        return err_set(e, ST_BAD_REQUEST, "%.*s is %s", STR_ARG(c->plan.model),
                       is_embedding ? "not an embedding model" : "an embedding model, not a chat model");
    return ST_OK;
}

static status make_plan(struct completion *c, struct err *e)
{
    status st = check_caller(c, e);
    if (st != ST_OK)
        return st;
    st = plan_read(c->req.body, &c->rules, &c->arena, &c->plan, e);
    if (st != ST_OK)
        return st;
    c->models = catalog_models(c->g->catalog);
    c->model = c->models != NULL ? models_find(c->models, c->plan.model) : NULL;
    c->is_stream = c->plan.is_stream && c->req.kind == CALL_CHAT;
    return check_model(c, e);
}

static void fail_later(struct task *t)
{
    struct completion *c = CONTAINER_OF(t, struct completion, task);
    c->is_busy = false;
    completion_fail(c, c->fail_st, c->fail_text);
}

/* The consumer is never called from inside completion_start. */
static void plan_or_fail(struct completion *c)
{
    status st = make_plan(c, &c->err);
    if (st == ST_OK) {
        completion_go(c, STEP_RESERVE);
        return;
    }
    c->fail_st = st;
    (void)str_copy_z(str_c(err_text(&c->err, st)), c->fail_text, sizeof c->fail_text);
    c->is_busy = true;
    c->task.run = fail_later;
    loop_post(c->loop, &c->task);
}

/* ---- end ---- */

static void completion_free(struct completion *c)
{
    CHECK(!c->is_busy && c->call == NULL);
    loop_timer_stop(&c->leave_timer);
    loop_timer_free(&c->leave_timer);
    relay_free(&c->relay);
    buf_free(&c->error_body);
    models_unref(c->models);
    principal_unref(c->who);
    arena_free(&c->arena);
    mem_free(c);
    atomic_fetch_sub(&running, 1);
}

static void begin_if_needed(struct completion *c)
{
    if (c->has_begun)
        return;
    c->has_begun = true;
    c->req.consumer.begin(c->req.consumer.ctx, 200, str_c(c->content_type), str_c(c->generation_id));
}

static void give(struct completion *c, struct buf *b)
{
    if (b->n == 0)
        return;
    begin_if_needed(c);
    c->req.consumer.data(c->req.consumer.ctx, buf_view(b));
    buf_clear(b);
}

static void finish_whole(struct completion *c)
{
    if (c->req.consumer.hold != NULL)
        c->req.consumer.hold(c->req.consumer.ctx, true);
    give(c, &c->relay.held);
    begin_if_needed(c);
    c->req.consumer.end(c->req.consumer.ctx);
}

/* What arrived of a stream goes out before the error; an answer that never began is an error alone. */
static void finish_broken(struct completion *c)
{
    const struct consumer *to = &c->req.consumer;
    bool has_part = c->code == 200 && c->is_stream && c->relay.held.n != 0;
    if (!c->has_begun && !has_part) {
        to->fail(to->ctx, c->fail_st, str_c(c->fail_text), c->retry_after_s);
        return;
    }
    if (c->is_stream) {
        relay_add_error(&c->relay.held, c->fail_st, str_c(c->fail_text), true);
        give(c, &c->relay.held);
    }
    to->abort(to->ctx, str_c(c->fail_text));
}

/* Everything is in the books: now the person may see the end. */
static void finish(struct completion *c)
{
    if (!c->is_left && c->fail_st == ST_OK)
        finish_whole(c);
    else if (!c->is_left)
        finish_broken(c);
    completion_free(c);
}

/* ---- driver ---- */

static const struct {
    enum step step;
    void (*run)(struct completion *c);
} steps[] = {
    {STEP_PLAN, plan_or_fail},
    {STEP_RESERVE, completion_reserve},
    {STEP_REFRESH_LIMIT, completion_refresh_limit},
    {STEP_SEND, completion_send},
    {STEP_RELAY, completion_resume},
    {STEP_SETTLE, completion_settle},
    {STEP_FINISH, finish},
};

void completion_go(struct completion *c, enum step next)
{
    CHECK(loop_is_current(c->loop) && (size_t)next < COUNT_OF(steps) && steps[next].step == next);
    c->step = next;
    steps[next].run(c);
}

void completion_fail(struct completion *c, status st, const char *text)
{
    c->fail_st = st;
    if (text != c->fail_text)
        (void)str_copy_z(str_c(text), c->fail_text, sizeof c->fail_text);
    completion_go(c, c->is_recorded ? STEP_SETTLE : STEP_FINISH);
}

/* ---- public ---- */

static void copy_request(struct completion *c, const struct completion_request *req)
{
    c->req = *req;
    c->req.body = arena_dup(&c->arena, req->body);
    c->req.chat_id = req->chat_id.p != NULL ? arena_dup(&c->arena, req->chat_id) : STR_NONE;
    c->req.purpose = arena_dup(&c->arena, req->purpose);
}

/* The chat's id goes upstream only as a hash: it keeps calls of one chat together there. */
static str session_of_chat(struct completion *c)
{
    char hex[TOKEN_HEX_CAP];
    if (c->req.chat_id.p == NULL)
        return STR_NONE;
    token_hash(c->req.chat_id, hex);
    return arena_dup(&c->arena, str_sub(str_c(hex), 0, 32));
}

static void on_leave_timer(struct loop_timer *t)
{
    struct completion *c = CONTAINER_OF(t, struct completion, leave_timer);
    completion_stop_upstream(c);
}

struct completion *completion_start(struct gateway *g, const struct completion_request *req)
{
    enum { ARENA_BESIDE_BODY = 4 << 20 };
    struct completion *c = NEW(struct completion);
    size_t at = gateway_loop_index(g);
    atomic_fetch_add(&running, 1);
    c->g = g;
    c->loop = g->loops[at];
    c->upstream = g->upstreams[at];
    c->who = principal_ref(req->who);
    c->retry_after_s = -1;
    arena_init(&c->arena, 3 * req->body.n + ARENA_BESIDE_BODY);
    buf_init(&c->error_body, MAX_ERROR_BYTES);
    loop_timer_init(&c->leave_timer, c->loop, on_leave_timer);
    copy_request(c, req);
    id_new(c->id);
    c->rules = (struct call_rules){
        .kind = req->kind,
        .external_user = str_c(c->who->external_user),
        .session_id = session_of_chat(c),
        .deny_data_collection = c->who->deny_data_collection,
        .zero_data_retention = c->who->zero_data_retention,
        .allows_extras = c->who->allows_extras,
    };
    completion_go(c, STEP_PLAN);
    return c;
}

void completion_leave(struct completion *c)
{
    c->is_left = true;
    c->relay.observe = NULL;
    if (c->step != STEP_RELAY || c->is_upstream_over)
        return; /* the running step sees it when its wait is over */
    if (!c->is_stream) {
        completion_resume(c); /* billed in full anyway: it is read to its end */
        return;
    }
    if (c->code != 0)
        completion_stop_upstream(c);
    else
        loop_timer_start(&c->leave_timer, HEAD_TIMEOUT_MS); /* first learn the id */
}

void completion_drain(struct completion *c)
{
    if (c->step == STEP_RELAY)
        completion_resume(c);
}

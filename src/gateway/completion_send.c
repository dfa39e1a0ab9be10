/* The call to the supplier and the answer on its way back; see completion.h. Runs on the completion's loop.
 *
 * Bytes for the person wait in relay.out until the supplier's id is on disk (C2). While the job that writes it is
 * running, and while the consumer is full, the upstream is paused. */
#include "gateway/completion_private.h"

#include "base/clock.h"

enum { DONE_GRACE_MS = 2000 }; /* from [DONE] to the end of the body; then the connection is given up */

static void upstream_over(struct completion *c);

/* ---- the supplier's id ---- */

static status identify_on_writer(struct write_job *j, struct db *db)
{
    struct completion *c = CONTAINER_OF(j, struct completion, job);
    return generation_identify(db, str_c(c->id), str_c(c->generation_id));
}

static void identified(struct write_job *j, status st)
{
    struct completion *c = CONTAINER_OF(j, struct completion, job);
    c->is_busy = false;
    c->is_identified = true; /* a repeated id is settled as such; any other failure ends the call here */
    if (c->is_upstream_over) {
        upstream_over(c);
        return;
    }
    if (st == ST_OK || st == ST_CONFLICT) {
        completion_resume(c);
        return;
    }
    c->fail_st = st;
    (void)str_copy_z(str_c(status_text(st)), c->fail_text, sizeof c->fail_text);
    completion_stop_upstream(c); /* C2: what came is held until the settling has written the id */
}

static void identify(struct completion *c)
{
    c->job = (struct write_job){
        .run = identify_on_writer, .done = identified, .reply_to = c->loop};
    c->is_busy = true;
    store_post(c->g->store, &c->job);
}

/* ---- onward to the person ---- */

static void pause(struct completion *c)
{
    if (c->call == NULL || c->is_paused)
        return;
    c->is_paused = true;
    upstream_pause(c->call);
}

static void unpause(struct completion *c)
{
    if (c->call == NULL || !c->is_paused)
        return;
    c->is_paused = false;
    upstream_resume(c->call);
}

static bool is_consumer_full(const struct completion *c)
{
    const struct consumer *to = &c->req.consumer;
    return !c->is_left && to->is_full != NULL && to->is_full(to->ctx);
}

/* Head and first bytes, in one packet where the consumer can. */
static void begin_with(struct completion *c, str bytes)
{
    const struct consumer *to = &c->req.consumer;
    c->has_begun = true;
    if (to->hold != NULL)
        to->hold(to->ctx, true);
    to->begin(to->ctx, 200, str_c(c->content_type), str_c(c->generation_id));
    to->data(to->ctx, bytes);
    if (to->hold != NULL)
        to->hold(to->ctx, false);
}

static void give_out(struct completion *c)
{
    const struct consumer *to = &c->req.consumer;
    str bytes = buf_view(&c->relay.out);
    if (!c->is_left && c->has_begun)
        to->data(to->ctx, bytes);
    else if (!c->is_left)
        begin_with(c, bytes);
    buf_clear(&c->relay.out);
}

/* Sends what waits, as far as the id and the consumer allow. */
static void pump(struct completion *c)
{
    if (c->generation_id[0] == '\0')
        (void)str_copy_z(str_c(c->relay.id), c->generation_id, sizeof c->generation_id);
    if (c->relay.out.n != 0 && !c->is_identified && c->generation_id[0] != '\0') {
        if (!c->is_busy)
            identify(c);
        pause(c);
        return;
    }
    if (c->relay.out.n != 0)
        give_out(c);
    if (is_consumer_full(c))
        pause(c);
}

void completion_resume(struct completion *c)
{
    if (c->is_busy || c->is_upstream_over)
        return;
    pump(c);
    if (!c->is_busy && !is_consumer_full(c))
        unpause(c);
}

/* ---- the end of the upstream ---- */

/* What has not been sent yet goes out with the end: the settling writes the id as well. */
static void hold_the_rest(struct completion *c)
{
    struct relay *r = &c->relay;
    if (r->out.n == 0)
        return;
    if (r->held.n != 0)
        buf_add(&r->out, buf_view(&r->held));
    struct buf swapped = r->held;
    r->held = r->out;
    r->out = swapped;
    buf_clear(&r->out);
}

static void upstream_over(struct completion *c)
{
    c->is_upstream_over = true;
    loop_timer_stop(&c->leave_timer);
    if (c->is_busy)
        return; /* identified() comes back here */
    if (c->code == 200)
        relay_finish(&c->relay);
    if (c->generation_id[0] == '\0')
        (void)str_copy_z(str_c(c->relay.id), c->generation_id, sizeof c->generation_id);
    hold_the_rest(c);
    completion_go(c, STEP_SETTLE);
}

void completion_stop_upstream(struct completion *c)
{
    if (c->is_upstream_over)
        return;
    if (c->call != NULL)
        upstream_cancel(MAI_TAKE(c->call));
    c->upstream_st = ST_CANCELLED;
    c->may_have_happened = true;
    upstream_over(c);
}

/* ---- callbacks ---- */

static void keep_generation_id(struct completion *c, str id)
{
    if (id.n != 0 && id.n < sizeof c->generation_id && str_is_text(id, false))
        (void)str_copy_z(id, c->generation_id, sizeof c->generation_id);
}

static void on_head(void *ctx, const struct upstream_head *head)
{
    struct completion *c = ctx;
    uint64_t seconds;
    c->code = head->code;
    (void)str_copy_z(head->content_type, c->content_type, sizeof c->content_type);
    keep_generation_id(c, head->generation_id);
    if (head->retry_after.n != 0 && str_to_u64(head->retry_after, &seconds) == ST_OK && seconds < 86400)
        c->retry_after_s = (int64_t)seconds;
    catalog_observe(c->g->catalog, true);
    /* The supplier decides by its content type whether this is a stream: errors and some models answer plain. */
    c->is_stream = str_starts_nocase(head->content_type, STR("text/event-stream"));
    relay_free(&c->relay);
    relay_init(&c->relay, c->is_stream, c->who->markup);
    c->relay.observe = c->is_left ? NULL : c->req.consumer.observe;
    c->relay.observe_ctx = c->req.consumer.ctx;
    if (c->is_left && c->is_stream)
        completion_stop_upstream(c);
}

static void on_data(void *ctx, str bytes)
{
    struct completion *c = ctx;
    if (c->code != 200) {
        buf_add(&c->error_body, bytes);
        return;
    }
    if (relay_feed(&c->relay, bytes) != ST_OK) {
        completion_stop_upstream(c);
        return;
    }
    if (c->relay.is_done && c->is_stream)
        loop_timer_start(&c->leave_timer, DONE_GRACE_MS);
    pump(c);
}

static void on_end(void *ctx, status st, bool may_have_happened, str text)
{
    struct completion *c = ctx;
    c->call = NULL;
    c->upstream_st = st;
    c->may_have_happened = may_have_happened;
    (void)str_copy_z(text, c->upstream_text, sizeof c->upstream_text);
    if (c->code == 0)
        catalog_observe(c->g->catalog, false);
    upstream_over(c);
}

/* ---- sending ---- */

static status write_body(struct completion *c, struct buf *out)
{
    const struct model *ceiling = c->is_capped ? c->model : NULL;
    return plan_write(&c->plan, &c->rules, c->max_tokens, ceiling, &c->arena, out);
}

static status start_call(struct completion *c, str body)
{
    str path = c->req.kind == CALL_EMBEDDING ? STR("/embeddings") : STR("/chat/completions");
    struct upstream_request req = {
        .url = arena_printf(&c->arena, "%s%.*s", c->who->key_base_url, STR_ARG(path)),
        .key = str_c(c->who->key_text),
        .body = body,
        .is_stream = c->is_stream,
        .head_timeout_ms = c->is_stream ? HEAD_TIMEOUT_MS : PLAIN_TIMEOUT_MS,
        .silence_timeout_ms = c->is_stream ? SILENCE_TIMEOUT_MS : PLAIN_TIMEOUT_MS,
        .ctx = c,
        .on_head = on_head,
        .on_data = on_data,
        .on_end = on_end,
    };
    return upstream_start(c->upstream, &req, &c->call);
}

void completion_send(struct completion *c)
{
    MAI_AUTO(buf_free) struct buf body;
    buf_init(&body, 2 * c->req.body.n + (1 << 20));
    status st = write_body(c, &body);
    if (st == ST_OK)
        st = start_call(c, buf_view(&body));
    if (st == ST_OK) {
        completion_go(c, STEP_RELAY);
        return;
    }
    c->upstream_st = st;
    c->may_have_happened = false;
    c->is_upstream_over = true;
    completion_fail(c, st, status_text(st));
}

/* Closing the books on a call; see completion.h. The row's end is on disk before the person sees the end (C3). A
 * disk that refuses is tried again until it takes it; the person is told at the first refusal. */
#include "gateway/completion_private.h"
#include "gateway/completion_outcome.h"
#include "gateway/settler.h"
#include "base/clock.h"
#include "base/log.h"

enum { RETRY_MS = 1000 };

static void settle_post(struct completion *c);

/* ---- writer thread ---- */

static status settle_on_writer(struct write_job *j, struct db *db)
{
    struct completion *c = CONTAINER_OF(j, struct completion, job);
    return generation_settle(c->g->budgets, db, &c->result, &c->settled);
}

static void settle_undo(struct write_job *j)
{
    struct completion *c = CONTAINER_OF(j, struct completion, job);
    generation_settle_undo(c->g->budgets, &c->settled, str_c(c->id));
}

/* ---- loop ---- */

static void log_end(const struct completion *c)
{
    log_info("Completion ended", LF_Z("generation", c->generation_id), LF_Z("row", c->id),
             LF_Z("user", c->who->scope.user_id), LF_Z("organization", c->who->scope.organization_id),
             LF_STR("model", c->plan.model), LF_STR("state", generation_state_text(c->settled.state)),
             LF_INT("prompt_tokens", c->relay.prompt_tokens),
             LF_INT("completion_tokens", c->relay.completion_tokens), LF_INT("code", c->code));
}

static void on_retry(struct loop_timer *t)
{
    struct completion *c = CONTAINER_OF(t, struct completion, leave_timer);
    settle_post(c);
}

static void retry_later(struct completion *c, status st)
{
    log_error("The books could not be written, trying again", LF_Z("row", c->id),
              LF_Z("reason", status_text(st)));
    if (!c->is_left) {
        const struct consumer *to = &c->req.consumer;
        c->is_left = true;
        if (c->has_begun)
            to->abort(to->ctx, str_c(status_text(st)));
        else
            to->fail(to->ctx, st, str_c(status_text(st)), -1);
    }
    loop_timer_stop(&c->leave_timer);
    loop_timer_free(&c->leave_timer);
    loop_timer_init(&c->leave_timer, c->loop, on_retry);
    loop_timer_start(&c->leave_timer, RETRY_MS);
}

static void settled(struct write_job *j, status st)
{
    struct completion *c = CONTAINER_OF(j, struct completion, job);
    c->is_busy = false;
    if (st != ST_OK && st != ST_NOT_FOUND) {
        retry_later(c, st);
        return;
    }
    log_end(c);
    settler_announce(c->g, &c->settled);
    completion_go(c, STEP_FINISH);
}

static void settle_post(struct completion *c)
{
    c->job = (struct write_job){
        .run = settle_on_writer, .undo = settle_undo, .done = settled, .reply_to = c->loop};
    c->is_busy = true;
    store_post(c->g->store, &c->job);
}

static void take_outcome(struct completion *c, struct call_outcome *o)
{
    struct call_facts facts = {
        .code = c->code,
        .upstream_st = c->upstream_st,
        .may_have_happened = c->may_have_happened,
        .is_left = c->is_left,
        .has_generation_id = c->generation_id[0] != '\0',
        .relay = &c->relay,
        .error_body = buf_view(&c->error_body),
        .upstream_text = str_c(c->upstream_text),
    };
    call_outcome(&facts, o);
    if (c->fail_st == ST_OK && o->person_st != ST_OK) {
        c->fail_st = o->person_st;
        (void)str_copy_z(str_c(o->person_text), c->fail_text, sizeof c->fail_text);
    }
}

static str or_none(const char *z)
{
    return z[0] != '\0' ? str_c(z) : STR_NONE;
}

void completion_settle(struct completion *c)
{
    const struct relay *r = &c->relay;
    struct call_outcome o;
    bool is_answer = c->code == 200;
    take_outcome(c, &o);
    c->result = (struct generation_result){
        .id = str_c(c->id),
        .state = o.state,
        .generation_id = or_none(c->generation_id),
        .served_model = is_answer ? or_none(r->model) : STR_NONE,
        .provider = is_answer ? or_none(r->provider) : STR_NONE,
        .has_tokens = is_answer && r->has_tokens,
        .prompt_tokens = r->prompt_tokens,
        .completion_tokens = r->completion_tokens,
        .has_cost = o.state == GENERATION_FAILED || (is_answer && r->has_cost),
        .cost = o.state == GENERATION_FAILED ? PICO(0) : r->cost,
        .cost_text = is_answer ? or_none(r->cost_text) : STR_NONE,
        .source = str_c(o.source),
        .usage_json = is_answer && r->has_usage ? buf_view(&r->usage_raw) : STR_NONE,
        .error = o.error[0] != '\0' ? arena_dup(&c->arena, str_c(o.error)) : STR_NONE,
        .delivered_tokens = (r->delivered_bytes + BYTES_PER_TOKEN - 1) / BYTES_PER_TOKEN,
        .now_ms = clock_now_ms(),
        .is_priced = c->model != NULL && c->model->price.is_known && !c->model->price.is_free,
    };
    settle_post(c);
}

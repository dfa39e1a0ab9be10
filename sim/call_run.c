/* Runs a call: a small machine of phases, each a function that does one step and says how long to
 * wait.
 *
 * Invariants:
 *  1. A record is settled exactly once, on every way out.
 *  2. A stream whose peer goes is cancelled; a plain call runs to its end and is billed in full.
 *  3. What a phase composes is sent before any wait, so the peer sees the pace the script asks for.
 */
#include "call.h"
#include "errors.h"
#include "base/mem.h"

#include <event2/event.h>

enum { STEP_END = -1, FLUSH_BYTES = 16 * 1024, BACKLOG_MAX = 256 * 1024 };

typedef int64_t step(struct call *c); /* milliseconds to wait, or STEP_END when the call is freed */

static void run(struct call *c);

/* ---- composing events ---- */

static void line_end(struct call *c)
{
    buf_add(&c->out, c->script.crlf ? STR("\r\n\r\n") : STR("\n\n"));
}

static void add_comment(struct call *c)
{
    buf_add(&c->out, STR(": OPENROUTER PROCESSING"));
    line_end(c);
}

static void begin_chunk(struct call *c)
{
    buf_add(&c->out, STR("data: "));
    buf_add(&c->out, buf_view(&c->prefix));
}

static void end_chunk(struct call *c)
{
    buf_add_char(&c->out, '}');
    line_end(c);
}

static void add_reason(struct buf *out, const char *name, const char *reason)
{
    buf_add(out, str_c(name));
    if (reason == NULL) {
        buf_add(out, STR("null"));
        return;
    }
    buf_add_char(out, '"');
    jo_escape(out, str_c(reason));
    buf_add_char(out, '"');
}

/* "choices":[{...}] with this delta and these reasons. */
static void add_choice(struct call *c, const char *member, str text, const char *finish,
                       const char *native)
{
    buf_add(&c->out, STR("\"choices\":[{\"index\":0,\"delta\":{"));
    buf_add(&c->out, str_c(member));
    buf_add(&c->out, STR("\""));
    jo_escape(&c->out, text);
    buf_add(&c->out, STR("\",\"role\":\"assistant\"}"));
    add_reason(&c->out, ",\"finish_reason\":", finish);
    add_reason(&c->out, ",\"native_finish_reason\":", native);
    buf_add(&c->out, STR("}]"));
}

static void add_usage(struct call *c, int64_t completion)
{
    buf_add(&c->out, STR(",\"usage\":"));
    call_write_usage(c, completion, &c->out);
}

static void add_running_usage(struct call *c)
{
    if (c->script.usage == USAGE_CUMULATIVE)
        add_usage(c, call_completion_tokens(c, false));
}

static void add_tool_delta(struct call *c, str text)
{
    buf_add(&c->out,
            STR("\"choices\":[{\"index\":0,\"delta\":{\"content\":null,\"role\":\"assistant\","
                "\"tool_calls\":[{\"index\":0,"));
    if (c->sent == 0)
        buf_addf(&c->out, "\"id\":\"call_sim0000000000000001\",\"type\":\"function\",");
    buf_add(&c->out, STR("\"function\":{"));
    if (c->sent == 0) {
        add_reason(&c->out, "\"name\":", c->tool);
        buf_add_char(&c->out, ',');
    }
    buf_add(&c->out, STR("\"arguments\":\""));
    jo_escape(&c->out, text);
    buf_add(&c->out, STR("\"}}]},\"finish_reason\":null,\"native_finish_reason\":null}]"));
}

/* ---- leaving ---- */

static void flush(struct call *c)
{
    if (c->conn != NULL && c->out.n != 0)
        http_write(c->conn, buf_view(&c->out));
    buf_clear(&c->out);
}

static int64_t end_call(struct call *c)
{
    call_free(c);
    return STEP_END;
}

static int64_t end_body(struct call *c)
{
    struct http_conn *conn = c->conn;
    flush(c);
    c->conn = NULL;
    call_free(c);
    http_finish(conn);
    return STEP_END;
}

static int64_t break_off(struct call *c, bool is_reset)
{
    flush(c);
    call_settle(c, is_reset ? END_RESET : END_CUT);
    http_abort(c->conn, is_reset);
    return end_call(c);
}

static void add_error(struct call *c)
{
    struct buf MAI_AUTO(buf_free) metadata;
    buf_init(&metadata, 64 * 1024);
    error_write_metadata(&metadata, &c->script);
    buf_add(&c->out, STR("\"error\":"));
    error_write_object(&c->out, (int)c->script.status, c->script.message, buf_view(&metadata));
}

/* The error in the middle of a stream, in the shape the script names. */
static int64_t fail_stream(struct call *c)
{
    int64_t at = c->script.error_at;
    if (at == ERROR_BARE) {
        buf_add(&c->out, STR("data: {"));
        add_error(c);
        end_chunk(c);
    } else {
        begin_chunk(c);
        add_error(c);
        buf_add_char(&c->out, ',');
        if (at == ERROR_NO_CHOICES)
            buf_add(&c->out, STR("\"choices\":[]"));
        else
            add_choice(c, "\"content\":", STR(""), at == ERROR_WITH_USAGE ? NULL : "error", NULL);
    }
    call_settle(c, END_ERROR);
    if (at == ERROR_WITH_USAGE)
        add_usage(c, call_completion_tokens(c, false));
    if (at != ERROR_BARE)
        end_chunk(c);
    if (at == ERROR_WITH_USAGE) {
        buf_add(&c->out, STR("data: [DONE]"));
        line_end(c);
    }
    return end_body(c);
}

/* ---- the phases of a stream ---- */

static int64_t step_headers(struct call *c)
{
    struct buf MAI_AUTO(buf_free) headers;
    buf_init(&headers, 64 * 1024);
    if (c->script.hang)
        return INT32_MAX;
    if (c->script.reset_before_headers)
        return break_off(c, true);
    call_write_headers(c, &headers);
    http_set_cut(c->conn, (struct http_cut){c->script.cut_bytes, (uint64_t)c->script.cut_seed,
                                            c->script.cut_gap_ms});
    http_begin(c->conn, 200, buf_view(&headers), STR("text/event-stream"));
    c->phase = PHASE_COMMENTS;
    return 0;
}

static int64_t step_comments(struct call *c)
{
    if (c->script.reset_after == 0)
        return break_off(c, true);
    if (c->comments_left-- > 0) {
        add_comment(c);
        return c->script.comment_gap_ms;
    }
    c->phase = PHASE_FIRST;
    return c->script.first_delay_ms;
}

static int64_t step_first(struct call *c)
{
    int64_t at = c->script.error_at;
    c->rec->first_ms = sim_now_ms();
    if (c->script.status != 0 && (at == ERROR_FIRST || at == ERROR_BODY || at == ERROR_CHOICE))
        return fail_stream(c);
    c->phase = PHASE_REASONING;
    return 0;
}

static int64_t step_reasoning(struct call *c)
{
    if (c->reasoning_sent == c->reasoning_tokens) {
        c->phase = PHASE_CONTENT;
        return 0;
    }
    static const char *const words[] = {"Let",       " me",   " think", " about", " the",
                                        " question", ",",     " its",   " parts", " and",
                                        " a",        " good", " order", "."};
    str word = str_c(words[c->reasoning_sent % (int64_t)COUNT_OF(words)]);
    c->reasoning_sent++;
    c->chunks++;
    if (!c->shows_reasoning)
        return c->script.chunk_ms;
    begin_chunk(c);
    add_choice(c, "\"content\":\"\",\"reasoning\":", word, NULL, NULL);
    add_running_usage(c);
    end_chunk(c);
    return c->script.chunk_ms;
}

static bool is_due(const struct call *c, int64_t after)
{
    return after >= 0 && (c->chunks >= after || c->sent == c->answer.count);
}

/* A break that the script wants at this point; false: go on. */
static bool breaks_here(struct call *c, int64_t *wait_out)
{
    const struct script *s = &c->script;
    if (is_due(c, s->reset_after))
        *wait_out = break_off(c, true);
    else if (is_due(c, s->cut_after))
        *wait_out = break_off(c, false);
    else if (s->status != 0 && is_due(c, s->error_after))
        *wait_out = fail_stream(c);
    else if (is_due(c, s->end_after)) {
        call_settle(c, END_CUT);
        *wait_out = end_body(c);
    } else {
        return false;
    }
    return true;
}

static int64_t step_content(struct call *c)
{
    int64_t wait;
    if (breaks_here(c, &wait))
        return wait;
    if (c->sent == c->answer.count) {
        c->phase = PHASE_FINISH;
        return 0;
    }
    size_t to = c->sent + (size_t)c->script.chunk_tokens;
    to = to < c->answer.count ? to : c->answer.count;
    str text = answer_part(&c->answer, c->sent, to);
    begin_chunk(c);
    if (c->tool != NULL)
        add_tool_delta(c, text);
    else
        add_choice(c, "\"content\":", text, NULL, NULL);
    c->sent = to;
    c->chunks++;
    add_running_usage(c);
    end_chunk(c);
    if (c->script.comment_every > 0 && c->chunks % c->script.comment_every == 0)
        add_comment(c);
    return c->script.chunk_ms;
}

static int64_t step_finish(struct call *c)
{
    begin_chunk(c);
    add_choice(c, "\"content\":", STR(""), call_finish_reason(c), call_native_finish_reason(c));
    add_running_usage(c);
    end_chunk(c);
    c->phase = PHASE_USAGE;
    return c->script.usage_delay_ms;
}

static void add_usage_chunk(struct call *c)
{
    begin_chunk(c);
    switch (c->script.usage_shape) {
    case SHAPE_2026_03:
        buf_add(&c->out, STR("\"choices\":[]"));
        break;
    case SHAPE_2025:
        add_choice(c, "\"content\":", STR(""), NULL, NULL);
        break;
    default:
        buf_add(&c->out, STR("\"service_tier\":\"default\","));
        add_choice(c, "\"content\":", STR(""), call_finish_reason(c), call_native_finish_reason(c));
    }
    if (c->script.usage == USAGE_NULL)
        buf_add(&c->out, STR(",\"usage\":null"));
    else
        add_usage(c, call_completion_tokens(c, true));
    end_chunk(c);
}

static int64_t step_usage(struct call *c)
{
    call_settle(c, END_COMPLETE);
    if (c->script.usage != USAGE_MISSING)
        add_usage_chunk(c);
    c->phase = PHASE_DONE;
    return 0;
}

static int64_t step_done(struct call *c)
{
    if (!c->script.no_done) {
        buf_add(&c->out, STR("data: [DONE]"));
        line_end(c);
    }
    return end_body(c);
}

static step *const steps[] = {
    [PHASE_HEADERS] = step_headers, [PHASE_COMMENTS] = step_comments,
    [PHASE_FIRST] = step_first,     [PHASE_REASONING] = step_reasoning,
    [PHASE_CONTENT] = step_content, [PHASE_FINISH] = step_finish,
    [PHASE_USAGE] = step_usage,     [PHASE_DONE] = step_done,
};

/* ---- the phases of a plain answer ---- */

static bool plain_is_error_body(const struct call *c)
{
    return c->script.status != 0 && c->script.error_at != ERROR_CHOICE;
}

static void compose_plain(struct call *c)
{
    bool is_error = c->script.status != 0;
    c->reasoning_sent = c->reasoning_tokens;
    c->sent = c->answer.count;
    if (!plain_is_error_body(c)) {
        call_write_plain(c, &c->out);
    } else {
        struct buf MAI_AUTO(buf_free) metadata;
        buf_init(&metadata, 64 * 1024);
        error_write_metadata(&metadata, &c->script);
        error_write(&c->out, (int)c->script.status, c->script.message, buf_view(&metadata));
    }
    call_settle(c, is_error ? END_ERROR : END_COMPLETE);
}

static bool plain_breaks(const struct call *c)
{
    return c->script.reset_after >= 0 || c->script.cut_after >= 0 || c->script.end_after >= 0;
}

/* Half of the body, then the end the script wants. */
static int64_t break_plain(struct call *c)
{
    struct http_conn *conn = c->conn;
    http_write(conn, str_sub(buf_view(&c->out), 0, c->out.n / 2));
    call_free(c);
    if (c->script.end_after >= 0)
        http_finish(conn);
    else
        http_abort(conn, c->script.reset_after >= 0);
    return STEP_END;
}

static int64_t plain_send(struct call *c)
{
    struct buf MAI_AUTO(buf_free) headers;
    buf_init(&headers, 64 * 1024);
    struct http_conn *conn = c->conn;
    compose_plain(c);
    if (conn == NULL)
        return end_call(c);
    if (!c->has_begun && !plain_breaks(c)) {
        call_write_headers(c, &headers);
        http_respond(conn, 200, buf_view(&headers), STR("application/json"), buf_view(&c->out));
        return end_call(c);
    }
    if (!c->has_begun) {
        call_write_headers(c, &headers);
        http_begin(conn, 200, buf_view(&headers), STR("application/json"));
    }
    return plain_breaks(c) ? break_plain(c) : end_body(c);
}

static int64_t plain_padding(struct call *c)
{
    if (c->script.padding-- <= 0) {
        c->phase = PHASE_DONE;
        return 0;
    }
    if (c->conn != NULL && !c->has_begun) {
        struct buf MAI_AUTO(buf_free) headers;
        buf_init(&headers, 64 * 1024);
        call_write_headers(c, &headers);
        http_begin(c->conn, 200, buf_view(&headers), STR("application/json"));
    }
    c->has_begun = true;
    buf_add(&c->out, STR("\n         \n"));
    return c->script.padding_gap_ms;
}

static int64_t plain_headers(struct call *c)
{
    if (c->script.hang)
        return INT32_MAX;
    if (c->script.reset_before_headers) {
        call_settle(c, END_RESET);
        if (c->conn != NULL)
            http_abort(c->conn, true);
        return end_call(c);
    }
    if (c->conn != NULL)
        http_set_cut(c->conn, (struct http_cut){c->script.cut_bytes, (uint64_t)c->script.cut_seed,
                                                c->script.cut_gap_ms});
    c->phase = PHASE_COMMENTS;
    return 0;
}

static step *const plain_steps[] = {
    [PHASE_HEADERS] = plain_headers,
    [PHASE_COMMENTS] = plain_padding,
    [PHASE_DONE] = plain_send,
};

/* ---- running ---- */

static void on_timer(int fd, short what, void *arg)
{
    run(arg);
}

static void wait_for(struct call *c, int64_t ms)
{
    struct timeval after = {ms / 1000, ms % 1000 * 1000};
    if (c->timer == NULL) {
        c->timer = event_new(c->sim->loop, -1, 0, on_timer, c);
        CHECK(c->timer != NULL);
    }
    event_add(c->timer, &after);
}

static void run(struct call *c)
{
    step *const *table = c->is_stream ? steps : plain_steps;
    for (;;) {
        if (c->out.n > FLUSH_BYTES)
            flush(c);
        if (c->conn != NULL && http_backlog(c->conn) > BACKLOG_MAX) {
            c->is_paused = true;
            return;
        }
        int64_t wait = table[c->phase](c);
        if (wait == STEP_END)
            return;
        if (wait > 0) {
            flush(c);
            wait_for(c, wait);
            return;
        }
    }
}

static void on_gone(void *arg)
{
    struct call *c = arg;
    c->conn = NULL;
    if (!c->is_stream && !c->script.hang)
        return; /* a plain call runs to its end */
    if (!c->rec->is_settled)
        call_settle(c, c->is_stream ? END_CANCELLED : END_ERROR);
    call_free(c);
}

static void on_drain(void *arg)
{
    struct call *c = arg;
    if (!c->is_paused)
        return;
    c->is_paused = false;
    run(c);
}

static void start(struct call *c)
{
    http_watch(c->conn, on_gone, on_drain, c);
    if (c->script.header_delay_ms > 0)
        wait_for(c, c->script.header_delay_ms);
    else
        run(c);
}

void call_start_stream(struct call *c)
{
    call_make_prefix(c);
    start(c);
}

void call_start_plain(struct call *c)
{
    start(c);
}

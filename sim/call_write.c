/* Texts of an answer: usage, plain body, chunk prefix, headers. Shapes: API reference 2.5 to 2.7.
 */
#include "call.h"
#include "errors.h"

/* ---- usage ---- */

static void write_details(struct call *c, struct jout *j, const struct cost *cost)
{
    jo_kopen(j, "prompt_tokens_details", '{');
    jo_ki64(j, "cached_tokens", c->cached_tokens);
    jo_kraw(j, "cache_write_tokens", STR("0"));
    jo_kraw(j, "audio_tokens", STR("0"));
    jo_kraw(j, "video_tokens", STR("0"));
    jo_close(j, '}');
    jo_kopen(j, "cost_details", '{');
    jo_kpico(j, "upstream_inference_cost", cost->list);
    jo_kpico(j, "upstream_inference_prompt_cost", cost->prompt_part);
    jo_kpico(j, "upstream_inference_completions_cost", cost->completion_part);
    jo_close(j, '}');
    jo_kopen(j, "completion_tokens_details", '{');
    jo_ki64(j, "reasoning_tokens", c->reasoning_sent);
    jo_kraw(j, "image_tokens", STR("0"));
    jo_kraw(j, "audio_tokens", STR("0"));
    jo_close(j, '}');
}

static void write_cost(struct call *c, struct jout *j, pico total)
{
    char text[MONEY_TEXT_CAP];
    str number = c->script.cost_literal != NULL && c->script.status == 0
                     ? str_c(c->script.cost_literal)
                     : money_print(total, (enum cost_form)c->script.cost_form, text);
    if (number.p != NULL)
        jo_kraw(j, "cost", number);
}

void call_write_usage(struct call *c, int64_t completion, struct buf *out)
{
    struct cost cost = call_cost(c, completion);
    struct jout j = jout(out);
    if (c->script.zero_completion || c->script.status != 0)
        cost.total = PICO(0); /* zero completion insurance */
    jo_open(&j, '{');
    jo_ki64(&j, "prompt_tokens", c->prompt_tokens);
    jo_ki64(&j, "completion_tokens", completion);
    jo_ki64(&j, "total_tokens", c->prompt_tokens + completion);
    write_cost(c, &j, cost.total);
    if (c->script.byok != BYOK_MISSING)
        jo_kbool(&j, "is_byok", c->rec->is_byok);
    write_details(c, &j, &cost);
    jo_close(&j, '}');
}

static void write_usage_member(struct call *c, struct jout *j)
{
    if (c->script.usage == USAGE_MISSING)
        return;
    jo_key(j, STR("usage"));
    if (c->script.usage == USAGE_NULL) {
        jo_raw(j, STR("null"));
        return;
    }
    call_write_usage(c, call_completion_tokens(c, true), j->b);
    j->comma = true;
}

/* ---- plain answers ---- */

static void write_tool_call(struct call *c, struct jout *j)
{
    jo_kopen(j, "tool_calls", '[');
    jo_open(j, '{');
    jo_kraw(j, "index", STR("0"));
    jo_kz(j, "id", "call_sim0000000000000001");
    jo_kz(j, "type", "function");
    jo_kopen(j, "function", '{');
    jo_kz(j, "name", c->tool);
    jo_kstr(j, "arguments", buf_view(&c->answer.text));
    jo_close(j, '}');
    jo_close(j, '}');
    jo_close(j, ']');
}

static const char reasoning_text[] =
    "Let me think about the question, its parts and a good order. ";

static void write_message(struct call *c, struct jout *j)
{
    jo_kopen(j, "message", '{');
    jo_kz(j, "role", "assistant");
    if (c->tool != NULL || c->script.zero_completion)
        jo_knull(j, "content");
    else
        jo_kstr(j, "content", answer_part(&c->answer, 0, c->answer.count));
    jo_knull(j, "refusal");
    if (c->reasoning_sent != 0 && c->shows_reasoning)
        jo_kz(j, "reasoning", reasoning_text);
    else
        jo_knull(j, "reasoning");
    if (c->tool != NULL)
        write_tool_call(c, j);
    jo_close(j, '}');
}

static void write_choice(struct call *c, struct jout *j)
{
    bool is_error = c->script.status != 0 && c->script.error_at == ERROR_CHOICE;
    jo_open(j, '{');
    jo_kraw(j, "index", STR("0"));
    jo_knull(j, "logprobs");
    jo_kz(j, "finish_reason", is_error ? "error" : call_finish_reason(c));
    jo_kz(j, "native_finish_reason", is_error ? "error" : call_native_finish_reason(c));
    write_message(c, j);
    if (is_error) {
        jo_key(j, STR("error"));
        error_write_object(j->b, (int)c->script.status, c->script.message, STR_NONE);
        j->comma = true;
    }
    jo_close(j, '}');
}

void call_write_plain(struct call *c, struct buf *out)
{
    struct jout j = jout(out);
    jo_open(&j, '{');
    jo_kz(&j, "id", c->rec->id);
    jo_kz(&j, "object", "chat.completion");
    jo_ki64(&j, "created", c->rec->created_ms / 1000);
    jo_kz(&j, "model", c->rec->served);
    jo_kz(&j, "provider", c->model->row->provider);
    jo_knull(&j, "system_fingerprint");
    jo_kraw(&j, "service_tier", STR("\"default\""));
    jo_kopen(&j, "choices", '[');
    write_choice(c, &j);
    jo_close(&j, ']');
    write_usage_member(c, &j);
    jo_close(&j, '}');
}

/* ---- stream parts ---- */

void call_make_prefix(struct call *c)
{
    struct jout j = jout(&c->prefix);
    jo_open(&j, '{');
    jo_kz(&j, "id", c->rec->id);
    jo_kz(&j, "object", "chat.completion.chunk");
    jo_ki64(&j, "created", c->rec->created_ms / 1000);
    jo_kz(&j, "model", c->rec->served);
    jo_kz(&j, "provider", c->model->row->provider);
    buf_add_char(&c->prefix, ',');
}

void call_write_headers(struct call *c, struct buf *out)
{
    if (!c->script.no_generation_header) {
        buf_add(out, STR("X-Generation-Id: "));
        buf_add(out, str_c(c->rec->id));
        buf_add(out, STR("\r\n"));
    }
    buf_add(out, STR("Access-Control-Expose-Headers: X-Generation-Id,X-Provider-Name,cf-ray\r\n"
                     "X-Content-Type-Options: nosniff\r\n"));
    if (c->is_stream)
        buf_add(out, STR("Cache-Control: no-cache\r\n"));
    if (c->script.headers != NULL)
        reply_add_headers(out, c->script.headers);
}

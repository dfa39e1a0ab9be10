/* Preparing and settling a call; see call.h. Running it is in call_run.c. */
#include "call.h"
#include "errors.h"
#include "text.h"
#include "base/mem.h"

#include <event2/event.h>

enum { OUT_MAX = 64 << 20, PREFIX_MAX = 4096, SPARE_KEEPS_BYTES = 64 * 1024 };

/* ---- life ---- */

struct call *call_new(struct sim *s, struct http_conn *conn)
{
    struct call *c = s->spare_calls;
    if (c != NULL) {
        s->spare_calls = c->next;
    } else {
        c = NEW(struct call);
        answer_init(&c->answer);
        buf_init(&c->out, OUT_MAX);
        buf_init(&c->prefix, PREFIX_MAX);
    }
    buf_clear(&c->out);
    buf_clear(&c->prefix);
    struct call fresh = {.sim = s,
                         .conn = conn,
                         .answer = c->answer,
                         .out = c->out,
                         .prefix = c->prefix,
                         .timer = c->timer};
    *c = fresh;
    c->next = s->calls;
    if (s->calls != NULL)
        s->calls->prev = c;
    s->calls = c;
    s->calls_open++;
    if (s->calls_open > s->calls_peak)
        s->calls_peak = s->calls_open;
    return c;
}

static void unlink_call(struct call *c)
{
    struct sim *s = c->sim;
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        s->calls = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    s->calls_open--;
}

void call_free(struct call *c)
{
    struct sim *s = c->sim;
    unlink_call(c);
    if (c->timer != NULL)
        event_del(c->timer);
    if (c->answer.text.cap + c->out.cap > SPARE_KEEPS_BYTES) {
        answer_free(&c->answer);
        answer_init(&c->answer);
        buf_free(&c->out);
    }
    c->next = s->spare_calls;
    s->spare_calls = c;
}

/* ---- reading the request ---- */

/* What the messages hold: the last user text, the first system text, how much of everything. */
struct conversation {
    str user, system;
    int64_t tokens, images;
};

static str text_of(json_t *string)
{
    return (str){json_string_value(string), json_string_length(string)};
}

static str read_parts(struct conversation *v, json_t *parts)
{
    size_t i;
    json_t *part;
    str last = STR("");
    json_array_foreach(parts, i, part)
    {
        const char *type = json_string_value(json_object_get(part, "type"));
        json_t *text = json_object_get(part, "text");
        if (json_is_string(text)) {
            last = text_of(text);
            v->tokens += tokens_of(last);
        } else if (type != NULL && strcmp(type, "image_url") == 0) {
            v->images++;
        }
    }
    return last;
}

static bool read_message(struct conversation *v, json_t *message)
{
    const char *role = json_string_value(json_object_get(message, "role"));
    json_t *content = json_object_get(message, "content");
    if (role == NULL)
        return false;
    str text = json_is_string(content) ? text_of(content) : read_parts(v, content);
    v->tokens += 4 + (json_is_string(content) ? tokens_of(text) : 0);
    if (strcmp(role, "user") == 0)
        v->user = text;
    else if (v->system.p == NULL && (strcmp(role, "system") == 0 || strcmp(role, "developer") == 0))
        v->system = text;
    return true;
}

static bool read_conversation(struct conversation *v, json_t *body)
{
    json_t *messages = json_object_get(body, "messages"), *message;
    size_t i;
    *v = (struct conversation){.user = STR("")};
    if (!json_is_array(messages) || json_array_size(messages) == 0)
        return false;
    json_array_foreach(messages, i, message) if (!read_message(v, message)) return false;
    return true;
}

static int64_t max_tokens_of(json_t *body)
{
    json_t *max = json_object_get(body, "max_completion_tokens");
    if (!json_is_integer(max))
        max = json_object_get(body, "max_tokens");
    return json_integer_value(max);
}

static str model_of(json_t *body)
{
    json_t *model = json_object_get(body, "model");
    if (!json_is_string(model))
        model = json_array_get(json_object_get(body, "models"), 0);
    return json_is_string(model) ? text_of(model) : STR("openrouter/auto");
}

/* ---- preparing ---- */

static bool refuse(struct reply *refusal, int http_status, const char *message)
{
    reply_error(refusal, http_status, message, STR_NONE);
    return false;
}

static bool refuse_model(struct reply *refusal, str id)
{
    struct buf MAI_AUTO(buf_free) text;
    buf_init(&text, 4096);
    buf_addf(&text, "%.*s is not a valid model ID", STR_ARG(str_sub(id, 0, 200)));
    return refuse(refusal, 400, buf_z(&text));
}

static bool choose_script(struct call *c, const struct http_request *r, json_t *body, str model,
                          struct reply *refusal)
{
    struct err e;
    struct script_subject subject = {
        .path = STR("/chat/completions"),
        .method = r->method,
        .model = model,
        .key_hash = c->key->hash,
        .key_name = c->key->name,
        .user = text_of(json_object_get(body, "user")),
    };
    str header = http_header(r, STR("x-sim-script"));
    if (scripts_choose(&c->sim->scripts, &subject, header, &c->script, &e) == ST_OK)
        return true;
    return refuse(refusal, 400, e.text);
}

/* A call of the first tool: wanted by script, or forced by the request. */
static const char *tool_of(const struct call *c, json_t *body)
{
    json_t *choice = json_object_get(body, "tool_choice");
    json_t *forced = json_object_get(json_object_get(choice, "function"), "name");
    json_t *first = json_array_get(json_object_get(body, "tools"), 0);
    json_t *name = json_object_get(json_object_get(first, "function"), "name");
    const char *word = json_string_value(choice);
    if (json_is_string(forced))
        return text_keep(text_of(forced));
    if (json_is_string(name) &&
        (c->script.tool_call || (word != NULL && strcmp(word, "required") == 0)))
        return text_keep(text_of(name));
    return NULL;
}

static bool wants_json(json_t *body)
{
    const char *type =
        json_string_value(json_object_get(json_object_get(body, "response_format"), "type"));
    return type != NULL && strncmp(type, "json", 4) == 0;
}

static void make_answer(struct call *c, const struct conversation *v, json_t *body, str model)
{
    int64_t max = max_tokens_of(body);
    int64_t reasoning = c->script.reasoning_tokens;
    if (reasoning < 0)
        reasoning = c->model->row->is_reasoning ? 16 : 0;
    c->reasoning_tokens = max > 0 && reasoning > max ? max : reasoning;
    c->shows_reasoning =
        !json_is_true(json_object_get(json_object_get(body, "reasoning"), "exclude"));
    c->tool = tool_of(c, body);
    struct answer_wish wish = {
        .prompt = v->user,
        .system = v->system,
        .wants_json = wants_json(body),
        .echoes = str_starts(model, STR("sim/echo")),
        .fixed =
            c->tool != NULL ? "{\"location\":\"Warsaw\",\"unit\":\"celsius\"}" : c->script.answer,
        .tokens = c->script.answer_tokens,
        .max_tokens = max > 0 ? max - c->reasoning_tokens : 0,
    };
    if (max > 0 && wish.max_tokens == 0) {
        wish.fixed = ""; /* everything went into reasoning */
        c->is_cut_short = true;
    }
    c->is_cut_short = answer_write(&c->answer, &wish) || c->is_cut_short;
    if (!c->script.zero_completion)
        return;
    c->answer.count = 0;
    c->reasoning_tokens = 0;
}

static void open_record(struct call *c, const struct http_request *r, json_t *body)
{
    struct record *rec = records_open(&c->sim->records, c->key, c->model);
    json_t *user = json_object_get(body, "user"), *session = json_object_get(body, "session_id");
    c->rec = rec;
    rec->user = json_is_string(user) ? text_keep(text_of(user)) : NULL;
    rec->session =
        text_keep(json_is_string(session) ? text_of(session) : http_header(r, STR("x-session-id")));
    rec->external_user = rec->user != NULL ? rec->user : c->key->external_user;
    if (c->script.external_user == EXTERNAL_NULL)
        rec->external_user = NULL;
    rec->user_agent = text_keep(http_header(r, STR("user-agent")));
    rec->referer = text_keep(http_header(r, STR("http-referer")));
    rec->is_streamed = c->is_stream;
    rec->is_byok =
        c->script.byok == BYOK_YES || (c->script.byok != BYOK_NO && c->model->row->is_byok);
    rec->is_missing = c->script.record_missing;
    rec->prompt_tokens = c->prompt_tokens;
    rec->cached_tokens = c->cached_tokens;
    rec->images = c->images;
    if (c->script.served_model != NULL)
        rec->served = c->script.served_model;
}

bool call_prepare(struct call *c, const struct http_request *r, json_t *body, struct reply *refusal)
{
    struct conversation v;
    str id = model_of(body);
    const struct model *model = models_find(&c->sim->models, id);
    if (!choose_script(c, r, body, id, refusal))
        return false;
    if (!read_conversation(&v, body))
        return refuse(refusal, 400, "Input required: specify \"prompt\" or \"messages\"");
    if (model == NULL)
        return refuse_model(refusal, id);
    if (model->is_embedding)
        return refuse(refusal, 404,
                      "No endpoints found for this model that support chat completions.");
    if (c->script.status != 0 && c->script.error_at == ERROR_BEFORE) {
        reply_script_error(refusal, &c->script);
        return false;
    }
    if (account_refuses(c->sim, c->key, model, refusal) ||
        price_refuses(c->sim, model, body, v.tokens, refusal))
        return false;
    c->model = models_routed(&c->sim->models, model);
    c->is_stream = json_is_true(json_object_get(body, "stream"));
    c->prompt_tokens = v.tokens;
    c->images = v.images;
    c->cached_tokens = c->script.cached_tokens < v.tokens ? c->script.cached_tokens : v.tokens;
    c->comments_left = c->script.comments;
    make_answer(c, &v, body, id);
    open_record(c, r, body);
    return true;
}

/* ---- the end ---- */

int64_t call_completion_tokens(const struct call *c, bool everything)
{
    if (everything)
        return c->reasoning_tokens + (int64_t)c->answer.count;
    return c->reasoning_sent + (int64_t)c->sent;
}

const char *call_finish_reason(const struct call *c)
{
    if (c->script.finish_reason != NULL)
        return c->script.finish_reason;
    if (c->script.zero_completion)
        return NULL;
    if (c->is_cut_short)
        return "length";
    return c->tool != NULL ? "tool_calls" : "stop";
}

const char *call_native_finish_reason(const struct call *c)
{
    return c->script.native_finish_reason != NULL ? c->script.native_finish_reason
                                                  : call_finish_reason(c);
}

/* The charge of a call that ended so. Zero completion insurance: API reference 2.15. */
static pico charge_of(struct call *c, enum call_end end, int64_t completion)
{
    struct cost cost = call_cost(c, completion);
    bool is_insured = end == END_ERROR || (completion == 0 && end != END_COMPLETE) ||
                      (end == END_COMPLETE && c->script.zero_completion);
    if (c->script.bill == BILL_NONE || (c->script.bill == BILL_AUTO && is_insured))
        return PICO(0);
    if (c->rec->is_byok)
        c->rec->upstream = cost.list;
    return cost.total;
}

/* The bill keeps the value of the number that was (or would have been) printed. */
static void fix_literal(struct call *c, enum call_end end)
{
    char text[MONEY_TEXT_CAP];
    str number = str_c(c->script.cost_literal);
    if (number.p == NULL || end != END_COMPLETE || c->rec->cost.v == 0) {
        number = money_print(c->rec->cost, (enum cost_form)c->script.cost_form, text);
        if (number.p == NULL || str_eq(number, STR("null")) || c->script.cost_form == COST_ZERO)
            return;
    }
    pico value;
    if (pico_parse(number, &value) != ST_OK || !str_copy_z(number, c->rec->literal, MONEY_TEXT_CAP))
        return;
    c->rec->cost = value;
}

void call_settle(struct call *c, enum call_end end)
{
    static const char *const states[] = {"ok", "cancelled", "error", "cut", "reset"};
    struct record *rec = c->rec;
    bool everything = end == END_COMPLETE || c->script.bill == BILL_FULL ||
                      (!c->is_stream && end != END_ERROR); /* plain calls run to their end */
    int64_t completion = call_completion_tokens(c, everything);
    rec->completion_tokens = completion;
    rec->reasoning_tokens = everything ? c->reasoning_tokens : c->reasoning_sent;
    rec->cost = charge_of(c, end, completion);
    fix_literal(c, end);
    rec->state = states[end];
    rec->is_cancelled =
        (end == END_CANCELLED || end == END_CUT || end == END_RESET) && !c->script.cannot_abort;
    rec->is_missing = rec->is_missing || c->script.bill == BILL_NONE;
    rec->finish_reason = end == END_COMPLETE ? call_finish_reason(c)
                         : end == END_ERROR  ? "error"
                                             : NULL;
    rec->native_finish_reason =
        end == END_COMPLETE ? call_native_finish_reason(c) : rec->finish_reason;
    rec->ready_ms = sim_now_ms() + c->script.record_delay_ms;
    rec->ready_mono_ms = clock_mono_us() / 1000 + c->script.record_delay_ms;
    if (rec->first_ms == 0)
        rec->first_ms = sim_now_ms();
    records_settle(&c->sim->records, rec);
}

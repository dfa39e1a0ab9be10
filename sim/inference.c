/* POST /chat/completions and POST /embeddings. */
#include "body.h"
#include "call.h"
#include "errors.h"
#include "routes.h"
#include "text.h"
#include "base/mem.h"

#include <sodium.h>
#include <stdio.h>

/* ---- chat ---- */

static void note_generation(const struct ask *a, const char *id)
{
    if (a->seen != NULL)
        (void)str_copy_z(str_c(id), a->seen->id, sizeof a->seen->id);
}

static void chat_refuse(struct call *call, struct reply *refusal)
{
    struct event_base *loop = call->sim->loop;
    struct http_conn *conn = call->conn;
    refusal->delay_ms = call->script.header_delay_ms;
    call_free(call);
    reply_send(loop, conn, refusal);
}

void chat_create(const struct ask *a, struct http_conn *conn)
{
    struct reply MAI_AUTO(reply_free) refusal;
    json_t *body = body_parse(a->http->body);
    struct call *call = call_new(a->sim, conn);
    reply_init(&refusal);
    call->key = a->key;
    seen_note_body(a->seen, body);
    if (body == NULL) {
        reply_error(&refusal, 400, "Invalid JSON in request body", STR_NONE);
        chat_refuse(call, &refusal);
        return;
    }
    bool is_ready = call_prepare(call, a->http, body, &refusal);
    json_decref(body);
    if (!is_ready) {
        chat_refuse(call, &refusal);
        return;
    }
    note_generation(a, call->rec->id);
    if (call->is_stream)
        call_start_stream(call);
    else
        call_start_plain(call);
}

/* ---- embeddings ---- */

enum { MAX_INPUTS = 2048, MAX_DIMENSIONS = 4096 };

struct embedding_wish {
    const struct model *model;
    json_t *input;
    int64_t dimensions;
    bool is_base64;
};

static int64_t input_tokens(json_t *input)
{
    if (json_is_string(input))
        return tokens_of((str){json_string_value(input), json_string_length(input)});
    if (json_is_array(input) && json_is_integer(json_array_get(input, 0)))
        return (int64_t)json_array_size(input); /* token ids */
    int64_t sum = 0;
    size_t i;
    json_t *one;
    json_array_foreach(input, i, one) sum += input_tokens(one);
    return sum;
}

static bool is_list_of_inputs(json_t *input)
{
    return json_is_array(input) && !json_is_integer(json_array_get(input, 0));
}

/* Deterministic direction for a text: the same words give the same vector. */
static float component(uint64_t *state)
{
    *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (float)((int64_t)(*state >> 40) - (1 << 23)) / (float)(1 << 28);
}

static uint64_t seed_of(json_t *input)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    uint64_t seed;
    char *text = json_dumps(input, JSON_ENCODE_ANY | JSON_COMPACT);
    str s = str_c(text != NULL ? text : "");
    crypto_hash_sha256(digest, (const unsigned char *)s.p, s.n);
    mem_free(text);
    memcpy(&seed, digest, sizeof seed);
    return seed;
}

static void write_vector(struct jout *j, const struct embedding_wish *w, json_t *input)
{
    uint64_t state = seed_of(input);
    float v[MAX_DIMENSIONS];
    char text[sodium_base64_ENCODED_LEN(sizeof v, sodium_base64_VARIANT_ORIGINAL)];
    for (int64_t i = 0; i < w->dimensions; i++)
        v[i] = component(&state);
    jo_key(j, STR("embedding"));
    if (w->is_base64) {
        sodium_bin2base64(text, sizeof text, (unsigned char *)v,
                          (size_t)w->dimensions * sizeof v[0], sodium_base64_VARIANT_ORIGINAL);
        jo_str(j, str_c(text));
        return;
    }
    jo_open(j, '[');
    for (int64_t i = 0; i < w->dimensions; i++) {
        snprintf(text, sizeof text, "%.8f", (double)v[i]);
        jo_raw(j, str_c(text));
    }
    jo_close(j, ']');
}

static void write_one(struct jout *j, const struct embedding_wish *w, json_t *input, size_t index)
{
    jo_open(j, '{');
    jo_kz(j, "object", "embedding");
    jo_ki64(j, "index", (int64_t)index);
    write_vector(j, w, input);
    jo_close(j, '}');
}

static void write_embedding_usage(struct jout *j, const struct record *rec)
{
    jo_kopen(j, "usage", '{');
    jo_ki64(j, "prompt_tokens", rec->prompt_tokens);
    jo_ki64(j, "total_tokens", rec->prompt_tokens);
    if (rec->literal[0] != '\0')
        jo_kraw(j, "cost", str_c(rec->literal));
    jo_kbool(j, "is_byok", false);
    jo_kopen(j, "cost_details", '{');
    jo_kpico(j, "upstream_inference_cost", rec->cost);
    jo_kpico(j, "upstream_inference_prompt_cost", rec->cost);
    jo_kpico(j, "upstream_inference_completions_cost", PICO(0));
    jo_close(j, '}');
    jo_close(j, '}');
}

static void write_embeddings(const struct embedding_wish *w, const struct record *rec,
                             struct buf *out)
{
    struct jout j = jout(out);
    size_t i;
    json_t *one;
    jo_open(&j, '{');
    jo_kz(&j, "id", rec->id);
    jo_kz(&j, "object", "list");
    jo_kz(&j, "model", rec->served);
    jo_kz(&j, "provider", rec->model->row->provider);
    jo_kopen(&j, "data", '[');
    if (is_list_of_inputs(w->input))
        json_array_foreach(w->input, i, one) write_one(&j, w, one, i);
    else
        write_one(&j, w, w->input, 0);
    jo_close(&j, ']');
    write_embedding_usage(&j, rec);
    jo_close(&j, '}');
}

static bool read_embedding_wish(const struct ask *a, json_t *body, struct embedding_wish *w,
                                struct reply *out)
{
    json_t *model = json_object_get(body, "model"), *size = json_object_get(body, "dimensions");
    const char *format = json_string_value(json_object_get(body, "encoding_format"));
    w->model = json_is_string(model) ? models_find(&a->sim->models, str_c(json_string_value(model)))
                                     : NULL;
    w->input = json_object_get(body, "input");
    w->is_base64 = format != NULL && strcmp(format, "base64") == 0;
    if (w->model == NULL || !w->model->is_embedding) {
        reply_error(out, 400, "not a valid embedding model ID", STR_NONE);
        return false;
    }
    w->dimensions = json_is_integer(size) ? json_integer_value(size) : w->model->row->dimensions;
    bool is_input =
        json_is_string(w->input) || (json_is_array(w->input) && json_array_size(w->input) > 0 &&
                                     json_array_size(w->input) <= MAX_INPUTS);
    if (is_input && w->dimensions >= 1 && w->dimensions <= MAX_DIMENSIONS)
        return true;
    reply_error(out, 400, "Invalid input", STR_NONE);
    return false;
}

static bool embedding_script(const struct ask *a, json_t *body, struct script *s, struct reply *out)
{
    struct err e;
    json_t *model = json_object_get(body, "model"), *user = json_object_get(body, "user");
    struct script_subject subject = {
        .path = STR("/embeddings"),
        .method = a->http->method,
        .model = str_c(json_string_value(model)),
        .key_hash = a->key->hash,
        .key_name = a->key->name,
        .user = str_c(json_string_value(user)),
    };
    if (scripts_choose(&a->sim->scripts, &subject, http_header(a->http, STR("x-sim-script")), s,
                       &e) != ST_OK) {
        reply_error(out, 400, e.text, STR_NONE);
        return false;
    }
    out->delay_ms = s->header_delay_ms;
    out->is_hung = s->hang;
    out->is_reset = s->reset_before_headers;
    if (s->status == 0)
        return true;
    reply_script_error(out, s);
    return false;
}

static struct record *bill_embedding(const struct ask *a, json_t *body,
                                     const struct embedding_wish *w, const struct script *s)
{
    struct record *rec = records_open(&a->sim->records, a->key, w->model);
    json_t *user = json_object_get(body, "user");
    rec->is_embedding = true;
    rec->user = text_keep(str_c(json_string_value(user)));
    rec->external_user = s->external_user == EXTERNAL_NULL ? NULL
                         : rec->user != NULL               ? rec->user
                                                           : a->key->external_user;
    rec->session = text_keep(str_c(json_string_value(json_object_get(body, "session_id"))));
    rec->prompt_tokens = input_tokens(w->input);
    rec->cost =
        s->bill == BILL_NONE ? PICO(0) : money_mul(w->model->price.prompt, rec->prompt_tokens);
    (void)money_print(rec->cost, COST_JS, rec->literal);
    rec->state = "ok";
    rec->is_missing = s->record_missing || s->bill == BILL_NONE;
    rec->first_ms = sim_now_ms();
    rec->ready_ms = rec->first_ms + s->record_delay_ms;
    rec->ready_mono_ms = clock_mono_us() / 1000 + s->record_delay_ms;
    records_settle(&a->sim->records, rec);
    return rec;
}

static void embeddings_answer(const struct ask *a, json_t *body, struct reply *out)
{
    struct embedding_wish w;
    struct script s;
    if (!embedding_script(a, body, &s, out) || !read_embedding_wish(a, body, &w, out) ||
        account_refuses(a->sim, a->key, w.model, out))
        return;
    const struct record *rec = bill_embedding(a, body, &w, &s);
    note_generation(a, rec->id);
    if (!s.no_generation_header)
        buf_addf(&out->headers, "X-Generation-Id: %s\r\n", rec->id);
    write_embeddings(&w, rec, &out->body);
}

void embeddings_create(const struct ask *a, struct reply *out)
{
    json_t *body = body_parse(a->http->body);
    seen_note_body(a->seen, body);
    if (body == NULL)
        reply_error(out, 400, "Invalid JSON in request body", STR_NONE);
    else
        embeddings_answer(a, body, out);
    json_decref(body);
}

/* Fields of a script; see script_fields.h. */
#include "script_fields.h"
#include "money.h"
#include "text.h"
#include "base/mem.h"

#include <stdlib.h>

static const char *const error_at_names[ERROR_AT_COUNT] = {
    "before", "first", "middle", "no-choices", "bare", "with-usage", "body", "choice",
};
static const char *const usage_names[USAGE_COUNT] = {"normal", "missing", "null", "cumulative"};
static const char *const shape_names[SHAPE_COUNT] = {"2026-07", "2026-03", "2025"};
static const char *const byok_names[BYOK_COUNT] = {"auto", "yes", "no", "missing"};
static const char *const bill_names[BILL_COUNT] = {"auto", "none", "delivered", "full"};
static const char *const external_names[EXTERNAL_COUNT] = {"user", "null"};

#define AT(field) offsetof(struct script, field)
#define NUMBER(field, help)                                                                        \
    {                                                                                              \
#field, FIELD_NUMBER, AT(field), NULL, 0, help                                             \
    }
#define FLAG(field, help)                                                                          \
    {                                                                                              \
#field, FIELD_FLAG, AT(field), NULL, 0, help                                               \
    }
#define TEXT(field, help)                                                                          \
    {                                                                                              \
#field, FIELD_TEXT, AT(field), NULL, 0, help                                               \
    }
#define RAW(field, help)                                                                           \
    {                                                                                              \
#field, FIELD_JSON, AT(field), NULL, 0, help                                               \
    }
#define CHOICE(field, names, help)                                                                 \
    {                                                                                              \
#field, FIELD_CHOICE, AT(field), names, COUNT_OF(names), help                              \
    }

const struct script_field script_fields[] = {
    NUMBER(header_delay_ms, "wait before the status line"),
    NUMBER(first_delay_ms, "wait between the headers and the first chunk"),
    NUMBER(chunk_ms, "pause between two chunks"),
    NUMBER(usage_delay_ms, "wait before the usage chunk"),
    NUMBER(record_delay_ms, "until GET /generation finds the record"),
    NUMBER(comments, "keep-alive comments before the first chunk"),
    NUMBER(comment_gap_ms, "pause after each of them"),
    NUMBER(comment_every, "a comment after every N chunks too (0: none)"),
    NUMBER(padding, "plain answers: blocks of white space sent before the JSON"),
    NUMBER(padding_gap_ms, "pause after each of them"),
    FLAG(crlf, "event lines end in CR LF"),
    NUMBER(cut_bytes, "cut every write into pieces of N bytes (0: no)"),
    NUMBER(cut_seed, "not 0: pieces of 1 to cut_bytes bytes, by this seed"),
    NUMBER(cut_gap_ms, "pause between two pieces"),
    FLAG(no_generation_header, "leave X-Generation-Id out"),
    NUMBER(status, "answer with this error status"),
    CHOICE(error_at, error_at_names, "where the error appears"),
    NUMBER(error_after, "chunks before an error in the middle"),
    NUMBER(retry_after, "Retry-After header, seconds"),
    TEXT(message, "error.message"),
    TEXT(error_type, "error.metadata.error_type"),
    TEXT(limit_source, "error.metadata.limit_source (with remedy_hint)"),
    RAW(metadata, "the whole error.metadata, as JSON"),
    RAW(headers, "further answer headers, as a JSON object"),
    TEXT(body, "error answers: this very body instead (HTML, rubbish)"),
    FLAG(reset_before_headers, "TCP reset instead of an answer"),
    NUMBER(reset_after, "TCP reset after N chunks (0: after the headers, -1: no)"),
    NUMBER(cut_after, "close in the middle of the body after N chunks (-1: no)"),
    NUMBER(end_after, "end of body after N chunks: no finish, no usage, no [DONE] (-1: no)"),
    FLAG(hang, "never answer"),
    FLAG(no_done, "no [DONE]"),
    CHOICE(usage, usage_names, "the usage object"),
    CHOICE(usage_shape, shape_names, "shape of the usage chunk"),
    CHOICE(cost_form, cost_form_names, "how usage.cost is printed"),
    CHOICE(byok, byok_names, "usage.is_byok; auto: by the model"),
    FLAG(zero_completion, "no text, no finish reason, cost 0"),
    NUMBER(cached_tokens, "prompt tokens read from the cache, at its price"),
    NUMBER(reasoning_tokens, "reasoning tokens (-1: by the model)"),
    TEXT(cost_literal, "usage.cost is this number's text; it is what is billed"),
    CHOICE(bill, bill_names, "what is billed; auto: as the service does"),
    FLAG(cannot_abort, "the provider cannot abort: cancelled stays false"),
    FLAG(record_missing, "GET /generation never finds it"),
    CHOICE(external_user, external_names, "external_user of the record: request's user, or null"),
    TEXT(answer, "this very text"),
    TEXT(served_model, "model in the answer"),
    TEXT(finish_reason, "instead of stop or length"),
    TEXT(native_finish_reason, "instead of the same"),
    NUMBER(answer_tokens, "an answer of N tokens (0: by the prompt)"),
    NUMBER(chunk_tokens, "tokens per chunk"),
    FLAG(tool_call, "answer with a call of the first tool"),
};
const size_t script_field_count = COUNT_OF(script_fields);

static const struct script_field *find(const char *name)
{
    for (size_t i = 0; i < script_field_count; i++)
        if (strcmp(script_fields[i].name, name) == 0)
            return &script_fields[i];
    return NULL;
}

static bool set_choice(const struct script_field *f, int64_t *at, json_t *value)
{
    const char *word = json_string_value(value);
    for (int i = 0; word != NULL && i < f->choice_count; i++)
        if (strcmp(f->choices[i], word) == 0) {
            *at = i;
            return true;
        }
    return false;
}

static bool set_json(const char **at, json_t *value)
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    if (text == NULL)
        return false;
    *at = json_is_null(value) ? NULL : text_keep(str_c(text));
    mem_free(text);
    return true;
}

static bool set_field(struct script *s, const struct script_field *f, json_t *value)
{
    int64_t *number = (int64_t *)((char *)s + f->offset);
    const char **text = (const char **)((char *)s + f->offset);
    switch (f->kind) {
    case FIELD_NUMBER:
        *number = json_integer_value(value);
        return json_is_integer(value);
    case FIELD_FLAG:
        *number = json_is_true(value);
        return json_is_boolean(value);
    case FIELD_TEXT:
        *text = text_keep((str){json_string_value(value), json_string_length(value)});
        return json_is_string(value) || json_is_null(value);
    case FIELD_JSON:
        return set_json(text, value);
    case FIELD_CHOICE:
        return set_choice(f, number, value);
    }
    return false;
}

status script_overlay(struct script *s, json_t *object, struct err *e)
{
    const char *name;
    json_t *value;
    struct script changed = *s;
    if (!json_is_object(object))
        return err_set(e, ST_BAD_REQUEST, "a script is a JSON object");
    json_object_foreach(object, name, value)
    {
        const struct script_field *f = find(name);
        if (f == NULL)
            return err_set(e, ST_BAD_REQUEST, "unknown script field: %s", name);
        if (!set_field(&changed, f, value))
            return err_set(e, ST_BAD_REQUEST, "script field %s has a wrong value", name);
    }
    *s = changed;
    return ST_OK;
}

/* What the simulator does differently from an ordinary good answer. One table of fields
 * (script_fields) drives parsing, merging and --help; one table of presets gives the `sim/...`
 * models. Scripts are laid over each other: defaults, the model's preset, rules that match the
 * request, the X-Sim-Script header. Texts are kept texts. One thread. */
#ifndef SIM_SCRIPT_H
#define SIM_SCRIPT_H

#include "base/str.h"
#include "http.h"

#include <jansson.h>

enum error_at {
    ERROR_BEFORE,     /* instead of the answer, with `status` */
    ERROR_FIRST,      /* stream: the first and only event */
    ERROR_MIDDLE,     /* stream: after error_after chunks, finish_reason "error" */
    ERROR_NO_CHOICES, /* as middle, with choices [] */
    ERROR_BARE,       /* as middle, data: {"error":{...}} only */
    ERROR_WITH_USAGE, /* as middle, error and usage in one chunk, finish_reason null, then [DONE] */
    ERROR_BODY,       /* plain: HTTP 200 with {"error":...} */
    ERROR_CHOICE,     /* plain: partial answer with choices[0].error */
    ERROR_AT_COUNT
};
enum usage_mode { USAGE_NORMAL, USAGE_MISSING, USAGE_NULL, USAGE_CUMULATIVE, USAGE_COUNT };
enum usage_shape { SHAPE_2026_07, SHAPE_2026_03, SHAPE_2025, SHAPE_COUNT };
enum byok_mode { BYOK_AUTO, BYOK_YES, BYOK_NO, BYOK_MISSING, BYOK_COUNT };
enum bill_mode { BILL_AUTO, BILL_NONE, BILL_DELIVERED, BILL_FULL, BILL_COUNT };
enum external_mode { EXTERNAL_USER, EXTERNAL_NULL, EXTERNAL_COUNT };

struct script {
    /* time */
    int64_t header_delay_ms, first_delay_ms, chunk_ms, usage_delay_ms, record_delay_ms;
    /* wire */
    int64_t comments, comment_gap_ms, comment_every, padding, padding_gap_ms, crlf;
    int64_t cut_bytes, cut_seed, cut_gap_ms, no_generation_header;
    /* failures */
    int64_t status, error_at, error_after, retry_after;
    const char *message, *error_type, *limit_source, *metadata, *headers, *body;
    int64_t reset_before_headers, reset_after, cut_after, end_after, hang, no_done;
    /* usage and money */
    int64_t usage, usage_shape, cost_form, byok, zero_completion, cached_tokens, reasoning_tokens;
    const char *cost_literal;
    int64_t bill, cannot_abort, record_missing, external_user;
    /* contents */
    const char *answer, *served_model, *finish_reason, *native_finish_reason;
    int64_t answer_tokens, chunk_tokens, tool_call;
};

struct rule;

struct scripts {
    struct script defaults;
    struct rule *rules; /* in order */
    size_t rule_count;
};

struct script_preset {
    const char *model;  /* "sim/stream-cut-#": '#' is a number in the request */
    const char *script; /* JSON; '#' is replaced by that number */
    const char *help;
};
extern const struct script_preset script_presets[];
extern const size_t script_preset_count;

/* What a request looks like to the rules. */
struct script_subject {
    str path; /* below /api/v1 */
    str method;
    str model;
    const char *key_hash; /* NULL: no valid key */
    const char *key_name;
    str user;
};

void scripts_init(struct scripts *s); /* built-in defaults, no rules */
/* Replaces rules and changes defaults: {"default":{...},"rules":[{"model":..,"do":{...}}]}. Nothing
 * is changed when it is wrong. */
NODISCARD status scripts_load(struct scripts *s, str json, struct err *e);
/* The script of one request; counts it for the rules. `header`: X-Sim-Script or STR_NONE. */
NODISCARD status scripts_choose(struct scripts *s, const struct script_subject *subject, str header,
                                struct script *out, struct err *e);
/* Some preset has this model. */
bool script_preset_exists(str model);
/* Tables for --help and the README, written as text. */
void scripts_describe(struct buf *out);

#endif

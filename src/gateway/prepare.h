/* What a person sent -> what goes upstream. The body is scanned once: members that could cost money unseen or
 * leak are refused unless the organization allows them (openrouter-api 2.8), members that are not OpenRouter's
 * never leave, the pseudonym, the privacy rules and the price ceiling are spliced in, every other byte stays.
 * Pure functions; a table says what happens to which member. */
#ifndef MAI_PREPARE_H
#define MAI_PREPARE_H

#include "codec/json.h"
#include "openrouter/pricing.h"

enum call_kind { CALL_CHAT, CALL_EMBEDDING };

struct call_rules {
    enum call_kind kind;
    str external_user;           /* sent as `user` */
    str session_id;              /* hashed chat id, or STR_NONE */
    bool deny_data_collection;
    bool zero_data_retention;
    bool allows_extras;
};

/* The body, read. Views into the body and the arena. */
struct call_plan {
    struct json root;
    str model;                   /* decoded */
    bool is_stream;
    bool has_max_tokens;         /* bounds.max_tokens is the larger of both members */
    struct request_bounds bounds; /* prompt_bytes without inline images; max_tokens as given or 0 */
    struct json provider;        /* raw.p NULL: not given */
    struct json_edit *removals;  /* members that do not go upstream */
    size_t removal_count;
};

/* ST_BAD_REQUEST / ST_UNPROCESSABLE / ST_FORBIDDEN (an extra that is not allowed) with a sentence. */
NODISCARD status plan_read(str body, const struct call_rules *rules, struct arena *a,
                           struct call_plan *out, struct err *e);

/* The upstream body. max_tokens > 0 is put in when the person gave none; the prices of `ceiling` (may be NULL)
 * become provider.max_price, a person's lower ones stay. ST_TOO_BIG: out is full. */
NODISCARD status plan_write(const struct call_plan *p, const struct call_rules *rules,
                            int64_t max_tokens, const struct model *ceiling, struct arena *a,
                            struct buf *out);

enum { DEFAULT_MAX_TOKENS = 32768, LEAST_MAX_TOKENS = 1024 };
/* What a call without max_tokens gets: least of the model's maximum and DEFAULT_MAX_TOKENS. */
int64_t plan_default_max_tokens(const struct model *m);

#endif

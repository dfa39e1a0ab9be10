/* Blocking management calls to OpenRouter, for workers and commands: keys, current key,
 * generation, models, credits, activity, analytics. Every call has a deadline and a maximum
 * size; answers are checked before they are believed; unknown members are ignored; money goes
 * from the number's text to pico.
 *
 * Errors everywhere: ST_UNAUTHENTICATED (401), ST_FORBIDDEN (403, e.g. not a management key),
 * ST_NOT_FOUND (404), ST_RATE_LIMITED (429), ST_PAYMENT (402), ST_BAD_REQUEST (400), ST_UPSTREAM
 * (unreachable, 5xx, nonsense), ST_UPSTREAM_TIMEOUT. `e` carries OpenRouter's own words, never
 * the key. */
#ifndef MAI_OPENROUTER_MANAGE_H
#define MAI_OPENROUTER_MANAGE_H

#include "base/arena.h"
#include "money/pico.h"

struct openrouter; /* base address and rules; immutable, any thread */

struct openrouter_conf {
    str base_url; /* https://openrouter.ai/api/v1 */
    bool allow_private;
    int64_t timeout_ms; /* of a whole call; 15 s */
};
NODISCARD status openrouter_new(const struct openrouter_conf *conf, struct openrouter **out,
                                struct err *e);
void openrouter_free(struct openrouter *o);
str openrouter_base_url(const struct openrouter *o);
/* Does this address mean the same base (trailing slashes and letter case of the host apart)? */
bool openrouter_is_base(const struct openrouter *o, str url);

enum limit_reset { RESET_NONE, RESET_DAILY, RESET_WEEKLY, RESET_MONTHLY };
str limit_reset_text(enum limit_reset r); /* "monthly"; RESET_NONE: STR_NONE */
bool limit_reset_parse(str s, enum limit_reset *out);

struct openrouter_key { /* strings in the given arena */
    str hash, label, name;
    bool is_disabled;
    bool has_limit;
    pico limit, limit_remaining;
    enum limit_reset reset;
    pico usage, usage_daily, usage_weekly, usage_monthly;
    str created_at, updated_at;
};
struct openrouter_current_key { /* GET /key with the key itself */
    str label;
    bool has_limit;
    pico limit, limit_remaining;
    enum limit_reset reset;
    pico usage, usage_monthly;
    bool is_management, is_free_tier;
};
struct openrouter_key_change { /* PATCH: what is set is sent */
    bool set_name;
    str name;
    bool set_disabled;
    bool is_disabled;
    bool set_limit;
    bool has_limit;
    pico limit;
    bool set_reset;
    enum limit_reset reset;
};

/* management_key: the provisioning key. The new key's text is in `secret_out` (arena), once. Not
 * retried. */
NODISCARD status openrouter_key_create(struct openrouter *o, str management_key,
                                       const struct openrouter_key_change *key, struct arena *a,
                                       struct openrouter_key *out, str *secret_out, struct err *e);
NODISCARD status openrouter_key_read(struct openrouter *o, str management_key, str hash,
                                     struct arena *a, struct openrouter_key *out, struct err *e);
NODISCARD status openrouter_key_update(struct openrouter *o, str management_key, str hash,
                                       const struct openrouter_key_change *change, struct arena *a,
                                       struct openrouter_key *out, struct err *e);
NODISCARD status openrouter_key_delete(struct openrouter *o, str management_key, str hash,
                                       struct err *e);
/* All pages. */
NODISCARD status openrouter_key_list(struct openrouter *o, str management_key, struct arena *a,
                                     struct openrouter_key **out, size_t *count_out, struct err *e);
NODISCARD status openrouter_current_key(struct openrouter *o, str key, struct arena *a,
                                        struct openrouter_current_key *out, struct err *e);

struct openrouter_generation { /* GET /generation: the truth about one call */
    str id, model, provider, finish_reason, external_user;
    pico total_cost;
    bool is_byok;
    pico upstream_cost; /* only for BYOK */
    bool is_cancelled;
    int64_t prompt_tokens, completion_tokens, reasoning_tokens, cached_tokens; /* native */
    str created_at;
    str raw; /* the whole data object */
};
NODISCARD status openrouter_generation(struct openrouter *o, str key, str generation_id,
                                       struct arena *a, struct openrouter_generation *out,
                                       struct err *e);

/* Raw list bodies (checked JSON) of GET /models and GET /embeddings/models; parsed by
 * openrouter/models.h. */
NODISCARD status openrouter_models(struct openrouter *o, bool embeddings, struct buf *body_out,
                                   struct err *e);

/* Does anybody answer? The smallest request there is, without a key. ST_OK whatever the answer was; ST_UPSTREAM,
 * ST_UPSTREAM_TIMEOUT: nobody. */
NODISCARD status openrouter_probe(struct openrouter *o, struct err *e);

struct openrouter_credits {
    pico total_credits, total_usage;
};
NODISCARD status openrouter_credits(struct openrouter *o, str management_key,
                                    struct openrouter_credits *out, struct err *e);

struct openrouter_activity {
    str date, model, provider;
    pico usage;
    int64_t requests, prompt_tokens, completion_tokens;
};
NODISCARD status openrouter_activity(struct openrouter *o, str management_key, str date,
                                     str key_hash, struct arena *a,
                                     struct openrouter_activity **out, size_t *count_out,
                                     struct err *e);

/* Calls of one key in a span of time, by POST /analytics/query with dimensions generation_id and
 * external_user: to find a call whose id never reached us. */
struct openrouter_found_call {
    str generation_id, external_user;
};
NODISCARD status openrouter_find_calls(struct openrouter *o, str management_key, str key_hash,
                                       int64_t from_ms, int64_t to_ms, struct arena *a,
                                       struct openrouter_found_call **out, size_t *count_out,
                                       struct err *e);

#endif

/* Client organizations: what the provider creates, limits and prices, and what an admin may change of the
 * own one. Functions marked W run inside a write job; the others on any connection. Strings handed out live
 * in the given arena. "Not yours" and "absent" are both ST_NOT_FOUND with the same words. Every change is
 * logged as an event. After a W that changes limit, zone or markup the caller tells the budgets
 * (budgets_reload) and drops the organization's principals. */
#ifndef MAI_TENANCY_ORGANIZATION_H
#define MAI_TENANCY_ORGANIZATION_H

#include "money/pico.h"
#include "openrouter/manage.h"
#include "store/db.h"
#include "tenancy/key_state.h"
#include "tenancy/rules.h"
#include "tenancy/scope.h"

enum limit_source { LIMIT_SOURCE_MAI, LIMIT_SOURCE_OPENROUTER };
str limit_source_text(enum limit_source s);

struct organization {
    str id, name;
    markup markup;
    bool has_limit;                  /* a month's hard limit, billed USD */
    pico limit;
    enum limit_source limit_source;  /* whose change is in force */
    int64_t limit_changed_ms;        /* 0: never set */
    enum limit_reset limit_reset;    /* as at OpenRouter */
    bool has_openrouter_limit;
    pico openrouter_limit;
    int64_t openrouter_limit_seen_ms; /* 0: never read */
    str timezone, currency;
    bool has_api_access, deny_data_collection, zero_data_retention, allows_extras;
    str billing_email;               /* STR_NONE: none */
    bool is_disabled;
    int64_t created_ms, updated_ms;
};

/* With what the provider sees beside it. */
struct client {
    struct organization organization;
    enum key_state key_state;  /* KEY_NONE: no key at all */
    str key_hash, key_last4;   /* of the key in use, else of the newest; STR_NONE: none */
    int64_t people;            /* not deleted */
    int64_t last_seen_ms;      /* newest activity of a person, 0: never */
};

struct organization_new {
    str name;
    markup markup;
    bool has_limit;
    pico limit;
    enum limit_reset limit_reset;
    str timezone, currency, billing_email; /* STR_NONE: UTC, USD, none */
};
/* W. For the provider. Names need not be unique. */
NODISCARD status organization_create(struct db *db, struct provider_scope by,
                                     const struct organization_new *n, char id_out[static ID_CAP],
                                     struct err *e);

/* The caller's own organization (any role in it). */
NODISCARD status organization_own_read(struct db *db, struct scope by, struct arena *a,
                                       struct organization *out, struct err *e);
NODISCARD status client_read(struct db *db, struct provider_scope by, str id, struct arena *a,
                             struct client *out, struct err *e);
/* By id, else by name (letter case apart). ST_NOT_FOUND; ST_CONFLICT when several carry the name: `e` lists
 * the ids. */
NODISCARD status client_find(struct db *db, struct provider_scope by, str name_or_id, struct arena *a,
                             struct client *out, struct err *e);

struct client_query {
    str text;               /* part of the name; STR_NONE: all */
    int64_t page, per_page; /* from 1; at most LIST_PAGE_MAX, 0: that */
};
struct client_page {
    struct client *rows; /* by name */
    size_t count;
    int64_t total; /* that match the text */
};
NODISCARD status client_list(struct db *db, struct provider_scope by, const struct client_query *q,
                             struct arena *a, struct client_page *out);
/* Organizations that exist (not deleted): sign-up depends on it. */
NODISCARD status organization_count(struct db *db, struct system_scope why, int64_t *out);

/* What is set is changed. */
struct organization_change {
    bool set_name; str name;
    bool set_markup; markup markup;                 /* provider only */
    bool set_limit, has_limit; pico limit;          /* provider only; set without has_limit: none */
    bool set_reset; enum limit_reset limit_reset;   /* provider only */
    bool set_timezone; str timezone;
    bool set_currency; str currency;
    bool set_billing_email; str billing_email;      /* STR_NONE: none */
    bool set_api_access, has_api_access;            /* provider only */
    bool set_allow_extras, allows_extras;           /* provider only */
    bool set_deny_data_collection, deny_data_collection;
    bool set_zero_data_retention, zero_data_retention;
};
/* W. All or nothing. A changed limit is to be sent to OpenRouter by the caller (limits.h). */
NODISCARD status organization_set(struct db *db, struct provider_scope by, str id,
                                  const struct organization_change *c, struct err *e);
/* W. The own organization, by its admin; a provider-only member gives ST_FORBIDDEN. */
NODISCARD status organization_own_set(struct db *db, struct scope by,
                                      const struct organization_change *c, struct err *e);
/* W. Idempotent. Disabled: its people can sign in and look, no call is made. */
NODISCARD status organization_set_disabled(struct db *db, struct provider_scope by, str id,
                                           bool is_disabled, struct err *e);
/* W. Soft: the row and the books stay. Keys are retired (kept sealed until their calls are settled), people
 * become tombstones, sessions, API keys and invitations end. The caller deletes the keys at OpenRouter first
 * (connection_hashes). */
NODISCARD status organization_delete(struct db *db, struct provider_scope by, str id, struct err *e);

#endif

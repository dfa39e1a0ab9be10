/* Figures for pages: sums over the rollups, cut into days and months of the organization's time zone. All of them run on
 * reading threads, each in one read transaction, and put what they give into the caller's arena.
 *
 * Two families of types, so that no page can show a client what it must not see: `usage_*` holds billed amounts
 * only; `provider_usage_*` has the raw cost and the margin and is given only for a provider_scope.
 *
 * A call counts on the day it was created (generation.h). Sums are exact; one that does not fit is ST_RANGE. Lists are
 * sorted by billed cost, largest first. */
#ifndef MAI_LEDGER_USAGE_H
#define MAI_LEDGER_USAGE_H

#include "base/zone.h"
#include "money/pico.h"
#include "store/db.h"
#include "tenancy/scope.h"

enum {
    USAGE_HISTORY_DAYS = 30,
    USAGE_RANGE_DAYS_MAX = 3700, /* longer ranges are ST_UNPROCESSABLE */
    USAGE_DATE_CAP = 12
};

/* Whose figures: a choice of the caller, checked against the role (ORGANIZATION needs an admin, else ST_FORBIDDEN). */
enum usage_reach { USAGE_OWN, USAGE_ORGANIZATION };

/* Days wanted, both included, "2026-11-23", in the organization's zone. STR_NONE: the first day of this month, today. */
struct usage_dates {
    str from, to;
};

/* The same, understood: what was really summed. */
struct usage_period {
    char from[USAGE_DATE_CAP], to[USAGE_DATE_CAP];
    int64_t from_ms, to_ms; /* [from, to) */
};
/* The last `days` days up to today in zone z. */
void usage_period_back(const struct zone *z, int64_t now_ms, int days, struct usage_period *out);

struct usage_sum {
    int64_t requests;
    int64_t prompt_tokens, completion_tokens, tokens; /* tokens: both together */
    pico billed;
};

struct usage_day {
    char date[USAGE_DATE_CAP];
    struct usage_sum sum;
};

struct usage_stats {
    str organization_id, organization_name, timezone;
    enum usage_reach reach;
    struct usage_sum today, month;
    int days_active;                 /* days of this month with a request */
    struct usage_sum average;        /* month by days_active (halves to even); requests too */
    size_t day_count;                /* USAGE_HISTORY_DAYS, days without usage included */
    struct usage_day *days;          /* newest first */
    bool has_limit;                  /* of the organization; never set for USAGE_OWN */
    pico limit, remaining;           /* remaining is never negative */
    int64_t month_start_ms, month_end_ms, today_start_ms;
};
/* ST_NOT_FOUND: no such organization. */
NODISCARD status usage_stats_read(struct db *db, struct scope who, enum usage_reach reach, int64_t now_ms,
                                  struct arena *a, struct usage_stats *out);

/* One row per day of the range, oldest first, days without usage included. */
struct usage_days {
    struct usage_period period;
    str timezone;
    struct usage_sum total;
    size_t count;
    struct usage_day *days;
};
NODISCARD status usage_days_read(struct db *db, struct scope who, enum usage_reach reach, struct usage_dates dates,
                                 int64_t now_ms, struct arena *a, struct usage_days *out, struct err *e);

struct usage_user {
    str user_id, name, email, external_user;
    bool is_deleted;                 /* the books outlive the person */
    struct usage_sum sum;
    int days_active;
};
struct usage_users {
    struct usage_period period;
    size_t count;
    struct usage_user *users;        /* ORGANIZATION: everyone, with or without usage; OWN: the caller alone */
};
NODISCARD status usage_by_user(struct db *db, struct scope who, enum usage_reach reach, struct usage_dates dates,
                               int64_t now_ms, struct arena *a, struct usage_users *out, struct err *e);

struct usage_model {
    str model, provider;             /* provider: empty when the supplier did not say */
    struct usage_sum sum;
    int days_used;
};
struct usage_models {
    struct usage_period period;
    size_t count;
    struct usage_model *models;
};
NODISCARD status usage_by_model(struct db *db, struct scope who, enum usage_reach reach, struct usage_dates dates,
                                int64_t now_ms, struct arena *a, struct usage_models *out, struct err *e);

/* ---- provider: raw cost and margin ---- */

struct provider_usage_sum {
    int64_t requests;
    int64_t prompt_tokens, completion_tokens, tokens;
    pico cost, billed, margin;       /* margin = billed - cost */
};

/* A client's month and today, each in its own zone. */
struct provider_usage_client {
    str organization_id, organization_name, timezone;
    struct provider_usage_sum today, month;
    int days_active;                 /* days of this month */
    bool has_limit;
    pico limit, remaining;
    int64_t month_end_ms;
};
struct provider_usage_clients {
    size_t count;
    struct provider_usage_client *clients; /* by billed amount of the month, then by name */
    struct provider_usage_sum today, month; /* of all */
};
NODISCARD status provider_usage_clients_read(struct db *db, struct provider_scope who, int64_t now_ms,
                                             struct arena *a, struct provider_usage_clients *out);

struct provider_usage_day {
    char date[USAGE_DATE_CAP];
    struct provider_usage_sum sum;
};
struct provider_usage_stats {
    struct provider_usage_client client;
    size_t day_count;
    struct provider_usage_day *days; /* newest first */
};
NODISCARD status provider_usage_stats_read(struct db *db, struct provider_scope who, str organization_id,
                                           int64_t now_ms, struct arena *a, struct provider_usage_stats *out);

/* What clients owe for a range of dates, each date cut in the client's own zone. Without dates: the range of
 * usage_period_back(UTC, now, 30). */
struct provider_usage_bill {
    str organization_id, organization_name;
    struct provider_usage_sum sum;
    int days_active;
};
struct provider_usage_billing {
    struct usage_period period;      /* its instants are UTC's */
    struct provider_usage_sum total;
    int active_clients;              /* with at least one request */
    size_t count;
    struct provider_usage_bill *clients; /* every client, with or without usage */
};
NODISCARD status provider_usage_billing_read(struct db *db, struct provider_scope who, struct usage_dates dates,
                                             int64_t now_ms, struct arena *a, struct provider_usage_billing *out,
                                             struct err *e);

/* The people of a client as pseudonyms: the provider has no business with their names. */
struct provider_usage_user {
    str user_id, external_user;
    struct provider_usage_sum sum;
    int days_active;
};
struct provider_usage_users {
    struct usage_period period;
    size_t count;
    struct provider_usage_user *users;
};
NODISCARD status provider_usage_by_user(struct db *db, struct provider_scope who, str organization_id,
                                        struct usage_dates dates, int64_t now_ms, struct arena *a,
                                        struct provider_usage_users *out, struct err *e);

struct provider_usage_model {
    str model, provider;
    struct provider_usage_sum sum;
    int days_used;
};
struct provider_usage_models {
    struct usage_period period;
    size_t count;
    struct provider_usage_model *models;
};
NODISCARD status provider_usage_by_model(struct db *db, struct provider_scope who, str organization_id,
                                         struct usage_dates dates, int64_t now_ms, struct arena *a,
                                         struct provider_usage_models *out, struct err *e);

#endif

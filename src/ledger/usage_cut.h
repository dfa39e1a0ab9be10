/* Private to the room: dates of an organization's zone as slots, and exact sums over rollup rows. */
#ifndef MAI_LEDGER_USAGE_CUT_H
#define MAI_LEDGER_USAGE_CUT_H

#include "ledger/books.h"
#include "ledger/usage.h"

/* ---- organizations ---- */

struct client_facts {
    str id, name;
    const struct zone *zone;
    bool has_limit;
    pico limit;
    bool is_deleted;
};
/* ST_NOT_FOUND; ST_TOO_BIG: the arena is full. */
NODISCARD status client_facts_read(struct db *db, str organization_id, struct arena *a,
                                   struct client_facts *out);
const struct zone *zone_or_utc(str name);

/* ---- dates ---- */

/* A run of days in a zone: day i is [starts[i], starts[i + 1]). */
struct cut {
    size_t count;
    int64_t *starts;            /* count + 1 slots */
    char (*dates)[USAGE_DATE_CAP];
    int64_t from_ms, to_ms;
};
/* Both dates included. ST_UNPROCESSABLE: reversed or too long; ST_TOO_BIG: the arena is full. */
NODISCARD status cut_make(const struct zone *z, struct civil from, struct civil to, struct arena *a,
                          struct cut *out);
/* What was asked for, with the defaults of usage.h. */
NODISCARD status cut_dates(const struct zone *z, struct usage_dates dates, int64_t now_ms, struct arena *a,
                           struct cut *out, struct err *e);
/* From the start of this month, or the history if that is longer ago, to today. */
NODISCARD status cut_history(const struct zone *z, int64_t now_ms, struct arena *a, struct cut *out);
struct usage_period cut_period(const struct cut *c);

/* ---- sums ---- */

struct tally {
    int64_t requests, prompt_tokens, completion_tokens;
    __int128 cost, billed;
};
void tally_add(struct tally *to, const struct tally *t);
/* ST_RANGE: does not fit. */
NODISCARD status tally_billed(const struct tally *t, struct usage_sum *out);
NODISCARD status tally_whole(const struct tally *t, struct provider_usage_sum *out);
/* Columns 1..5 of a rollup row: requests, prompt, completion, cost, billed. */
struct tally tally_of_row(const struct db_rows *rows);

/* Whose rows: an organization's, or one person's (user_id not empty). */
struct usage_who {
    str organization_id, user_id;
};
/* ST_FORBIDDEN: the role may not see that much. */
NODISCARD status usage_who_of(const struct scope *who, enum usage_reach reach, struct usage_who *out);

/* A sum for every day of the cut; days: c->count tallies, zeroed. */
NODISCARD status tally_days(struct db *db, struct usage_who who, const struct cut *c, struct tally *days);

/* ---- questions about a range of dates ---- */

struct range { /* one question about a range of dates */
    struct usage_who who;
    struct usage_dates dates;
    int64_t now_ms;
    struct arena *a;
    struct err *e;
};
/* Checks the role, then opens the read transaction that the caller ends with db_read_end. */
NODISCARD status range_begin(struct db *db, const struct scope *who, enum usage_reach reach, struct range *r);
NODISCARD status range_cut(struct db *db, const struct range *r, struct client_facts *facts, struct cut *cut);

/* ---- groups: by person, by model ---- */

struct group {
    str first, second;  /* what the rows have in common */
    struct tally sum;
    int days;           /* with a request */
    uint64_t *seen;     /* private: a bit per day of the cut; NULL: not counted this way */
};
enum group_by { GROUP_BY_USER, GROUP_BY_MODEL };
/* Sorted by billed, largest first; then by text. Arena. */
NODISCARD status groups_read(struct db *db, enum group_by by, struct usage_who who, const struct cut *c,
                             struct arena *a, struct group **out, size_t *count_out);

/* What history pages show, in tallies: shared by clients' and provider's pages. */
struct month_view {
    struct tally today, month;
    int days_active;
    size_t day_count;   /* of the history, at the end of the cut */
    struct cut cut;
    struct tally *days; /* of the whole cut */
    int64_t month_start_ms, month_end_ms, today_start_ms;
};
NODISCARD status month_view_read(struct db *db, struct usage_who who, const struct zone *z, int64_t now_ms,
                                 struct arena *a, struct month_view *out);
/* limit - billed, never below zero. */
pico limit_left(pico limit, pico billed);

#endif

/* How figures look in answers, and what a caller asked for; shared by usage.c, usage_export.c,
 * provider.c and clients.c. The two families of sums have writers of their own, so raw cost cannot
 * slip into a client's answer. Private to the api room. */
#ifndef MAI_API_USAGE_WRITE_H
#define MAI_API_USAGE_WRITE_H

#include "api/api.h"
#include "ledger/usage.h"

/* ---- what was asked for ---- */

/* Whose figures this member sees: an admin the organization's, others their own. */
enum usage_reach usage_reach_of(const struct scope *who);
/* {org} of the path: "my" or the own id; ST_NOT_FOUND otherwise, whether it exists or not. Members
 * only. */
NODISCARD status usage_own_org(struct api_call *c, str org);
/* start_date, end_date; absent or empty: STR_NONE. */
struct usage_dates usage_query_dates(struct api_call *c);
/* The same for a bill, where days_back (1..USAGE_RANGE_DAYS_MAX, default 30) gives dates too. Texts
 * live in the arena. ST_UNPROCESSABLE. */
NODISCARD status usage_query_bill_dates(struct api_call *c, struct usage_dates *out);
/* A whole decimal number of days in 1..USAGE_RANGE_DAYS_MAX; ST_UNPROCESSABLE. Pure. */
NODISCARD status usage_parse_days(str text, int *out);

/* ---- billed figures ---- */

void usage_kpico(struct json_writer *w, const char *key, pico a); /* JSON number, exact decimal */
/* {tokens, cost, requests, last_updated, cost_pln, exchange_rate, exchange_rate_date} */
void usage_ktoday(struct json_writer *w, const char *key, const struct usage_sum *s,
                  const struct zone *z, int64_t now_ms);
/* {tokens, cost, requests, days_active, cost_pln, ...} */
void usage_kmonth(struct json_writer *w, const char *key, const struct usage_sum *s,
                  int days_active);
void usage_kdays(struct json_writer *w, const char *key, const struct usage_day *days,
                 size_t count);
void usage_kperiod(struct json_writer *w, const struct usage_period *p);
/* "HH:MM:SS" of that zone; dst holds 12. */
str usage_clock(const struct zone *z, int64_t now_ms, char *dst);
/* The zone by its name, UTC when it is not known on this machine. */
const struct zone *usage_zone(str name);

/* ---- provider's figures ---- */

/* Members of the open object: {requests, tokens, raw_cost, billed, margin} under a key. */
void provider_ksum(struct json_writer *w, const char *key, const struct provider_usage_sum *s);

#endif

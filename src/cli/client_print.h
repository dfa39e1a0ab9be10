/* How clients and their figures look, as JSON and for people; shared by the client commands. Amounts that were spent
 * are exact decimal strings, as in `mai ledger list`; limits and markups are numbers, as in the seed's output block. */
#ifndef MAI_CLI_CLIENT_PRINT_H
#define MAI_CLI_CLIENT_PRINT_H

#include "cli/command.h"
#include "codec/json.h"
#include "ledger/usage.h"

enum { LINE_JSON_MAX_BYTES = 64 * 1024 };

void jw_kamount(struct json_writer *w, str key, pico amount);              /* "0.0013" */
void jw_klimit(struct json_writer *w, str key, bool has_limit, pico limit); /* 500 or null */
void jw_kmarkup(struct json_writer *w, str key, markup m);                 /* 1.3 */
void jw_ktime(struct json_writer *w, str key, int64_t ms);                 /* ISO; null when 0 */

/* One object: name, ids, key, limit, markup, settings. */
void client_json(struct json_writer *w, const struct client *c);
/* Requests, tokens, cost, billed and margin under `key`. */
void usage_sum_json(struct json_writer *w, str key, const struct provider_usage_sum *s);
/* The members of the same, inside an object. */
void usage_sum_members(struct json_writer *w, const struct provider_usage_sum *s);

/* "label      text\n". */
void say_row(struct printer *o, const char *label, str text);
void say_time(struct printer *o, const char *label, int64_t ms); /* "never" when 0 */
/* "$500.00 a month", "none". dst holds 64. */
enum { LIMIT_TEXT_CAP = 64 };
str limit_words(bool has_limit, pico limit, enum limit_reset reset, char *dst);

/* Prints the line of JSON that was written, and wipes it. */
void say_json(struct printer *o, struct buf *line);

#endif

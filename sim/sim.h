/* The simulator as a whole: what the parts share. One thread, one event base. */
#ifndef SIM_SIM_H
#define SIM_SIM_H

#include "http.h"
#include "keys.h"
#include "models.h"
#include "records.h"
#include "script.h"
#include "seen.h"

struct event_base;
struct call;

/* Set by command line, constant afterwards. */
struct sim_options {
    const char *host;
    int64_t port;
    const char *management_key;
    const char *inference_key; /* made at the start; NULL: none */
    const char *script_file;
    const char *clock;
    int64_t key_limit_status; /* 402 or 403 */
    int64_t cap_delay_ms;
    int64_t free_per_minute, free_per_day;
    int64_t max_records;
    int64_t request_log;
    int64_t generation_delay_ms, chunk_ms, first_delay_ms; /* -1: leave the built-in default */
    bool hides_scripted;
};

/* Free-model counters of the account. */
struct free_counter {
    int64_t minute, day; /* which */
    int64_t in_minute, in_day;
};

struct sim {
    struct sim_options options;
    struct event_base *loop;
    struct http_server *http;
    struct keys keys;
    struct models models;
    struct scripts scripts;
    struct records records;
    struct seen seen; /* log of requests */
    pico total_credits;
    struct free_counter free;
    struct call *spare_calls; /* memory kept for the next ones */
    struct call *calls;       /* under way */
    int64_t calls_open, calls_peak;
    struct buf scratch; /* whoever builds an answer; empty it first */
};

/* Script defaults as the command line set them, no rules. */
void sim_default_script(struct sim *s);

/* One answer that is complete before it is sent. */
struct reply {
    int status;
    const char *type;
    struct buf body;
    struct buf headers;     /* lines ending in CR LF */
    int64_t delay_ms;       /* before it is sent */
    bool is_hung, is_reset; /* never sent; a TCP reset instead */
};

void reply_init(struct reply *r); /* 200, application/json, empty */
void reply_free(struct reply *r); /* usable with MAI_AUTO */
/* Makes the reply an error in the API's shape. metadata: JSON object or STR_NONE. */
void reply_error(struct reply *r, int code, const char *message, str metadata);
/* Adds header lines from a JSON object of texts. */
void reply_add_headers(struct buf *out, const char *json);
/* The error a script wants. */
void reply_script_error(struct reply *r, const struct script *s);
/* Sends it when its time has come; a delayed reply's contents are taken. */
void reply_send(struct event_base *loop, struct http_conn *c, struct reply *r);

#endif

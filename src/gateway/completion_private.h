/* Inside of a completion, shared by its steps. See completion.h. */
#ifndef MAI_COMPLETION_PRIVATE_H
#define MAI_COMPLETION_PRIVATE_H

#include "gateway/catalog.h"
#include "gateway/completion.h"
#include "gateway/relay.h"

enum {
    HEAD_TIMEOUT_MS = 120 * 1000,      /* also how long a client that left is waited for */
    PLAIN_TIMEOUT_MS = 600 * 1000,     /* a plain answer may be silent until it is whole */
    SILENCE_TIMEOUT_MS = 300 * 1000,
    MAX_ERROR_BYTES = 64 << 10,
    BYTES_PER_TOKEN = 3,               /* delivered text -> tokens, for the 24 h rule */
};

enum step { STEP_PLAN, STEP_RESERVE, STEP_REFRESH_LIMIT, STEP_SEND, STEP_RELAY, STEP_SETTLE, STEP_FINISH,
            STEP_OVER };

struct completion {
    struct gateway *g;
    struct loop *loop;
    struct upstream *upstream;
    struct principal *who;
    struct completion_request req; /* body and texts live in the arena */
    char id[ID_CAP];
    char generation_id[RELAY_ID_CAP];
    struct arena arena;
    enum step step;
    bool is_left;                  /* the consumer has gone */
    bool is_busy;                  /* a job or task of ours is on its way: nothing may free us */
    bool is_recorded;              /* the row exists */

    /* plan */
    struct call_rules rules;
    struct call_plan plan;
    struct models *models;
    const struct model *model;     /* NULL: not in the list */
    bool is_stream;
    int64_t max_tokens;
    bool is_capped;                /* a hard limit applies: prices are ceilings too */
    pico reserved;
    bool did_refresh;
    int64_t resets_ms;

    /* jobs */
    struct task task;
    struct write_job job;
    struct generation_open open;
    struct generation_result result;
    struct generation_settled settled;
    status job_st;
    struct err err;

    /* upstream */
    struct upstream_call *call;
    struct relay relay;
    struct buf error_body;
    int code;                      /* of the supplier's answer; 0: none yet */
    char content_type[96];
    int64_t retry_after_s;
    bool is_identified;            /* generation_id is on disk, or there is none to store */
    bool is_paused;
    bool has_begun;                /* consumer.begin was called */
    bool is_upstream_over;
    status upstream_st;
    bool may_have_happened;
    char upstream_text[160];
    struct loop_timer leave_timer;

    /* how it ends for the person */
    status fail_st;                /* ST_OK: with an answer */
    char fail_text[320];
};

/* Moves on from the current step. May free the completion. */
void completion_go(struct completion *c, enum step next);
/* Ends for the person with an error, going through settle when a row exists. */
void completion_fail(struct completion *c, status st, const char *text);

/* completion_reserve.c */
void completion_reserve(struct completion *c);
void completion_refresh_limit(struct completion *c);
/* completion_send.c */
void completion_send(struct completion *c);
void completion_resume(struct completion *c);
void completion_stop_upstream(struct completion *c);
/* completion_settle.c */
void completion_settle(struct completion *c);

#endif

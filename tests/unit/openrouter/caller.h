/* For tests of streamed calls: a loop thread with an upstream on it, and calls that write down
 * what they are told. Everything that touches the upstream runs on the loop by caller_do. */
#ifndef MAI_TEST_CALLER_H
#define MAI_TEST_CALLER_H

#include "openrouter/upstream.h"

#include <pthread.h>

struct caller {
    struct loop *loop;
    struct upstream *upstream;
    pthread_mutex_t lock;
    pthread_cond_t changed;
};

struct call {
    struct caller *caller;
    struct upstream_call *handle;
    status started;
    bool is_inside_api;       /* set around our own calls into the upstream */
    bool had_callback_inside; /* a callback ran there */
    /* What to do when told; may be NULL. On the loop thread. */
    void (*at_head)(struct call *c);
    void (*at_data)(struct call *c);
    void (*at_end)(struct call *c);
    void *ctx;
    /* What was told; read under the caller's lock, or after the end. */
    int heads, code, ends;
    char content_type[64], generation_id[64], retry_after[64];
    struct buf bytes;
    size_t pieces;
    status st;
    bool may_have_happened;
    char text[256];
};

void caller_start(struct caller *k, bool allow_private, size_t max_connections);
void caller_stop(struct caller *k); /* frees the upstream on the loop, then the loop */
/* Runs fn(arg) on the loop and waits for it. */
void caller_do(struct caller *k, void (*fn)(void *arg), void *arg);
/* Runs fn(arg) on the loop until it gives true; false after ten seconds. */
bool caller_wait(struct caller *k, bool (*fn)(const void *arg), const void *arg);

struct call *call_new(struct caller *k);
void call_free(struct call *c);
/* From any thread but the loop's; and the same from the loop. */
void call_start(struct call *c, const char *base, str body, bool is_stream);
void call_start_here(struct call *c, const char *base, str body, bool is_stream);
extern int64_t call_head_timeout_ms, call_silence_timeout_ms; /* of the calls that start next */
void call_pause(struct call *c);
void call_resume(struct call *c);
void call_cancel(struct call *c);
bool call_wait_end(struct call *c);
bool call_wait_bytes(struct call *c, size_t n);

#endif

/* Calls on a loop thread for tests; see caller.h. */
#include "caller.h"
#include "base/mem.h"

#include <stdio.h>
#include <time.h>

int64_t call_head_timeout_ms = 10000, call_silence_timeout_ms = 10000;

/* ---- the loop ---- */

struct job {
    struct task task;
    struct caller *caller;
    void (*fn)(void *arg);
    void *arg;
    bool is_done;
};

static void run_job(struct task *t)
{
    struct job *j = CONTAINER_OF(t, struct job, task);
    struct caller *k = j->caller;
    j->fn(j->arg);
    pthread_mutex_lock(&k->lock);
    j->is_done = true;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
}

void caller_do(struct caller *k, void (*fn)(void *arg), void *arg)
{
    struct job j = {.task.run = run_job, .caller = k, .fn = fn, .arg = arg};
    loop_post(k->loop, &j.task);
    pthread_mutex_lock(&k->lock);
    while (!j.is_done)
        pthread_cond_wait(&k->changed, &k->lock);
    pthread_mutex_unlock(&k->lock);
}

bool caller_wait(struct caller *k, bool (*fn)(const void *arg), const void *arg)
{
    struct timespec end;
    clock_gettime(CLOCK_REALTIME, &end);
    end.tv_sec += 10;
    pthread_mutex_lock(&k->lock);
    bool is_true;
    while (!(is_true = fn(arg)))
        if (pthread_cond_timedwait(&k->changed, &k->lock, &end) != 0)
            break;
    pthread_mutex_unlock(&k->lock);
    return is_true;
}

static bool allow;
static size_t limit;

static void make_upstream(void *arg)
{
    struct caller *k = arg;
    struct upstream_conf conf = {.allow_private = allow,
                                 .connect_timeout_ms = 5000,
                                 .max_connections = limit,
                                 .title = STR("Test Title"),
                                 .referer = STR("https://chat.example")};
    k->upstream = upstream_new(k->loop, &conf);
}

static void free_upstream(void *arg)
{
    struct caller *k = arg;
    upstream_free(k->upstream);
    k->upstream = NULL;
}

void caller_start(struct caller *k, bool allow_private, size_t max_connections)
{
    *k = (struct caller){.loop = loop_new("test")};
    CHECK(pthread_mutex_init(&k->lock, NULL) == 0 && pthread_cond_init(&k->changed, NULL) == 0);
    loop_start(k->loop);
    allow = allow_private;
    limit = max_connections;
    caller_do(k, make_upstream, k);
}

void caller_stop(struct caller *k)
{
    caller_do(k, free_upstream, k);
    loop_stop(k->loop);
    loop_free(k->loop);
}

/* ---- what is told ---- */

static void changed(struct call *c)
{
    struct caller *k = c->caller;
    pthread_cond_broadcast(&k->changed);
    pthread_mutex_unlock(&k->lock);
}

static struct call *told(void *ctx)
{
    struct call *c = ctx;
    pthread_mutex_lock(&c->caller->lock);
    c->had_callback_inside |= c->is_inside_api;
    return c;
}

static void on_head(void *ctx, const struct upstream_head *head)
{
    struct call *c = told(ctx);
    c->heads++;
    c->code = head->code;
    str_copy_z(head->content_type, c->content_type, sizeof c->content_type);
    str_copy_z(head->generation_id, c->generation_id, sizeof c->generation_id);
    str_copy_z(head->retry_after, c->retry_after, sizeof c->retry_after);
    changed(c);
    if (c->at_head != NULL)
        c->at_head(c);
}

static void on_data(void *ctx, str bytes)
{
    struct call *c = told(ctx);
    buf_add(&c->bytes, bytes);
    c->pieces++;
    changed(c);
    if (c->at_data != NULL)
        c->at_data(c);
}

/* The test may free the call as soon as it knows of the end: that comes last. */
static void on_end(void *ctx, status st, bool may_have_happened, str text)
{
    struct call *c = ctx;
    c->handle = NULL;
    if (c->at_end != NULL)
        c->at_end(c);
    told(c);
    c->st = st;
    c->may_have_happened = may_have_happened;
    str_copy_z(text, c->text, sizeof c->text);
    c->ends++;
    changed(c);
}

/* ---- calls ---- */

struct call *call_new(struct caller *k)
{
    struct call *c = NEW(struct call);
    c->caller = k;
    buf_init(&c->bytes, 64 << 20);
    return c;
}

void call_free(struct call *c)
{
    buf_free(&c->bytes);
    mem_free(c);
}

struct start {
    struct call *call;
    const char *base;
    str body;
    bool is_stream;
};

static void start_now(void *arg)
{
    const struct start *s = arg;
    struct call *c = s->call;
    char url[128];
    int n = snprintf(url, sizeof url, "%s/chat/completions", s->base);
    struct upstream_request req = {.url = {url, (size_t)n},
                                   .key = STR("sk-test"),
                                   .body = s->body,
                                   .is_stream = s->is_stream,
                                   .head_timeout_ms = call_head_timeout_ms,
                                   .silence_timeout_ms = call_silence_timeout_ms,
                                   .ctx = c,
                                   .on_head = on_head,
                                   .on_data = on_data,
                                   .on_end = on_end};
    c->is_inside_api = true;
    c->started = upstream_start(c->caller->upstream, &req, &c->handle);
    c->is_inside_api = false;
}

void call_start_here(struct call *c, const char *base, str body, bool is_stream)
{
    struct start s = {c, base, body, is_stream};
    start_now(&s);
}

void call_start(struct call *c, const char *base, str body, bool is_stream)
{
    struct start s = {c, base, body, is_stream};
    caller_do(c->caller, start_now, &s);
}

static void pause_now(void *arg)
{
    struct call *c = arg;
    c->is_inside_api = true;
    if (c->handle != NULL)
        upstream_pause(c->handle);
    c->is_inside_api = false;
}

static void resume_now(void *arg)
{
    struct call *c = arg;
    c->is_inside_api = true;
    if (c->handle != NULL)
        upstream_resume(c->handle);
    c->is_inside_api = false;
}

static void cancel_now(void *arg)
{
    struct call *c = arg;
    c->is_inside_api = true;
    if (c->handle != NULL)
        upstream_cancel(c->handle);
    c->handle = NULL;
    c->is_inside_api = false;
}

void call_pause(struct call *c)
{
    caller_do(c->caller, pause_now, c);
}

void call_resume(struct call *c)
{
    caller_do(c->caller, resume_now, c);
}

void call_cancel(struct call *c)
{
    caller_do(c->caller, cancel_now, c);
}

static bool is_ended(const void *arg)
{
    return ((const struct call *)arg)->ends != 0;
}

bool call_wait_end(struct call *c)
{
    return caller_wait(c->caller, is_ended, c);
}

struct amount {
    const struct call *call;
    size_t n;
};

static bool has_bytes(const void *arg)
{
    const struct amount *a = arg;
    return a->call->bytes.n >= a->n;
}

bool call_wait_bytes(struct call *c, size_t n)
{
    struct amount a = {c, n};
    return caller_wait(c->caller, has_bytes, &a);
}

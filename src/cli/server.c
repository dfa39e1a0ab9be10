/* Putting the rooms together; see server.h. Starting goes from the store upward, stopping the other way round:
 * first nobody comes in, then nothing runs, then nothing is left to write. */
#include "cli/server.h"
#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "chat/chat.h"
#include "cli/accounts.h"
#include "cli/control.h"
#include "gateway/answers.h"
#include "gateway/catalog.h"
#include "gateway/completion.h"
#include "gateway/principals.h"
#include "gateway/scheduler.h"
#include "tenancy/settings.h"

#include <stdio.h>
#include <time.h>

enum { CALLER_THREADS = 4, MAX_QUEUED = 4096, UPSTREAM_CONNECTIONS = 4096, CONNECT_TIMEOUT_MS = 10000,
       CALL_TIMEOUT_MS = 15000, LOOPS_MAX = 64 };

struct server {
    const struct conf *conf;
    struct gateway g;
    struct api_server api;
    struct loop *loops[LOOPS_MAX];
    struct upstream *upstreams[LOOPS_MAX];
    struct principals *principals[LOOPS_MAX];
    struct scheduler *scheduler;
    struct control *control;
    bool are_loops_running;
};

static const struct system_scope why = {"start"};

/* ---- data ---- */

struct recovery {
    struct server *s;
    int64_t pending;
    struct err *e;
};

static status recover_run(struct db *db, void *ctx)
{
    struct recovery *r = ctx;
    status st = master_key_prove(db, why, &r->s->g.master, r->e);
    if (st == ST_OK)
        st = generation_recover(db, clock_now_ms(), &r->pending);
    if (st == ST_OK)
        st = answer_recover(db, clock_now_ms());
    if (st == ST_OK)
        st = budgets_load(db, &r->s->g.budgets);
    return st;
}

static status open_data(struct server *s, struct err *e)
{
    const struct conf *c = s->conf;
    struct store_conf store = {
        .data_dir = c->data_dir, .database_url = c->database_url, .commit_wait_ms = c->commit_wait_ms};
    status st = store_open(&store, &s->g.store, e);
    if (st == ST_OK)
        st = master_key_load(c->secret_key, c->data_dir, &s->g.master, e);
    if (st != ST_OK)
        return st;
    struct recovery r = {.s = s, .e = e};
    st = store_write(s->g.store, recover_run, &r);
    if (st == ST_OK && r.pending != 0)
        log_info("Calls of an earlier run wait for their cost", LF_INT("calls", r.pending));
    return st;
}

/* ---- parts ---- */

static status make_parts(struct server *s, struct err *e)
{
    const struct conf *c = s->conf;
    struct gateway *g = &s->g;
    struct openrouter_conf supplier = {.base_url = c->openai_api_base_url,
                                       .allow_private = c->allow_private_upstreams,
                                       .timeout_ms = CALL_TIMEOUT_MS};
    status st = openrouter_new(&supplier, &g->openrouter, e);
    if (st != ST_OK)
        return st;
    g->workers = workers_new("worker", (unsigned)c->workers, MAX_QUEUED);
    g->callers = workers_new("caller", CALLER_THREADS, MAX_QUEUED);
    g->loop_count = (size_t)c->loops < LOOPS_MAX ? (size_t)c->loops : LOOPS_MAX;
    g->loops = s->loops;
    g->upstreams = s->upstreams;
    g->principals = s->principals;
    for (size_t i = 0; i < g->loop_count; i++)
        s->loops[i] = loop_new("loop");
    g->hub = hub_new(s->loops, g->loop_count);
    g->catalog = catalog_new(g);
    g->answers = answers_new(g);
    struct upstream_conf upstream = {.allow_private = c->allow_private_upstreams,
                                     .connect_timeout_ms = CONNECT_TIMEOUT_MS,
                                     .max_connections = UPSTREAM_CONNECTIONS,
                                     .title = c->webui_name,
                                     .referer = c->webui_url};
    for (size_t i = 0; i < g->loop_count; i++) {
        s->upstreams[i] = upstream_new(s->loops[i], &upstream);
        s->principals[i] = principals_new(g, s->loops[i]);
    }
    return ST_OK;
}

static status open_doors(struct server *s, struct err *e)
{
    const struct conf *c = s->conf;
    s->api.g = &s->g;
    s->api.logins = login_limiter_new();
    s->api.started_ms = clock_now_ms();
    struct http_conf http = {
        .host = c->host,
        .port = (uint16_t)c->port,
        .loops = s->loops,
        .loop_count = s->g.loop_count,
        .limits = http_limits_default(),
        .trusted_proxies = c->forwarded_allow_ips,
        .tls_certificate_path = c->tls_certificate_file,
        .tls_key_path = c->tls_key_file,
        .app = {.ctx = &s->api, .on_head = api_on_head, .error_body = api_error_body},
    };
    http.limits.max_body_bytes = (size_t)c->max_body_bytes;
    http.limits.max_bodies_bytes = (size_t)c->max_bodies_bytes;
    http.limits.max_connections = (unsigned)c->max_connections;
    http.limits.max_per_address = (unsigned)c->max_connections_per_address;
    status st = http_server_new(&http, &s->api.http, e);
    if (st != ST_OK)
        return st;
    st = control_start(&s->g, &s->control, e); /* first: whoever gets an answer can also give commands */
    if (st != ST_OK)
        return st;
    for (size_t i = 0; i < s->g.loop_count; i++)
        loop_start(s->loops[i]);
    s->are_loops_running = true;
    s->scheduler = scheduler_start(&s->g);
    return ST_OK;
}

/* ---- stop ---- */

static void pause_ms(int64_t ms)
{
    struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

static bool is_quiet(const struct server *s)
{
    bool has_requests = s->api.http != NULL && http_server_open_requests(s->api.http) != 0;
    return completion_running() == 0 && !has_requests;
}

/* Waits until nothing runs any more, at most so long. */
static void wait_until_quiet(const struct server *s, int64_t most_ms)
{
    int64_t until_us = clock_mono_us() + most_ms * 1000;
    while (!is_quiet(s) && clock_mono_us() < until_us)
        pause_ms(20);
}

/* Ends all threads but the writer. */
static void stop_threads(struct server *s)
{
    struct gateway *g = &s->g;
    control_stop(s->control);
    scheduler_stop(s->scheduler);
    workers_free(g->callers);
    workers_free(g->workers);
    for (size_t i = 0; s->are_loops_running && i < g->loop_count; i++)
        loop_stop(s->loops[i]);
}

static void free_parts(struct server *s)
{
    struct gateway *g = &s->g;
    http_server_free(s->api.http);
    for (size_t i = 0; i < g->loop_count; i++) {
        upstream_free(s->upstreams[i]);
        principals_free(s->principals[i]);
    }
    if (g->store != NULL)
        store_close(g->store);
    budgets_free(g->budgets);
    answers_free(g->answers);
    catalog_free(g->catalog);
    hub_free(g->hub);
    for (size_t i = 0; i < g->loop_count; i++)
        loop_free(s->loops[i]);
    openrouter_free(g->openrouter);
    login_limiter_free(s->api.logins);
    secret_wipe(&g->master, sizeof g->master);
    mem_free(s);
}

void server_stop(struct server *s, int64_t grace_ms)
{
    enum { LAST_WORDS_MS = 2000 };
    http_server_drain(s->api.http);
    hub_publish(s->g.hub, STR("stop"), STR("{\"type\":\"stop\"}"));
    wait_until_quiet(s, grace_ms);
    answers_stop_all(s->g.answers);
    wait_until_quiet(s, LAST_WORDS_MS);
    stop_threads(s);
    if (is_quiet(s)) {
        free_parts(s);
        return;
    }
    /* What still runs belongs to loops that have ended: nobody may touch it. The process ends with it, and the next
     * start settles the open rows. */
    log_warn("Stopped with calls under way; the next start settles them", LF_INT("calls", completion_running()));
    store_close(s->g.store);
}

/* ---- start ---- */

static status end_start(struct server *s, status st)
{
    stop_threads(s);
    free_parts(s);
    return st;
}

status server_prepare(const struct conf *conf, struct server **out, struct err *e)
{
    struct server *s = NEW(struct server);
    s->conf = conf;
    s->g.conf = conf;
    crypt_start();
    status st = open_data(s, e);
    if (st == ST_OK)
        st = make_parts(s, e);
    if (st == ST_OK)
        st = accounts_from_conf(&s->g, e);
    if (st != ST_OK)
        return end_start(s, st);
    *out = s;
    return ST_OK;
}

status server_open(struct server *s, struct err *e)
{
    status st = open_doors(s, e);
    return st == ST_OK ? ST_OK : end_start(s, st);
}

uint16_t server_port(const struct server *s)
{
    return http_server_port(s->api.http);
}

struct gateway *server_gateway(struct server *s)
{
    return &s->g;
}

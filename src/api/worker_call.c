/* One request on a worker: copies what the handler needs, runs it, posts the answer back to the loop, where the
 * request is looked up by its token: it may have gone. */
#include "api/frame.h"
#include "api/reply.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "codec/url.h"

enum { ARENA_BYTES = 64 << 20, OUT_BYTES = 256 << 20 };

struct worker_call {
    struct task task;
    struct loop *loop;
    uint64_t token;
    const struct api_route *route;
    struct principal *who;
    struct api_call call;
    str raw_body;
    status st;
    int64_t started_us;
};

/* ---- worker ---- */

static status check_body(struct worker_call *w)
{
    struct api_call *c = &w->call;
    if (str_trim(w->raw_body).n == 0)
        return ST_OK;
    status st = json_check(w->raw_body, &c->body, &c->err);
    if (st == ST_OK && c->body.type == JSON_OBJECT)
        return ST_OK;
    c->body.raw = STR_NONE;
    return st != ST_OK ? st : err_set(&c->err, ST_BAD_REQUEST, "The body must be a JSON object");
}

static status decode_params(struct api_call *c)
{
    for (size_t i = 0; i < API_PARAMS_MAX; i++)
        if (c->params[i].p != NULL && url_decode(c->params[i], &c->arena, &c->params[i]) != ST_OK)
            return err_set(&c->err, ST_BAD_REQUEST, "The address is malformed");
    return ST_OK;
}

static void write_error(struct worker_call *w)
{
    struct api_call *c = &w->call;
    const char *text = err_text(&c->err, w->st);
    buf_clear(&c->out);
    c->code = status_http(w->st) == 499 ? 400 : status_http(w->st);
    c->content_type = STR("application/json");
    if (api_is_openai_path(str_c(w->route->path))) {
        api_error_body(NULL, str_c(w->route->path), w->st, str_c(text), &c->out);
        return;
    }
    c->w = json_writer(&c->out);
    jw_object(&c->w);
    jw_kstr(&c->w, STR("detail"), str_c(text));
    if (c->err_field != NULL)
        jw_kstr(&c->w, STR("field"), str_c(c->err_field));
    if (c->err_code != NULL)
        jw_kstr(&c->w, STR("code"), str_c(c->err_code));
    jw_end(&c->w);
}

static void respond(struct task *t);

static void run_handler(struct task *t)
{
    struct worker_call *w = CONTAINER_OF(t, struct worker_call, task);
    struct api_call *c = &w->call;
    c->db = store_reader(c->g->store);
    c->now_ms = clock_now_ms();
    w->st = decode_params(c);
    if (w->st == ST_OK)
        w->st = check_body(w);
    if (w->st == ST_OK)
        w->st = w->route->handler(c);
    if (w->st == ST_OK && (c->out.is_full || c->arena.is_full))
        w->st = err_set(&c->err, ST_TOO_BIG, "The answer is too large");
    if (w->st != ST_OK)
        write_error(w);
    t->run = respond;
    loop_post(w->loop, t);
}

/* ---- loop ---- */

static void worker_call_free(struct worker_call *w)
{
    principal_unref(w->who);
    if (w->raw_body.p != NULL)
        secret_wipe((char *)(uintptr_t)w->raw_body.p, w->raw_body.n); /* may hold a password or a key */
    arena_free(&w->call.arena);
    buf_free(&w->call.out);
    mem_free(w);
}

static void log_request(const struct worker_call *w)
{
    const struct api_call *c = &w->call;
    int64_t us = clock_mono_us() - w->started_us;
    if (c->code >= 500)
        log_error("Request failed", LF_Z("route", w->route->path), LF_INT("code", c->code),
                  LF_Z("reason", err_text(&c->err, w->st)), LF_INT("us", us));
    else
        log_debug("Request ended", LF_Z("route", w->route->path), LF_INT("code", c->code),
                  LF_INT("us", us));
}

static void send_answer(struct worker_call *w, struct http_request *r)
{
    struct api_call *c = &w->call;
    struct http_header extra[5];
    size_t n = 0;
    for (size_t i = 0; i < COUNT_OF(c->set_cookie); i++)
        if (c->set_cookie[i].p != NULL)
            extra[n++] = (struct http_header){STR("Set-Cookie"), c->set_cookie[i]};
    if (c->retry_after_s >= 0)
        extra[n++] = (struct http_header){
            STR("Retry-After"), arena_printf(&c->arena, "%lld", (long long)c->retry_after_s)};
    if (c->file_name.p != NULL)
        extra[n++] = (struct http_header){
            STR("Content-Disposition"),
            arena_printf(&c->arena, "attachment; filename=\"%.*s\"", STR_ARG(c->file_name))};
    api_respond_with(r, c->code, c->content_type, buf_view(&c->out), extra, n);
}

static void respond(struct task *t)
{
    struct worker_call *w = CONTAINER_OF(t, struct worker_call, task);
    struct http_request *r = http_request_by_token(w->loop, w->token);
    log_request(w);
    if (r != NULL)
        send_answer(w, r);
    worker_call_free(w);
}

static str copy(struct api_call *c, str s)
{
    return s.p != NULL ? arena_dup(&c->arena, s) : STR_NONE;
}

static void fill_caller(struct api_call *c, struct principal *who)
{
    c->who = who;
    if (who == NULL)
        return;
    c->own = principal_own(who);
    if (who->is_provider)
        c->provider = who->provider;
    else
        c->scope = who->scope;
}

static str own_origin(struct api_call *c, struct http_request *r)
{
    if (c->g->conf->webui_url.n != 0)
        return c->g->conf->webui_url;
    str host = http_request_header(r, STR("host"));
    return arena_printf(&c->arena, "%s://%.*s", c->is_https ? "https" : "http", STR_ARG(host));
}

static struct worker_call *worker_call_new(struct api_server *s, struct http_request *r,
                                           const struct api_match *m, struct principal *who, str body)
{
    struct worker_call *w = NEW(struct worker_call);
    struct api_call *c = &w->call;
    arena_init(&c->arena, ARENA_BYTES + 4 * body.n);
    buf_init(&c->out, OUT_BYTES);
    c->w = json_writer(&c->out);
    c->s = s;
    c->g = s->g;
    c->code = 200;
    c->retry_after_s = -1;
    c->content_type = STR("application/json");
    c->query = copy(c, http_request_query(r));
    c->address = copy(c, http_request_address(r));
    c->user_agent = copy(c, http_request_header(r, STR("user-agent")));
    c->is_https = http_request_is_https(r);
    c->origin = own_origin(c, r);
    for (size_t i = 0; i < API_PARAMS_MAX; i++)
        c->params[i] = copy(c, m->params[i]);
    w->raw_body = copy(c, body);
    w->who = who != NULL ? principal_ref(who) : NULL;
    fill_caller(c, w->who);
    w->loop = http_request_loop(r);
    w->token = http_request_token(r);
    w->route = m->route;
    w->started_us = clock_mono_us();
    w->task.run = run_handler;
    return w;
}

void run_on_worker(struct api_server *s, struct http_request *r, const struct api_match *m,
                   struct principal *who, str body)
{
    struct worker_call *w = worker_call_new(s, r, m, who, body);
    bool is_calling = (m->route->may & CALLS_OPENROUTER) != 0;
    if (workers_submit(is_calling ? s->g->callers : s->g->workers, &w->task) == ST_OK)
        return;
    worker_call_free(w);
    api_respond_error(r, ST_UNAVAILABLE, STR("The server is busy, try again in a moment"), 1);
}

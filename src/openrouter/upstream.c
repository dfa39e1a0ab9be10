/* Calls to OpenRouter on a loop: start, answer, pause, deadline, end; see upstream.h. Loop
 * thread only.
 *
 * Who owns what: `upstream` owns its calls, running or idle; a call owns its easy handle and a
 * copy of the body, and both are used again by later calls. The caller owns nothing but the
 * right to name a running call.
 *
 * Invariants (the unit tests name the number):
 *   C1  A request is sent at most once. libcurl 7.88 silently repeats one whose pooled
 *       connection breaks before the answer; the callback before each sending refuses the
 *       second.
 *   C2  may_have_happened is false only when no request byte was given to a connection.
 *   C3  No callback runs inside upstream_start, _pause, _resume or _cancel; none after on_end or
 *       upstream_cancel.
 *   C4  A paused call holds at most one receive buffer; the rest stays with the supplier. */
#include "base/clock.h"
#include "base/mem.h"
#include "openrouter/address.h"
#include "openrouter/upstream_private.h"

#include <stdio.h>

enum {
    RECEIVE_BYTES = 16384,
    UPLOAD_BYTES = 16384,       /* the least libcurl takes; used for long bodies only */
    BODY_MAX_BYTES = 256 << 20, /* the gateway's own limits are far below */
    BODY_KEEP_BYTES = 64 << 10, /* an idle call keeps a buffer up to this size */
    IDLE_CALLS_MAX = 256,
};

struct upstream_call {
    struct upstream *upstream;
    struct upstream_call *prev, *next; /* in running; next alone in idle */
    struct upstream_call *next_marked;
    CURL *easy;
    struct upstream_request req;
    struct buf url, body;
    struct curl_slist auth_line;
    char auth[EASY_KEY_MAX + 32];
    struct easy_guard guard;
    struct loop_timer deadline;
    int64_t heard_us; /* start of the call, then the last bytes heard */
    bool is_sent;     /* C1, C2 */
    bool has_head;
    bool is_added;  /* in the multi handle */
    bool is_paused; /* the caller wants no data */
    bool is_held;   /* libcurl holds bytes back and must be told to go on */
    bool is_cancelled;
    bool is_marked;
    int code;
    char content_type[HEADER_VALUE_CAP], generation_id[HEADER_VALUE_CAP],
        retry_after[HEADER_VALUE_CAP];
};

/* ---- what could not be done inside libcurl ---- */

static void mark(struct upstream_call *c)
{
    struct upstream *u = c->upstream;
    if (c->is_marked)
        return;
    c->is_marked = true;
    c->next_marked = u->marked;
    u->marked = c;
    upstream_kick(u);
}

static void unmark(struct upstream_call *c)
{
    struct upstream_call **at = &c->upstream->marked;
    if (!c->is_marked)
        return;
    while (*at != c)
        at = &(*at)->next_marked;
    *at = c->next_marked;
    c->is_marked = false;
}

/* ---- recycling ---- */

static void link_running(struct upstream_call *c)
{
    struct upstream *u = c->upstream;
    c->prev = NULL;
    c->next = u->running;
    if (u->running != NULL)
        u->running->prev = c;
    u->running = c;
    u->running_count++;
}

static void unlink_running(struct upstream_call *c)
{
    struct upstream *u = c->upstream;
    if (c->prev != NULL)
        c->prev->next = c->next;
    else
        u->running = c->next;
    if (c->next != NULL)
        c->next->prev = c->prev;
    u->running_count--;
}

static void call_free(struct upstream_call *c)
{
    curl_easy_cleanup(c->easy);
    loop_timer_free(&c->deadline);
    buf_free(&c->url);
    buf_free(&c->body);
    mem_free(c);
}

/* The call leaves libcurl and becomes an idle one; its memory stays readable until the next
 * start. */
static void retire(struct upstream_call *c)
{
    struct upstream *u = c->upstream;
    if (c->is_added)
        CHECK(curl_multi_remove_handle(u->multi, c->easy) == CURLM_OK);
    c->is_added = false;
    unmark(c);
    loop_timer_stop(&c->deadline);
    unlink_running(c);
    explicit_bzero(c->auth, sizeof c->auth);
    if (c->body.cap > BODY_KEEP_BYTES)
        buf_free(&c->body);
    if (u->idle_count == IDLE_CALLS_MAX) {
        call_free(c);
        return;
    }
    c->next = u->idle;
    u->idle = c;
    u->idle_count++;
}

/* ---- ending ---- */

static void end_call(struct upstream_call *c, status st, const char *text)
{
    struct upstream_request req = c->req;
    bool is_silent = c->is_cancelled;
    bool may_have_happened = c->is_sent;
    retire(c);
    if (!is_silent)
        req.on_end(req.ctx, st, may_have_happened, str_c(text));
}

static status failure_of(const struct upstream_call *c, CURLcode code, struct err *e)
{
    if (!c->is_sent)
        return easy_failure(code, &c->guard, e);
    if (!c->has_head)
        return err_set(e, ST_UPSTREAM,
                       "The connection to the model provider broke before the answer");
    return err_set(e, ST_UPSTREAM, "The model provider broke off its answer");
}

static void end_by_result(struct upstream_call *c, CURLcode code)
{
    struct err e = {0};
    /* libcurl is content with an end in the middle of the head. */
    bool is_whole = code == CURLE_OK && c->has_head;
    status st = is_whole ? ST_OK : failure_of(c, code, &e);
    end_call(c, st, e.text);
}

static struct upstream_call *call_of(CURL *easy)
{
    char *c = NULL;
    CHECK(curl_easy_getinfo(easy, CURLINFO_PRIVATE, &c) == CURLE_OK);
    return (struct upstream_call *)(void *)c;
}

void upstream_collect(struct upstream *u)
{
    CURLMsg *m;
    int left;
    while ((m = curl_multi_info_read(u->multi, &left)) != NULL)
        if (m->msg == CURLMSG_DONE)
            end_by_result(call_of(m->easy_handle), m->data.result);
}

/* ---- deadlines ---- */

static void on_deadline(struct loop_timer *t)
{
    struct upstream_call *c = CONTAINER_OF(t, struct upstream_call, deadline);
    int64_t limit_ms = c->has_head ? c->req.silence_timeout_ms : c->req.head_timeout_ms;
    int64_t left_us = limit_ms * 1000 - (clock_mono_us() - c->heard_us);
    if (c->is_paused)
        left_us = limit_ms * 1000;
    if (left_us > 0) {
        loop_timer_start(t, (left_us + 999) / 1000);
        return;
    }
    end_call(c, ST_UPSTREAM_TIMEOUT,
             c->has_head ? "The model provider fell silent in its answer"
                         : "The model provider did not answer in time");
}

/* ---- the answer ---- */

/* libcurl stops the transfer when a callback takes fewer bytes than it got. */
static size_t taken(const struct upstream_call *c, size_t n)
{
    return c->is_cancelled ? 0 : n;
}

static size_t on_bytes(char *p, size_t one, size_t n, void *arg)
{
    struct upstream_call *c = arg;
    if (c->is_cancelled || n == 0)
        return 0;
    if (c->is_paused) {
        c->is_held = true;
        return CURL_WRITEFUNC_PAUSE;
    }
    c->heard_us = clock_mono_us();
    c->req.on_data(c->req.ctx, (str){p, n});
    return taken(c, n);
}

struct header_row {
    str name; /* with the colon */
    size_t at;
};

#define HEADER(text, member)                                                                       \
    {                                                                                              \
        STR_INIT(text), offsetof(struct upstream_call, member)                                     \
    }

static const struct header_row header_rows[] = {
    HEADER("content-type:", content_type),
    HEADER("x-generation-id:", generation_id),
    HEADER("retry-after:", retry_after),
};

static bool is_printable(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < ' ' || s.p[i] > '~')
            return false;
    return true;
}

/* Values that are too long or not plain text count as missing. */
static void read_header(struct upstream_call *c, str line)
{
    for (size_t i = 0; i < COUNT_OF(header_rows); i++) {
        if (!str_starts_nocase(line, header_rows[i].name))
            continue;
        str value = str_trim(str_from(line, header_rows[i].name.n));
        if (value.n < HEADER_VALUE_CAP && is_printable(value))
            str_copy_z(value, (char *)c + header_rows[i].at, HEADER_VALUE_CAP);
        return;
    }
}

static void forget_head(struct upstream_call *c)
{
    c->content_type[0] = c->generation_id[0] = c->retry_after[0] = '\0';
}

static str header_value(const char *z)
{
    return z[0] != '\0' ? str_c(z) : STR_NONE;
}

static void head_is_whole(struct upstream_call *c)
{
    long code = 0;
    CHECK(curl_easy_getinfo(c->easy, CURLINFO_RESPONSE_CODE, &code) == CURLE_OK);
    if (code < 200) /* 1xx: the real one follows */
        return;
    c->has_head = true;
    if (c->req.silence_timeout_ms < c->req.head_timeout_ms)
        loop_timer_start(&c->deadline, c->req.silence_timeout_ms);
    struct upstream_head head = {.code = (int)code,
                                 .content_type = header_value(c->content_type),
                                 .generation_id = header_value(c->generation_id),
                                 .retry_after = header_value(c->retry_after)};
    c->req.on_head(c->req.ctx, &head);
}

static size_t on_header(char *p, size_t one, size_t n, void *arg)
{
    struct upstream_call *c = arg;
    str line = {p, n};
    if (c->is_cancelled)
        return 0;
    c->heard_us = clock_mono_us();
    if (c->has_head) /* trailers */
        return n;
    if (str_starts(line, STR("HTTP/")))
        forget_head(c);
    else if (str_trim(line).n == 0)
        head_is_whole(c);
    else
        read_header(c, line);
    return taken(c, n);
}

/* ---- the request ---- */

/* Right before a request goes out, on a new or a pooled connection: C1, C2. */
static int on_sending(void *arg, char *ip, char *own_ip, int port, int own_port)
{
    struct upstream_call *c = arg;
    if (c->is_sent)
        return CURL_PREREQFUNC_ABORT;
    c->is_sent = true;
    return CURL_PREREQFUNC_OK;
}

static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    struct upstream_call *c = arg;
    if (c->is_sent) /* C1: a repetition needs no connection */
        return CURL_SOCKET_BAD;
    if (easy_is_refused(&c->guard, &a->addr))
        return CURL_SOCKET_BAD;
    return upstream_open_socket(c->upstream, a);
}

static struct upstream_call *call_new(struct upstream *u)
{
    struct upstream_call *c = NEW(struct upstream_call);
    c->upstream = u;
    c->guard.allow_private = u->allow_private;
    c->easy = curl_easy_init();
    CHECK(c->easy != NULL);
    buf_init(&c->url, 4096);
    buf_init(&c->body, BODY_MAX_BYTES);
    loop_timer_init(&c->deadline, u->loop, on_deadline);
    easy_set_rules(c->easy, &c->guard);
    EASY_SET(c->easy, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    EASY_SET(c->easy, CURLOPT_OPENSOCKETDATA, c);
    EASY_SET(c->easy, CURLOPT_CLOSESOCKETFUNCTION, upstream_close_socket);
    EASY_SET(c->easy, CURLOPT_CLOSESOCKETDATA, u);
    EASY_SET(c->easy, CURLOPT_PREREQFUNCTION, on_sending);
    EASY_SET(c->easy, CURLOPT_PREREQDATA, c);
    EASY_SET(c->easy, CURLOPT_WRITEFUNCTION, on_bytes);
    EASY_SET(c->easy, CURLOPT_WRITEDATA, c);
    EASY_SET(c->easy, CURLOPT_HEADERFUNCTION, on_header);
    EASY_SET(c->easy, CURLOPT_HEADERDATA, c);
    EASY_SET(c->easy, CURLOPT_PRIVATE, c);
    EASY_SET(c->easy, CURLOPT_SHARE, u->share);
    EASY_SET(c->easy, CURLOPT_POST, 1L);
    EASY_SET(c->easy, CURLOPT_BUFFERSIZE, (long)RECEIVE_BYTES);
    EASY_SET(c->easy, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BYTES);
    EASY_SET(c->easy, CURLOPT_CONNECTTIMEOUT_MS, (long)u->connect_timeout_ms);
    return c;
}

static struct upstream_call *take_call(struct upstream *u)
{
    struct upstream_call *c = u->idle;
    if (c == NULL)
        return call_new(u);
    u->idle = c->next;
    u->idle_count--;
    return c;
}

static void set_url(struct upstream_call *c, str url)
{
    if (str_eq(buf_view(&c->url), url))
        return;
    buf_clear(&c->url);
    buf_add(&c->url, url);
    EASY_SET(c->easy, CURLOPT_URL, buf_z(&c->url));
}

static void set_request(struct upstream_call *c, const struct upstream_request *req)
{
    struct upstream *u = c->upstream;
    set_url(c, req->url);
    snprintf(c->auth, sizeof c->auth, "Authorization: Bearer %.*s", STR_ARG(req->key));
    c->auth_line = (struct curl_slist){
        .data = c->auth, .next = req->is_stream ? u->stream_headers : u->plain_headers};
    buf_clear(&c->body);
    buf_add(&c->body, req->body);
    /* From memory, not by a read callback: head and body leave in one packet. C1 is kept by
     * on_sending. */
    EASY_SET(c->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)c->body.n);
    EASY_SET(c->easy, CURLOPT_POSTFIELDS, buf_z(&c->body));
    EASY_SET(c->easy, CURLOPT_HTTPHEADER, &c->auth_line);
}

static void add_to_multi(struct upstream_call *c)
{
    CHECK(curl_multi_add_handle(c->upstream->multi, c->easy) == CURLM_OK);
    c->is_added = true;
}

static void reset_call(struct upstream_call *c, const struct upstream_request *req)
{
    c->req = *req;
    c->req.url = c->req.key = c->req.body = STR_NONE; /* only the copies live on */
    c->guard.has_refused = false;
    c->is_sent = c->has_head = c->is_paused = c->is_held = c->is_cancelled = false;
    forget_head(c);
    c->heard_us = clock_mono_us();
}

status upstream_start(struct upstream *u, const struct upstream_request *req,
                      struct upstream_call **out)
{
    if (!easy_is_key(req->key) || !is_printable(req->url) || req->url.n == 0 || req->url.n > 2048 ||
        req->body.n > BODY_MAX_BYTES)
        return ST_BAD_REQUEST;
    if (u->max_connections != 0 && u->running_count >= u->max_connections)
        return ST_UNAVAILABLE;
    struct upstream_call *c = take_call(u);
    reset_call(c, req);
    set_request(c, req);
    link_running(c);
    loop_timer_start(&c->deadline, req->head_timeout_ms);
    if (u->depth == 0)
        add_to_multi(c);
    else
        mark(c); /* libcurl takes no new transfer inside its callbacks */
    *out = c;
    return ST_OK;
}

/* ---- pause, resume, cancel ---- */

void upstream_pause(struct upstream_call *c)
{
    c->is_paused = true;
}

void upstream_resume(struct upstream_call *c)
{
    if (!c->is_paused)
        return;
    c->is_paused = false;
    c->heard_us = clock_mono_us();
    if (c->is_held)
        mark(c);
}

void upstream_cancel(struct upstream_call *c)
{
    if (c->is_cancelled)
        return;
    c->is_cancelled = true;
    if (c->upstream->depth == 0)
        retire(c);
    else
        mark(c);
}

static void let_go(struct upstream_call *c)
{
    struct upstream *u = c->upstream;
    c->is_held = false;
    u->depth++;
    CURLcode code = curl_easy_pause(c->easy, CURLPAUSE_CONT); /* delivers what was held */
    u->depth--;
    if (code != CURLE_OK)
        end_by_result(c, code);
}

static void run_marked(struct upstream_call *c)
{
    if (c->is_cancelled)
        retire(c);
    else if (!c->is_added)
        add_to_multi(c);
    else if (c->is_held && !c->is_paused)
        let_go(c);
}

void upstream_run_marked(struct upstream *u)
{
    while (u->marked != NULL) {
        struct upstream_call *c = u->marked;
        unmark(c);
        run_marked(c);
    }
}

/* ---- life ---- */

struct upstream *upstream_new(struct loop *l, const struct upstream_conf *conf)
{
    struct upstream *u = NEW(struct upstream);
    u->loop = l;
    u->allow_private = conf->allow_private;
    u->connect_timeout_ms = conf->connect_timeout_ms;
    u->max_connections = conf->max_connections;
    upstream_make_headers(u, conf);
    upstream_bind(u);
    return u;
}

size_t upstream_running(const struct upstream *u)
{
    return u->running_count;
}

void upstream_free(struct upstream *u)
{
    if (u == NULL)
        return;
    CHECK(u->depth == 0);
    while (u->running != NULL)
        end_call(u->running, ST_CANCELLED, "The service is stopping");
    while (u->idle != NULL) {
        struct upstream_call *c = u->idle;
        u->idle = c->next;
        call_free(c);
    }
    upstream_unbind(u);
    mem_free(u);
}

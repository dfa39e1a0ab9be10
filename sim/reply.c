/* Whole answers, sent now, later or never; see sim.h. */
#include "sim.h"
#include "errors.h"
#include "base/mem.h"

#include <event2/event.h>
#include <jansson.h>

enum { REPLY_MAX = 64 << 20, REPLY_HEADERS_MAX = 64 * 1024 };

void reply_init(struct reply *r)
{
    *r = (struct reply){.status = 200, .type = "application/json"};
    buf_init(&r->body, REPLY_MAX);
    buf_init(&r->headers, REPLY_HEADERS_MAX);
}

void reply_free(struct reply *r)
{
    buf_free(&r->body);
    buf_free(&r->headers);
}

void reply_error(struct reply *r, int code, const char *message, str metadata)
{
    buf_clear(&r->body);
    r->status = code;
    error_write(&r->body, code, message, metadata);
}

void reply_add_headers(struct buf *out, const char *json)
{
    json_t *object = json_loads(json, 0, NULL), *value;
    const char *name;
    json_object_foreach(object, name, value)
        buf_addf(out, "%s: %s\r\n", name, json_is_string(value) ? json_string_value(value) : "");
    json_decref(object);
}

void reply_script_error(struct reply *r, const struct script *s)
{
    struct buf MAI_AUTO(buf_free) metadata;
    buf_init(&metadata, REPLY_HEADERS_MAX);
    error_write_metadata(&metadata, s);
    reply_error(r, (int)s->status, s->message, buf_view(&metadata));
    if (s->retry_after > 0)
        buf_addf(&r->headers, "Retry-After: %lld\r\n", (long long)s->retry_after);
    if (s->headers != NULL)
        reply_add_headers(&r->headers, s->headers);
    if (s->body == NULL)
        return;
    buf_clear(&r->body);
    buf_add(&r->body, str_c(s->body));
    r->type = "text/html; charset=UTF-8";
}

static void send_now(struct http_conn *c, const struct reply *r)
{
    http_respond(c, r->status, buf_view(&r->headers), str_c(r->type), buf_view(&r->body));
}

/* An answer that waits for its time. */
struct later {
    struct http_conn *conn; /* NULL: gone */
    struct reply reply;
    struct event *timer;
};

static void later_free(struct later *l)
{
    event_free(l->timer);
    reply_free(&l->reply);
    mem_free(l);
}

static void on_later(int fd, short what, void *arg)
{
    struct later *l = arg;
    struct http_conn *conn = l->conn;
    if (conn != NULL && l->reply.is_reset)
        http_abort(conn, true);
    else if (conn != NULL)
        send_now(conn, &l->reply);
    later_free(l);
}

static void on_gone(void *arg)
{
    struct later *l = arg;
    later_free(l);
}

static void send_later(struct event_base *loop, struct http_conn *c, struct reply *r)
{
    struct later *l = NEW(struct later);
    *l = (struct later){.conn = c, .reply = *r};
    reply_init(r);
    l->timer = event_new(loop, -1, 0, on_later, l);
    CHECK(l->timer != NULL);
    http_watch(c, on_gone, NULL, l);
    struct timeval after = {l->reply.delay_ms / 1000, l->reply.delay_ms % 1000 * 1000};
    if (!l->reply.is_hung)
        event_add(l->timer, &after);
}

void reply_send(struct event_base *loop, struct http_conn *c, struct reply *r)
{
    if (r->delay_ms > 0 || r->is_hung || r->is_reset)
        send_later(loop, c, r);
    else
        send_now(c, r);
}

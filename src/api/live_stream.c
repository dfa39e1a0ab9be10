/* Event streams; see live_stream.h. */
#include "api/live_stream.h"
#include "api/reply.h"
#include "base/clock.h"
#include "base/mem.h"
#include "codec/sse.h"

enum { KEEP_ALIVE_MS = 15000, MAX_SUBS = 24, OUT_BYTES = 64 << 20, TEXT_CAP = 96, MAX_READS = 20 };

struct live_sub {
    struct live_stream *stream;
    struct hub_sub *sub;
    void (*receive)(struct live_stream *l, str payload);
};

struct read_job {
    struct task task;
    struct loop *loop;
    uint64_t token;               /* of the request: the stream may have gone */
    struct gateway *g;
    struct principal *who;
    live_read *read;
    char text[TEXT_CAP];
    struct buf out;
    status st;
};

struct live_stream {
    struct api_server *s;
    struct http_request *r;
    struct principal *who;
    struct loop_timer timer;
    struct live_sub subs[MAX_SUBS];
    size_t sub_count;
    size_t count;
    struct {
        live_read *read;
        void (*after)(struct live_stream *l);
        bool is_running, is_wanted_again;
        char text[TEXT_CAP];
    } reads[MAX_READS];
};

struct http_request *live_stream_request(const struct live_stream *l)
{
    return l->r;
}

struct api_server *live_stream_server(struct live_stream *l)
{
    return l->s;
}

const struct principal *live_stream_who(const struct live_stream *l)
{
    return l->who;
}

size_t *live_stream_count(struct live_stream *l)
{
    return &l->count;
}

static void stream_free(struct live_stream *l)
{
    loop_timer_stop(&l->timer);
    loop_timer_free(&l->timer);
    for (size_t i = 0; i < l->sub_count; i++)
        hub_unsubscribe(l->subs[i].sub);
    principal_unref(l->who);
    mem_free(l);
}

static void on_gone(struct http_request *r, void *ctx)
{
    (void)r;
    stream_free(ctx);
}

void live_stream_end(struct live_stream *l)
{
    struct http_request *r = l->r;
    http_request_on_gone(r, NULL, NULL);
    stream_free(l);
    http_stream_end(r);
}

static void on_keep_alive(struct loop_timer *t)
{
    struct live_stream *l = CONTAINER_OF(t, struct live_stream, timer);
    if (l->who->expires_ms <= clock_now_ms()) {
        if (live_stream_send(l, STR("{\"type\":\"session:ended\"}")))
            live_stream_end(l);
        return;
    }
    if (!http_stream_is_full(l->r))
        http_stream_write(l->r, STR(": keep-alive\n\n"));
    loop_timer_start(&l->timer, KEEP_ALIVE_MS);
}

static void on_stop(struct live_stream *l, str payload);

struct live_stream *live_stream_begin(struct api_server *s, struct http_request *r, struct principal *who)
{
    struct http_header headers[16];
    size_t n = api_common_header_count;
    struct live_stream *l = NEW(struct live_stream);
    *l = (struct live_stream){.s = s, .r = r, .who = principal_ref(who)};
    loop_timer_init(&l->timer, http_request_loop(r), on_keep_alive);
    loop_timer_start(&l->timer, KEEP_ALIVE_MS);
    memcpy(headers, api_common_headers, n * sizeof headers[0]);
    headers[n++] = (struct http_header){STR("X-Accel-Buffering"), STR("no")};
    http_request_on_gone(r, on_gone, l);
    http_request_set_data(r, l);
    http_stream_begin(r, 200, STR("text/event-stream"), headers, n);
    http_stream_write(r, STR(": welcome\n\n"));
    live_stream_subscribe(l, STR("stop"), on_stop);
    return l;
}

/* The server stops: the page comes back when it is there again. */
static void on_stop(struct live_stream *l, str payload)
{
    (void)payload;
    live_stream_end(l);
}

static void received(void *ctx, str payload)
{
    struct live_sub *sub = ctx;
    sub->receive(sub->stream, payload);
}

void live_stream_subscribe(struct live_stream *l, str topic,
                           void (*receive)(struct live_stream *l, str payload))
{
    if (l->sub_count == MAX_SUBS)
        return;
    struct live_sub *sub = &l->subs[l->sub_count++];
    *sub = (struct live_sub){.stream = l, .receive = receive};
    sub->sub = hub_subscribe(l->s->g->hub, topic, received, sub);
}

bool live_stream_send(struct live_stream *l, str json)
{
    MAI_AUTO(buf_free) struct buf b;
    if (http_stream_is_full(l->r)) {
        live_stream_end(l);
        return false;
    }
    buf_init(&b, json.n * 2 + 64);
    sse_write(&b, STR_NONE, json);
    http_stream_write(l->r, buf_view(&b));
    return true;
}

/* ---- reading on a worker ---- */

static void read_start(struct live_stream *l, size_t slot);

static void read_over(struct live_stream *l, const struct read_job *j)
{
    void (*after)(struct live_stream *l) = NULL;
    for (size_t i = 0; i < MAX_READS; i++) {
        bool is_same = l->reads[i].read == j->read && strcmp(l->reads[i].text, j->text) == 0;
        if (!is_same || !l->reads[i].is_running)
            continue;
        l->reads[i].is_running = false;
        after = l->reads[i].after;
        if (l->reads[i].is_wanted_again)
            read_start(l, i);
    }
    if (after != NULL)
        after(l); /* may end the stream */
}

static void read_done(struct task *t)
{
    struct read_job *j = CONTAINER_OF(t, struct read_job, task);
    struct http_request *r = http_request_by_token(j->loop, j->token);
    struct live_stream *l = r != NULL ? http_request_data(r) : NULL;
    bool is_alive = l != NULL;
    if (is_alive && j->st == ST_OK && j->out.n != 0)
        is_alive = live_stream_send(l, buf_view(&j->out));
    if (is_alive)
        read_over(l, j);
    principal_unref(j->who);
    buf_free(&j->out);
    mem_free(j);
}

static void read_on_worker(struct task *t)
{
    struct read_job *j = CONTAINER_OF(t, struct read_job, task);
    j->st = j->read(j->g, store_reader(j->g->store), j->who, str_c(j->text), &j->out);
    t->run = read_done;
    loop_post(j->loop, t);
}

static void read_start(struct live_stream *l, size_t slot)
{
    struct read_job *j = NEW(struct read_job);
    *j = (struct read_job){.task = {.run = read_on_worker},
                           .loop = http_request_loop(l->r),
                           .token = http_request_token(l->r),
                           .g = l->s->g,
                           .who = principal_ref(l->who),
                           .read = l->reads[slot].read};
    (void)str_copy_z(str_c(l->reads[slot].text), j->text, sizeof j->text);
    buf_init(&j->out, OUT_BYTES);
    l->reads[slot].is_running = true;
    l->reads[slot].is_wanted_again = false;
    if (workers_submit(l->s->g->workers, &j->task) == ST_OK)
        return;
    l->reads[slot].is_running = false;
    principal_unref(j->who);
    buf_free(&j->out);
    mem_free(j);
}

void live_stream_read(struct live_stream *l, live_read *read, str text, void (*after)(struct live_stream *l))
{
    size_t slot = MAX_READS;
    for (size_t i = 0; i < MAX_READS; i++) {
        bool is_same = l->reads[i].read == read && str_eq(str_c(l->reads[i].text), text);
        if (is_same || (l->reads[i].read == NULL && slot == MAX_READS) ||
            (slot == MAX_READS && !l->reads[i].is_running))
            slot = i;
        if (is_same)
            break;
    }
    if (slot == MAX_READS)
        return;
    l->reads[slot].read = read;
    l->reads[slot].after = after;
    (void)str_copy_z(text, l->reads[slot].text, sizeof l->reads[slot].text);
    if (l->reads[slot].is_running)
        l->reads[slot].is_wanted_again = true;
    else
        read_start(l, slot);
}

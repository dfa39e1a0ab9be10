/* N event streams at once. The first N start evenly over the ramp, further ones as earlier ones
 * end, each on its slot's kept connection. Every stream's events are counted and fingerprinted, the
 * gaps between them timed. Or, with break_after, the client hangs up after so many events, over and
 * over: what people who close pages do. */
#include "answer.h"
#include "base/mem.h"
#include "events.h"
#include "figures.h"
#include "load.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_AT_ONCE = 256, FINGERPRINTS_MAX = 8, STALL_PACES = 10 };

struct slot {
    int fd; /* -1: not connected */
    bool is_running;
    size_t break_at; /* hang up when so many events are there; SIZE_MAX: never */
    int64_t start_ns;
    int64_t event_ns; /* when the last event came; 0: none yet */
    struct answer answer;
    struct events events;
};

struct fingerprint {
    uint64_t value;
    size_t streams;
};

struct streams {
    const struct load *load;
    const struct target *target;
    struct slot *slots;
    size_t slot_count;
    size_t opened; /* slots that have had their first start */
    int epoll;
    size_t started, running, whole, broken, errors, errors_to_connect;
    int last_status;
    uint64_t events, bytes, merged; /* merged: events that came in one read with the one before */
    uint64_t comments;
    unsigned events_min, events_max;
    size_t stalls;
    int64_t begin_ns, end_ns;
    struct fingerprint prints[FINGERPRINTS_MAX];
    size_t print_count;
    struct figures first, duration, gap;
};

static void on_body(void *ctx, str piece)
{
    events_feed(&((struct slot *)ctx)->events, piece);
}

/* ---- one stream's life ---- */

static bool connect_slot(struct streams *s, struct slot *k)
{
    k->fd = net_connect(s->target->port);
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = k};
    return k->fd >= 0 && net_make_nonblocking(k->fd) &&
           epoll_ctl(s->epoll, EPOLL_CTL_ADD, k->fd, &ev) == 0;
}

static void close_slot(struct slot *k)
{
    if (k->fd >= 0)
        close(k->fd);
    k->fd = -1;
}

static void start(struct streams *s, struct slot *k)
{
    size_t number = s->started++;
    answer_reset(&k->answer);
    events_reset(&k->events);
    k->event_ns = 0;
    k->break_at = s->load->break_after > 0 ? number % (size_t)s->load->break_after : SIZE_MAX;
    k->start_ns = now_ns();
    if ((k->fd >= 0 || connect_slot(s, k)) && net_send(k->fd, buf_view(&s->target->request))) {
        k->is_running = true;
        s->running++;
        return;
    }
    s->errors++;
    s->errors_to_connect++;
    close_slot(k);
}

static void stop(struct streams *s, struct slot *k)
{
    k->is_running = false;
    s->running--;
    s->events += k->events.count;
    s->comments += k->events.comments;
    s->end_ns = now_ns();
}

static void start_next(struct streams *s, struct slot *k)
{
    if (s->started < (size_t)s->load->total && s->opened == s->slot_count)
        start(s, k);
}

static void fail(struct streams *s, struct slot *k)
{
    s->errors++;
    s->last_status = k->answer.status;
    stop(s, k);
    close_slot(k);
    start_next(s, k);
}

static void hang_up(struct streams *s, struct slot *k)
{
    s->broken++;
    stop(s, k);
    close_slot(k);
    start_next(s, k);
}

static void count_print(struct streams *s, uint64_t value)
{
    size_t i = 0;
    while (i < s->print_count && s->prints[i].value != value)
        i++;
    if (i == FINGERPRINTS_MAX)
        i--; /* far too many already: the last one stands for "others" */
    else if (i == s->print_count)
        s->prints[s->print_count++] = (struct fingerprint){.value = value};
    s->prints[i].streams++;
}

static void finish(struct streams *s, struct slot *k, int64_t now)
{
    unsigned n = k->events.count;
    s->events_min = s->whole == 0 || n < s->events_min ? n : s->events_min;
    s->events_max = n > s->events_max ? n : s->events_max;
    s->whole++;
    figures_add(&s->duration, now - k->start_ns);
    count_print(s, k->events.fingerprint);
    stop(s, k);
    start_next(s, k);
}

/* ---- bytes ---- */

static void time_events(struct streams *s, struct slot *k, unsigned before, int64_t now)
{
    unsigned fresh = k->events.count - before;
    if (fresh == 0)
        return;
    if (k->event_ns == 0)
        figures_add(&s->first, now - k->start_ns);
    else
        figures_add(&s->gap, now - k->event_ns);
    s->merged += fresh - 1;
    k->event_ns = now;
}

static void take(struct streams *s, struct slot *k, str bytes)
{
    unsigned before = k->events.count;
    int64_t now = now_ns();
    s->bytes += bytes.n;
    answer_feed(&k->answer, bytes);
    time_events(s, k, before, now);
    if (k->answer.state == ANSWER_BROKEN || (k->answer.state == ANSWER_DONE && !k->events.is_done))
        fail(s, k);
    else if (k->break_at <= k->events.count)
        hang_up(s, k);
    else if (k->answer.state == ANSWER_DONE && !answer_is_good(&k->answer))
        fail(s, k);
    else if (k->answer.state == ANSWER_DONE)
        finish(s, k, now);
}

static void on_readable(struct streams *s, struct slot *k)
{
    static char bytes[RECEIVE_BYTES]; /* one thread; not cleared on each call */
    if (k->fd < 0)
        return;
    ssize_t n = recv(k->fd, bytes, sizeof(bytes), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (!k->is_running)
        close_slot(k);
    else if (n <= 0)
        fail(s, k);
    else
        take(s, k, (str){bytes, (size_t)n});
}

/* ---- the loop ---- */

/* Starts what is due; gives how many milliseconds until the next one. */
static int start_due(struct streams *s)
{
    int64_t ramp_ns = s->load->ramp_ms * 1000000;
    while (s->opened < s->slot_count) {
        int64_t due = s->begin_ns + ramp_ns * (int64_t)s->opened / (int64_t)s->slot_count;
        int64_t left = due - now_ns();
        if (left > 0)
            return (int)(left / 1000000) + 1;
        start(s, &s->slots[s->opened++]);
    }
    return 100;
}

static void run(struct streams *s)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    int64_t give_up_ns = s->begin_ns + s->load->duration_ms * 1000000;
    while ((s->opened < s->slot_count || s->running > 0) && now_ns() < give_up_ns) {
        int n = epoll_wait(s->epoll, events, EVENTS_AT_ONCE, start_due(s));
        for (int i = 0; i < n; i++)
            on_readable(s, events[i].data.ptr);
    }
}

static void write_prints(const struct streams *s, struct buf *out)
{
    buf_add(out, STR("\"fingerprints\":{"));
    for (size_t i = 0; i < s->print_count; i++)
        buf_addf(out, "%s\"%016lx\":%zu", i > 0 ? "," : "", (unsigned long)s->prints[i].value,
                 s->prints[i].streams);
    buf_add(out, STR("},"));
}

static void write_streams(struct streams *s, struct buf *out)
{
    int64_t stall_ns = s->load->pace_ms * STALL_PACES * 1000000;
    s->stalls = stall_ns > 0 ? figures_above(&s->gap, stall_ns) : 0;
    buf_addf(out,
             "{\"mode\":\"streams\",\"target\":\"%s\",\"concurrent\":%zu,\"streams\":%zu,\"whole\":"
             "%zu,\"broken\":%zu,"
             "\"errors\":%zu,\"errors_to_connect\":%zu,\"last_error_status\":%d,\"unfinished\":%zu,"
             "\"events\":%lu,"
             "\"events_min\":%u,\"events_max\":%u,\"comments\":%lu,\"bytes\":%lu,\"merged\":%lu,"
             "\"stalls\":%zu,"
             "\"seconds\":%.3f,",
             s->target->name, s->slot_count, s->started, s->whole, s->broken, s->errors,
             s->errors_to_connect, s->last_status, s->running, (unsigned long)s->events,
             s->events_min, s->events_max, (unsigned long)s->comments, (unsigned long)s->bytes,
             (unsigned long)s->merged, s->stalls, (double)(s->end_ns - s->begin_ns) / 1e9);
    write_prints(s, out);
    figures_write(&s->first, "first_event", out);
    buf_add_char(out, ',');
    figures_write(&s->duration, "duration", out);
    buf_add_char(out, ',');
    figures_write(&s->gap, "gap", out);
    buf_add_char(out, '}');
}

static void prepare_slots(struct streams *s)
{
    s->slots = mem_alloc_array(s->slot_count, sizeof(*s->slots));
    for (size_t i = 0; i < s->slot_count; i++) {
        s->slots[i].fd = -1;
        s->slots[i].answer.on_body = on_body;
        s->slots[i].answer.ctx = &s->slots[i];
        events_init(&s->slots[i].events);
    }
}

status streams_run(const struct load *l, struct buf *out, struct err *e)
{
    struct streams s = {.load = l, .target = &l->targets[0], .slot_count = (size_t)l->connections};
    s.epoll = epoll_create1(EPOLL_CLOEXEC);
    if (s.epoll < 0)
        return err_set(e, ST_INTERNAL, "epoll: %s", strerror(errno));
    prepare_slots(&s);
    s.begin_ns = s.end_ns = now_ns();
    run(&s);
    write_streams(&s, out);
    for (size_t i = 0; i < s.slot_count; i++) {
        close_slot(&s.slots[i]);
        events_free(&s.slots[i].events);
    }
    close(s.epoll);
    mem_free(s.slots);
    figures_free(&s.first);
    figures_free(&s.duration);
    figures_free(&s.gap);
    return ST_OK;
}

/* Closed loop: each of N connections sends its next request when the answer to the last one is
 * whole. After the time is over nothing new is sent and what is under way is awaited, so that no
 * server has to clean up after us. */
#include "answer.h"
#include "base/mem.h"
#include "figures.h"
#include "load.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { EVENTS_AT_ONCE = 256, DRAIN_MS = 5000 };

struct client {
    int fd; /* -1: closed */
    int64_t sent_ns;
    struct answer answer;
};

struct closed {
    const struct target *target;
    struct client *clients;
    size_t count;
    int epoll;
    size_t waiting; /* requests under way */
    size_t in_time; /* answers before the time was over */
    size_t answers; /* all good ones */
    size_t errors;
    int last_status; /* of the last bad answer; 0: the connection broke */
    int64_t end_ns;
    struct figures latency;
};

static bool send_request(struct closed *c, struct client *k)
{
    answer_reset(&k->answer);
    k->sent_ns = now_ns();
    return net_send(k->fd, buf_view(&c->target->request));
}

static bool open_client(struct closed *c, struct client *k)
{
    k->fd = net_connect(c->target->port);
    struct epoll_event ev = {.events = EPOLLIN, .data.ptr = k};
    return k->fd >= 0 && net_make_nonblocking(k->fd) &&
           epoll_ctl(c->epoll, EPOLL_CTL_ADD, k->fd, &ev) == 0 && send_request(c, k);
}

/* The answer is not there or no good: counted, and the connection is given up. */
static void drop_client(struct closed *c, struct client *k)
{
    c->errors++;
    c->last_status = k->answer.status;
    c->waiting--;
    close(k->fd);
    k->fd = -1;
}

static void take_answer(struct closed *c, struct client *k, int64_t now)
{
    c->answers++;
    figures_add(&c->latency, now - k->sent_ns);
    if (now >= c->end_ns) {
        c->waiting--;
        return;
    }
    c->in_time++;
    if (!send_request(c, k))
        drop_client(c, k);
}

static void on_readable(struct closed *c, struct client *k)
{
    static char bytes[RECEIVE_BYTES]; /* one thread; not cleared on each call */
    if (k->fd < 0)
        return;
    ssize_t n = recv(k->fd, bytes, sizeof(bytes), 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0)
        return drop_client(c, k);
    answer_feed(&k->answer, (str){bytes, (size_t)n});
    if (answer_is_good(&k->answer))
        take_answer(c, k, now_ns());
    else if (k->answer.state == ANSWER_DONE || k->answer.state == ANSWER_BROKEN)
        drop_client(c, k);
}

static void run_until(struct closed *c, int64_t give_up_ns)
{
    struct epoll_event events[EVENTS_AT_ONCE];
    while (c->waiting > 0 && now_ns() < give_up_ns) {
        int n = epoll_wait(c->epoll, events, EVENTS_AT_ONCE, 100);
        for (int i = 0; i < n; i++)
            on_readable(c, events[i].data.ptr);
    }
}

static status open_clients(struct closed *c, struct err *e)
{
    for (size_t i = 0; i < c->count; i++)
        c->clients[i].fd = -1;
    for (size_t i = 0; i < c->count; i++) {
        if (!open_client(c, &c->clients[i]))
            return err_set(e, ST_UNAVAILABLE, "cannot connect to %s: %s", c->target->name,
                           strerror(errno));
        c->waiting++;
    }
    return ST_OK;
}

static void write_closed(struct closed *c, int64_t duration_ms, struct buf *out)
{
    buf_addf(out,
             "{\"mode\":\"closed\",\"target\":\"%s\",\"connections\":%zu,\"requests\":%zu,"
             "\"errors\":%zu,"
             "\"last_error_status\":%d,\"unfinished\":%zu,\"per_second\":%.1f,",
             c->target->name, c->count, c->answers, c->errors, c->last_status, c->waiting,
             (double)c->in_time * 1000.0 / (double)duration_ms);
    figures_write(&c->latency, "latency", out);
    buf_add_char(out, '}');
}

status closed_run(const struct load *l, struct buf *out, struct err *e)
{
    struct closed c = {.target = &l->targets[0], .count = (size_t)l->connections};
    c.clients = mem_alloc_array(c.count, sizeof(*c.clients));
    c.epoll = epoll_create1(EPOLL_CLOEXEC);
    c.end_ns = now_ns() + l->duration_ms * 1000000;
    status st = open_clients(&c, e);
    if (st == ST_OK) {
        run_until(&c, c.end_ns + DRAIN_MS * INT64_C(1000000));
        write_closed(&c, l->duration_ms, out);
    }
    for (size_t i = 0; i < c.count; i++)
        if (c.clients[i].fd >= 0)
            close(c.clients[i].fd);
    close(c.epoll);
    mem_free(c.clients);
    figures_free(&c.latency);
    return st;
}

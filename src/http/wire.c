/* Bytes between socket and connection, plain or TLS.
 *
 * The socket is watched edge-triggered, with one epoll_ctl in its whole life: an event says that
 * something changed, and is_readable / is_writable remember it until a call says EAGAIN. That is
 * why this is not a bufferevent: those arm and disarm writing around every answer (two epoll_ctl
 * and an epoll_wait more a request), and cannot notice a hang-up behind bytes they were told not to
 * read, while an edge-triggered EPOLLRDHUP arrives at once and once. */
#include "http/internal.h"
#include "base/clock.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

enum { PIECES = 16 };

/* ---- reading ---- */

static ssize_t receive(struct conn *c, void *dst, size_t n)
{
    if (c->tls != NULL)
        return tls_read(c->tls, dst, n);
    ssize_t got;
    do
        got = recv(c->fd, dst, n, 0);
    while (got < 0 && errno == EINTR);
    return got;
}

enum fill wire_fill(struct conn *c, void *dst, size_t n, size_t *got_out)
{
    CHECK(n > 0);
    if (!c->is_readable)
        return FILL_NOTHING;
    ssize_t got = receive(c, dst, n);
    if (got == 0) {
        c->has_fin = true;
        return FILL_END;
    }
    if (got < 0) {
        if (errno != EAGAIN)
            return FILL_ERROR;
        c->is_readable = false;
        return FILL_NOTHING;
    }
    /* A short read emptied the socket: the next byte raises a new event. Not so when the end has
     * been announced already (that event is behind us), nor with TLS, which has a buffer of its
     * own. */
    if ((size_t)got < n && c->tls == NULL && !c->has_fin)
        c->is_readable = false;
    *got_out = (size_t)got;
    return FILL_BYTES;
}

bool wire_has_reset(const struct conn *c)
{
    struct pollfd p = {.fd = c->fd, .events = POLLRDHUP};
    return poll(&p, 1, 0) > 0 && (p.revents & (POLLERR | POLLHUP)) != 0;
}

/* ---- writing ---- */

static ssize_t send_some(struct conn *c)
{
    struct iovec pieces[PIECES];
    int count = out_pieces(&c->out, pieces, c->tls != NULL ? 1 : PIECES);
    if (c->tls != NULL)
        return tls_write(c->tls, pieces[0].iov_base, pieces[0].iov_len);
    struct msghdr message = {.msg_iov = pieces, .msg_iovlen = (size_t)count};
    ssize_t sent;
    do
        sent = sendmsg(c->fd, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}

/* The application may be the caller, with its request in hand: it learns of the end from the loop.
 */
static void break_off(struct conn *c)
{
    c->is_broken = true;
    out_clear(&c->out);
    event_active(&c->event, EV_TIMEOUT, 0);
}

static void start_write_deadline(struct conn *c)
{
    c->write_deadline_us = clock_mono_us() + c->lane->server->limits.write_timeout_ms * 1000;
    if (ioctl(c->fd, SIOCOUTQ, &c->unsent) != 0)
        c->unsent = 0;
}

void wire_flush(struct conn *c)
{
    bool has_moved = false;
    while (c->out.bytes != 0 && c->is_writable) {
        ssize_t sent = send_some(c);
        if (sent >= 0) {
            out_consume(&c->out, (size_t)sent);
            has_moved = true;
        } else if (errno == EAGAIN) {
            c->is_writable = false;
        } else {
            break_off(c);
        }
    }
    if (c->out.bytes == 0)
        c->write_deadline_us = INT64_MAX;
    else if (has_moved || c->write_deadline_us == INT64_MAX)
        start_write_deadline(c);
}

/* The socket says writable only when a third of its buffer is free, which a slow reader may need
 * minutes for: what the kernel still holds tells whether anything was taken. */
bool wire_was_taken(struct conn *c)
{
    int before = c->unsent;
    start_write_deadline(c);
    return c->unsent < before;
}

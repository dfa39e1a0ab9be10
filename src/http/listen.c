/* Listening sockets, one per loop. The first binds plainly, so a taken port fails; only then does
 * it get SO_REUSEPORT, with which the others join it. (With SO_REUSEPORT from the start two servers
 * would share a port silently.) */
#include "http/internal.h"
#include "base/log.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <unistd.h>

enum {
    BACKLOG = 1024,
    ACCEPTS_A_TURN = 64,
    REFUSING_MAX = 64, /* connections of one loop over the limit that get an answer at a time */
};

/* ---- binding ---- */

static status resolve(const struct http_conf *conf, struct addrinfo **out, struct err *e)
{
    char host[256], port[8];
    if (!str_copy_z(conf->host, host, sizeof host))
        return err_set(e, ST_BAD_REQUEST, "The host name to listen on is too long");
    snprintf(port, sizeof port, "%u", conf->port);
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    int failure = getaddrinfo(host[0] != '\0' ? host : NULL, port, &hints, out);
    if (failure != 0)
        return err_set(e, ST_BAD_REQUEST, "Cannot listen on '%s': %s", host, gai_strerror(failure));
    return ST_OK;
}

static status bind_failure(const struct http_conf *conf, int reason, struct err *e)
{
    if (reason == EADDRINUSE)
        return err_set(e, ST_CONFLICT, "Port %u on %.*s is already in use by another program",
                       conf->port, STR_ARG(conf->host));
    if (reason == EACCES)
        return err_set(e, ST_FORBIDDEN, "Port %u on %.*s may not be used by this user", conf->port,
                       STR_ARG(conf->host));
    return err_set(e, ST_UNAVAILABLE, "Cannot listen on %.*s port %u: %s", STR_ARG(conf->host),
                   conf->port, strerror(reason));
}

static bool set_option(int fd, int level, int name, int value)
{
    return setsockopt(fd, level, name, &value, sizeof value) == 0;
}

/* -1 with errno. */
static int open_listener(const struct sockaddr *address, socklen_t address_n, bool joins)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    bool is_set = set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (address->sa_family == AF_INET6)
        is_set &= set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
    if (joins)
        is_set &= set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (is_set && bind(fd, address, address_n) == 0 &&
        (joins || set_option(fd, SOL_SOCKET, SO_REUSEPORT, 1)) && listen(fd, BACKLOG) == 0)
        return fd;
    int reason = errno;
    close(fd);
    errno = reason;
    return -1;
}

static uint16_t port_of(const struct sockaddr_storage *bound)
{
    const void *p = bound;
    if (bound->ss_family == AF_INET6)
        return ntohs(((const struct sockaddr_in6 *)p)->sin6_port);
    return ntohs(((const struct sockaddr_in *)p)->sin_port);
}

static status listen_first(struct http_server *s, const struct addrinfo *where, struct err *e)
{
    s->lanes[0].listen_fd = open_listener(where->ai_addr, where->ai_addrlen, false);
    return s->lanes[0].listen_fd >= 0 ? ST_OK : bind_failure(&s->conf, errno, e);
}

/* The others bind to what the first got: with port 0 the kernel chose. */
static status listen_others(struct http_server *s, struct err *e)
{
    struct sockaddr_storage bound;
    socklen_t bound_n = sizeof bound;
    CHECK(getsockname(s->lanes[0].listen_fd, (struct sockaddr *)&bound, &bound_n) == 0);
    s->port = port_of(&bound);
    for (size_t i = 1; i < s->lane_count; i++) {
        s->lanes[i].listen_fd = open_listener((struct sockaddr *)&bound, bound_n, true);
        if (s->lanes[i].listen_fd < 0)
            return bind_failure(&s->conf, errno, e);
    }
    return ST_OK;
}

status listen_all(struct http_server *s, struct err *e)
{
    struct addrinfo *where;
    status st = resolve(&s->conf, &where, e);
    if (st != ST_OK)
        return st;
    st = listen_first(s, where, e);
    freeaddrinfo(where);
    return st == ST_OK ? listen_others(s, e) : st;
}

/* ---- accepting ---- */

static bool enter(struct http_server *s, const struct address *peer)
{
    if (atomic_fetch_add(&s->connections, 1) >= s->limits.max_connections) {
        atomic_fetch_sub(&s->connections, 1);
        return false;
    }
    struct address key = address_count_key(peer);
    if (address_set_has(&s->trusted, peer) ||
        tally_enter(&s->tally, &key, s->limits.max_per_address))
        return true;
    atomic_fetch_sub(&s->connections, 1);
    return false;
}

static void welcome(struct lane *lane, int fd, const struct sockaddr *sa)
{
    struct address peer = address_of_peer(sa);
    bool may_enter = enter(lane->server, &peer);
    if (!may_enter && lane->refusing >= REFUSING_MAX) {
        close(fd);
        return;
    }
    if (!may_enter)
        lane->refusing++;
    conn_new(lane, fd, &peer, !may_enter);
}

/* Out of descriptors: the listener rests until the sweep, else it would wake us all the time. */
static void pause_accepting(struct lane *lane)
{
    log_warn("cannot accept connections", LF_Z("reason", strerror(errno)));
    event_del(lane->accept_event);
    lane->is_accept_paused = true;
    lane_keep_sweeping(lane);
}

static void on_accept(evutil_socket_t listen_fd, short what, void *arg)
{
    struct lane *lane = arg;
    for (unsigned i = 0; i < ACCEPTS_A_TURN; i++) {
        struct sockaddr_storage peer;
        socklen_t peer_n = sizeof peer;
        int fd =
            accept4(listen_fd, (struct sockaddr *)&peer, &peer_n, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0) {
            welcome(lane, fd, (struct sockaddr *)&peer);
            continue;
        }
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM)
            pause_accepting(lane);
        if (errno != ECONNABORTED && errno != EINTR)
            return;
    }
}

void listen_start(struct lane *lane)
{
    if (lane->listen_fd < 0)
        return;
    if (lane->accept_event == NULL)
        lane->accept_event = event_new(loop_base(lane->loop), lane->listen_fd, EV_READ | EV_PERSIST,
                                       on_accept, lane);
    CHECK(lane->accept_event != NULL && event_add(lane->accept_event, NULL) == 0);
    lane->is_accept_paused = false;
}

void listen_stop(struct lane *lane)
{
    if (lane->accept_event != NULL)
        event_free(MAI_TAKE(lane->accept_event));
    if (lane->listen_fd >= 0)
        close(lane->listen_fd);
    lane->listen_fd = -1;
    lane->is_accept_paused = false;
}

/* libcurl's multi-socket interface on the loop's event base; see upstream_private.h. Loop thread
 * only.
 *
 * libcurl says which sockets it wants watched and when it wants to be called; the events call it
 * back. Nothing that libcurl forbids inside its callbacks is done there: it is marked on the
 * call, and the kick event does it once libcurl has returned. */
#include "base/mem.h"
#include "openrouter/upstream_private.h"

#include <sys/socket.h>
#include <unistd.h>

/* ---- calling libcurl ---- */

static void act(struct upstream *u, curl_socket_t fd, int what)
{
    int running;
    u->depth++;
    CHECK(curl_multi_socket_action(u->multi, fd, what, &running) == CURLM_OK);
    u->depth--;
    upstream_collect(u);
}

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    act(arg, CURL_SOCKET_TIMEOUT, 0);
}

static void on_kick(evutil_socket_t fd, short what, void *arg)
{
    struct upstream *u = arg;
    upstream_run_marked(u);
    upstream_collect(u);
}

void upstream_kick(struct upstream *u)
{
    event_active(&u->kick, EV_TIMEOUT, 0);
}

/* ---- sockets ---- */

static void unregister(struct upstream_socket *s)
{
    if (s->registered != 0)
        event_del(&s->event);
    s->registered = 0;
}

static void on_socket(evutil_socket_t fd, short what, void *arg)
{
    struct upstream_socket *s = arg;
    short known = what & s->wanted;
    if (known ==
        0) { /* an idle connection was closed by the other side, or a paused one has bytes */
        unregister(s);
        return;
    }
    act(s->upstream, fd,
        ((known & EV_READ) != 0 ? CURL_CSELECT_IN : 0) |
            ((known & EV_WRITE) != 0 ? CURL_CSELECT_OUT : 0));
}

static struct upstream_socket *socket_of(struct upstream *u, curl_socket_t fd)
{
    size_t at = (size_t)fd;
    if (at >= u->socket_cap) {
        size_t cap = u->socket_cap != 0 ? u->socket_cap : 64;
        while (cap <= at)
            cap *= 2;
        u->sockets = mem_resize(u->sockets, cap * sizeof(struct upstream_socket *));
        memset(u->sockets + u->socket_cap, 0, (cap - u->socket_cap) * sizeof *u->sockets);
        u->socket_cap = cap;
    }
    if (u->sockets[at] == NULL) {
        u->sockets[at] = NEW(struct upstream_socket);
        u->sockets[at]->upstream = u;
    }
    return u->sockets[at];
}

static short events_of(int what)
{
    return (short)((what == CURL_POLL_IN || what == CURL_POLL_INOUT ? EV_READ : 0) |
                   (what == CURL_POLL_OUT || what == CURL_POLL_INOUT ? EV_WRITE : 0));
}

static void watch(struct upstream *u, curl_socket_t fd, struct upstream_socket *s)
{
    if (s->registered == s->wanted)
        return;
    unregister(s);
    event_assign(&s->event, loop_base(u->loop), fd, (short)(s->wanted | EV_PERSIST), on_socket, s);
    CHECK(event_add(&s->event, NULL) == 0);
    s->registered = s->wanted;
}

/* CURLMOPT_SOCKETFUNCTION */
static int on_watch(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket_arg)
{
    struct upstream *u = arg;
    struct upstream_socket *s = socket_of(u, fd);
    s->wanted = what == CURL_POLL_REMOVE ? 0 : events_of(what);
    if (s->wanted != 0)
        watch(u, fd, s);
    else if (!s->is_ours || s->registered != EV_READ)
        unregister(
            s); /* the resolver closes its own sockets without a word; and writable is always */
    return 0;
}

curl_socket_t upstream_open_socket(struct upstream *u, const struct curl_sockaddr *a)
{
    int fd = socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
    if (fd < 0)
        return CURL_SOCKET_BAD;
    struct upstream_socket *s = socket_of(u, fd);
    unregister(s);
    s->wanted = 0;
    s->is_ours = true;
    return fd;
}

int upstream_close_socket(void *arg, curl_socket_t fd)
{
    struct upstream_socket *s = socket_of(arg, fd);
    unregister(s);
    s->wanted = 0;
    s->is_ours = false;
    return close(fd);
}

/* ---- timer ---- */

/* CURLMOPT_TIMERFUNCTION. "At once" goes out in this turn of the loop when a call starts; asked
 * for by libcurl itself it waits for the next turn, so that one fast stream cannot keep the
 * others from the loop. */
static int on_timeout_change(CURLM *multi, long after_ms, void *arg)
{
    struct upstream *u = arg;
    struct timeval tv = {.tv_sec = after_ms / 1000, .tv_usec = (after_ms % 1000) * 1000};
    if (after_ms < 0)
        event_del(&u->timer);
    else if (after_ms == 0 && u->depth == 0)
        event_active(&u->timer, EV_TIMEOUT, 0);
    else
        CHECK(event_add(&u->timer, &tv) == 0);
    return 0;
}

/* ---- life ---- */

#define MULTI_SET(u, option, value)                                                                \
    CHECK(curl_multi_setopt((u)->multi, (option), (value)) == CURLM_OK)

void upstream_bind(struct upstream *u)
{
    enum { IDLE_MAX = 1024 };
    bool is_small = u->max_connections != 0 && u->max_connections < IDLE_MAX;
    easy_global_init();
    u->multi = curl_multi_init();
    u->share = curl_share_init();
    CHECK(u->multi != NULL && u->share != NULL);
    CHECK(curl_share_setopt(u->share, CURLSHOPT_SHARE, CURL_LOCK_DATA_SSL_SESSION) == CURLSHE_OK);
    MULTI_SET(u, CURLMOPT_SOCKETFUNCTION, on_watch);
    MULTI_SET(u, CURLMOPT_SOCKETDATA, u);
    MULTI_SET(u, CURLMOPT_TIMERFUNCTION, on_timeout_change);
    MULTI_SET(u, CURLMOPT_TIMERDATA, u);
    MULTI_SET(u, CURLMOPT_PIPELINING, (long)CURLPIPE_NOTHING);
    MULTI_SET(u, CURLMOPT_MAXCONNECTS, (long)(is_small ? u->max_connections : IDLE_MAX));
    event_assign(&u->timer, loop_base(u->loop), -1, 0, on_timer, u);
    event_assign(&u->kick, loop_base(u->loop), -1, 0, on_kick, u);
}

/* After the last easy handle is gone. */
void upstream_unbind(struct upstream *u)
{
    CHECK(curl_multi_cleanup(u->multi) == CURLM_OK);
    CHECK(curl_share_cleanup(u->share) == CURLSHE_OK);
    event_del(&u->timer);
    event_del(&u->kick);
    for (size_t i = 0; i < u->socket_cap; i++) {
        if (u->sockets[i] == NULL)
            continue;
        unregister(u->sockets[i]);
        mem_free(u->sockets[i]);
    }
    mem_free(u->sockets);
}

/* Scripted TCP server; see peer.h. */
#include "peer.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static void *run(void *arg)
{
    struct peer *p = arg;
    p->script(p);
    return NULL;
}

void peer_start(struct peer *p, void (*script)(struct peer *p), const void *ctx)
{
    *p = (struct peer){.script = script, .ctx = ctx};
    buf_init(&p->last, 8 << 20);
    CHECK(pthread_mutex_init(&p->lock, NULL) == 0);
    struct sockaddr_in sa = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof sa;
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    CHECK(p->listener >= 0);
    CHECK(bind(p->listener, (const struct sockaddr *)(const void *)&sa, sizeof sa) == 0);
    CHECK(listen(p->listener, 64) == 0);
    CHECK(getsockname(p->listener, (struct sockaddr *)(void *)&sa, &n) == 0);
    p->port = ntohs(sa.sin_port);
    snprintf(p->base, sizeof p->base, "http://127.0.0.1:%d/api/v1", p->port);
    CHECK(pthread_create(&p->thread, NULL, run, p) == 0);
}

/* Swaps the number in the list of open connections. */
static void replace_fd(struct peer *p, int from, int to)
{
    pthread_mutex_lock(&p->lock);
    for (size_t i = 0; i < COUNT_OF(p->fds); i++)
        if (p->fds[i] == from) {
            p->fds[i] = to;
            break;
        }
    pthread_mutex_unlock(&p->lock);
}

void peer_join(struct peer *p)
{
    if (!p->is_joined)
        CHECK(pthread_join(p->thread, NULL) == 0);
    p->is_joined = true;
}

void peer_stop(struct peer *p)
{
    pthread_mutex_lock(&p->lock);
    shutdown(p->listener, SHUT_RDWR);
    for (size_t i = 0; i < COUNT_OF(p->fds); i++)
        if (p->fds[i] != 0)
            shutdown(p->fds[i], SHUT_RDWR);
    pthread_mutex_unlock(&p->lock);
    peer_join(p);
    for (size_t i = 0; i < COUNT_OF(p->fds); i++)
        if (p->fds[i] != 0)
            close(p->fds[i]);
    close(p->listener);
}

void peer_free(struct peer *p)
{
    buf_free(&p->last);
}

int peer_accept(struct peer *p)
{
    int fd = accept4(p->listener, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return -1;
    struct timeval wait = {.tv_sec = PEER_WAIT_MS / 1000};
    CHECK(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait) == 0);
    atomic_fetch_add(&p->connections, 1);
    replace_fd(p, 0, fd);
    return fd;
}

static size_t body_bytes(str head)
{
    static const str name = STR_INIT("\r\ncontent-length: ");
    for (size_t i = 0; i < head.n; i++)
        if (str_starts_nocase(str_from(head, i), name)) {
            uint64_t n = 0;
            str rest = str_from(head, i + name.n);
            CHECK(str_to_u64(str_sub(rest, 0, str_find_char(rest, '\r')), &n) == ST_OK);
            return n;
        }
    return 0;
}

static bool is_whole(str got)
{
    size_t head = str_find(got, STR("\r\n\r\n"));
    return head < got.n && got.n - head - 4 >= body_bytes(str_sub(got, 0, head));
}

bool peer_read(struct peer *p, int fd)
{
    struct buf got;
    buf_init(&got, p->last.max);
    while (!is_whole(buf_view(&got))) {
        char *at = buf_reserve(&got, 65536);
        CHECK(at != NULL);
        ssize_t n = recv(fd, at, 65536, 0);
        if (n <= 0) {
            buf_free(&got);
            return false;
        }
        buf_grow_by(&got, (size_t)n);
    }
    buf_free(&p->last);
    p->last = got;
    atomic_fetch_add(&p->requests, 1);
    return true;
}

void peer_write_n(int fd, const char *bytes, size_t n)
{
    while (n != 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return;
        bytes += sent;
        n -= (size_t)sent;
    }
}

void peer_write(int fd, const char *text)
{
    peer_write_n(fd, text, strlen(text));
}

void peer_answer(int fd, int code, const char *headers, const char *body)
{
    char head[1024];
    int n = snprintf(head, sizeof head, "HTTP/1.1 %d X\r\nContent-Length: %zu\r\n%s\r\n", code,
                     strlen(body), headers);
    CHECK(n > 0 && (size_t)n < sizeof head);
    peer_write(fd, head);
    peer_write(fd, body);
}

void peer_reset(struct peer *p, int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    peer_close(p, fd);
}

void peer_close(struct peer *p, int fd)
{
    replace_fd(p, fd, 0);
    close(fd);
}

int peer_wait_any(struct peer *p)
{
    struct pollfd at[COUNT_OF(p->fds) + 1] = {{.fd = p->listener, .events = POLLIN}};
    nfds_t n = 1;
    for (size_t i = 0; i < COUNT_OF(p->fds); i++)
        if (p->fds[i] != 0)
            at[n++] = (struct pollfd){.fd = p->fds[i], .events = POLLIN};
    CHECK(poll(at, n, -1) > 0);
    for (nfds_t i = n - 1; i > 0; i--)
        if (at[i].revents != 0)
            return at[i].fd;
    return (at[0].revents & POLLHUP) != 0 ? -1 : p->listener;
}

bool peer_wait_gone(int fd)
{
    char bytes[4096];
    struct pollfd at = {.fd = fd, .events = POLLIN | POLLRDHUP};
    for (;;) {
        if (poll(&at, 1, PEER_WAIT_MS) <= 0)
            return false;
        if (recv(fd, bytes, sizeof bytes, 0) <= 0)
            return true;
    }
}

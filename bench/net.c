/* See net.h. */
#include "net.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_MAX = 16 * 1024 * 1024 };

static status read_file(str path, struct buf *out, struct err *e)
{
    char path_z[1024];
    if (!str_copy_z(path, path_z, sizeof(path_z)))
        return err_set(e, ST_BAD_REQUEST, "the name of a request file is too long");
    FILE *f = fopen(path_z, "rbe");
    if (f == NULL)
        return err_set(e, ST_NOT_FOUND, "cannot open %s: %s", path_z, strerror(errno));
    size_t n;
    do {
        char *room = buf_reserve(out, 64 * 1024);
        n = room != NULL ? fread(room, 1, 64 * 1024, f) : 0;
        buf_grow_by(out, n);
    } while (n > 0);
    fclose(f);
    return out->n > 0 && !out->is_full
               ? ST_OK
               : err_set(e, ST_BAD_REQUEST, "%s is empty or too big", path_z);
}

status target_parse(str text, struct target *out, struct err *e)
{
    str rest = text, name, port;
    int64_t number;
    if (!str_split(&rest, ':', &name) || !str_split(&rest, ':', &port) || rest.n == 0 ||
        !str_copy_z(name, out->name, sizeof(out->name)) || str_to_i64(port, &number) != ST_OK ||
        number < 1 || number > UINT16_MAX)
        return err_set(e, ST_BAD_REQUEST, "a target is NAME:PORT:FILE, not %.*s", STR_ARG(text));
    out->port = (uint16_t)number;
    buf_init(&out->request, REQUEST_MAX);
    return read_file(rest, &out->request, e);
}

void target_free(struct target *t)
{
    buf_free(&t->request);
}

int net_connect(uint16_t port)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1;
    if (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)) != 0) {
        close(fd);
        return -1;
    }
    return fd;
}

bool net_make_nonblocking(int fd)
{
    return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK) == 0;
}

bool net_send(int fd, str bytes)
{
    while (bytes.n > 0) {
        ssize_t n = send(fd, bytes.p, bytes.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        bytes = str_from(bytes, (size_t)n);
    }
    return true;
}

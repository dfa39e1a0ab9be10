/* The socket in the data folder; see wire.h. A socket's address holds about 100 bytes, a folder's path may be longer:
 * then the folder is opened and reached through /proc/self/fd. */
#include "cli/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 16, PATH_CAP = 4352 };
#define SOCKET_NAME "mai.sock"

/* An address and what must stay open while it is used. */
struct place {
    struct sockaddr_un address;
    int folder_fd;
};

static status place_find(str data_dir, struct place *out)
{
    char folder[PATH_CAP];
    *out = (struct place){.address.sun_family = AF_UNIX, .folder_fd = -1};
    size_t cap = sizeof out->address.sun_path;
    if (data_dir.n == 0 || !str_copy_z(data_dir, folder, sizeof folder))
        return ST_UNPROCESSABLE;
    if (data_dir.n + sizeof "/" SOCKET_NAME <= cap) {
        memcpy(out->address.sun_path, folder, data_dir.n);
        memcpy(out->address.sun_path + data_dir.n, "/" SOCKET_NAME, sizeof "/" SOCKET_NAME);
        return ST_OK;
    }
    out->folder_fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (out->folder_fd < 0)
        return ST_NOT_FOUND;
    snprintf(out->address.sun_path, cap, "/proc/self/fd/%d/" SOCKET_NAME, out->folder_fd);
    return ST_OK;
}

static void place_free(struct place *p)
{
    if (p->folder_fd >= 0)
        close(p->folder_fd);
}

status wire_connect(str data_dir, int *fd_out)
{
    struct place p MAI_AUTO(place_free);
    status st = place_find(data_dir, &p);
    if (st != ST_OK)
        return ST_NOT_FOUND;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ST_UNAVAILABLE;
    if (connect(fd, (struct sockaddr *)&p.address, sizeof p.address) == 0) {
        *fd_out = fd;
        return ST_OK;
    }
    int reason = errno;
    close(fd);
    errno = reason;
    return reason == EACCES || reason == EPERM ? ST_FORBIDDEN : ST_NOT_FOUND;
}

/* The mode of an unbound socket becomes its file's, so nobody else can open it at any moment and the process's umask
 * is left alone. */
static status bind_privately(int fd, const struct place *p)
{
    if (fchmod(fd, 0600) != 0)
        return ST_STORAGE;
    if (bind(fd, (const struct sockaddr *)&p->address, sizeof p->address) != 0)
        return ST_STORAGE;
    return listen(fd, BACKLOG) == 0 ? ST_OK : ST_STORAGE;
}

status wire_listen(str data_dir, int *fd_out, struct err *e)
{
    struct place p MAI_AUTO(place_free);
    status st = place_find(data_dir, &p);
    if (st != ST_OK)
        return err_set(e, st, "The data folder %.*s cannot be used", STR_ARG(data_dir));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return err_set(e, ST_UNAVAILABLE, "No socket can be made: %m");
    (void)unlink(p.address.sun_path); /* the folder's lock is ours: whoever made it is gone */
    st = bind_privately(fd, &p);
    if (st != ST_OK) {
        err_set(e, st, "The socket %.*s/" SOCKET_NAME " cannot be made: %m", STR_ARG(data_dir));
        close(fd);
        return st;
    }
    *fd_out = fd;
    return ST_OK;
}

void wire_unlink(str data_dir)
{
    struct place p MAI_AUTO(place_free);
    if (place_find(data_dir, &p) == ST_OK)
        (void)unlink(p.address.sun_path);
}

bool wire_peer_is_trusted(int fd)
{
    struct ucred peer;
    socklen_t n = sizeof peer;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &n) != 0 || n != sizeof peer)
        return false;
    return peer.uid == geteuid() || peer.uid == 0;
}

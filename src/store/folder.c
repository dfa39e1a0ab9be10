/* The data folder and its lock; see folder.h. The lock is flock() on DATA_DIR/lock: it ends with
 * the process, however that ends, and the file says which process has it. */
#include "store/folder.h"
#include "base/buf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

status storage_status(int reason)
{
    return reason == ENOSPC || reason == EDQUOT ? ST_STORAGE_FULL : ST_STORAGE;
}

static bool make_one(const char *path)
{
    return mkdir(path, 0700) == 0 || errno == EEXIST;
}

static bool make_parents(const char *path)
{
    char part[STORE_PATH_CAP];
    CHECK(str_copy_z(str_c(path), part, sizeof part));
    for (char *at = part + 1; *at != '\0'; at++) {
        if (*at != '/')
            continue;
        *at = '\0';
        bool is_made = make_one(part);
        *at = '/';
        if (!is_made && errno != EROFS && errno != EACCES) /* may still exist further down */
            return false;
    }
    return true;
}

static status make_folder(const char *path, struct err *e)
{
    struct stat s;
    if (!make_parents(path) || !make_one(path))
        return err_set(e, storage_status(errno), "The data folder %s cannot be made: %m", path);
    if (stat(path, &s) != 0)
        return err_set(e, ST_STORAGE, "The data folder %s cannot be used: %m", path);
    if (!S_ISDIR(s.st_mode))
        return err_set(e, ST_STORAGE, "The data folder %s is not a folder", path);
    if (access(path, R_OK | W_OK | X_OK) != 0)
        return err_set(e, ST_STORAGE, "The data folder %s cannot be written: %m", path);
    return ST_OK;
}

static long holder_of(int fd)
{
    char text[32] = "";
    long pid = 0;
    ssize_t n = pread(fd, text, sizeof text - 1, 0);
    int64_t number;
    if (n > 0 && str_to_i64(str_trim((str){text, (size_t)n}), &number) == ST_OK)
        pid = (long)number;
    return pid;
}

static bool write_holder(int fd)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    return ftruncate(fd, 0) == 0 && pwrite(fd, text, (size_t)n, 0) == n;
}

static status lock_taken(const char *folder, int fd, struct err *e)
{
    long pid = holder_of(fd);
    if (pid > 0)
        return err_set(e, ST_CONFLICT, "The data folder %s is in use by another mAI (process %ld)",
                       folder, pid);
    return err_set(e, ST_CONFLICT, "The data folder %s is in use by another mAI", folder);
}

static status take_lock(struct place *p, struct err *e)
{
    char path[STORE_PATH_CAP + 16];
    snprintf(path, sizeof path, "%s/lock", p->folder);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_set(e, storage_status(errno), "The lock %s cannot be made: %m", path);
    status st = ST_OK;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0)
        st = errno == EWOULDBLOCK ? lock_taken(p->folder, fd, e)
                                  : err_set(e, ST_STORAGE, "%s cannot be locked: %m", path);
    else if (!write_holder(fd))
        st = err_set(e, storage_status(errno), "The data folder %s cannot be written: %m",
                     p->folder);
    if (st != ST_OK)
        close(fd);
    else
        p->lock_fd = fd;
    return st;
}

static status find_database(str url, struct place *p, struct err *e)
{
    str prefix = STR("sqlite:///");
    if (url.n == 0) {
        snprintf(p->database, sizeof p->database, "%s/mai.db", p->folder);
        return ST_OK;
    }
    if (!str_starts(url, prefix))
        return err_set(e, ST_UNPROCESSABLE, "DATABASE_URL: only sqlite:///path is supported");
    str path = str_from(url, prefix.n);
    if (path.n == 0 || !str_is_text(path, false) || !str_copy_z(path, p->database, STORE_PATH_CAP))
        return err_set(e, ST_UNPROCESSABLE, "DATABASE_URL: the path is not acceptable");
    return ST_OK;
}

status place_open(const struct store_conf *conf, struct place *out, struct err *e)
{
    *out = (struct place){.lock_fd = -1};
    str folder = conf->data_dir;
    while (folder.n > 1 && folder.p[folder.n - 1] == '/')
        folder.n--;
    if (folder.n == 0 || !str_copy_z(folder, out->folder, sizeof out->folder - 1))
        return err_set(e, ST_UNPROCESSABLE, "The path of the data folder is empty or too long");
    CHECK(str_copy_z(conf->vfs, out->vfs, sizeof out->vfs));
    status st = find_database(conf->database_url, out, e);
    if (st == ST_OK)
        st = make_folder(out->folder, e);
    return st == ST_OK ? take_lock(out, e) : st;
}

void place_close(struct place *p)
{
    if (p->lock_fd < 0)
        return;
    int ignored = ftruncate(p->lock_fd, 0);
    (void)ignored; /* only the words for the next one */
    close(p->lock_fd);
    p->lock_fd = -1;
}

status folder_sync_of(const char *path)
{
    char folder[STORE_PATH_CAP + 32];
    if (!str_copy_z(str_c(path), folder, sizeof folder))
        return ST_STORAGE;
    char *slash = strrchr(folder, '/');
    if (slash == NULL)
        str_copy_z(STR("."), folder, sizeof folder);
    else
        slash[slash == folder ? 1 : 0] = '\0';
    return file_sync(folder);
}

status file_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return storage_status(errno);
    status st = fsync(fd) == 0 ? ST_OK : storage_status(errno);
    close(fd);
    return st;
}

status file_move(const char *from, const char *to)
{
    if (rename(from, to) != 0)
        return storage_status(errno);
    return folder_sync_of(to);
}

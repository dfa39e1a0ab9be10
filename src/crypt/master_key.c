/* The master key; see crypt.h. From a given secret by Argon2id (a person may have chosen a weak
 * one), else from the file `master.key`: written whole under another name, synced, then linked to
 * its own, so that it is either there in full or not at all, and the first of two makers wins. */
#include "crypt/crypt.h"
#include "base/id.h"
#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_CAP = 4200, OPS = 2, MEMORY_BYTES = 19 * 1024 * 1024 };

static status key_from_secret(str secret, struct master_key *out, struct err *e)
{
    static const unsigned char salt[crypto_pwhash_SALTBYTES + 1] = "mai.master-key.1";
    struct master_key key;
    if (crypto_pwhash(key.bytes, sizeof key.bytes, secret.p, secret.n, salt, OPS, MEMORY_BYTES,
                      crypto_pwhash_ALG_ARGON2ID13) != 0)
        return err_set(e, ST_UNAVAILABLE, "There is not enough memory to derive the master key");
    *out = key;
    sodium_memzero(&key, sizeof key);
    return ST_OK;
}

static ssize_t read_whole(int fd, unsigned char *dst, size_t cap)
{
    size_t n = 0;
    while (n < cap) {
        ssize_t got = read(fd, dst + n, cap - n);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        if (got == 0)
            break;
        n += (size_t)got;
    }
    return (ssize_t)n;
}

static void warn_when_open_to_others(int fd, const char *path)
{
    struct stat s;
    if (fstat(fd, &s) == 0 && (s.st_mode & 077) != 0)
        log_warn("master key file can be read by others", LF_Z("path", path));
}

/* ST_NOT_FOUND when there is no file. */
static status read_key(const char *path, struct master_key *out, struct err *e)
{
    unsigned char bytes[sizeof out->bytes + 1];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return ST_NOT_FOUND;
    if (fd < 0)
        return err_set(e, ST_STORAGE, "The master key %s cannot be read: %m", path);
    warn_when_open_to_others(fd, path);
    ssize_t n = read_whole(fd, bytes, sizeof bytes);
    int reason = errno;
    close(fd);
    errno = reason;
    if (n < 0)
        return err_set(e, ST_STORAGE, "The master key %s cannot be read: %m", path);
    if (n != (ssize_t)sizeof out->bytes)
        return err_set(e, ST_STORAGE,
                       "The master key %s must be exactly %zu bytes long; put back the right file",
                       path, sizeof out->bytes);
    memcpy(out->bytes, bytes, sizeof out->bytes);
    sodium_memzero(bytes, sizeof bytes);
    return ST_OK;
}

static bool write_synced(const char *path, const unsigned char *bytes, size_t n)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool is_written = write(fd, bytes, n) == (ssize_t)n && fsync(fd) == 0;
    int reason = errno;
    close(fd);
    errno = reason;
    return is_written;
}

static bool sync_folder(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return false;
    bool is_synced = fsync(fd) == 0;
    close(fd);
    return is_synced;
}

static status make_key(const char *folder, const char *path, struct err *e)
{
    char draft[PATH_CAP + 32];
    char tail[9];
    struct master_key key;
    random_text(tail, sizeof tail - 1);
    snprintf(draft, sizeof draft, "%s.%s", path, tail);
    randombytes_buf(key.bytes, sizeof key.bytes);
    bool is_made = write_synced(draft, key.bytes, sizeof key.bytes) &&
                   (link(draft, path) == 0 || errno == EEXIST);
    int reason = errno;
    sodium_memzero(&key, sizeof key);
    unlink(draft);
    errno = reason;
    if (!is_made || !sync_folder(folder))
        return err_set(e, reason == ENOSPC ? ST_STORAGE_FULL : ST_STORAGE,
                       "The master key %s cannot be written: %m", path);
    return ST_OK;
}

static status key_from_file(str data_dir, struct master_key *out, struct err *e)
{
    char folder[PATH_CAP - 16];
    char path[PATH_CAP];
    if (!str_copy_z(data_dir, folder, sizeof folder))
        return err_set(e, ST_UNPROCESSABLE, "The path of the data folder is too long");
    snprintf(path, sizeof path, "%s/master.key", folder);
    status st = read_key(path, out, e);
    if (st != ST_NOT_FOUND)
        return st;
    st = make_key(folder, path, e);
    return st != ST_OK ? st : read_key(path, out, e);
}

status master_key_load(str secret, str data_dir, struct master_key *out, struct err *e)
{
    return secret.n != 0 ? key_from_secret(secret, out, e) : key_from_file(data_dir, out, e);
}

void master_key_fingerprint(const struct master_key *m, char dst[static 33])
{
    static const unsigned char domain[] = "mai.fingerprint.1";
    unsigned char raw[16];
    crypto_generichash(raw, sizeof raw, domain, sizeof domain - 1, m->bytes, sizeof m->bytes);
    sodium_bin2hex(dst, 33, raw, sizeof raw);
}

/* See losing_vfs.h. Every database and log file has one node: its present contents in memory, with
 * a mark per sector that differs from the disk. All connections of the process share the node; one
 * lock guards everything. */
#include "losing_vfs.h"
#include "base/mem.h"
#include "base/str.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

enum { SECTOR = 512, PATH_CAP = 4400 };

struct node {
    struct node *next;
    char path[PATH_CAP];
    int fd; /* the real file */
    unsigned users;
    unsigned char *bytes;
    size_t n, cap;
    unsigned char *is_dirty; /* per sector of cap */
    size_t disk_n;
};

struct losing_file {
    sqlite3_file base;
    struct node *node;
    bool is_log;
    sqlite3_file *real; /* behind this struct: for locks and the shared index */
};

struct fault {
    unsigned after, count;
    int rc;
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct node *nodes;
static sqlite3_vfs *real_vfs;
static uint64_t operations, syncs, crash_operation;
static unsigned crash_keep_percent;
static uint64_t crash_seed;
static struct fault faults[2];

/* ---- nodes ---- */

static void node_reserve(struct node *node, size_t n)
{
    if (n <= node->cap)
        return;
    size_t cap = node->cap != 0 ? node->cap : 65536;
    while (cap < n)
        cap *= 2;
    unsigned char *bytes = mem_alloc(cap);
    unsigned char *is_dirty = mem_alloc(cap / SECTOR);
    if (node->cap != 0) {
        memcpy(bytes, node->bytes, node->n);
        memcpy(is_dirty, node->is_dirty, node->cap / SECTOR);
    }
    mem_free(node->bytes);
    mem_free(node->is_dirty);
    node->bytes = bytes;
    node->is_dirty = is_dirty;
    node->cap = cap;
}

static void node_mark(struct node *node, size_t from, size_t to)
{
    for (size_t s = from / SECTOR; s * SECTOR < to; s++)
        node->is_dirty[s] = 1;
}

static void node_resize(struct node *node, size_t n)
{
    node_reserve(node, n);
    if (n > node->n) {
        memset(node->bytes + node->n, 0, n - node->n);
        node_mark(node, node->n, n);
    }
    node->n = n;
}

static void node_drop(struct node *node)
{
    for (struct node **at = &nodes; *at != NULL; at = &(*at)->next) {
        if (*at == node) {
            *at = node->next;
            break;
        }
    }
    close(node->fd);
    mem_free(node->bytes);
    mem_free(node->is_dirty);
    mem_free(node);
}

static struct node *node_load(const char *path)
{
    struct stat s;
    int fd = open(path, O_RDWR | O_CLOEXEC);
    if (fd < 0 || fstat(fd, &s) != 0)
        return NULL;
    struct node *node = NEW(struct node);
    CHECK(str_copy_z(str_c(path), node->path, sizeof node->path));
    node->fd = fd;
    node_reserve(node, (size_t)s.st_size);
    CHECK(pread(fd, node->bytes, (size_t)s.st_size, 0) == s.st_size);
    node->n = node->disk_n = (size_t)s.st_size;
    node->next = nodes;
    nodes = node;
    return node;
}

static struct node *node_find(const char *path)
{
    for (struct node *node = nodes; node != NULL; node = node->next)
        if (strcmp(node->path, path) == 0)
            return node;
    return NULL;
}

/* Renamed or removed behind our back: the path means another file now. */
static bool node_is_stale(const struct node *node)
{
    struct stat ours, theirs;
    CHECK(fstat(node->fd, &ours) == 0);
    return stat(node->path, &theirs) != 0 || ours.st_ino != theirs.st_ino ||
           ours.st_dev != theirs.st_dev;
}

static struct node *node_open(const char *path)
{
    struct node *node = node_find(path);
    if (node != NULL && node->users == 0 && node_is_stale(node)) {
        node_drop(node);
        node = NULL;
    }
    if (node == NULL)
        node = node_load(path);
    if (node != NULL)
        node->users++;
    return node;
}

static void write_sector(struct node *node, size_t sector)
{
    size_t from = sector * SECTOR;
    size_t n = node->n - from < SECTOR ? node->n - from : SECTOR;
    CHECK(pwrite(node->fd, node->bytes + from, n, (off_t)from) == (ssize_t)n);
    node->is_dirty[sector] = 0;
}

static void node_sync(struct node *node)
{
    for (size_t s = 0; s * SECTOR < node->n; s++)
        if (node->is_dirty[s])
            write_sector(node, s);
    if (node->disk_n > node->n)
        CHECK(ftruncate(node->fd, (off_t)node->n) == 0);
    node->disk_n = node->n;
}

/* ---- the power cut ---- */

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* Under the lock, which is never given back: nothing else happens in this process. */
NORETURN static void crash(unsigned keep_percent, uint64_t seed)
{
    uint64_t state = seed * 2 + 1;
    for (struct node *node = nodes; node != NULL; node = node->next)
        for (size_t s = 0; s * SECTOR < node->n; s++)
            if (node->is_dirty[s] && next_random(&state) % 100 < keep_percent)
                write_sector(node, s);
    kill(getpid(), SIGKILL);
    for (;;)
        pause();
}

void losing_vfs_crash(unsigned keep_percent, uint64_t seed)
{
    pthread_mutex_lock(&lock);
    crash(keep_percent, seed);
}

/* Under the lock. */
static void count_operation(void)
{
    if (++operations == crash_operation)
        crash(crash_keep_percent, crash_seed);
}

void losing_vfs_crash_at(uint64_t operation, unsigned keep_percent, uint64_t seed)
{
    pthread_mutex_lock(&lock);
    crash_operation = operation;
    crash_keep_percent = keep_percent;
    crash_seed = seed;
    pthread_mutex_unlock(&lock);
}

static uint64_t read_counter(const uint64_t *counter)
{
    pthread_mutex_lock(&lock);
    uint64_t value = *counter;
    pthread_mutex_unlock(&lock);
    return value;
}

uint64_t losing_vfs_operations(void)
{
    return read_counter(&operations);
}

uint64_t losing_vfs_syncs(void)
{
    return read_counter(&syncs);
}

/* ---- faults ---- */

void losing_vfs_fail(enum losing_operation what, unsigned after, unsigned count, int rc)
{
    pthread_mutex_lock(&lock);
    faults[what] = (struct fault){after, count, rc};
    pthread_mutex_unlock(&lock);
}

/* Under the lock. */
static int fault_of(const struct losing_file *f, enum losing_operation what)
{
    struct fault *fault = &faults[what];
    if (!f->is_log || fault->count == 0)
        return SQLITE_OK;
    if (fault->after != 0) {
        fault->after--;
        return SQLITE_OK;
    }
    fault->count--;
    return fault->rc;
}

/* ---- a file's methods ---- */

static struct losing_file *file_of(sqlite3_file *file)
{
    return (struct losing_file *)file;
}

static int file_close(sqlite3_file *file)
{
    struct losing_file *f = file_of(file);
    pthread_mutex_lock(&lock);
    f->node->users--;
    pthread_mutex_unlock(&lock);
    return f->real->pMethods->xClose(f->real);
}

static int file_read(sqlite3_file *file, void *dst, int n, sqlite3_int64 at)
{
    struct node *node = file_of(file)->node;
    pthread_mutex_lock(&lock);
    size_t from = (size_t)at < node->n ? (size_t)at : node->n;
    size_t got = node->n - from < (size_t)n ? node->n - from : (size_t)n;
    if (got != 0)
        memcpy(dst, node->bytes + from, got);
    pthread_mutex_unlock(&lock);
    memset((char *)dst + got, 0, (size_t)n - got);
    return got == (size_t)n ? SQLITE_OK : SQLITE_IOERR_SHORT_READ;
}

static int file_write(sqlite3_file *file, const void *src, int n, sqlite3_int64 at)
{
    struct losing_file *f = file_of(file);
    size_t end = (size_t)at + (size_t)n;
    pthread_mutex_lock(&lock);
    count_operation();
    int rc = fault_of(f, LOSING_WRITE);
    if (rc == SQLITE_OK) {
        if (end > f->node->n)
            node_resize(f->node, end);
        memcpy(f->node->bytes + at, src, (size_t)n);
        node_mark(f->node, (size_t)at, end);
    }
    pthread_mutex_unlock(&lock);
    return rc;
}

static int file_truncate(sqlite3_file *file, sqlite3_int64 n)
{
    pthread_mutex_lock(&lock);
    count_operation();
    node_resize(file_of(file)->node, (size_t)n);
    pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

static int file_sync(sqlite3_file *file, int flags)
{
    struct losing_file *f = file_of(file);
    pthread_mutex_lock(&lock);
    count_operation();
    int rc = fault_of(f, LOSING_SYNC);
    if (rc == SQLITE_OK)
        node_sync(f->node);
    syncs += f->is_log;
    pthread_mutex_unlock(&lock);
    return rc;
}

static int file_size(sqlite3_file *file, sqlite3_int64 *out)
{
    pthread_mutex_lock(&lock);
    *out = (sqlite3_int64)file_of(file)->node->n;
    pthread_mutex_unlock(&lock);
    return SQLITE_OK;
}

static int file_lock(sqlite3_file *file, int level)
{
    sqlite3_file *real = file_of(file)->real;
    return real->pMethods->xLock(real, level);
}

static int file_unlock(sqlite3_file *file, int level)
{
    sqlite3_file *real = file_of(file)->real;
    return real->pMethods->xUnlock(real, level);
}

static int file_check_lock(sqlite3_file *file, int *out)
{
    sqlite3_file *real = file_of(file)->real;
    return real->pMethods->xCheckReservedLock(real, out);
}

static int file_control(sqlite3_file *file, int what, void *arg)
{
    sqlite3_file *real = file_of(file)->real;
    bool is_about_size = what == SQLITE_FCNTL_SIZE_HINT || what == SQLITE_FCNTL_CHUNK_SIZE;
    return is_about_size ? SQLITE_OK : real->pMethods->xFileControl(real, what, arg);
}

static int file_sector_size(sqlite3_file *file)
{
    return SECTOR;
}

static int file_characteristics(sqlite3_file *file)
{
    sqlite3_file *real = file_of(file)->real;
    return real->pMethods->xDeviceCharacteristics(real);
}

static int shm_map(sqlite3_file *file, int page, int bytes, int extend, void volatile **out)
{
    sqlite3_file *real = file_of(file)->real;
    return real->pMethods->xShmMap(real, page, bytes, extend, out);
}

static int shm_lock(sqlite3_file *file, int offset, int n, int flags)
{
    sqlite3_file *real = file_of(file)->real;
    return real->pMethods->xShmLock(real, offset, n, flags);
}

static void shm_barrier(sqlite3_file *file)
{
    sqlite3_file *real = file_of(file)->real;
    real->pMethods->xShmBarrier(real);
}

static int shm_unmap(sqlite3_file *file, int must_delete)
{
    sqlite3_file *real = file_of(file)->real;
    return real->pMethods->xShmUnmap(real, must_delete);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_check_lock,
    .xFileControl = file_control,
    .xSectorSize = file_sector_size,
    .xDeviceCharacteristics = file_characteristics,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

/* ---- the file layer's methods ---- */

static int layer_open(sqlite3_vfs *vfs, const char *path, sqlite3_file *file, int flags,
                      int *flags_out)
{
    enum { LOG = SQLITE_OPEN_WAL | SQLITE_OPEN_MAIN_JOURNAL, KEPT = SQLITE_OPEN_MAIN_DB | LOG };
    struct losing_file *f = file_of(file);
    if (path == NULL || (flags & KEPT) == 0)
        return real_vfs->xOpen(real_vfs, path, file, flags,
                               flags_out); /* temporary: nothing to lose */
    f->base.pMethods = NULL;
    f->real = (sqlite3_file *)(f + 1);
    int rc = real_vfs->xOpen(real_vfs, path, f->real, flags, flags_out);
    if (rc != SQLITE_OK)
        return rc;
    pthread_mutex_lock(&lock);
    f->node = node_open(path);
    pthread_mutex_unlock(&lock);
    if (f->node == NULL) {
        f->real->pMethods->xClose(f->real);
        return SQLITE_CANTOPEN;
    }
    f->is_log = (flags & LOG) != 0;
    f->base.pMethods = &methods;
    return SQLITE_OK;
}

static int layer_delete(sqlite3_vfs *vfs, const char *path, int sync_folder)
{
    pthread_mutex_lock(&lock);
    count_operation();
    struct node *node = node_find(path);
    if (node != NULL)
        node_drop(node);
    pthread_mutex_unlock(&lock);
    return real_vfs->xDelete(real_vfs, path, sync_folder);
}

static int layer_access(sqlite3_vfs *vfs, const char *path, int what, int *out)
{
    pthread_mutex_lock(&lock);
    struct node *node = what == SQLITE_ACCESS_EXISTS ? node_find(path) : NULL;
    bool has_contents = node != NULL && !node_is_stale(node) && node->n != 0;
    pthread_mutex_unlock(&lock);
    if (!has_contents)
        return real_vfs->xAccess(real_vfs, path, what, out);
    *out = 1;
    return SQLITE_OK;
}

void losing_vfs_register(bool as_default)
{
    static sqlite3_vfs layer;
    real_vfs = sqlite3_vfs_find("unix");
    CHECK(real_vfs != NULL);
    layer = *real_vfs;
    layer.zName = LOSING_VFS;
    layer.pNext = NULL;
    layer.szOsFile = (int)sizeof(struct losing_file) + real_vfs->szOsFile;
    layer.xOpen = layer_open;
    layer.xDelete = layer_delete;
    layer.xAccess = layer_access;
    CHECK(sqlite3_vfs_register(&layer, as_default) == SQLITE_OK);
}

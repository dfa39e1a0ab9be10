/* One request at a time, on one kept connection per target. The targets take turns within a round
 * and the order rotates from round to round, so that what the machine does meanwhile falls on all
 * of them alike. With a sync file each round also writes a page and waits for fdatasync, twice, as
 * a durable gateway must: the same disk in the same moment.
 *
 * The first target is the yardstick: "added" is, round by round, the difference to it. */
#include "answer.h"
#include "events.h"
#include "figures.h"
#include "load.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct lane {
    const struct target *target;
    int fd;
    struct answer answer;
    struct events events;
    bool is_stream;
    int64_t last_ns;    /* total of this round */
    int64_t first_ns;   /* until the first event */
    int64_t longest_ns; /* gap between two reads after the first event */
    struct figures total, first, gap, added, added_first;
    size_t errors;
    int last_status;
};

enum { SYNC_PAGES = 256, PAGE_BYTES = 4096, SYNCS_PER_ROUND = 2 };

struct sync {
    int fd; /* -1: none */
    size_t page;
    struct figures each;
};

static void on_body(void *ctx, str piece)
{
    struct lane *lane = ctx;
    if (lane->is_stream)
        events_feed(&lane->events, piece);
}

static status connect_lane(struct lane *lane, struct err *e)
{
    lane->fd = net_connect(lane->target->port);
    return lane->fd >= 0 ? ST_OK
                         : err_set(e, ST_UNAVAILABLE, "cannot connect to %s: %s",
                                   lane->target->name, strerror(errno));
}

/* Reads until the answer is whole. False when the connection broke or answered anything but 200. */
static bool receive(struct lane *lane, int64_t start)
{
    static char bytes[RECEIVE_BYTES]; /* one thread; not cleared on each call */
    int64_t before = 0;
    while (lane->answer.state != ANSWER_DONE && lane->answer.state != ANSWER_BROKEN) {
        ssize_t n = recv(lane->fd, bytes, sizeof(bytes), 0);
        if (n <= 0)
            return false;
        int64_t now = now_ns();
        answer_feed(&lane->answer, (str){bytes, (size_t)n});
        if (lane->events.count > 0 && lane->first_ns == 0)
            lane->first_ns = now - start;
        else if (lane->first_ns != 0 && now - before > lane->longest_ns)
            lane->longest_ns = now - before;
        before = now;
    }
    lane->last_ns = now_ns() - start;
    return answer_is_good(&lane->answer) && (!lane->is_stream || lane->events.is_done);
}

static status exchange(struct lane *lane, struct err *e)
{
    answer_reset(&lane->answer);
    events_reset(&lane->events);
    lane->first_ns = lane->longest_ns = lane->last_ns = 0;
    int64_t start = now_ns();
    if (net_send(lane->fd, buf_view(&lane->target->request)) && receive(lane, start))
        return ST_OK;
    lane->errors++;
    lane->last_status = lane->answer.status;
    lane->last_ns = 0;
    close(lane->fd);
    return connect_lane(lane, e);
}

/* ---- the bare disk ---- */

static status sync_open(struct sync *s, str path, struct err *e)
{
    static const char page[PAGE_BYTES];
    char path_z[1024];
    s->fd = -1;
    if (path.n == 0)
        return ST_OK;
    if (!str_copy_z(path, path_z, sizeof(path_z)))
        return err_set(e, ST_BAD_REQUEST, "the name of the sync file is too long");
    s->fd = open(path_z, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (s->fd < 0)
        return err_set(e, ST_STORAGE, "cannot write %s: %s", path_z, strerror(errno));
    for (int i = 0; i < SYNC_PAGES; i++)
        if (pwrite(s->fd, page, sizeof(page), (off_t)i * PAGE_BYTES) != PAGE_BYTES)
            return err_set(e, ST_STORAGE, "cannot write %s: %s", path_z, strerror(errno));
    return fsync(s->fd) == 0 ? ST_OK : err_set(e, ST_STORAGE, "cannot sync %s", path_z);
}

/* One page over an existing one, as a write-ahead log that was checkpointed writes, and its way to
 * the disk. */
static status sync_once(struct sync *s, bool is_kept, struct err *e)
{
    static char page[PAGE_BYTES];
    page[0]++;
    off_t at = (off_t)(s->page++ % SYNC_PAGES) * PAGE_BYTES;
    int64_t start = now_ns();
    if (pwrite(s->fd, page, sizeof(page), at) != PAGE_BYTES || fdatasync(s->fd) != 0)
        return err_set(e, ST_STORAGE, "fdatasync failed: %s", strerror(errno));
    if (is_kept)
        figures_add(&s->each, now_ns() - start);
    return ST_OK;
}

static status sync_round(struct sync *s, bool is_kept, struct err *e)
{
    for (int i = 0; i < SYNCS_PER_ROUND && s->fd >= 0; i++)
        if (sync_once(s, is_kept, e) != ST_OK)
            return ST_STORAGE;
    return ST_OK;
}

/* ---- rounds ---- */

static void keep(struct lane *lane, const struct lane *yardstick)
{
    if (lane->last_ns == 0)
        return;
    figures_add(&lane->total, lane->last_ns);
    if (lane->is_stream) {
        figures_add(&lane->first, lane->first_ns);
        figures_add(&lane->gap, lane->longest_ns);
    }
    if (yardstick->last_ns == 0)
        return;
    figures_add(&lane->added, lane->last_ns - yardstick->last_ns);
    figures_add(&lane->added_first, lane->first_ns - yardstick->first_ns);
}

static status run_round(struct lane *lanes, size_t count, struct sync *sync, int64_t round,
                        bool is_kept, struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        status st = exchange(&lanes[((size_t)round + i) % count], e);
        if (st != ST_OK)
            return st;
    }
    for (size_t i = 0; is_kept && i < count; i++)
        keep(&lanes[i], &lanes[0]);
    return sync_round(sync, is_kept, e);
}

static status run_rounds(const struct load *l, struct lane *lanes, struct sync *sync, struct err *e)
{
    int64_t deadline = now_ns() + l->duration_ms * 1000000;
    for (int64_t i = -l->warmup; i < l->rounds && now_ns() < deadline; i++) {
        status st = run_round(lanes, l->target_count, sync, i + l->warmup, i >= 0, e);
        if (st != ST_OK)
            return st;
    }
    return ST_OK;
}

static void write_lane(struct lane *lane, struct buf *out)
{
    buf_addf(out, "\"%s\":{\"errors\":%zu,\"last_error_status\":%d,", lane->target->name,
             lane->errors, lane->last_status);
    figures_write(&lane->total, "total", out);
    buf_add_char(out, ',');
    figures_write(&lane->added, "added", out);
    if (lane->is_stream) {
        buf_add_char(out, ',');
        figures_write(&lane->first, "first_event", out);
        buf_add_char(out, ',');
        figures_write(&lane->added_first, "added_first_event", out);
        buf_add_char(out, ',');
        figures_write(&lane->gap, "longest_gap", out);
    }
    buf_add_char(out, '}');
}

static void write_all(const struct load *l, struct lane *lanes, struct sync *sync, struct buf *out)
{
    buf_addf(out, "{\"mode\":\"latency\",\"stream\":%s,\"targets\":{",
             l->is_stream ? "true" : "false");
    for (size_t i = 0; i < l->target_count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        write_lane(&lanes[i], out);
    }
    buf_add(out, STR("},"));
    figures_write(&sync->each, "fdatasync", out);
    buf_add_char(out, '}');
}

static status open_lanes(const struct load *l, struct lane *lanes, struct err *e)
{
    for (size_t i = 0; i < l->target_count; i++) {
        lanes[i] = (struct lane){.target = &l->targets[i], .fd = -1, .is_stream = l->is_stream};
        lanes[i].answer.on_body = on_body;
        lanes[i].answer.ctx = &lanes[i];
        events_init(&lanes[i].events);
    }
    for (size_t i = 0; i < l->target_count; i++)
        if (connect_lane(&lanes[i], e) != ST_OK)
            return ST_UNAVAILABLE;
    return ST_OK;
}

static void close_lane(struct lane *lane)
{
    if (lane->fd >= 0)
        close(lane->fd);
    events_free(&lane->events);
    figures_free(&lane->total);
    figures_free(&lane->first);
    figures_free(&lane->gap);
    figures_free(&lane->added);
    figures_free(&lane->added_first);
}

status latency_run(const struct load *l, struct buf *out, struct err *e)
{
    static struct lane lanes[TARGETS_MAX];
    struct sync sync = {.fd = -1};
    status st = open_lanes(l, lanes, e);
    if (st == ST_OK)
        st = sync_open(&sync, l->sync_file, e);
    if (st == ST_OK)
        st = run_rounds(l, lanes, &sync, e);
    if (st == ST_OK)
        write_all(l, lanes, &sync, out);
    for (size_t i = 0; i < l->target_count; i++)
        close_lane(&lanes[i]);
    if (sync.fd >= 0)
        close(sync.fd);
    figures_free(&sync.each);
    return st;
}

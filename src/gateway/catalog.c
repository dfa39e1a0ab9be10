/* Model list and supplier state; see catalog.h. The two raw bodies are kept in one file each, written aside
 * and renamed, so a crash leaves the old list. */
#include "gateway/catalog.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    MAX_LIST_BYTES = 16 << 20,
    FAILURES_UNTIL_AWAY = 2,
    PROBE_MS = 15 * 1000, /* while nothing else tells */
    REFRESH_MS = 3600 * 1000,
    RETRY_MS = 30 * 1000,
};

static const char *const list_files[] = {"models.json", "embedding-models.json"};

struct catalog {
    struct gateway *g;
    pthread_mutex_t lock;       /* guards what follows */
    struct models *models;
    int64_t next_refresh_ms;
    enum supplier_state supplier;
    int64_t supplier_since_ms;
    int failures_in_a_row;
    int64_t reached_ms; /* last answer of any kind */
};

/* ---- the kept copy ---- */

static void list_path(const struct catalog *c, int which, char *dst, size_t cap)
{
    snprintf(dst, cap, "%.*s/%s", STR_ARG(store_data_dir(c->g->store)), list_files[which]);
}

static void read_list(const struct catalog *c, int which, struct buf *out)
{
    char path[1024];
    list_path(c, which, path, sizeof path);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return;
    ssize_t n = 0;
    do {
        char *at = buf_reserve(out, 65536);
        n = at != NULL ? read(fd, at, 65536) : -1;
        if (n > 0)
            buf_grow_by(out, (size_t)n);
    } while (n > 0);
    close(fd);
    if (n < 0)
        buf_clear(out);
}

static bool write_all(int fd, str s)
{
    while (s.n != 0) {
        ssize_t n = write(fd, s.p, s.n);
        if (n <= 0)
            return false;
        s = str_from(s, (size_t)n);
    }
    return true;
}

static void keep_list(const struct catalog *c, int which, str body)
{
    char path[1024], aside[1040];
    list_path(c, which, path, sizeof path);
    snprintf(aside, sizeof aside, "%s.new", path);
    int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bool is_written = fd >= 0 && write_all(fd, body) && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    if (!is_written || rename(aside, path) != 0)
        log_warn("The model list could not be kept on disk", LF_Z("file", path));
}

/* ---- snapshot ---- */

/* When the kept list was fetched: the time its file was written. */
static int64_t keep_time_ms(const struct catalog *c)
{
    char path[1024];
    struct stat file;
    list_path(c, 0, path, sizeof path);
    if (stat(path, &file) != 0)
        return 0;
    return (int64_t)file.st_mtim.tv_sec * 1000 + file.st_mtim.tv_nsec / 1000000;
}

static void put(struct catalog *c, struct models *m)
{
    pthread_mutex_lock(&c->lock);
    struct models *old = c->models;
    c->models = m;
    pthread_mutex_unlock(&c->lock);
    models_unref(old);
}

static void load_kept(struct catalog *c)
{
    MAI_AUTO(buf_free) struct buf models;
    MAI_AUTO(buf_free) struct buf embeddings;
    struct models *m = NULL;
    buf_init(&models, MAX_LIST_BYTES);
    buf_init(&embeddings, MAX_LIST_BYTES);
    read_list(c, 0, &models);
    read_list(c, 1, &embeddings);
    if (models.n == 0)
        return;
    if (models_parse(buf_view(&models), buf_view(&embeddings), keep_time_ms(c), &m, NULL) == ST_OK)
        put(c, m);
}

struct catalog *catalog_new(struct gateway *g)
{
    struct catalog *c = NEW(struct catalog);
    c->g = g;
    pthread_mutex_init(&c->lock, NULL);
    load_kept(c);
    return c;
}

void catalog_free(struct catalog *c)
{
    if (c == NULL)
        return;
    models_unref(c->models);
    pthread_mutex_destroy(&c->lock);
    mem_free(c);
}

struct models *catalog_models(struct catalog *c)
{
    pthread_mutex_lock(&c->lock);
    struct models *m = c->models != NULL ? models_ref(c->models) : NULL;
    pthread_mutex_unlock(&c->lock);
    return m;
}

static status fetch(struct catalog *c, struct err *e)
{
    MAI_AUTO(buf_free) struct buf models;
    MAI_AUTO(buf_free) struct buf embeddings;
    struct models *m = NULL;
    buf_init(&models, MAX_LIST_BYTES);
    buf_init(&embeddings, MAX_LIST_BYTES);
    status st = openrouter_models(c->g->openrouter, false, &models, e);
    if (st != ST_OK)
        return st;
    if (openrouter_models(c->g->openrouter, true, &embeddings, e) != ST_OK)
        read_list(c, 1, &embeddings); /* the last good one */
    st = models_parse(buf_view(&models), buf_view(&embeddings), clock_now_ms(), &m, e);
    if (st != ST_OK)
        return st;
    keep_list(c, 0, buf_view(&models));
    if (embeddings.n != 0)
        keep_list(c, 1, buf_view(&embeddings));
    put(c, m);
    return ST_OK;
}

void catalog_refresh(struct catalog *c)
{
    struct err e = {0};
    status st = fetch(c, &e);
    catalog_observe(c, st != ST_UPSTREAM && st != ST_UPSTREAM_TIMEOUT);
    if (st != ST_OK)
        log_warn("The model list could not be fetched", LF_Z("reason", err_text(&e, st)));
    pthread_mutex_lock(&c->lock);
    c->next_refresh_ms = clock_now_ms() + (st == ST_OK ? REFRESH_MS : RETRY_MS);
    pthread_mutex_unlock(&c->lock);
}

int64_t catalog_next_refresh_ms(struct catalog *c)
{
    pthread_mutex_lock(&c->lock);
    int64_t at = c->next_refresh_ms;
    pthread_mutex_unlock(&c->lock);
    return at;
}

/* ---- supplier ---- */

static void announce(struct catalog *c, enum supplier_state state)
{
    if (state == SUPPLIER_OK) {
        log_info("OpenRouter can be reached");
        hub_publish(c->g->hub, STR("all"), STR("{\"type\":\"upstream\",\"state\":\"ok\"}"));
        return;
    }
    log_warn("OpenRouter cannot be reached");
    hub_publish(c->g->hub, STR("all"), STR("{\"type\":\"upstream\",\"state\":\"away\"}"));
}

void catalog_observe(struct catalog *c, bool was_reached)
{
    pthread_mutex_lock(&c->lock);
    enum supplier_state before = c->supplier;
    c->failures_in_a_row = was_reached ? 0 : c->failures_in_a_row + 1;
    if (was_reached)
        c->reached_ms = clock_now_ms();
    bool is_away = before == SUPPLIER_UNKNOWN ? !was_reached
                                              : c->failures_in_a_row >= FAILURES_UNTIL_AWAY;
    if (was_reached)
        c->supplier = SUPPLIER_OK;
    else if (is_away)
        c->supplier = SUPPLIER_AWAY;
    enum supplier_state after = c->supplier;
    if (after != before)
        c->supplier_since_ms = clock_now_ms();
    if (after == SUPPLIER_AWAY && before != SUPPLIER_AWAY)
        c->next_refresh_ms = 0; /* the refresher becomes the probe for its return */
    pthread_mutex_unlock(&c->lock);
    if (after != before)
        announce(c, after);
}

void catalog_probe(struct catalog *c)
{
    struct err e = {0};
    pthread_mutex_lock(&c->lock);
    bool is_known = c->failures_in_a_row == 0 && clock_now_ms() - c->reached_ms < PROBE_MS;
    pthread_mutex_unlock(&c->lock);
    if (!is_known)
        catalog_observe(c, openrouter_probe(c->g->openrouter, &e) == ST_OK);
}

enum supplier_state catalog_supplier(struct catalog *c, int64_t *since_ms_out)
{
    pthread_mutex_lock(&c->lock);
    enum supplier_state state = c->supplier;
    *since_ms_out = c->supplier_since_ms;
    pthread_mutex_unlock(&c->lock);
    return state;
}

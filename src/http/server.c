/* The server as a whole: made, drained, freed. See server.h; the structures are in internal.h. */
#include "http/internal.h"
#include "base/mem.h"

struct http_limits http_limits_default(void)
{
    return (struct http_limits){
        .max_head_bytes = 32 * 1024,
        .max_body_bytes = (size_t)100 * 1024 * 1024,
        .max_bodies_bytes = (size_t)512 * 1024 * 1024,
        .max_connections = 10000,
        .max_per_address = 256,
        .head_timeout_ms = 10000,
        .idle_timeout_ms = 75000,
        .body_progress_ms = 10000,
        .body_min_bytes = 1024,
        .write_timeout_ms = 60000,
        .high_water_bytes = 256 * 1024,
        .low_water_bytes = 64 * 1024,
    };
}

/* Four looks at the shortest deadline, but not so many that looking costs. */
static int64_t sweep_interval(const struct http_limits *l)
{
    const int64_t deadlines[] = {l->head_timeout_ms, l->idle_timeout_ms, l->body_progress_ms,
                                 l->write_timeout_ms};
    int64_t shortest = INT64_MAX;
    for (size_t i = 0; i < COUNT_OF(deadlines); i++)
        if (deadlines[i] < shortest)
            shortest = deadlines[i];
    int64_t ms = shortest / 4;
    return ms < 10 ? 10 : ms > 1000 ? 1000 : ms;
}

static void check_limits(const struct http_limits *l)
{
    CHECK(l->max_head_bytes > 0 && l->max_connections > 0 && l->max_per_address > 0);
    CHECK(l->head_timeout_ms > 0 && l->idle_timeout_ms > 0 && l->body_progress_ms > 0);
    CHECK(l->write_timeout_ms > 0 && l->low_water_bytes <= l->high_water_bytes);
}

static const char *z_of(str s)
{
    char *z = mem_alloc(s.n + 1);
    if (s.n != 0)
        memcpy(z, s.p, s.n);
    return z;
}

static status load_tls(struct http_server *s, struct err *e)
{
    str certificate = s->conf.tls_certificate_path, key = s->conf.tls_key_path;
    if (certificate.n == 0 && key.n == 0)
        return ST_OK;
    if (certificate.n == 0 || key.n == 0)
        return err_set(e, ST_BAD_REQUEST, "TLS needs both a certificate and a key");
    const char *certificate_z MAI_AUTO(mem_free_auto) = z_of(certificate);
    const char *key_z MAI_AUTO(mem_free_auto) = z_of(key);
    return tls_context_new(certificate_z, key_z, &s->tls, e);
}

static str keep(str s)
{
    return (str){z_of(s), s.n};
}

static struct http_server *server_new(const struct http_conf *conf)
{
    struct http_server *s = NEW(struct http_server);
    s->conf = *conf;
    s->conf.host = keep(conf->host);
    s->conf.trusted_proxies = STR_NONE;
    s->conf.tls_certificate_path = keep(conf->tls_certificate_path);
    s->conf.tls_key_path = keep(conf->tls_key_path);
    s->conf.loops = NULL;
    s->limits = conf->limits;
    s->sweep_ms = sweep_interval(&conf->limits);
    tally_init(&s->tally);
    s->lane_count = conf->loop_count;
    s->lanes = mem_alloc_array(conf->loop_count, sizeof *s->lanes);
    for (size_t i = 0; i < s->lane_count; i++) {
        s->lanes[i].listen_fd = -1;
        lane_init(&s->lanes[i], s, conf->loops[i]);
    }
    return s;
}

status http_server_new(const struct http_conf *conf, struct http_server **out, struct err *e)
{
    CHECK(conf->loop_count > 0 && conf->app.on_head != NULL && conf->app.error_body != NULL);
    check_limits(&conf->limits);
    struct http_server *s = server_new(conf);
    status st = address_set_parse(conf->trusted_proxies, &s->trusted, e);
    if (st == ST_OK)
        st = load_tls(s, e);
    if (st == ST_OK)
        st = listen_all(s, e);
    if (st != ST_OK) {
        http_server_free(s);
        return st;
    }
    for (size_t i = 0; i < s->lane_count; i++)
        loop_post(s->lanes[i].loop, &s->lanes[i].attach_task);
    *out = s;
    return ST_OK;
}

uint16_t http_server_port(const struct http_server *s)
{
    return s->port;
}

void http_server_drain(struct http_server *s)
{
    if (atomic_exchange(&s->is_draining, true))
        return;
    for (size_t i = 0; i < s->lane_count; i++)
        loop_post(s->lanes[i].loop, &s->lanes[i].drain_task);
}

size_t http_server_open_requests(const struct http_server *s)
{
    return atomic_load(&s->open_requests);
}

void http_server_free(struct http_server *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->lane_count; i++)
        lane_free(&s->lanes[i]);
    mem_free(s->lanes);
    tls_context_free(s->tls);
    tally_free(&s->tally);
    address_set_free(&s->trusted);
    mem_free((void *)(uintptr_t)s->conf.host.p);
    mem_free((void *)(uintptr_t)s->conf.tls_certificate_path.p);
    mem_free((void *)(uintptr_t)s->conf.tls_key_path.p);
    mem_free(s);
}

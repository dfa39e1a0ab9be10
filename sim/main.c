/* openrouter-sim: a local OpenRouter for tests, demos and benchmarks. Starts, listens, runs until
 * SIGINT or SIGTERM. One thread. */
#include "routes.h"
#include "options.h"
#include "base/mem.h"

#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { SCRIPT_FILE_MAX = 16 << 20 };

void sim_default_script(struct sim *s)
{
    const struct sim_options *o = &s->options;
    struct script *d = &s->scripts.defaults;
    CHECK(scripts_load(&s->scripts, STR("{\"rules\":[]}"), NULL) == ST_OK);
    scripts_init(&s->scripts);
    if (o->generation_delay_ms >= 0)
        d->record_delay_ms = o->generation_delay_ms;
    if (o->chunk_ms >= 0)
        d->chunk_ms = o->chunk_ms;
    if (o->first_delay_ms >= 0)
        d->first_delay_ms = o->first_delay_ms;
}

static status read_file(const char *path, struct buf *out, struct err *e)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return err_set(e, ST_NOT_FOUND, "cannot read %s", path);
    for (;;) {
        char *room = buf_reserve(out, 64 * 1024);
        ssize_t n = room != NULL ? read(fd, room, 64 * 1024) : -1;
        if (n <= 0) {
            close(fd);
            return n == 0 ? ST_OK : err_set(e, ST_BAD_REQUEST, "cannot read %s", path);
        }
        buf_grow_by(out, (size_t)n);
    }
}

static status load_script(struct sim *s, struct err *e)
{
    struct buf MAI_AUTO(buf_free) text;
    buf_init(&text, SCRIPT_FILE_MAX);
    sim_default_script(s);
    if (s->options.script_file == NULL)
        return ST_OK;
    status st = read_file(s->options.script_file, &text, e);
    return st == ST_OK ? scripts_load(&s->scripts, buf_view(&text), e) : st;
}

static status set_clock(const struct sim *s, struct err *e)
{
    int64_t at;
    if (s->options.clock == NULL)
        return ST_OK;
    if (iso_to_ms(str_c(s->options.clock), &at) != ST_OK)
        return err_set(e, ST_BAD_REQUEST, "--clock is not an ISO time: %s", s->options.clock);
    sim_clock_set(at);
    return ST_OK;
}

static void add_first_keys(struct sim *s)
{
    s->keys.cap_delay_ms = s->options.cap_delay_ms;
    struct key *management =
        keys_add(&s->keys, str_c(s->options.management_key), STR("Management"));
    management->is_management = true;
    if (s->options.inference_key != NULL &&
        keys_add(&s->keys, str_c(s->options.inference_key), STR("Default")) == NULL)
        fprintf(stderr, "openrouter-sim: --inference-key is the management key\n");
}

static status prepare(struct sim *s, struct err *e)
{
    status st = set_clock(s, e);
    if (st == ST_OK)
        st = load_script(s, e);
    if (st != ST_OK)
        return st;
    s->total_credits = PICO(1000 * PICO_PER_USD);
    models_init(&s->models, s->options.hides_scripted);
    records_init(&s->records, (size_t)s->options.max_records);
    seen_init(&s->seen, (size_t)s->options.request_log);
    add_first_keys(s);
    return ST_OK;
}

static void on_signal(int number, short what, void *arg)
{
    event_base_loopbreak(arg);
}

/* As many sockets as the system allows: a stream is one. */
static void raise_file_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &files);
    }
}

static int serve(struct sim *s)
{
    struct err e = {0};
    s->loop = event_base_new();
    CHECK(s->loop != NULL);
    s->http = http_listen(s->loop, s->options.host, (int)s->options.port, sim_handle, s, &e);
    if (s->http == NULL) {
        fprintf(stderr, "openrouter-sim: %s\n", e.text);
        return 1;
    }
    struct event *on_int = evsignal_new(s->loop, SIGINT, on_signal, s->loop);
    struct event *on_term = evsignal_new(s->loop, SIGTERM, on_signal, s->loop);
    CHECK(on_int != NULL && on_term != NULL);
    event_add(on_int, NULL);
    event_add(on_term, NULL);
    printf("openrouter-sim listening on http://%s:%d/api/v1\n", s->options.host,
           http_port(s->http));
    fflush(stdout);
    event_base_dispatch(s->loop);
    http_stop(s->http);
    event_free(on_int);
    event_free(on_term);
    event_base_free(s->loop);
    return 0;
}

int main(int argc, char **argv)
{
    static struct sim sim;
    struct err e = {0};
    bool wants_help = false;
    signal(SIGPIPE, SIG_IGN);
    if (sodium_init() < 0)
        return 1;
    if (options_parse(&sim.options, argc, argv, &wants_help, &e) != ST_OK) {
        fprintf(stderr, "openrouter-sim: %s (--help tells more)\n", e.text);
        return 2;
    }
    if (wants_help) {
        options_help();
        return 0;
    }
    raise_file_limit();
    if (prepare(&sim, &e) != ST_OK) {
        fprintf(stderr, "openrouter-sim: %s\n", e.text);
        return 1;
    }
    return serve(&sim);
}

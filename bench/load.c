/* The load client of bench/run: one thread, epoll, HTTP/1.1 to 127.0.0.1 only. Requests come whole
 * from files, so that no key stands in an argument and the three ways (direct, nginx, mAI) differ
 * in nothing else. Prints one JSON object. */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

static const char usage_text[] =
    "usage: load latency --target NAME:PORT:FILE ... [--rounds N] [--warmup N] [--stream] "
    "[--sync-file FILE]\n"
    "       load closed  --target NAME:PORT:FILE [--connections N] [--duration-ms N]\n"
    "       load streams --target NAME:PORT:FILE [--connections N] [--total N] [--ramp-ms N] "
    "[--pace-ms N]\n"
    "                    [--break-after N]\n"
    "FILE holds one whole HTTP request. The first target of `latency` is what the others are "
    "compared with.\n"
    "--duration-ms is how long `closed` runs; the others give up after it.\n";

static const struct {
    const char *name;
    status (*run)(const struct load *, struct buf *, struct err *);
} modes[] = {{"latency", latency_run}, {"closed", closed_run}, {"streams", streams_run}};

static const struct {
    const char *name;
    size_t offset;
    int64_t min, max;
} numbers[] = {
    {"--rounds", offsetof(struct load, rounds), 1, 10000000},
    {"--warmup", offsetof(struct load, warmup), 0, 10000000},
    {"--connections", offsetof(struct load, connections), 1, 20000},
    {"--total", offsetof(struct load, total), 1, 10000000},
    {"--ramp-ms", offsetof(struct load, ramp_ms), 0, 600000},
    {"--break-after", offsetof(struct load, break_after), 0, 100000},
    {"--pace-ms", offsetof(struct load, pace_ms), 0, 600000},
    {"--duration-ms", offsetof(struct load, duration_ms), 1, 3600000},
};

static status take_number(struct load *l, str name, str value, struct err *e)
{
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        if (!str_eq(name, str_c(numbers[i].name)))
            continue;
        int64_t n;
        if (str_to_i64(value, &n) != ST_OK || n < numbers[i].min || n > numbers[i].max)
            return err_set(e, ST_BAD_REQUEST, "%s wants a number of %ld to %ld", numbers[i].name,
                           (long)numbers[i].min, (long)numbers[i].max);
        *(int64_t *)((char *)l + numbers[i].offset) = n;
        return ST_OK;
    }
    return err_set(e, ST_BAD_REQUEST, "unknown option %.*s", STR_ARG(name));
}

static status take_option(struct load *l, str name, str value, struct err *e)
{
    if (str_eq(name, STR("--sync-file"))) {
        l->sync_file = value;
        return ST_OK;
    }
    if (!str_eq(name, STR("--target")))
        return take_number(l, name, value, e);
    if (l->target_count == TARGETS_MAX)
        return err_set(e, ST_BAD_REQUEST, "at most %d targets", TARGETS_MAX);
    return target_parse(value, &l->targets[l->target_count++], e);
}

static status take_options(struct load *l, char **args, struct err *e)
{
    for (; *args != NULL; args++) {
        str name = str_c(*args);
        if (str_eq(name, STR("--stream"))) {
            l->is_stream = true;
            continue;
        }
        if (args[1] == NULL)
            return err_set(e, ST_BAD_REQUEST, "%s wants a value", *args);
        status st = take_option(l, name, str_c(*++args), e);
        if (st != ST_OK)
            return st;
    }
    if (l->target_count == 0)
        return err_set(e, ST_BAD_REQUEST, "--target is missing");
    l->total = l->total > l->connections ? l->total : l->connections;
    return ST_OK;
}

static void allow_many_files(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        fputs("load: the limit of open files stays as it is\n", stderr);
}

static int run_mode(size_t mode, char **args)
{
    struct load l = {.rounds = 1000, .warmup = 100, .connections = 1, .duration_ms = 60000};
    struct err e = {0};
    struct buf MAI_AUTO(buf_free) out;
    buf_init(&out, 1024 * 1024);
    status st = take_options(&l, args, &e);
    if (st == ST_OK)
        st = modes[mode].run(&l, &out, &e);
    for (size_t i = 0; i < l.target_count; i++)
        target_free(&l.targets[i]);
    if (st == ST_OK)
        puts(buf_z(&out));
    else
        fprintf(stderr, "load: %s\n", err_text(&e, st));
    return st == ST_OK ? EXIT_SUCCESS : EXIT_FAILURE;
}

int main(int argc, char **argv)
{
    allow_many_files();
    for (size_t i = 0; argc > 1 && i < COUNT_OF(modes); i++)
        if (str_eq(str_c(argv[1]), str_c(modes[i].name)))
            return run_mode(i, argv + 2);
    fputs(usage_text, stderr);
    return 2;
}

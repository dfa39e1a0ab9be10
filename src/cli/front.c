/* From words to an exit code; see front.h. */
#include "cli/front.h"
#include "base/clock.h"
#include "base/log.h"
#include "cli/prompt.h"
#include "cli/wire.h"

#include <signal.h>
#include <time.h>
#include <unistd.h>

/* A server that is starting or ending holds the folder for a moment without listening on its socket. */
enum { BUSY_WAIT_MS = 10000, BUSY_PAUSE_MS = 50 };

/* ---- in a running server ---- */

static int relay(int fd, struct printer *out)
{
    MAI_AUTO(buf_free) struct buf bytes;
    enum wire_kind kind = WIRE_STDOUT;
    int code = EXIT_FAILED;
    buf_init(&bytes, WIRE_FRAME_MAX_BYTES);
    while (!out->is_broken && wire_read_frame(fd, &bytes, &kind) == ST_OK) {
        if (kind == WIRE_EXIT && bytes.n == 1) {
            code = (unsigned char)bytes.p[0];
            prompt_wipe(&bytes);
            return code;
        }
        print_flush(out);
        out->is_broken = !out->send(out, kind == WIRE_STDERR ? PRINT_STDERR : PRINT_STDOUT, buf_view(&bytes));
    }
    prompt_wipe(&bytes);
    if (!out->is_broken)
        print_error(out, "The server ended before the command did; look whether it was done before you repeat it");
    return EXIT_FAILED;
}

/* ST_NOT_FOUND: no server listens. */
static status run_in_server(struct front *f, const str *words, size_t count, struct printer *out, int *code_out)
{
    int fd;
    status st = wire_connect(f->conf->data_dir, &fd);
    if (st != ST_OK)
        return st;
    st = wire_send_request(fd, words, count, &f->secrets);
    if (st == ST_OK || st == ST_UPSTREAM) /* a server that is too busy answers before it reads */
        *code_out = relay(fd, out);
    close(fd);
    return st == ST_UPSTREAM ? ST_OK : st;
}

/* ---- in this process ---- */

static int run_here(struct front *f, const str *words, size_t count, struct printer *out)
{
    struct args args;
    struct err e = {0};
    if (args_parse(words, count, &args, &e) != ST_OK) {
        print_error(out, "%s", e.text);
        return EXIT_USAGE;
    }
    struct command_call call = {.args = &args, .secrets = f->secrets, .host = local_host(f->local), .out = out};
    call.host.management_key = f->secrets.provisioning_key;
    return command_run(&call, args.command);
}

static void pause_ms(int64_t ms)
{
    struct timespec t = {.tv_nsec = ms * 1000000};
    nanosleep(&t, NULL);
}

/* Tries the socket, then the store, in turn while the folder is busy. */
int front_run(struct front *f, const str *words, size_t count, struct printer *out)
{
    int64_t until_us = clock_mono_us() + BUSY_WAIT_MS * 1000;
    struct err e = {0};
    status st = ST_OK;
    int code = EXIT_FAILED;
    if (f->local != NULL)
        return run_here(f, words, count, out);
    do {
        st = run_in_server(f, words, count, out, &code);
        if (st == ST_OK)
            return code;
        if (st == ST_FORBIDDEN) {
            print_error(out, "A server runs on %.*s as another user: give the command as that user or as root",
                      STR_ARG(f->conf->data_dir));
            return EXIT_FAILED;
        }
        st = local_open(f->conf, &f->local, &e);
        if (st == ST_CONFLICT)
            pause_ms(BUSY_PAUSE_MS);
    } while (st == ST_CONFLICT && clock_mono_us() < until_us);
    if (st == ST_OK)
        return run_here(f, words, count, out);
    print_error(out, "%s", err_text(&e, st));
    return EXIT_FAILED;
}

/* ---- secrets ---- */

bool front_take_stdin(struct front *f, const char *flag, const char *what, struct buf *into, str *out)
{
    struct err e = {0};
    if (!args_has(&f->args, flag))
        return true;
    if (prompt_stdin_secret(what, into, &e) == ST_OK) {
        *out = str_trim(buf_view(into));
        return true;
    }
    print_error(f->out, "%s", e.text);
    return false;
}

static int want_key(struct front *f)
{
    if (!prompt_is_interactive()) {
        print_error(f->out, "There is no provisioning key of OpenRouter: set OPENROUTER_PROVISIONING_KEY, pipe it in with "
                          "--key-stdin, or store it with `mai client provisioning-key --save`");
        return EXIT_FAILED;
    }
    status st = prompt_secret(STDERR_FILENO, STR("Enter your OpenRouter provisioning key: "), &f->provisioning_key);
    f->secrets.provisioning_key = str_trim(buf_view(&f->provisioning_key));
    if (st != ST_OK || f->secrets.provisioning_key.n == 0)
        return front_fail(f, "No provisioning key was given; nothing was changed");
    return front_run(f, f->words, f->word_count, f->out);
}

int front_send(struct front *f)
{
    int code = front_run(f, f->words, f->word_count, f->out);
    if (code != EXIT_WANTS_KEY)
        return code;
    code = want_key(f);
    return code == EXIT_WANTS_KEY ? EXIT_FAILED : code;
}

int front_fail(struct front *f, const char *sentence)
{
    print_error(f->out, "%s", sentence);
    return EXIT_FAILED;
}

/* ---- the program ---- */

static int help(const struct args *a, struct printer *o)
{
    if (a->command == NULL && a->group.n == 0)
        command_list_help(o);
    else if (a->command == NULL || command_is_group(str_c(a->command->name)))
        command_group_help(a->command != NULL ? str_c(a->command->name) : a->group, o);
    else
        command_help(a->command, o);
    print_flush(o);
    return o->is_broken ? EXIT_FAILED : EXIT_DONE;
}

static void free_secrets(struct front *f)
{
    struct buf *all[] = {&f->provisioning_key, &f->key, &f->password};
    for (size_t i = 0; i < COUNT_OF(all); i++) {
        prompt_wipe(all[i]);
        buf_free(all[i]);
    }
}

static int run_command(struct front *f)
{
    const struct command *c = f->args.command;
    buf_init(&f->provisioning_key, PROMPT_MAX_BYTES);
    buf_init(&f->key, PROMPT_MAX_BYTES);
    buf_init(&f->password, PROMPT_MAX_BYTES);
    f->secrets.provisioning_key = f->conf->provisioning_key;
    int code = c->here != NULL ? c->here(f) : front_send(f);
    local_close(f->local);
    free_secrets(f);
    return code;
}

/* The server logs as it is told; a command shows only what went wrong. */
static void set_up_log(const struct conf *c, bool is_server)
{
    bool is_quiet = !is_server && c->log_level < LOG_WARN;
    log_setup(is_quiet ? LOG_WARN : c->log_level, c->log_is_json);
}

static int run_parsed(struct front *f)
{
    struct conf *conf;
    struct err e = {0};
    if (f->args.wants_help)
        return help(&f->args, f->out);
    if (f->args.command->needs_no_settings)
        return f->args.command->here(f);
    if (conf_load(conf_lookup_environment, NULL, &conf, &e) != ST_OK)
        return front_fail(f, e.text);
    set_up_log(conf, f->args.command->is_server);
    f->conf = conf;
    int code = run_command(f);
    conf_free(conf);
    return code;
}

int front_main(const str *words, size_t count)
{
    struct printer out MAI_AUTO(print_free);
    struct front f = {.words = words, .word_count = count, .out = &out};
    struct err e = {0};
    print_init_process(&out);
    signal(SIGPIPE, SIG_IGN);
    if (args_parse(words, count, &f.args, &e) != ST_OK) {
        print_error(&out, "%s", e.text);
        return EXIT_USAGE;
    }
    int code = run_parsed(&f);
    print_flush(&out);
    return out.is_broken && code == EXIT_DONE ? EXIT_FAILED : code;
}

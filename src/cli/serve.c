/* `mai serve`: the server until a signal ends it. The first SIGTERM or SIGINT stops it gracefully, the second at
 * once. */
#include "base/log.h"
#include "base/version.h"
#include "cli/commands.h"
#include "cli/front.h"
#include "cli/server.h"
#include "tenancy/user.h"

#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

enum { GRACE_MS = 8000, ADDRESS_CAP = 320 };

static const struct system_scope why = {"start"};

/* A stream needs two descriptors; the usual 1024 would end it at 500. */
static void raise_file_limit(void)
{
    struct rlimit files;
    if (getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur == files.rlim_max)
        return;
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) != 0)
        log_warn("The limit of open files could not be raised", LF_INT("files", files.rlim_cur));
}

/* ---- what is said at the start ---- */

static bool is_any(str host)
{
    return str_eq(host, STR("0.0.0.0")) || str_eq(host, STR("::"));
}

static void address_text(const struct conf *c, uint16_t port, char dst[static ADDRESS_CAP])
{
    bool is_ipv6 = str_find_char(c->host, ':') != c->host.n;
    str host = is_any(c->host) ? STR("localhost") : c->host;
    bool has_brackets = is_ipv6 && !is_any(c->host);
    snprintf(dst, ADDRESS_CAP, "%s://%s%.*s%s:%u", c->tls_certificate_file.n != 0 ? "https" : "http",
             has_brackets ? "[" : "", STR_ARG(host), has_brackets ? "]" : "", port);
}

static void say_hint(struct printer *o, const struct conf *c, const char *address, struct gateway *g)
{
    bool is_first = false;
    str url = c->webui_url.n != 0 ? c->webui_url : str_c(address);
    if (user_is_first(store_reader(g->store), why, &is_first) != ST_OK || !is_first)
        return;
    print_addf(o, "  Nobody has an account yet. Open %.*s and make the first one: it is the\n", STR_ARG(url));
    print_add(o, STR("  administrator's. A provider's account is made with\n"
                   "    mai user add --role provider --email YOU@EXAMPLE.COM --name YOU\n"));
}

/* For people; programs read the log. */
static void say_start(struct printer *o, const struct conf *c, const char *address, struct gateway *g)
{
    bool is_named = !str_eq(c->webui_name, STR("mAI"));
    print_addf(o, "mAI %s%s%.*s is ready\n", MAI_VERSION, is_named ? " as " : "", is_named ? (int)c->webui_name.n : 0,
               c->webui_name.p);
    print_addf(o, "  Address     %s%s\n", address, is_any(c->host) ? " (on every network of this machine)" : "");
    if (c->webui_url.n != 0)
        print_addf(o, "  Public      %.*s\n", STR_ARG(c->webui_url));
    print_add(o, STR("  Data        "));
    print_add_text(o, c->data_dir);
    print_addf(o, "\n  Supplier    %.*s\n", STR_ARG(c->openai_api_base_url));
    say_hint(o, c, address, g);
    print_flush(o);
}

static void log_start(const struct conf *c, const char *address)
{
    log_info("Server started", LF_STR("name", c->webui_name), LF_Z("version", MAI_VERSION), LF_Z("address", address),
             LF_STR("data", c->data_dir), LF_STR("upstream", c->openai_api_base_url), LF_INT("pid", getpid()));
    if (c->has_ignored_api_key)
        log_warn("OPENAI_API_KEY is set and ignored: keys are entered in Settings -> Connections");
}

/* ---- signals ---- */

static void block_stop_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    CHECK(sigprocmask(SIG_BLOCK, set, NULL) == 0);
}

static void wait_for_stop(const sigset_t *set)
{
    int number = 0;
    while (sigwait(set, &number) != 0)
        continue;
    log_info("Server stops", LF_STR("signal", number == SIGTERM ? STR("TERM") : STR("INT")),
             LF_INT("grace_ms", GRACE_MS));
}

static void stop_at_once(int number)
{
    static const char words[] = "mai: stopped at once; open calls are settled by the next start\n";
    ssize_t ignored = write(STDERR_FILENO, words, sizeof words - 1);
    (void)ignored;
    _exit(EXIT_FAILED);
}

/* From here on a second signal is not waited for. */
static void arm_second_signal(const sigset_t *set)
{
    struct sigaction act = {.sa_handler = stop_at_once};
    sigaction(SIGTERM, &act, NULL);
    sigaction(SIGINT, &act, NULL);
    CHECK(sigprocmask(SIG_UNBLOCK, set, NULL) == 0);
}

static int serve(struct front *f)
{
    struct server *s;
    struct err e = {0};
    sigset_t stop_signals;
    char address[ADDRESS_CAP];
    signal(SIGPIPE, SIG_IGN);
    raise_file_limit();
    status st = server_prepare(f->conf, &s, &e);
    block_stop_signals(&stop_signals); /* until here a signal just ends the process: a migration is not waited for */
    if (st == ST_OK)
        st = server_open(s, &e);
    if (st != ST_OK)
        return front_fail(f, err_text(&e, st));
    address_text(f->conf, server_port(s), address);
    if (!f->conf->log_is_json)
        say_start(f->out, f->conf, address, server_gateway(s));
    log_start(f->conf, address);
    wait_for_stop(&stop_signals);
    arm_second_signal(&stop_signals);
    server_stop(s, GRACE_MS);
    log_info("Server stopped");
    return EXIT_DONE;
}

/* ---- help ---- */

static void add_settings(struct printer *o)
{
    MAI_AUTO(buf_free) struct buf b;
    buf_init(&b, 64 * 1024);
    conf_print_help(&b);
    print_add(o, STR("\n"));
    print_add(o, buf_view(&b));
}

const struct command command_serve = {
    .name = "serve",
    .summary = "Start the server",
    .words = "",
    .help = "Runs until SIGTERM or SIGINT: new requests are refused then, running ones get 8 seconds; a second signal ends\n"
            "at once. Nothing that was acknowledged is lost either way.",
    .here = serve,
    .is_server = true,
    .more_help = add_settings,
};

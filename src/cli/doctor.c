/* `mai doctor`: looks at everything mAI needs and says of each whether it is well and what to do. A table of checks:
 * those about the environment and the folder run here, those about the data run where the data is. Changes nothing;
 * a folder that is not there is not made. */
#include "base/clock.h"
#include "cli/args.h"
#include "cli/cli_sql.h"
#include "cli/client_print.h"
#include "cli/commands.h"
#include "cli/front.h"
#include "cli/wire.h"
#include "tenancy/settings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/timex.h>
#include <unistd.h>

enum verdict { GOOD, WARN, FAIL };
static const char *const verdict_words[] = {"ok", "warn", "fail"};

enum { TEXT_CAP = 420, PATH_CAP = 4200, FREE_MIN_MB = 512, FILES_MIN = 4096, ARENA_BYTES = 1 << 20 };

struct finding {
    enum verdict verdict;
    char text[TEXT_CAP];
};

static void found(struct finding *f, enum verdict v, const char *fmt, ...) PRINTF_LIKE(3, 4);
static void found(struct finding *f, enum verdict v, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    f->verdict = v;
    vsnprintf(f->text, sizeof f->text, fmt, args);
    va_end(args);
}

static void say_finding(struct printer *o, bool is_json, const char *name, const struct finding *f)
{
    if (!is_json) {
        print_addf(o, "%-4s  %-16s ", verdict_words[f->verdict], name);
        print_add_text(o, str_c(f->text));
        print_add(o, STR("\n"));
        return;
    }
    MAI_AUTO(buf_free) struct buf line;
    buf_init(&line, LINE_JSON_MAX_BYTES);
    struct json_writer w = json_writer(&line);
    jw_object(&w);
    jw_kstr(&w, STR("check"), str_c(name));
    jw_kstr(&w, STR("result"), str_c(verdict_words[f->verdict]));
    jw_kstr(&w, STR("text"), str_c(f->text));
    jw_end(&w);
    buf_add_char(&line, '\n');
    say_json(o, &line);
}

/* ---- here: environment, folder, machine ---- */

static void check_folder(const struct conf *c, struct finding *f)
{
    char path[PATH_CAP];
    struct statvfs s;
    if (!str_copy_z(c->data_dir, path, sizeof path))
        return found(f, FAIL, "The path of the data folder is too long: shorten DATA_DIR");
    if (access(path, F_OK) != 0 && errno == ENOENT)
        return found(f, WARN, "%s is not there yet; the first start makes it", path);
    if (access(path, R_OK | W_OK | X_OK) != 0)
        return found(f, FAIL, "%s cannot be written (%m): give it to the user mAI runs as", path);
    if (statvfs(path, &s) != 0)
        return found(f, FAIL, "%s cannot be looked at: %m", path);
    uint64_t free_mb = (uint64_t)s.f_bavail * s.f_frsize >> 20;
    if (free_mb < FREE_MIN_MB)
        return found(f, WARN, "%s has only %llu MB left: make room before it is full", path, (unsigned long long)free_mb);
    found(f, GOOD, "%s can be written, %llu MB are free", path, (unsigned long long)free_mb);
}

static void check_secrecy(const struct conf *c, struct finding *f)
{
    char path[PATH_CAP];
    struct stat s;
    if (c->secret_key.n != 0)
        return found(f, GOOD, "given by WEBUI_SECRET_KEY");
    snprintf(path, sizeof path, "%.*s/master.key", (int)(c->data_dir.n < 4000 ? c->data_dir.n : 4000), c->data_dir.p);
    if (stat(path, &s) != 0)
        return found(f, WARN, "%s is not there yet; the first start makes it", path);
    if ((s.st_mode & 077) != 0)
        return found(f, WARN, "%s can be read by others: chmod 600 it", path);
    found(f, GOOD, "%s; keep a copy apart from the backups", path);
}

static void check_files(const struct conf *c, struct finding *f)
{
    struct rlimit r;
    if (getrlimit(RLIMIT_NOFILE, &r) != 0)
        return found(f, WARN, "The limit cannot be read: %m");
    /* A stream is a connection from the client and one to OpenRouter. */
    uint64_t wanted = (uint64_t)c->max_connections * 2;
    if (r.rlim_max < FILES_MIN)
        return found(f, WARN, "at most %llu may be open: raise the limit (ulimit -Hn, LimitNOFILE=) to %llu",
                     (unsigned long long)r.rlim_max, (unsigned long long)wanted);
    if (r.rlim_max < wanted)
        return found(f, WARN, "at most %llu may be open, MAI_MAX_CONNECTIONS wants up to %llu: raise one or lower the other",
                     (unsigned long long)r.rlim_max, (unsigned long long)wanted);
    found(f, GOOD, "up to %llu may be open", (unsigned long long)r.rlim_max);
}

static void check_clock(const struct conf *c, struct finding *f)
{
    struct timex t = {0};
    char now[ISO_TIME_CAP];
    int state = adjtimex(&t);
    iso_from_ms(clock_now_ms(), now);
    (void)c;
    if (civil_from_ms(clock_now_ms()).year < 2026)
        return found(f, FAIL, "It says %s: set it, else days and limits are wrong", now);
    if (state == TIME_ERROR || (t.status & STA_UNSYNC) != 0)
        return found(f, WARN, "%s, but nothing keeps it right: run a time service (systemd-timesyncd, chrony)", now);
    found(f, GOOD, "%s, kept right by a time service", now);
}

static void check_server(const struct conf *c, struct finding *f)
{
    int fd;
    status st = wire_connect(c->data_dir, &fd);
    if (st == ST_FORBIDDEN)
        return found(f, FAIL, "It runs as another user: give this command as that user or as root");
    if (st != ST_OK)
        return found(f, GOOD, "does not run on this folder");
    close(fd);
    found(f, GOOD, "runs on this folder");
}

static const struct {
    const char *name;
    void (*check)(const struct conf *c, struct finding *f);
} here_checks[] = {
    {"data folder", check_folder}, {"master key", check_secrecy}, {"open files", check_files},
    {"clock", check_clock},        {"server", check_server},
};

/* ---- where the data is ---- */

struct text_ctx {
    char *dst;
    size_t cap;
};

static void read_text(const struct db_rows *row, void *ctx)
{
    struct text_ctx *t = ctx;
    if (!str_copy_z(str_sub(db_text(row, 0), 0, t->cap - 1), t->dst, t->cap))
        t->dst[0] = '\0';
}

static void read_number(const struct db_rows *row, void *ctx)
{
    *(int64_t *)ctx = db_int(row, 0);
}

static void check_database(struct command_call *c, struct finding *f)
{
    char text[200] = "";
    int64_t version = 0;
    struct db *db = store_reader(c->host.store);
    status st = db_one(db, &SQL_DATABASE_VERSION, DB_NO_ARGS, read_number, &version);
    if (st == ST_OK)
        st = db_one(db, &SQL_DATABASE_CHECK, DB_NO_ARGS, read_text, &(struct text_ctx){text, sizeof text});
    if (st != ST_OK || strcmp(text, "ok") != 0)
        return found(f, FAIL, "damaged (%s): stop the server and restore a backup", st != ST_OK ? status_text(st) : text);
    if (!store_is_healthy(c->host.store))
        return found(f, FAIL, "cannot be written: look at the disk and its free space");
    found(f, GOOD, "version %lld, whole, can be read and written", (long long)version);
}

struct proof {
    struct command_call *call;
    struct err e;
};

static status prove_run(struct db *db, void *ctx)
{
    static const struct system_scope why = {"doctor"};
    struct proof *p = ctx;
    return master_key_prove(db, why, p->call->host.master, &p->e);
}

static void check_seal(struct command_call *c, struct finding *f)
{
    struct proof p = {.call = c};
    status st = store_write(c->host.store, prove_run, &p);
    if (st != ST_OK)
        return found(f, FAIL, "%s", err_text(&p.e, st));
    found(f, GOOD, "the master key fits the data");
}

static void check_ledger_clock(struct command_call *c, struct finding *f)
{
    int64_t newest = 0;
    char text[ISO_TIME_CAP];
    status st = db_one(store_reader(c->host.store), &SQL_NEWEST_CALL, DB_NO_ARGS, read_number, &newest);
    if (st != ST_OK)
        return found(f, FAIL, "cannot be read: %s", status_text(st));
    iso_from_ms(newest, text);
    if (newest > clock_now_ms() + MS_PER_HOUR)
        return found(f, FAIL, "the newest call is of %s, in the future: the clock was or is wrong", text);
    found(f, GOOD, newest != 0 ? "the newest call is of %s" : "no calls yet", text);
}

static void check_supplier(struct command_call *c, struct finding *f)
{
    MAI_AUTO(buf_free) struct buf body;
    struct err e = {0};
    str base = openrouter_base_url(c->host.openrouter);
    buf_init(&body, 64 << 20);
    status st = openrouter_models(c->host.openrouter, false, &body, &e);
    if (st != ST_OK)
        return found(f, FAIL, "%.*s: %s. Look at the network and OPENAI_API_BASE_URL", STR_ARG(base), err_text(&e, st));
    found(f, GOOD, "%.*s answers", STR_ARG(base));
}

static void judge_key(struct command_call *c, str key, struct arena *a, struct finding *f)
{
    struct openrouter_current_key k;
    struct err e = {0};
    status st = openrouter_current_key(c->host.openrouter, key, a, &k, &e);
    if (st == ST_UNAUTHENTICATED)
        return found(f, FAIL, "OpenRouter does not know it: store another one (`mai client provisioning-key --save`)");
    if (st != ST_OK)
        return found(f, WARN, "cannot be checked now: %s", err_text(&e, st));
    if (!k.is_management)
        return found(f, FAIL, "is a key for calls, not a management key: store another one");
    found(f, GOOD, "OpenRouter takes it");
}

static void check_provisioning(struct command_call *c, struct finding *f)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, ARENA_BYTES);
    struct err e = {0};
    str key;
    status st = client_management_key(&c->host, &a, &key, &e);
    if (st == ST_CONFLICT)
        return found(f, WARN, "there is none: clients can be made and limits kept in step only with one "
                              "(`mai client provisioning-key --save`)");
    if (st != ST_OK)
        return found(f, FAIL, "cannot be read: %s", err_text(&e, st));
    judge_key(c, key, &a, f);
    secret_wipe((char *)(uintptr_t)key.p, key.n);
}

static const struct {
    const char *name;
    void (*check)(struct command_call *c, struct finding *f);
} data_checks[] = {
    {"database", check_database},   {"seal", check_seal},
    {"ledger", check_ledger_clock}, {"OpenRouter", check_supplier},
    {"provisioning key", check_provisioning},
};

static int run(struct command_call *c)
{
    enum verdict worst = GOOD;
    for (size_t i = 0; i < COUNT_OF(data_checks); i++) {
        struct finding f = {0};
        data_checks[i].check(c, &f);
        say_finding(c->out, args_wants_json(c->args), data_checks[i].name, &f);
        print_flush(c->out);
        worst = f.verdict > worst ? f.verdict : worst;
    }
    return worst == FAIL ? EXIT_FAILED : EXIT_DONE;
}

/* ---- the command ---- */

static bool has_data(const struct conf *c)
{
    char path[PATH_CAP];
    return str_copy_z(c->data_dir, path, sizeof path) && access(path, F_OK) == 0;
}

static int here(struct front *f)
{
    enum verdict worst = GOOD;
    bool is_json = args_wants_json(&f->args);
    struct finding settings = {GOOD, "every variable has an acceptable value"};
    say_finding(f->out, is_json, "settings", &settings); /* wrong ones did not get this far */
    for (size_t i = 0; i < COUNT_OF(here_checks); i++) {
        struct finding found_now = {0};
        here_checks[i].check(f->conf, &found_now);
        say_finding(f->out, is_json, here_checks[i].name, &found_now);
        worst = found_now.verdict > worst ? found_now.verdict : worst;
    }
    print_flush(f->out);
    int code = worst != FAIL && has_data(f->conf) ? front_send(f) : EXIT_DONE;
    return worst == FAIL ? EXIT_FAILED : code;
}

static const struct flag flags[] = {
    {"--json", FLAG_YES, NULL, "Print JSON, one object a line", false, false},
    FLAG_END,
};

const struct command command_doctor = {
    .name = "doctor",
    .summary = "Check settings, folder, database, keys and OpenRouter, and say what to do",
    .words = "",
    .help = "A line each: ok, warn or fail. Exits 1 when something fails.",
    .flags = flags,
    .run = run,
    .here = here,
};

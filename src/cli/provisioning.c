/* `mai client provisioning-key`: the key of the provider's own OpenRouter account with which clients' keys are made,
 * kept sealed in the data folder. Its text is never shown. */
#include "cli/provisioning.h"
#include "cli/args.h"
#include "cli/client_print.h"
#include "cli/commands.h"
#include "cli/front.h"
#include "cli/prompt.h"
#include "tenancy/settings.h"

#include <unistd.h>

enum { ARENA_BYTES = 64 * 1024 };

bool provisioning_key_is_missing(struct command_call *c)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, ARENA_BYTES);
    str key;
    status st = client_management_key(&c->host, &a, &key, NULL);
    if (st == ST_OK)
        secret_wipe((char *)(uintptr_t)key.p, key.n);
    return st == ST_CONFLICT;
}

/* ---- changing ---- */

struct save {
    struct command_call *call;
    str key; /* empty: forget */
    struct err *e;
};

static status save_run(struct db *db, void *ctx)
{
    const struct save *s = ctx;
    return provisioning_key_save(db, provider_scope_host(), s->call->host.master, s->key, s->e);
}

static status check_key(struct command_call *c, str key, struct err *e)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, ARENA_BYTES);
    struct openrouter_current_key k;
    status st = openrouter_current_key(c->host.openrouter, key, &a, &k, e);
    if (st == ST_UNAUTHENTICATED)
        return err_set(e, st, "OpenRouter does not know this key; nothing was stored");
    if (st == ST_OK && !k.is_management)
        return err_set(e, ST_UNPROCESSABLE, "This is a key for calls, not a provisioning (management) key; nothing was stored");
    return st;
}

static int save(struct command_call *c)
{
    struct err e = {0};
    struct save s = {c, c->secrets.key, &e};
    status st = check_key(c, s.key, &e);
    if (st == ST_OK)
        st = store_write(c->host.store, save_run, &s);
    if (st != ST_OK)
        return command_fail(c, st, &e);
    print_add(c->out, STR("The provisioning key is stored, sealed.\n"));
    return EXIT_DONE;
}

static int forget(struct command_call *c)
{
    struct err e = {0};
    struct save s = {c, STR_NONE, &e};
    status st = store_write(c->host.store, save_run, &s);
    if (st != ST_OK)
        return command_fail(c, st, &e);
    print_add(c->out, STR("No provisioning key is stored any more.\n"));
    return EXIT_DONE;
}

/* ---- telling ---- */

static void tell_json(struct printer *o, const char *source, const char *last4)
{
    MAI_AUTO(buf_free) struct buf line;
    buf_init(&line, LINE_JSON_MAX_BYTES);
    struct json_writer w = json_writer(&line);
    jw_object(&w);
    jw_kstr_or_null(&w, STR("source"), str_c(source));
    jw_kstr_or_null(&w, STR("last4"), str_c(last4));
    jw_end(&w);
    buf_add_char(&line, '\n');
    say_json(o, &line);
}

static int tell(struct command_call *c)
{
    const struct conf *conf = c->host.conf;
    struct provider_settings s;
    str configured = c->secrets.provisioning_key.n != 0 ? c->secrets.provisioning_key : conf->provisioning_key;
    status st = provider_settings_read(store_reader(c->host.store), provider_scope_host(), configured,
                                       conf->default_markup, &s);
    if (st != ST_OK)
        return command_fail(c, st, NULL);
    bool has_one = s.has_provisioning_key;
    const char *source = !has_one ? NULL : configured.n != 0 ? "environment" : "stored";
    if (args_wants_json(c->args))
        tell_json(c->out, source, has_one ? s.provisioning_key_last4 : NULL);
    else if (has_one)
        print_addf(c->out, "The provisioning key that ends in %s is used (%s).\n", s.provisioning_key_last4,
                 configured.n != 0 ? "from OPENROUTER_PROVISIONING_KEY" : "stored, sealed");
    else
        print_add(c->out, STR("There is no provisioning key; --save stores one.\n"));
    return EXIT_DONE;
}

/* ---- the command ---- */

static int run(struct command_call *c)
{
    if (args_has(c->args, "--save"))
        return save(c);
    return args_has(c->args, "--forget") ? forget(c) : tell(c);
}

static int take_key(struct front *f)
{
    if (args_has(&f->args, "--key-stdin"))
        return front_take_stdin(f, "--key-stdin", "The provisioning key", &f->key, &f->secrets.key) ? EXIT_DONE
                                                                                                     : EXIT_FAILED;
    if (prompt_secret(STDERR_FILENO, STR("Enter your OpenRouter provisioning key: "), &f->key) != ST_OK)
        return front_fail(f, "No key was given; nothing was stored");
    f->secrets.key = str_trim(buf_view(&f->key));
    return f->secrets.key.n != 0 ? EXIT_DONE : front_fail(f, "No key was given; nothing was stored");
}

static int here(struct front *f)
{
    bool is_save = args_has(&f->args, "--save");
    if (is_save && args_has(&f->args, "--forget")) {
        print_error(f->out, "--save and --forget exclude each other");
        return EXIT_USAGE;
    }
    if (!is_save && args_has(&f->args, "--key-stdin")) {
        print_error(f->out, "--key-stdin needs --save");
        return EXIT_USAGE;
    }
    if (is_save && take_key(f) != EXIT_DONE)
        return EXIT_FAILED;
    return front_send(f);
}

static const struct flag flags[] = {
    {"--save", FLAG_YES, NULL, "Store a key, asked for by hidden prompt; it is checked first", false, false},
    {"--key-stdin", FLAG_YES, NULL, "With --save: read the key from standard input", false, false},
    {"--forget", FLAG_YES, NULL, "Forget the stored key", false, false},
    FLAG_JSON,
    FLAG_END,
};

const struct command command_client_provisioning_key = {
    .name = "client provisioning-key",
    .summary = "Show, store or forget the key with which client keys are made",
    .words = "",
    .help = "Without flags it tells which key is used: OPENROUTER_PROVISIONING_KEY wins over the stored one.",
    .flags = flags,
    .run = run,
    .here = here,
};

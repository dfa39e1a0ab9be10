/* `mai client create`: an OpenRouter key, an organization and, when wanted, its first admin, in one go. The menu
 * (menu.c) comes here too, for the output block of the seed guide. */
#include "base/clock.h"
#include "cli/args.h"
#include "cli/client_print.h"
#include "cli/commands.h"
#include "cli/front.h"
#include "cli/provisioning.h"

enum { ARENA_BYTES = 1 << 20 };

#define USAGE_TRACKING STR("Option 1 - Daily summaries + live counters")

/* ---- output ---- */

static void created_members(struct json_writer *w, const struct client_created *c)
{
    jw_kstr(w, STR("client_name"), c->client_name);
    jw_kstr(w, STR("organization_id"), c->organization_id);
    jw_kstr(w, STR("api_key"), c->api_key);
    jw_kstr(w, STR("key_id"), c->key_id);
    jw_klimit(w, STR("monthly_limit"), c->has_limit, c->monthly_limit);
    jw_kmarkup(w, STR("markup"), c->markup);
    jw_ktime(w, STR("created_at"), c->created_ms);
    jw_kstr(w, STR("usage_tracking"), USAGE_TRACKING);
}

static void say_created_json(struct printer *o, const struct client_created *c)
{
    MAI_AUTO(buf_free) struct buf line;
    buf_init(&line, LINE_JSON_MAX_BYTES);
    struct json_writer w = json_writer(&line);
    jw_object(&w);
    created_members(&w, c);
    if (c->has_admin) {
        jw_kobject(&w, STR("admin"));
        jw_kstr(&w, STR("email"), c->admin_email);
        jw_kstr(&w, STR("one_time_password"), c->one_time_password);
        jw_end(&w);
    }
    jw_end(&w);
    buf_add_char(&line, '\n');
    say_json(o, &line);
}

static void say_created(struct printer *o, const struct client_created *c)
{
    char text[LIMIT_TEXT_CAP], factor[PICO_TEXT_CAP];
    say_row(o, "Client", c->client_name);
    say_row(o, "Organization", c->organization_id);
    say_row(o, "API key", c->api_key);
    say_row(o, "Key id", c->key_id);
    say_row(o, "Limit", limit_words(c->has_limit, c->monthly_limit, RESET_MONTHLY, text));
    say_row(o, "Markup", markup_text(c->markup, factor));
    if (c->has_admin) {
        say_row(o, "Admin", c->admin_email);
        say_row(o, "One-time password", c->one_time_password);
    }
    print_add(o, STR("\nThe key is shown this once only. Give it to the client's administrator, who enters it in\n"
                   "Settings -> Connections.\n"));
}

/* ---- the seed guide's block ---- */

static void block_text(struct printer *o, const char *name, str value)
{
    MAI_AUTO(buf_free) struct buf b;
    buf_init(&b, LINE_JSON_MAX_BYTES);
    json_add_string(&b, value);
    buf_add(&b, STR(",\n"));
    print_addf(o, "  \"%s\": ", name);
    say_json(o, &b);
}

/* 500 is written 500.0 there. */
static void block_limit(struct printer *o, const struct client_created *c)
{
    char text[PICO_TEXT_CAP];
    str amount = c->has_limit ? pico_text(c->monthly_limit, text) : STR("null");
    bool is_whole = c->has_limit && str_find_char(amount, '.') == amount.n;
    print_addf(o, "  \"monthly_limit\": %.*s%s,\n", STR_ARG(amount), is_whole ? ".0" : "");
}

static void say_block(struct printer *o, const struct client_created *c)
{
    char time[ISO_TIME_CAP];
    iso_from_ms(c->created_ms, time);
    print_add(o, STR("📡 Response status: 201\n"
                   "✅ API key created successfully!\n"
                   "\n"
                   "📋 CLIENT DATABASE ENTRY:\n"
                   "{\n"));
    block_text(o, "client_name", c->client_name);
    block_text(o, "api_key", c->api_key);
    block_text(o, "key_id", c->key_id);
    block_limit(o, c);
    block_text(o, "created_at", str_c(time));
    print_add(o, STR("  \"usage_tracking\": \"Option 1 - Daily summaries + live counters\"\n"
                   "}\n"
                   "\n"
                   "🎯 MANUAL SETUP INSTRUCTIONS:\n"
                   "1. Give API key to client administrator: "));
    print_add(o, c->api_key);
    print_add(o, STR("\n"
                   "2. Client enters key in Settings → Connections\n"
                   "3. System automatically configures organization and usage tracking\n"
                   "4. External user ID is auto-learned on first API call\n"
                   "\n"
                   "✅ Zero manual database configuration required!\n"));
}

/* ---- work ---- */

static struct client_new wanted(const struct args *a)
{
    const struct arg_value *limit = args_get(a, "--limit"), *reset = args_get(a, "--limit-reset"),
                           *rate = args_get(a, "--markup");
    return (struct client_new){
        .name = args_text(a, "--name"),
        .has_markup = rate->is_given,
        .markup = rate->markup,
        .has_limit = limit->is_given && !limit->is_none,
        .limit = limit->amount,
        .has_reset = reset->is_given,
        .limit_reset = reset->reset,
        .timezone = args_text(a, "--timezone"),
        .currency = args_text(a, "--currency"),
        .billing_email = args_text(a, "--billing-email"),
        .admin_email = args_text(a, "--admin-email"),
        .admin_name = args_text(a, "--admin-name"),
    };
}

static void say_result(struct command_call *c, const struct client_created *made)
{
    if (args_has(c->args, "--menu"))
        say_block(c->out, made);
    else if (args_wants_json(c->args))
        say_created_json(c->out, made);
    else
        say_created(c->out, made);
}

static int create(struct command_call *c)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, ARENA_BYTES);
    struct client_new n = wanted(c->args);
    struct client_created made;
    struct err e = {0};
    if (n.admin_name.p != NULL && n.admin_email.p == NULL) {
        print_error(c->out, "--admin-name needs --admin-email");
        return EXIT_USAGE;
    }
    if (provisioning_key_is_missing(c))
        return EXIT_WANTS_KEY;
    status st = client_create(&c->host, provider_scope_host(), &n, &a, &made, &e);
    if (st != ST_OK)
        return command_fail(c, st, &e);
    say_result(c, &made);
    secret_wipe((char *)(uintptr_t)made.api_key.p, made.api_key.n);
    if (made.has_admin)
        secret_wipe((char *)(uintptr_t)made.one_time_password.p, made.one_time_password.n);
    return EXIT_DONE;
}

static int create_here(struct front *f)
{
    if (!front_take_stdin(f, "--key-stdin", "The provisioning key", &f->provisioning_key, &f->secrets.provisioning_key))
        return EXIT_FAILED;
    return front_send(f);
}

static const struct flag flags[] = {
    {"--name", FLAG_TEXT, "NAME", "The client's name, in any script", true, false},
    {"--limit", FLAG_AMOUNT, "USD", "Limit in billed USD, or none [none]", false, false},
    {"--limit-reset", FLAG_RESET, "SPAN", "When the limit starts anew: monthly, weekly, daily, none [monthly]", false, false},
    {"--markup", FLAG_MARKUP, "FACTOR", "billed = cost x FACTOR [DEFAULT_MARKUP_RATE]", false, false},
    {"--timezone", FLAG_TEXT, "ZONE", "Where its days and months are cut [UTC]", false, false},
    {"--currency", FLAG_TEXT, "CODE", "Currency it sees: USD or PLN [USD]", false, false},
    {"--billing-email", FLAG_TEXT, "EMAIL", "Where bills go", false, false},
    {"--admin-email", FLAG_TEXT, "EMAIL", "Make its first administrator, with a one-time password", false, false},
    {"--admin-name", FLAG_TEXT, "NAME", "That administrator's name", false, false},
    FLAG_KEY_STDIN,
    FLAG_JSON,
    {"--menu", FLAG_YES, NULL, "Print the block of the menu", false, true},
    FLAG_END,
};

const struct command command_client_create = {
    .name = "client create",
    .summary = "Make a client: its key at OpenRouter and its organization",
    .words = "",
    .help = "The new key is printed once and kept nowhere; it finds its organization when the client's administrator\n"
            "enters it. The provisioning key comes from --key-stdin, OPENROUTER_PROVISIONING_KEY, the stored one\n"
            "(`mai client provisioning-key`), or is asked for.",
    .flags = flags,
    .run = create,
    .here = create_here,
};

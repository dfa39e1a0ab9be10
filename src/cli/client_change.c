/* `mai client set | disable | enable | rotate | delete`. What is changed in mAI holds when the command returns, also in
 * the memory of a running server. */
#include "cli/args.h"
#include "cli/client_print.h"
#include "cli/commands.h"
#include "cli/front.h"
#include "cli/prompt.h"
#include "cli/provisioning.h"

#include <unistd.h>

enum { ARENA_BYTES = 1 << 20 };

static status find(struct command_call *c, struct arena *a, struct client *out, struct err *e)
{
    str name;
    status st = args_client(c->args, &name, e);
    return st == ST_OK ? client_show(&c->host, provider_scope_host(), name, a, out, e) : st;
}

static void say_client_json(struct command_call *c, str id, struct arena *a)
{
    struct client client;
    MAI_AUTO(buf_free) struct buf line;
    buf_init(&line, LINE_JSON_MAX_BYTES);
    struct json_writer w = json_writer(&line);
    if (client_show(&c->host, provider_scope_host(), id, a, &client, NULL) != ST_OK)
        return; /* deleted by somebody else meanwhile */
    client_json(&w, &client);
    buf_add_char(&line, '\n');
    say_json(c->out, &line);
}

/* The end of a change: as JSON the client as it is now, else a sentence. */
static int say_changed(struct command_call *c, const struct client *before, const char *what,
                       const struct client_done *done, struct arena *a)
{
    command_warn(c, done->warning);
    if (args_wants_json(c->args)) {
        say_client_json(c, before->organization.id, a);
        return EXIT_DONE;
    }
    print_add_text(c->out, before->organization.name);
    print_addf(c->out, ": %s.\n", what);
    return EXIT_DONE;
}

/* Every command here may get the provisioning key from standard input. */
static int send_with_key(struct front *f)
{
    if (!front_take_stdin(f, "--key-stdin", "The provisioning key", &f->provisioning_key, &f->secrets.provisioning_key))
        return EXIT_FAILED;
    return front_send(f);
}

/* ---- set ---- */

static struct organization_change wanted(const struct args *a)
{
    const struct arg_value *limit = args_get(a, "--limit"), *reset = args_get(a, "--limit-reset");
    const struct arg_value *access = args_get(a, "--api-access"), *extras = args_get(a, "--allow-extras");
    const struct arg_value *deny = args_get(a, "--deny-data-collection"), *zdr = args_get(a, "--zero-data-retention");
    str billing = args_text(a, "--billing-email");
    return (struct organization_change){
        .set_name = args_has(a, "--name"),
        .name = args_text(a, "--name"),
        .set_markup = args_has(a, "--markup"),
        .markup = args_get(a, "--markup")->markup,
        .set_limit = limit->is_given,
        .has_limit = !limit->is_none,
        .limit = limit->amount,
        .set_reset = reset->is_given,
        .limit_reset = reset->reset,
        .set_timezone = args_has(a, "--timezone"),
        .timezone = args_text(a, "--timezone"),
        .set_currency = args_has(a, "--currency"),
        .currency = args_text(a, "--currency"),
        .set_billing_email = billing.p != NULL,
        .billing_email = str_eq(billing, STR("none")) ? STR_NONE : billing,
        .set_api_access = access->is_given,
        .has_api_access = access->is_on,
        .set_allow_extras = extras->is_given,
        .allows_extras = extras->is_on,
        .set_deny_data_collection = deny->is_given,
        .deny_data_collection = deny->is_on,
        .set_zero_data_retention = zdr->is_given,
        .zero_data_retention = zdr->is_on,
    };
}

static int set(struct command_call *c)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, ARENA_BYTES);
    struct organization_change change = wanted(c->args);
    struct client client;
    struct client_done done = {0};
    struct err e = {0};
    status st = find(c, &a, &client, &e);
    if (st == ST_OK)
        st = client_set(&c->host, provider_scope_host(), client.organization.id, &change, &done, &e);
    if (st != ST_OK)
        return command_fail(c, st, &e);
    return say_changed(c, &client, "changed", &done, &a);
}

/* At least one of the flags that change something. */
static bool changes_anything(const struct args *a)
{
    static const char *const other[] = {"--client", "--json", "--key-stdin"};
    for (size_t i = 0; a->command->flags[i].name != NULL; i++) {
        bool is_other = false;
        for (size_t k = 0; k < COUNT_OF(other); k++)
            is_other = is_other || strcmp(a->command->flags[i].name, other[k]) == 0;
        if (a->values[i].is_given && !is_other)
            return true;
    }
    return false;
}

static int set_here(struct front *f)
{
    if (changes_anything(&f->args))
        return send_with_key(f);
    print_error(f->out, "Say what to change (`mai client set --help` lists it)");
    return EXIT_USAGE;
}

static const struct flag set_flags[] = {
    FLAG_CLIENT,
    {"--name", FLAG_TEXT, "NAME", "New name", false, false},
    {"--limit", FLAG_AMOUNT, "USD", "Limit in billed USD, or none", false, false},
    {"--limit-reset", FLAG_RESET, "SPAN", "When the limit starts anew: monthly, weekly, daily, none", false, false},
    {"--markup", FLAG_MARKUP, "FACTOR", "billed = cost x FACTOR, from now on", false, false},
    {"--timezone", FLAG_TEXT, "ZONE", "Where its days and months are cut", false, false},
    {"--currency", FLAG_TEXT, "CODE", "Currency it sees: USD or PLN", false, false},
    {"--billing-email", FLAG_TEXT, "EMAIL", "Where bills go, or none", false, false},
    {"--api-access", FLAG_SWITCH, "on|off", "Personal API keys and /v1", false, false},
    {"--allow-extras", FLAG_SWITCH, "on|off", "Paid extras of OpenRouter (web search, plugins)", false, false},
    {"--deny-data-collection", FLAG_SWITCH, "on|off", "Only suppliers that do not keep prompts for training", false, false},
    {"--zero-data-retention", FLAG_SWITCH, "on|off", "Only suppliers that keep nothing", false, false},
    FLAG_KEY_STDIN,
    FLAG_JSON,
    FLAG_END,
};

const struct command command_client_set = {
    .name = "client set",
    .summary = "Change a client's limit, markup or settings",
    .words = "CLIENT",
    .help = "A new limit holds in mAI at once and is sent to the key at OpenRouter.\n"
            "API access: OpenRouter's terms are reported to forbid reselling raw access to its API; check them before you\n"
            "switch it on.",
    .max_words = 1,
    .names_client = true,
    .flags = set_flags,
    .run = set,
    .here = set_here,
};

/* ---- disable, enable ---- */

static int switch_to(struct command_call *c, bool is_disabled, const char *what)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, ARENA_BYTES);
    struct client client;
    struct client_done done = {0};
    struct err e = {0};
    status st = find(c, &a, &client, &e);
    if (st == ST_OK)
        st = client_set_disabled(&c->host, provider_scope_host(), client.organization.id, is_disabled, &done, &e);
    if (st != ST_OK)
        return command_fail(c, st, &e);
    return say_changed(c, &client, what, &done, &a);
}

static int disable(struct command_call *c)
{
    return switch_to(c, true, "disabled; its people can look but not call models");
}

static int enable(struct command_call *c)
{
    return switch_to(c, false, "enabled");
}

static const struct flag switch_flags[] = {FLAG_CLIENT, FLAG_KEY_STDIN, FLAG_JSON, FLAG_END};

const struct command command_client_disable = {
    .name = "client disable",
    .summary = "Stop all calls of a client, here and at OpenRouter",
    .words = "CLIENT",
    .max_words = 1,
    .names_client = true,
    .flags = switch_flags,
    .run = disable,
    .here = send_with_key,
};

const struct command command_client_enable = {
    .name = "client enable",
    .summary = "Allow the calls of a disabled client again",
    .words = "CLIENT",
    .max_words = 1,
    .names_client = true,
    .flags = switch_flags,
    .run = enable,
    .here = send_with_key,
};

/* ---- rotate ---- */

static void rotated_json(struct printer *o, const struct client *client, const struct client_rotated *r)
{
    MAI_AUTO(buf_free) struct buf line;
    buf_init(&line, LINE_JSON_MAX_BYTES);
    struct json_writer w = json_writer(&line);
    jw_object(&w);
    jw_kstr(&w, STR("client_name"), client->organization.name);
    jw_kstr(&w, STR("organization_id"), client->organization.id);
    jw_kstr(&w, STR("api_key"), r->api_key);
    jw_kstr(&w, STR("key_id"), r->key_id);
    jw_kbool(&w, STR("is_in_use"), r->is_in_use);
    jw_end(&w);
    buf_add_char(&line, '\n');
    say_json(o, &line);
}

static void rotated_text(struct printer *o, const struct client *client, const struct client_rotated *r)
{
    say_row(o, "Client", client->organization.name);
    say_row(o, "API key", r->api_key);
    say_row(o, "Key id", r->key_id);
    if (r->is_in_use)
        print_add(o, STR("\nmAI uses the new key already, the old one is disabled. Nobody has to enter it.\n"));
    else if (r->is_expected)
        print_add(o, STR("\nThe old key, which nobody had entered, is deleted. Give this one to the client's administrator.\n"));
}

static int rotate(struct command_call *c)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, ARENA_BYTES);
    struct client client;
    struct client_rotated r = {0};
    struct err e = {0};
    status st = find(c, &a, &client, &e);
    if (st == ST_OK && provisioning_key_is_missing(c))
        return EXIT_WANTS_KEY;
    if (st == ST_OK)
        st = client_rotate(&c->host, provider_scope_host(), client.organization.id, &a, &r, &e);
    if (st != ST_OK)
        return command_fail(c, st, &e);
    if (args_wants_json(c->args))
        rotated_json(c->out, &client, &r);
    else
        rotated_text(c->out, &client, &r);
    secret_wipe((char *)(uintptr_t)r.api_key.p, r.api_key.n);
    command_warn(c, r.warning);
    return EXIT_DONE;
}

const struct command command_client_rotate = {
    .name = "client rotate",
    .summary = "Give a client a new key; the old one goes when the new one works",
    .words = "CLIENT",
    .help = "The new key is printed once. Where a key is in use mAI takes the new one itself.",
    .max_words = 1,
    .names_client = true,
    .flags = switch_flags,
    .run = rotate,
    .here = send_with_key,
};

/* ---- delete ---- */

static int delete(struct command_call *c)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, ARENA_BYTES);
    struct client client;
    struct client_done done = {0};
    struct err e = {0};
    status st = find(c, &a, &client, &e);
    if (st == ST_OK)
        st = client_delete(&c->host, provider_scope_host(), client.organization.id, &done, &e);
    if (st != ST_OK)
        return command_fail(c, st, &e);
    command_warn(c, done.warning);
    if (args_wants_json(c->args)) {
        print_addf(c->out, "{\"organization_id\": \"%.*s\", \"deleted\": true}\n", STR_ARG(client.organization.id));
        return EXIT_DONE;
    }
    print_add_text(c->out, client.organization.name);
    print_add(c->out, STR(": deleted. The books stay.\n"));
    return EXIT_DONE;
}

static int delete_here(struct front *f)
{
    struct err e = {0};
    MAI_AUTO(buf_free) struct buf question;
    str name;
    buf_init(&question, PROMPT_MAX_BYTES);
    if (args_has(&f->args, "--yes"))
        return send_with_key(f);
    if (args_client(&f->args, &name, &e) != ST_OK)
        return front_fail(f, e.text);
    buf_addf(&question,
             "Delete client '%.*s'? Its keys end at OpenRouter, its people and their chats go, the books stay. (y/N): ",
             STR_ARG(name));
    if (!prompt_yes(STDERR_FILENO, buf_view(&question)))
        return front_fail(f, "Nothing was deleted; --yes deletes without asking");
    return send_with_key(f);
}

static const struct flag delete_flags[] = {
    FLAG_CLIENT,
    {"--yes", FLAG_YES, NULL, "Do not ask", false, false},
    FLAG_KEY_STDIN,
    FLAG_JSON,
    FLAG_END,
};

const struct command command_client_delete = {
    .name = "client delete",
    .summary = "End a client: its keys, people and chats; the books stay",
    .words = "CLIENT",
    .max_words = 1,
    .names_client = true,
    .flags = delete_flags,
    .run = delete,
    .here = delete_here,
};

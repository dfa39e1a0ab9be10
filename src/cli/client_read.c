/* `mai client list` and `mai client show`. */
#include "cli/args.h"
#include "cli/client_print.h"
#include "cli/commands.h"
#include "tenancy/connection.h"

#include <stdio.h>

enum { ARENA_BYTES = 4 << 20 };

/* ---- list ---- */

static void list_row_json(struct printer *o, const struct client *client, bool is_first)
{
    MAI_AUTO(buf_free) struct buf line;
    buf_init(&line, LINE_JSON_MAX_BYTES);
    struct json_writer w = json_writer(&line);
    print_add(o, is_first ? STR("") : STR(",\n"));
    client_json(&w, client);
    say_json(o, &line);
}

static const char *state_of(const struct client *c)
{
    return c->organization.is_disabled ? "disabled" : key_state_text(c->key_state).p;
}

/* The name last: scripts of the world differ in width. */
static void list_row(struct printer *o, const struct client *c)
{
    char limit[LIMIT_TEXT_CAP], factor[PICO_TEXT_CAP];
    str l = limit_words(c->organization.has_limit, c->organization.limit, c->organization.limit_reset, limit);
    str m = markup_text(c->organization.markup, factor);
    print_addf(o, "%-36.*s  %-17s  %-4.*s  %-18.*s  %-6.*s  %6lld  ", STR_ARG(c->organization.id), state_of(c),
             STR_ARG(c->key_last4), STR_ARG(l), STR_ARG(m), (long long)c->people);
    print_add_text(o, c->organization.name);
    print_add(o, STR("\n"));
}

static void list_head(struct printer *o, bool is_json)
{
    if (is_json)
        print_add(o, STR("[\n"));
    else
        print_addf(o, "%-36s  %-17s  %-4s  %-18s  %-6s  %6s  %s\n", "ID", "KEY", "ENDS", "LIMIT", "MARKUP", "PEOPLE",
                 "NAME");
}

static void list_page(struct printer *o, const struct client_page *page, bool is_json, int64_t before)
{
    for (size_t i = 0; i < page->count; i++) {
        if (is_json)
            list_row_json(o, &page->rows[i], before == 0 && i == 0);
        else
            list_row(o, &page->rows[i]);
    }
}

static int list(struct command_call *c)
{
    bool is_json = args_wants_json(c->args);
    struct client_query q = {.text = args_text(c->args, "--search"), .page = 1, .per_page = LIST_PAGE_MAX};
    struct client_page page = {.count = LIST_PAGE_MAX};
    int64_t given = 0;
    list_head(c->out, is_json);
    for (; page.count == LIST_PAGE_MAX && !c->out->is_broken; q.page++) {
        MAI_AUTO(arena_free) struct arena a;
        arena_init(&a, ARENA_BYTES);
        status st = client_list(store_reader(c->host.store), provider_scope_host(), &q, &a, &page);
        if (st != ST_OK)
            return command_fail(c, st, NULL);
        list_page(c->out, &page, is_json, given);
        given += (int64_t)page.count;
    }
    if (is_json)
        print_add(c->out, given != 0 ? STR("\n]\n") : STR("]\n"));
    return EXIT_DONE;
}

static const struct flag list_flags[] = {
    {"--search", FLAG_TEXT, "TEXT", "Only clients whose name has this part", false, false},
    FLAG_JSON,
    FLAG_END,
};

const struct command command_client_list = {
    .name = "client list",
    .summary = "List the clients with key, limit and markup",
    .words = "",
    .help = "With --json one array, an object a line.",
    .flags = list_flags,
    .run = list,
};

/* ---- show ---- */

static void show_key(struct printer *o, const struct client *c)
{
    char last4[16] = "";
    if (c->key_hash.n == 0) {
        say_row(o, "Key", STR("none"));
        return;
    }
    say_row(o, "Key", key_state_text(c->key_state));
    say_row(o, "Key ends in", connection_mask(c->key_last4, last4));
    say_row(o, "Key id", c->key_hash);
}

static void show_limit(struct printer *o, const struct organization *g)
{
    char limit[LIMIT_TEXT_CAP];
    say_row(o, "Limit", limit_words(g->has_limit, g->limit, g->limit_reset, limit));
    say_row(o, "Limit set in", limit_source_text(g->limit_source));
    if (g->openrouter_limit_seen_ms != 0)
        say_row(o, "Limit at OpenRouter",
                limit_words(g->has_openrouter_limit, g->openrouter_limit, g->limit_reset, limit));
}

static void show_text(struct printer *o, const struct client *c)
{
    const struct organization *g = &c->organization;
    char factor[PICO_TEXT_CAP], people[32];
    say_row(o, "Client", g->name);
    say_row(o, "Organization", g->id);
    say_row(o, "State", g->is_disabled ? STR("disabled") : STR("active"));
    show_key(o, c);
    show_limit(o, g);
    say_row(o, "Markup", markup_text(g->markup, factor));
    say_row(o, "Time zone", g->timezone);
    say_row(o, "Currency", g->currency);
    say_row(o, "Billing e-mail", g->billing_email.n != 0 ? g->billing_email : STR("none"));
    say_row(o, "API access", g->has_api_access ? STR("on") : STR("off"));
    say_row(o, "Extras allowed", g->allows_extras ? STR("on") : STR("off"));
    say_row(o, "Deny data collection", g->deny_data_collection ? STR("on") : STR("off"));
    say_row(o, "Zero data retention", g->zero_data_retention ? STR("on") : STR("off"));
    snprintf(people, sizeof people, "%lld", (long long)c->people);
    say_row(o, "People", str_c(people));
    say_time(o, "Last seen", c->last_seen_ms);
    say_time(o, "Created", g->created_ms);
}

static void show_json(struct printer *o, const struct client *c)
{
    MAI_AUTO(buf_free) struct buf line;
    buf_init(&line, LINE_JSON_MAX_BYTES);
    struct json_writer w = json_writer(&line);
    client_json(&w, c);
    buf_add_char(&line, '\n');
    say_json(o, &line);
}

static int show(struct command_call *c)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, ARENA_BYTES);
    struct client client;
    struct err e = {0};
    str name;
    status st = args_client(c->args, &name, &e);
    if (st == ST_OK)
        st = client_show(&c->host, provider_scope_host(), name, &a, &client, &e);
    if (st != ST_OK)
        return command_fail(c, st, &e);
    if (args_wants_json(c->args))
        show_json(c->out, &client);
    else
        show_text(c->out, &client);
    return EXIT_DONE;
}

static const struct flag show_flags[] = {FLAG_CLIENT, FLAG_JSON, FLAG_END};

const struct command command_client_show = {
    .name = "client show",
    .summary = "Show one client",
    .words = "CLIENT",
    .max_words = 1,
    .names_client = true,
    .flags = show_flags,
    .run = show,
};

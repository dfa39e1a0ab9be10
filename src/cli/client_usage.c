/* `mai client usage`: what clients have used, from the books; or, with --key-stdin, what OpenRouter says about a
 * key. */
#include "base/clock.h"
#include "cli/args.h"
#include "cli/client_print.h"
#include "cli/commands.h"
#include "cli/front.h"

enum { ARENA_BYTES = 8 << 20 };

/* ---- a key, by OpenRouter ---- */

static void key_json(struct printer *o, const struct openrouter_current_key *k)
{
    MAI_AUTO(buf_free) struct buf line;
    buf_init(&line, LINE_JSON_MAX_BYTES);
    struct json_writer w = json_writer(&line);
    jw_object(&w);
    jw_kstr_or_null(&w, STR("label"), k->label);
    jw_kamount(&w, STR("usage"), k->usage);
    jw_kamount(&w, STR("usage_monthly"), k->usage_monthly);
    jw_klimit(&w, STR("limit"), k->has_limit, k->limit);
    jw_klimit(&w, STR("limit_remaining"), k->has_limit, k->limit_remaining);
    jw_kstr_or_null(&w, STR("limit_reset"), limit_reset_text(k->reset));
    jw_kbool(&w, STR("is_management_key"), k->is_management);
    jw_end(&w);
    buf_add_char(&line, '\n');
    say_json(o, &line);
}

static void key_text(struct printer *o, const struct openrouter_current_key *k)
{
    char used[PICO_TEXT_CAP], month[PICO_TEXT_CAP], limit[LIMIT_TEXT_CAP], left[PICO_TEXT_CAP];
    say_row(o, "Used in all", pico_display_usd(k->usage, used));
    say_row(o, "Used this month", pico_display_usd(k->usage_monthly, month));
    say_row(o, "Limit", limit_words(k->has_limit, k->limit, k->reset, limit));
    say_row(o, "Remaining", k->has_limit ? pico_display_usd(k->limit_remaining, left) : STR("no limit"));
    if (k->is_management)
        print_add(o, STR("This is a management (provisioning) key: it makes keys, clients cannot use it.\n"));
}

static int usage_of_key(struct command_call *c)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, ARENA_BYTES);
    struct openrouter_current_key k;
    struct err e = {0};
    status st = openrouter_current_key(c->host.openrouter, c->secrets.key, &a, &k, &e);
    if (st == ST_UNAUTHENTICATED)
        (void)err_set(&e, st, "OpenRouter does not know this key: it is wrong, deleted or disabled");
    if (st != ST_OK)
        return command_fail(c, st, &e);
    if (args_wants_json(c->args))
        key_json(c->out, &k);
    else
        key_text(c->out, &k);
    return EXIT_DONE;
}

/* ---- one client ---- */

static void client_members(struct json_writer *w, const struct provider_usage_client *u)
{
    jw_kstr(w, STR("client_name"), u->organization_name);
    jw_kstr(w, STR("organization_id"), u->organization_id);
    jw_kstr(w, STR("timezone"), u->timezone);
    usage_sum_json(w, STR("today"), &u->today);
    usage_sum_json(w, STR("month"), &u->month);
    jw_klimit(w, STR("monthly_limit"), u->has_limit, u->limit);
    if (u->has_limit)
        jw_kamount(w, STR("remaining"), u->remaining);
    else
        jw_knull(w, STR("remaining"));
    jw_ktime(w, STR("month_ends_at"), u->month_end_ms);
}

static void one_json(struct printer *o, const struct provider_usage_client *u, const struct provider_usage_models *m)
{
    MAI_AUTO(buf_free) struct buf line;
    buf_init(&line, ARENA_BYTES);
    struct json_writer w = json_writer(&line);
    jw_object(&w);
    client_members(&w, u);
    jw_kstr(&w, STR("from"), str_c(m->period.from));
    jw_kstr(&w, STR("to"), str_c(m->period.to));
    jw_karray(&w, STR("models"));
    for (size_t i = 0; i < m->count; i++) {
        jw_object(&w);
        jw_kstr(&w, STR("model"), m->models[i].model);
        jw_kstr(&w, STR("provider"), m->models[i].provider);
        usage_sum_members(&w, &m->models[i].sum);
        jw_end(&w);
    }
    jw_end(&w);
    jw_end(&w);
    buf_add_char(&line, '\n');
    say_json(o, &line);
}

static void sum_head(struct printer *o)
{
    print_addf(o, "%10s %14s %14s %14s %14s  %s\n", "REQUESTS", "TOKENS", "COST", "BILLED", "MARGIN", "OF");
}

static void sum_row(struct printer *o, const struct provider_usage_sum *s, str of)
{
    char cost[PICO_TEXT_CAP], billed[PICO_TEXT_CAP], margin[PICO_TEXT_CAP];
    str c = pico_display_usd(s->cost, cost), b = pico_display_usd(s->billed, billed),
        m = pico_display_usd(s->margin, margin);
    print_addf(o, "%10lld %14lld %14.*s %14.*s %14.*s  ", (long long)s->requests, (long long)s->tokens, STR_ARG(c),
             STR_ARG(b), STR_ARG(m));
    print_add_text(o, of);
    print_add(o, STR("\n"));
}

static void one_text(struct printer *o, const struct provider_usage_client *u, const struct provider_usage_models *m)
{
    char limit[LIMIT_TEXT_CAP], left[PICO_TEXT_CAP];
    say_row(o, "Client", u->organization_name);
    say_row(o, "Limit", limit_words(u->has_limit, u->limit, RESET_MONTHLY, limit));
    say_row(o, "Remaining", u->has_limit ? pico_display_usd(u->remaining, left) : STR("no limit"));
    print_add(o, STR("\n"));
    sum_head(o);
    sum_row(o, &u->today, STR("today"));
    sum_row(o, &u->month, STR("this month"));
    if (m->count != 0)
        print_addf(o, "\nModels from %s to %s (%.*s):\n", m->period.from, m->period.to, STR_ARG(u->timezone));
    for (size_t i = 0; i < m->count; i++)
        sum_row(o, &m->models[i].sum, m->models[i].model);
}

static int usage_of_one(struct command_call *c, str name)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, ARENA_BYTES);
    struct provider_scope by = provider_scope_host();
    struct db *db = store_reader(c->host.store);
    struct usage_dates dates = {args_text(c->args, "--from"), args_text(c->args, "--to")};
    struct client client;
    struct provider_usage_stats stats;
    struct provider_usage_models models;
    struct err e = {0};
    int64_t now = clock_now_ms();
    status st = client_show(&c->host, by, name, &a, &client, &e);
    if (st == ST_OK)
        st = provider_usage_stats_read(db, by, client.organization.id, now, &a, &stats);
    if (st == ST_OK)
        st = provider_usage_by_model(db, by, client.organization.id, dates, now, &a, &models, &e);
    if (st != ST_OK)
        return command_fail(c, st, &e);
    if (args_wants_json(c->args))
        one_json(c->out, &stats.client, &models);
    else
        one_text(c->out, &stats.client, &models);
    return EXIT_DONE;
}

/* ---- all clients ---- */

static void all_json(struct printer *o, const struct provider_usage_clients *all)
{
    print_add(o, STR("[\n"));
    for (size_t i = 0; i < all->count && !o->is_broken; i++) {
        MAI_AUTO(buf_free) struct buf line;
        buf_init(&line, LINE_JSON_MAX_BYTES);
        struct json_writer w = json_writer(&line);
        jw_object(&w);
        client_members(&w, &all->clients[i]);
        jw_end(&w);
        buf_add(&line, i + 1 < all->count ? STR(",\n") : STR("\n"));
        say_json(o, &line);
    }
    print_add(o, STR("]\n"));
}

static void all_text(struct printer *o, const struct provider_usage_clients *all)
{
    print_add(o, STR("This month:\n"));
    sum_head(o);
    for (size_t i = 0; i < all->count && !o->is_broken; i++)
        sum_row(o, &all->clients[i].month, all->clients[i].organization_name);
    sum_row(o, &all->month, STR("(all clients)"));
}

static int usage_of_all(struct command_call *c)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, ARENA_BYTES);
    struct provider_usage_clients all;
    status st = provider_usage_clients_read(store_reader(c->host.store), provider_scope_host(), clock_now_ms(), &a, &all);
    if (st != ST_OK)
        return command_fail(c, st, NULL);
    if (args_wants_json(c->args))
        all_json(c->out, &all);
    else
        all_text(c->out, &all);
    return EXIT_DONE;
}

/* ---- the command ---- */

static bool names_client(const struct args *a)
{
    return a->word_count != 0 || args_has(a, "--client");
}

static int usage(struct command_call *c)
{
    struct err e = {0};
    str name;
    if (args_has(c->args, "--key-stdin"))
        return usage_of_key(c);
    if (!names_client(c->args))
        return usage_of_all(c);
    status st = args_client(c->args, &name, &e);
    return st == ST_OK ? usage_of_one(c, name) : command_fail(c, st, &e);
}

static int usage_here(struct front *f)
{
    bool is_key = args_has(&f->args, "--key-stdin");
    bool has_dates = args_has(&f->args, "--from") || args_has(&f->args, "--to");
    if ((is_key && names_client(&f->args)) || (has_dates && !names_client(&f->args))) {
        print_error(f->out, is_key ? "--key-stdin asks about a key: it takes no client"
                                 : "--from and --to need a client (`mai client usage --help` tells more)");
        return EXIT_USAGE;
    }
    if (!front_take_stdin(f, "--key-stdin", "The client's key", &f->key, &f->secrets.key))
        return EXIT_FAILED;
    return front_send(f);
}

static const struct flag flags[] = {
    FLAG_CLIENT,
    {"--from", FLAG_DATE, "DATE", "First day of the models' figures [of this month]", false, false},
    {"--to", FLAG_DATE, "DATE", "Last day of the models' figures [today]", false, false},
    {"--key-stdin", FLAG_YES, NULL, "Read a client's key from standard input and ask OpenRouter about it", false, false},
    FLAG_JSON,
    FLAG_END,
};

const struct command command_client_usage = {
    .name = "client usage",
    .summary = "Show what one client, all clients or a key has used",
    .words = "[CLIENT]",
    .help = "Without a client: this month of all of them. Days and months are cut in the client's time zone. Cost is what\n"
            "OpenRouter charges, billed what the client owes.",
    .max_words = 1,
    .flags = flags,
    .run = usage,
    .here = usage_here,
};

/* `mai ledger list` and `mai ledger verify`. */
#include "ledger/list.h"
#include "base/clock.h"
#include "cli/args.h"
#include "cli/client_print.h"
#include "cli/commands.h"
#include "ledger/verify.h"

enum { ARENA_BYTES = 8 << 20 };

/* ---- list: page by page, in constant memory ---- */

static status cursor_make(struct command_call *c, struct ledger_cursor *out, struct err *e)
{
    const struct arg_value *from = args_get(c->args, "--from"), *to = args_get(c->args, "--to");
    struct ledger_window window = LEDGER_WHOLE;
    str name = args_text(c->args, "--client");
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, ARENA_BYTES);
    struct client client;
    if (from->is_given)
        window.from_ms = from->ms;
    if (to->is_given)
        window.to_ms = to->ms;
    if (name.p == NULL) {
        ledger_cursor_all(out, provider_scope_host(), &window);
        return ST_OK;
    }
    status st = client_find(store_reader(c->host.store), provider_scope_host(), name, &a, &client, e);
    if (st == ST_OK)
        ledger_cursor_client(out, provider_scope_host(), client.organization.id, &window);
    return st;
}

static void say_head(struct printer *o)
{
    print_addf(o, "%-24s  %-9s  %10s  %13s  %13s  %s\n", "CREATED", "STATE", "TOKENS", "COST", "BILLED",
             "MODEL, CLIENT, PERSON");
}

static void say_call(struct printer *o, const struct ledger_row *r)
{
    char time[ISO_TIME_CAP], cost[PICO_TEXT_CAP], billed[PICO_TEXT_CAP];
    str c = r->has_cost ? pico_display_usd(r->cost, cost) : STR("unknown");
    str b = r->has_cost ? pico_display_usd(r->billed, billed) : STR("unknown");
    iso_from_ms(r->created_ms, time);
    print_addf(o, "%-24s  %-9.*s  %10lld  %13.*s  %13.*s  ", time, STR_ARG(generation_state_text(r->state)),
             (long long)(r->prompt_tokens + r->completion_tokens), STR_ARG(c), STR_ARG(b));
    print_add_text(o, r->model);
    print_add(o, STR("  "));
    print_add_text(o, r->organization_name.n != 0 ? r->organization_name : r->organization_id);
    print_add(o, STR("  "));
    print_add_text(o, r->user_email.n != 0 ? r->user_email : r->user_id);
    print_add(o, STR("\n"));
}

static void say_page(struct printer *o, const struct ledger_row *rows, size_t count, bool is_json)
{
    MAI_AUTO(buf_free) struct buf line;
    buf_init(&line, LINE_JSON_MAX_BYTES);
    for (size_t i = 0; i < count && !o->is_broken; i++) {
        if (!is_json) {
            say_call(o, &rows[i]);
            continue;
        }
        ledger_row_json(&rows[i], &line);
        print_add(o, buf_view(&line));
        buf_clear(&line);
    }
}

static int list(struct command_call *c)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, ARENA_BYTES);
    bool is_json = args_wants_json(c->args);
    struct ledger_cursor cursor;
    const struct ledger_row *rows;
    size_t count;
    struct err e = {0};
    status st = cursor_make(c, &cursor, &e);
    if (st != ST_OK)
        return command_fail(c, st, &e);
    if (!is_json)
        say_head(c->out);
    while (!c->out->is_broken) {
        st = ledger_list_page(store_reader(c->host.store), &cursor, &a, &rows, &count);
        if (st != ST_OK)
            break;
        say_page(c->out, rows, count, is_json);
        arena_reset(&a);
    }
    return st == ST_END || st == ST_OK ? EXIT_DONE : command_fail(c, st, NULL);
}

static const struct flag list_flags[] = {
    {"--client", FLAG_TEXT, "CLIENT", "Only this client's calls, by name or id", false, false},
    {"--from", FLAG_INSTANT, "TIME", "Created at or after: 2026-11-01 or 2026-11-01T12:00:00Z (dates in UTC)", false, false},
    {"--to", FLAG_INSTANT, "TIME", "Created before this", false, false},
    {"--json", FLAG_YES, NULL, "Print JSON, one object a line", false, false},
    FLAG_END,
};

const struct command command_ledger_list = {
    .name = "ledger list",
    .summary = "List the calls in the books, oldest first",
    .words = "",
    .help = "With --json: id, generation_id (OpenRouter's), organization, user, model, provider, state, prompt_tokens,\n"
            "completion_tokens, cost, billed (USD as exact decimal text, null while unknown), markup, source, created_at,\n"
            "settled_at.",
    .flags = list_flags,
    .run = list,
};

/* ---- verify ---- */

static void sums_json(struct json_writer *w, str key, const struct ledger_sums *s)
{
    jw_kobject(w, key);
    jw_ki64(w, STR("requests"), s->requests);
    jw_ki64(w, STR("prompt_tokens"), s->prompt_tokens);
    jw_ki64(w, STR("completion_tokens"), s->completion_tokens);
    jw_kamount(w, STR("cost"), s->cost);
    jw_kamount(w, STR("billed"), s->billed);
    jw_end(w);
}

static void difference_json(struct json_writer *w, const struct ledger_difference *d)
{
    jw_object(w);
    jw_kstr(w, STR("organization_id"), str_c(d->organization_id));
    jw_kstr_or_null(w, STR("user_id"), d->user_id[0] != '\0' ? str_c(d->user_id) : STR_NONE);
    jw_kstr(w, STR("model"), str_c(d->model));
    jw_ktime(w, STR("from"), d->slot_start_ms);
    sums_json(w, STR("rows"), &d->rows);
    sums_json(w, STR("rollup"), &d->rollup);
    jw_end(w);
}

static void verified_json(struct printer *o, const struct ledger_verification *v)
{
    MAI_AUTO(buf_free) struct buf line;
    buf_init(&line, LINE_JSON_MAX_BYTES);
    struct json_writer w = json_writer(&line);
    jw_object(&w);
    jw_ki64(&w, STR("rows"), v->rows);
    jw_ki64(&w, STR("rollups"), v->rollups);
    jw_ki64(&w, STR("differences"), v->differences);
    jw_karray(&w, STR("first"));
    for (size_t i = 0; i < v->kept; i++)
        difference_json(&w, &v->first[i]);
    jw_end(&w);
    jw_end(&w);
    buf_add_char(&line, '\n');
    say_json(o, &line);
}

static void say_difference(struct printer *o, const struct ledger_difference *d)
{
    char time[ISO_TIME_CAP], rows[PICO_TEXT_CAP], rollup[PICO_TEXT_CAP];
    str r = pico_text(d->rows.billed, rows), u = pico_text(d->rollup.billed, rollup);
    iso_from_ms(d->slot_start_ms, time);
    print_addf(o, "%s  organization %s  person %s  rows %lld, %.*s  rollup %lld, %.*s\n", time, d->organization_id,
             d->user_id[0] != '\0' ? d->user_id : "(all)", (long long)d->rows.requests, STR_ARG(r),
             (long long)d->rollup.requests, STR_ARG(u));
}

static int verify(struct command_call *c)
{
    static const struct system_scope why = {"ledger verify"};
    struct ledger_verification v;
    status st = ledger_verify(store_reader(c->host.store), why, &v);
    if (st != ST_OK)
        return command_fail(c, st, NULL);
    if (args_wants_json(c->args)) {
        verified_json(c->out, &v);
    } else {
        print_addf(c->out, "%lld rows, %lld sums, %lld differences\n", (long long)v.rows, (long long)v.rollups,
                 (long long)v.differences);
        for (size_t i = 0; i < v.kept; i++)
            say_difference(c->out, &v.first[i]);
    }
    return v.differences == 0 ? EXIT_DONE : EXIT_FAILED;
}

static const struct flag verify_flags[] = {FLAG_JSON, FLAG_END};

const struct command command_ledger_verify = {
    .name = "ledger verify",
    .summary = "Prove that every sum in the books equals its rows",
    .words = "",
    .help = "Exits 1 when something differs.",
    .flags = verify_flags,
    .run = verify,
};

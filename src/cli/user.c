/* `mai user ...`: people, as the host may change them: any role, any organization. A password is given on standard
 * input, else a one-time password is made and printed once. */
#include "chat/chat.h"
#include "cli/args.h"
#include "cli/client_print.h"
#include "cli/commands.h"
#include "cli/front.h"
#include "cli/prompt.h"
#include "gateway/gateway.h"
#include "tenancy/user.h"

#include <unistd.h>

enum { ARENA_BYTES = 64 << 20, ONE_TIME_CAP = 32 };

/* ---- passwords ---- */

struct password {
    char one_time[ONE_TIME_CAP]; /* empty: the person's own was given */
    char hash[PASSWORD_HASH_CAP];
};

static status password_make(struct command_call *c, struct password *out, struct err *e)
{
    str text = c->secrets.password;
    *out = (struct password){0};
    if (text.n == 0) {
        password_one_time(out->one_time);
        text = str_c(out->one_time);
    }
    status st = password_clean(text, e);
    return st == ST_OK ? password_hash(text, out->hash) : st;
}

static int send_with_password(struct front *f)
{
    if (!front_take_stdin(f, "--password-stdin", "The password", &f->password, &f->secrets.password))
        return EXIT_FAILED;
    f->secrets.password = buf_view(&f->password); /* spaces around it belong to it */
    return front_send(f);
}

/* ---- printing ---- */

static void user_members(struct json_writer *w, const struct user *u)
{
    jw_kstr(w, STR("id"), u->id);
    jw_kstr(w, STR("email"), u->email);
    jw_kstr(w, STR("name"), u->name);
    jw_kstr(w, STR("role"), role_text(u->role));
    jw_kstr_or_null(w, STR("organization_id"), u->organization_id);
    jw_kbool(w, STR("is_disabled"), u->is_disabled);
    jw_kbool(w, STR("must_change_password"), u->must_change_password);
    jw_ktime(w, STR("last_active_at"), u->last_active_ms);
    jw_ktime(w, STR("created_at"), u->created_ms);
}

static void user_json(struct printer *o, const struct user *u, const char *one_time, str end)
{
    MAI_AUTO(buf_free) struct buf line;
    buf_init(&line, LINE_JSON_MAX_BYTES);
    struct json_writer w = json_writer(&line);
    jw_object(&w);
    user_members(&w, u);
    if (one_time[0] != '\0')
        jw_kstr(&w, STR("one_time_password"), str_c(one_time));
    jw_end(&w);
    buf_add(&line, end);
    say_json(o, &line);
}

static void say_password(struct printer *o, const char *one_time)
{
    if (one_time[0] == '\0')
        return;
    print_addf(o, "One-time password: %s\n", one_time);
    print_add(o, STR("It is shown this once only and must be changed at the first sign-in.\n"));
}

/* ---- changing somebody ---- */

struct change {
    struct command_call *call;
    struct user_new user;
    str id, organization_id;
    enum role role;
    bool is_disabled;
    const char *hash;
    char new_id[ID_CAP];
    struct err *e;
};
typedef status change_run(struct db *db, void *ctx);

/* Running requests must see it at once. */
static void forget_person(struct command_call *c, str id)
{
    if (c->host.gateway != NULL)
        gateway_forget(c->host.gateway, id);
}

static status read_person(struct command_call *c, str email_or_id, struct arena *a, struct user *out, struct err *e)
{
    return user_host_find(store_reader(c->host.store), provider_scope_host(), email_or_id, a, out, e);
}

/* Finds the person of the first word, runs the change, reads the person again. */
static status change_person(struct command_call *c, change_run *run, struct change *x, struct arena *a,
                            struct user *after_out)
{
    status st = read_person(c, c->args->words[0], a, after_out, x->e);
    if (st != ST_OK)
        return st;
    x->id = after_out->id;
    st = store_write(c->host.store, run, x);
    if (st != ST_OK)
        return st;
    forget_person(c, x->id);
    return read_person(c, x->id, a, after_out, x->e);
}

static int say_change(struct command_call *c, change_run *run, struct change *x, const char *what)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, ARENA_BYTES);
    struct user u;
    struct err e = {0};
    x->call = c;
    x->e = &e;
    status st = change_person(c, run, x, &a, &u);
    if (st != ST_OK)
        return command_fail(c, st, &e);
    if (args_wants_json(c->args)) {
        user_json(c->out, &u, "", STR("\n"));
        return EXIT_DONE;
    }
    print_add_text(c->out, u.email);
    print_addf(c->out, ": %s.\n", what);
    return EXIT_DONE;
}

/* ---- add ---- */

/* The only organization there is need not be named. */
static status only_organization(struct db *db, struct arena *a, str *id_out, struct err *e)
{
    struct client_query q = {.page = 1, .per_page = 2};
    struct client_page page;
    status st = client_list(db, provider_scope_host(), &q, a, &page);
    if (st != ST_OK)
        return st;
    if (page.total != 1)
        return err_set(e, ST_UNPROCESSABLE, page.total == 0
                           ? "There is no organization yet: make a client first (`mai client create`)"
                           : "There are several organizations: say which one with --organization");
    *id_out = page.rows[0].organization.id;
    return ST_OK;
}

static status find_organization(struct command_call *c, enum role role, struct arena *a, str *id_out, struct err *e)
{
    str named = args_text(c->args, "--organization");
    struct client client;
    if (role == ROLE_PROVIDER && named.p == NULL)
        return ST_OK;
    if (role == ROLE_PROVIDER)
        return err_set(e, ST_UNPROCESSABLE, "A provider account belongs to no organization");
    if (named.p == NULL)
        return only_organization(store_reader(c->host.store), a, id_out, e);
    status st = client_find(store_reader(c->host.store), provider_scope_host(), named, a, &client, e);
    if (st == ST_OK)
        *id_out = client.organization.id;
    return st;
}

static status add_run(struct db *db, void *ctx)
{
    struct change *x = ctx;
    return user_provider_create(db, provider_scope_host(), &x->user, x->new_id, x->e);
}

static status add_person(struct command_call *c, const struct password *p, struct arena *a, struct user *out,
                         struct err *e)
{
    struct change x = {.call = c, .e = e};
    x.user = (struct user_new){
        .name = args_text(c->args, "--name"),
        .email = args_text(c->args, "--email"),
        .role = args_get(c->args, "--role")->role,
        .password_hash = str_c(p->hash),
        .must_change_password = p->one_time[0] != '\0',
    };
    status st = find_organization(c, x.user.role, a, &x.user.organization_id, e);
    if (st == ST_OK)
        st = store_write(c->host.store, add_run, &x);
    if (st != ST_OK)
        return st;
    forget_person(c, x.user.organization_id);
    return read_person(c, str_c(x.new_id), a, out, e);
}

static int add(struct command_call *c)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, ARENA_BYTES);
    struct password p;
    struct user u;
    struct err e = {0};
    status st = password_make(c, &p, &e);
    if (st == ST_OK)
        st = add_person(c, &p, &a, &u, &e);
    if (st != ST_OK)
        return command_fail(c, st, &e);
    if (args_wants_json(c->args)) {
        user_json(c->out, &u, p.one_time, STR("\n"));
    } else {
        print_add_text(c->out, u.email);
        print_addf(c->out, " is added as %.*s.\n", STR_ARG(role_text(u.role)));
        say_password(c->out, p.one_time);
    }
    secret_wipe(&p, sizeof p);
    return EXIT_DONE;
}

static const struct flag add_flags[] = {
    {"--email", FLAG_TEXT, "EMAIL", "E-mail address, for signing in", true, false},
    {"--name", FLAG_TEXT, "NAME", "Name", true, false},
    {"--role", FLAG_ROLE, "ROLE", "provider, admin, user or pending", true, false},
    {"--organization", FLAG_TEXT, "CLIENT", "The client, by name or id [the only one]", false, false},
    {"--password-stdin", FLAG_YES, NULL, "Read the password from standard input", false, false},
    FLAG_JSON,
    FLAG_END,
};

const struct command command_user_add = {
    .name = "user add",
    .summary = "Add a person",
    .words = "",
    .help = "Without --password-stdin a one-time password is printed once; it must be changed at the first sign-in.\n"
            "Provider accounts belong to no organization and are made here only.",
    .flags = add_flags,
    .run = add,
    .here = send_with_password,
};

/* ---- list ---- */

static void list_text(struct printer *o, const struct user *u)
{
    char last[ISO_TIME_CAP] = "never";
    if (u->last_active_ms != 0)
        iso_date_from_ms(u->last_active_ms, last);
    print_addf(o, "%-36.*s  %-8.*s  %-8s  %-10s  ", STR_ARG(u->id), STR_ARG(role_text(u->role)),
             u->is_disabled ? "disabled" : "active", last);
    print_add_text(o, u->email);
    print_add(o, STR("  "));
    print_add_text(o, u->name);
    print_add(o, STR("\n"));
}

static void list_rows(struct command_call *c, const struct user *users, size_t count)
{
    bool is_json = args_wants_json(c->args);
    if (is_json)
        print_add(c->out, STR("[\n"));
    else
        print_addf(c->out, "%-36s  %-8s  %-8s  %-10s  %s\n", "ID", "ROLE", "STATE", "ACTIVE", "E-MAIL AND NAME");
    for (size_t i = 0; i < count && !c->out->is_broken; i++) {
        if (is_json)
            user_json(c->out, &users[i], "", i + 1 < count ? STR(",\n") : STR("\n"));
        else
            list_text(c->out, &users[i]);
    }
    if (is_json)
        print_add(c->out, STR("]\n"));
}

static int list(struct command_call *c)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, ARENA_BYTES);
    struct db *db = store_reader(c->host.store);
    str named = args_text(c->args, "--organization");
    struct client client = {0};
    struct user *users;
    size_t count;
    struct err e = {0};
    status st = named.p != NULL ? client_find(db, provider_scope_host(), named, &a, &client, &e) : ST_OK;
    if (st == ST_OK)
        st = user_host_list(db, provider_scope_host(), client.organization.id, &a, &users, &count, &e);
    if (st != ST_OK)
        return command_fail(c, st, &e);
    list_rows(c, users, count);
    return EXIT_DONE;
}

static const struct flag list_flags[] = {
    {"--organization", FLAG_TEXT, "CLIENT", "Only the people of this client, by name or id", false, false},
    FLAG_JSON,
    FLAG_END,
};

const struct command command_user_list = {
    .name = "user list",
    .summary = "List the people",
    .words = "",
    .help = "With --json one array, an object a line.",
    .flags = list_flags,
    .run = list,
};

/* ---- reset ---- */

static status reset_run(struct db *db, void *ctx)
{
    struct change *x = ctx;
    return user_host_reset(db, provider_scope_host(), x->id, str_c(x->hash), x->e);
}

static int reset(struct command_call *c)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, ARENA_BYTES);
    struct password p;
    struct user u;
    struct err e = {0};
    status st = password_make(c, &p, &e);
    struct change x = {.call = c, .hash = p.hash, .e = &e};
    if (st == ST_OK)
        st = change_person(c, reset_run, &x, &a, &u);
    if (st != ST_OK)
        return command_fail(c, st, &e);
    if (args_wants_json(c->args)) {
        user_json(c->out, &u, p.one_time, STR("\n"));
    } else {
        print_add_text(c->out, u.email);
        print_add(c->out, STR(": the password is reset, all web sessions ended.\n"));
        say_password(c->out, p.one_time);
        if (p.one_time[0] == '\0')
            print_add(c->out, STR("It must be changed at the next sign-in.\n"));
    }
    secret_wipe(&p, sizeof p);
    return EXIT_DONE;
}

static const struct flag reset_flags[] = {
    {"--password-stdin", FLAG_YES, NULL, "Read the new password from standard input", false, false},
    FLAG_JSON,
    FLAG_END,
};

const struct command command_user_reset = {
    .name = "user reset",
    .summary = "Give a person a new password and end the web sessions",
    .words = "EMAIL",
    .help = "The person is named by e-mail address or id. The new password must be changed at the next sign-in.",
    .min_words = 1,
    .max_words = 1,
    .flags = reset_flags,
    .run = reset,
    .here = send_with_password,
};

/* ---- role, disable, enable ---- */

static const struct flag json_flags[] = {FLAG_JSON, FLAG_END};

static status role_run(struct db *db, void *ctx)
{
    struct change *x = ctx;
    return user_host_set_role(db, provider_scope_host(), x->id, x->role, x->e);
}

static int role(struct command_call *c)
{
    struct change x = {0};
    if (!role_parse(c->args->words[1], &x.role)) {
        print_error(c->out, "The role is one of admin, user, pending (`mai user role --help` tells more)");
        return EXIT_USAGE;
    }
    return say_change(c, role_run, &x, "the role is changed, all web sessions ended");
}

const struct command command_user_role = {
    .name = "user role",
    .summary = "Change a person's role: admin, user or pending",
    .words = "EMAIL ROLE",
    .min_words = 2,
    .max_words = 2,
    .flags = json_flags,
    .run = role,
};

static status disabled_run(struct db *db, void *ctx)
{
    struct change *x = ctx;
    return user_host_set_disabled(db, provider_scope_host(), x->id, x->is_disabled, x->e);
}

static int disable(struct command_call *c)
{
    struct change x = {.is_disabled = true};
    return say_change(c, disabled_run, &x, "disabled, all web sessions ended");
}

static int enable(struct command_call *c)
{
    struct change x = {.is_disabled = false};
    return say_change(c, disabled_run, &x, "enabled");
}

const struct command command_user_disable = {
    .name = "user disable",
    .summary = "Keep a person out until enabled again",
    .words = "EMAIL",
    .min_words = 1,
    .max_words = 1,
    .flags = json_flags,
    .run = disable,
};

const struct command command_user_enable = {
    .name = "user enable",
    .summary = "Let a disabled person in again",
    .words = "EMAIL",
    .min_words = 1,
    .max_words = 1,
    .flags = json_flags,
    .run = enable,
};

/* ---- delete ---- */

/* With the person go the chats; the books stay. */
static status delete_run(struct db *db, void *ctx)
{
    struct change *x = ctx;
    status st = user_host_delete(db, provider_scope_host(), x->id, x->e);
    if (st != ST_OK || x->organization_id.n == 0)
        return st;
    return chat_delete_all(db, scope_make(ROLE_USER, x->organization_id, x->id));
}

static int delete(struct command_call *c)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, ARENA_BYTES);
    struct user u;
    struct err e = {0};
    struct change x = {.call = c, .e = &e};
    status st = read_person(c, c->args->words[0], &a, &u, &e);
    if (st == ST_OK) {
        x.id = u.id;
        x.organization_id = u.organization_id;
        st = store_write(c->host.store, delete_run, &x);
    }
    if (st != ST_OK)
        return command_fail(c, st, &e);
    forget_person(c, x.id);
    if (args_wants_json(c->args)) {
        print_addf(c->out, "{\"id\": \"%.*s\", \"deleted\": true}\n", STR_ARG(u.id));
        return EXIT_DONE;
    }
    print_add_text(c->out, u.email);
    print_add(c->out, STR(": deleted. The books stay.\n"));
    return EXIT_DONE;
}

static int delete_here(struct front *f)
{
    MAI_AUTO(buf_free) struct buf question;
    buf_init(&question, PROMPT_MAX_BYTES);
    buf_addf(&question, "Delete %.*s? The person's chats go, the books stay. (y/N): ", STR_ARG(f->args.words[0]));
    if (!args_has(&f->args, "--yes") && !prompt_yes(STDERR_FILENO, buf_view(&question)))
        return front_fail(f, "Nothing was deleted; --yes deletes without asking");
    return front_send(f);
}

static const struct flag delete_flags[] = {
    {"--yes", FLAG_YES, NULL, "Do not ask", false, false},
    FLAG_JSON,
    FLAG_END,
};

const struct command command_user_delete = {
    .name = "user delete",
    .summary = "Delete a person; the books stay",
    .words = "EMAIL",
    .min_words = 1,
    .max_words = 1,
    .flags = delete_flags,
    .run = delete,
    .here = delete_here,
};

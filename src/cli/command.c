/* The table of commands and the help that comes from it; see command.h. */
#include "cli/command.h"
#include "base/version.h"
#include "cli/args.h"
#include "cli/commands.h"

const struct command *const commands[] = {
    &command_serve,
    &command_client,
    &command_client_create,
    &command_client_list,
    &command_client_show,
    &command_client_usage,
    &command_client_set,
    &command_client_disable,
    &command_client_enable,
    &command_client_rotate,
    &command_client_delete,
    &command_client_provisioning_key,
    &command_user_add,
    &command_user_list,
    &command_user_reset,
    &command_user_role,
    &command_user_disable,
    &command_user_enable,
    &command_user_delete,
    &command_ledger_list,
    &command_ledger_verify,
    &command_backup,
    &command_restore,
    &command_doctor,
    &command_version,
    NULL,
};

const struct command *command_find(str name)
{
    for (size_t i = 0; commands[i] != NULL; i++)
        if (str_eq(name, str_c(commands[i]->name)))
            return commands[i];
    return NULL;
}

static bool is_in_group(const struct command *c, str group)
{
    str name = str_c(c->name);
    return str_starts(name, group) && name.n > group.n && name.p[group.n] == ' ';
}

bool command_is_group(str name)
{
    for (size_t i = 0; name.n != 0 && commands[i] != NULL; i++)
        if (is_in_group(commands[i], name))
            return true;
    return false;
}

/* ---- help ---- */

static void add_rows(struct printer *o, str group, bool wants_all)
{
    for (size_t i = 0; commands[i] != NULL; i++) {
        bool is_listed = is_in_group(commands[i], group) || str_eq(group, str_c(commands[i]->name));
        if (wants_all || is_listed)
            print_addf(o, "  %-28s %s\n", commands[i]->name, commands[i]->summary);
    }
}

void command_list_help(struct printer *o)
{
    print_add(o, STR("mAI " MAI_VERSION ": a chat product and gateway for OpenRouter, with a ledger and billing\n\n"
                   "Usage: mai COMMAND [WORDS] [FLAGS]\n\nCommands:\n"));
    add_rows(o, STR_NONE, true);
    print_add(o, STR("\n`mai COMMAND --help` tells more about a command, `mai serve --help` lists the settings.\n"
                   "Commands work beside a running server on the same DATA_DIR [./data]. Secrets are given by hidden\n"
                   "prompt, standard input or environment, never as an argument.\n"
                   "Exit codes: 0 done, 1 failed, 2 wrong usage.\n"));
}

void command_group_help(str group, struct printer *o)
{
    print_addf(o, "Usage: mai %.*s COMMAND [WORDS] [FLAGS]\n\nCommands:\n", STR_ARG(group));
    add_rows(o, group, false);
    print_addf(o, "\n`mai %.*s COMMAND --help` tells more about a command.\n", STR_ARG(group));
}

static void add_usage(const struct command *c, struct printer *o)
{
    bool has_options = false;
    print_addf(o, "Usage: mai %s%s%s", c->name, c->words[0] != '\0' ? " " : "", c->words);
    for (const struct flag *f = c->flags; f != NULL && f->name != NULL; f++) {
        if (f->is_required)
            print_addf(o, " %s %s", f->name, f->value);
        has_options = has_options || (!f->is_required && !f->is_hidden);
    }
    print_addf(o, "%s\n\n%s.\n", has_options ? " [FLAGS]" : "", c->summary);
}

static void add_flag(const struct flag *f, struct printer *o)
{
    char start[64];
    struct buf b MAI_AUTO(buf_free);
    buf_init(&b, sizeof start);
    buf_addf(&b, "%s%s%s", f->name, f->value != NULL ? " " : "", f->value != NULL ? f->value : "");
    CHECK(str_copy_z(buf_view(&b), start, sizeof start));
    print_addf(o, "  %-28s %s%s\n", start, f->help, f->is_required ? " (required)" : "");
}

void command_help(const struct command *c, struct printer *o)
{
    add_usage(c, o);
    if (c->help != NULL)
        print_addf(o, "\n%s\n", c->help);
    print_add(o, STR("\nFlags:\n"));
    for (const struct flag *f = c->flags; f != NULL && f->name != NULL; f++)
        if (!f->is_hidden)
            add_flag(f, o);
    print_addf(o, "  %-28s %s\n", "--help", "Print this help");
    if (c->more_help != NULL)
        c->more_help(o);
}

/* ---- running ---- */

int command_run(struct command_call *c, const struct command *command)
{
    CHECK(command->run != NULL);
    int code = command->run(c);
    print_flush(c->out);
    return code;
}

int command_fail(struct command_call *c, status st, const struct err *e)
{
    print_error(c->out, "%s", err_text(e, st));
    return EXIT_FAILED;
}

void command_warn(struct command_call *c, const char *warning)
{
    if (warning[0] != '\0')
        print_note(c->out, "Note: %s", warning);
}

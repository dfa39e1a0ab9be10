/* Understanding a command line; see args.h. */
#include "cli/args.h"
#include "base/clock.h"

enum { NEAR_MAX_BYTES = 40, DATE_BYTES = 10 };

/* ---- what was meant ---- */

static size_t least(size_t a, size_t b, size_t c)
{
    size_t ab = a < b ? a : b;
    return ab < c ? ab : c;
}

/* Levenshtein's distance, one row at a time. */
static size_t distance(str a, str b)
{
    size_t row[NEAR_MAX_BYTES + 1];
    for (size_t j = 0; j <= b.n; j++)
        row[j] = j;
    for (size_t i = 0; i < a.n; i++) {
        size_t diagonal = row[0];
        row[0] = i + 1;
        for (size_t j = 0; j < b.n; j++) {
            size_t above = row[j + 1];
            row[j + 1] = least(above + 1, row[j] + 1, diagonal + (a.p[i] != b.p[j]));
            diagonal = above;
        }
    }
    return row[b.n];
}

void near_try(struct near *n, const char *candidate)
{
    str c = str_c(candidate);
    if (n->typed.n > NEAR_MAX_BYTES || c.n > NEAR_MAX_BYTES)
        return;
    bool is_start = n->typed.n >= 3 && str_starts(c, n->typed);
    size_t d = is_start ? 1 : distance(n->typed, c);
    if (d > 3 || d * 2 > c.n || (n->best != NULL && d >= n->distance))
        return;
    n->best = candidate;
    n->distance = d;
}

static status unknown(const char *what, const struct near *n, const char *help, struct err *e)
{
    if (n->best != NULL)
        return err_set(e, ST_BAD_REQUEST, "There is no %s '%.*s'; did you mean '%s'?", what, STR_ARG(n->typed), n->best);
    return err_set(e, ST_BAD_REQUEST, "There is no %s '%.*s'; `mai %s` lists all", what, STR_ARG(n->typed), help);
}

/* ---- secrets do not belong here ---- */

static bool looks_secret(str word)
{
    str value = word;
    size_t equals = str_find_char(word, '=');
    if (str_starts(word, STR("--")) && equals != word.n)
        value = str_from(word, equals + 1);
    return str_starts(str_trim(value), STR("sk-or-")) || str_starts(str_trim(value), STR("sk-mai-"));
}

static status refuse_secrets(const str *words, size_t count, struct err *e)
{
    for (size_t i = 0; i < count; i++) {
        if (looks_secret(words[i]))
            return err_set(e, ST_BAD_REQUEST,
                           "A key was given on the command line, where other users and the shell's history can see it; "
                           "give it by prompt, --key-stdin or the environment, and consider it known to others");
        if (!str_is_text(words[i], false))
            return err_set(e, ST_BAD_REQUEST, "An argument is not text (UTF-8 without control characters)");
    }
    return ST_OK;
}

/* ---- values ---- */

static status parse_amount(str text, struct arg_value *v)
{
    v->is_none = str_eq(text, STR("none")) || str_eq(text, STR("unlimited"));
    return v->is_none ? ST_OK : pico_parse_amount(text, &v->amount);
}

static status parse_switch(str text, struct arg_value *v)
{
    v->is_on = str_eq(text, STR("on"));
    return v->is_on || str_eq(text, STR("off")) ? ST_OK : ST_BAD_REQUEST;
}

static status parse_reset(str text, struct arg_value *v)
{
    v->reset = RESET_NONE;
    return str_eq(text, STR("none")) || limit_reset_parse(text, &v->reset) ? ST_OK : ST_BAD_REQUEST;
}

static status parse_date(str text, struct arg_value *v)
{
    return text.n == DATE_BYTES ? iso_to_ms(text, &v->ms) : ST_BAD_REQUEST;
}

static status parse_value(enum flag_kind kind, str text, struct arg_value *v)
{
    switch (kind) {
    case FLAG_AMOUNT:
        return parse_amount(text, v);
    case FLAG_MARKUP:
        return markup_parse(text, &v->markup);
    case FLAG_RESET:
        return parse_reset(text, v);
    case FLAG_SWITCH:
        return parse_switch(text, v);
    case FLAG_INSTANT:
        return iso_to_ms(text, &v->ms);
    case FLAG_DATE:
        return parse_date(text, v);
    case FLAG_ROLE:
        return role_parse(text, &v->role) ? ST_OK : ST_BAD_REQUEST;
    case FLAG_YES:
    case FLAG_TEXT:
        return ST_OK;
    }
    UNREACHABLE();
}

static const char *const allowed[] = {
    [FLAG_YES] = "no value",
    [FLAG_TEXT] = "text",
    [FLAG_AMOUNT] = "an amount in USD such as 500 or 12.50, or none",
    [FLAG_MARKUP] = "a factor above 0 and at most 100, such as 1.3",
    [FLAG_RESET] = "none, daily, weekly or monthly",
    [FLAG_SWITCH] = "on or off",
    [FLAG_INSTANT] = "a date or time such as 2026-11-23 or 2026-11-23T15:30:00Z",
    [FLAG_DATE] = "a date such as 2026-11-23",
    [FLAG_ROLE] = "provider, admin, user or pending",
};

static status set_value(const struct flag *f, str text, struct arg_value *v, struct err *e)
{
    struct arg_value value = {.is_given = true, .text = text};
    if (v->is_given)
        return err_set(e, ST_BAD_REQUEST, "%s is given twice", f->name);
    if (parse_value(f->kind, text, &value) != ST_OK)
        return err_set(e, ST_BAD_REQUEST, "%s: '%.*s' is not %s", f->name, (int)(text.n < 80 ? text.n : 80), text.p,
                       allowed[f->kind]);
    *v = value;
    return ST_OK;
}

/* ---- flags ---- */

static const struct flag *find_flag(const struct command *c, str name, size_t *index_out)
{
    for (size_t i = 0; c->flags != NULL && c->flags[i].name != NULL; i++) {
        CHECK(i < ARGS_FLAGS_MAX);
        if (!str_eq(name, str_c(c->flags[i].name)))
            continue;
        *index_out = i;
        return &c->flags[i];
    }
    return NULL;
}

static status unknown_flag(const struct command *c, str name, struct err *e)
{
    struct near n = {.typed = name};
    char help[80];
    near_try(&n, "--help");
    for (const struct flag *f = c->flags; f != NULL && f->name != NULL; f++)
        if (!f->is_hidden)
            near_try(&n, f->name);
    CHECK(str_copy_z(str_c(c->name), help, sizeof help - 8));
    memcpy(help + strlen(help), " --help", sizeof " --help");
    return unknown("flag", &n, help, e);
}

struct cursor {
    const str *words;
    size_t count, at;
};

static status take_flag(struct cursor *in, struct args *a, struct err *e)
{
    str word = in->words[in->at++];
    size_t equals = str_find_char(word, '='), index = 0;
    str name = str_sub(word, 0, equals);
    bool has_value = equals != word.n;
    const struct flag *f = find_flag(a->command, name, &index);
    if (f == NULL)
        return unknown_flag(a->command, name, e);
    if (f->kind == FLAG_YES)
        return has_value ? err_set(e, ST_BAD_REQUEST, "%s takes no value", f->name)
                         : set_value(f, STR(""), &a->values[index], e);
    if (has_value)
        return set_value(f, str_from(word, equals + 1), &a->values[index], e);
    if (in->at == in->count || str_starts(in->words[in->at], STR("--")))
        return err_set(e, ST_BAD_REQUEST, "%s needs %s (a value that starts with -- is given as %s=VALUE)", f->name,
                       allowed[f->kind], f->name);
    return set_value(f, in->words[in->at++], &a->values[index], e);
}

static status take_word(str word, struct args *a, struct err *e)
{
    if (a->word_count == a->command->max_words)
        return err_set(e, ST_BAD_REQUEST, "`mai %s` takes no further word: '%.*s' (quote names with spaces)",
                       a->command->name, (int)(word.n < 80 ? word.n : 80), word.p);
    CHECK(a->word_count < ARGS_WORDS_MAX);
    a->words[a->word_count++] = word;
    return ST_OK;
}

static bool is_help(str word)
{
    return str_eq(word, STR("--help")) || str_eq(word, STR("-h"));
}

static status take_rest(struct cursor *in, struct args *a, struct err *e)
{
    bool are_flags_over = false;
    status st = ST_OK;
    while (st == ST_OK && in->at < in->count) {
        str word = in->words[in->at];
        bool is_flag = !are_flags_over && word.n > 1 && word.p[0] == '-';
        if (is_flag && !is_help(word) && !str_eq(word, STR("--"))) {
            st = take_flag(in, a, e);
            continue;
        }
        in->at++;
        if (!is_flag)
            st = take_word(word, a, e);
        else if (is_help(word))
            a->wants_help = true;
        else
            are_flags_over = true;
    }
    return st;
}

static status check_complete(const struct args *a, struct err *e)
{
    const struct command *c = a->command;
    if (a->wants_help)
        return ST_OK;
    if (a->word_count < c->min_words)
        return err_set(e, ST_BAD_REQUEST, "`mai %s` needs %s (`mai %s --help` tells more)", c->name, c->words, c->name);
    for (size_t i = 0; c->flags != NULL && c->flags[i].name != NULL; i++)
        if (c->flags[i].is_required && !a->values[i].is_given)
            return err_set(e, ST_BAD_REQUEST, "`mai %s` needs %s (`mai %s --help` tells more)", c->name,
                           c->flags[i].name, c->name);
    str client;
    return c->names_client ? args_client(a, &client, e) : ST_OK;
}

/* ---- which command ---- */

static status unknown_command(str typed, str group, struct err *e)
{
    struct near n = {.typed = typed};
    char help[80];
    for (size_t i = 0; commands[i] != NULL; i++) {
        const char *space = strchr(commands[i]->name, ' ');
        bool is_in_group = space != NULL && group.n == (size_t)(space - commands[i]->name) &&
                           str_starts(str_c(commands[i]->name), group);
        if (group.n != 0 && is_in_group)
            near_try(&n, space + 1);
        if (group.n == 0 && space == NULL)
            near_try(&n, commands[i]->name);
        if (group.n == 0 && space != NULL && str_starts(str_c(commands[i]->name), typed))
            near_try(&n, commands[i]->name);
    }
    CHECK(str_copy_z(group, help, sizeof help - 8));
    memcpy(help + group.n, group.n != 0 ? " --help" : "--help", sizeof " --help" - (group.n == 0));
    return unknown("command", &n, help, e);
}

static const struct command *find_two_words(str first, str second)
{
    char name[64];
    if (first.n + second.n + 2 > sizeof name)
        return NULL;
    memcpy(name, first.p, first.n);
    name[first.n] = ' ';
    memcpy(name + first.n + 1, second.p, second.n);
    return command_find((str){name, first.n + 1 + second.n});
}

static status find_command(struct cursor *in, struct args *a, struct err *e)
{
    str first = in->words[in->at++];
    bool has_second = in->at < in->count && in->words[in->at].n != 0 && in->words[in->at].p[0] != '-';
    if (command_is_group(first) && has_second) {
        a->command = find_two_words(first, in->words[in->at]);
        if (a->command == NULL)
            return unknown_command(in->words[in->at], first, e);
        in->at++;
        return ST_OK;
    }
    a->command = command_find(first);
    if (a->command != NULL)
        return ST_OK;
    if (!command_is_group(first))
        return unknown_command(first, STR_NONE, e);
    a->group = first;
    return ST_OK;
}

static status group_alone(struct cursor *in, struct args *a, struct err *e)
{
    a->wants_help = in->at < in->count && is_help(in->words[in->at]);
    if (a->wants_help)
        return ST_OK;
    return err_set(e, ST_BAD_REQUEST, "`mai %.*s` needs a command behind it (`mai %.*s --help` lists them)",
                   STR_ARG(a->group), STR_ARG(a->group));
}

/* "mai", "mai --help", "mai help client create". */
static bool is_plain_help(struct cursor *in, struct args *a)
{
    if (in->count == 0 || is_help(in->words[0])) {
        a->wants_help = true;
        return true;
    }
    if (!str_eq(in->words[0], STR("help")))
        return false;
    a->wants_help = true;
    in->at = 1;
    return in->count == 1;
}

status args_parse(const str *words, size_t count, struct args *out, struct err *e)
{
    struct cursor in = {words, count, 0};
    *out = (struct args){0};
    status st = refuse_secrets(words, count, e);
    if (st != ST_OK || is_plain_help(&in, out))
        return st;
    bool is_help_command = out->wants_help;
    st = find_command(&in, out, e);
    if (st != ST_OK)
        return st;
    if (out->command == NULL)
        return is_help_command ? ST_OK : group_alone(&in, out, e);
    if (is_help_command)
        return ST_OK;
    st = take_rest(&in, out, e);
    return st == ST_OK ? check_complete(out, e) : st;
}

/* ---- asking ---- */

const struct arg_value *args_get(const struct args *a, const char *flag)
{
    size_t index = 0;
    CHECK(find_flag(a->command, str_c(flag), &index) != NULL);
    return &a->values[index];
}

bool args_has(const struct args *a, const char *flag)
{
    return args_get(a, flag)->is_given;
}

str args_text(const struct args *a, const char *flag)
{
    const struct arg_value *v = args_get(a, flag);
    return v->is_given ? v->text : STR_NONE;
}

bool args_wants_json(const struct args *a)
{
    return args_has(a, "--json");
}

status args_client(const struct args *a, str *out, struct err *e)
{
    str by_flag = args_text(a, "--client");
    if (by_flag.p != NULL && a->word_count != 0)
        return err_set(e, ST_BAD_REQUEST, "The client is named twice");
    if (by_flag.p == NULL && a->word_count == 0)
        return err_set(e, ST_BAD_REQUEST, "Say which client, by name or id (`mai %s --help` tells more)",
                       a->command->name);
    *out = by_flag.p != NULL ? by_flag : a->words[0];
    return ST_OK;
}

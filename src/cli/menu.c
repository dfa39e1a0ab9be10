/* `mai client` without more: the menu of the seed guide, word for word, with its faults mended: the key is not shown
 * while it is typed, what is no choice, no key, no name or no amount is asked again instead of being taken for
 * something else, and an empty answer takes the provisioning key that is configured or stored. Answers may come from
 * a pipe. */
#include "cli/client_print.h"
#include "cli/commands.h"
#include "cli/front.h"
#include "cli/prompt.h"
#include "tenancy/rules.h"

#include <stdio.h>
#include <unistd.h>

enum { TRIES = 5, WORD_CAP = 1200 };

struct menu {
    struct front *front;
    struct buf answer;
    bool is_key_typed; /* and not stored yet */
    char last4[8];
    bool has_key, is_configured;
};

static void say(struct menu *m, str text)
{
    print_add(m->front->out, text);
    print_flush(m->front->out);
}

/* ---- asking until it fits ---- */

/* ST_OK: taken. Any other: `e` says what is wrong with the answer. */
typedef status accept(struct menu *m, str answer, struct err *e);

static int give_up(struct menu *m, status st)
{
    return front_fail(m->front, st == ST_END ? "The input ended; nothing was created" : "Too many tries; nothing was created");
}

static bool ask(struct menu *m, str question, bool is_secret, accept *take, int *code_out)
{
    status st = ST_OK;
    for (int i = 0; i < TRIES; i++) {
        struct err e = {0};
        st = is_secret ? prompt_secret(STDOUT_FILENO, question, &m->answer)
                       : prompt_line(STDOUT_FILENO, question, &m->answer);
        if (st == ST_END)
            break;
        if (st == ST_OK)
            st = take(m, str_trim(buf_view(&m->answer)), &e);
        prompt_wipe(&m->answer);
        if (st == ST_OK)
            return true;
        print_addf(m->front->out, "❌ %s\n", err_text(&e, st));
        print_flush(m->front->out);
    }
    *code_out = give_up(m, st);
    return false;
}

/* ---- what may be answered ---- */

struct choice {
    struct menu menu;
    bool is_usage;
    char name[NAME_CAP];
    char limit[PICO_TEXT_CAP];
};

static struct choice *choice_of(struct menu *m)
{
    return CONTAINER_OF(m, struct choice, menu);
}

static status take_mode(struct menu *m, str answer, struct err *e)
{
    choice_of(m)->is_usage = str_eq(answer, STR("2"));
    if (str_eq(answer, STR("1")) || str_eq(answer, STR("2")))
        return ST_OK;
    return err_set(e, ST_UNPROCESSABLE, "Please enter 1 or 2.");
}

static status check_key_shape(str key, const char *what, struct err *e)
{
    bool is_possible = str_starts(key, STR("sk-or-")) && key.n >= 16 && key.n <= SUPPLIER_KEY_MAX_BYTES;
    for (size_t i = 0; i < key.n; i++)
        is_possible = is_possible && key.p[i] > 0x20 && key.p[i] < 0x7f;
    return is_possible ? ST_OK : err_set(e, ST_UNPROCESSABLE, "This is not %s: it starts with sk-or-.", what);
}

static status take_provisioning_key(struct menu *m, str answer, struct err *e)
{
    struct front *f = m->front;
    if (answer.n == 0 && m->has_key)
        return ST_OK;
    status st = check_key_shape(answer, "a provisioning key", e);
    if (st != ST_OK)
        return st;
    buf_add(&f->provisioning_key, answer);
    f->secrets.provisioning_key = buf_view(&f->provisioning_key);
    m->is_key_typed = true;
    return ST_OK;
}

static status take_client_key(struct menu *m, str answer, struct err *e)
{
    struct front *f = m->front;
    status st = check_key_shape(answer, "a key of OpenRouter", e);
    if (st != ST_OK)
        return st;
    buf_add(&f->key, answer);
    f->secrets.key = buf_view(&f->key);
    return ST_OK;
}

static status take_name(struct menu *m, str answer, struct err *e)
{
    str clean;
    status st = name_clean(answer, "The name", &clean, e);
    if (st != ST_OK)
        return st;
    CHECK(str_copy_z(clean, choice_of(m)->name, NAME_CAP));
    return ST_OK;
}

/* "$1,000.50" is what people write. */
static void drop_decoration(str text, struct buf *out)
{
    for (size_t i = 0; i < text.n; i++)
        if (text.p[i] != ',' && !(i == 0 && text.p[i] == '$'))
            buf_add_char(out, text.p[i]);
}

static status take_limit(struct menu *m, str answer, struct err *e)
{
    MAI_AUTO(buf_free) struct buf plain;
    struct choice *c = choice_of(m);
    pico amount;
    buf_init(&plain, PROMPT_MAX_BYTES);
    drop_decoration(answer, &plain);
    if (answer.n == 0) {
        c->limit[0] = '\0';
        return ST_OK;
    }
    if (pico_parse_amount(str_trim(buf_view(&plain)), &amount) != ST_OK)
        return err_set(e, ST_UNPROCESSABLE, "This is no amount in USD, such as 500 or 12.50; press Enter for no limit.");
    if (pico_is_zero(amount))
        return err_set(e, ST_UNPROCESSABLE, "A limit of 0 would allow no call at all; press Enter for no limit.");
    (void)pico_text(amount, c->limit);
    return ST_OK;
}

/* ---- the provisioning key that is there already ---- */

static void learn_key(struct menu *m)
{
    static const str words[] = {STR_INIT("client"), STR_INIT("provisioning-key"), STR_INIT("--json")};
    struct print_capture c MAI_AUTO(print_capture_free);
    struct json root, source, last4;
    struct err e = {0};
    print_capture_init(&c);
    if (front_run(m->front, words, COUNT_OF(words), &c.out) != EXIT_DONE)
        return; /* creating will say why */
    print_flush(&c.out);
    if (json_check(str_trim(buf_view(&c.text[PRINT_STDOUT])), &root, &e) != ST_OK)
        return;
    m->has_key = json_get(root, STR("source"), &source) && source.type == JSON_STRING;
    m->is_configured = m->has_key && json_string_is(source, STR("environment"));
    if (m->has_key && json_get(root, STR("last4"), &last4) && last4.raw.n == 6)
        memcpy(m->last4, last4.raw.p + 1, 4);
}

static bool ask_provisioning_key(struct menu *m, int *code_out)
{
    char question[160] = "Enter your OpenRouter provisioning key: ";
    learn_key(m);
    if (m->has_key)
        snprintf(question, sizeof question,
                 "Enter your OpenRouter provisioning key (press Enter to use the %s one ending in %s): ",
                 m->is_configured ? "configured" : "stored", m->last4);
    return ask(m, str_c(question), true, take_provisioning_key, code_out);
}

/* ---- mode 1 ---- */

static str flag_word(const char *flag, const char *value, char dst[static WORD_CAP])
{
    snprintf(dst, WORD_CAP, "%s=%s", flag, value);
    return str_c(dst);
}

static bool is_name_taken(struct menu *m, str client_word)
{
    struct print_capture c MAI_AUTO(print_capture_free);
    str words[] = {STR("client"), STR("show"), client_word};
    print_capture_init(&c);
    if (front_run(m->front, words, COUNT_OF(words), &c.out) == EXIT_DONE)
        return true;
    print_flush(&c.out);
    str error = buf_view(&c.text[PRINT_STDERR]);
    return str_find(error, STR("everal")) != error.n;
}

/* Names need not be unique, but a second client of the same name is rarely meant. */
static bool is_meant(struct choice *c)
{
    char word[WORD_CAP];
    if (!is_name_taken(&c->menu, flag_word("--client", c->name, word)))
        return true;
    say(&c->menu, STR("⚠️  There is a client with this name already.\n"));
    return prompt_yes(STDOUT_FILENO, STR("Create another one? (y/N): "));
}

static void offer_to_store(struct menu *m)
{
    static const str words[] = {STR_INIT("client"), STR_INIT("provisioning-key"), STR_INIT("--save")};
    if (!m->is_key_typed)
        return;
    say(m, STR("\n"));
    if (!prompt_yes(STDOUT_FILENO, STR("Store the provisioning key, sealed, for the next time? (y/N): ")))
        return;
    m->front->secrets.key = m->front->secrets.provisioning_key;
    (void)front_run(m->front, words, COUNT_OF(words), m->front->out); /* says itself what happened */
}

static int create(struct choice *c)
{
    char name[WORD_CAP], limit[WORD_CAP];
    str words[] = {STR("client"), STR("create"), STR("--menu"), flag_word("--name", c->name, name),
                   flag_word("--limit", c->limit, limit)};
    struct printer *o = c->menu.front->out;
    if (!is_meant(c))
        return front_fail(c->menu.front, "Nothing was created");
    print_add(o, STR("\n🔑 Creating API key for client: "));
    print_add_text(o, str_c(c->name));
    say(&c->menu, STR("\n"));
    int code = front_run(c->menu.front, words, COUNT_OF(words) - (c->limit[0] == '\0'), o);
    if (code == EXIT_DONE)
        offer_to_store(&c->menu);
    else
        say(&c->menu, STR("❌ Failed to create API key\n"));
    return code == EXIT_DONE ? EXIT_DONE : EXIT_FAILED;
}

static int create_mode(struct choice *c)
{
    int code = EXIT_FAILED;
    struct menu *m = &c->menu;
    if (!ask_provisioning_key(m, &code) ||
        !ask(m, STR("Enter client organization name: "), false, take_name, &code) ||
        !ask(m, STR("Enter monthly spending limit (USD, or press Enter to skip): "), false, take_limit, &code))
        return code;
    return create(c);
}

/* ---- mode 2 ---- */

static int usage_mode(struct choice *c)
{
    static const str words[] = {STR_INIT("client"), STR_INIT("usage"), STR_INIT("--key-stdin")};
    int code = EXIT_FAILED;
    struct menu *m = &c->menu;
    if (!ask(m, STR("Enter the client's API key: "), true, take_client_key, &code))
        return code;
    say(m, STR("\n📊 Usage of this API key:\n"));
    code = front_run(m->front, words, COUNT_OF(words), m->front->out);
    return code == EXIT_DONE ? EXIT_DONE : EXIT_FAILED;
}

/* ---- the menu ---- */

static int menu(struct front *f)
{
    struct choice c = {.menu.front = f};
    int code = EXIT_FAILED;
    buf_init(&c.menu.answer, PROMPT_MAX_BYTES);
    say(&c.menu, STR("🚀 Option 1: Simple Client API Key Creator & Usage Checker\n"
                     "============================================================\n"
                     "Select mode:\n"
                     "1. Create new API key\n"
                     "2. Check usage of existing API key\n"));
    if (ask(&c.menu, STR("Enter choice (1 or 2): "), false, take_mode, &code)) {
        say(&c.menu, STR("\n"));
        code = c.is_usage ? usage_mode(&c) : create_mode(&c);
    }
    buf_free(&c.menu.answer);
    return code;
}

const struct command command_client = {
    .name = "client",
    .summary = "Make a client or look at a key's usage, step by step (menu)",
    .words = "",
    .here = menu,
};

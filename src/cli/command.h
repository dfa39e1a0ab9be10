/* The commands as a table: a row gives name, words, flags with their types, help, and what to do. Parsing, `--help`,
 * hints about misspelt words, and the way into a running server all come from the same row.
 *
 * A command has one or both of two halves:
 *  - `run` does the work where the data is: inside the running server, which a command reaches by its socket
 *    (control.h), else in the command's own process with the store opened. It never asks a person anything.
 *  - `here` runs in the command's own process: it may ask, read standard input, and then let `run` happen by
 *    front_send. A command without it is just sent.
 *
 * Secrets never stand among the words: they come by prompt, standard input, file or environment (struct secrets). */
#ifndef MAI_CLI_COMMAND_H
#define MAI_CLI_COMMAND_H

#include "cli/printer.h"
#include "gateway/clients.h"
#include "tenancy/scope.h"

struct front;
struct args;

/* Exit codes: a contract with scripts. */
enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };
/* Between the two halves only: nothing was done, a provisioning key is wanted. */
enum { EXIT_WANTS_KEY = 64 };

enum flag_kind {
    FLAG_YES,      /* given or not; no value */
    FLAG_TEXT,     /* any well-formed text of one line */
    FLAG_AMOUNT,   /* USD, or "none" */
    FLAG_MARKUP,   /* factor: 1.3 */
    FLAG_RESET,    /* none, daily, weekly, monthly */
    FLAG_SWITCH,   /* on or off */
    FLAG_INSTANT,  /* ISO 8601 date or time */
    FLAG_DATE,     /* 2026-11-23 */
    FLAG_ROLE,     /* provider, admin, user, pending */
};

struct flag {
    const char *name;  /* "--limit"; NULL ends a list */
    enum flag_kind kind;
    const char *value; /* how the value is called in help: "USD" */
    const char *help;
    bool is_required;
    bool is_hidden;    /* between the two halves; not in help, not for people */
};

/* What a person gave besides the words. Views; empty: not given. */
struct secrets {
    str provisioning_key; /* OpenRouter's management key */
    str key;              /* a client's key to ask about */
    str password;
};

/* A command at work where the data is. */
struct command_call {
    const struct args *args;
    struct secrets secrets;
    struct client_host host;
    struct printer *out;
};

struct command {
    const char *name;    /* one or two words: "client create" */
    const char *summary; /* one line, for the list of commands */
    const char *words;   /* how the positional words are called: "[CLIENT]"; "" without */
    const char *help;    /* further sentences, or NULL */
    size_t min_words, max_words;
    const struct flag *flags; /* ends with a row without a name; may be NULL */
    int (*run)(struct command_call *c);
    int (*here)(struct front *f);
    void (*more_help)(struct printer *o); /* printed behind the flags; may be NULL */
    bool names_client;      /* needs exactly one: in first place or by --client */
    bool needs_no_settings; /* `here` runs whatever the environment says */
    bool is_server;         /* logs as the settings say; other commands only what went wrong */
};

/* All commands, in the order of the list; NULL ends it. */
extern const struct command *const commands[];

/* The command of that name, or NULL. */
const struct command *command_find(str name);
/* Is this the first word of commands of two words? */
bool command_is_group(str name);
/* The text of `mai --help`, of `mai client --help`, of `mai client create --help`. */
void command_list_help(struct printer *o);
void command_group_help(str group, struct printer *o);
void command_help(const struct command *c, struct printer *o);

/* Runs c->run for words that were sent or typed. */
int command_run(struct command_call *c, const struct command *command);
/* "mai: " with the words of the failure; EXIT_FAILED. */
int command_fail(struct command_call *c, status st, const struct err *e);
/* A note on standard error when there is one ("Note: ..."). */
void command_warn(struct command_call *c, const char *warning);

/* Flags that several commands share. */
#define FLAG_END {.name = NULL}
#define FLAG_JSON {"--json", FLAG_YES, NULL, "Print JSON", false, false}
#define FLAG_CLIENT {"--client", FLAG_TEXT, "CLIENT", "The client, by name or id (instead of the first word)", false, false}
#define FLAG_KEY_STDIN                                                                                                 \
    {"--key-stdin", FLAG_YES, NULL, "Read OpenRouter's provisioning key from standard input", false, false}

#endif

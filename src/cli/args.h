/* Words of a command line, checked against the table: which command, its positional words, its flags with their
 * values understood. Pure; any thread. A fault is one sentence for the person who typed it. */
#ifndef MAI_CLI_ARGS_H
#define MAI_CLI_ARGS_H

#include "cli/command.h"

enum { ARGS_FLAGS_MAX = 24, ARGS_WORDS_MAX = 8 };

struct arg_value {
    bool is_given;
    bool is_none;      /* FLAG_AMOUNT: "none" */
    bool is_on;        /* FLAG_SWITCH */
    str text;          /* as typed */
    pico amount;
    markup markup;
    enum limit_reset reset;
    enum role role;
    int64_t ms;        /* FLAG_INSTANT */
};

struct args { /* views into the words that were parsed */
    const struct command *command; /* NULL: no command was named */
    str group;                     /* the first word when it is one of two and the second is missing */
    bool wants_help;
    size_t word_count;
    str words[ARGS_WORDS_MAX];
    struct arg_value values[ARGS_FLAGS_MAX];
};

/* words: without the program's own name. ST_BAD_REQUEST: wrong usage. The text of a word that looks like a secret is
 * never repeated in `e`. */
NODISCARD status args_parse(const str *words, size_t count, struct args *out, struct err *e);

/* The value of one of the command's flags; a name that is not in its table is a bug. */
const struct arg_value *args_get(const struct args *a, const char *flag);
bool args_has(const struct args *a, const char *flag);
str args_text(const struct args *a, const char *flag); /* STR_NONE when not given */
bool args_wants_json(const struct args *a);

/* A client named in first place or by --client; both or none is ST_BAD_REQUEST. */
NODISCARD status args_client(const struct args *a, str *out, struct err *e);

/* The candidate nearest to `typed` by letters changed, or NULL when none is near. */
struct near {
    str typed;
    const char *best;
    size_t distance;
};
void near_try(struct near *n, const char *candidate);

#endif

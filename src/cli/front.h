/* A command in its own process: the settings, what a person was asked, and the way to where the data is: the running
 * server's socket, else the store, which is then opened here for as long as the command lives. One thread. */
#ifndef MAI_CLI_FRONT_H
#define MAI_CLI_FRONT_H

#include "cli/args.h"
#include "cli/local.h"
#include "conf/conf.h"

struct front {
    const struct conf *conf; /* of this process's environment */
    const str *words;        /* as typed */
    size_t word_count;
    struct args args;        /* the same, understood */
    struct secrets secrets;  /* views into the buffers below, or empty */
    struct buf provisioning_key, key, password;
    struct printer *out;         /* this process's standard output and error */
    struct local *local;     /* the store, when it is open here */
};

/* The whole program but its name: parses, asks, runs, prints. Gives the exit code. */
int front_main(const str *words, size_t count);

/* Lets `run` of the command happen that the words name, with the secrets of `f`; prints to `out`. */
int front_run(struct front *f, const str *words, size_t count, struct printer *out);
/* The same for the words that were typed; when a provisioning key is wanted and a person is there, asks and repeats. */
int front_send(struct front *f);
/* "mai: ..." on standard error; EXIT_FAILED. */
int front_fail(struct front *f, const char *sentence);

/* Reads a secret from standard input for a flag such as --key-stdin, when it is given. False: the sentence was
 * printed. */
bool front_take_stdin(struct front *f, const char *flag, const char *what, struct buf *into, str *out);

#endif

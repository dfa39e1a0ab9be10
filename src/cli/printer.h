/* Where a command prints: the same calls whether it runs in the caller's own process or inside a server, which
 * sends the text back. Standard output is gathered and goes out in pieces, so long lists need no memory; errors go
 * out at once, after what was printed before them. One thread.
 *
 * Once nobody reads any more (a closed pipe, a gone client) `is_broken` is set and the rest is dropped: long loops
 * look at it. */
#ifndef MAI_CLI_PRINTER_H
#define MAI_CLI_PRINTER_H

#include "base/buf.h"

enum print_stream { PRINT_STDOUT, PRINT_STDERR };

struct printer {
    bool (*send)(struct printer *o, enum print_stream to, str bytes); /* false: nobody reads any more */
    struct buf pending;
    bool is_broken;
};

void print_init(struct printer *o, bool (*send)(struct printer *o, enum print_stream to, str bytes));
/* Sends what is gathered and frees. Usable with MAI_AUTO. */
void print_free(struct printer *o);
void print_flush(struct printer *o);

void print_add(struct printer *o, str s);
void print_addf(struct printer *o, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* What a user or a supplier wrote, for a terminal: control characters become '?'. */
void print_add_text(struct printer *o, str s);
/* "mai: ...\n" on standard error, control characters in it replaced. */
void print_error(struct printer *o, const char *fmt, ...) PRINTF_LIKE(2, 3);
void print_note(struct printer *o, const char *fmt, ...) PRINTF_LIKE(2, 3); /* the same without "mai: " */

/* This process's own standard output and error. */
void print_init_process(struct printer *o);

/* Keeps what is printed. */
struct print_capture {
    struct printer out;
    struct buf text[2]; /* by enum print_stream */
};
void print_capture_init(struct print_capture *c);
void print_capture_free(struct print_capture *c); /* wipes: it may hold secrets. Usable with MAI_AUTO. */

#endif

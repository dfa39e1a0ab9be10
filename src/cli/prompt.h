/* Asking a person, or reading the same answers from a pipe. Questions go to standard output (the menu) or to standard
 * error (commands whose output is read by programs). Secrets are not echoed, whatever signal comes. Main thread, in
 * the command's own process. */
#ifndef MAI_CLI_PROMPT_H
#define MAI_CLI_PROMPT_H

#include "base/buf.h"

enum { PROMPT_MAX_BYTES = 4096 };

/* Is a person at the other end of standard input? */
bool prompt_is_interactive(void);
/* fd: STDOUT_FILENO or STDERR_FILENO. The answer without its line end is in `into` (cleared first). ST_END: no more
 * input; ST_TOO_BIG. */
NODISCARD status prompt_line(int fd, str question, struct buf *into);
NODISCARD status prompt_secret(int fd, str question, struct buf *into);
/* yes, y, and in any case; everything else and the end of input are no. */
bool prompt_yes(int fd, str question);
/* The first line of standard input, for --key-stdin and --password-stdin. ST_UNPROCESSABLE with a sentence. */
NODISCARD status prompt_stdin_secret(const char *what, struct buf *into, struct err *e);

/* For secrets that were asked for. Usable with MAI_AUTO. */
void prompt_wipe(struct buf *b);

#endif

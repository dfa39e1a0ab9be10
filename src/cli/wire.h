/* What goes over DATA_DIR/mai.sock: one request, then frames until the exit code.
 *
 *   request  4 bytes length (little endian), then JSON: {"version": "...", "words": [...], "secrets": {...}}
 *   frame    1 byte kind, 4 bytes length, bytes: 'o' standard output, 'e' standard error, 'x' one byte exit code
 *
 * Both ends are the same program; a request of another version is refused by the server in words. Blocking. */
#ifndef MAI_CLI_WIRE_H
#define MAI_CLI_WIRE_H

#include "base/arena.h"
#include "base/buf.h"
#include "cli/command.h"

enum { WIRE_REQUEST_MAX_BYTES = 256 * 1024, WIRE_FRAME_MAX_BYTES = 1 << 20, WIRE_WORDS_MAX = 64 };
enum wire_kind { WIRE_STDOUT = 'o', WIRE_STDERR = 'e', WIRE_EXIT = 'x' };

struct wire_request { /* views into the arena */
    str version;
    str words[WIRE_WORDS_MAX];
    size_t word_count;
    struct secrets secrets;
    char *raw; /* the request's own text */
    size_t raw_n;
};
/* ST_TOO_BIG, ST_UPSTREAM (the other end is gone), ST_BAD_REQUEST (nonsense). */
NODISCARD status wire_send_request(int fd, const str *words, size_t count, const struct secrets *s);
NODISCARD status wire_read_request(int fd, struct arena *a, struct wire_request *out); /* wipe it always */
/* Before the arena goes: leaves no secret behind. */
void wire_request_wipe(struct wire_request *r);
/* Overwrites a secret's bytes (which the caller owns). */
void secret_clear(str s);

NODISCARD status wire_send_frame(int fd, enum wire_kind kind, str bytes);
/* The bytes are in `into` (cleared first). */
NODISCARD status wire_read_frame(int fd, struct buf *into, enum wire_kind *kind_out);

/* ---- the socket ---- */

/* Connects to the folder's server. ST_NOT_FOUND: nobody listens there. */
NODISCARD status wire_connect(str data_dir, int *fd_out);
/* Makes the socket, 0600 from its first moment, in place of one that an earlier run left. */
NODISCARD status wire_listen(str data_dir, int *fd_out, struct err *e);
void wire_unlink(str data_dir);
/* The process at the other end: the same user or root? */
bool wire_peer_is_trusted(int fd);

#endif

/* One HTTP/1.1 answer, taken apart while it arrives: head, then a body by Content-Length or in
 * chunks. It expects the servers under test, so it is small and quick, and says "broken" to
 * everything else. One thread. */
#ifndef BENCH_ANSWER_H
#define BENCH_ANSWER_H

#include "base/str.h"

enum answer_state {
    ANSWER_HEAD,
    ANSWER_LENGTH, /* body of known length */
    ANSWER_CHUNK_SIZE,
    ANSWER_CHUNK_DATA,
    ANSWER_CHUNK_END, /* the line end behind a chunk */
    ANSWER_TRAILER,
    ANSWER_DONE,
    ANSWER_BROKEN,
};

enum { ANSWER_HEAD_MAX = 4096, ANSWER_LINE_MAX = 64 };

struct answer {
    enum answer_state state;
    int status;
    size_t left; /* bytes of the body or chunk still to come */
    size_t head_n;
    size_t line_n;
    char head[ANSWER_HEAD_MAX];
    char line[ANSWER_LINE_MAX];
    /* Told each piece of the body, borrowed; may be NULL. */
    void (*on_body)(void *ctx, str piece);
    void *ctx;
};

/* Ready for the next answer; the callback stays. */
void answer_reset(struct answer *a);
/* Takes bytes until the answer is done, broken, or the bytes are used up; gives how many it took.
 */
size_t answer_feed(struct answer *a, str bytes);
/* Whole, and with status 200. */
bool answer_is_good(const struct answer *a);

#endif

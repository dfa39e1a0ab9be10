/* A growing byte buffer that cannot be made without a maximum. Going over the maximum sets a sticky
 * flag instead of failing each call: build first, check `is_full` once. */
#ifndef MAI_BUF_H
#define MAI_BUF_H

#include "base/str.h"

struct buf {
    char *p;
    size_t n;
    size_t cap;
    size_t max;
    bool is_full; /* something did not fit; the contents end before it */
};

/* No allocation until the first byte. */
void buf_init(struct buf *b, size_t max);
void buf_free(struct buf *b); /* usable with MAI_AUTO; the buffer is empty afterwards */
void buf_clear(struct buf *b); /* keeps the memory, drops contents and flag */

void buf_add(struct buf *b, str s);
void buf_add_char(struct buf *b, char c);
void buf_add_i64(struct buf *b, int64_t v);
void buf_addf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Room for n more bytes at the tail, or NULL (and the flag); commit with buf_grow_by. */
char *buf_reserve(struct buf *b, size_t n);
void buf_grow_by(struct buf *b, size_t n);
/* Drops n bytes from the front. */
void buf_consume(struct buf *b, size_t n);

/* Borrowed view of the contents, valid until the next change. */
str buf_view(const struct buf *b);
/* The contents as NUL-terminated text (a NUL is kept behind the end, not counted). */
const char *buf_z(struct buf *b);

#endif

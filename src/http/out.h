/* What a connection still has to send: a chain of blocks, filled at the tail, sent from the head
 * with one writev. Bytes that outlive the server are referenced, all others copied. Blocks of the
 * usual size are recycled per loop. Loop thread only. */
#ifndef MAI_OUT_H
#define MAI_OUT_H

#include "base/str.h"

#include <sys/uio.h>

enum { OUT_BLOCK_BYTES = 4096 };

struct out_block;

/* Blocks at rest, shared by the connections of one loop. */
struct out_pool {
    struct out_block *free;
    size_t count;
};
void out_pool_free(struct out_pool *p);

struct out {
    struct out_pool *pool;
    struct out_block *head, *tail;
    size_t bytes;
};

void out_init(struct out *o, struct out_pool *pool);
void out_clear(struct out *o);

void out_add(struct out *o, str s);        /* copied */
void out_add_static(struct out *o, str s); /* referenced */
/* n bytes in one piece at the tail, to be filled; out_commit says how many were. */
char *out_reserve(struct out *o, size_t n);
void out_commit(struct out *o, size_t n);

/* The first bytes to send, as pieces; returns how many pieces. */
int out_pieces(const struct out *o, struct iovec *dst, int cap);
void out_consume(struct out *o, size_t n);

#endif

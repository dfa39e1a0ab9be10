/* The queue of bytes to send; see out.h. */
#include "http/out.h"
#include "base/mem.h"

enum { POOL_MAX = 256, COPY_BELOW = 512 };

struct out_block {
    struct out_block *next;
    const char *p; /* first byte to send: in `room`, or somebody's static bytes */
    size_t n;
    size_t cap; /* of room; 0 for static bytes */
    char room[];
};

static const size_t usual_cap = OUT_BLOCK_BYTES - sizeof(struct out_block);

static void give_back(struct out_pool *pool, struct out_block *b)
{
    if (b->cap != usual_cap || pool->count == POOL_MAX) {
        mem_free(b);
        return;
    }
    b->next = pool->free;
    pool->free = b;
    pool->count++;
}

void out_pool_free(struct out_pool *p)
{
    while (p->free != NULL) {
        struct out_block *b = p->free;
        p->free = b->next;
        mem_free(b);
    }
    p->count = 0;
}

static struct out_block *take(struct out_pool *pool, size_t room)
{
    if (room > usual_cap || pool->free == NULL) {
        size_t cap = room > usual_cap ? room : usual_cap;
        struct out_block *b = mem_resize(NULL, sizeof *b + cap); /* need not be zeroed */
        b->cap = cap;
        return b;
    }
    struct out_block *b = pool->free;
    pool->free = b->next;
    pool->count--;
    return b;
}

void out_init(struct out *o, struct out_pool *pool)
{
    *o = (struct out){.pool = pool};
}

void out_clear(struct out *o)
{
    while (o->head != NULL) {
        struct out_block *b = o->head;
        o->head = b->next;
        give_back(o->pool, b);
    }
    o->tail = NULL;
    o->bytes = 0;
}

static void append(struct out *o, struct out_block *b)
{
    b->next = NULL;
    if (o->tail != NULL)
        o->tail->next = b;
    else
        o->head = b;
    o->tail = b;
}

static size_t room_left(const struct out_block *b)
{
    if (b == NULL || b->cap == 0)
        return 0;
    return (size_t)(b->room + b->cap - (b->p + b->n));
}

char *out_reserve(struct out *o, size_t n)
{
    if (room_left(o->tail) < n) {
        struct out_block *b = take(o->pool, n);
        b->p = b->room;
        b->n = 0;
        append(o, b);
    }
    return (char *)(uintptr_t)o->tail->p + o->tail->n;
}

void out_commit(struct out *o, size_t n)
{
    CHECK(n <= room_left(o->tail));
    o->tail->n += n;
    o->bytes += n;
}

void out_add(struct out *o, str s)
{
    size_t first = room_left(o->tail);
    if (first > s.n)
        first = s.n;
    if (first != 0) {
        memcpy(out_reserve(o, first), s.p, first);
        out_commit(o, first);
    }
    if (first == s.n)
        return;
    memcpy(out_reserve(o, s.n - first), s.p + first, s.n - first);
    out_commit(o, s.n - first);
}

void out_add_static(struct out *o, str s)
{
    if (s.n < COPY_BELOW) {
        out_add(o, s);
        return;
    }
    struct out_block *b = NEW(struct out_block);
    b->p = s.p;
    b->n = s.n;
    append(o, b);
    o->bytes += s.n;
}

int out_pieces(const struct out *o, struct iovec *dst, int cap)
{
    int count = 0;
    for (const struct out_block *b = o->head; b != NULL && count < cap; b = b->next)
        if (b->n != 0)
            dst[count++] = (struct iovec){.iov_base = (void *)(uintptr_t)b->p, .iov_len = b->n};
    return count;
}

void out_consume(struct out *o, size_t n)
{
    CHECK(n <= o->bytes);
    o->bytes -= n;
    while (o->head != NULL && n >= o->head->n) {
        struct out_block *b = o->head;
        n -= b->n;
        o->head = b->next;
        give_back(o->pool, b);
    }
    if (o->head == NULL) {
        o->tail = NULL;
        return;
    }
    o->head->p += n;
    o->head->n -= n;
}

/* Arenas; see arena.h. In address-sanitizer builds every piece is a chunk of its own, so an overrun
 * of one piece is seen. */
#include "base/arena.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

struct arena_chunk {
    struct arena_chunk *next;
    size_t used;
    size_t cap;
    alignas(max_align_t) char bytes[];
};

#if defined(__SANITIZE_ADDRESS__)
enum { CHUNK_BYTES = 1 };
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
enum { CHUNK_BYTES = 1 };
#else
enum { CHUNK_BYTES = 4000 };
#endif
#else
enum { CHUNK_BYTES = 4000 };
#endif

void arena_init(struct arena *a, size_t max_bytes)
{
    CHECK(max_bytes < SIZE_MAX / 2);
    *a = (struct arena){.max_bytes = max_bytes};
}

void arena_free(struct arena *a)
{
    for (struct arena_chunk *c = a->head; c != NULL;) {
        struct arena_chunk *next = c->next;
        mem_free(c);
        c = next;
    }
    *a = (struct arena){.max_bytes = a->max_bytes};
}

void arena_reset(struct arena *a)
{
    struct arena_chunk *keep = NULL;
    for (struct arena_chunk *c = a->head; c != NULL;) {
        struct arena_chunk *next = c->next;
        if (keep == NULL && CHUNK_BYTES > 1 && c->cap == CHUNK_BYTES)
            keep = c;
        else
            mem_free(c);
        c = next;
    }
    *a = (struct arena){.head = keep, .max_bytes = a->max_bytes};
    if (keep == NULL)
        return;
    memset(keep->bytes, 0, keep->used); /* what arena_alloc gives is zeroed */
    keep->used = 0;
    keep->next = NULL;
}

static struct arena_chunk *chunk_new(size_t bytes)
{
    size_t cap = bytes > CHUNK_BYTES ? bytes : CHUNK_BYTES;
    struct arena_chunk *c = mem_alloc(sizeof *c + cap);
    c->cap = cap;
    return c;
}

void *arena_alloc(struct arena *a, size_t bytes)
{
    const size_t align = alignof(max_align_t);
    size_t want = bytes != 0 ? bytes : 1;
    size_t left = a->max_bytes - a->used_bytes;
    if (a->is_full || want > left) {
        a->is_full = true;
        return NULL;
    }
    /* Small pieces count as what they take; the last piece may end where the maximum does. */
    size_t rounded = want + (align - want % align) % align;
    a->used_bytes += rounded < left ? rounded : left;
    struct arena_chunk *c = a->head;
    if (c == NULL || c->cap - c->used < rounded) {
        c = chunk_new(CHUNK_BYTES == 1 ? want : rounded);
        c->next = a->head;
        a->head = c;
    }
    void *p = c->bytes + c->used;
    c->used += CHUNK_BYTES == 1 ? c->cap : rounded;
    return p;
}

void *arena_alloc_array(struct arena *a, size_t count, size_t bytes)
{
    size_t total;
    if (__builtin_mul_overflow(count, bytes, &total))
        total = SIZE_MAX; /* refused there, as no maximum is that large */
    return arena_alloc(a, total);
}

str arena_dup(struct arena *a, str s)
{
    char *p = arena_alloc(a, s.n);
    if (p == NULL)
        return STR_NONE;
    if (s.n != 0)
        memcpy(p, s.p, s.n);
    return (str){p, s.n};
}

const char *arena_z(struct arena *a, str s)
{
    char *p = arena_alloc(a, s.n + 1);
    if (p == NULL)
        return "";
    if (s.n != 0)
        memcpy(p, s.p, s.n);
    return p;
}

str arena_printf(struct arena *a, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    CHECK(n >= 0);
    char *p = arena_alloc(a, (size_t)n + 1);
    if (p == NULL)
        return STR_NONE;
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return (str){p, (size_t)n};
}

/* Growing buffers with a maximum; see buf.h. */
#include "base/buf.h"
#include "base/mem.h"

#include <stdarg.h>
#include <stdio.h>

void buf_init(struct buf *b, size_t max)
{
    const size_t most = SIZE_MAX / 4; /* so that sums of two sizes never wrap */
    *b = (struct buf){.max = max < most ? max : most};
}

void buf_free(struct buf *b)
{
    mem_free(b->p);
    *b = (struct buf){.max = b->max};
}

void buf_clear(struct buf *b)
{
    b->n = 0;
    b->is_full = false;
}

char *buf_reserve(struct buf *b, size_t n)
{
    if (b->is_full || n > b->max - b->n) {
        b->is_full = true;
        return NULL;
    }
    size_t need = b->n + n + 1; /* one more for buf_z */
    if (need > b->cap) {
        size_t cap = b->cap != 0 ? b->cap : 128;
        while (cap < need)
            cap *= 2;
        if (cap > b->max + 1)
            cap = b->max + 1;
        b->p = mem_resize(b->p, cap);
        b->cap = cap;
    }
    return b->p + b->n;
}

void buf_grow_by(struct buf *b, size_t n)
{
    CHECK(n < b->cap - b->n);
    b->n += n;
}

void buf_add(struct buf *b, str s)
{
    char *at = buf_reserve(b, s.n);
    if (at == NULL || s.n == 0)
        return;
    memcpy(at, s.p, s.n);
    b->n += s.n;
}

void buf_add_char(struct buf *b, char c)
{
    buf_add(b, (str){&c, 1});
}

void buf_add_i64(struct buf *b, int64_t v)
{
    buf_addf(b, "%lld", (long long)v);
}

void buf_addf(struct buf *b, const char *fmt, ...)
{
    char small[256];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(small, sizeof small, fmt, ap);
    va_end(ap);
    CHECK(n >= 0);
    if ((size_t)n < sizeof small) {
        buf_add(b, (str){small, (size_t)n});
        return;
    }
    char *at = buf_reserve(b, (size_t)n); /* and one more, for the NUL */
    if (at == NULL)
        return;
    va_start(ap, fmt);
    vsnprintf(at, (size_t)n + 1, fmt, ap);
    va_end(ap);
    b->n += (size_t)n;
}

void buf_consume(struct buf *b, size_t n)
{
    CHECK(n <= b->n);
    b->n -= n;
    if (n != 0 && b->n != 0)
        memmove(b->p, b->p + n, b->n);
}

str buf_view(const struct buf *b)
{
    return (str){b->p != NULL ? b->p : "", b->n};
}

const char *buf_z(struct buf *b)
{
    if (b->p == NULL)
        return "";
    b->p[b->n] = '\0';
    return b->p;
}

/* Heap access for all rooms; see mem.h. */
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

void check_failed(const char *file, int line, const char *text)
{
    fprintf(stderr, "mai: internal check failed at %s:%d: %s\n", file, line, text);
    fflush(stderr);
    abort();
}

void *mem_alloc(size_t bytes)
{
    void *p = calloc(1, bytes != 0 ? bytes : 1);
    CHECK(p != NULL);
    return p;
}

void *mem_alloc_array(size_t count, size_t bytes)
{
    size_t total;
    CHECK(!__builtin_mul_overflow(count, bytes, &total));
    return mem_alloc(total);
}

void *mem_resize(void *p, size_t bytes)
{
    void *q = realloc(p, bytes != 0 ? bytes : 1);
    CHECK(q != NULL);
    return q;
}

void mem_free(void *p)
{
    free(p);
}

void mem_free_auto(void *pointer_to_pointer)
{
    void *p;
    memcpy(&p, pointer_to_pointer, sizeof p);
    free(p);
}

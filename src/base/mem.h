/* The only door to the heap. Small fixed-size control structures stop the process when memory is
 * gone; anything a peer can make large lives in a `buf` or `arena`, which have maxima. */
#ifndef MAI_MEM_H
#define MAI_MEM_H

#include "base/base.h"

/* Zeroed memory, never NULL (the process stops instead). Free with mem_free. */
void *mem_alloc(size_t bytes) __attribute__((malloc, returns_nonnull, alloc_size(1)));
/* Zeroed array, the product checked. */
void *mem_alloc_array(size_t count, size_t bytes) __attribute__((malloc, returns_nonnull));
/* Grows or shrinks; the new tail is not zeroed. Never NULL. */
void *mem_resize(void *p, size_t bytes) __attribute__((returns_nonnull));
/* Accepts NULL. */
void mem_free(void *p);
/* For MAI_AUTO on a `T *` variable. */
void mem_free_auto(void *pointer_to_pointer);

#define NEW(type) ((type *)mem_alloc(sizeof(type)))

#endif

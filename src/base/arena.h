/* Memory with one end of life: allocate piece by piece, free all at once. One per request or job; has
 * a maximum, because a peer decides how much is asked for. */
#ifndef MAI_ARENA_H
#define MAI_ARENA_H

#include "base/str.h"

struct arena_chunk;

struct arena {
    struct arena_chunk *head;
    size_t used_bytes; /* what was given out, alignment included */
    size_t max_bytes;
    bool is_full; /* sticky: an allocation over the maximum was refused */
};

void arena_init(struct arena *a, size_t max_bytes);
void arena_free(struct arena *a); /* usable with MAI_AUTO */
/* As arena_free, but keeps one chunk of the usual size for the next user. */
void arena_reset(struct arena *a);

/* Zeroed and aligned for any type. NULL (and the sticky flag) when the maximum is reached. */
void *arena_alloc(struct arena *a, size_t bytes);
#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, count) ((type *)arena_alloc_array((a), (count), sizeof(type)))
void *arena_alloc_array(struct arena *a, size_t count, size_t bytes); /* a product too large is "full" */

/* Copies live as long as the arena. STR_NONE / "" when it is full: check is_full at the end. */
str arena_dup(struct arena *a, str s);
const char *arena_z(struct arena *a, str s); /* NUL-terminated copy, never NULL */
str arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

#endif

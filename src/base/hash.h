/* Hash table from text to pointer. Keys are copied; values are the caller's. One owning thread. */
#ifndef MAI_HASH_H
#define MAI_HASH_H

#include "base/str.h"

struct hash_slot {
    char *key;
    size_t key_n;
    uint64_t h;
    void *value;
};

struct hash {
    struct hash_slot *slots;
    size_t cap; /* power of two, or 0 */
    size_t count;
};

void hash_free(struct hash *t); /* keys and table; not the values */
void *hash_get(const struct hash *t, str key);
/* Sets or replaces; returns the value that was there. value must not be NULL. */
void *hash_set(struct hash *t, str key, void *value);
/* Removes; returns the value that was there, or NULL. */
void *hash_remove(struct hash *t, str key);
/* Walk in no particular order: start with *at = 0; false at the end. No changes while walking. */
bool hash_next(const struct hash *t, size_t *at, str *key_out, void **value_out);

#endif

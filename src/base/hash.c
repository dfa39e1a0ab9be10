/* Open addressing, linear probing, backward-shift removal; see hash.h. */
#include "base/hash.h"
#include "base/mem.h"

static bool slot_is(const struct hash_slot *s, uint64_t h, str key)
{
    return s->h == h && str_eq((str){s->key, s->key_n}, key);
}

static size_t find(const struct hash *t, uint64_t h, str key)
{
    size_t i = h & (t->cap - 1);
    while (t->slots[i].key != NULL && !slot_is(&t->slots[i], h, key))
        i = (i + 1) & (t->cap - 1);
    return i;
}

static void grow(struct hash *t)
{
    struct hash old = *t;
    t->cap = old.cap != 0 ? old.cap * 2 : 16;
    t->slots = mem_alloc_array(t->cap, sizeof *t->slots);
    for (size_t i = 0; i < old.cap; i++) {
        struct hash_slot *s = &old.slots[i];
        if (s->key != NULL)
            t->slots[find(t, s->h, (str){s->key, s->key_n})] = *s;
    }
    mem_free(old.slots);
}

void hash_free(struct hash *t)
{
    for (size_t i = 0; i < t->cap; i++)
        mem_free(t->slots[i].key);
    mem_free(t->slots);
    *t = (struct hash){0};
}

void *hash_get(const struct hash *t, str key)
{
    if (t->count == 0)
        return NULL;
    return t->slots[find(t, str_hash(key), key)].value;
}

void *hash_set(struct hash *t, str key, void *value)
{
    CHECK(value != NULL);
    if ((t->count + 1) * 4 > t->cap * 3)
        grow(t);
    uint64_t h = str_hash(key);
    struct hash_slot *s = &t->slots[find(t, h, key)];
    void *before = s->value;
    if (s->key == NULL) {
        s->key = mem_alloc(key.n + 1);
        if (key.n != 0)
            memcpy(s->key, key.p, key.n);
        s->key_n = key.n;
        s->h = h;
        t->count++;
    }
    s->value = value;
    return before;
}

void *hash_remove(struct hash *t, str key)
{
    if (t->count == 0)
        return NULL;
    size_t hole = find(t, str_hash(key), key);
    void *value = t->slots[hole].value;
    if (t->slots[hole].key == NULL)
        return NULL;
    mem_free(t->slots[hole].key);
    t->count--;
    for (size_t i = (hole + 1) & (t->cap - 1); t->slots[i].key != NULL; i = (i + 1) & (t->cap - 1)) {
        size_t home = t->slots[i].h & (t->cap - 1);
        bool stays = ((i - home) & (t->cap - 1)) < ((i - hole) & (t->cap - 1));
        if (stays)
            continue;
        t->slots[hole] = t->slots[i];
        hole = i;
    }
    t->slots[hole] = (struct hash_slot){0};
    return value;
}

bool hash_next(const struct hash *t, size_t *at, str *key_out, void **value_out)
{
    for (; *at < t->cap; (*at)++) {
        const struct hash_slot *s = &t->slots[*at];
        if (s->key == NULL)
            continue;
        if (key_out != NULL)
            *key_out = (str){s->key, s->key_n};
        if (value_out != NULL)
            *value_out = s->value;
        (*at)++;
        return true;
    }
    return false;
}

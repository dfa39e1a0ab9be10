/* Connections per address; see tally.h. Touched once when a connection opens and once when it ends.
 */
#include "http/tally.h"
#include "base/mem.h"

struct tally_entry {
    unsigned count;
};

void tally_init(struct tally *t)
{
    *t = (struct tally){0};
    CHECK(pthread_mutex_init(&t->lock, NULL) == 0);
}

void tally_free(struct tally *t)
{
    size_t at = 0;
    void *entry;
    str key;
    while (hash_next(&t->counts, &at, &key, &entry))
        mem_free(entry);
    hash_free(&t->counts);
    pthread_mutex_destroy(&t->lock);
}

static str key_text(const struct address *key)
{
    return (str){(const char *)key->bytes, sizeof key->bytes};
}

static bool count_up(struct tally *t, str key, unsigned max)
{
    struct tally_entry *entry = hash_get(&t->counts, key);
    if (entry == NULL) {
        entry = NEW(struct tally_entry);
        hash_set(&t->counts, key, entry);
    }
    if (entry->count >= max)
        return false;
    entry->count++;
    return true;
}

bool tally_enter(struct tally *t, const struct address *key, unsigned max)
{
    CHECK(max > 0);
    CHECK(pthread_mutex_lock(&t->lock) == 0);
    bool is_counted = count_up(t, key_text(key), max);
    CHECK(pthread_mutex_unlock(&t->lock) == 0);
    return is_counted;
}

void tally_leave(struct tally *t, const struct address *key)
{
    CHECK(pthread_mutex_lock(&t->lock) == 0);
    struct tally_entry *entry = hash_get(&t->counts, key_text(key));
    CHECK(entry != NULL && entry->count > 0);
    if (--entry->count == 0) {
        hash_remove(&t->counts, key_text(key));
        mem_free(entry);
    }
    CHECK(pthread_mutex_unlock(&t->lock) == 0);
}

/* Kept texts; see text.h. */
#include "text.h"
#include "base/hash.h"
#include "base/mem.h"

static struct hash kept;

const char *text_keep(str s)
{
    if (s.p == NULL)
        return NULL;
    char *z = hash_get(&kept, s);
    if (z != NULL)
        return z;
    z = mem_alloc(s.n + 1);
    if (s.n != 0)
        memcpy(z, s.p, s.n);
    hash_set(&kept, s, z);
    return z;
}

/* Tables of members; see members.h. */
#include "openrouter/members.h"

/* json_string_is, but quick for names without escapes, which is all of them in practice. */
static bool key_is(struct json key, str name)
{
    if (key.raw.n == name.n + 2)
        return memcmp(key.raw.p + 1, name.p, name.n) == 0;
    return key.raw.n > name.n + 2 && memchr(key.raw.p, '\\', key.raw.n) != NULL &&
           json_string_is(key, name);
}

static const struct member_row *row_of(struct member_table table, struct json key)
{
    for (size_t i = 0; i < table.count; i++)
        if (key_is(key, table.rows[i].name))
            return &table.rows[i];
    return NULL;
}

void members_read(struct json v, struct member_table table, void *ctx)
{
    if (v.type != JSON_OBJECT)
        return;
    struct json_iter it = json_iter(v);
    struct json key, item;
    while (json_next(&it, &key, &item)) {
        const struct member_row *row = row_of(table, key);
        if (row != NULL)
            row->read(ctx, item);
    }
}

bool members_count(struct json v, int64_t *out)
{
    int64_t n;
    if (json_i64(v, &n) != ST_OK || n < 0)
        return false;
    *out = n;
    return true;
}

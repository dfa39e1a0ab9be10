/* See json_bridge.h. */
#include "unit/codec/json_bridge.h"
#include "codec/json.h"

status bridge_check(str text, bool is_strict, struct err *e)
{
    struct json v;
    return is_strict ? json_check_strict(text, &v, e) : json_check(text, &v, e);
}

static struct json checked(str text)
{
    struct json v;
    CHECK(json_check(text, &v, NULL) == ST_OK);
    return v;
}

static str decoded(struct json v, struct arena *a)
{
    str s;
    CHECK(json_string(v, a, &s) == ST_OK);
    return s;
}

static void walk(struct json v, const struct bridge_visitor *visitor, void *ctx)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, 100000);
    if (v.type == JSON_STRING) {
        visitor->text(ctx, decoded(v, &a));
        return;
    }
    if (v.type != JSON_OBJECT && v.type != JSON_ARRAY) {
        visitor->other(ctx, v.raw);
        return;
    }
    struct json_iter it = json_iter(v);
    struct json key, item;
    visitor->open(ctx, v.type == JSON_OBJECT);
    while (json_next(&it, &key, &item)) {
        if (v.type == JSON_OBJECT)
            visitor->name(ctx, decoded(key, &a));
        walk(item, visitor, ctx);
    }
    visitor->close(ctx);
}

void bridge_walk(str text, const struct bridge_visitor *visitor, void *ctx)
{
    walk(checked(text), visitor, ctx);
}

void bridge_splice(str text, const struct bridge_edit *edits, size_t count, struct buf *out)
{
    struct json_edit own[JSON_MAX_EDITS];
    CHECK(count <= COUNT_OF(own));
    for (size_t i = 0; i < count; i++)
        own[i] = (struct json_edit){edits[i].name, edits[i].value};
    json_splice(checked(text), own, count, out);
}

void bridge_quote(str s, struct buf *out)
{
    json_add_string(out, s);
}

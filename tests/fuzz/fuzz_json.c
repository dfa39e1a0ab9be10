/* JSON: what passes can be walked to its last leaf without leaving the text, strict is never laxer,
 * a splice of it passes again and holds what was put in, decoded text that is quoted again decodes
 * to itself. */
#include "codec/json.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void walk(struct json v, str text)
{
    CHECK(v.raw.p >= text.p && v.raw.p + v.raw.n <= text.p + text.n && v.raw.n != 0);
    struct json_iter it = json_iter(v);
    struct json key, item;
    while (json_next(&it, &key, &item)) {
        if (it.is_object)
            CHECK(key.type == JSON_STRING);
        walk(item, text);
    }
}

static void quote_again(struct json v)
{
    MAI_AUTO(arena_free) struct arena a;
    MAI_AUTO(buf_free) struct buf b;
    struct json again;
    str decoded, twice;
    arena_init(&a, 1 << 22);
    buf_init(&b, 1 << 22);
    if (json_string(v, &a, &decoded) != ST_OK)
        return;
    CHECK(str_is_utf8(decoded) && json_string_is(v, decoded));
    json_add_string(&b, decoded);
    CHECK(json_check(buf_view(&b), &again, NULL) == ST_OK);
    CHECK(json_string(again, &a, &twice) == ST_OK && str_eq(decoded, twice));
}

static void splice(struct json v)
{
    MAI_AUTO(buf_free) struct buf same, out;
    const struct json_edit edits[] = {
        {STR("model"), STR("\"x\"")}, {STR("user"), STR_NONE}, {STR("a"), STR("[1,{}]")}};
    struct json again, got;
    buf_init(&same, 1 << 22);
    buf_init(&out, 1 << 22);
    json_splice(v, NULL, 0, &same);
    CHECK(str_eq(buf_view(&same), v.raw));
    json_splice(v, edits, COUNT_OF(edits), &out);
    CHECK(json_check(buf_view(&out), &again, NULL) == ST_OK && again.raw.n == out.n);
    CHECK(json_get(again, STR("model"), &got) && str_eq(got.raw, STR("\"x\"")));
    CHECK(json_get(again, STR("a"), &got) && str_eq(got.raw, STR("[1,{}]")));
    CHECK(!json_get(again, STR("user"), &got));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str text = {(const char *)data, size};
    struct json v, strict;
    struct err e = {0};
    int64_t whole;
    status st = json_check(text, &v, &e);
    status strict_st = json_check_strict(text, &strict, NULL);
    CHECK(st == ST_OK || (strict_st != ST_OK && e.text[0] != '\0'));
    if (st != ST_OK)
        return 0;
    walk(v, text);
    (void)!json_i64(v, &whole);
    if (v.type == JSON_STRING)
        quote_again(v);
    if (v.type == JSON_OBJECT)
        splice(v);
    return 0;
}

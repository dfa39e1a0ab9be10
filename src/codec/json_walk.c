/* Walking a checked text by views; see json.h. Trusts the grammar, never the end: a view that was
 * not checked stops the process instead of reading on. */
#include "codec/json_private.h"
#include "money/decimal.h"

static bool is_space(char c)
{
    return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

str json_skip_space(str text)
{
    while (text.n != 0 && is_space(text.p[0]))
        text = str_from(text, 1);
    return text;
}

/* Behind the string whose opening quote is at p. */
static const char *behind_string(const char *p, const char *end)
{
    for (p++;; p++) {
        CHECK(p < end);
        if (*p == '"')
            return p + 1;
        if (*p == '\\')
            p++;
    }
}

/* Behind the object or array that starts at p. Brackets differ from braces in one bit. */
static const char *behind_container(const char *p, const char *end)
{
    size_t depth = 0;
    do {
        CHECK(p < end);
        char c = (char)(*p | 0x20);
        if (*p == '"') {
            p = behind_string(p, end);
            continue;
        }
        depth += c == '{';
        depth -= c == '}';
        p++;
    } while (depth != 0);
    return p;
}

static str front(str text, const char *behind)
{
    return (str){text.p, (size_t)(behind - text.p)};
}

str json_front_string(str text)
{
    CHECK(text.n >= 2 && text.p[0] == '"');
    return front(text, behind_string(text.p, text.p + text.n));
}

static str front_scalar(str text)
{
    size_t n = 0;
    while (n < text.n && !is_space(text.p[n]) && text.p[n] != ',' && text.p[n] != '}' &&
           text.p[n] != ']')
        n++;
    CHECK(n != 0);
    return str_sub(text, 0, n);
}

str json_front_value(str text)
{
    CHECK(text.n != 0);
    switch (text.p[0]) {
    case '"':
        return json_front_string(text);
    case '{':
    case '[':
        return front(text, behind_container(text.p, text.p + text.n));
    default:
        return front_scalar(text);
    }
}

struct json_iter json_iter(struct json v)
{
    struct json_iter it = {.is_object = v.type == JSON_OBJECT};
    if (v.type == JSON_OBJECT || v.type == JSON_ARRAY)
        it.rest = str_sub(v.raw, 1, v.raw.n - 2);
    return it;
}

static struct json take_value(str *rest)
{
    str raw = json_front_value(*rest);
    *rest = str_from(*rest, raw.n);
    return (struct json){json_type_of(raw.p[0]), raw};
}

bool json_next(struct json_iter *it, struct json *key_out, struct json *item_out)
{
    str rest = json_skip_space(it->rest);
    if (rest.n != 0 && rest.p[0] == ',')
        rest = json_skip_space(str_from(rest, 1));
    if (rest.n == 0)
        return false;
    if (it->is_object) {
        *key_out = take_value(&rest);
        rest = json_skip_space(rest);
        CHECK(rest.n != 0 && rest.p[0] == ':');
        rest = json_skip_space(str_from(rest, 1));
    }
    *item_out = take_value(&rest);
    it->rest = rest;
    return true;
}

bool json_get(struct json v, str name, struct json *out)
{
    if (v.type != JSON_OBJECT)
        return false;
    struct json_iter it = json_iter(v);
    struct json key, item, found = {0};
    while (json_next(&it, &key, &item))
        if (json_string_is(key, name))
            found = item;
    if (found.raw.p == NULL)
        return false;
    *out = found;
    return true;
}

bool json_is_true(struct json v)
{
    return v.type == JSON_BOOL && v.raw.p[0] == 't';
}

status json_i64(struct json v, int64_t *out)
{
    struct decimal d;
    int64_t whole;
    bool is_exact;
    if (v.type != JSON_NUMBER)
        return ST_BAD_REQUEST;
    status st = decimal_scan(v.raw, &d);
    if (st == ST_OK)
        st = decimal_scale(&d, 0, &whole, &is_exact);
    if (st != ST_OK)
        return st;
    if (!is_exact)
        return ST_BAD_REQUEST;
    *out = whole;
    return ST_OK;
}

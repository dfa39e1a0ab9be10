/* One pass over foreign bytes that proves them to be JSON; see json.h. No recursion: open
 * containers are bits in a word. Everything behind it (json_walk.c and so on) may then trust the
 * text. */
#include "codec/json_private.h"

#include <endian.h>

typedef unsigned char byte;

struct scan {
    const byte *start, *at, *end;
    const char *why;    /* set with `at` on the offending byte */
    uint64_t is_object; /* lowest bit: the innermost open container */
    unsigned depth;
    struct json_names *names; /* NULL: names are not compared */
};

enum want { WANT_VALUE, WANT_ITEM_OR_END, WANT_NAME, WANT_NAME_OR_END, WANT_MORE };

static bool fail(struct scan *s, const byte *at, const char *why)
{
    s->at = at;
    s->why = why;
    return false;
}

/* ---- scalars ---- */

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

/* Lowest bit set: in the first byte of the eight that is a quote, a backslash, a control or not
 * ASCII. */
static uint64_t special_in(uint64_t eight)
{
    uint64_t quote = (eight ^ EACH_BYTE('"')) - EACH_BYTE(1);
    uint64_t backslash = (eight ^ EACH_BYTE('\\')) - EACH_BYTE(1);
    uint64_t control = eight - EACH_BYTE(0x20);
    return (quote | backslash | control | eight) & EACH_BYTE(0x80);
}

static const byte *skip_plain(const byte *p, const byte *end)
{
    for (; end - p >= 8; p += 8) {
        uint64_t eight;
        memcpy(&eight, p, 8);
        uint64_t special = special_in(le64toh(eight));
        if (special != 0)
            return p + __builtin_ctzll(special) / 8;
    }
    while (p < end && *p >= 0x20 && *p < 0x80 && *p != '"' && *p != '\\')
        p++;
    return p;
}

static bool is_tail_byte(const byte *p, const byte *end)
{
    return p < end && (*p & 0xc0) == 0x80;
}

/* Behind the code point of several bytes at p, or NULL when it is malformed (Unicode table 3-7). */
static const byte *skip_code_point(const byte *p, const byte *end)
{
    byte lead = p[0];
    if (lead < 0xc2 || lead > 0xf4 || !is_tail_byte(p + 1, end))
        return NULL;
    if (lead < 0xe0)
        return p + 2;
    byte least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    byte most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < least || p[1] > most || !is_tail_byte(p + 2, end))
        return NULL;
    if (lead < 0xf0)
        return p + 3;
    return is_tail_byte(p + 3, end) ? p + 4 : NULL;
}

static bool is_hex(byte c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool is_digit(byte c)
{
    return c >= '0' && c <= '9';
}

static const byte *skip_escape(const byte *p, const byte *end)
{
    if (end - p < 2)
        return NULL;
    switch (p[1]) {
    case '"':
    case '\\':
    case '/':
    case 'b':
    case 'f':
    case 'n':
    case 'r':
    case 't':
        return p + 2;
    case 'u':
        return end - p >= 6 && is_hex(p[2]) && is_hex(p[3]) && is_hex(p[4]) && is_hex(p[5]) ? p + 6
                                                                                            : NULL;
    default:
        return NULL;
    }
}

static bool scan_string(struct scan *s)
{
    const byte *p = s->at + 1;
    for (;;) {
        p = skip_plain(p, s->end);
        if (p == s->end)
            return fail(s, p, "a string is not closed");
        if (*p == '"')
            break;
        if (*p < 0x20)
            return fail(s, p, "a control character stands in a string");
        const byte *next = *p == '\\' ? skip_escape(p, s->end) : skip_code_point(p, s->end);
        if (next == NULL)
            return fail(s, p, *p == '\\' ? "an escape is malformed" : "the text is not UTF-8");
        p = next;
    }
    s->at = p + 1;
    return true;
}

static const byte *skip_digits(const byte *p, const byte *end)
{
    while (p < end && is_digit(*p))
        p++;
    return p;
}

static bool scan_number(struct scan *s)
{
    const byte *p = s->at + (*s->at == '-');
    const byte *digits = p;
    p = skip_digits(p, s->end);
    if (p == digits || (*digits == '0' && p - digits > 1))
        return fail(s, digits, "a number is malformed");
    if (p < s->end && *p == '.') {
        digits = ++p;
        p = skip_digits(p, s->end);
        if (p == digits)
            return fail(s, p, "a number is malformed");
    }
    if (p < s->end && (*p | 0x20) == 'e') {
        p++;
        if (p < s->end && (*p == '+' || *p == '-'))
            p++;
        digits = p;
        p = skip_digits(p, s->end);
        if (p == digits)
            return fail(s, p, "a number is malformed");
    }
    s->at = p;
    return true;
}

static bool scan_word(struct scan *s, str word)
{
    if ((size_t)(s->end - s->at) < word.n || memcmp(s->at, word.p, word.n) != 0)
        return fail(s, s->at, "a value was expected");
    s->at += word.n;
    return true;
}

/* ---- structure ---- */

static bool open_container(struct scan *s, bool is_object)
{
    if (s->depth == JSON_MAX_DEPTH)
        return fail(s, s->at, "it is nested too deeply");
    if (is_object && s->names != NULL)
        json_names_open(s->names, s->depth);
    s->is_object = s->is_object << 1 | is_object;
    s->depth++;
    s->at++;
    return true;
}

static bool close_container(struct scan *s)
{
    bool is_object = (s->is_object & 1) != 0;
    s->is_object >>= 1;
    s->depth--;
    s->at++;
    if (!is_object || s->names == NULL)
        return true;
    const char *repeated = json_names_close(s->names, s->depth);
    return repeated == NULL || fail(s, (const byte *)repeated, "an object names a member twice");
}

static bool scan_value(struct scan *s, enum want *want)
{
    *want = WANT_MORE;
    switch (*s->at) {
    case '"':
        return scan_string(s);
    case '{':
        *want = WANT_NAME_OR_END;
        return open_container(s, true);
    case '[':
        *want = WANT_ITEM_OR_END;
        return open_container(s, false);
    case 't':
        return scan_word(s, STR("true"));
    case 'f':
        return scan_word(s, STR("false"));
    case 'n':
        return scan_word(s, STR("null"));
    default:
        if (*s->at == '-' || is_digit(*s->at))
            return scan_number(s);
        return fail(s, s->at, "a value was expected");
    }
}

static void skip_space(struct scan *s)
{
    const byte *p = s->at;
    while (p < s->end && (*p == ' ' || *p == '\n' || *p == '\r' || *p == '\t'))
        p++;
    s->at = p;
}

static bool scan_name(struct scan *s, enum want *want)
{
    const byte *from = s->at;
    if (*from != '"')
        return fail(s, s->at, "a member's name was expected");
    if (!scan_string(s))
        return false;
    if (s->names != NULL)
        json_names_add(s->names, (str){(const char *)from, (size_t)(s->at - from)});
    skip_space(s);
    if (s->at == s->end || *s->at != ':')
        return fail(s, s->at, "a colon was expected");
    s->at++;
    *want = WANT_VALUE;
    return true;
}

static bool scan_more(struct scan *s, enum want *want)
{
    bool in_object = (s->is_object & 1) != 0;
    if (*s->at == (in_object ? '}' : ']'))
        return close_container(s);
    if (*s->at != ',')
        return fail(s, s->at,
                    in_object ? "a comma or } was expected" : "a comma or ] was expected");
    s->at++;
    *want = in_object ? WANT_NAME : WANT_VALUE;
    return true;
}

static bool scan_or_end(struct scan *s, enum want *want)
{
    bool in_object = (s->is_object & 1) != 0;
    if (*s->at != (in_object ? '}' : ']'))
        return in_object ? scan_name(s, want) : scan_value(s, want);
    *want = WANT_MORE;
    return close_container(s);
}

static bool scan_step(struct scan *s, enum want *want)
{
    switch (*want) {
    case WANT_VALUE:
        return scan_value(s, want);
    case WANT_NAME:
        return scan_name(s, want);
    case WANT_MORE:
        return scan_more(s, want);
    case WANT_ITEM_OR_END:
    case WANT_NAME_OR_END:
        return scan_or_end(s, want);
    }
    UNREACHABLE();
}

static bool scan_text(struct scan *s)
{
    enum want want = WANT_VALUE;
    for (;;) {
        skip_space(s);
        if (want == WANT_MORE && s->depth == 0)
            return s->at == s->end || fail(s, s->at, "something follows the value");
        if (s->at == s->end)
            return fail(s, s->at, "it ends too early");
        if (!scan_step(s, &want))
            return false;
    }
}

enum json_type json_type_of(char first)
{
    switch (first) {
    case '{':
        return JSON_OBJECT;
    case '[':
        return JSON_ARRAY;
    case '"':
        return JSON_STRING;
    case 't':
    case 'f':
        return JSON_BOOL;
    case 'n':
        return JSON_NULL;
    default:
        return JSON_NUMBER;
    }
}

static status check(str text, struct json_names *names, struct json *out, struct err *e)
{
    const byte *start = (const byte *)(text.p != NULL ? text.p : "");
    struct scan s = {.start = start, .at = start, .end = start + text.n, .names = names};
    if (!scan_text(&s))
        return err_set(e, ST_BAD_REQUEST, "The JSON is malformed at byte %zu: %s",
                       (size_t)(s.at - s.start), s.why);
    str raw = str_trim(text);
    *out = (struct json){json_type_of(raw.p[0]), raw};
    return ST_OK;
}

status json_check(str text, struct json *out, struct err *e)
{
    return check(text, NULL, out, e);
}

status json_check_strict(str text, struct json *out, struct err *e)
{
    struct json_names names;
    json_names_init(&names, text);
    status st = check(text, &names, out, e);
    json_names_free(&names);
    return st;
}

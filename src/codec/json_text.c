/* Strings of a checked text: taking their escapes away, and putting them in; see json.h. */
#include "codec/json_private.h"

#define REPLACEMENT STR("\xef\xbf\xbd") /* U+FFFD */

str json_quoted_inner(str raw)
{
    CHECK(raw.n >= 2 && raw.p[0] == '"');
    return str_sub(raw, 1, raw.n - 2);
}

static size_t put_code_point(uint32_t cp, char *dst)
{
    if (cp < 0x80) {
        dst[0] = (char)cp;
        return 1;
    }
    if (cp < 0x800) {
        dst[0] = (char)(0xc0 | cp >> 6);
        dst[1] = (char)(0x80 | (cp & 0x3f));
        return 2;
    }
    if (cp < 0x10000) {
        dst[0] = (char)(0xe0 | cp >> 12);
        dst[1] = (char)(0x80 | (cp >> 6 & 0x3f));
        dst[2] = (char)(0x80 | (cp & 0x3f));
        return 3;
    }
    dst[0] = (char)(0xf0 | cp >> 18);
    dst[1] = (char)(0x80 | (cp >> 12 & 0x3f));
    dst[2] = (char)(0x80 | (cp >> 6 & 0x3f));
    dst[3] = (char)(0x80 | (cp & 0x3f));
    return 4;
}

static uint32_t hex_value(char c)
{
    return (uint32_t)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* The code unit of the \uXXXX at s.p[at]; 0 when there is none. */
static uint32_t code_unit(str s, size_t at)
{
    if (s.n < at + 6 || s.p[at] != '\\' || s.p[at + 1] != 'u')
        return 0;
    const char *h = s.p + at + 2;
    return hex_value(h[0]) << 12 | hex_value(h[1]) << 8 | hex_value(h[2]) << 4 | hex_value(h[3]);
}

static uint32_t take_unicode(str *inner)
{
    uint32_t high = code_unit(*inner, 0);
    uint32_t low = code_unit(*inner, 6);
    *inner = str_from(*inner, 6);
    if (high < 0xd800 || high > 0xdfff)
        return high;
    if (high > 0xdbff || low < 0xdc00 || low > 0xdfff)
        return 0xfffd;
    *inner = str_from(*inner, 6);
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

static char simple_escape(char c)
{
    switch (c) {
    case 'b':
        return '\b';
    case 'f':
        return '\f';
    case 'n':
        return '\n';
    case 'r':
        return '\r';
    case 't':
        return '\t';
    default:
        return c; /* " \ / */
    }
}

bool json_text_next(str *inner, char scratch[4], str *piece_out)
{
    if (inner->n == 0)
        return false;
    size_t plain = str_find_char(*inner, '\\');
    if (plain != 0) {
        *piece_out = str_sub(*inner, 0, plain);
        *inner = str_from(*inner, plain);
        return true;
    }
    CHECK(inner->n >= 2);
    size_t n = 1;
    if (inner->p[1] == 'u') {
        CHECK(inner->n >= 6);
        n = put_code_point(take_unicode(inner), scratch);
    } else {
        scratch[0] = simple_escape(inner->p[1]);
        *inner = str_from(*inner, 2);
    }
    *piece_out = (str){scratch, n};
    return true;
}

void json_text_add(str inner, struct buf *out)
{
    char scratch[4];
    str piece;
    while (json_text_next(&inner, scratch, &piece))
        buf_add(out, piece);
}

bool json_string_is(struct json v, str s)
{
    if (v.type != JSON_STRING)
        return false;
    str inner = json_quoted_inner(v.raw);
    if (inner.n < s.n) /* decoding never makes text longer */
        return false;
    if (inner.n != 0 && s.n != 0 && inner.p[0] != s.p[0] && inner.p[0] != '\\')
        return false; /* the usual case: another name */
    if (str_find_char(inner, '\\') == inner.n)
        return str_eq(inner, s);
    char scratch[4];
    str piece;
    while (json_text_next(&inner, scratch, &piece)) {
        if (!str_starts(s, piece))
            return false;
        s = str_from(s, piece.n);
    }
    return s.n == 0;
}

status json_string(struct json v, struct arena *a, str *out)
{
    if (v.type != JSON_STRING)
        return ST_BAD_REQUEST;
    str inner = json_quoted_inner(v.raw);
    if (str_find_char(inner, '\\') == inner.n) {
        *out = inner;
        return ST_OK;
    }
    char *dst = arena_alloc(a, inner.n);
    if (dst == NULL)
        return ST_TOO_BIG;
    char scratch[4];
    str piece, made = {dst, 0};
    while (json_text_next(&inner, scratch, &piece)) {
        memcpy(dst + made.n, piece.p, piece.n);
        made.n += piece.n;
    }
    if (memchr(dst, '\0', made.n) != NULL)
        return ST_BAD_REQUEST;
    *out = made;
    return ST_OK;
}

/* ---- writing ---- */

static void add_escape(struct buf *b, unsigned char c)
{
    static const char letters[32] = {
        ['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};
    char letter = c < 0x20 ? letters[c] : (char)c;
    if (letter != 0)
        buf_add(b, (str){(char[]){'\\', letter}, 2});
    else
        buf_addf(b, "\\u%04x", c);
}

static bool needs_escape(unsigned char c)
{
    return c < 0x20 || c == '"' || c == '\\';
}

/* How many bytes from `at` on can be copied as they are. */
static size_t plain_run(str s, size_t at)
{
    size_t from = at;
    while (at < s.n && !needs_escape((unsigned char)s.p[at])) {
        size_t n = (unsigned char)s.p[at] < 0x80 ? 1 : str_utf8_next(s, at, NULL);
        if (n == 0)
            break;
        at += n;
    }
    return at - from;
}

void json_add_string(struct buf *b, str s)
{
    buf_add_char(b, '"');
    for (size_t at = 0; at < s.n;) {
        size_t plain = plain_run(s, at);
        buf_add(b, str_sub(s, at, plain));
        at += plain;
        if (at == s.n)
            break;
        if (needs_escape((unsigned char)s.p[at]))
            add_escape(b, (unsigned char)s.p[at]);
        else
            buf_add(b, REPLACEMENT);
        at++;
    }
    buf_add_char(b, '"');
}

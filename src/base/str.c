/* Text by pointer and length; see str.h. */
#include "base/str.h"

str str_c(const char *z)
{
    return z != NULL ? (str){z, strlen(z)} : STR_NONE;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool str_eq_nocase(str a, str b)
{
    return a.n == b.n && str_starts_nocase(a, b);
}

int str_cmp(str a, str b)
{
    size_t n = a.n < b.n ? a.n : b.n;
    int d = n != 0 ? memcmp(a.p, b.p, n) : 0;
    if (d != 0)
        return d;
    return a.n < b.n ? -1 : a.n > b.n;
}

bool str_starts_nocase(str s, str prefix)
{
    if (s.n < prefix.n)
        return false;
    for (size_t i = 0; i < prefix.n; i++)
        if (lower(s.p[i]) != lower(prefix.p[i]))
            return false;
    return true;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

str str_trim(str s)
{
    while (s.n != 0 && is_space(s.p[0]))
        s = str_from(s, 1);
    while (s.n != 0 && is_space(s.p[s.n - 1]))
        s.n--;
    return s;
}

size_t str_find(str s, str needle)
{
    if (needle.n == 0)
        return 0;
    if (s.n < needle.n)
        return s.n;
    const char *hit = memmem(s.p, s.n, needle.p, needle.n);
    return hit != NULL ? (size_t)(hit - s.p) : s.n;
}

bool str_split(str *rest, char sep, str *part_out)
{
    if (rest->p == NULL)
        return false;
    size_t at = str_find_char(*rest, sep);
    *part_out = str_sub(*rest, 0, at);
    *rest = at < rest->n ? str_from(*rest, at + 1) : STR_NONE;
    return true;
}

status str_to_u64(str s, uint64_t *out)
{
    if (s.n == 0)
        return ST_BAD_REQUEST;
    uint64_t v = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return ST_BAD_REQUEST;
        if (__builtin_mul_overflow(v, 10u, &v) ||
            __builtin_add_overflow(v, (uint64_t)(s.p[i] - '0'), &v))
            return ST_RANGE;
    }
    *out = v;
    return ST_OK;
}

status str_to_i64(str s, int64_t *out)
{
    bool negative = s.n != 0 && s.p[0] == '-';
    uint64_t v = 0;
    status st = str_to_u64(negative ? str_from(s, 1) : s, &v);
    if (st != ST_OK)
        return st;
    if (v > (uint64_t)INT64_MAX + (negative ? 1u : 0u))
        return ST_RANGE;
    *out = negative ? (int64_t)(0u - v) : (int64_t)v;
    return ST_OK;
}

size_t str_utf8_next(str s, size_t at, uint32_t *cp_out)
{
    CHECK(at < s.n);
    const unsigned char *p = (const unsigned char *)s.p + at;
    size_t left = s.n - at;
    if (p[0] < 0x80) {
        if (cp_out != NULL)
            *cp_out = p[0];
        return 1;
    }
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (p[0] < 0xc2 || p[0] > 0xf4 || n > left)
        return 0;
    uint32_t cp = p[0] & (0xffu >> (n + 1));
    for (size_t k = 1; k < n; k++) {
        if ((p[k] & 0xc0) != 0x80)
            return 0;
        cp = cp << 6 | (p[k] & 0x3fu);
    }
    if (cp < least[n] || cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
        return 0;
    if (cp_out != NULL)
        *cp_out = cp;
    return n;
}

bool str_is_utf8(str s)
{
    for (size_t i = 0; i < s.n;) {
        size_t n = str_utf8_next(s, i, NULL);
        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

bool str_is_text(str s, bool allow_newlines)
{
    uint32_t cp;
    for (size_t i = 0; i < s.n;) {
        size_t n = str_utf8_next(s, i, &cp);
        if (n == 0)
            return false;
        bool is_newline = cp == '\n' || cp == '\t' || cp == '\r';
        if ((cp < 0x20 && !(allow_newlines && is_newline)) || (cp >= 0x7f && cp < 0xa0))
            return false;
        i += n;
    }
    return true;
}

size_t str_utf8_count(str s)
{
    size_t count = 0;
    for (size_t i = 0; i < s.n; i++)
        count += ((unsigned char)s.p[i] & 0xc0) != 0x80;
    return count;
}

bool str_copy_z(str s, char *dst, size_t cap)
{
    CHECK(cap > 0);
    size_t n = s.n < cap - 1 ? s.n : cap - 1;
    if (n != 0)
        memcpy(dst, s.p, n);
    dst[n] = '\0';
    return n == s.n;
}

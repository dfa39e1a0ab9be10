/* `str`: pointer and length, the only text type between rooms. It borrows; who owns the bytes is said
 * by the function that hands it out. Not NUL-terminated. */
#ifndef MAI_STR_H
#define MAI_STR_H

#include "base/base.h"
#include "base/status.h"

typedef struct str {
    const char *p;
    size_t n;
} str;

#define STR(lit) ((str){"" lit, sizeof(lit) - 1})
#define STR_INIT(lit)                                                                              \
    {                                                                                              \
        "" lit, sizeof(lit) - 1                                                                    \
    }
#define STR_NONE ((str){NULL, 0})
/* For printf("%.*s", STR_ARG(s)). */
#define STR_ARG(s) (int)(s).n, (s).p != NULL ? (s).p : ""

str str_c(const char *z); /* NULL gives STR_NONE */

/* ---- the small ones, inline: every scanner lives on them ---- */

static inline bool str_eq(str a, str b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool str_starts(str s, str prefix)
{
    return s.n >= prefix.n && str_eq((str){s.p, prefix.n}, prefix);
}

static inline bool str_ends(str s, str suffix)
{
    return s.n >= suffix.n && str_eq((str){s.p + (s.n - suffix.n), suffix.n}, suffix);
}

/* Clamped. */
static inline str str_sub(str s, size_t from, size_t n)
{
    if (from > s.n)
        from = s.n;
    if (n > s.n - from)
        n = s.n - from;
    return (str){s.p != NULL ? s.p + from : NULL, n};
}

/* Clamped. */
static inline str str_from(str s, size_t from)
{
    return str_sub(s, from, s.n);
}

/* Position of the first `c`; s.n when absent. */
static inline size_t str_find_char(str s, char c)
{
    const char *hit = s.n != 0 ? memchr(s.p, c, s.n) : NULL;
    return hit != NULL ? (size_t)(hit - s.p) : s.n;
}

/* ---- the rest ---- */

bool str_eq_nocase(str a, str b); /* ASCII only */
int str_cmp(str a, str b);        /* bytes, shorter first */
bool str_starts_nocase(str s, str prefix);
str str_trim(str s);                       /* ASCII white space on both sides */
/* Position of the first `needle`; s.n when absent. */
size_t str_find(str s, str needle);
/* Cuts the part before `sep` off the front of *rest; false when *rest was empty (p == NULL). The last
 * part is what remains. */
bool str_split(str *rest, char sep, str *part_out);

/* Decimal integers without sign games: only [-]digits, range-checked. ST_RANGE or ST_BAD_REQUEST. */
NODISCARD status str_to_i64(str s, int64_t *out);
NODISCARD status str_to_u64(str s, uint64_t *out);

/* Length of the well-formed code point that starts at s.p[at], and its value (cp_out may be NULL); 0 when it is
 * malformed. at < s.n. */
size_t str_utf8_next(str s, size_t at, uint32_t *cp_out);
/* Well-formed UTF-8: no overlong forms, no surrogates, at most U+10FFFF. */
bool str_is_utf8(str s);
/* Well-formed UTF-8 without control characters (tab and newline only when `allow_newlines`). */
bool str_is_text(str s, bool allow_newlines);
/* Code points in well-formed UTF-8. */
size_t str_utf8_count(str s);

/* A NUL-terminated copy in `dst` (always terminated); false when it did not fit. */
bool str_copy_z(str s, char *dst, size_t cap);

/* SipHash-1-3 under a random key per process: for tables in memory, never stored. Peers choose the keys of
 * some tables (JSON members, addresses), so a hash whose collisions can be computed would not do. */
uint64_t str_hash(str s);

#endif

/* Shapes of names, addresses, passwords; see rules.h. */
#include "tenancy/rules.h"
#include "base/buf.h"
#include "base/zone.h"
#include "crypt/crypt.h"

#include <locale.h>
#include <pthread.h>
#include <wctype.h>

/* One code point of well-formed text, and its length. */
static size_t utf8_at(str s, size_t i, uint32_t *cp_out)
{
    const unsigned char *p = (const unsigned char *)s.p + i;
    if (p[0] < 0x80) {
        *cp_out = p[0];
        return 1;
    }
    size_t n = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    uint32_t cp = p[0] & (0xffu >> (n + 1));
    for (size_t k = 1; k < n; k++)
        cp = cp << 6 | (p[k] & 0x3fu);
    *cp_out = cp;
    return n;
}

static size_t utf8_put(uint32_t cp, char *dst)
{
    if (cp < 0x80) {
        dst[0] = (char)cp;
        return 1;
    }
    size_t n = cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
    static const unsigned char lead[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t k = n - 1; k > 0; k--, cp >>= 6)
        dst[k] = (char)(0x80 | (cp & 0x3f));
    dst[0] = (char)(lead[n] | cp);
    return n;
}

/* Seen as nothing at the edge of a name. */
static bool is_blank(uint32_t cp)
{
    return cp == ' ' || (cp >= 0x09 && cp <= 0x0d) || cp == 0xa0 || cp == 0xad || cp == 0x1680 ||
           (cp >= 0x2000 && cp <= 0x200d) || cp == 0x202f || cp == 0x205f || cp == 0x2060 ||
           cp == 0x3000 || cp == 0x3164 || cp == 0xfeff;
}

/* Turns the reading direction or breaks the line for whoever shows the name: never part of one. */
static bool is_disturbing(uint32_t cp)
{
    return (cp >= 0x2028 && cp <= 0x202e) || (cp >= 0x2066 && cp <= 0x2069) || cp == 0xfeff;
}

static str trim_blanks(str s)
{
    size_t from = 0, end = 0;
    uint32_t cp;
    bool has_begun = false;
    for (size_t i = 0, n; i < s.n; i += n) {
        n = utf8_at(s, i, &cp);
        if (is_blank(cp))
            continue;
        if (!has_begun)
            from = i;
        has_begun = true;
        end = i + n;
    }
    return str_sub(s, from, end - from);
}

static bool has_disturbing(str s)
{
    uint32_t cp;
    for (size_t i = 0, n; i < s.n; i += n) {
        n = utf8_at(s, i, &cp);
        if (is_disturbing(cp))
            return true;
    }
    return false;
}

status name_clean(str name, const char *what, str *out, struct err *e)
{
    if (!str_is_utf8(name))
        return err_set(e, ST_UNPROCESSABLE, "%s is not valid text", what);
    str s = trim_blanks(name);
    if (s.n == 0)
        return err_set(e, ST_UNPROCESSABLE, "%s is empty", what);
    if (str_utf8_count(s) > NAME_MAX_CHARS)
        return err_set(e, ST_UNPROCESSABLE, "%s is longer than %d characters", what, NAME_MAX_CHARS);
    if (!str_is_text(s, false) || has_disturbing(s))
        return err_set(e, ST_UNPROCESSABLE, "%s contains control characters", what);
    *out = s;
    return ST_OK;
}

str name_without_key_suffix(str key_name)
{
    str suffix = STR(KEY_NAME_SUFFIX);
    if (!str_ends(key_name, suffix))
        return key_name;
    return str_sub(key_name, 0, key_name.n - suffix.n);
}

str name_with_key_suffix(str organization_name, struct arena *a)
{
    return arena_printf(a, "%.*s" KEY_NAME_SUFFIX, STR_ARG(organization_name));
}

status email_clean(str email, str *out, struct err *e)
{
    if (!str_is_utf8(email))
        return err_set(e, ST_UNPROCESSABLE, "The e-mail address is not valid text");
    str s = trim_blanks(email);
    size_t at = str_find_char(s, '@');
    bool has_parts = at > 0 && at + 1 < s.n && str_find_char(str_from(s, at + 1), '@') == s.n - at - 1;
    if (!has_parts)
        return err_set(e, ST_UNPROCESSABLE, "The e-mail address must look like name@example.com");
    if (s.n > EMAIL_MAX_BYTES)
        return err_set(e, ST_UNPROCESSABLE, "The e-mail address is longer than %d bytes", EMAIL_MAX_BYTES);
    if (!str_is_text(s, false) || has_disturbing(s) || str_find_char(s, ' ') != s.n)
        return err_set(e, ST_UNPROCESSABLE, "The e-mail address contains spaces or control characters");
    *out = s;
    return ST_OK;
}

str email_fold(str email, struct arena *a)
{
    char *p = arena_alloc(a, email.n);
    if (p == NULL)
        return STR_NONE;
    for (size_t i = 0; i < email.n; i++) {
        char c = email.p[i];
        p[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return (str){p, email.n};
}

static locale_t fold_locale;

static void fold_locale_make(void)
{
    fold_locale = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    CHECK(fold_locale != (locale_t)0);
}

str text_fold(str text, struct arena *a)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, fold_locale_make);
    if (!str_is_utf8(text))
        return email_fold(text, a);
    char *p = arena_alloc(a, text.n * 2 + 4); /* a lower-case form may be a byte longer */
    if (p == NULL)
        return STR_NONE;
    size_t at = 0;
    uint32_t cp;
    for (size_t i = 0, n; i < text.n; i += n) {
        n = utf8_at(text, i, &cp);
        at += utf8_put((uint32_t)towlower_l((wint_t)cp, fold_locale), p + at);
    }
    return (str){p, at};
}

str like_pattern(str folded, struct arena *a)
{
    char *p = arena_alloc(a, folded.n * 2 + 2);
    if (p == NULL)
        return STR_NONE;
    size_t at = 0;
    p[at++] = '%';
    for (size_t i = 0; i < folded.n; i++) {
        char c = folded.p[i];
        if (c == '%' || c == '_' || c == '\\')
            p[at++] = '\\';
        p[at++] = c;
    }
    p[at++] = '%';
    return (str){p, at};
}

status password_clean(str password, struct err *e)
{
    if (password.n > PASSWORD_MAX_BYTES)
        return err_set(e, ST_UNPROCESSABLE, "The password is longer than %d bytes", PASSWORD_MAX_BYTES);
    if (!str_is_utf8(password))
        return err_set(e, ST_UNPROCESSABLE, "The password is not valid text");
    if (str_utf8_count(password) < PASSWORD_MIN_CHARS)
        return err_set(e, ST_UNPROCESSABLE, "The password must have at least %d characters",
                       PASSWORD_MIN_CHARS);
    return ST_OK;
}

status timezone_clean(str name, struct err *e)
{
    const struct zone *z;
    if (name.n != 0 && zone_find(name, &z) == ST_OK)
        return ST_OK;
    return err_set(e, ST_UNPROCESSABLE, "The time zone is not known; use a name like Europe/Warsaw");
}

status currency_clean(str currency, struct err *e)
{
    if (str_eq(currency, STR("USD")) || str_eq(currency, STR("PLN")))
        return ST_OK;
    return err_set(e, ST_UNPROCESSABLE, "The currency must be USD or PLN");
}

static bool has_only_url_bytes(str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c <= 0x20 || c >= 0x7f || c == '"' || c == '\'' || c == '<' || c == '>' || c == '\\')
            return false;
    }
    return true;
}

status image_url_clean(str url, struct err *e)
{
    static const str starts[] = {
        STR_INIT("https://"),
        STR_INIT("data:image/png;base64,"),
        STR_INIT("data:image/jpeg;base64,"),
        STR_INIT("data:image/gif;base64,"),
        STR_INIT("data:image/webp;base64,"),
    };
    if (url.n > IMAGE_URL_MAX_BYTES)
        return err_set(e, ST_UNPROCESSABLE, "The profile image is too large");
    bool is_known = url.n == 0 || (str_starts(url, STR("/")) && !str_starts(url, STR("//")));
    for (size_t i = 0; i < COUNT_OF(starts); i++)
        is_known = is_known || str_starts(url, starts[i]);
    if (is_known && has_only_url_bytes(url))
        return ST_OK;
    return err_set(e, ST_UNPROCESSABLE, "The profile image must be a PNG, JPEG, GIF or WebP image");
}

/* JSON writer; see jout.h. */
#include "jout.h"

static void item(struct jout *j)
{
    if (j->comma)
        buf_add_char(j->b, ',');
    j->comma = true;
}

void jo_open(struct jout *j, char bracket)
{
    item(j);
    buf_add_char(j->b, bracket);
    j->comma = false;
}

void jo_close(struct jout *j, char bracket)
{
    buf_add_char(j->b, bracket);
    j->comma = true;
}

void jo_key(struct jout *j, str key)
{
    item(j);
    buf_add_char(j->b, '"');
    buf_add(j->b, key);
    buf_add(j->b, STR("\":"));
    j->comma = false;
}

static size_t utf8_length(const unsigned char *p, size_t n)
{
    size_t want = p[0] < 0x80 ? 1 : p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (want > n)
        return 0;
    return str_is_utf8((str){(const char *)p, want}) ? want : 0;
}

static void escape_one(struct buf *b, unsigned char c)
{
    switch (c) {
    case '"':
        buf_add(b, STR("\\\""));
        return;
    case '\\':
        buf_add(b, STR("\\\\"));
        return;
    case '\n':
        buf_add(b, STR("\\n"));
        return;
    case '\t':
        buf_add(b, STR("\\t"));
        return;
    default:
        buf_addf(b, "\\u%04x", c);
    }
}

static bool is_plain(unsigned char c)
{
    return c >= 0x20 && c < 0x80 && c != '"' && c != '\\';
}

void jo_escape(struct buf *b, str s)
{
    const unsigned char *p = (const unsigned char *)s.p;
    size_t i = 0;
    while (i < s.n) {
        size_t from = i;
        while (i < s.n && is_plain(p[i]))
            i++;
        buf_add(b, str_sub(s, from, i - from));
        if (i == s.n)
            return;
        if (p[i] < 0x80) {
            escape_one(b, p[i++]);
            continue;
        }
        size_t n = utf8_length(p + i, s.n - i);
        buf_add(b, n != 0 ? str_sub(s, i, n) : STR("\xef\xbf\xbd"));
        i += n != 0 ? n : 1;
    }
}

void jo_str(struct jout *j, str s)
{
    item(j);
    if (s.p == NULL) {
        buf_add(j->b, STR("null"));
        return;
    }
    buf_add_char(j->b, '"');
    jo_escape(j->b, s);
    buf_add_char(j->b, '"');
}

void jo_i64(struct jout *j, int64_t v)
{
    item(j);
    buf_add_i64(j->b, v);
}

void jo_raw(struct jout *j, str raw)
{
    item(j);
    buf_add(j->b, raw);
}

void jo_kopen(struct jout *j, const char *key, char bracket)
{
    jo_key(j, str_c(key));
    jo_open(j, bracket);
}

void jo_kstr(struct jout *j, const char *key, str s)
{
    jo_key(j, str_c(key));
    jo_str(j, s);
}

void jo_kz(struct jout *j, const char *key, const char *z)
{
    jo_kstr(j, key, str_c(z));
}

void jo_ki64(struct jout *j, const char *key, int64_t v)
{
    jo_key(j, str_c(key));
    jo_i64(j, v);
}

void jo_kbool(struct jout *j, const char *key, bool v)
{
    jo_kraw(j, key, v ? STR("true") : STR("false"));
}

void jo_knull(struct jout *j, const char *key)
{
    jo_kraw(j, key, STR("null"));
}

void jo_kraw(struct jout *j, const char *key, str raw)
{
    jo_key(j, str_c(key));
    jo_raw(j, raw);
}

void jo_kpico(struct jout *j, const char *key, pico v)
{
    char text[PICO_TEXT_CAP];
    jo_kraw(j, key, pico_text(v, text));
}

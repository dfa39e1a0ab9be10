/* Writing CSV, see csv.h. */
#include "api/csv.h"

static void separate(struct csv *c)
{
    if (c->has_field)
        buf_add_char(c->out, ',');
    c->has_field = true;
}

/* What Excel, LibreOffice and Sheets start a formula with, also behind white space that they drop.
 */
static bool is_formula(str s)
{
    size_t at = 0;
    while (at < s.n && s.p[at] == ' ')
        at++;
    return at < s.n && memchr("=+-@\t\r\n", s.p[at], 7) != NULL;
}

static bool needs_quotes(str s)
{
    for (size_t i = 0; i < s.n; i++)
        if (memchr(",\"\r\n", s.p[i], 4) != NULL)
            return true;
    return s.n != 0 && (s.p[0] == ' ' || s.p[s.n - 1] == ' ');
}

static void add_quoted(struct buf *out, str s, bool has_apostrophe)
{
    buf_add_char(out, '"');
    if (has_apostrophe)
        buf_add_char(out, '\'');
    for (size_t at = 0; at < s.n;) {
        str rest = str_from(s, at);
        size_t plain = str_find_char(rest, '"');
        buf_add(out, str_sub(rest, 0, plain));
        if (plain < rest.n)
            buf_add(out, STR("\"\""));
        at += plain + 1;
    }
    buf_add_char(out, '"');
}

void csv_text(struct csv *c, str s)
{
    bool has_apostrophe = is_formula(s);
    separate(c);
    if (needs_quotes(s)) {
        add_quoted(c->out, s, has_apostrophe);
        return;
    }
    if (has_apostrophe)
        buf_add_char(c->out, '\'');
    buf_add(c->out, s);
}

void csv_i64(struct csv *c, int64_t v)
{
    separate(c);
    buf_add_i64(c->out, v);
}

void csv_pico(struct csv *c, pico a)
{
    char text[PICO_TEXT_CAP];
    separate(c);
    buf_add(c->out, pico_text(a, text));
}

void csv_end_row(struct csv *c)
{
    buf_add(c->out, STR("\r\n"));
    c->has_field = false;
}

void csv_head(struct csv *c, const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        csv_text(c, str_c(names[i]));
    csv_end_row(c);
}

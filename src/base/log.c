/* Log writer; see log.h. A line is built in a buffer of its own and written with one call, so lines
 * of several threads never mix. */
#include "base/log.h"
#include "base/buf.h"
#include "base/clock.h"

#include <unistd.h>

static enum log_level least_level = LOG_INFO;
static bool is_json;

static const char *const level_names[] = {"debug", "info", "warn", "error"};

void log_setup(enum log_level least, bool as_json)
{
    least_level = least;
    is_json = as_json;
}

bool log_is_on(enum log_level level)
{
    return level >= least_level;
}

enum {
    LINE_MAX_BYTES = 16384,
    FIELD_MAX_BYTES = 4096, /* of a field's text; the rest is cut off and marked */
    LINE_END_BYTES = 32,    /* kept free for the mark and the line's end */
};

static bool is_control(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp < 0xa0); /* the C1 set too: terminals obey it */
}

/* s is UTF-8. */
static void add_escaped(struct buf *b, str s)
{
    uint32_t cp = 0;
    for (size_t at = 0, n; at < s.n; at += n) {
        n = str_utf8_next(s, at, &cp);
        if (at + n > FIELD_MAX_BYTES) {
            buf_add(b, STR("..."));
            return;
        }
        if (cp == '"' || cp == '\\')
            buf_addf(b, "\\%c", (int)cp);
        else if (cp == '\n')
            buf_add(b, STR("\\n"));
        else if (is_control(cp))
            buf_addf(b, "\\u%04x", cp);
        else
            buf_add(b, str_sub(s, at, n));
    }
}

static void add_quoted(struct buf *b, str s)
{
    buf_add_char(b, '"');
    if (str_is_utf8(s))
        add_escaped(b, s);
    else
        buf_add(b, STR("(not UTF-8)"));
    buf_add_char(b, '"');
}

static bool is_plain(str s)
{
    if (s.n == 0 || s.n > FIELD_MAX_BYTES || !str_is_text(s, false))
        return false;
    return str_find_char(s, ' ') == s.n && str_find_char(s, '"') == s.n &&
           str_find_char(s, '=') == s.n && str_find_char(s, '\\') == s.n;
}

static void add_field(struct buf *b, const struct log_field *f)
{
    buf_addf(b, is_json ? ",\"%s\":" : " %s=", f->name);
    if (f->kind == LOG_FIELD_INT)
        buf_add_i64(b, f->number);
    else if (!is_json && is_plain(f->text))
        buf_add(b, f->text);
    else
        add_quoted(b, f->text);
}

/* Adds what fits; a line is whole and well-formed whatever the fields hold. */
static void add_fields(struct buf *b, const struct log_field *fields)
{
    for (const struct log_field *f = fields; f->name != NULL; f++) {
        size_t before = b->n;
        add_field(b, f);
        if (!b->is_full && b->n <= LINE_MAX_BYTES - LINE_END_BYTES)
            continue;
        b->n = before;
        b->is_full = false;
        buf_add(b, is_json ? STR(",\"cut\":true") : STR(" cut=true"));
        return;
    }
}

void log_emit(enum log_level level, const char *event, const struct log_field *fields)
{
    MAI_AUTO(buf_free) struct buf b;
    char time[ISO_TIME_CAP];
    buf_init(&b, LINE_MAX_BYTES);
    iso_from_ms(clock_now_ms(), time);
    if (is_json) {
        buf_addf(&b, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":", time, level_names[level]);
        add_quoted(&b, str_c(event));
    } else {
        buf_addf(&b, "%s %-5s %s", time, level_names[level], event);
    }
    add_fields(&b, fields);
    buf_add(&b, is_json ? STR("}\n") : STR("\n"));
    ssize_t ignored = write(STDERR_FILENO, b.p, b.n);
    (void)ignored; /* nowhere left to report it */
}

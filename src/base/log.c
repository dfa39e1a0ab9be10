/* Log writer; see log.h. A line is built in a buffer of its own and written with one call, so lines of
 * several threads never mix. */
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

static void add_escaped(struct buf *b, str s)
{
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c == '"' || c == '\\')
            buf_addf(b, "\\%c", c);
        else if (c == '\n')
            buf_add(b, STR("\\n"));
        else if (c < 0x20 || c == 0x7f)
            buf_addf(b, "\\u%04x", c);
        else
            buf_add_char(b, (char)c);
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
    if (s.n == 0 || !str_is_text(s, false))
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

void log_emit(enum log_level level, const char *event, const struct log_field *fields)
{
    MAI_AUTO(buf_free) struct buf b;
    char time[ISO_TIME_CAP];
    buf_init(&b, 16384);
    iso_from_ms(clock_now_ms(), time);
    if (is_json) {
        buf_addf(&b, "{\"time\":\"%s\",\"level\":\"%s\",\"event\":", time, level_names[level]);
        add_quoted(&b, str_c(event));
    } else {
        buf_addf(&b, "%s %-5s %s", time, level_names[level], event);
    }
    for (const struct log_field *f = fields; f->name != NULL; f++)
        add_field(&b, f);
    b.is_full = false;
    if (b.n > b.max - 4)
        b.n = b.max - 4;
    buf_add(&b, is_json ? STR("}\n") : STR("\n"));
    ssize_t ignored = write(STDERR_FILENO, b.p, b.n);
    (void)ignored; /* nowhere left to report it */
}

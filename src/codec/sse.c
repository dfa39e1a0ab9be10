/* Server-sent events (HTML standard 9.2.6), incremental; see sse.h.
 *
 * Invariants:
 *   E1  The raw parts of all events and the rest, put together, are the bytes that were fed.
 *   E2  Events depend on the bytes only, never on how they were cut into portions.
 *   E3  Each byte is looked at a bounded number of times, however small the portions are.
 *
 * An event is given as soon as the line end of its blank line is known to be whole: after CR of a
 * blank line an LF may follow, so one more byte is awaited, except where the line before ended in a
 * lone CR too: such streams have no CR LF, and waiting would hold back their last event. */
#include "codec/sse.h"

#include <endian.h>

#define BYTE_ORDER_MARK STR("\xef\xbb\xbf")

void sse_init(struct sse_scanner *s, size_t max_event_bytes)
{
    *s = (struct sse_scanner){.max_event_bytes = max_event_bytes};
    /* What is whole waits for sse_next; what is not is held to the maximum by sse_feed. */
    buf_init(&s->pending, SIZE_MAX / 4);
    buf_init(&s->data, max_event_bytes);
}

void sse_free(struct sse_scanner *s)
{
    buf_free(&s->pending);
    buf_free(&s->data);
}

/* ---- lines ---- */

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

static uint64_t zero_bytes(uint64_t x)
{
    return (x - EACH_BYTE(1)) & ~x & EACH_BYTE(0x80);
}

/* Position of the first CR or LF at `at` or later; s.n when there is none. One pass, eight bytes a
 * step. */
static size_t find_line_end(str s, size_t at)
{
    for (; s.n - at >= 8; at += 8) {
        uint64_t eight;
        memcpy(&eight, s.p + at, 8);
        eight = le64toh(eight);
        uint64_t ends = zero_bytes(eight ^ EACH_BYTE('\n')) | zero_bytes(eight ^ EACH_BYTE('\r'));
        if (ends != 0)
            return at + (size_t)__builtin_ctzll(ends) / 8;
    }
    while (at < s.n && s.p[at] != '\n' && s.p[at] != '\r')
        at++;
    return at;
}

/* A line was taken at its CR: skips the LF that may follow. False when that is not known yet. */
static bool settle_cr(struct sse_cursor *c, str bytes)
{
    if (!c->is_behind_cr)
        return true;
    if (c->at == bytes.n)
        return false;
    c->is_behind_cr = false;
    c->was_lone_cr = bytes.p[c->at] != '\n';
    if (!c->was_lone_cr)
        c->at++;
    c->line = c->at;
    return true;
}

/* Takes the next whole line without its end; false when more bytes are needed. */
static bool next_line(struct sse_cursor *c, str bytes, str *out)
{
    if (!settle_cr(c, bytes))
        return false;
    c->at = find_line_end(bytes, c->at);
    if (c->at == bytes.n)
        return false;
    str line = str_sub(bytes, c->line, c->at - c->line);
    if (!c->is_started && str_starts(line, BYTE_ORDER_MARK))
        line = str_from(line, BYTE_ORDER_MARK.n);
    bool is_cr = bytes.p[c->at] == '\r';
    bool ends_event_with_cr = is_cr && line.n == 0 && !c->was_lone_cr;
    if (ends_event_with_cr && c->at + 1 == bytes.n)
        return false;
    c->line = ++c->at;
    c->is_started = true;
    c->is_behind_cr = is_cr;
    c->was_lone_cr = false; /* after CR: settle_cr says */
    if (ends_event_with_cr)
        (void)settle_cr(c, bytes); /* the byte is there */
    *out = line;
    return true;
}

/* ---- events ---- */

static void drop_taken(struct sse_scanner *s)
{
    size_t n = s->take.line;
    buf_consume(&s->pending, n);
    s->whole -= n;
    s->seen.at -= n;
    s->seen.line -= n;
    s->take.at -= n;
    s->take.line = 0;
}

status sse_feed(struct sse_scanner *s, str bytes)
{
    str line;
    if (s->is_too_big)
        return ST_TOO_BIG;
    drop_taken(s);
    buf_add(&s->pending, bytes);
    str pending = buf_view(&s->pending);
    while (!s->is_too_big && next_line(&s->seen, pending, &line)) {
        if (line.n != 0)
            continue;
        s->is_too_big = s->seen.line - s->whole > s->max_event_bytes;
        if (!s->is_too_big)
            s->whole = s->seen.line;
    }
    if (s->pending.is_full || pending.n - s->whole > s->max_event_bytes)
        s->is_too_big = true;
    return s->is_too_big ? ST_TOO_BIG : ST_OK;
}

static str value_of(str line, size_t colon)
{
    str value = str_from(line, colon + 1);
    return value.n != 0 && value.p[0] == ' ' ? str_from(value, 1) : value;
}

static void add_data(struct sse_scanner *s, str value, struct sse_event *e)
{
    if (e->data.p == NULL) {
        e->data = value;
        return;
    }
    if (s->data.n == 0) /* the second line: until now the first was a view */
        buf_add(&s->data, e->data);
    buf_add_char(&s->data, '\n');
    buf_add(&s->data, value);
    e->data = buf_view(&s->data);
}

static void add_line(struct sse_scanner *s, str line, struct sse_event *e)
{
    size_t colon = str_find_char(line, ':');
    str name = str_sub(line, 0, colon);
    if (str_eq(name, STR("data")))
        add_data(s, value_of(line, colon), e);
    else if (str_eq(name, STR("event")))
        e->type = value_of(line, colon);
}

bool sse_next(struct sse_scanner *s, struct sse_event *out)
{
    if (s->take.line == s->whole)
        return false;
    str pending = buf_view(&s->pending);
    str line;
    size_t from = s->take.line;
    struct sse_event e = {.data = STR_NONE, .type = STR("")};
    buf_clear(&s->data);
    do {
        CHECK(next_line(&s->take, pending, &line)); /* sse_feed has seen the blank line */
        add_line(s, line, &e);
    } while (line.n != 0);
    e.raw = str_sub(pending, from, s->take.line - from);
    *out = e;
    return true;
}

str sse_rest(const struct sse_scanner *s)
{
    return str_from(buf_view(&s->pending), s->take.line);
}

/* ---- writing ---- */

/* Takes one line off *rest, which ends in LF, CR LF, CR or nothing; false when nothing is left. */
static bool take_text_line(str *rest, str *out)
{
    if (rest->p == NULL)
        return false;
    size_t end = find_line_end(*rest, 0);
    *out = str_sub(*rest, 0, end);
    if (end == rest->n) {
        *rest = STR_NONE;
        return true;
    }
    bool is_crlf = rest->p[end] == '\r' && end + 1 < rest->n && rest->p[end + 1] == '\n';
    *rest = str_from(*rest, end + (is_crlf ? 2 : 1));
    return true;
}

void sse_write(struct buf *out, str type, str data)
{
    str line;
    CHECK(find_line_end(type, 0) == type.n);
    if (type.n != 0) {
        buf_add(out, STR("event: "));
        buf_add(out, type);
        buf_add_char(out, '\n');
    }
    while (take_text_line(&data, &line)) {
        buf_add(out, STR("data: "));
        buf_add(out, line);
        buf_add_char(out, '\n');
    }
    buf_add_char(out, '\n');
}

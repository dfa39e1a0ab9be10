/* Printing of commands; see printer.h. */
#include "cli/printer.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

enum { PIECE_BYTES = 16 * 1024, PENDING_MAX_BYTES = 1 << 20, CAPTURE_MAX_BYTES = 1 << 20, LINE_MAX_BYTES = 2048 };

void print_init(struct printer *o, bool (*send)(struct printer *o, enum print_stream to, str bytes))
{
    *o = (struct printer){.send = send};
    buf_init(&o->pending, PENDING_MAX_BYTES);
}

static void send_now(struct printer *o, enum print_stream to, str bytes)
{
    if (bytes.n != 0 && !o->is_broken && !o->send(o, to, bytes))
        o->is_broken = true;
}

/* New keys and one-time passwords pass through: nothing is left behind. */
static void wipe(struct buf *b)
{
    if (b->p != NULL)
        explicit_bzero(b->p, b->cap);
}

void print_flush(struct printer *o)
{
    send_now(o, PRINT_STDOUT, buf_view(&o->pending));
    wipe(&o->pending);
    buf_clear(&o->pending);
}

void print_free(struct printer *o)
{
    print_flush(o);
    buf_free(&o->pending);
}

void print_add(struct printer *o, str s)
{
    if (s.n >= PIECE_BYTES || o->pending.n + s.n > PIECE_BYTES)
        print_flush(o);
    if (s.n >= PIECE_BYTES)
        send_now(o, PRINT_STDOUT, s);
    else
        buf_add(&o->pending, s);
}

void print_addf(struct printer *o, const char *fmt, ...)
{
    char text[LINE_MAX_BYTES];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    CHECK(n >= 0 && (size_t)n < sizeof text); /* our own formats; long text goes through print_add */
    print_add(o, (str){text, (size_t)n});
    explicit_bzero(text, (size_t)n);
}

static bool is_control(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp < 0xa0);
}

static void add_printable(struct buf *b, str s)
{
    for (size_t at = 0, n; at < s.n; at += n) {
        uint32_t cp = 0;
        n = str_utf8_next(s, at, &cp);
        if (n == 0 || is_control(cp))
            buf_add_char(b, '?');
        else
            buf_add(b, str_sub(s, at, n));
        n += n == 0;
    }
}

void print_add_text(struct printer *o, str s)
{
    MAI_AUTO(buf_free) struct buf b;
    buf_init(&b, s.n + 1);
    add_printable(&b, s);
    print_add(o, buf_view(&b));
}

static void complain(struct printer *o, const char *start, const char *fmt, va_list args)
{
    char text[LINE_MAX_BYTES];
    MAI_AUTO(buf_free) struct buf line;
    int n = vsnprintf(text, sizeof text, fmt, args);
    CHECK(n >= 0);
    buf_init(&line, sizeof text + 16);
    buf_add(&line, str_c(start));
    add_printable(&line, str_sub((str){text, sizeof text - 1}, 0, (size_t)n));
    buf_add_char(&line, '\n');
    print_flush(o);
    send_now(o, PRINT_STDERR, buf_view(&line));
}

void print_error(struct printer *o, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    complain(o, "mai: ", fmt, args);
    va_end(args);
}

void print_note(struct printer *o, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    complain(o, "", fmt, args);
    va_end(args);
}

/* ---- this process ---- */

static bool write_whole(int fd, str bytes)
{
    while (bytes.n != 0) {
        ssize_t n = write(fd, bytes.p, bytes.n);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        bytes = str_from(bytes, (size_t)n);
    }
    return true;
}

static bool send_to_process(struct printer *o, enum print_stream to, str bytes)
{
    return write_whole(to == PRINT_STDOUT ? STDOUT_FILENO : STDERR_FILENO, bytes);
}

void print_init_process(struct printer *o)
{
    print_init(o, send_to_process);
}

/* ---- kept ---- */

static bool send_to_capture(struct printer *o, enum print_stream to, str bytes)
{
    struct print_capture *c = CONTAINER_OF(o, struct print_capture, out);
    buf_add(&c->text[to], bytes);
    return !c->text[to].is_full;
}

void print_capture_init(struct print_capture *c)
{
    print_init(&c->out, send_to_capture);
    buf_init(&c->text[PRINT_STDOUT], CAPTURE_MAX_BYTES);
    buf_init(&c->text[PRINT_STDERR], CAPTURE_MAX_BYTES);
}

void print_capture_free(struct print_capture *c)
{
    print_free(&c->out);
    for (size_t i = 0; i < COUNT_OF(c->text); i++) {
        wipe(&c->text[i]);
        buf_free(&c->text[i]);
    }
}

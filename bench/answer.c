/* See answer.h. */
#include "answer.h"

void answer_reset(struct answer *a)
{
    a->state = ANSWER_HEAD;
    a->status = 0;
    a->left = a->head_n = a->line_n = 0;
}

bool answer_is_good(const struct answer *a)
{
    return a->state == ANSWER_DONE && a->status == 200;
}

static void fail(struct answer *a)
{
    a->state = ANSWER_BROKEN;
}

static void take_header(struct answer *a, str line)
{
    size_t colon = str_find_char(line, ':');
    str name = str_sub(line, 0, colon);
    str value = str_trim(str_from(line, colon + 1));
    uint64_t length;
    if (str_eq_nocase(name, STR("content-length"))) {
        if (str_to_u64(value, &length) != ST_OK)
            return fail(a);
        a->state = length == 0 ? ANSWER_DONE : ANSWER_LENGTH;
        a->left = length;
    } else if (str_eq_nocase(name, STR("transfer-encoding"))) {
        a->state = ANSWER_CHUNK_SIZE;
    }
}

/* The head is whole: "HTTP/1.1 200 OK", then headers. */
static void take_head(struct answer *a)
{
    str rest = {a->head, a->head_n};
    str line;
    int64_t code;
    if (!str_starts(rest, STR("HTTP/1.1 ")) || str_to_i64(str_sub(rest, 9, 3), &code) != ST_OK)
        return fail(a);
    a->status = (int)code;
    while (a->state != ANSWER_BROKEN && str_split(&rest, '\n', &line))
        take_header(a, line);
    if (a->state == ANSWER_HEAD)
        fail(
            a); /* neither length nor chunks: ends with the connection, which no server here does */
}

static size_t feed_head(struct answer *a, str bytes)
{
    size_t before = a->head_n;
    size_t room = sizeof(a->head) - before;
    size_t n = bytes.n < room ? bytes.n : room;
    memcpy(a->head + before, bytes.p, n);
    size_t from = before < 3 ? 0 : before - 3;
    str seen = {a->head + from, before + n - from};
    size_t at = str_find(seen, STR("\r\n\r\n"));
    if (at == seen.n) {
        a->head_n = before + n;
        if (a->head_n == sizeof(a->head))
            fail(a);
        return n;
    }
    a->head_n = from + at + 4;
    take_head(a);
    return a->head_n - before;
}

static size_t feed_data(struct answer *a, str bytes, enum answer_state next)
{
    size_t n = bytes.n < a->left ? bytes.n : a->left;
    if (a->on_body != NULL)
        a->on_body(a->ctx, str_sub(bytes, 0, n));
    a->left -= n;
    if (a->left == 0)
        a->state = next;
    return n;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void take_chunk_size(struct answer *a, str line)
{
    size_t size = 0;
    for (size_t i = 0; i < line.n; i++) {
        int digit = hex_digit(line.p[i]);
        if (digit < 0 || i >= 8)
            return fail(a);
        size = size * 16 + (size_t)digit;
    }
    a->left = size;
    a->state = size > 0 ? ANSWER_CHUNK_DATA : ANSWER_TRAILER;
}

static void take_line(struct answer *a, str line)
{
    if (a->state == ANSWER_CHUNK_SIZE && line.n > 0)
        take_chunk_size(a, line);
    else if (a->state == ANSWER_CHUNK_END && line.n == 0)
        a->state = ANSWER_CHUNK_SIZE;
    else if (a->state == ANSWER_TRAILER)
        a->state = line.n == 0 ? ANSWER_DONE : ANSWER_TRAILER;
    else
        fail(a);
}

static size_t feed_line(struct answer *a, str bytes)
{
    size_t end = str_find_char(bytes, '\n');
    size_t n = end;
    if (a->line_n + n > sizeof(a->line)) {
        fail(a);
        return 0;
    }
    memcpy(a->line + a->line_n, bytes.p, n);
    a->line_n += n;
    if (end == bytes.n)
        return n;
    str line = {a->line, a->line_n};
    a->line_n = 0;
    if (str_ends(line, STR("\r")))
        line.n--;
    take_line(a, line);
    return n + 1;
}

static size_t feed_step(struct answer *a, str bytes)
{
    switch (a->state) {
    case ANSWER_HEAD:
        return feed_head(a, bytes);
    case ANSWER_LENGTH:
        return feed_data(a, bytes, ANSWER_DONE);
    case ANSWER_CHUNK_DATA:
        return feed_data(a, bytes, ANSWER_CHUNK_END);
    default:
        return feed_line(a, bytes);
    }
}

size_t answer_feed(struct answer *a, str bytes)
{
    size_t used = 0;
    while (used < bytes.n && a->state != ANSWER_DONE && a->state != ANSWER_BROKEN)
        used += feed_step(a, str_from(bytes, used));
    return used;
}

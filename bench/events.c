/* See events.h. */
#include "events.h"

enum { LINE_MAX_BYTES = 1024 * 1024 };
static const uint64_t fnv_offset = UINT64_C(0xcbf29ce484222325);
static const uint64_t fnv_prime = UINT64_C(0x100000001b3);

void events_init(struct events *e)
{
    *e = (struct events){.fingerprint = fnv_offset};
    buf_init(&e->line, LINE_MAX_BYTES);
}

void events_free(struct events *e)
{
    buf_free(&e->line);
}

void events_reset(struct events *e)
{
    buf_clear(&e->line);
    e->fingerprint = fnv_offset;
    e->count = e->comments = 0;
    e->is_done = false;
}

static void mix(struct events *e, str s)
{
    uint64_t h = e->fingerprint;
    for (size_t i = 0; i < s.n; i++)
        h = (h ^ (unsigned char)s.p[i]) * fnv_prime;
    e->fingerprint = h;
}

/* Length of a JSON value at the start of s: a string, an object, or what ends at , or }. */
static size_t value_length(str s)
{
    bool in_string = false;
    int depth = 0;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        if (in_string && c == '\\') {
            i++;
        } else if (c == '"') {
            in_string = !in_string;
        } else if (!in_string && (c == '{' || c == '[')) {
            depth++;
        } else if (!in_string && depth > 0 && (c == '}' || c == ']')) {
            depth--;
        } else if (!in_string && depth == 0 && (c == ',' || c == '}')) {
            return i;
        }
    }
    return s.n;
}

/* Mixes text up to and with the member's name, and drops its value from *rest. Nothing when it has
 * no such member. */
static void mix_without(struct events *e, str *rest, str member)
{
    size_t at = str_find(*rest, member);
    if (at == rest->n)
        return;
    mix(e, str_sub(*rest, 0, at + member.n));
    *rest = str_from(*rest, at + member.n);
    *rest = str_from(*rest, value_length(*rest));
}

static void take_data(struct events *e, str data)
{
    e->count++;
    e->is_done = str_eq(data, STR("data: [DONE]"));
    /* In the order in which the supplier writes them. */
    mix_without(e, &data, STR("\"id\":"));
    mix_without(e, &data, STR("\"created\":"));
    mix_without(e, &data, STR("\"usage\":"));
    mix(e, data);
    mix(e, STR("\n"));
}

static void take_line(struct events *e, str line)
{
    if (str_starts(line, STR(":")))
        e->comments++;
    else if (str_starts(line, STR("data:")))
        take_data(e, line);
    else
        mix(e, line.n > 0 ? line : STR("\n"));
}

void events_feed(struct events *e, str piece)
{
    while (piece.n > 0) {
        size_t end = str_find_char(piece, '\n');
        str part = str_sub(piece, 0, end);
        if (end == piece.n) {
            buf_add(&e->line, part);
            return;
        }
        piece = str_from(piece, end + 1);
        if (e->line.n == 0) {
            take_line(e, part);
            continue;
        }
        buf_add(&e->line, part);
        take_line(e, buf_view(&e->line));
        buf_clear(&e->line);
    }
}

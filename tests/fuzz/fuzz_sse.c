/* Events: the same whether the stream comes at once, byte by byte, or in portions the input itself
 * chooses; all raw parts and the rest are the stream; no event passes the maximum. */
#include "codec/sse.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MAX_EVENT = 200 };

struct result {
    struct buf events, raw;
    status st;
};

static void note(struct result *r, const struct sse_event *e)
{
    CHECK(e->raw.n <= MAX_EVENT);
    buf_addf(&r->events, "%zu %zu %d|", e->raw.n, e->type.n, e->data.p != NULL);
    buf_add(&r->events, e->type);
    buf_add(&r->events, e->data);
    buf_add(&r->raw, e->raw);
}

/* portion 0: sizes are taken from the bytes. */
static void run(str bytes, size_t portion, struct result *r)
{
    struct sse_scanner s;
    struct sse_event e;
    buf_init(&r->events, 1 << 24);
    buf_init(&r->raw, 1 << 24);
    sse_init(&s, MAX_EVENT);
    r->st = ST_OK;
    for (size_t at = 0, n; at < bytes.n && r->st == ST_OK; at += n) {
        n = portion != 0 ? portion : (size_t)(bytes.p[at] & 7) + 1;
        r->st = sse_feed(&s, str_sub(bytes, at, n));
        while (sse_next(&s, &e))
            note(r, &e);
    }
    if (r->st == ST_OK) {
        str rest = sse_rest(&s);
        CHECK(rest.n <= MAX_EVENT);
        buf_add(&r->raw, rest);
        CHECK(str_eq(buf_view(&r->raw), bytes));
    }
    sse_free(&s);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t portions[] = {1, 2, 3, 0};
    str bytes = {(const char *)data, size};
    struct result whole;
    run(bytes, size + 1, &whole);
    for (size_t i = 0; i < COUNT_OF(portions); i++) {
        struct result r;
        run(bytes, portions[i], &r);
        CHECK(r.st == whole.st && str_eq(buf_view(&r.events), buf_view(&whole.events)));
        buf_free(&r.events);
        buf_free(&r.raw);
    }
    buf_free(&whole.events);
    buf_free(&whole.raw);
    return 0;
}

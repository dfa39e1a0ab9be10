/* The event scanner against the standard's own algorithm on whole texts, cut at every byte and at
 * random. Names E1-E3: codec/sse.c. */
#include "unit/testing.h"
#include "base/arena.h"
#include "codec/sse.h"

/* ---- one line a event: what a scanner gave ---- */

static void note_event(struct buf *log, const struct sse_event *e, bool with_raw)
{
    buf_addf(log, "type=%.*s data=", STR_ARG(e->type));
    buf_add(log, e->data.p != NULL ? e->data : STR("(none)"));
    if (with_raw) {
        buf_add(log, STR(" raw="));
        buf_add(log, e->raw);
    }
    buf_add(log, STR("\x1e"));
}

struct run {
    struct sse_scanner scanner;
    struct buf log, raw;
    bool with_raw;
};

static void run_init(struct run *r, bool with_raw)
{
    sse_init(&r->scanner, 100000);
    buf_init(&r->log, 10000000);
    buf_init(&r->raw, 10000000);
    r->with_raw = with_raw;
}

static void run_free(struct run *r)
{
    sse_free(&r->scanner);
    buf_free(&r->log);
    buf_free(&r->raw);
}

static void run_feed(struct run *r, str bytes)
{
    struct sse_event e;
    assert_st(sse_feed(&r->scanner, bytes), ST_OK);
    while (sse_next(&r->scanner, &e)) {
        note_event(&r->log, &e, r->with_raw);
        buf_add(&r->raw, e.raw);
    }
}

/* ---- the standard's algorithm, on a whole text ---- */

static bool reference_line(str *rest, str *line)
{
    size_t end = 0;
    while (end < rest->n && rest->p[end] != '\n' && rest->p[end] != '\r')
        end++;
    if (end == rest->n)
        return false;
    *line = str_sub(*rest, 0, end);
    bool is_crlf = str_starts(str_from(*rest, end), STR("\r\n"));
    *rest = str_from(*rest, end + (is_crlf ? 2 : 1));
    return true;
}

static void reference_log(str text, struct buf *log)
{
    MAI_AUTO(buf_free) struct buf data;
    struct sse_event e = {.type = STR("")};
    str line, rest = text;
    bool has_data = false;
    buf_init(&data, 1000000);
    if (str_starts(rest, STR("\xef\xbb\xbf")))
        rest = str_from(rest, 3);
    while (reference_line(&rest, &line)) {
        size_t colon = str_find_char(line, ':');
        str name = str_sub(line, 0, colon), value = str_from(line, colon + 1);
        if (str_starts(value, STR(" ")))
            value = str_from(value, 1);
        if (str_eq(name, STR("data"))) {
            if (has_data)
                buf_add_char(&data, '\n');
            buf_add(&data, value);
            has_data = true;
        } else if (str_eq(name, STR("event"))) {
            e.type = value;
        }
        if (line.n != 0)
            continue;
        e.data = has_data ? buf_view(&data) : STR_NONE;
        note_event(log, &e, false);
        buf_clear(&data);
        has_data = false;
        e.type = STR("");
    }
}

/* ---- texts ---- */

static const char *const samples[] = {
    "data: {\"a\":1}\n\ndata: [DONE]\n\n",
    ": OPENROUTER PROCESSING\n\n: OPENROUTER PROCESSING\n\ndata: x\n\n",
    "event: message_start\ndata: {\"type\":\"x\"}\n\n",
    "data:a\ndata: b\ndata:  c\ndata\ndata:\n\n",
    "data\n\n",
    "data:\n\n",
    "id: 1\nretry: 10\nevent:e\n: c\ndata:x\nfoo\nbar: baz\n\n",
    "\xef\xbb\xbf"
    "data: bom\n\n",
    "\xef\xbb\xbf\n\ndata: x\n\n",
    "data: a\n\n\xef\xbb\xbf"
    "data: no field\n\n",
    "\n\n\ndata: x\n\n\n",
    "event: a\nevent: b\ndata: x\n\ndata: y\n\n",
    " data: not a field\ndata : nor this\nDATA: nor that\n\n",
    "data: one line that is longer than eight bytes, with : colons : in it\n\n",
    "data: za\xc5\xbc\xc3\xb3\xc5\x82\xc4\x87\n\n",
};

/* The sample with another line end: 0 LF, 1 CR LF, 2 CR, 3 mixed at random. A last byte makes the
 * end of the last line end known. */
static str with_line_ends(struct arena *a, const char *text, int kind)
{
    char *p = arena_alloc(a, 2 * strlen(text) + 1);
    size_t n = 0;
    for (; *text != '\0'; text++) {
        int k = kind == 3 ? (int)test_below(3) : kind;
        if (*text != '\n') {
            p[n++] = *text;
            continue;
        }
        if (k != 0)
            p[n++] = '\r';
        if (k != 2)
            p[n++] = '\n';
    }
    p[n++] = ':';
    return (str){p, n};
}

static void expect_same(struct run *r, str text, str expected)
{
    assert_str(buf_view(&r->log), expected);
    buf_add(&r->raw, sse_rest(&r->scanner)); /* E1 */
    assert_str(buf_view(&r->raw), text);
}

static void expect_standard(str text)
{
    MAI_AUTO(buf_free) struct buf expected;
    MAI_AUTO(run_free) struct run r;
    buf_init(&expected, 1000000);
    reference_log(text, &expected);
    run_init(&r, false);
    run_feed(&r, text);
    expect_same(&r, text, buf_view(&expected));
}

static void follows_the_standard(void **state)
{
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        for (int kind = 0; kind < 24; kind++) {
            MAI_AUTO(arena_free) struct arena a;
            arena_init(&a, 100000);
            expect_standard(with_line_ends(&a, samples[i], kind < 3 ? kind : 3));
        }
    }
}

/* E2 for one text: all cuts in two, byte by byte, random cuts. */
static void expect_cuts_change_nothing(str text)
{
    MAI_AUTO(run_free) struct run whole, bytes, random;
    run_init(&whole, true);
    run_feed(&whole, text);
    for (size_t cut = 0; cut <= text.n; cut++) {
        MAI_AUTO(run_free) struct run r;
        run_init(&r, true);
        run_feed(&r, str_sub(text, 0, cut));
        run_feed(&r, str_from(text, cut));
        expect_same(&r, text, buf_view(&whole.log));
    }
    run_init(&bytes, true);
    for (size_t i = 0; i < text.n; i++)
        run_feed(&bytes, str_sub(text, i, 1));
    expect_same(&bytes, text, buf_view(&whole.log));
    run_init(&random, true);
    for (size_t at = 0, n; at < text.n; at += n) {
        n = test_below(7);
        run_feed(&random, str_sub(text, at, n));
    }
    expect_same(&random, text, buf_view(&whole.log));
}

static void cuts_change_nothing(void **state)
{
    for (size_t i = 0; i < COUNT_OF(samples); i++) {
        for (int kind = 0; kind < 12; kind++) {
            MAI_AUTO(arena_free) struct arena a;
            arena_init(&a, 100000);
            expect_cuts_change_nothing(with_line_ends(&a, samples[i], kind < 3 ? kind : 3));
        }
    }
}

static void random_bytes_follow_the_standard(void **state)
{
    static const char *const parts[] = {"\n", "\r",    "\r\n", "data",        ":",
                                        " ",  "event", "x",    "\xef\xbb\xbf"};
    for (int i = 0; i < 20000; i++) {
        MAI_AUTO(buf_free) struct buf b;
        buf_init(&b, 1000);
        for (uint64_t n = test_below(14); n > 0; n--)
            buf_add(&b, str_c(parts[test_below(COUNT_OF(parts))]));
        buf_add_char(&b, ':');
        expect_standard(buf_view(&b));
        if (i % 10 == 0)
            expect_cuts_change_nothing(buf_view(&b));
    }
}

/* ---- when an event comes out ---- */

static bool comes_out(const char *text)
{
    struct sse_scanner s;
    struct sse_event e;
    sse_init(&s, 1000);
    assert_st(sse_feed(&s, str_c(text)), ST_OK);
    bool is_there = sse_next(&s, &e);
    sse_free(&s);
    return is_there;
}

static void events_come_out_at_once(void **state)
{
    assert_true(comes_out("data: x\n\n"));
    assert_true(comes_out("data: x\r\n\r\n"));
    assert_true(comes_out("data: x\r\r")); /* the last event of a CR stream is not held back */
    assert_true(comes_out(": c\n\n"));
    assert_false(comes_out("data: x\n"));
    assert_false(comes_out("data: x\r\n\r")); /* its LF may still come */
    assert_false(comes_out("data: x\r"));
    assert_false(comes_out(""));
}

static void rest_is_what_was_not_whole(void **state)
{
    struct sse_scanner s;
    struct sse_event e;
    sse_init(&s, 1000);
    assert_str(sse_rest(&s), STR(""));
    assert_st(sse_feed(&s, STR("data: a\n\ndata: b\nda")), ST_OK);
    assert_true(sse_next(&s, &e));
    assert_str(e.raw, STR("data: a\n\n"));
    assert_str(e.data, STR("a"));
    assert_false(sse_next(&s, &e));
    assert_str(sse_rest(&s), STR("data: b\nda"));
    sse_free(&s);
}

/* ---- sizes ---- */

static void fill(struct buf *b, size_t event_bytes)
{
    buf_add(b, STR("data: "));
    while (b->n < event_bytes - 2)
        buf_add_char(b, 'x');
    buf_add(b, STR("\n\n"));
}

static status feed_in_portions(str text, size_t portion, size_t max, int *events_out)
{
    struct sse_scanner s;
    struct sse_event e;
    status st = ST_OK;
    *events_out = 0;
    sse_init(&s, max);
    for (size_t at = 0; at < text.n && st == ST_OK; at += portion) {
        st = sse_feed(&s, str_sub(text, at, portion));
        while (sse_next(&s, &e))
            ++*events_out;
    }
    sse_free(&s);
    return st;
}

static void one_event_has_a_maximum(void **state)
{
    MAI_AUTO(buf_free) struct buf b;
    static const size_t portions[] = {1, 7, 100, 101, 100000};
    int events;
    buf_init(&b, 100000);
    for (size_t i = 0; i < COUNT_OF(portions); i++) {
        buf_clear(&b);
        buf_add(&b, STR("data: small\n\n"));
        size_t small = b.n;
        fill(&b, small + 100);
        assert_st(feed_in_portions(buf_view(&b), portions[i], 100, &events), ST_OK);
        assert_int_equal(events, 2);
        assert_st(feed_in_portions(buf_view(&b), portions[i], 99, &events), ST_TOO_BIG);
        assert_int_equal(events, 1);
    }
    struct sse_scanner s;
    sse_init(&s, 10);
    assert_st(sse_feed(&s, STR("data: 12345678")), ST_TOO_BIG);
    assert_st(sse_feed(&s, STR("\n\n")), ST_TOO_BIG); /* for good */
    sse_free(&s);
}

/* Many small events in one portion are more than the maximum of one event together. */
static void a_portion_may_hold_many_events(void **state)
{
    MAI_AUTO(buf_free) struct buf b;
    int events;
    buf_init(&b, 1000000);
    for (int i = 0; i < 10000; i++)
        buf_add(&b, STR("data: x\r\r"));
    assert_st(feed_in_portions(buf_view(&b), b.n, 16, &events), ST_OK);
    assert_int_equal(events, 10000);
}

/* E3: a long event that comes byte by byte, and a portion full of lone CRs. */
static void hostile_streams_take_linear_time(void **state)
{
    MAI_AUTO(buf_free) struct buf b;
    int events;
    buf_init(&b, 3000000);
    fill(&b, 2000000);
    assert_st(feed_in_portions(buf_view(&b), 1, 2000000, &events), ST_OK);
    assert_int_equal(events, 1);
    memset(b.p, '\r', b.n);
    assert_st(feed_in_portions(buf_view(&b), b.n, 100, &events), ST_OK);
    assert_int_equal(events, 2000000);
}

/* ---- writing ---- */

static void writes_events(void **state)
{
    static const struct {
        str type, data;
        const char *text;
    } rows[] = {
        {STR_INIT(""), STR_INIT("{\"a\":1}"), "data: {\"a\":1}\n\n"},
        {STR_INIT("usage"), STR_INIT("x"), "event: usage\ndata: x\n\n"},
        {STR_INIT(""), STR_INIT("a\nb\r\nc\rd"), "data: a\ndata: b\ndata: c\ndata: d\n\n"},
        {STR_INIT(""), STR_INIT("a\n"), "data: a\ndata: \n\n"},
        {STR_INIT(""), STR_INIT(""), "data: \n\n"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        MAI_AUTO(buf_free) struct buf b;
        buf_init(&b, 1000);
        sse_write(&b, rows[i].type, rows[i].data);
        assert_str(buf_view(&b), str_c(rows[i].text));
    }
}

static void what_is_written_is_read_back(void **state)
{
    static const char alphabet[] = "ab: \n\ndata";
    for (int i = 0; i < 20000; i++) {
        char text[16];
        size_t n = test_below(sizeof text);
        for (size_t k = 0; k < n; k++)
            text[k] = alphabet[test_below(sizeof alphabet - 1)];
        MAI_AUTO(buf_free) struct buf b;
        struct sse_scanner s;
        struct sse_event e;
        buf_init(&b, 1000);
        sse_init(&s, 1000);
        sse_write(&b, STR("t"), (str){text, n});
        assert_st(sse_feed(&s, buf_view(&b)), ST_OK);
        assert_true(sse_next(&s, &e));
        assert_str(e.data, (str){text, n});
        assert_str(e.type, STR("t"));
        assert_str(e.raw, buf_view(&b));
        sse_free(&s);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_events),
        cmocka_unit_test(follows_the_standard),
        cmocka_unit_test(events_come_out_at_once),
        cmocka_unit_test(rest_is_what_was_not_whole),
        cmocka_unit_test(one_event_has_a_maximum),
        cmocka_unit_test(a_portion_may_hold_many_events),
        cmocka_unit_test(cuts_change_nothing),
        cmocka_unit_test(random_bytes_follow_the_standard),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(hostile_streams_take_linear_time),
    };
    return cmocka_run_group_tests_name("codec_sse", tests, NULL, NULL);
}

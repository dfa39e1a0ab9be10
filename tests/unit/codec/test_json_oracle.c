/* Our JSON against jansson on random texts, whole and damaged: acceptance, values, splicing.
 * jansson refuses more than we do (lone surrogates, U+0000, numbers beyond its types); those
 * refusals are told apart. */
#include "unit/testing.h"
#include "unit/codec/json_bridge.h"

#include <jansson.h>

/* ---- random texts ---- */

static const char *const scalars[] = {
    "null",
    "true",
    "false",
    "0",
    "-1",
    "12.5",
    "1e5",
    "-0.25E-2",
    "\"\"",
    "\"a\"",
    "\"\\u00e9\"",
    "\"\\\\\"",
    "\"\\\"\"",
    "\"\\ud83d\\ude00\"",
    "\"]},:\"",
    "\"\xc5\xbc\"",
    "9007199254740993",
};
static const char *const spaces[] = {"", "", "", " ", "\n", "\r\n", "\t "};

#define PICK(table) (table)[test_below(COUNT_OF(table))]

static void add_space(struct buf *b)
{
    buf_add(b, str_c(PICK(spaces)));
}

static void add_value(struct buf *b, int depth);

static void add_object(struct buf *b, int depth)
{
    int n = (int)test_below(6);
    buf_add_char(b, '{');
    for (int i = 0; i < n; i++) {
        if (i != 0)
            buf_add_char(b, ',');
        add_space(b);
        /* names a..h, plain or escaped; now and then one twice */
        int letter = (int)test_below(20) == 0 ? 0 : i;
        buf_addf(b, test_below(4) == 0 ? "\"\\u%04x\"" : "\"%c\"", 'a' + letter);
        add_space(b);
        buf_add_char(b, ':');
        add_space(b);
        add_value(b, depth - 1);
        add_space(b);
    }
    if (n == 0)
        add_space(b);
    buf_add_char(b, '}');
}

static void add_array(struct buf *b, int depth)
{
    int n = (int)test_below(5);
    buf_add_char(b, '[');
    for (int i = 0; i < n; i++) {
        if (i != 0)
            buf_add_char(b, ',');
        add_space(b);
        add_value(b, depth - 1);
        add_space(b);
    }
    buf_add_char(b, ']');
}

static void add_value(struct buf *b, int depth)
{
    switch (depth > 0 ? test_below(4) : 3) {
    case 0:
    case 1:
        add_object(b, depth);
        break;
    case 2:
        add_array(b, depth);
        break;
    default:
        buf_add(b, str_c(PICK(scalars)));
    }
}

static void damage(struct buf *b)
{
    static const char bytes[] = "{}[]\",:\\ \n0-.eEtu\xc3\x80\xff\x01";
    if (b->n == 0)
        return;
    size_t at = test_below(b->n);
    switch (test_below(3)) {
    case 0:
        b->p[at] = bytes[test_below(sizeof bytes - 1)];
        break;
    case 1:
        memmove(b->p + at, b->p + at + 1, b->n - at - 1);
        b->n--;
        break;
    default:
        b->n = at;
    }
}

/* ---- acceptance ---- */

static bool is_known_difference(const json_error_t *e)
{
    return strstr(e->text, "invalid Unicode") != NULL || strstr(e->text, "too big") != NULL ||
           strstr(e->text, "overflow") != NULL || strstr(e->text, "\\u0000") != NULL ||
           strstr(e->text, "NUL byte") != NULL;
}

static void expect_same_verdict(str text, bool is_strict)
{
    struct err ours = {0};
    json_error_t theirs = {0};
    status st = bridge_check(text, is_strict, &ours);
    json_t *j = json_loadb(text.p, text.n,
                           JSON_DECODE_ANY | (is_strict ? JSON_REJECT_DUPLICATES : 0), &theirs);
    bool same = (st == ST_OK) == (j != NULL);
    if (!same && !(st == ST_OK && is_known_difference(&theirs)))
        fail_msg("%.*s\nours: %s theirs: %s", STR_ARG(text), ours.text, theirs.text);
    json_decref(j);
}

static void accepts_what_jansson_accepts(void **state)
{
    for (int i = 0; i < 30000; i++) {
        MAI_AUTO(buf_free) struct buf b;
        buf_init(&b, 1000000);
        add_space(&b);
        add_value(&b, 5);
        add_space(&b);
        for (uint64_t n = test_below(3); n > 0; n--)
            damage(&b);
        expect_same_verdict(buf_view(&b), false);
        expect_same_verdict(buf_view(&b), true);
    }
}

/* ---- values ---- */

/* Builds jansson values from what our walk gives; a stack of open containers. */
struct builder {
    json_t *open[80];
    json_t *names[80];
    int depth;
    json_t *result;
};

static void put(struct builder *b, json_t *value)
{
    if (b->depth == 0) {
        b->result = value;
        return;
    }
    json_t *in = b->open[b->depth - 1];
    if (json_is_array(in))
        json_array_append_new(in, value);
    else
        json_object_set_new(in, json_string_value(b->names[b->depth - 1]), value);
}

static void on_open(void *ctx, bool is_object)
{
    struct builder *b = ctx;
    b->names[b->depth] = NULL;
    b->open[b->depth++] = is_object ? json_object() : json_array();
}

static void on_close(void *ctx)
{
    struct builder *b = ctx;
    b->depth--;
    json_decref(b->names[b->depth]);
    put(b, b->open[b->depth]);
}

static void on_name(void *ctx, str decoded)
{
    struct builder *b = ctx;
    json_decref(b->names[b->depth - 1]);
    b->names[b->depth - 1] = json_stringn(decoded.p, decoded.n);
}

static void on_text(void *ctx, str decoded)
{
    put(ctx, json_stringn(decoded.p, decoded.n));
}

static void on_other(void *ctx, str raw)
{
    put(ctx, json_loadb(raw.p, raw.n, JSON_DECODE_ANY, NULL));
}

static void reads_the_values_jansson_reads(void **state)
{
    static const struct bridge_visitor visitor = {on_open, on_close, on_name, on_text, on_other};
    for (int i = 0; i < 8000; i++) {
        MAI_AUTO(buf_free) struct buf b;
        struct builder builder = {0};
        buf_init(&b, 1000000);
        add_value(&b, 6);
        bridge_walk(buf_view(&b), &visitor, &builder);
        json_t *theirs = json_loadb(b.p, b.n, JSON_DECODE_ANY, NULL);
        if (!json_equal(builder.result, theirs))
            fail_msg("%.*s", STR_ARG(buf_view(&b)));
        json_decref(builder.result);
        json_decref(theirs);
    }
}

/* ---- splicing ---- */

static void apply_edit(json_t *j, struct bridge_edit edit)
{
    char name[8];
    assert_true(str_copy_z(edit.name, name, sizeof name));
    if (edit.value.p == NULL)
        json_object_del(j, name);
    else
        json_object_set_new(j, name, json_loadb(edit.value.p, edit.value.n, JSON_DECODE_ANY, NULL));
}

static void splices_as_jansson_edits(void **state)
{
    static const char *const names[] = {"a", "b", "c", "d", "x", "y"};
    for (int i = 0; i < 20000; i++) {
        MAI_AUTO(buf_free) struct buf text, out;
        struct bridge_edit edits[COUNT_OF(names)];
        size_t count = 0;
        buf_init(&text, 1000000);
        buf_init(&out, 1000000);
        add_object(&text, 3);
        json_t *expected = json_loadb(text.p, text.n, 0, NULL);
        for (size_t k = 0; k < COUNT_OF(names); k++) {
            if (test_below(2) == 0)
                continue;
            str value = test_below(3) == 0 ? STR_NONE : str_c(PICK(scalars));
            edits[count] = (struct bridge_edit){str_c(names[k]), value};
            apply_edit(expected, edits[count++]);
        }
        bridge_splice(buf_view(&text), edits, count, &out);
        if (count == 0)
            assert_str(buf_view(&out), buf_view(&text));
        assert_st(bridge_check(buf_view(&out), false, NULL), ST_OK);
        json_t *is = json_loadb(out.p, out.n, 0, NULL);
        if (!json_equal(is, expected))
            fail_msg("%.*s -> %.*s", STR_ARG(buf_view(&text)), STR_ARG(buf_view(&out)));
        json_decref(is);
        json_decref(expected);
    }
}

static void quoting_is_undone_by_jansson(void **state)
{
    for (int i = 0; i < 50000; i++) {
        MAI_AUTO(buf_free) struct buf b;
        char bytes[24];
        size_t n = test_below(sizeof bytes);
        for (size_t k = 0; k < n; k++)
            bytes[k] = (char)(test_below(3) != 0 ? test_below(128) : test_below(256));
        buf_init(&b, 1000);
        bridge_quote((str){bytes, n}, &b);
        json_t *j = json_loadb(b.p, b.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        assert_non_null(j);
        str back = {json_string_value(j), json_string_length(j)};
        if (str_is_utf8((str){bytes, n}))
            assert_str(back, (str){bytes, n});
        json_decref(j);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(accepts_what_jansson_accepts),
        cmocka_unit_test(reads_the_values_jansson_reads),
        cmocka_unit_test(splices_as_jansson_edits),
        cmocka_unit_test(quoting_is_undone_by_jansson),
    };
    return cmocka_run_group_tests_name("codec_json_oracle", tests, NULL, NULL);
}

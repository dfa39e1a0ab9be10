/* Copying an object with members replaced, and writing JSON from nothing; see json.h. */
#include "codec/json_private.h"

/* ---- splicing ---- */

/* The edits of one splice; a bit per edit that met its member. */
struct splice {
    const struct json_edit *edits;
    size_t count;
    uint64_t is_met;
    bool has_member; /* a comma is needed before the next one */
    struct buf *out;
};

static const struct json_edit *edit_of(struct splice *s, struct json key)
{
    for (size_t i = 0; i < s->count; i++) {
        if (!json_string_is(key, s->edits[i].name))
            continue;
        s->is_met |= UINT64_C(1) << i;
        return &s->edits[i];
    }
    return NULL;
}

static void add_comma(struct splice *s)
{
    if (s->has_member)
        buf_add_char(s->out, ',');
    s->has_member = true;
}

/* Copies the member in `part`, which is everything between two commas, with white space. */
static void copy_member(struct splice *s, str part, struct json key, struct json item)
{
    const struct json_edit *edit = edit_of(s, key);
    if (edit != NULL && edit->value.p == NULL)
        return;
    add_comma(s);
    if (edit == NULL) {
        buf_add(s->out, part);
        return;
    }
    size_t before = (size_t)(item.raw.p - part.p);
    buf_add(s->out, str_sub(part, 0, before));
    buf_add(s->out, edit->value);
    buf_add(s->out, str_from(part, before + item.raw.n));
}

static void copy_members(struct splice *s, struct json v)
{
    struct json_iter it = json_iter(v);
    str inner = it.rest;
    struct json key, item;
    if (json_skip_space(inner).n == 0)
        buf_add(s->out, inner);
    while (json_next(&it, &key, &item)) {
        const char *end = json_skip_space(it.rest).p; /* at the comma, or at the end */
        str part = str_sub(inner, 0, (size_t)(end - inner.p));
        copy_member(s, part, key, item);
        inner = str_from(inner, part.n + 1);
    }
}

static void add_missing(struct splice *s)
{
    for (size_t i = 0; i < s->count; i++) {
        if ((s->is_met >> i & 1) != 0 || s->edits[i].value.p == NULL)
            continue;
        add_comma(s);
        json_add_string(s->out, s->edits[i].name);
        buf_add_char(s->out, ':');
        buf_add(s->out, s->edits[i].value);
    }
}

void json_splice(struct json v, const struct json_edit *edits, size_t count, struct buf *out)
{
    CHECK(v.type == JSON_OBJECT && count <= JSON_MAX_EDITS);
    struct splice s = {.edits = edits, .count = count, .out = out};
    buf_add_char(out, '{');
    copy_members(&s, v);
    add_missing(&s);
    buf_add_char(out, '}');
}

/* ---- writing ---- */

struct json_writer json_writer(struct buf *b)
{
    return (struct json_writer){.b = b};
}

/* The bit of the innermost open container. */
static uint64_t innermost(const struct json_writer *w)
{
    return UINT64_C(1) << (w->depth - 1);
}

static bool in_object(const struct json_writer *w)
{
    return w->depth != 0 && (w->is_object & innermost(w)) != 0;
}

static void separate(struct json_writer *w)
{
    if (w->depth == 0)
        return;
    if ((w->has_item & innermost(w)) != 0)
        buf_add_char(w->b, ',');
    w->has_item |= innermost(w);
}

static void before_value(struct json_writer *w)
{
    CHECK(w->after_key == in_object(w));
    if (!w->after_key)
        separate(w);
    w->after_key = false;
}

static void open_container(struct json_writer *w, bool is_object)
{
    CHECK(w->depth < JSON_MAX_DEPTH);
    before_value(w);
    w->depth++;
    w->has_item &= ~innermost(w);
    w->is_object = is_object ? w->is_object | innermost(w) : w->is_object & ~innermost(w);
    buf_add_char(w->b, is_object ? '{' : '[');
}

void jw_object(struct json_writer *w)
{
    open_container(w, true);
}

void jw_array(struct json_writer *w)
{
    open_container(w, false);
}

void jw_end(struct json_writer *w)
{
    CHECK(w->depth != 0 && !w->after_key);
    buf_add_char(w->b, in_object(w) ? '}' : ']');
    w->depth--;
}

void jw_key(struct json_writer *w, str key)
{
    CHECK(in_object(w) && !w->after_key);
    separate(w);
    json_add_string(w->b, key);
    buf_add_char(w->b, ':');
    w->after_key = true;
}

void jw_raw(struct json_writer *w, str raw)
{
    before_value(w);
    buf_add(w->b, raw);
}

void jw_str(struct json_writer *w, str s)
{
    before_value(w);
    json_add_string(w->b, s);
}

void jw_i64(struct json_writer *w, int64_t v)
{
    before_value(w);
    buf_add_i64(w->b, v);
}

void jw_bool(struct json_writer *w, bool v)
{
    jw_raw(w, v ? STR("true") : STR("false"));
}

void jw_null(struct json_writer *w)
{
    jw_raw(w, STR("null"));
}

void jw_kstr(struct json_writer *w, str key, str s)
{
    jw_key(w, key);
    jw_str(w, s);
}

void jw_kstr_or_null(struct json_writer *w, str key, str s)
{
    jw_key(w, key);
    if (s.p != NULL)
        jw_str(w, s);
    else
        jw_null(w);
}

void jw_ki64(struct json_writer *w, str key, int64_t v)
{
    jw_key(w, key);
    jw_i64(w, v);
}

void jw_kbool(struct json_writer *w, str key, bool v)
{
    jw_key(w, key);
    jw_bool(w, v);
}

void jw_knull(struct json_writer *w, str key)
{
    jw_key(w, key);
    jw_null(w);
}

void jw_kraw(struct json_writer *w, str key, str raw)
{
    jw_key(w, key);
    jw_raw(w, raw);
}

void jw_kobject(struct json_writer *w, str key)
{
    jw_key(w, key);
    jw_object(w);
}

void jw_karray(struct json_writer *w, str key)
{
    jw_key(w, key);
    jw_array(w);
}

/* JSON over raw bytes: check once, then walk views. Numbers keep their own text, strings their escapes,
 * so nothing is lost and bodies can be forwarded byte for byte with a few members replaced.
 * Pure functions, no allocation except from a given arena or buf. */
#ifndef MAI_JSON_H
#define MAI_JSON_H

#include "base/arena.h"
#include "base/buf.h"

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

/* A value inside a checked text: its own bytes, without white space around. */
struct json {
    enum json_type type;
    str raw;
};

enum { JSON_MAX_DEPTH = 64 };

/* Checks a whole text (RFC 8259, well-formed UTF-8, depth at most JSON_MAX_DEPTH, one value, white space
 * around it allowed) and gives its view. Lone surrogate escapes are accepted. On failure ST_BAD_REQUEST
 * and a sentence with the byte offset in `e` (may be NULL). */
NODISCARD status json_check(str text, struct json *out, struct err *e);
/* Same, and also refuses an object (at any depth) that names a member twice, escapes decoded: what two
 * parsers could read differently. */
NODISCARD status json_check_strict(str text, struct json *out, struct err *e);

/* Walking; only on views that come from a checked text. Use:
 *   struct json_iter it = json_iter(v); struct json key, item;
 *   while (json_next(&it, &key, &item)) ...        (key.raw is the quoted text; unset for arrays) */
struct json_iter {
    str rest;
    bool is_object;
};
struct json_iter json_iter(struct json v);
bool json_next(struct json_iter *it, struct json *key_out, struct json *item_out);

/* The member of that name (escapes decoded on comparison; the last one of several), false when absent or
 * when v is no object. */
bool json_get(struct json v, str name, struct json *out);
/* Several steps: json_path(v, "choices", 0)... is not offered on purpose; walk. */

/* True when the string value's decoded text equals s. False for other types. */
bool json_string_is(struct json v, str s);
/* Decoded text of a string, in the arena (or borrowed from the raw text when nothing was escaped). Lone
 * surrogates become U+FFFD. ST_BAD_REQUEST for other types or text with U+0000; ST_TOO_BIG: arena full. */
NODISCARD status json_string(struct json v, struct arena *a, str *out)
    __asm__("mai_json_string"); /* jansson exports json_string too: programs may link both */
bool json_is_true(struct json v);
/* Whole numbers: "12", also "12.0" and "1.2e1". ST_BAD_REQUEST for others, ST_RANGE. */
NODISCARD status json_i64(struct json v, int64_t *out);

/* ---- splicing: a copy of an object with members replaced, removed or added ---- */
struct json_edit {
    str name;  /* decoded member name */
    str value; /* raw JSON to put there; STR_NONE removes the member */
};
/* Writes the object `v` to `out` with all edits applied (absent members with a value are added at the
 * end, in the order given); every other byte stays. A member named twice is replaced, or removed, in both
 * places. Names in `edits` differ; at most JSON_MAX_EDITS. Nested edits: splice the inner object first. */
enum { JSON_MAX_EDITS = 64 };
void json_splice(struct json v, const struct json_edit *edits, size_t count, struct buf *out);

/* ---- writing ---- */
void json_add_string(struct buf *b, str s); /* quoted and escaped; malformed UTF-8 becomes U+FFFD */

/* Writer that puts commas by itself. Depth at most JSON_MAX_DEPTH. Keys are literals or any text. */
struct json_writer {
    struct buf *b;
    unsigned depth;
    uint64_t has_item;  /* bit per depth: a comma is needed */
    uint64_t is_object; /* bit per depth: closes with } */
    bool after_key;
};
struct json_writer json_writer(struct buf *b);
void jw_object(struct json_writer *w); /* { */
void jw_array(struct json_writer *w);  /* [ */
void jw_end(struct json_writer *w);    /* } or ] is remembered by the writer */
void jw_key(struct json_writer *w, str key);
void jw_str(struct json_writer *w, str s);
void jw_i64(struct json_writer *w, int64_t v);
void jw_bool(struct json_writer *w, bool v);
void jw_null(struct json_writer *w);
void jw_raw(struct json_writer *w, str raw); /* one value, already JSON */
/* key and value at once */
void jw_kstr(struct json_writer *w, str key, str s);
void jw_kstr_or_null(struct json_writer *w, str key, str s); /* null when s.p is NULL */
void jw_ki64(struct json_writer *w, str key, int64_t v);
void jw_kbool(struct json_writer *w, str key, bool v);
void jw_knull(struct json_writer *w, str key);
void jw_kraw(struct json_writer *w, str key, str raw);
void jw_kobject(struct json_writer *w, str key);
void jw_karray(struct json_writer *w, str key);

#endif

/* What the JSON files share; not for other rooms. */
#ifndef MAI_JSON_PRIVATE_H
#define MAI_JSON_PRIVATE_H

#include "codec/json.h"

/* The type of the value that begins with this byte, in a checked text. */
enum json_type json_type_of(char first);

/* The text between the quotes of a checked string, its escapes still in it. */
str json_quoted_inner(str raw);
/* Takes decoded text off the front of *inner piece by piece: runs without escapes are views, an
 * escape is decoded into `scratch`. False at the end. Lone surrogates become U+FFFD. */
bool json_text_next(str *inner, char scratch[4], str *piece_out);
/* Appends the decoded text. */
void json_text_add(str inner, struct buf *out);

/* The string at the front of a checked text: its bytes with both quotes. */
str json_front_string(str text);
/* The value at the front of a checked text (no white space before it). */
str json_front_value(str text);
str json_skip_space(str text);

/* Names of the objects that are open at one moment of a scan, to notice one given twice. Memory: 16
 * bytes a name, 24 to 32 more while a large object closes; both grow with the text only. */
struct json_name {
    uint64_t hash;
    const char *raw; /* its opening quote */
};

struct json_names {
    str text; /* the scanned text */
    struct json_name *items;
    size_t count, cap;
    size_t first[JSON_MAX_DEPTH]; /* where the names of the object at that depth begin */
    struct buf decoded;
    struct json_name few[64];
};

void json_names_init(struct json_names *t, str text);
void json_names_free(struct json_names *t);
void json_names_open(struct json_names *t, unsigned depth);
void json_names_add(struct json_names *t, str raw);
/* Forgets the names of that object; gives the repeated one, or NULL. */
const char *json_names_close(struct json_names *t, unsigned depth);

#endif

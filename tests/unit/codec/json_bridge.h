/* Our JSON for a test that uses jansson: the two headers share names, so they meet in no file. */
#ifndef MAI_JSON_BRIDGE_H
#define MAI_JSON_BRIDGE_H

#include "base/buf.h"

struct bridge_edit {
    str name, value;
};

/* Texts are decoded; other scalars come raw. */
struct bridge_visitor {
    void (*open)(void *ctx, bool is_object);
    void (*close)(void *ctx);
    void (*name)(void *ctx, str decoded);
    void (*text)(void *ctx, str decoded);
    void (*other)(void *ctx, str raw);
};

status bridge_check(str text, bool is_strict, struct err *e);
void bridge_walk(str text, const struct bridge_visitor *visitor, void *ctx);
void bridge_splice(str text, const struct bridge_edit *edits, size_t count, struct buf *out);
void bridge_quote(str s, struct buf *out);

#endif

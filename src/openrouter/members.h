/* Reading the members of a JSON object by a table of rows; what the files that read OpenRouter's
 * answers share. Unknown members are passed over, the last one of several wins. */
#ifndef MAI_OPENROUTER_MEMBERS_H
#define MAI_OPENROUTER_MEMBERS_H

#include "codec/json.h"

struct member_row {
    str name;
    void (*read)(void *ctx, struct json v);
};

struct member_table {
    const struct member_row *rows;
    size_t count;
};

#define MEMBERS(array) ((struct member_table){(array), COUNT_OF(array)})

/* Calls the row of each member that has one. Values that are no object are passed over. */
void members_read(struct json v, struct member_table table, void *ctx);
/* A whole number of at least 0; false and `out` untouched otherwise. */
bool members_count(struct json v, int64_t *out);

#endif

/* What the files of this room share: the words of refusals, growing lists in an arena, optional values. */
#ifndef MAI_TENANCY_COMMON_H
#define MAI_TENANCY_COMMON_H

#include "base/arena.h"
#include "store/db.h"
#include "tenancy/scope.h"

/* "Not yours" and "absent" in the same words. */
status refuse_absent(struct err *e);
/* ST_OK for an admin, else ST_FORBIDDEN with the reason. */
NODISCARD status require_admin(struct scope by, struct err *e);
/* ST_OK on the command line of the host, else ST_FORBIDDEN. */
NODISCARD status require_host(struct provider_scope by, struct err *e);
/* Who did it, for the log: a user id or "host". */
str actor_text(const char *user_id);

/* Rows of unknown number; memory of the arena. */
struct list {
    struct arena *arena;
    void *rows;
    size_t row_bytes, count, cap;
};
struct list list_make(struct arena *a, size_t row_bytes);
void *list_add(struct list *l); /* zeroed; NULL when the arena is full */

/* Runs `read` on every row; false from it ends with ST_TOO_BIG. */
NODISCARD status db_each(struct db *db, const struct sql *q, struct db_args args,
                         bool (*read)(const struct db_rows *row, void *ctx), void *ctx);
/* Like db_exec, but a statement that changed nothing is ST_NOT_FOUND in the common words. */
NODISCARD status db_change(struct db *db, const struct sql *q, struct db_args args, struct err *e);
/* One number of one row (a count). */
NODISCARD status db_number(struct db *db, const struct sql *q, struct db_args args, int64_t *out);

/* For the LIMIT and OFFSET of a page counted from 1. */
struct page_span {
    int64_t limit, offset;
};
struct page_span page_span(int64_t page, int64_t per_page, int64_t usual);

enum { SCRATCH_MAX_BYTES = 2 * 1024 * 1024 };

#endif

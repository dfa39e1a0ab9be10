/* Small things the files of this room share; see common.h. */
#include "tenancy/common.h"
#include "tenancy/rules.h"

status refuse_absent(struct err *e)
{
    return err_set(e, ST_NOT_FOUND, "Not found");
}

status require_admin(struct scope by, struct err *e)
{
    if (by.role == ROLE_ADMIN)
        return ST_OK;
    return err_set(e, ST_FORBIDDEN, "Only an administrator of the organization can do this");
}

status require_host(struct provider_scope by, struct err *e)
{
    if (provider_scope_is_host(by))
        return ST_OK;
    return err_set(e, ST_FORBIDDEN, "This can only be done by the command line on the host");
}

str actor_text(const char *user_id)
{
    return user_id[0] != '\0' ? str_c(user_id) : STR("host");
}

struct list list_make(struct arena *a, size_t row_bytes)
{
    return (struct list){.arena = a, .row_bytes = row_bytes};
}

static bool list_grow(struct list *l)
{
    size_t cap = l->cap != 0 ? l->cap * 2 : 16;
    void *rows = arena_alloc(l->arena, cap * l->row_bytes);
    if (rows == NULL)
        return false;
    if (l->count != 0)
        memcpy(rows, l->rows, l->count * l->row_bytes);
    l->rows = rows;
    l->cap = cap;
    return true;
}

void *list_add(struct list *l)
{
    if (l->count == l->cap && !list_grow(l))
        return NULL;
    return (char *)l->rows + l->row_bytes * l->count++;
}

status db_each(struct db *db, const struct sql *q, struct db_args args,
               bool (*read)(const struct db_rows *row, void *ctx), void *ctx)
{
    struct db_rows rows;
    status st = db_query(db, q, args, &rows);
    if (st != ST_OK)
        return st;
    bool is_full = false;
    while (!is_full && db_next(&rows))
        is_full = !read(&rows, ctx);
    st = db_end(&rows);
    return is_full ? ST_TOO_BIG : st;
}

status db_change(struct db *db, const struct sql *q, struct db_args args, struct err *e)
{
    status st = db_exec(db, q, args);
    if (st != ST_OK)
        return st;
    return db_changes(db) != 0 ? ST_OK : refuse_absent(e);
}

static void read_number(const struct db_rows *row, void *ctx)
{
    *(int64_t *)ctx = db_int(row, 0);
}

status db_number(struct db *db, const struct sql *q, struct db_args args, int64_t *out)
{
    return db_one(db, q, args, read_number, out);
}

struct page_span page_span(int64_t page, int64_t per_page, int64_t usual)
{
    int64_t limit = per_page <= 0 ? usual : per_page > LIST_PAGE_MAX ? LIST_PAGE_MAX : per_page;
    int64_t at = page <= 1 ? 0 : page > 1000000 ? 1000000 : page - 1;
    return (struct page_span){limit, at * limit};
}

/* Rollup rows grouped by person or by model; see usage_cut.h. Rows come person by person, each in the order of time;
 * a group keeps a bit for every day on which it was active. */
#include "base/hash.h"
#include "base/mem.h"
#include "ledger/ledger_sql.h"
#include "ledger/usage_cut.h"

#include <stdlib.h>

enum { KEY_MAX = 512 };

struct grouping {
    struct hash by_key;
    struct arena *a;
    const struct cut *cut;
};

static struct group *group_new(struct grouping *g, str key, str first, str second)
{
    struct group *group = ARENA_NEW(g->a, struct group);
    uint64_t *seen = ARENA_ARRAY(g->a, uint64_t, g->cut->count / 64 + 1);
    if (group == NULL || seen == NULL)
        return NULL;
    group->seen = seen;
    group->first = arena_dup(g->a, first);
    group->second = arena_dup(g->a, second);
    (void)hash_set(&g->by_key, key, group);
    return group;
}

/* NULL: the arena is full. */
static struct group *group_need(struct grouping *g, str first, str second)
{
    char key[KEY_MAX];
    CHECK(first.n + 1 + second.n <= sizeof key);
    if (first.n != 0)
        memcpy(key, first.p, first.n);
    key[first.n] = '\0';
    if (second.n != 0)
        memcpy(key + first.n + 1, second.p, second.n);
    str whole = {key, first.n + 1 + second.n};
    struct group *group = hash_get(&g->by_key, whole);
    return group != NULL ? group : group_new(g, whole, first, second);
}

static void group_add(struct group *g, const struct tally *t, size_t day)
{
    uint64_t bit = UINT64_C(1) << day % 64;
    tally_add(&g->sum, t);
    if (t->requests > 0 && (g->seen[day / 64] & bit) == 0) {
        g->seen[day / 64] |= bit;
        g->days++;
    }
}

/* The day of a slot inside the cut; looks onward from the day of the row before, from the start for the next
 * person. */
static size_t day_of(const struct cut *c, int64_t slot, size_t day)
{
    if (slot < c->starts[day])
        day = 0;
    while (slot >= c->starts[day + 1])
        day++;
    return day;
}

static status query_groups(struct db *db, enum group_by by, struct usage_who who, const struct cut *c,
                           struct db_rows *rows)
{
    struct db_value values[] = {DB_TEXT(who.organization_id), DB_INT(c->starts[0]),
                                DB_INT(c->starts[c->count]), DB_TEXT(who.user_id)};
    if (by == GROUP_BY_USER)
        return db_query(db, &SQL_USAGE_USERS, (struct db_args){values, 3}, rows);
    bool is_own = who.user_id.n != 0;
    return db_query(db, is_own ? &SQL_USAGE_MODELS_OWN : &SQL_USAGE_MODELS,
                    (struct db_args){values, is_own ? 4 : 3}, rows);
}

static status read_groups(struct db *db, enum group_by by, struct usage_who who, struct grouping *g)
{
    struct db_rows rows;
    size_t day = 0;
    bool is_full = false;
    status st = query_groups(db, by, who, g->cut, &rows);
    if (st != ST_OK)
        return st;
    while (!is_full && db_next(&rows)) {
        struct tally t = tally_of_row(&rows);
        struct group *group = group_need(g, db_text(&rows, 6), db_text(&rows, 7));
        day = day_of(g->cut, db_int(&rows, 0), day);
        if (group != NULL)
            group_add(group, &t, day);
        is_full = g->a->is_full;
    }
    st = db_end(&rows);
    return is_full ? ST_TOO_BIG : st;
}

static int by_billed(const void *left, const void *right)
{
    const struct group *a = left, *b = right;
    if (a->sum.billed != b->sum.billed)
        return a->sum.billed > b->sum.billed ? -1 : 1;
    int order = str_cmp(a->first, b->first);
    return order != 0 ? order : str_cmp(a->second, b->second);
}

static status list_groups(struct grouping *g, struct group **out, size_t *count_out)
{
    size_t at = 0, count = 0;
    str key;
    void *group;
    struct group *list = ARENA_ARRAY(g->a, struct group, g->by_key.count + 1);
    if (list == NULL)
        return ST_TOO_BIG;
    while (hash_next(&g->by_key, &at, &key, &group))
        list[count++] = *(struct group *)group;
    qsort(list, count, sizeof *list, by_billed);
    *out = list;
    *count_out = count;
    return ST_OK;
}

status groups_read(struct db *db, enum group_by by, struct usage_who who, const struct cut *c,
                   struct arena *a, struct group **out, size_t *count_out)
{
    struct grouping g = {.a = a, .cut = c};
    CHECK(by == GROUP_BY_MODEL || who.user_id.n == 0);
    status st = read_groups(db, by, who, &g);
    if (st == ST_OK)
        st = list_groups(&g, out, count_out);
    hash_free(&g.by_key);
    return st;
}

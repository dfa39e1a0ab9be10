/* Clients' lists: by person, by model; billed amounts only; see usage.h. Reading threads. */
#include "base/hash.h"
#include "ledger/ledger_sql.h"
#include "ledger/usage_cut.h"

#include <stdlib.h>

/* ---- by person ---- */

/* People by id, so that a group finds its name in one step. */
struct people {
    struct hash by_id;
};

static status read_people(struct db *db, const struct range *r, struct people *p)
{
    struct db_rows rows;
    bool is_own = r->who.user_id.n != 0;
    struct db_value values[] = {DB_TEXT(r->who.organization_id), DB_TEXT(r->who.user_id)};
    status st = db_query(db, is_own ? &SQL_USAGE_PERSON : &SQL_USAGE_PEOPLE,
                         (struct db_args){values, is_own ? 2 : 1}, &rows);
    if (st != ST_OK)
        return st;
    while (!r->a->is_full && db_next(&rows)) {
        struct usage_user *u = ARENA_NEW(r->a, struct usage_user);
        if (u == NULL)
            break;
        u->user_id = db_text_dup(&rows, 0, r->a);
        u->name = db_text_dup(&rows, 1, r->a);
        u->email = db_text_dup(&rows, 2, r->a);
        u->external_user = db_text_dup(&rows, 3, r->a);
        u->is_deleted = !db_is_null(&rows, 4);
        (void)hash_set(&p->by_id, u->user_id, u);
    }
    st = db_end(&rows);
    return r->a->is_full ? ST_TOO_BIG : st;
}

/* Those with usage, in the groups' order; taken out of `people`. */
static status list_active(const struct group *groups, size_t count, struct people *people, struct usage_users *out)
{
    for (size_t i = 0; i < count; i++) {
        struct usage_user *row = &out->users[out->count++];
        const struct usage_user *known = hash_remove(&people->by_id, groups[i].first);
        *row = known != NULL ? *known : (struct usage_user){.user_id = groups[i].first};
        row->days_active = groups[i].days;
        if (tally_billed(&groups[i].sum, &row->sum) != ST_OK)
            return ST_RANGE;
    }
    return ST_OK;
}

static int by_name(const void *left, const void *right)
{
    const struct usage_user *a = left, *b = right;
    int order = str_cmp(a->name, b->name);
    return order != 0 ? order : str_cmp(a->user_id, b->user_id);
}

static void list_idle(const struct people *people, struct usage_users *out)
{
    size_t at = 0, first = out->count;
    str key;
    void *value;
    while (hash_next(&people->by_id, &at, &key, &value)) {
        const struct usage_user *u = value;
        if (!u->is_deleted)
            out->users[out->count++] = *u;
    }
    qsort(out->users + first, out->count - first, sizeof *out->users, by_name);
}

static status list_users(const struct range *r, const struct group *groups, size_t count, struct people *people,
                         struct usage_users *out)
{
    out->users = ARENA_ARRAY(r->a, struct usage_user, count + people->by_id.count + 1);
    if (out->users == NULL)
        return ST_TOO_BIG;
    status st = list_active(groups, count, people, out);
    if (st == ST_OK)
        list_idle(people, out);
    return st;
}

/* One person's usage as the only group. */
static status read_own_group(struct db *db, const struct range *r, const struct cut *c, struct group **out,
                             size_t *count_out)
{
    struct group *g = ARENA_NEW(r->a, struct group);
    struct tally *days = ARENA_ARRAY(r->a, struct tally, c->count);
    if (g == NULL || days == NULL)
        return ST_TOO_BIG;
    status st = tally_days(db, r->who, c, days);
    for (size_t i = 0; i < c->count; i++) {
        tally_add(&g->sum, &days[i]);
        g->days += days[i].requests > 0;
    }
    g->first = r->who.user_id;
    *out = g;
    *count_out = 1;
    return st;
}

static status read_users(struct db *db, const struct range *r, struct people *people, struct usage_users *out)
{
    struct client_facts f;
    struct cut c;
    struct group *groups;
    size_t count;
    status st = range_cut(db, r, &f, &c);
    if (st == ST_OK)
        st = read_people(db, r, people);
    if (st == ST_OK && r->who.user_id.n != 0)
        st = read_own_group(db, r, &c, &groups, &count);
    else if (st == ST_OK)
        st = groups_read(db, GROUP_BY_USER, r->who, &c, r->a, &groups, &count);
    if (st != ST_OK)
        return st;
    out->period = cut_period(&c);
    return list_users(r, groups, count, people, out);
}

status usage_by_user(struct db *db, struct scope who, enum usage_reach reach, struct usage_dates dates,
                     int64_t now_ms, struct arena *a, struct usage_users *out, struct err *e)
{
    struct range r = {.dates = dates, .now_ms = now_ms, .a = a, .e = e};
    struct people people = {0};
    struct usage_users list = {0};
    status st = range_begin(db, &who, reach, &r);
    if (st != ST_OK)
        return st;
    st = read_users(db, &r, &people, &list);
    db_read_end(db);
    hash_free(&people.by_id);
    if (st == ST_OK)
        *out = list;
    return st;
}

/* ---- by model ---- */

static status read_models(struct db *db, const struct range *r, struct usage_models *out)
{
    struct client_facts f;
    struct cut c;
    struct group *groups;
    status st = range_cut(db, r, &f, &c);
    if (st == ST_OK)
        st = groups_read(db, GROUP_BY_MODEL, r->who, &c, r->a, &groups, &out->count);
    if (st != ST_OK)
        return st;
    out->period = cut_period(&c);
    out->models = ARENA_ARRAY(r->a, struct usage_model, out->count + 1);
    if (out->models == NULL)
        return ST_TOO_BIG;
    for (size_t i = 0; i < out->count; i++) {
        struct usage_model *m = &out->models[i];
        *m = (struct usage_model){
            .model = groups[i].first, .provider = groups[i].second, .days_used = groups[i].days};
        if (tally_billed(&groups[i].sum, &m->sum) != ST_OK)
            return ST_RANGE;
    }
    return ST_OK;
}

status usage_by_model(struct db *db, struct scope who, enum usage_reach reach, struct usage_dates dates,
                      int64_t now_ms, struct arena *a, struct usage_models *out, struct err *e)
{
    struct range r = {.dates = dates, .now_ms = now_ms, .a = a, .e = e};
    struct usage_models list = {0};
    status st = range_begin(db, &who, reach, &r);
    if (st != ST_OK)
        return st;
    st = read_models(db, &r, &list);
    db_read_end(db);
    if (st == ST_OK)
        *out = list;
    return st;
}

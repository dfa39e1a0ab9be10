/* The provider's lists of one client: by pseudonym, by model, with raw cost; see usage.h. Reading threads. */
#include "base/hash.h"
#include "ledger/ledger_sql.h"
#include "ledger/usage_cut.h"

static status read_groups(struct db *db, enum group_by by, const struct range *r, struct usage_period *period,
                          struct group **out, size_t *count_out)
{
    struct client_facts f;
    struct cut c;
    status st = range_cut(db, r, &f, &c);
    if (st != ST_OK)
        return st;
    *period = cut_period(&c);
    return groups_read(db, by, r->who, &c, r->a, out, count_out);
}

/* ---- by person ---- */

/* user id -> external user; both in the arena. */
static status read_pseudonyms(struct db *db, const struct range *r, struct hash *by_id)
{
    struct db_rows rows;
    status st = db_query(db, &SQL_USAGE_PEOPLE, DB_ARGS(DB_TEXT(r->who.organization_id)), &rows);
    if (st != ST_OK)
        return st;
    while (!r->a->is_full && db_next(&rows)) {
        str *name = ARENA_NEW(r->a, str);
        if (name == NULL)
            break;
        *name = db_text_dup(&rows, 3, r->a);
        (void)hash_set(by_id, db_text(&rows, 0), name);
    }
    st = db_end(&rows);
    return r->a->is_full ? ST_TOO_BIG : st;
}

static status fill_users(const struct range *r, const struct group *groups, const struct hash *names,
                         struct provider_usage_users *out)
{
    out->users = ARENA_ARRAY(r->a, struct provider_usage_user, out->count + 1);
    if (out->users == NULL)
        return ST_TOO_BIG;
    for (size_t i = 0; i < out->count; i++) {
        struct provider_usage_user *u = &out->users[i];
        const str *name = hash_get(names, groups[i].first);
        *u = (struct provider_usage_user){.user_id = groups[i].first, .days_active = groups[i].days};
        if (name != NULL)
            u->external_user = *name;
        if (tally_whole(&groups[i].sum, &u->sum) != ST_OK)
            return ST_RANGE;
    }
    return ST_OK;
}

static status read_users(struct db *db, const struct range *r, struct hash *names, struct provider_usage_users *out)
{
    struct group *groups;
    status st = read_groups(db, GROUP_BY_USER, r, &out->period, &groups, &out->count);
    if (st == ST_OK)
        st = read_pseudonyms(db, r, names);
    return st == ST_OK ? fill_users(r, groups, names, out) : st;
}

status provider_usage_by_user(struct db *db, struct provider_scope who, str organization_id, struct usage_dates dates,
                              int64_t now_ms, struct arena *a, struct provider_usage_users *out, struct err *e)
{
    struct range r = {
        .who = {.organization_id = organization_id}, .dates = dates, .now_ms = now_ms, .a = a, .e = e};
    struct hash names = {0};
    struct provider_usage_users list = {0};
    status st = db_read_begin(db);
    if (st != ST_OK)
        return st;
    st = read_users(db, &r, &names, &list);
    db_read_end(db);
    hash_free(&names);
    if (st == ST_OK)
        *out = list;
    return st;
}

/* ---- by model ---- */

static status read_models(struct db *db, const struct range *r, struct provider_usage_models *out)
{
    struct group *groups;
    status st = read_groups(db, GROUP_BY_MODEL, r, &out->period, &groups, &out->count);
    if (st != ST_OK)
        return st;
    out->models = ARENA_ARRAY(r->a, struct provider_usage_model, out->count + 1);
    if (out->models == NULL)
        return ST_TOO_BIG;
    for (size_t i = 0; i < out->count; i++) {
        struct provider_usage_model *m = &out->models[i];
        *m = (struct provider_usage_model){
            .model = groups[i].first, .provider = groups[i].second, .days_used = groups[i].days};
        if (tally_whole(&groups[i].sum, &m->sum) != ST_OK)
            return ST_RANGE;
    }
    return ST_OK;
}

status provider_usage_by_model(struct db *db, struct provider_scope who, str organization_id,
                               struct usage_dates dates, int64_t now_ms, struct arena *a,
                               struct provider_usage_models *out, struct err *e)
{
    struct range r = {
        .who = {.organization_id = organization_id}, .dates = dates, .now_ms = now_ms, .a = a, .e = e};
    struct provider_usage_models list = {0};
    status st = db_read_begin(db);
    if (st != ST_OK)
        return st;
    st = read_models(db, &r, &list);
    db_read_end(db);
    if (st == ST_OK)
        *out = list;
    return st;
}

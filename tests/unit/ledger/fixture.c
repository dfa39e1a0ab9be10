/* See fixture.h. */
#include "fixture.h"
#include "base/clock.h"
#include "base/zone.h"

#include <ftw.h>

/* ---- database ---- */

static void open_database(struct books *t)
{
    struct err e = {0};
    status st = driver_open(&t->place, DB_WRITER, &t->db, &e);
    if (st != ST_OK)
        fail_msg("%s", e.text);
    t->reader = driver_open_lazily(&t->place, DB_READER);
    assert_st(budgets_load(t->db, &t->budgets), ST_OK);
    assert_st(driver_begin(t->db), ST_OK);
}

void books_open(struct books *t)
{
    struct err e = {0};
    *t = (struct books){.place = {.lock_fd = -1}};
    snprintf(t->place.folder, sizeof t->place.folder, "/tmp/mai-ledger-XXXXXX");
    assert_non_null(mkdtemp(t->place.folder));
    snprintf(t->place.database, sizeof t->place.database, "%s/mai.db", t->place.folder);
    status st = driver_migrate(&t->place, &e);
    if (st != ST_OK)
        fail_msg("%s", e.text);
    open_database(t);
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *where)
{
    return remove(path);
}

void books_close(struct books *t)
{
    driver_rollback(t->db);
    driver_close(t->reader);
    driver_close(t->db);
    budgets_free(t->budgets);
    nftw(t->place.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

void books_commit(struct books *t)
{
    assert_st(driver_commit(t->db), ST_OK);
    assert_st(driver_begin(t->db), ST_OK);
}

struct db *books_read(struct books *t)
{
    books_commit(t);
    return t->reader;
}

void books_lose(struct books *t)
{
    driver_rollback(t->db);
    assert_st(driver_begin(t->db), ST_OK);
}

void books_crash(struct books *t)
{
    driver_rollback(t->db);
    driver_close(t->reader);
    driver_close(t->db);
    budgets_free(t->budgets);
    open_database(t);
}

/* ---- organizations and people ---- */

static const struct sql insert_organization = {
    "test_insert_organization",
    "INSERT INTO organizations (id, name, name_folded, markup_ppm, monthly_limit, timezone, created_ms, updated_ms)"
    " VALUES ($1, 'Name of ' || $1, $1, 1300000, $2, $3, 0, 0)"};
static const struct sql update_organization = {
    "test_update_organization", "UPDATE organizations SET monthly_limit = $2, timezone = $3 WHERE id = $1"};
static const struct sql insert_user = {
    "test_insert_user",
    "INSERT INTO users (id, organization_id, email, email_folded, name, name_folded, role, password_hash,"
    " external_user, created_ms, updated_ms) VALUES ($1, $2, $1 || '@example.com', $1, 'Name of ' || $1, $1, 'user', '',"
    " 'external-' || $1, 0, 0)"};
static const struct sql tombstone_user = {
    "test_tombstone_user", "UPDATE users SET deleted_ms = 1, email = NULL, email_folded = NULL, name = NULL,"
                           " name_folded = NULL WHERE id = $1"};

void add_organization(struct books *t, const char *id, const char *zone, int64_t limit_pico)
{
    assert_st(db_exec(t->db, &insert_organization,
                      DB_ARGS(DB_Z(id), DB_INT_IF(limit_pico >= 0, limit_pico), DB_Z(zone))),
              ST_OK);
}

void set_organization(struct books *t, const char *id, const char *zone, int64_t limit_pico)
{
    assert_st(db_exec(t->db, &update_organization,
                      DB_ARGS(DB_Z(id), DB_INT_IF(limit_pico >= 0, limit_pico), DB_Z(zone))),
              ST_OK);
    assert_st(budgets_reload(t->budgets, t->db, str_c(id)), ST_OK);
}

void add_user(struct books *t, const char *id, const char *organization_id)
{
    assert_st(db_exec(t->db, &insert_user, DB_ARGS(DB_Z(id), DB_Z(organization_id))), ST_OK);
}

void delete_user(struct books *t, const char *id)
{
    assert_st(db_exec(t->db, &tombstone_user, DB_ARGS(DB_Z(id))), ST_OK);
}

struct scope scope_of(const char *organization_id, const char *user_id, enum role role)
{
    struct scope s = {.role = role};
    assert_true(str_copy_z(str_c(organization_id), s.organization_id, sizeof s.organization_id));
    assert_true(str_copy_z(str_c(user_id), s.user_id, sizeof s.user_id));
    return s;
}

/* ---- calls ---- */

struct generation_open call_of(const char *id, const char *organization_id, const char *user_id, int64_t now_ms)
{
    return (struct generation_open){.id = str_c(id),
                                    .scope = scope_of(organization_id, user_id, ROLE_USER),
                                    .key_hash = STR("k1"),
                                    .purpose = STR("chat"),
                                    .model = STR("m/one"),
                                    .is_stream = true,
                                    .markup = {1300000},
                                    .reserved = PICO(PICO_PER_USD),
                                    .now_ms = now_ms};
}

struct generation_result end_of(const char *id, int64_t cost_pico, int64_t now_ms)
{
    return (struct generation_result){.id = str_c(id),
                                      .state = GENERATION_SETTLED,
                                      .has_tokens = true,
                                      .prompt_tokens = 10,
                                      .completion_tokens = 5,
                                      .has_cost = true,
                                      .cost = PICO(cost_pico),
                                      .source = STR("stream"),
                                      .now_ms = now_ms};
}

void must_begin(struct books *t, const struct generation_open *g)
{
    struct err e = {0};
    int64_t resets_ms;
    status st = generation_begin(t->budgets, t->db, g, &resets_ms, &e);
    if (st != ST_OK)
        fail_msg("begin %.*s: %s %s", STR_ARG(g->id), status_name(st), e.text);
}

struct generation_settled must_settle(struct books *t, const struct generation_result *r)
{
    struct generation_settled s = {0};
    assert_st(generation_settle(t->budgets, t->db, r, &s), ST_OK);
    return s;
}

void add_call(struct books *t, const char *organization_id, const char *user_id, const char *model, int64_t at_ms,
              int64_t cost_pico)
{
    char id[ID_CAP];
    id_new(id);
    struct generation_open g = call_of(id, organization_id, user_id, at_ms);
    struct generation_result r = end_of(id, cost_pico, at_ms + 2000);
    g.model = str_c(model);
    g.reserved = PICO(0);
    must_begin(t, &g);
    (void)must_settle(t, &r);
}

static void read_number(const struct db_rows *row, void *ctx)
{
    *(int64_t *)ctx = db_int(row, 0);
}

int64_t count_of(struct books *t, const struct sql *q)
{
    int64_t n = -1;
    assert_st(db_one(t->db, q, DB_NO_ARGS, read_number, &n), ST_OK);
    return n;
}

int64_t at(const char *iso)
{
    int64_t ms;
    assert_st(iso_to_ms(str_c(iso), &ms), ST_OK);
    return ms;
}

/* ---- invariants ---- */

int64_t check_rollups(struct books *t)
{
    struct ledger_verification v;
    assert_st(ledger_verify(books_read(t), (struct system_scope){"test"}, &v), ST_OK);
    for (size_t i = 0; i < v.kept; i++)
        print_error("slot %lld user %s model %s: rows %lld requests %lld billed, rollup %lld %lld\n",
                    (long long)v.first[i].slot_start_ms, v.first[i].user_id, v.first[i].model,
                    (long long)v.first[i].rows.requests, (long long)v.first[i].rows.billed.v,
                    (long long)v.first[i].rollup.requests, (long long)v.first[i].rollup.billed.v);
    assert_int_equal(v.differences, 0);
    return v.rows;
}

static const struct sql rows_of_organization = {
    "test_rows_of_organization",
    "SELECT created_ms, state, reserved, billed FROM generations WHERE organization_id = $1"};
static const struct sql zone_of_organization = {"test_zone_of_organization",
                                                "SELECT timezone FROM organizations WHERE id = $1"};

static void read_zone(const struct db_rows *row, void *ctx)
{
    assert_st(zone_find(db_text(row, 0), ctx), ST_OK);
}

/* From the rows alone, by no statement and no slot of the room. */
static struct budget_sums sums_of_rows(struct books *t, const char *organization_id, int64_t now_ms)
{
    struct budget_sums sums = {0};
    struct db_rows rows;
    const struct zone *z;
    assert_st(db_one(t->db, &zone_of_organization, DB_ARGS(DB_Z(organization_id)), read_zone, &z), ST_OK);
    int64_t from = zone_month_start_ms(z, now_ms), to = zone_next_month_start_ms(z, now_ms);
    assert_st(db_query(t->db, &rows_of_organization, DB_ARGS(DB_Z(organization_id)), &rows), ST_OK);
    while (db_next(&rows)) {
        if (db_int(&rows, 0) < from || db_int(&rows, 0) >= to)
            continue;
        if (db_int(&rows, 1) == GENERATION_OPEN || db_int(&rows, 1) == GENERATION_PENDING)
            sums.reserved += db_int(&rows, 2);
        else
            sums.used += db_int(&rows, 3);
    }
    assert_st(db_end(&rows), ST_OK);
    return sums;
}

void check_budget(struct books *t, const char *organization_id, int64_t now_ms)
{
    struct budget_sums known, rows = sums_of_rows(t, organization_id, now_ms);
    if (!budgets_peek(t->budgets, str_c(organization_id), now_ms, &known))
        return;
    assert_true(known.used == rows.used);
    assert_true(known.reserved == rows.reserved);
}

/* See fixture.h. */
#include "fixture.h"
#include "base/log.h"

#include <ftw.h>

struct house house;
const struct provider_scope HOST_SCOPE = {""};
const struct provider_scope WEB_PROVIDER = {"0190a000-0000-7000-8000-000000000001"};
const struct system_scope TEST = {"test"};

static void must(status st)
{
    if (st != ST_OK)
        fail_msg("%s: %s", status_name(st), house.e.text);
}

int house_open(void **state)
{
    crypt_start();
    log_setup(LOG_ERROR, false);
    clock_set_offset_ms(0);
    house = (struct house){.place = {.lock_fd = -1}};
    arena_init(&house.arena, 16 * 1024 * 1024);
    memset(house.master.bytes, 7, sizeof house.master.bytes);
    snprintf(house.place.folder, sizeof house.place.folder, "/tmp/mai-tenancy-XXXXXX");
    assert_non_null(mkdtemp(house.place.folder));
    snprintf(house.place.database, sizeof house.place.database, "%s/mai.db", house.place.folder);
    must(driver_migrate(&house.place, &house.e));
    must(driver_open(&house.place, DB_WRITER, &house.db, &house.e));
    must(driver_begin(house.db));
    return 0;
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *where)
{
    return remove(path);
}

int house_close(void **state)
{
    driver_rollback(house.db);
    driver_close(house.db);
    arena_free(&house.arena);
    clock_set_offset_ms(0);
    nftw(house.place.folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

void test_refused(status actual, status expected, const char *words, const char *file, int line)
{
    if (actual != expected)
        print_error("%s, not %s: %s\n", status_name(actual), status_name(expected), house.e.text);
    else if (house.e.st != expected || strstr(house.e.text, words) == NULL)
        print_error("\"%s\" lacks \"%s\"\n", house.e.text, words);
    else
        return;
    _fail(file, line);
}

static const char *keep(const char *id)
{
    return arena_z(&house.arena, str_c(id));
}

const char *new_organization(const char *name)
{
    struct organization_new n = {.name = str_c(name), .markup = {1300000}};
    char id[ID_CAP];
    must(WRITE(organization_create(house.db, HOST_SCOPE, &n, id, &house.e)));
    return keep(id);
}

const char *new_person(const char *organization_id, const char *email, enum role role)
{
    str name = str_sub(str_c(email), 0, str_find_char(str_c(email), '@'));
    struct user_new n = {.organization_id = str_c(organization_id),
                         .name = name,
                         .email = str_c(email),
                         .role = role,
                         .password_hash = STR("hash")};
    char id[ID_CAP];
    must(WRITE(user_provider_create(house.db, HOST_SCOPE, &n, id, &house.e)));
    return keep(id);
}

struct scope scope_of(const char *organization_id, const char *user_id, enum role role)
{
    return scope_make(role, str_c(organization_id), str_c(user_id));
}

struct scope admin_of(const char *organization_id, const char *email)
{
    return scope_of(organization_id, new_person(organization_id, email, ROLE_ADMIN), ROLE_ADMIN);
}

struct user user_now(const char *id)
{
    struct user u;
    must(user_own_read(house.db, own_scope_make(str_c(id)), &house.arena, &u, &house.e));
    return u;
}

struct organization organization_now(const char *id)
{
    struct client c;
    must(client_read(house.db, HOST_SCOPE, str_c(id), &house.arena, &c, &house.e));
    return c.organization;
}

const char *new_session(const char *user_id)
{
    struct identity who = identity_of_own(own_scope_make(str_c(user_id)));
    struct session_made made;
    must(WRITE(session_create(house.db, &who, STR("Browser"), STR("192.0.2.1"), &made, &house.e)));
    return keep(made.token);
}

static const struct sql insert_call = {
    "test_insert_call",
    "INSERT INTO generations (id, generation_id, organization_id, user_id, key_hash, purpose, model, state, is_stream,"
    " markup_ppm, reserved, delivered_tokens, checks, created_ms)"
    " VALUES ($1, 'gen-' || $1, $2, $3, $4, 'chat', 'm/one', $5, 1, 1300000, 0, 0, 0, $6)"};

void add_call(const char *organization_id, const char *user_id, const char *key_hash, int state)
{
    char id[ID_CAP];
    id_new(id);
    must(db_exec(house.db, &insert_call,
                 DB_ARGS(DB_Z(id), DB_Z(organization_id), DB_Z(user_id), DB_Z(key_hash), DB_INT(state),
                         DB_INT(clock_now_ms()))));
}

static void read_number(const struct db_rows *row, void *ctx)
{
    *(int64_t *)ctx = db_int(row, 0);
}

int64_t number_of(const char *query)
{
    struct sql *q = ARENA_NEW(&house.arena, struct sql); /* statements are known by their address */
    int64_t n = -1;
    *q = (struct sql){arena_z(&house.arena, str_c(query)), arena_z(&house.arena, str_c(query))};
    must(db_one(house.db, q, DB_NO_ARGS, read_number, &n));
    return n;
}

/* What tenancy's tests share: a real database in a temporary folder, driven on this thread; organizations and
 * people by short names. Each write runs like a job of the writer: it leaves nothing behind when it fails. */
#ifndef MAI_TEST_TENANCY_FIXTURE_H
#define MAI_TEST_TENANCY_FIXTURE_H

#include "../testing.h"

#include "base/clock.h"
#include "store/driver.h"
#include "tenancy/api_key.h"
#include "tenancy/connection.h"
#include "tenancy/invitation.h"
#include "tenancy/learning.h"
#include "tenancy/limits.h"
#include "tenancy/login.h"
#include "tenancy/organization.h"
#include "tenancy/principal.h"
#include "tenancy/session.h"
#include "tenancy/settings.h"
#include "tenancy/user.h"

struct house {
    struct place place;
    struct db *db; /* the writing connection, inside a transaction */
    struct master_key master;
    struct arena arena;
    struct err e;
};

extern struct house house;
extern const struct provider_scope HOST_SCOPE;
extern const struct provider_scope WEB_PROVIDER;
extern const struct system_scope TEST;

int house_open(void **state);  /* cmocka setup: empty database, clock without offset */
int house_close(void **state); /* and removes the folder */

/* A write job: savepoint, run, release or roll back. */
#define WRITE(call)                                                                                \
    ({                                                                                             \
        house.e = (struct err){};                                                                  \
        assert_st(driver_savepoint(house.db), ST_OK);                                              \
        status write_st_ = (call);                                                                 \
        if (write_st_ == ST_OK)                                                                    \
            write_st_ = driver_release(house.db);                                                  \
        else                                                                                       \
            assert_st(driver_rollback_savepoint(house.db), ST_OK);                                 \
        write_st_;                                                                                 \
    })
#define assert_refused(call, expected, words) test_refused((call), (expected), (words), __FILE__, __LINE__)
void test_refused(status actual, status expected, const char *words, const char *file, int line);

/* An id that outlives the test's statement; freed at house_close. */
const char *new_organization(const char *name);
/* Everybody's password hash is "hash" unless given. Provider: organization NULL. */
const char *new_person(const char *organization_id, const char *email, enum role role);
struct scope scope_of(const char *organization_id, const char *user_id, enum role role);
struct scope admin_of(const char *organization_id, const char *email); /* makes one */
struct user user_now(const char *id);
struct organization organization_now(const char *id);
/* A session of the person; the token. */
const char *new_session(const char *user_id);
/* One settled call in the ledger's table. */
void add_call(const char *organization_id, const char *user_id, const char *key_hash, int state);
int64_t number_of(const char *query); /* SELECT of one number */

#endif

/* P1..P5 of user.h: who may come in, who stays admin, what remains of somebody who left. */
#include "fixture.h"
#include "store/store.h"

#include <pthread.h>

static struct sign_up newcomer(const char *email)
{
    return (struct sign_up){.name = STR("Jan Kowalski"),
                            .email = str_c(email),
                            .password_hash = STR("hash"),
                            .default_role = ROLE_PENDING,
                            .default_markup = {1300000}};
}

/* ---- sign-up ---- */

static void the_first_person_is_admin_of_a_new_organization(void **state)
{
    struct sign_up s = newcomer("jan@example.com");
    struct signed_up who;
    bool is_first = false;
    assert_st(user_is_first(house.db, TEST, &is_first), ST_OK);
    assert_true(is_first);
    assert_st(WRITE(user_sign_up(house.db, &s, &who, &house.e)), ST_OK);
    assert_int_equal(who.role, ROLE_ADMIN);
    assert_true(who.is_first);
    struct organization o = organization_now(who.organization_id);
    assert_str(o.name, STR("Jan Kowalski"));
    assert_int_equal(o.markup.ppm, 1300000);
    struct user u = user_now(who.identity.user_id);
    assert_str(u.organization_id, str_c(who.organization_id));
    assert_true(str_starts(u.external_user, STR("mai_")) && u.external_user.n == 28);
    assert_int_equal(u.external_state, EXTERNAL_ASSIGNED);
}

static void sign_up_closes_behind_the_first(void **state)
{
    struct sign_up s = newcomer("jan@example.com"), second = newcomer("ewa@example.com");
    struct signed_up who;
    assert_st(WRITE(user_sign_up(house.db, &s, &who, &house.e)), ST_OK);
    assert_refused(WRITE(user_sign_up(house.db, &second, &who, &house.e)), ST_FORBIDDEN, "closed");
    bool is_open = true;
    assert_st(user_sign_up_is_open(house.db, TEST, false, &is_open), ST_OK);
    assert_false(is_open);
}

static void enabled_sign_up_enters_the_one_organization_as_the_default_role(void **state)
{
    struct sign_up s = newcomer("jan@example.com"), second = newcomer("ewa@example.com");
    struct signed_up first, who;
    second.is_signup_enabled = true;
    assert_st(WRITE(user_sign_up(house.db, &s, &first, &house.e)), ST_OK);
    assert_st(WRITE(user_sign_up(house.db, &second, &who, &house.e)), ST_OK);
    assert_int_equal(who.role, ROLE_PENDING);
    assert_false(who.is_first);
    assert_string_equal(who.organization_id, first.organization_id);
    second.email = STR("iza@example.com");
    second.default_role = ROLE_PROVIDER; /* never by sign-up, whatever the setting says */
    assert_st(WRITE(user_sign_up(house.db, &second, &who, &house.e)), ST_OK);
    assert_int_equal(who.role, ROLE_PENDING);
    new_organization("Another");
    second.email = STR("ola@example.com");
    assert_refused(WRITE(user_sign_up(house.db, &second, &who, &house.e)), ST_FORBIDDEN, "closed");
}

static void a_provider_account_closes_the_door_too(void **state)
{
    new_person(NULL, "provider@example.com", ROLE_PROVIDER);
    struct sign_up s = newcomer("jan@example.com");
    struct signed_up who;
    assert_refused(WRITE(user_sign_up(house.db, &s, &who, &house.e)), ST_FORBIDDEN, "closed");
}

static void an_email_is_taken_in_any_letter_case(void **state)
{
    const char *o = new_organization("O");
    new_person(o, "Jan@Example.com", ROLE_ADMIN);
    struct scope by = admin_of(o, "boss@example.com");
    struct user_new n = {
        .name = STR("X"), .email = STR("jAN@eXample.COM"), .role = ROLE_USER, .password_hash = STR("hash")};
    char id[ID_CAP] = "untouched";
    assert_refused(WRITE(user_create(house.db, by, &n, id, &house.e)), ST_CONFLICT, "already in use");
    assert_string_equal(id, "untouched");
}

/* Two browsers at once, on the real writer. */
struct racer {
    pthread_t thread;
    struct store *store;
    struct sign_up sign_up;
    struct signed_up who;
    status st;
};

static status race_run(struct db *db, void *ctx)
{
    struct racer *r = ctx;
    return user_sign_up(db, &r->sign_up, &r->who, NULL);
}

static void *race(void *ctx)
{
    struct racer *r = ctx;
    r->st = store_write(r->store, race_run, r);
    return NULL;
}

static void of_two_first_sign_ups_one_is_second(void **state)
{
    for (int round = 0; round < 5; round++) {
        char folder[] = "/tmp/mai-race-XXXXXX", command[64];
        struct store *store;
        struct racer r[2] = {{.sign_up = newcomer("a@example.com")}, {.sign_up = newcomer("b@example.com")}};
        assert_non_null(mkdtemp(folder));
        struct store_conf conf = {.data_dir = str_c(folder)};
        assert_st(store_open(&conf, &store, &house.e), ST_OK);
        for (int i = 0; i < 2; i++) {
            r[i].store = store;
            assert_int_equal(pthread_create(&r[i].thread, NULL, race, &r[i]), 0);
        }
        for (int i = 0; i < 2; i++)
            pthread_join(r[i].thread, NULL);
        store_close(store);
        snprintf(command, sizeof command, "rm -rf %s", folder);
        assert_int_equal(system(command), 0);
        int winner = r[0].st == ST_OK ? 0 : 1;
        assert_st(r[winner].st, ST_OK);
        assert_int_equal(r[winner].who.role, ROLE_ADMIN);
        assert_st(r[1 - winner].st, ST_FORBIDDEN);
    }
}

/* ---- invitations ---- */

static struct invitation_made invite(struct scope by, const char *email, enum role role)
{
    struct invitation_made made;
    assert_st(WRITE(invitation_create(house.db, by, str_c(email), role, &made, &house.e)), ST_OK);
    return made;
}

static void an_invitation_lets_one_person_in(void **state)
{
    const char *o = new_organization("Firma");
    new_organization("Other");
    struct scope by = admin_of(o, "boss@example.com");
    struct invitation_made made = invite(by, "Ewa@Example.com", ROLE_USER);
    struct invitation_offer offer;
    assert_st(invitation_by_token(house.db, str_c(made.token), clock_now_ms(), &house.arena, &offer, &house.e), ST_OK);
    assert_str(offer.organization_name, STR("Firma"));
    assert_str(offer.email, STR("Ewa@Example.com"));

    struct sign_up wrong = newcomer("eve@example.com"), s = newcomer("ewa@example.com");
    struct signed_up who;
    wrong.invitation = s.invitation = str_c(made.token);
    assert_refused(WRITE(user_sign_up(house.db, &wrong, &who, &house.e)), ST_FORBIDDEN, "another e-mail");
    assert_st(WRITE(user_sign_up(house.db, &s, &who, &house.e)), ST_OK);
    assert_string_equal(who.organization_id, o);
    assert_int_equal(who.role, ROLE_USER);
    s.email = STR("again@example.com");
    assert_refused(WRITE(user_sign_up(house.db, &s, &who, &house.e)), ST_FORBIDDEN, "not valid any more");
    assert_st(invitation_by_token(house.db, str_c(made.token), clock_now_ms(), &house.arena, &offer, &house.e),
              ST_NOT_FOUND);
}

static void invitations_end_by_time_deletion_and_a_disabled_organization(void **state)
{
    const char *o = new_organization("Firma");
    struct scope by = admin_of(o, "boss@example.com");
    struct invitation_made late = invite(by, NULL, ROLE_USER), gone = invite(by, NULL, ROLE_ADMIN);
    struct sign_up s = newcomer("ewa@example.com");
    struct signed_up who;
    s.invitation = str_c(gone.token);
    assert_st(WRITE(organization_set_disabled(house.db, HOST_SCOPE, str_c(o), true, &house.e)), ST_OK);
    assert_st(WRITE(user_sign_up(house.db, &s, &who, &house.e)), ST_FORBIDDEN);
    assert_st(WRITE(organization_set_disabled(house.db, HOST_SCOPE, str_c(o), false, &house.e)), ST_OK);
    assert_st(WRITE(invitation_delete(house.db, by, str_c(gone.id), &house.e)), ST_OK);
    assert_st(WRITE(user_sign_up(house.db, &s, &who, &house.e)), ST_FORBIDDEN);
    s.invitation = str_c(late.token);
    clock_set_offset_ms(INVITATION_LIFE_MS + 1000);
    assert_st(WRITE(user_sign_up(house.db, &s, &who, &house.e)), ST_FORBIDDEN);
    clock_set_offset_ms(INVITATION_LIFE_MS - 60000);
    assert_st(WRITE(user_sign_up(house.db, &s, &who, &house.e)), ST_OK);
}

/* ---- roles ---- */

static void only_admins_administer(void **state)
{
    const char *o = new_organization("Firma");
    struct scope boss = admin_of(o, "boss@example.com");
    const char *ewa = new_person(o, "ewa@example.com", ROLE_USER);
    enum role roles[] = {ROLE_PENDING, ROLE_USER};
    for (size_t i = 0; i < COUNT_OF(roles); i++) {
        struct scope by = scope_of(o, ewa, roles[i]);
        struct user_new n = {
            .name = STR("X"), .email = STR("x@x"), .role = ROLE_USER, .password_hash = STR("hash")};
        struct user_change c = {.set_role = true, .role = ROLE_ADMIN};
        struct user_page page;
        struct invitation_made made;
        char id[ID_CAP];
        str target = str_c(boss.user_id);
        assert_st(WRITE(user_create(house.db, by, &n, id, &house.e)), ST_FORBIDDEN);
        assert_st(WRITE(user_update(house.db, by, str_c(ewa), &c, &house.e)), ST_FORBIDDEN);
        assert_st(WRITE(user_set_disabled(house.db, by, target, true, &house.e)), ST_FORBIDDEN);
        assert_st(WRITE(user_reset(house.db, by, target, STR("h"), &house.e)), ST_FORBIDDEN);
        assert_st(WRITE(user_delete(house.db, by, target, &house.e)), ST_FORBIDDEN);
        assert_st(user_list(house.db, by, &(struct user_query){}, &house.arena, &page, &house.e), ST_FORBIDDEN);
        assert_st(WRITE(invitation_create(house.db, by, STR_NONE, ROLE_ADMIN, &made, &house.e)), ST_FORBIDDEN);
        struct user u;
        assert_st(user_read(house.db, by, str_c(ewa), &house.arena, &u, &house.e), ST_OK);
        assert_st(user_read(house.db, by, target, &house.arena, &u, &house.e), ST_NOT_FOUND);
    }
    assert_int_equal(user_now(ewa).role, ROLE_USER);
}

static void nobody_becomes_provider_inside(void **state)
{
    const char *o = new_organization("Firma");
    struct scope boss = admin_of(o, "boss@example.com");
    const char *ewa = new_person(o, "ewa@example.com", ROLE_USER);
    struct user_new n = {
        .name = STR("X"), .email = STR("x@x"), .role = ROLE_PROVIDER, .password_hash = STR("hash")};
    struct user_change c = {.set_role = true, .role = ROLE_PROVIDER};
    struct invitation_made made;
    char id[ID_CAP];
    assert_refused(WRITE(user_create(house.db, boss, &n, id, &house.e)), ST_UNPROCESSABLE, "on the host");
    assert_refused(WRITE(user_update(house.db, boss, str_c(ewa), &c, &house.e)), ST_UNPROCESSABLE, "on the host");
    assert_st(WRITE(invitation_create(house.db, boss, STR_NONE, ROLE_PROVIDER, &made, &house.e)), ST_UNPROCESSABLE);
    assert_st(WRITE(user_host_set_role(house.db, HOST_SCOPE, str_c(ewa), ROLE_PROVIDER, &house.e)), ST_UNPROCESSABLE);
}

static void a_signed_in_provider_gives_a_first_admin_and_no_more(void **state)
{
    const char *o = new_organization("Firma");
    admin_of(new_organization("Other"), "other@example.com");
    struct user_new n = {.organization_id = str_c(o),
                         .name = STR("Boss"),
                         .email = STR("boss@example.com"),
                         .role = ROLE_USER,
                         .password_hash = STR("hash"),
                         .must_change_password = true};
    char id[ID_CAP];
    assert_st(WRITE(user_provider_create(house.db, WEB_PROVIDER, &n, id, &house.e)), ST_FORBIDDEN);
    n.role = ROLE_ADMIN;
    assert_st(WRITE(user_provider_create(house.db, WEB_PROVIDER, &n, id, &house.e)), ST_OK);
    assert_true(user_now(id).must_change_password);
    n.email = STR("second@example.com");
    assert_refused(WRITE(user_provider_create(house.db, WEB_PROVIDER, &n, id, &house.e)), ST_CONFLICT, "already");
    n.role = ROLE_PROVIDER;
    n.organization_id = STR_NONE;
    assert_st(WRITE(user_provider_create(house.db, WEB_PROVIDER, &n, id, &house.e)), ST_FORBIDDEN);
    assert_st(WRITE(user_provider_create(house.db, HOST_SCOPE, &n, id, &house.e)), ST_OK);
    struct user *all;
    size_t count;
    assert_st(user_host_list(house.db, WEB_PROVIDER, STR_NONE, &house.arena, &all, &count, &house.e), ST_FORBIDDEN);
    assert_st(WRITE(user_host_reset(house.db, WEB_PROVIDER, str_c(id), STR("h"), &house.e)), ST_FORBIDDEN);
    assert_st(user_host_list(house.db, HOST_SCOPE, STR_NONE, &house.arena, &all, &count, &house.e), ST_OK);
    assert_int_equal(count, 3);
    assert_st(user_host_list(house.db, HOST_SCOPE, str_c(o), &house.arena, &all, &count, &house.e), ST_OK);
    assert_int_equal(count, 1);
    assert_str(all[0].email, STR("boss@example.com"));
}

static void the_last_admin_stays(void **state)
{
    const char *o = new_organization("Firma");
    struct scope boss = admin_of(o, "boss@example.com");
    const char *second = new_person(o, "second@example.com", ROLE_ADMIN);
    str id = str_c(second);
    admin_of(new_organization("Other"), "other@example.com"); /* counts for nothing here */
    struct user_change demote = {.set_role = true, .role = ROLE_USER};
    assert_st(WRITE(user_set_disabled(house.db, boss, id, true, &house.e)), ST_OK);
    struct scope as_second = scope_of(o, second, ROLE_ADMIN);
    assert_refused(WRITE(user_delete(house.db, as_second, str_c(boss.user_id), &house.e)), ST_CONFLICT, "last admin");
    assert_refused(WRITE(user_update(house.db, as_second, str_c(boss.user_id), &demote, &house.e)), ST_CONFLICT,
                   "last admin");
    assert_refused(WRITE(user_set_disabled(house.db, as_second, str_c(boss.user_id), true, &house.e)), ST_CONFLICT,
                   "last admin");
    assert_st(WRITE(user_host_delete(house.db, HOST_SCOPE, str_c(boss.user_id), &house.e)), ST_CONFLICT);
    assert_st(WRITE(user_set_disabled(house.db, boss, id, false, &house.e)), ST_OK);
    assert_st(WRITE(user_delete(house.db, as_second, str_c(boss.user_id), &house.e)), ST_OK);
}

static void nobody_disables_deletes_or_demotes_oneself(void **state)
{
    const char *o = new_organization("Firma");
    struct scope boss = admin_of(o, "boss@example.com");
    new_person(o, "second@example.com", ROLE_ADMIN);
    str me = str_c(boss.user_id);
    struct user_change demote = {.set_role = true, .role = ROLE_USER};
    assert_refused(WRITE(user_delete(house.db, boss, me, &house.e)), ST_CONFLICT, "your own");
    assert_refused(WRITE(user_set_disabled(house.db, boss, me, true, &house.e)), ST_CONFLICT, "your own");
    assert_refused(WRITE(user_update(house.db, boss, me, &demote, &house.e)), ST_CONFLICT, "your own");
    struct user_change rename = {.set_name = true, .name = STR("New"), .set_role = true, .role = ROLE_ADMIN};
    assert_st(WRITE(user_update(house.db, boss, me, &rename, &house.e)), ST_OK);
    assert_str(user_now(boss.user_id).name, STR("New"));
}

static void a_change_is_made_whole_or_not_at_all(void **state)
{
    const char *o = new_organization("Firma");
    struct scope boss = admin_of(o, "boss@example.com");
    const char *ewa = new_person(o, "ewa@example.com", ROLE_USER);
    struct user_change c = {.set_name = true,
                            .name = STR("Other"),
                            .set_email = true,
                            .email = STR("BOSS@example.com"),
                            .set_role = true,
                            .role = ROLE_ADMIN};
    assert_st(WRITE(user_update(house.db, boss, str_c(ewa), &c, &house.e)), ST_CONFLICT);
    struct user u = user_now(ewa);
    assert_str(u.name, STR("ewa"));
    assert_int_equal(u.role, ROLE_USER);
}

/* ---- lists ---- */

static void lists_search_order_and_count(void **state)
{
    const char *o = new_organization("Firma"), *other = new_organization("Other");
    struct scope boss = admin_of(o, "zz@example.com");
    static const char *const people[] = {"łukasz@example.com", "100%_sure@example.com", "bob@example.com",
                                         "Ądam@example.com"};
    for (size_t i = 0; i < COUNT_OF(people); i++)
        new_person(o, people[i], ROLE_USER);
    new_person(other, "bob@other.example", ROLE_USER);
    struct user_page page;
    struct user_query q = {.text = STR("ŁUK")};
    assert_st(user_list(house.db, boss, &q, &house.arena, &page, &house.e), ST_OK);
    assert_int_equal(page.total, 1);
    assert_str(page.rows[0].name, STR("łukasz"));
    q.text = STR("%_");
    assert_st(user_list(house.db, boss, &q, &house.arena, &page, &house.e), ST_OK);
    assert_int_equal(page.total, 1);
    assert_str(page.rows[0].name, STR("100%_sure"));
    q.text = STR("BOB@");
    assert_st(user_list(house.db, boss, &q, &house.arena, &page, &house.e), ST_OK);
    assert_int_equal(page.total, 1);
    q.text = STR("nobody");
    assert_st(user_list(house.db, boss, &q, &house.arena, &page, &house.e), ST_OK);
    assert_int_equal(page.total, 0);
}

static void pages_cover_everybody_once_in_every_order(void **state)
{
    const char *o = new_organization("Firma");
    struct scope boss = admin_of(o, "zz@example.com");
    char email[32];
    for (int i = 0; i < 11; i++) {
        snprintf(email, sizeof email, "p%02d@example.com", i * 7 % 11);
        new_person(o, email, i % 2 ? ROLE_USER : ROLE_PENDING);
    }
    for (int order = 0; order < 5; order++)
        for (int descending = 0; descending < 2; descending++) {
            str seen[12];
            size_t n = 0;
            struct user_query q = {.order = order, .is_descending = descending, .per_page = 5};
            for (q.page = 1; q.page <= 3; q.page++) {
                struct user_page page;
                assert_st(user_list(house.db, boss, &q, &house.arena, &page, &house.e), ST_OK);
                assert_int_equal(page.total, 12);
                for (size_t i = 0; i < page.count; i++) {
                    for (size_t k = 0; k < n; k++)
                        assert_false(str_eq(seen[k], page.rows[i].id));
                    if (order == USER_BY_EMAIL && i != 0)
                        assert_true((str_cmp(page.rows[i - 1].email, page.rows[i].email) < 0) == !descending);
                    seen[n++] = page.rows[i].id;
                }
            }
            assert_int_equal(n, 12);
        }
}

/* ---- leaving ---- */

static void a_deleted_person_leaves_a_tombstone_without_anything_personal(void **state)
{
    const char *o = new_organization("Firma");
    struct scope boss = admin_of(o, "boss@example.com");
    const char *ewa = new_person(o, "ewa.canary@example.com", ROLE_USER);
    struct own_scope own = own_scope_make(str_c(ewa));
    struct user_change image = {.set_profile_image_url = true, .profile_image_url = STR("/canary.png"),
                                .set_locale = true, .locale = STR("pl")};
    struct organization_change api = {.set_api_access = true, .has_api_access = true};
    struct api_key_made key;
    assert_st(WRITE(user_own_update(house.db, own, &image, &house.e)), ST_OK);
    assert_st(WRITE(user_own_settings_write(house.db, own, STR("{\"ui\":\"canary\"}"), &house.e)), ST_OK);
    assert_st(WRITE(organization_set(house.db, HOST_SCOPE, str_c(o), &api, &house.e)), ST_OK);
    struct api_key_made other_key;
    assert_st(WRITE(api_key_create(house.db, scope_of(o, ewa, ROLE_USER), STR("canary key"), &key, &house.e)), ST_OK);
    assert_st(WRITE(api_key_create(house.db, boss, STR("stays"), &other_key, &house.e)), ST_OK);
    const char *token = new_session(ewa);
    str external = user_now(ewa).external_user;

    assert_st(WRITE(user_delete(house.db, boss, str_c(ewa), &house.e)), ST_OK);
    struct user u;
    struct principal *p;
    assert_st(user_read(house.db, boss, str_c(ewa), &house.arena, &u, &house.e), ST_NOT_FOUND);
    assert_st(principal_load(house.db, &house.master, str_c(token), clock_now_ms(), &p, &house.e), ST_UNAUTHENTICATED);
    assert_st(principal_load(house.db, &house.master, str_c(key.token), clock_now_ms(), &p, &house.e),
              ST_UNAUTHENTICATED);
    assert_int_equal(number_of("SELECT COUNT(*) FROM users WHERE deleted_ms IS NOT NULL AND organization_id IS NOT NULL"
                               " AND email IS NULL AND email_folded IS NULL AND name IS NULL AND name_folded IS NULL"
                               " AND password_hash = '' AND settings_json = '{}' AND profile_image_url IS NULL"
                               " AND locale IS NULL AND last_active_ms IS NULL"), 1);
    assert_int_equal(number_of("SELECT COUNT(*) FROM api_keys WHERE name LIKE '%canary%'"), 0);
    assert_int_equal(number_of("SELECT COUNT(*) FROM api_keys WHERE revoked_ms IS NULL"), 1);
    assert_st(principal_load(house.db, &house.master, str_c(other_key.token), clock_now_ms(), &p, &house.e), ST_OK);
    principal_unref(p);
    assert_int_equal(number_of("SELECT COUNT(*) FROM web_sessions"), 0);
    char query[160];
    snprintf(query, sizeof query, "SELECT COUNT(*) FROM users WHERE external_user = '%.*s'", STR_ARG(external));
    assert_int_equal(number_of(query), 1);
    new_person(o, "ewa.canary@example.com", ROLE_USER); /* the address is free */
}

/* ---- the own account ---- */

static void the_own_profile_can_change_but_not_role_or_email(void **state)
{
    const char *o = new_organization("Firma");
    const char *ewa = new_person(o, "ewa@example.com", ROLE_USER);
    struct own_scope own = own_scope_make(str_c(ewa));
    struct user_change role = {.set_role = true, .role = ROLE_ADMIN}, email = {.set_email = true, .email = STR("x@y")},
                       password = {.password_hash = STR("h")}, name = {.set_name = true, .name = STR("  Ewa Żak ")};
    assert_st(WRITE(user_own_update(house.db, own, &role, &house.e)), ST_FORBIDDEN);
    assert_st(WRITE(user_own_update(house.db, own, &email, &house.e)), ST_FORBIDDEN);
    assert_st(WRITE(user_own_update(house.db, own, &password, &house.e)), ST_FORBIDDEN);
    assert_st(WRITE(user_own_update(house.db, own, &name, &house.e)), ST_OK);
    assert_str(user_now(ewa).name, STR("Ewa Żak"));
    str json;
    assert_st(user_own_settings_read(house.db, own, &house.arena, &json, &house.e), ST_OK);
    assert_str(json, STR("{}"));
}

static void a_one_time_password_must_be_changed(void **state)
{
    const char *o = new_organization("Firma");
    struct scope boss = admin_of(o, "boss@example.com");
    const char *ewa = new_person(o, "ewa@example.com", ROLE_USER);
    struct own_scope own = own_scope_make(str_c(ewa));
    assert_st(WRITE(user_reset(house.db, boss, str_c(ewa), STR("one-time"), &house.e)), ST_OK);
    assert_true(user_now(ewa).must_change_password);
    assert_refused(WRITE(user_own_set_password(house.db, own, STR("hash"), STR("new"), &house.e)), ST_CONFLICT,
                   "meanwhile");
    assert_st(WRITE(user_own_set_password(house.db, own, STR("one-time"), STR("new"), &house.e)), ST_OK);
    assert_false(user_now(ewa).must_change_password);
}

/* ---- accounts from the environment ---- */

static void start_accounts_are_made_once_and_never_reset(void **state)
{
    struct user_new admin = {.name = STR("Boss"), .email = STR("boss@example.com"), .password_hash = STR("one")};
    struct user_new provider = {.name = STR("P"), .email = STR("p@example.com"), .password_hash = STR("one")};
    markup m = {1300000};
    for (int start = 0; start < 2; start++) {
        bool is_due = false;
        assert_st(start_account_is_due(house.db, TEST, START_FIRST_ADMIN, admin.email, &is_due, &house.e), ST_OK);
        assert_int_equal(is_due, start == 0);
        assert_st(WRITE(start_account_create(house.db, TEST, START_FIRST_ADMIN, &admin, m, &house.e)), ST_OK);
        assert_st(WRITE(start_account_create(house.db, TEST, START_PROVIDER, &provider, m, &house.e)), ST_OK);
        admin.password_hash = provider.password_hash = STR("two");
    }
    assert_int_equal(number_of("SELECT COUNT(*) FROM users WHERE password_hash = 'one'"), 2);
    assert_int_equal(number_of("SELECT COUNT(*) FROM users"), 2);
    assert_int_equal(number_of("SELECT COUNT(*) FROM organizations"), 1);
    provider.email = STR("BOSS@example.com");
    assert_refused(WRITE(start_account_create(house.db, TEST, START_PROVIDER, &provider, m, &house.e)), ST_CONFLICT,
                   "person of a client");
}

static void the_first_admin_enters_the_oldest_organization(void **state)
{
    const char *o = new_organization("Company ABC");
    struct user_new admin = {.name = STR("Boss"), .email = STR("boss@example.com"), .password_hash = STR("one")};
    assert_st(WRITE(start_account_create(house.db, TEST, START_FIRST_ADMIN, &admin, (markup){1300000}, &house.e)),
              ST_OK);
    struct user u;
    assert_st(user_host_find(house.db, HOST_SCOPE, STR("BOSS@example.com"), &house.arena, &u, &house.e), ST_OK);
    assert_str(u.organization_id, str_c(o));
}

#define T(f) cmocka_unit_test_setup_teardown(f, house_open, house_close)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_first_person_is_admin_of_a_new_organization),
        T(sign_up_closes_behind_the_first),
        T(enabled_sign_up_enters_the_one_organization_as_the_default_role),
        T(a_provider_account_closes_the_door_too),
        T(an_email_is_taken_in_any_letter_case),
        T(of_two_first_sign_ups_one_is_second),
        T(an_invitation_lets_one_person_in),
        T(invitations_end_by_time_deletion_and_a_disabled_organization),
        T(only_admins_administer),
        T(nobody_becomes_provider_inside),
        T(a_signed_in_provider_gives_a_first_admin_and_no_more),
        T(the_last_admin_stays),
        T(nobody_disables_deletes_or_demotes_oneself),
        T(a_change_is_made_whole_or_not_at_all),
        T(lists_search_order_and_count),
        T(pages_cover_everybody_once_in_every_order),
        T(a_deleted_person_leaves_a_tombstone_without_anything_personal),
        T(the_own_profile_can_change_but_not_role_or_email),
        T(a_one_time_password_must_be_changed),
        T(start_accounts_are_made_once_and_never_reset),
        T(the_first_admin_enters_the_oldest_organization),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

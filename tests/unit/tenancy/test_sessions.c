/* Tokens and their ends, passwords at the door, and what a principal holds. */
#include "fixture.h"

static status load(const char *token, struct principal **out)
{
    house.e = (struct err){};
    return principal_load(house.db, &house.master, str_c(token), clock_now_ms(), out, &house.e);
}

static void assert_in(const char *token)
{
    struct principal *p;
    assert_st(load(token, &p), ST_OK);
    principal_unref(p);
}

static void assert_out(const char *token)
{
    struct principal *p = NULL;
    assert_refused(load(token, &p), ST_UNAUTHENTICATED, "not valid any more");
    assert_null(p);
}

static const char *hashed(const char *password)
{
    char hash[PASSWORD_HASH_CAP];
    assert_st(password_hash(str_c(password), hash), ST_OK);
    return arena_z(&house.arena, str_c(hash));
}

static const char *person_with_password(const char *organization, const char *email, const char *password)
{
    const char *id = new_person(organization, email, ROLE_ADMIN);
    assert_st(WRITE(user_own_set_password(house.db, own_scope_make(str_c(id)), STR("hash"), str_c(hashed(password)),
                                          &house.e)),
              ST_OK);
    return id;
}

/* ---- web sessions ---- */

static void a_session_ends_after_seven_idle_days(void **state)
{
    const char *token = new_session(new_person(new_organization("O"), "a@example.com", ROLE_ADMIN));
    assert_true(strncmp(token, SESSION_TOKEN_PREFIX, strlen(SESSION_TOKEN_PREFIX)) == 0);
    assert_in(token);
    clock_set_offset_ms(SESSION_IDLE_MS - 60000);
    assert_in(token);
    clock_set_offset_ms(SESSION_IDLE_MS + 1000);
    assert_out(token);
}

static void use_prolongs_a_session_up_to_thirty_days(void **state)
{
    const char *id = new_person(new_organization("O"), "a@example.com", ROLE_ADMIN);
    const char *token = new_session(id);
    for (int day = 1; day < 30; day++) {
        struct principal *p;
        clock_set_offset_ms(day * MS_PER_DAY);
        assert_st(load(token, &p), ST_OK);
        assert_st(WRITE(session_touch(house.db, principal_own(p), str_c(p->credential_id), clock_now_ms())), ST_OK);
        principal_unref(p);
    }
    clock_set_offset_ms(30 * MS_PER_DAY + 1000);
    assert_out(token);
    assert_st(WRITE(session_sweep(house.db, TEST, clock_now_ms())), ST_OK);
    assert_int_equal(number_of("SELECT COUNT(*) FROM web_sessions"), 0);
}

static void a_touch_is_written_every_few_minutes_only(void **state)
{
    const char *id = new_person(new_organization("O"), "a@example.com", ROLE_ADMIN);
    struct principal *p;
    assert_st(load(new_session(id), &p), ST_OK);
    int64_t start = p->last_seen_ms;
    struct own_scope own = principal_own(p);
    assert_st(WRITE(session_touch(house.db, own, str_c(p->credential_id), start + 60000)), ST_OK);
    assert_true(number_of("SELECT last_seen_ms FROM web_sessions") == start);
    assert_st(WRITE(session_touch(house.db, own, str_c(p->credential_id), start + SESSION_TOUCH_MS)), ST_OK);
    assert_true(number_of("SELECT last_seen_ms FROM web_sessions") == start + SESSION_TOUCH_MS);
    assert_true(user_now(id).last_active_ms == start + SESSION_TOUCH_MS);
    principal_unref(p);
}

static void sessions_are_listed_and_revoked_by_their_owner(void **state)
{
    const char *o = new_organization("O");
    const char *ewa = new_person(o, "a@example.com", ROLE_ADMIN), *eve = new_person(o, "b@example.com", ROLE_ADMIN);
    const char *first = new_session(ewa), *second = new_session(ewa), *foreign = new_session(eve);
    struct own_scope own = own_scope_make(str_c(ewa));
    struct session *list;
    size_t count;
    assert_st(session_list(house.db, own, &house.arena, &list, &count), ST_OK);
    assert_int_equal(count, 2);
    assert_str(list[0].user_agent, STR("Browser"));
    struct principal *p;
    assert_st(load(second, &p), ST_OK);
    assert_st(WRITE(session_end_others(house.db, own, str_c(p->credential_id))), ST_OK);
    assert_out(first);
    assert_in(second);
    assert_in(foreign);
    assert_st(WRITE(session_end(house.db, own_scope_make(str_c(eve)), str_c(p->credential_id), &house.e)),
              ST_NOT_FOUND);
    assert_st(WRITE(session_end(house.db, own, str_c(p->credential_id), &house.e)), ST_OK);
    assert_out(second);
    principal_unref(p);
}

static void sessions_end_when_access_changes(void **state)
{
    const char *o = new_organization("O");
    struct scope boss = admin_of(o, "boss@example.com");
    const char *ewa = new_person(o, "ewa@example.com", ROLE_USER);
    struct user_change changes[] = {
        {.set_role = true, .role = ROLE_ADMIN},
        {.password_hash = STR("other")},
        {.set_email = true, .email = STR("new@example.com")},
    };
    for (size_t i = 0; i < COUNT_OF(changes); i++) {
        const char *token = new_session(ewa), *other = new_session(boss.user_id);
        assert_st(WRITE(user_update(house.db, boss, str_c(ewa), &changes[i], &house.e)), ST_OK);
        assert_out(token);
        assert_in(other);
    }
    struct user_change name = {.set_name = true, .name = STR("Same")};
    const char *token = new_session(ewa);
    assert_st(WRITE(user_update(house.db, boss, str_c(ewa), &name, &house.e)), ST_OK);
    assert_in(token);
    assert_st(WRITE(user_reset(house.db, boss, str_c(ewa), STR("third"), &house.e)), ST_OK);
    assert_out(token);
    token = new_session(ewa);
    assert_st(WRITE(user_set_disabled(house.db, boss, str_c(ewa), true, &house.e)), ST_OK);
    assert_out(token);
    struct identity who = identity_of_own(own_scope_make(str_c(ewa)));
    struct session_made made;
    assert_refused(WRITE(session_create(house.db, &who, STR(""), STR(""), &made, &house.e)), ST_FORBIDDEN, "disabled");
}

static void a_person_has_at_most_a_hundred_sessions(void **state)
{
    const char *id = new_person(new_organization("O"), "a@example.com", ROLE_ADMIN);
    const char *other = new_person(new_organization("P"), "b@example.com", ROLE_ADMIN);
    const char *early = new_session(other);
    for (int i = 0; i < 105; i++)
        new_session(id);
    new_session(other);
    assert_in(early);
    assert_int_equal(number_of("SELECT COUNT(*) FROM web_sessions"), 102);
}

static void garbage_tokens_are_all_refused_alike(void **state)
{
    static const char *const tokens[] = {"", "mai_s_", "sk-mai-", "x", "mai_s_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                         "sk-mai-' OR 1=1 --", "Bearer mai_s_x"};
    for (size_t i = 0; i < COUNT_OF(tokens); i++)
        assert_out(tokens[i]);
    char big[5000];
    memset(big, 'a', sizeof big - 1);
    memcpy(big, "mai_s_", 6);
    big[sizeof big - 1] = '\0';
    assert_out(big);
}

/* ---- API keys ---- */

static void api_keys_need_the_switch(void **state)
{
    const char *o = new_organization("O");
    const char *ewa = new_person(o, "ewa@example.com", ROLE_USER);
    struct scope by = scope_of(o, ewa, ROLE_USER);
    struct organization_change on = {.set_api_access = true, .has_api_access = true}, off = {.set_api_access = true};
    struct api_key_made made;
    struct principal *p;
    assert_refused(WRITE(api_key_create(house.db, by, STR("laptop"), &made, &house.e)), ST_FORBIDDEN, "API access");
    assert_st(WRITE(organization_set(house.db, HOST_SCOPE, str_c(o), &on, &house.e)), ST_OK);
    assert_st(WRITE(api_key_create(house.db, scope_of(o, ewa, ROLE_PENDING), STR("x"), &made, &house.e)), ST_FORBIDDEN);
    assert_st(WRITE(api_key_create(house.db, by, STR("laptop"), &made, &house.e)), ST_OK);
    assert_st(load(made.token, &p), ST_OK);
    assert_int_equal(p->credential, CREDENTIAL_API_KEY);
    assert_string_equal(p->credential_id, made.id);
    assert_true(p->expires_ms == INT64_MAX);
    principal_unref(p);
    assert_string_equal(made.last4, made.token + strlen(made.token) - 4);
    assert_int_equal(number_of("SELECT COUNT(*) FROM api_keys WHERE token_hash LIKE 'sk-mai%'"), 0);
    assert_st(WRITE(organization_set(house.db, HOST_SCOPE, str_c(o), &off, &house.e)), ST_OK);
    assert_refused(load(made.token, &p), ST_FORBIDDEN, "API access");
    assert_st(WRITE(organization_set(house.db, HOST_SCOPE, str_c(o), &on, &house.e)), ST_OK);
    assert_st(WRITE(organization_set_disabled(house.db, HOST_SCOPE, str_c(o), true, &house.e)), ST_OK);
    assert_refused(load(made.token, &p), ST_FORBIDDEN, "disabled");
    assert_st(WRITE(organization_set_disabled(house.db, HOST_SCOPE, str_c(o), false, &house.e)), ST_OK);
    assert_st(WRITE(api_key_revoke(house.db, by, str_c(made.id), &house.e)), ST_OK);
    assert_out(made.token);
    struct api_key *list;
    size_t count;
    assert_st(api_key_list(house.db, by, &house.arena, &list, &count), ST_OK);
    assert_int_equal(count, 0);
}

/* ---- principals ---- */

static void a_principal_holds_all_a_call_needs(void **state)
{
    const char *o = new_organization("Firma Żółw");
    struct scope boss = admin_of(o, "boss@example.com");
    struct organization_change c = {.set_timezone = true,
                                    .timezone = STR("Europe/Warsaw"),
                                    .set_deny_data_collection = true,
                                    .deny_data_collection = true,
                                    .set_markup = true,
                                    .markup = {1500000}};
    assert_st(WRITE(organization_set(house.db, HOST_SCOPE, str_c(o), &c, &house.e)), ST_OK);
    struct principal *p;
    assert_st(load(new_session(boss.user_id), &p), ST_OK);
    assert_false(p->is_provider);
    assert_string_equal(p->scope.organization_id, o);
    assert_string_equal(p->scope.user_id, boss.user_id);
    assert_int_equal(p->scope.role, ROLE_ADMIN);
    assert_string_equal(p->organization_name, "Firma Żółw");
    assert_string_equal(p->user_email, "boss@example.com");
    assert_str(str_c(p->external_user), user_now(boss.user_id).external_user);
    assert_str(zone_name(p->zone), STR("Europe/Warsaw"));
    assert_true(p->deny_data_collection && !p->zero_data_retention && !p->allows_extras && !p->has_api_access);
    assert_int_equal(p->markup.ppm, 1500000);
    assert_string_equal(p->key_text, "");
    struct principal *again = principal_ref(p);
    principal_unref(p);
    assert_string_equal(again->user_name, "boss");
    principal_unref(again);
    principal_unref(NULL);
}

static void a_providers_principal_has_no_organization(void **state)
{
    const char *id = new_person(NULL, "p@example.com", ROLE_PROVIDER);
    struct principal *p;
    assert_st(load(new_session(id), &p), ST_OK);
    assert_true(p->is_provider);
    assert_string_equal(p->provider.user_id, id);
    assert_string_equal(p->scope.organization_id, "");
    assert_string_equal(principal_own(p).user_id, id);
    principal_unref(p);
}

static void a_disabled_organization_is_told_but_not_served(void **state)
{
    const char *o = new_organization("O");
    const char *token = new_session(new_person(o, "a@example.com", ROLE_ADMIN));
    assert_st(WRITE(organization_set_disabled(house.db, HOST_SCOPE, str_c(o), true, &house.e)), ST_OK);
    struct principal *p;
    assert_st(load(token, &p), ST_OK);
    assert_true(p->is_organization_disabled);
    principal_unref(p);
    assert_st(WRITE(organization_delete(house.db, HOST_SCOPE, str_c(o), &house.e)), ST_OK);
    assert_out(token);
}

static void the_longest_names_fit(void **state)
{
    char name[201 * 4];
    for (size_t i = 0; i < 200 * 4; i += 4)
        memcpy(name + i, "𝒳", 4);
    name[800] = '\0';
    const char *o = new_organization(name);
    const char *id = new_person(o, "a@example.com", ROLE_ADMIN);
    struct user_change c = {.set_name = true, .name = str_c(name)};
    assert_st(WRITE(user_own_update(house.db, own_scope_make(str_c(id)), &c, &house.e)), ST_OK);
    struct principal *p;
    assert_st(load(new_session(id), &p), ST_OK);
    assert_string_equal(p->user_name, name);
    assert_string_equal(p->organization_name, name);
    principal_unref(p);
}

/* ---- passwords ---- */

static status sign_in(struct login_limiter *l, const char *email, const char *password, struct identity *out)
{
    struct login in = {str_c(email), str_c(password), STR("192.0.2.1")};
    house.e = (struct err){};
    return login_password(house.db, l, &in, out, NULL, &house.e);
}

static void a_wrong_password_and_an_unknown_person_look_alike(void **state)
{
    struct login_limiter *l = login_limiter_new();
    struct identity who;
    char words[2][sizeof house.e.text];
    int64_t took[2], start;
    const char *id = person_with_password(new_organization("O"), "ewa@example.com", "right password");
    assert_st(sign_in(l, " EWA@example.com ", "right password", &who), ST_OK);
    assert_string_equal(who.user_id, id);
    start = clock_mono_us();
    assert_st(sign_in(l, "ewa@example.com", "wrong password", &who), ST_BAD_REQUEST);
    took[0] = clock_mono_us() - start;
    memcpy(words[0], house.e.text, sizeof words[0]);
    start = clock_mono_us();
    assert_st(sign_in(l, "nobody@example.com", "wrong password", &who), ST_BAD_REQUEST);
    took[1] = clock_mono_us() - start;
    memcpy(words[1], house.e.text, sizeof words[1]);
    assert_string_equal(words[0], words[1]);
    if (took[1] * 5 < took[0])
        fail_msg("unknown %lld us, wrong %lld us", (long long)took[1], (long long)took[0]);
    assert_st(sign_in(l, "", "", &who), ST_BAD_REQUEST);
    assert_st(sign_in(l, "\xff\xfe@x", "x", &who), ST_BAD_REQUEST);
    login_limiter_free(l);
}

static void a_disabled_person_learns_it_after_the_right_password_only(void **state)
{
    struct login_limiter *l = login_limiter_new();
    struct identity who;
    const char *o = new_organization("O");
    struct scope boss = admin_of(o, "boss@example.com");
    const char *id = person_with_password(o, "ewa@example.com", "right password");
    assert_st(WRITE(user_set_disabled(house.db, boss, str_c(id), true, &house.e)), ST_OK);
    assert_refused(sign_in(l, "ewa@example.com", "wrong password", &who), ST_BAD_REQUEST, "wrong");
    assert_refused(sign_in(l, "ewa@example.com", "right password", &who), ST_FORBIDDEN, "disabled");
    login_limiter_free(l);
}

static void an_imported_hash_is_replaced_at_the_first_sign_in(void **state)
{
    static const char bcrypt[] = "$2b$05$abcdefghijklmnopqrstuuChQd15jl6x5/jaJ9KDukc2t1X7oMLPa";
    struct login_limiter *l = login_limiter_new();
    struct identity who;
    struct session_made made;
    const char *id = new_person(new_organization("O"), "ewa@example.com", ROLE_ADMIN);
    assert_st(WRITE(user_own_set_password(house.db, own_scope_make(str_c(id)), STR("hash"), str_c(bcrypt), &house.e)),
              ST_OK);
    assert_st(sign_in(l, "ewa@example.com", "right password", &who), ST_OK);
    assert_true(who.rehash[0] != '\0');
    assert_st(WRITE(session_create(house.db, &who, STR(""), STR(""), &made, &house.e)), ST_OK);
    assert_int_equal(number_of("SELECT COUNT(*) FROM users WHERE password_hash LIKE '$argon2id$%'"), 1);
    assert_st(sign_in(l, "ewa@example.com", "right password", &who), ST_OK);
    assert_true(who.rehash[0] == '\0');
    login_limiter_free(l);
}

static void a_password_changed_between_proof_and_session_counts(void **state)
{
    struct login_limiter *l = login_limiter_new();
    struct identity who;
    struct session_made made;
    const char *id = person_with_password(new_organization("O"), "ewa@example.com", "right password");
    assert_st(sign_in(l, "ewa@example.com", "right password", &who), ST_OK);
    assert_st(WRITE(user_host_reset(house.db, HOST_SCOPE, str_c(id), STR("other"), &house.e)), ST_OK);
    assert_refused(WRITE(session_create(house.db, &who, STR(""), STR(""), &made, &house.e)), ST_UNAUTHENTICATED,
                   "meanwhile");
    login_limiter_free(l);
}

static void the_present_password_opens_the_change(void **state)
{
    struct login_limiter *l = login_limiter_new();
    char old[PASSWORD_HASH_CAP];
    const char *id = person_with_password(new_organization("O"), "ewa@example.com", "right password");
    struct own_scope own = own_scope_make(str_c(id));
    house.e = (struct err){};
    assert_refused(login_check_own(house.db, l, own, STR("wrong one"), STR("::1"), old, NULL, &house.e), ST_BAD_REQUEST,
                   "present password");
    assert_st(login_check_own(house.db, l, own, STR("right password"), STR("::1"), old, NULL, &house.e), ST_OK);
    const char *token = new_session(id);
    assert_st(WRITE(user_own_set_password(house.db, own, str_c(old), str_c(hashed("next password")), &house.e)), ST_OK);
    assert_out(token);
    login_limiter_free(l);
}

/* ---- guesses ---- */

static status guess(struct login_limiter *l, const char *account, const char *address, int64_t now, int64_t *retry)
{
    struct err e = {};
    status st = login_limiter_begin(l, str_c(account), str_c(address), now, retry, &e);
    if (st == ST_RATE_LIMITED)
        assert_non_null(strstr(e.text, "seconds"));
    return st;
}

static void guesses_at_an_account_slow_down_exponentially(void **state)
{
    struct login_limiter *l = login_limiter_new();
    int64_t now = 1000000, retry = 0;
    char address[32];
    for (int i = 0; i < 5; i++) { /* from everywhere */
        snprintf(address, sizeof address, "192.0.2.%d", i);
        assert_st(guess(l, "ewa", address, now, &retry), ST_OK);
    }
    int64_t expected[] = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900};
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        assert_st(guess(l, "ewa", "198.51.100.1", now, &retry), ST_RATE_LIMITED);
        assert_int_equal(retry, expected[i]);
        now += retry * 1000 - 1;
        assert_st(guess(l, "ewa", "198.51.100.1", now, &retry), ST_RATE_LIMITED);
        now += 1;
        snprintf(address, sizeof address, "203.0.113.%zu", i);
        assert_st(guess(l, "ewa", address, now, &retry), ST_OK);
    }
    assert_st(guess(l, "jan", "198.51.100.1", now, &retry), ST_OK); /* others are not hindered */
    now += 2 * 900 * 1000 + 901 * 1000;
    for (int i = 0; i < 5; i++)
        assert_st(guess(l, "ewa", "198.51.100.9", now, &retry), ST_OK); /* forgotten */
    login_limiter_free(l);
}

static void guesses_from_an_address_slow_down_over_all_accounts(void **state)
{
    struct login_limiter *l = login_limiter_new();
    char account[32];
    int64_t retry = 0;
    for (int i = 0; i < 20; i++) {
        snprintf(account, sizeof account, "person%d", i);
        assert_st(guess(l, account, "192.0.2.1", 1000, &retry), ST_OK);
    }
    assert_st(guess(l, "next", "192.0.2.1", 1000, &retry), ST_RATE_LIMITED);
    assert_st(guess(l, "next", "192.0.2.2", 1000, &retry), ST_OK);
    login_limiter_free(l);
}

static void success_forgives_the_account_not_the_address(void **state)
{
    struct login_limiter *l = login_limiter_new();
    int64_t retry = 0;
    char account[32];
    for (int i = 0; i < 4; i++)
        assert_st(guess(l, "ewa", "a", 1000, &retry), ST_OK);
    assert_st(guess(l, "ewa", "a", 1000, &retry), ST_OK);
    login_limiter_ok(l, STR("ewa"), STR("a"));
    for (int i = 0; i < 5; i++)
        assert_st(guess(l, "ewa", "b", 1000, &retry), ST_OK);
    for (int i = 0; i < 16; i++) { /* 4 of the 20 are used up */
        snprintf(account, sizeof account, "other%d", i);
        assert_st(guess(l, account, "a", 1000, &retry), ST_OK);
    }
    assert_st(guess(l, "last", "a", 1000, &retry), ST_RATE_LIMITED);
    login_limiter_free(l);
}

static void a_flood_of_names_does_not_free_an_account_under_attack(void **state)
{
    struct login_limiter *l = login_limiter_new();
    int64_t retry = 0;
    char name[32];
    for (int i = 0; i < 5; i++)
        assert_st(guess(l, "ewa", "x", 1000, &retry), ST_OK);
    for (int i = 0; i < 50000; i++) {
        snprintf(name, sizeof name, "flood%d", i);
        (void)guess(l, name, name, 1000, &retry);
    }
    assert_st(guess(l, "ewa", "y", 1000, &retry), ST_RATE_LIMITED);
    login_limiter_free(l);
}

#define T(f) cmocka_unit_test_setup_teardown(f, house_open, house_close)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_session_ends_after_seven_idle_days),
        T(use_prolongs_a_session_up_to_thirty_days),
        T(a_touch_is_written_every_few_minutes_only),
        T(sessions_are_listed_and_revoked_by_their_owner),
        T(sessions_end_when_access_changes),
        T(a_person_has_at_most_a_hundred_sessions),
        T(garbage_tokens_are_all_refused_alike),
        T(api_keys_need_the_switch),
        T(a_principal_holds_all_a_call_needs),
        T(a_providers_principal_has_no_organization),
        T(a_disabled_organization_is_told_but_not_served),
        T(the_longest_names_fit),
        T(a_wrong_password_and_an_unknown_person_look_alike),
        T(a_disabled_person_learns_it_after_the_right_password_only),
        T(an_imported_hash_is_replaced_at_the_first_sign_in),
        T(a_password_changed_between_proof_and_session_counts),
        T(the_present_password_opens_the_change),
        T(guesses_at_an_account_slow_down_exponentially),
        T(guesses_from_an_address_slow_down_over_all_accounts),
        T(success_forgives_the_account_not_the_address),
        T(a_flood_of_names_does_not_free_an_account_under_attack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Limits read back from OpenRouter, learning of external users, the provider's settings. */
#include "keys.h"

/* ---- limits ---- */

static struct limits_reading reading(const char *organization, const char *key, int64_t usd)
{
    struct limits_reading r = {.limit = {usd >= 0, {usd >= 0 ? usd * PICO_PER_USD : 0}},
                               .reset = RESET_MONTHLY,
                               .read_ms = clock_now_ms()};
    assert_true(str_copy_z(str_c(organization), r.organization_id, sizeof r.organization_id));
    sha256_hex(str_c(key), r.key_hash);
    return r;
}

static struct limits_applied apply_limits(const struct limits_reading *r)
{
    struct limits_applied done;
    assert_st(WRITE(limits_apply(house.db, TEST, r, &done, &house.e)), ST_OK);
    return done;
}

static void the_newer_limit_is_in_force_and_its_source_is_shown(void **state)
{
    const char *o = new_organization("O");
    struct scope by = admin_of(o, "a@example.com");
    struct connection_finding f = valid(save(by, KEY_A), NULL);
    f.has_limit = true;
    f.limit = PICO(500 * PICO_PER_USD);
    f.limit_reset = RESET_MONTHLY;
    apply(&f);
    struct organization now = organization_now(o); /* came with the key */
    assert_true(now.has_limit && now.limit.v == 500 * PICO_PER_USD);
    assert_int_equal(now.limit_source, LIMIT_SOURCE_OPENROUTER);
    assert_int_equal(now.limit_reset, RESET_MONTHLY);

    clock_set_offset_ms(60000);
    struct organization_change c = {.set_limit = true, .has_limit = true, .limit = {700 * PICO_PER_USD}};
    assert_st(WRITE(organization_set(house.db, HOST_SCOPE, str_c(o), &c, &house.e)), ST_OK);
    struct limits_reading r = reading(o, KEY_A, 500);
    struct limits_applied done = apply_limits(&r);
    assert_int_equal(done.action, LIMIT_PUSH);
    assert_true(done.limit.limit.v == 700 * PICO_PER_USD && !done.is_changed);
    assert_int_equal(done.reset, RESET_MONTHLY);
    assert_st(WRITE(limits_pushed(house.db, TEST, str_c(o), STR("x"), done.limit, done.reset)), ST_OK);
    r = reading(o, KEY_A, 700);
    assert_int_equal(apply_limits(&r).action, LIMIT_AGREE);
    assert_int_equal(organization_now(o).limit_source, LIMIT_SOURCE_MAI);

    clock_set_offset_ms(120000);
    r = reading(o, KEY_A, 50);
    done = apply_limits(&r);
    assert_int_equal(done.action, LIMIT_ADOPT);
    assert_true(done.is_changed);
    now = organization_now(o);
    assert_true(now.limit.v == 50 * PICO_PER_USD);
    assert_int_equal(now.limit_source, LIMIT_SOURCE_OPENROUTER);
    r = reading(o, KEY_A, 2);
    r.reset = RESET_DAILY; /* a day's limit is OpenRouter's business */
    assert_int_equal(apply_limits(&r).action, LIMIT_AGREE);
    assert_true(organization_now(o).limit.v == 50 * PICO_PER_USD);
    assert_int_equal(organization_now(o).limit_reset, RESET_DAILY);
    r = reading(o, KEY_A, -1);
    assert_int_equal(apply_limits(&r).action, LIMIT_ADOPT);
    assert_false(organization_now(o).has_limit);
}

static void a_key_disabled_at_openrouter_is_shown_and_not_used(void **state)
{
    const char *o = new_organization("O");
    struct scope by = admin_of(o, "a@example.com");
    paste(by, KEY_A, NULL);
    struct limits_reading r = reading(o, KEY_A, -1);
    r.is_refused = true;
    assert_true(str_copy_z(STR("it is disabled"), r.reason, sizeof r.reason));
    assert_true(apply_limits(&r).is_changed);
    assert_int_equal(view(by).shown.state, KEY_REFUSED);
    assert_str(view(by).shown.reason, STR("it is disabled"));
    assert_string_equal(works(by.user_id), "");
    assert_false(apply_limits(&r).is_changed);
    r.is_refused = false;
    assert_true(apply_limits(&r).is_changed);
    assert_string_equal(works(by.user_id), KEY_A);
    r = reading(o, KEY_B, 1);
    struct limits_applied done;
    assert_st(WRITE(limits_apply(house.db, TEST, &r, &done, &house.e)), ST_NOT_FOUND); /* not in use any more */
}

static void limits_come_due_every_five_minutes(void **state)
{
    const char *o = new_organization("O");
    paste(admin_of(o, "a@example.com"), KEY_A, NULL);
    char due[LIMITS_DUE_MAX][ID_CAP];
    size_t count;
    assert_st(limits_list_due(house.db, TEST, clock_now_ms(), due, &count), ST_OK);
    assert_int_equal(count, 0); /* read by the check */
    assert_st(limits_list_due(house.db, TEST, clock_now_ms() + LIMITS_REFRESH_MS, due, &count), ST_OK);
    assert_int_equal(count, 1);
    assert_string_equal(due[0], o);
}

/* ---- learning ---- */

static void the_first_settled_call_teaches_the_external_user(void **state)
{
    const char *o = new_organization("O");
    const char *ewa = new_person(o, "ewa@example.com", ROLE_USER), *idle = new_person(o, "idle@example.com", ROLE_USER);
    str external = user_now(ewa).external_user;
    struct learning_due due[8];
    size_t count;
    bool is_due, is_learned = true;
    int64_t now = clock_now_ms();
    assert_st(learning_list_due(house.db, TEST, now, COUNT_OF(due), due, &count), ST_OK);
    assert_int_equal(count, 0);
    add_call(o, ewa, "k1", 1); /* not settled yet */
    add_call(o, ewa, "k2", 2);
    assert_st(learning_list_due(house.db, TEST, now, COUNT_OF(due), due, &count), ST_OK);
    assert_int_equal(count, 1);
    assert_string_equal(due[0].user_id, ewa);
    assert_string_equal(due[0].key_hash, "k2");
    assert_true(strncmp(due[0].generation_id, "gen-", 4) == 0);

    assert_st(WRITE(learning_apply(house.db, TEST, str_c(ewa), STR_NONE, now, &is_learned)), ST_OK); /* null */
    assert_false(is_learned);
    assert_int_equal(user_now(ewa).external_state, EXTERNAL_ASSIGNED);
    assert_st(learning_is_due(house.db, TEST, str_c(ewa), now + MS_PER_DAY - 1, &is_due), ST_OK);
    assert_false(is_due);
    assert_st(learning_list_due(house.db, TEST, now + MS_PER_DAY - 1, COUNT_OF(due), due, &count), ST_OK);
    assert_int_equal(count, 0);
    assert_st(learning_is_due(house.db, TEST, str_c(ewa), now + MS_PER_DAY, &is_due), ST_OK);
    assert_true(is_due);

    assert_st(WRITE(learning_apply(house.db, TEST, str_c(ewa), STR("user-xyz"), now + MS_PER_DAY, &is_learned)), ST_OK);
    assert_true(is_learned);
    assert_int_equal(user_now(ewa).external_state, EXTERNAL_LEARNED);
    assert_str(user_now(ewa).external_user, external); /* what is sent never changes */
    assert_st(WRITE(learning_apply(house.db, TEST, str_c(ewa), STR("other"), now + 2 * MS_PER_DAY, &is_learned)), ST_OK);
    assert_false(is_learned);
    assert_int_equal(number_of("SELECT COUNT(*) FROM users WHERE external_reported = 'user-xyz'"), 1);
    assert_st(learning_is_due(house.db, TEST, str_c(ewa), INT64_MAX, &is_due), ST_OK);
    assert_false(is_due);
    assert_int_equal(user_now(idle).external_state, EXTERNAL_ASSIGNED);
}

/* ---- provider's settings ---- */

static void the_provisioning_key_is_sealed_and_shown_by_its_end(void **state)
{
    struct provider_settings s;
    str key;
    markup m, configured = {1300000};
    assert_st(provisioning_key_get(house.db, TEST, &house.master, STR(""), &house.arena, &key), ST_NOT_FOUND);
    assert_st(WRITE(provisioning_key_save(house.db, WEB_PROVIDER, &house.master, STR("no\nkey at all x"), &house.e)),
              ST_UNPROCESSABLE);
    assert_st(WRITE(provisioning_key_save(house.db, WEB_PROVIDER, &house.master, STR(" " KEY_C " "), &house.e)), ST_OK);
    assert_int_equal(number_of("SELECT COUNT(*) FROM settings WHERE value LIKE '%ccccc%'"), 0);
    assert_st(provisioning_key_get(house.db, TEST, &house.master, STR(""), &house.arena, &key), ST_OK);
    assert_str(key, STR(KEY_C));
    assert_st(provisioning_key_get(house.db, TEST, &house.master, STR(KEY_B), &house.arena, &key), ST_OK);
    assert_str(key, STR(KEY_B)); /* the environment's wins */
    assert_st(provider_settings_read(house.db, WEB_PROVIDER, STR(""), configured, &s), ST_OK);
    assert_true(s.has_provisioning_key);
    assert_string_equal(s.provisioning_key_last4, "3333");
    assert_int_equal(s.default_markup.ppm, 1300000);
    assert_st(WRITE(default_markup_save(house.db, WEB_PROVIDER, (markup){0}, &house.e)), ST_UNPROCESSABLE);
    assert_st(WRITE(default_markup_save(house.db, WEB_PROVIDER, (markup){1450000}, &house.e)), ST_OK);
    assert_st(default_markup_read(house.db, TEST, configured, &m), ST_OK);
    assert_int_equal(m.ppm, 1450000);
    assert_st(WRITE(provisioning_key_save(house.db, WEB_PROVIDER, &house.master, STR_NONE, &house.e)), ST_OK);
    assert_st(provider_settings_read(house.db, WEB_PROVIDER, STR(""), configured, &s), ST_OK);
    assert_false(s.has_provisioning_key);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_newer_limit_is_in_force_and_its_source_is_shown),
        T(a_key_disabled_at_openrouter_is_shown_and_not_used),
        T(limits_come_due_every_five_minutes),
        T(the_first_settled_call_teaches_the_external_user),
        T(the_provisioning_key_is_sealed_and_shown_by_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

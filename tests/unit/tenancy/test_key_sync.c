/* Key sync, limits and learning against openrouter-sim: the same steps as in the server, with real requests. The
 * simulator's path is in MAI_SIM; it listens on a free port of its own choice. */
#include "fixture.h"

#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANAGEMENT_KEY "sk-or-v1-management-demo-0000000000000000000000000000000000000000"

static pid_t sim_pid;
static struct openrouter *openrouter;
static char base[128];

/* ---- the simulator ---- */

static void sim_start(void)
{
    const char *path = getenv("MAI_SIM");
    int out[2];
    char line[256] = "";
    assert_non_null(path);
    assert_int_equal(pipe(out), 0);
    sim_pid = fork();
    assert_true(sim_pid >= 0);
    if (sim_pid == 0) {
        dup2(out[1], STDOUT_FILENO);
        close(out[0]);
        close(out[1]);
        execl(path, path, "--port", "0", (char *)NULL);
        _exit(127);
    }
    close(out[1]);
    FILE *f = fdopen(out[0], "r");
    if (fgets(line, sizeof line, f) == NULL)
        fail_msg("%s did not start", path);
    fclose(f);
    assert_int_equal(sscanf(line, "openrouter-sim listening on %127s", base), 1);
}

static void sim_stop(void)
{
    if (sim_pid == 0)
        return;
    kill(sim_pid, SIGTERM);
    waitpid(sim_pid, NULL, 0);
    sim_pid = 0;
}

static int open_all(void **state)
{
    house_open(state);
    sim_start();
    struct openrouter_conf conf = {.base_url = str_c(base), .allow_private = true, .timeout_ms = 10000};
    assert_st(openrouter_new(&conf, &openrouter, &house.e), ST_OK);
    return 0;
}

static int close_all(void **state)
{
    sim_stop();
    openrouter_free(openrouter);
    return house_close(state);
}

/* ---- the provider's and the client's hands ---- */

struct made_key {
    const char *hash, *text;
};

static struct made_key make_key(const char *name, int64_t limit_usd)
{
    struct openrouter_key_change c = {.set_name = true,
                                      .name = str_c(name),
                                      .set_limit = limit_usd >= 0,
                                      .has_limit = limit_usd >= 0,
                                      .limit = {limit_usd * PICO_PER_USD},
                                      .set_reset = limit_usd >= 0,
                                      .reset = RESET_MONTHLY};
    struct openrouter_key k;
    str text;
    house.e = (struct err){};
    if (openrouter_key_create(openrouter, STR(MANAGEMENT_KEY), &c, &house.arena, &k, &text, &house.e) != ST_OK)
        fail_msg("%s", house.e.text);
    return (struct made_key){arena_z(&house.arena, k.hash), arena_z(&house.arena, text)};
}

static void change_key(const char *hash, struct openrouter_key_change c)
{
    struct openrouter_key k;
    assert_st(openrouter_key_update(openrouter, STR(MANAGEMENT_KEY), str_c(hash), &c, &house.arena, &k, &house.e), ST_OK);
}

static struct scope first_person(void)
{
    struct sign_up s = {.name = STR("Jan Kowalski"), .email = STR("jan@example.com"), .password_hash = STR("hash"),
                        .default_markup = {1300000}};
    struct signed_up who;
    assert_st(WRITE(user_sign_up(house.db, &s, &who, &house.e)), ST_OK);
    return scope_make(ROLE_ADMIN, str_c(who.organization_id), str_c(who.identity.user_id));
}

/* Save, check, apply: as the server does it. */
static struct connection_applied paste_with(struct scope by, const char *key, str management_key)
{
    struct connection_save in = {openrouter, &house.master, str_c(base), str_c(key)};
    struct connection_finding f;
    struct connection_applied done = {};
    char id[ID_CAP];
    bool needs_check;
    assert_st(WRITE(connection_save(house.db, by, &in, id, &needs_check, &house.e)), ST_OK);
    assert_true(needs_check);
    assert_st(connection_check(house.db, openrouter, &house.master, management_key, str_c(id), &f), ST_OK);
    assert_st(WRITE(connection_apply(house.db, TEST, &house.master, &f, &done, &house.e)), ST_OK);
    return done;
}

static struct connection_applied paste(struct scope by, const char *key)
{
    return paste_with(by, key, STR(MANAGEMENT_KEY));
}

static str reason_shown(struct scope by)
{
    struct connection c;
    assert_st(connection_read(house.db, by, &house.arena, &c, &house.e), ST_OK);
    return c.shown.reason;
}

static const char *works(const char *user_id)
{
    struct principal *p;
    assert_st(principal_load(house.db, &house.master, str_c(new_session(user_id)), clock_now_ms(), &p, &house.e), ST_OK);
    const char *text = arena_z(&house.arena, str_c(p->key_text));
    principal_unref(p);
    return text;
}

/* ---- stories ---- */

static void the_seeds_story_with_a_key_made_by_the_provider(void **state)
{
    struct made_key k = make_key("Company ABC - mAI Client Key", 500);
    struct organization_new n = {.name = STR("Company ABC"),
                                 .markup = {1300000},
                                 .has_limit = true,
                                 .limit = {500 * PICO_PER_USD},
                                 .limit_reset = RESET_MONTHLY};
    struct supplied_key s = {.hash = str_c(k.hash), .text = str_c(k.text), .url = str_c(base), .has_limit = true,
                             .limit = n.limit, .limit_reset = RESET_MONTHLY};
    char abc[ID_CAP];
    assert_st(WRITE(organization_create(house.db, HOST_SCOPE, &n, abc, &house.e)), ST_OK);
    assert_st(WRITE(connection_expect(house.db, HOST_SCOPE, str_c(abc), &s, &house.e)), ST_OK);
    struct scope jan = first_person();
    struct connection_applied done = paste(jan, k.text);
    assert_int_equal(done.action, ACTION_MOVE);
    assert_string_equal(done.organization_id, abc);
    assert_string_equal(works(jan.user_id), k.text);
    struct organization o = organization_now(abc);
    assert_int_equal(o.limit_source, LIMIT_SOURCE_MAI);
    assert_true(o.limit.v == 500 * PICO_PER_USD && o.openrouter_limit.v == 500 * PICO_PER_USD);
}

static void an_unknown_key_names_the_organization_when_the_provider_can_read_it(void **state)
{
    struct scope jan = first_person();
    struct made_key k = make_key("Żółw i Spółka - mAI Client Key", -1);
    assert_int_equal(paste_with(jan, k.text, STR_NONE).action, ACTION_ADOPT);
    assert_str(organization_now(jan.organization_id).name, STR("Jan Kowalski"));
    struct made_key other = make_key("Żółw i Spółka - mAI Client Key", 20);
    assert_int_equal(paste(jan, other.text).action, ACTION_ADOPT);
    struct organization o = organization_now(jan.organization_id);
    assert_str(o.name, STR("Żółw i Spółka"));
    assert_true(o.has_limit && o.limit.v == 20 * PICO_PER_USD && o.limit_source == LIMIT_SOURCE_OPENROUTER);
    assert_string_equal(works(jan.user_id), other.text);
}

static void wrong_disabled_and_management_keys_are_refused_with_a_reason(void **state)
{
    struct scope jan = first_person();
    struct made_key good = make_key("Good", -1), disabled = make_key("Disabled", -1);
    change_key(disabled.hash, (struct openrouter_key_change){.set_disabled = true, .is_disabled = true});
    paste(jan, good.text);
    const char *const bad[] = {"sk-or-v1-never-made-0000000000000000", disabled.text, MANAGEMENT_KEY};
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_int_equal(paste(jan, bad[i]).state, KEY_REFUSED);
        assert_true(reason_shown(jan).n > 10);
        assert_string_equal(works(jan.user_id), good.text); /* K1 */
        assert_true(str_find(reason_shown(jan), str_c(bad[i])) == reason_shown(jan).n);
    }
}

static void an_openrouter_that_is_away_is_asked_again(void **state)
{
    struct scope jan = first_person();
    struct made_key k = make_key("Company ABC", -1);
    sim_stop();
    struct connection_applied done = paste(jan, k.text);
    assert_int_equal(done.state, KEY_UNREACHABLE);
    assert_true(done.next_check_ms > clock_now_ms());
    assert_true(reason_shown(jan).n > 10);
    assert_string_equal(works(jan.user_id), "");
}

static struct limits_applied refresh(const char *organization, str management_key)
{
    struct limits_reading r;
    struct limits_applied done;
    assert_st(limits_read(house.db, TEST, openrouter, &house.master, management_key, str_c(organization), &r, &house.e),
              ST_OK);
    assert_st(WRITE(limits_apply(house.db, TEST, &r, &done, &house.e)), ST_OK);
    return done;
}

static void a_limit_changed_on_either_side_reaches_the_other(void **state)
{
    struct scope jan = first_person();
    const char *o = jan.organization_id;
    struct made_key k = make_key("Company ABC", 500);
    paste(jan, k.text);
    str ways[] = {STR(MANAGEMENT_KEY), STR_NONE}; /* by the provider's key; by the key itself */
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        int64_t usd = 50 + (int64_t)i;
        assert_int_equal(refresh(o, ways[i]).action, LIMIT_AGREE);
        change_key(k.hash, (struct openrouter_key_change){.set_limit = true, .has_limit = true, .limit = {usd * PICO_PER_USD}});
        struct limits_applied done = refresh(o, ways[i]);
        assert_int_equal(done.action, LIMIT_ADOPT);
        assert_true(organization_now(o).limit.v == usd * PICO_PER_USD);
    }
    clock_set_offset_ms(1000); /* mAI's change is later than what was read */
    struct organization_change c = {.set_limit = true, .has_limit = true, .limit = {750 * PICO_PER_USD / 100}};
    assert_st(WRITE(organization_set(house.db, HOST_SCOPE, str_c(o), &c, &house.e)), ST_OK);
    struct limits_applied done = refresh(o, STR(MANAGEMENT_KEY));
    assert_int_equal(done.action, LIMIT_PUSH);
    assert_st(limits_push(openrouter, STR(MANAGEMENT_KEY), str_c(k.hash), done.limit, done.reset, &house.e), ST_OK);
    assert_st(WRITE(limits_pushed(house.db, TEST, str_c(o), str_c(k.hash), done.limit, done.reset)), ST_OK);
    struct openrouter_key now;
    assert_st(openrouter_key_read(openrouter, STR(MANAGEMENT_KEY), str_c(k.hash), &house.arena, &now, &house.e), ST_OK);
    assert_true(now.has_limit && now.limit.v == 750 * PICO_PER_USD / 100);
    assert_int_equal(now.reset, RESET_MONTHLY);
    assert_int_equal(refresh(o, STR(MANAGEMENT_KEY)).action, LIMIT_AGREE);
}

static void a_key_disabled_later_is_noticed_and_comes_back(void **state)
{
    struct scope jan = first_person();
    struct made_key k = make_key("Company ABC", -1);
    paste(jan, k.text);
    str ways[] = {STR(MANAGEMENT_KEY), STR_NONE};
    for (size_t i = 0; i < COUNT_OF(ways); i++) {
        change_key(k.hash, (struct openrouter_key_change){.set_disabled = true, .is_disabled = true});
        assert_true(refresh(jan.organization_id, ways[i]).is_changed);
        assert_string_equal(works(jan.user_id), "");
        change_key(k.hash, (struct openrouter_key_change){.set_disabled = true});
        assert_true(refresh(jan.organization_id, ways[i]).is_changed);
        assert_string_equal(works(jan.user_id), k.text);
    }
}

static void rotation_end_to_end(void **state)
{
    struct scope jan = first_person();
    struct made_key old = make_key("Company ABC", -1), new = make_key("Company ABC", -1);
    paste(jan, old.text);
    struct supplied_key s = {.hash = str_c(new.hash), .text = str_c(new.text), .url = str_c(base)};
    struct connection_finding f;
    struct connection_applied done;
    char id[ID_CAP], replaced[65];
    assert_st(WRITE(connection_rotate(house.db, HOST_SCOPE, &house.master, str_c(jan.organization_id), &s, id, replaced,
                                      &house.e)),
              ST_OK);
    assert_string_equal(works(jan.user_id), old.text);
    assert_st(connection_check(house.db, openrouter, &house.master, STR(MANAGEMENT_KEY), str_c(id), &f), ST_OK);
    assert_st(WRITE(connection_apply(house.db, TEST, &house.master, &f, &done, &house.e)), ST_OK);
    assert_true(done.is_replaced_by_rotation);
    assert_string_equal(done.replaced_hash, old.hash);
    assert_string_equal(works(jan.user_id), new.text);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_seeds_story_with_a_key_made_by_the_provider),
        T(an_unknown_key_names_the_organization_when_the_provider_can_read_it),
        T(wrong_disabled_and_management_keys_are_refused_with_a_reason),
        T(an_openrouter_that_is_away_is_asked_again),
        T(a_limit_changed_on_either_side_reaches_the_other),
        T(a_key_disabled_later_is_noticed_and_comes_back),
        T(rotation_end_to_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

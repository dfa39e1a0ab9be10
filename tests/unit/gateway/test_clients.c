/* Operations on clients against openrouter-sim and a real data folder, as a command without a
 * server runs them. The numbered rules are those of gateway/clients.h. The simulator's path is in
 * MAI_SIM. */
#include "../testing.h"

#include "chat/chat.h"
#include "gateway/clients.h"
#include "tenancy/connection.h"
#include "tenancy/settings.h"
#include "tenancy/user.h"

#include <ftw.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#define MANAGEMENT_KEY STR("sk-or-v1-management-demo-0000000000000000000000000000000000000000")
#define WRONG_KEY STR("sk-or-v1-not-a-management-key-00000000000000000000000000000000")

static const struct provider_scope HOST = {""};
static const struct system_scope TEST = {"test"};

static pid_t sim_pid;
static char base[128], folder[64];
static struct arena arena;
static struct conf conf;
static struct master_key master;
static struct client_host host;
static struct err e;

/* ---- the stage ---- */

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
    (void)state;
    crypt_start();
    log_setup(LOG_ERROR, false);
    sim_start();
    e = (struct err){0};
    arena_init(&arena, 16 << 20);
    memset(master.bytes, 9, sizeof master.bytes);
    snprintf(folder, sizeof folder, "/tmp/mai-clients-XXXXXX");
    assert_non_null(mkdtemp(folder));
    conf = (struct conf){.provisioning_key = MANAGEMENT_KEY, .default_markup = {1300000}};
    host = (struct client_host){.conf = &conf, .master = &master};
    struct store_conf store = {.data_dir = str_c(folder)};
    struct openrouter_conf supplier = {
        .base_url = str_c(base), .allow_private = true, .timeout_ms = 10000};
    assert_st(store_open(&store, &host.store, &e), ST_OK);
    assert_st(openrouter_new(&supplier, &host.openrouter, &e), ST_OK);
    return 0;
}

static int remove_one(const char *path, const struct stat *s, int kind, struct FTW *where)
{
    (void)s, (void)kind, (void)where;
    return remove(path);
}

static int close_all(void **state)
{
    (void)state;
    store_close(host.store);
    openrouter_free(host.openrouter);
    sim_stop();
    arena_free(&arena);
    nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    return 0;
}

/* What OpenRouter has. */
static size_t keys_at_openrouter(struct openrouter_key **out)
{
    size_t count = 0;
    assert_st(openrouter_key_list(host.openrouter, MANAGEMENT_KEY, &arena, out, &count, &e), ST_OK);
    return count;
}

static bool find_key(str hash, struct openrouter_key *out)
{
    struct openrouter_key *keys;
    size_t count = keys_at_openrouter(&keys);
    for (size_t i = 0; i < count; i++)
        if (str_eq(keys[i].hash, hash)) {
            *out = keys[i];
            return true;
        }
    return false;
}

static size_t key_count(void)
{
    struct openrouter_key *keys;
    return keys_at_openrouter(&keys);
}

static struct client_created create(const char *name, const char *admin_email)
{
    struct client_created made;
    struct client_new n = {.name = str_c(name),
                           .has_limit = true,
                           .limit = {500 * PICO_PER_USD},
                           .admin_email = str_c(admin_email)};
    status st = client_create(&host, HOST, &n, &arena, &made, &e);
    if (st != ST_OK)
        fail_msg("%s: %s", status_name(st), e.text);
    return made;
}

static struct client show(str id)
{
    struct client c;
    assert_st(client_show(&host, HOST, id, &arena, &c, &e), ST_OK);
    return c;
}

static void assert_words(const char *words)
{
    if (strstr(e.text, words) == NULL)
        fail_msg("\"%s\" lacks \"%s\"", e.text, words);
}

/* ---- the client's admin enters the key ---- */

struct entry {
    struct scope admin;
    str key;
    char key_id[ID_CAP];
    bool needs_check;
    struct connection_finding finding;
    struct connection_applied applied;
};

static status save_run(struct db *db, void *ctx)
{
    struct entry *x = ctx;
    struct connection_save in = {
        .openrouter = host.openrouter, .master = &master, .url = str_c(base), .key = x->key};
    return connection_save(db, x->admin, &in, x->key_id, &x->needs_check, &e);
}

static status apply_run(struct db *db, void *ctx)
{
    struct entry *x = ctx;
    return connection_apply(db, TEST, &master, &x->finding, &x->applied, &e);
}

static struct scope admin_of(const struct client_created *c)
{
    struct user *users;
    size_t count;
    assert_st(user_host_list(store_reader(host.store), HOST, c->organization_id, &arena, &users,
                             &count, &e),
              ST_OK);
    assert_int_equal(count, 1);
    return scope_make(users[0].role, users[0].organization_id, users[0].id);
}

static void enter_key(const struct client_created *c)
{
    struct entry x = {.admin = admin_of(c), .key = c->api_key};
    assert_st(store_write(host.store, save_run, &x), ST_OK);
    assert_true(x.needs_check);
    assert_st(connection_check(store_reader(host.store), host.openrouter, &master, MANAGEMENT_KEY,
                               str_c(x.key_id), &x.finding),
              ST_OK);
    assert_st(store_write(host.store, apply_run, &x), ST_OK);
    assert_int_equal(x.applied.state, KEY_VERIFIED);
}

/* ---- making ---- */

static void test_create_makes_key_organization_and_admin(void **state)
{
    struct openrouter_key key;
    struct client_created c = create("Company ABC", "anna@abc.example");
    (void)state;
    assert_str(c.client_name, STR("Company ABC"));
    assert_true(find_key(c.key_id, &key));
    assert_str(key.name, STR("Company ABC - mAI Client Key"));
    assert_true(key.has_limit);
    assert_int_equal(key.limit.v, 500 * PICO_PER_USD);
    assert_int_equal(key.reset, RESET_MONTHLY);
    char hash[65];
    sha256_hex(c.api_key, hash);
    assert_str(str_c(hash), c.key_id);
    assert_int_equal(c.markup.ppm, 1300000);
    struct client k = show(c.organization_id);
    assert_int_equal(k.key_state, KEY_EXPECTED);
    assert_str(k.key_hash, c.key_id);
    assert_int_equal(k.organization.limit.v, 500 * PICO_PER_USD);
    struct user u;
    assert_st(
        user_host_find(store_reader(host.store), HOST, STR("anna@abc.example"), &arena, &u, &e),
        ST_OK);
    assert_int_equal(u.role, ROLE_ADMIN);
    assert_true(u.must_change_password);
    assert_str(u.name, STR("anna"));
    assert_int_equal(c.one_time_password.n, 24);
}

static void test_create_takes_names_of_any_script(void **state)
{
    static const char *const names[] = {"Zażółć Gęślą Sp. z o.o.", "株式会社サンプル",
                                        "شركة المثال", "Ω & Söhne \"GmbH\""};
    (void)state;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        struct openrouter_key key;
        struct client_created c = create(names[i], NULL);
        assert_false(c.has_admin);
        assert_str(show(str_c(names[i])).organization.id, c.organization_id);
        assert_true(find_key(c.key_id, &key));
        assert_str(name_without_key_suffix(key.name), str_c(names[i]));
    }
}

static void test_create_refuses_before_a_key_is_made(void **state)
{
    struct client_created made;
    struct client_new bad[] = {
        {.name = STR("  ")},
        {.name = STR("A\nB")},
        {.name = STR("A"), .timezone = STR("Mars/Olympus")},
        {.name = STR("A"), .currency = STR("XYZ")},
        {.name = STR("A"), .has_markup = true, .markup = {0}},
        {.name = STR("A"), .has_limit = true, .limit = {-1}},
        {.name = STR("A"), .admin_email = STR("nobody")},
        {.name = STR("A"), .admin_name = STR("Anna")},
        {.name = STR("A"), .billing_email = STR("a b@c")},
    };
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_st(client_create(&host, HOST, &bad[i], &arena, &made, &e), ST_UNPROCESSABLE);
    assert_int_equal(key_count(), 0);
}

/* C1, C2 */
static void test_create_takes_the_key_back_when_the_row_fails(void **state)
{
    struct client_created made;
    struct client_new n = {.name = STR("Second"), .admin_email = STR("anna@abc.example")};
    (void)state;
    (void)create("First", "anna@abc.example");
    assert_int_equal(key_count(), 1);
    assert_st(client_create(&host, HOST, &n, &arena, &made, &e), ST_CONFLICT);
    assert_true(e.text[0] != '\0');
    assert_int_equal(key_count(), 1);
    struct client c;
    assert_st(client_show(&host, HOST, STR("Second"), &arena, &c, &e), ST_NOT_FOUND);
}

static void test_create_tells_openrouters_words(void **state)
{
    struct client_created made;
    struct client_new n = {.name = STR("A")};
    (void)state;
    host.management_key = WRONG_KEY;
    assert_st(client_create(&host, HOST, &n, &arena, &made, &e), ST_UPSTREAM);
    assert_words("does not accept the provisioning key");
    assert_null(strstr(e.text, "not-a-management-key"));
    host.management_key = STR_NONE;
    conf.provisioning_key = STR_NONE;
    assert_st(client_create(&host, HOST, &n, &arena, &made, &e), ST_CONFLICT);
    assert_words("no provisioning key");
    conf.provisioning_key = MANAGEMENT_KEY;
    sim_stop();
    assert_st(client_create(&host, HOST, &n, &arena, &made, &e), ST_UPSTREAM);
    struct client_page page;
    struct client_query q = {.page = 1};
    assert_st(client_list(store_reader(host.store), HOST, &q, &arena, &page), ST_OK);
    assert_int_equal(page.total, 0);
}

/* ---- changing ---- */

static void test_set_sends_the_limit(void **state)
{
    struct client_created c = create("Company ABC", NULL);
    struct organization_change change = {
        .set_limit = true, .has_limit = true, .limit = {20 * PICO_PER_USD}};
    struct client_done done;
    struct openrouter_key key;
    (void)state;
    assert_st(client_set(&host, HOST, c.organization_id, &change, &done, &e), ST_OK);
    assert_str(str_c(done.warning), STR(""));
    assert_true(find_key(c.key_id, &key));
    assert_int_equal(key.limit.v, 20 * PICO_PER_USD);
    assert_int_equal(key.reset, RESET_MONTHLY);
    change.has_limit = false;
    assert_st(client_set(&host, HOST, c.organization_id, &change, &done, &e), ST_OK);
    assert_true(find_key(c.key_id, &key));
    assert_false(key.has_limit);
    assert_false(show(c.organization_id).organization.has_limit);
}

static void test_set_holds_when_openrouter_is_away(void **state)
{
    struct client_created c = create("Company ABC", NULL);
    struct organization_change change = {.set_limit = true,
                                         .has_limit = true,
                                         .limit = {PICO_PER_USD},
                                         .set_markup = true,
                                         .markup = {1500000}};
    struct client_done done;
    (void)state;
    sim_stop();
    assert_st(client_set(&host, HOST, c.organization_id, &change, &done, &e), ST_OK);
    assert_non_null(strstr(done.warning, "could not be reached"));
    struct client k = show(c.organization_id);
    assert_int_equal(k.organization.limit.v, PICO_PER_USD);
    assert_int_equal(k.organization.markup.ppm, 1500000);
}

static void test_unknown_clients_are_not_found(void **state)
{
    str nobody = STR("0190a000-0000-7000-8000-00000000dead");
    struct organization_change change = {.set_name = true, .name = STR("X")};
    struct client_done done;
    struct client_rotated rotated;
    (void)state;
    assert_st(client_set(&host, HOST, nobody, &change, &done, &e), ST_NOT_FOUND);
    assert_st(client_set_disabled(&host, HOST, nobody, true, &done, &e), ST_NOT_FOUND);
    assert_st(client_set_disabled(&host, HOST, nobody, false, &done, &e), ST_NOT_FOUND);
    assert_st(client_rotate(&host, HOST, nobody, &arena, &rotated, &e), ST_NOT_FOUND);
    assert_st(client_delete(&host, HOST, nobody, &done, &e), ST_NOT_FOUND);
    assert_int_equal(key_count(), 0);
}

static void test_disable_and_enable_reach_the_key(void **state)
{
    struct client_created c = create("Company ABC", "anna@abc.example");
    struct client_done done;
    struct openrouter_key key;
    (void)state;
    enter_key(&c);
    for (int twice = 0; twice < 2; twice++) {
        assert_st(client_set_disabled(&host, HOST, c.organization_id, true, &done, &e), ST_OK);
        assert_true(show(c.organization_id).organization.is_disabled);
        assert_true(find_key(c.key_id, &key) && key.is_disabled);
    }
    assert_st(client_set_disabled(&host, HOST, c.organization_id, false, &done, &e), ST_OK);
    assert_false(show(c.organization_id).organization.is_disabled);
    assert_int_equal(show(c.organization_id).key_state, KEY_VERIFIED);
    assert_true(find_key(c.key_id, &key) && !key.is_disabled);
}

static void test_disable_forbids_first_enable_allows_last(void **state)
{
    struct client_created c = create("Company ABC", NULL);
    struct client_done done;
    (void)state;
    host.management_key = WRONG_KEY;
    assert_st(client_set_disabled(&host, HOST, c.organization_id, true, &done, &e), ST_UPSTREAM);
    assert_words("disabled in mAI");
    assert_true(show(c.organization_id).organization.is_disabled);
    assert_st(client_set_disabled(&host, HOST, c.organization_id, false, &done, &e), ST_UPSTREAM);
    assert_true(show(c.organization_id).organization.is_disabled);
    host.management_key = STR_NONE;
    conf.provisioning_key = STR_NONE;
    assert_st(client_set_disabled(&host, HOST, c.organization_id, false, &done, &e), ST_OK);
    assert_non_null(strstr(done.warning, "no provisioning key"));
    assert_false(show(c.organization_id).organization.is_disabled);
}

/* ---- rotating ---- */

static void test_rotate_replaces_an_expected_key(void **state)
{
    struct client_created c = create("Company ABC", NULL);
    struct client_rotated r;
    struct openrouter_key key;
    (void)state;
    assert_st(client_rotate(&host, HOST, c.organization_id, &arena, &r, &e), ST_OK);
    assert_true(r.is_expected);
    assert_false(r.is_in_use);
    assert_str(show(c.organization_id).key_hash, r.key_id);
    assert_false(find_key(c.key_id, &key));
    assert_true(find_key(r.key_id, &key));
    assert_int_equal(key.limit.v, 500 * PICO_PER_USD);
}

/* C3 */
static void test_rotate_brings_the_new_key_into_use(void **state)
{
    struct client_created c = create("Company ABC", "anna@abc.example");
    struct client_rotated r;
    struct openrouter_key key;
    struct openrouter_current_key current;
    (void)state;
    enter_key(&c);
    assert_st(client_rotate(&host, HOST, c.organization_id, &arena, &r, &e), ST_OK);
    assert_true(r.is_in_use);
    assert_str(str_c(r.warning), STR(""));
    struct client k = show(c.organization_id);
    assert_int_equal(k.key_state, KEY_VERIFIED);
    assert_str(k.key_hash, r.key_id);
    assert_true(find_key(c.key_id, &key) && key.is_disabled);
    assert_true(find_key(r.key_id, &key) && !key.is_disabled);
    assert_st(openrouter_current_key(host.openrouter, r.api_key, &arena, &current, &e), ST_OK);
}

static void test_rotate_of_a_disabled_client_makes_no_key(void **state)
{
    struct client_created c = create("Company ABC", NULL);
    struct client_done done;
    struct client_rotated r;
    (void)state;
    assert_st(client_set_disabled(&host, HOST, c.organization_id, true, &done, &e), ST_OK);
    assert_st(client_rotate(&host, HOST, c.organization_id, &arena, &r, &e), ST_CONFLICT);
    assert_int_equal(key_count(), 1);
}

/* ---- ending ---- */

struct talk {
    struct scope who;
    char chat_id[ID_CAP];
};

static status talk_run(struct db *db, void *ctx)
{
    struct talk *t = ctx;
    return chat_new(db, t->who, (struct json){.raw = STR_NONE}, 1, t->chat_id, &e);
}

/* C4 */
static void test_delete_ends_key_people_and_chats(void **state)
{
    struct client_created c = create("Company ABC", "anna@abc.example");
    struct client_done done;
    struct client k;
    struct user u;
    struct openrouter_key key;
    (void)state;
    enter_key(&c);
    struct talk t = {.who = admin_of(&c)};
    MAI_AUTO(buf_free) struct buf out;
    buf_init(&out, 65536);
    assert_st(store_write(host.store, talk_run, &t), ST_OK);
    assert_st(chat_read(store_reader(host.store), t.who, str_c(t.chat_id), &out), ST_OK);
    assert_st(client_delete(&host, HOST, c.organization_id, &done, &e), ST_OK);
    assert_false(find_key(c.key_id, &key));
    assert_st(client_show(&host, HOST, c.organization_id, &arena, &k, &e), ST_NOT_FOUND);
    assert_st(
        user_host_find(store_reader(host.store), HOST, STR("anna@abc.example"), &arena, &u, &e),
        ST_NOT_FOUND);
    assert_st(chat_read(store_reader(host.store), t.who, str_c(t.chat_id), &out), ST_NOT_FOUND);
}

static void test_delete_keeps_the_client_when_the_key_stays(void **state)
{
    struct client_created c = create("Company ABC", NULL);
    struct client_done done;
    (void)state;
    host.management_key = WRONG_KEY;
    assert_st(client_delete(&host, HOST, c.organization_id, &done, &e), ST_UPSTREAM);
    assert_str(show(c.organization_id).key_hash, c.key_id);
    host.management_key = STR_NONE;
    assert_st(client_delete(&host, HOST, c.organization_id, &done, &e), ST_OK);
    assert_int_equal(key_count(), 0);
}

#define TEST_CASE(fn) cmocka_unit_test_setup_teardown(fn, open_all, close_all)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_CASE(test_create_makes_key_organization_and_admin),
        TEST_CASE(test_create_takes_names_of_any_script),
        TEST_CASE(test_create_refuses_before_a_key_is_made),
        TEST_CASE(test_create_takes_the_key_back_when_the_row_fails),
        TEST_CASE(test_create_tells_openrouters_words),
        TEST_CASE(test_set_sends_the_limit),
        TEST_CASE(test_set_holds_when_openrouter_is_away),
        TEST_CASE(test_unknown_clients_are_not_found),
        TEST_CASE(test_disable_and_enable_reach_the_key),
        TEST_CASE(test_disable_forbids_first_enable_allows_last),
        TEST_CASE(test_rotate_replaces_an_expected_key),
        TEST_CASE(test_rotate_brings_the_new_key_into_use),
        TEST_CASE(test_rotate_of_a_disabled_client_makes_no_key),
        TEST_CASE(test_delete_ends_key_people_and_chats),
        TEST_CASE(test_delete_keeps_the_client_when_the_key_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

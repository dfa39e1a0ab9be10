/* See keys.h. */
#include "keys.h"

struct openrouter *openrouter;

int open_all(void **state)
{
    house_open(state);
    struct openrouter_conf conf = {.base_url = STR(BASE), .timeout_ms = 1000};
    assert_st(openrouter_new(&conf, &openrouter, &house.e), ST_OK);
    return 0;
}

int close_all(void **state)
{
    openrouter_free(openrouter);
    return house_close(state);
}

status save_at(struct scope by, const char *url, const char *key, char *id, bool *needs_check)
{
    struct connection_save in = {openrouter, &house.master, str_c(url), str_c(key)};
    return WRITE(connection_save(house.db, by, &in, id, needs_check, &house.e));
}

/* Saves and gives the id to check; "" when there is nothing to check. */
const char *save(struct scope by, const char *key)
{
    char id[ID_CAP];
    bool needs_check;
    assert_st(save_at(by, BASE, key, id, &needs_check), ST_OK);
    assert_int_equal(needs_check, id[0] != '\0');
    return arena_z(&house.arena, str_c(id));
}

struct connection_finding valid(const char *key_id, const char *name)
{
    struct connection_finding f = {.verdict = VERDICT_VALID, .has_details = true, .found_ms = clock_now_ms()};
    assert_true(str_copy_z(str_c(key_id), f.key_id, sizeof f.key_id));
    assert_true(str_copy_z(STR("sk-or-v1-aaa...111"), f.label, sizeof f.label));
    f.has_name = name != NULL;
    assert_true(str_copy_z(str_c(name), f.name, sizeof f.name));
    return f;
}

struct connection_applied apply(const struct connection_finding *f)
{
    struct connection_applied done;
    assert_st(WRITE(connection_apply(house.db, TEST, &house.master, f, &done, &house.e)), ST_OK);
    return done;
}

struct connection_applied paste(struct scope by, const char *key, const char *name)
{
    struct connection_finding f = valid(save(by, key), name);
    return apply(&f);
}

struct connection view(struct scope by)
{
    struct connection c;
    assert_st(connection_read(house.db, by, &house.arena, &c, &house.e), ST_OK);
    return c;
}

/* What a call of this person would be made with. */
const char *works(const char *user_id)
{
    struct principal *p;
    assert_st(principal_load(house.db, &house.master, str_c(new_session(user_id)), clock_now_ms(), &p, &house.e),
              ST_OK);
    const char *text = arena_z(&house.arena, str_c(p->key_text));
    assert_int_equal(p->key_text[0] != '\0', p->key_hash[0] != '\0');
    if (p->key_text[0] != '\0') {
        char hash[65];
        sha256_hex(str_c(p->key_text), hash);
        assert_string_equal(p->key_hash, hash);
        assert_string_equal(p->key_base_url, BASE);
    }
    principal_unref(p);
    return text;
}

struct supplied_key supplied(const char *text)
{
    char hash[65];
    sha256_hex(str_c(text), hash);
    return (struct supplied_key){.hash = arena_dup(&house.arena, str_c(hash)),
                                 .text = str_c(text),
                                 .label = STR("sk-or-v1-x...y"),
                                 .name = STR("Company ABC - mAI Client Key"),
                                 .url = STR(BASE)};
}

void expect(const char *organization_id, const char *text)
{
    struct supplied_key k = supplied(text);
    assert_st(WRITE(connection_expect(house.db, HOST_SCOPE, str_c(organization_id), &k, &house.e)), ST_OK);
}

/* Admin of a new organization by sign-up: name made up from the person's. */
struct scope newcomer(const char *email)
{
    struct user_new n = {.name = STR("Jan Kowalski"), .email = str_c(email), .password_hash = STR("hash")};
    assert_int_equal(number_of("SELECT COUNT(*) FROM users"), 0);
    struct sign_up s = {.name = n.name, .email = n.email, .password_hash = STR("hash"), .default_markup = {1300000}};
    struct signed_up who;
    assert_st(WRITE(user_sign_up(house.db, &s, &who, &house.e)), ST_OK);
    return scope_make(ROLE_ADMIN, str_c(who.organization_id), str_c(who.identity.user_id));
}

bool is_organization(const char *id)
{
    struct client c;
    return client_read(house.db, HOST_SCOPE, str_c(id), &house.arena, &c, NULL) == ST_OK;
}

/* Two organizations, everything of the second one marked "canary". An admin of the first walks through every function
 * on tenant data: with an id of the second, then with an id that never was. Both must be answered by the same status
 * and the same words, nothing of the second may change, and no list may show a canary. The second admin's own view
 * must show one: so the test can fail. */
#include "fixture.h"

#define BASE "https://openrouter.ai/api/v1"
#define CANARY_KEY "sk-or-v1-canarycanarycanarycanarycanarycanarycanary9999"

static struct openrouter *openrouter;
static struct scope mine, theirs;      /* admins */
static struct own_scope mine_own, theirs_own;
/* ids of the second organization */
static const char *their_organization, *their_user, *their_session, *their_api_key, *their_invitation, *their_key, *their_hash;

static const char *keep(const char *z)
{
    return arena_z(&house.arena, str_c(z));
}

static void set_up_keys(void)
{
    struct connection_save in = {openrouter, &house.master, STR(BASE), STR(CANARY_KEY)};
    struct connection_finding f = {.verdict = VERDICT_VALID, .has_details = true, .has_name = true,
                                   .found_ms = clock_now_ms(), .label = "canary label", .name = "canary name"};
    struct connection_applied done;
    bool needs_check;
    char id[ID_CAP];
    assert_st(WRITE(connection_save(house.db, theirs, &in, id, &needs_check, &house.e)), ST_OK);
    memcpy(f.key_id, id, sizeof id);
    assert_st(WRITE(connection_apply(house.db, TEST, &house.master, &f, &done, &house.e)), ST_OK);
    their_key = keep(id);
    char hash[65];
    sha256_hex(STR(CANARY_KEY), hash);
    their_hash = keep(hash);
}

/* Somebody who waits to be let into the second organization. */
static void set_up_waiting(void)
{
    struct scope third = admin_of(new_organization("Third"), "third.canary@example.com");
    struct connection_save in = {openrouter, &house.master, STR(BASE), STR(CANARY_KEY)};
    struct connection_finding f = {.verdict = VERDICT_VALID, .found_ms = clock_now_ms()};
    struct connection_applied done;
    bool needs_check;
    assert_st(WRITE(connection_save(house.db, third, &in, f.key_id, &needs_check, &house.e)), ST_OK);
    assert_st(WRITE(connection_apply(house.db, TEST, &house.master, &f, &done, &house.e)), ST_OK);
    assert_int_equal(done.action, ACTION_AWAIT_APPROVAL);
}

static int open_all(void **state)
{
    house_open(state);
    struct openrouter_conf conf = {.base_url = STR(BASE), .timeout_ms = 1000};
    assert_st(openrouter_new(&conf, &openrouter, &house.e), ST_OK);
    const char *a = new_organization("Mine"), *b = new_organization("canary organization");
    mine = admin_of(a, "me@example.com");
    new_person(a, "colleague@example.com", ROLE_ADMIN);
    their_organization = b;
    theirs = admin_of(b, "boss.canary@example.com");
    their_user = new_person(b, "person.canary@example.com", ROLE_USER);
    mine_own = own_scope_make(str_c(mine.user_id));
    theirs_own = own_scope_make(str_c(theirs.user_id));
    struct organization_change api = {.set_api_access = true, .has_api_access = true, .set_billing_email = true,
                                      .billing_email = STR("billing.canary@example.com")};
    struct api_key_made key;
    struct invitation_made invitation;
    struct identity who = identity_of_own(theirs_own);
    struct session_made session;
    assert_st(WRITE(organization_set(house.db, HOST_SCOPE, str_c(b), &api, &house.e)), ST_OK);
    assert_st(WRITE(api_key_create(house.db, theirs, STR("canary key"), &key, &house.e)), ST_OK);
    assert_st(WRITE(invitation_create(house.db, theirs, STR("guest.canary@example.com"), ROLE_USER, &invitation,
                                      &house.e)), ST_OK);
    assert_st(WRITE(session_create(house.db, &who, STR("canary browser"), STR("canary"), &session, &house.e)), ST_OK);
    assert_st(WRITE(user_own_settings_write(house.db, theirs_own, STR("{\"canary\":1}"), &house.e)), ST_OK);
    their_api_key = keep(key.id);
    their_invitation = keep(invitation.id);
    their_session = keep(session.id);
    set_up_keys();
    set_up_waiting();
    return 0;
}

static int close_all(void **state)
{
    openrouter_free(openrouter);
    return house_close(state);
}

/* ---- functions that take an id ---- */

static struct user_change rename_person = {.set_name = true, .name = STR_INIT("taken over")};

static status do_user_read(str id)
{
    struct user u;
    return user_read(house.db, mine, id, &house.arena, &u, &house.e);
}
static status do_user_update(str id)
{
    return user_update(house.db, mine, id, &rename_person, &house.e);
}
static status do_user_disable(str id)
{
    return user_set_disabled(house.db, mine, id, true, &house.e);
}
static status do_user_enable(str id)
{
    return user_set_disabled(house.db, mine, id, false, &house.e);
}
static status do_user_reset(str id)
{
    return user_reset(house.db, mine, id, STR("taken"), &house.e);
}
static status do_user_delete(str id)
{
    return user_delete(house.db, mine, id, &house.e);
}
static status do_session_end(str id)
{
    return session_end(house.db, mine_own, id, &house.e);
}
static status do_api_key_revoke(str id)
{
    return api_key_revoke(house.db, mine, id, &house.e);
}
static status do_invitation_delete(str id)
{
    return invitation_delete(house.db, mine, id, &house.e);
}
static status do_approve(str hash)
{
    struct connection_applied done;
    return connection_approve(house.db, mine, &house.master, hash, &done, &house.e);
}
static status do_provider_approve(str hash) /* by a client that has nothing to do with it */
{
    struct connection_applied done;
    return connection_provider_approve(house.db, WEB_PROVIDER, &house.master, str_c(mine.organization_id), hash, &done,
                                       &house.e);
}
static status do_key_text(str hash)
{
    str text;
    status st = connection_key_text(house.db, TEST, &house.master, str_c(mine.organization_id), hash, &house.arena,
                                    &text);
    return st == ST_NOT_FOUND ? err_set(&house.e, st, "Not found") : st;
}
static status do_limits_apply(str hash)
{
    struct limits_reading r = {.limit = {true, {1}}, .read_ms = clock_now_ms()};
    struct limits_applied done;
    memcpy(r.organization_id, mine.organization_id, ID_CAP);
    assert_true(str_copy_z(hash, r.key_hash, sizeof r.key_hash));
    return limits_apply(house.db, TEST, &r, &done, &house.e);
}
static status do_user_read_as_person(str id)
{
    struct user u;
    struct scope by = mine;
    by.role = ROLE_USER;
    return user_read(house.db, by, id, &house.arena, &u, &house.e);
}
static status do_own_organization(str id) /* a scope that puts a person into a strange organization */
{
    struct organization o;
    return organization_own_read(house.db, scope_make(ROLE_ADMIN, id, str_c(mine.user_id)), &house.arena, &o, &house.e);
}
static status do_api_key_create(str id)
{
    struct api_key_made made;
    return api_key_create(house.db, scope_make(ROLE_ADMIN, id, str_c(mine.user_id)), STR("x"), &made, &house.e);
}

static const struct probe {
    const char *name;
    status (*run)(str id);
    const char **foreign_id;
} PROBES[] = {
    {"user_read", do_user_read, &their_user},
    {"user_read as person", do_user_read_as_person, &their_user},
    {"user_update", do_user_update, &their_user},
    {"user_set_disabled on", do_user_disable, &their_user},
    {"user_set_disabled off", do_user_enable, &their_user},
    {"user_reset", do_user_reset, &their_user},
    {"user_delete", do_user_delete, &their_user},
    {"session_end", do_session_end, &their_session},
    {"api_key_revoke", do_api_key_revoke, &their_api_key},
    {"invitation_delete", do_invitation_delete, &their_invitation},
    {"connection_approve", do_approve, &their_hash},
    {"connection_provider_approve", do_provider_approve, &their_hash},
    {"connection_key_text", do_key_text, &their_hash},
    {"limits_apply", do_limits_apply, &their_hash},
    {"organization_own_read", do_own_organization, &their_organization},
    {"api_key_create", do_api_key_create, &their_organization},
};

/* Every row of the second organization as one text. */
static void read_text(const struct db_rows *row, void *ctx)
{
    *(str *)ctx = db_text_dup(row, 0, &house.arena);
}

static str all_of(const char *query)
{
    struct sql *q = ARENA_NEW(&house.arena, struct sql);
    str text = STR_NONE;
    *q = (struct sql){"test_all_of", query};
    assert_st(db_one(house.db, q, DB_ARGS(DB_Z(theirs.organization_id)), read_text, &text), ST_OK);
    return text;
}

static str state_of_theirs(void)
{
    str parts[] = {
        all_of("SELECT json_group_array(json_array(id, name, markup_ppm, monthly_limit, disabled_ms, deleted_ms,"
               " updated_ms)) FROM organizations WHERE id = $1"),
        all_of("SELECT json_group_array(json_array(id, name, email, role, password_hash, must_change_password,"
               " disabled_ms, deleted_ms, last_active_ms, updated_ms)) FROM users WHERE organization_id = $1"),
        all_of("SELECT json_group_array(json_array(s.id, s.last_seen_ms)) FROM web_sessions s JOIN users u"
               " ON u.id = s.user_id WHERE u.organization_id = $1"),
        all_of("SELECT json_group_array(json_array(id, name, revoked_ms, last_used_ms, organization_id)) FROM api_keys"
               " WHERE organization_id = $1"),
        all_of("SELECT json_group_array(json_array(id, used_ms)) FROM invitations WHERE organization_id = $1"),
        all_of("SELECT json_group_array(json_array(id, state, sealed, is_current, key_limit, limit_read_ms,"
               " organization_id)) FROM supplier_keys WHERE organization_id = $1"),
    };
    str all = STR("");
    for (size_t i = 0; i < COUNT_OF(parts); i++)
        all = arena_printf(&house.arena, "%.*s\n%.*s", STR_ARG(all), STR_ARG(parts[i]));
    return all;
}

static void a_foreign_id_is_answered_like_one_that_never_was(void **state)
{
    char absent[ID_CAP];
    id_new(absent);
    str before = state_of_theirs();
    assert_true(str_find(before, STR("canary")) != before.n);
    for (size_t i = 0; i < COUNT_OF(PROBES); i++) {
        const struct probe *p = &PROBES[i];
        status foreign = WRITE(p->run(str_c(*p->foreign_id)));
        struct err words = house.e;
        status none = WRITE(p->run(str_c(absent)));
        if (foreign != ST_NOT_FOUND || none != ST_NOT_FOUND)
            fail_msg("%s: foreign %s, absent %s", p->name, status_name(foreign), status_name(none));
        if (strcmp(words.text, house.e.text) != 0)
            fail_msg("%s: \"%s\" and \"%s\"", p->name, words.text, house.e.text);
        if (!str_eq(before, state_of_theirs()))
            fail_msg("%s changed the other organization", p->name);
    }
}

/* ---- functions that list or read without an id: shown as one text ---- */

static struct buf shown;

static void show(str s)
{
    buf_add(&shown, s);
    buf_add_char(&shown, '\n');
}

static void show_users(struct scope by)
{
    struct user_page page;
    static const char *const searches[] = {"", "canary", "%", "_", "@"};
    for (size_t i = 0; i < COUNT_OF(searches); i++) {
        struct user_query q = {.text = str_c(searches[i]), .per_page = LIST_PAGE_MAX};
        assert_st(user_list(house.db, by, &q, &house.arena, &page, &house.e), ST_OK);
        assert_int_equal(page.total, page.count);
        for (size_t k = 0; k < page.count; k++) {
            show(page.rows[k].email);
            show(page.rows[k].name);
        }
    }
}

static void show_sessions(struct scope by)
{
    struct session *s;
    size_t count;
    assert_st(session_list(house.db, own_scope_make(str_c(by.user_id)), &house.arena, &s, &count), ST_OK);
    for (size_t i = 0; i < count; i++)
        show(s[i].user_agent);
}

static void show_api_keys(struct scope by)
{
    struct api_key *k;
    size_t count;
    assert_st(api_key_list(house.db, by, &house.arena, &k, &count), ST_OK);
    for (size_t i = 0; i < count; i++)
        show(k[i].name);
}

static void show_invitations(struct scope by)
{
    struct invitation *v;
    size_t count;
    assert_st(invitation_list(house.db, by, &house.arena, &v, &count, &house.e), ST_OK);
    for (size_t i = 0; i < count; i++)
        show(v[i].email);
}

static void show_connection(struct scope by)
{
    struct connection c;
    assert_st(connection_read(house.db, by, &house.arena, &c, &house.e), ST_OK);
    show(c.shown.label);
    show(c.shown.name);
    show(c.previous.label);
}

static void show_waiting(struct scope by)
{
    struct waiting_key *w;
    size_t count;
    assert_st(connection_waiting(house.db, by, &house.arena, &w, &count, &house.e), ST_OK);
    for (size_t i = 0; i < count; i++)
        show(w[i].saver_email);
}

static void show_organization(struct scope by)
{
    struct organization o;
    assert_st(organization_own_read(house.db, by, &house.arena, &o, &house.e), ST_OK);
    show(o.name);
    show(o.billing_email);
}

static void show_settings(struct scope by)
{
    str json;
    assert_st(user_own_settings_read(house.db, own_scope_make(str_c(by.user_id)), &house.arena, &json, &house.e), ST_OK);
    show(json);
}

static void no_list_shows_another_organization(void **state)
{
    static const struct {
        const char *name;
        void (*show)(struct scope by);
    } views[] = {
        {"user_list", show_users},           {"session_list", show_sessions},
        {"api_key_list", show_api_keys},     {"invitation_list", show_invitations},
        {"connection_read", show_connection}, {"connection_waiting", show_waiting},
        {"organization_own_read", show_organization}, {"user_own_settings_read", show_settings},
    };
    buf_init(&shown, 1024 * 1024);
    for (size_t i = 0; i < COUNT_OF(views); i++) {
        buf_clear(&shown);
        views[i].show(mine);
        if (str_find(buf_view(&shown), STR("canary")) != shown.n)
            fail_msg("%s shows: %s", views[i].name, buf_z(&shown));
        buf_clear(&shown);
        views[i].show(theirs);
        if (str_find(buf_view(&shown), STR("canary")) == shown.n)
            fail_msg("%s does not show its own canary", views[i].name);
    }
    buf_free(&shown);
}

/* Writes without an id act on the own organization alone. */
static void writes_stay_at_home(void **state)
{
    str before = state_of_theirs();
    struct organization_change c = {.set_name = true, .name = STR("Renamed"), .set_zero_data_retention = true,
                                    .zero_data_retention = true};
    struct connection_save in = {openrouter, &house.master, STR(BASE), STR("sk-or-v1-mine-mine-mine-mine")};
    char id[ID_CAP];
    bool needs_check;
    struct user_new n = {.organization_id = str_c(theirs.organization_id), /* ignored */
                         .name = STR("X"), .email = STR("x@example.com"), .role = ROLE_ADMIN,
                         .password_hash = STR("hash")};
    assert_st(WRITE(organization_own_set(house.db, mine, &c, &house.e)), ST_OK);
    assert_st(WRITE(connection_save(house.db, mine, &in, id, &needs_check, &house.e)), ST_OK);
    assert_st(WRITE(connection_remove(house.db, mine, &house.e)), ST_OK);
    assert_st(WRITE(session_end_others(house.db, mine_own, str_c(their_session))), ST_OK);
    assert_st(WRITE(user_own_settings_write(house.db, mine_own, STR("{}"), &house.e)), ST_OK);
    assert_st(WRITE(session_touch(house.db, mine_own, str_c(their_session), clock_now_ms() + MS_PER_DAY)), ST_OK);
    assert_st(WRITE(api_key_touch(house.db, mine, str_c(their_api_key), clock_now_ms() + MS_PER_DAY)), ST_OK);
    assert_st(WRITE(user_create(house.db, mine, &n, id, &house.e)), ST_OK);
    assert_str(user_now(id).organization_id, str_c(mine.organization_id));
    assert_str(state_of_theirs(), before);
}

/* The walls inside an organization: what belongs to a person is nobody else's, not even an admin's. */
static void a_colleagues_things_are_foreign_too(void **state)
{
    struct scope person = scope_of(their_organization, their_user, ROLE_ADMIN);
    struct own_scope own = own_scope_make(str_c(their_user));
    str before = state_of_theirs();
    struct api_key *keys;
    struct session *sessions;
    size_t count;
    assert_st(WRITE(api_key_revoke(house.db, person, str_c(their_api_key), &house.e)), ST_NOT_FOUND);
    assert_st(WRITE(api_key_touch(house.db, person, str_c(their_api_key), clock_now_ms() + MS_PER_DAY)), ST_OK);
    assert_st(WRITE(session_end(house.db, own, str_c(their_session), &house.e)), ST_NOT_FOUND);
    assert_st(WRITE(session_touch(house.db, own, str_c(their_session), clock_now_ms() + MS_PER_DAY)), ST_OK);
    assert_st(WRITE(session_end_others(house.db, own, STR_NONE)), ST_OK);
    assert_st(api_key_list(house.db, person, &house.arena, &keys, &count), ST_OK);
    assert_int_equal(count, 0);
    assert_st(session_list(house.db, own, &house.arena, &sessions, &count), ST_OK);
    assert_int_equal(count, 0);
    assert_str(state_of_theirs(), before);
    bool has_key;
    assert_st(connection_has_key(house.db, mine, &has_key), ST_OK);
    assert_false(has_key);
    assert_st(connection_has_key(house.db, person, &has_key), ST_OK);
    assert_true(has_key);
}

static void only_the_provider_sets_prices_and_limits(void **state)
{
    struct organization_change changes[] = {
        {.set_markup = true, .markup = {1}},
        {.set_limit = true},
        {.set_reset = true},
        {.set_api_access = true, .has_api_access = true},
        {.set_allow_extras = true, .allows_extras = true},
    };
    for (size_t i = 0; i < COUNT_OF(changes); i++)
        assert_refused(WRITE(organization_own_set(house.db, mine, &changes[i], &house.e)), ST_FORBIDDEN, "provider");
    struct scope person = mine;
    person.role = ROLE_USER;
    struct organization_change zone = {.set_timezone = true, .timezone = STR("UTC")};
    assert_st(WRITE(organization_own_set(house.db, person, &zone, &house.e)), ST_FORBIDDEN);
    struct connection c;
    assert_st(connection_read(house.db, person, &house.arena, &c, &house.e), ST_FORBIDDEN);
    assert_st(WRITE(connection_remove(house.db, person, &house.e)), ST_FORBIDDEN);
}

static void the_provider_finds_by_name_or_id_and_hears_when_it_is_ambiguous(void **state)
{
    struct client c;
    const char *one = new_organization("Żółw S.A."), *two = new_organization("żółw s.a.");
    assert_st(client_find(house.db, HOST_SCOPE, STR("MINE"), &house.arena, &c, &house.e), ST_OK);
    assert_str(c.organization.id, str_c(mine.organization_id));
    assert_st(client_find(house.db, HOST_SCOPE, str_c(one), &house.arena, &c, &house.e), ST_OK);
    assert_st(client_find(house.db, HOST_SCOPE, STR("nobody"), &house.arena, &c, &house.e), ST_NOT_FOUND);
    house.e = (struct err){};
    assert_refused(client_find(house.db, HOST_SCOPE, STR("ŻÓŁW S.A."), &house.arena, &c, &house.e), ST_CONFLICT, one);
    assert_non_null(strstr(house.e.text, two));
    struct client_page page;
    assert_st(client_list(house.db, HOST_SCOPE, &(struct client_query){.text = STR("ŻÓŁW")}, &house.arena, &page),
              ST_OK);
    assert_int_equal(page.total, 2);
    assert_st(client_list(house.db, HOST_SCOPE, &(struct client_query){.page = 2, .per_page = 2}, &house.arena, &page),
              ST_OK);
    assert_int_equal(page.total, 5);
    assert_int_equal(page.count, 2);
}

static void a_deleted_organization_leaves_the_books_only(void **state)
{
    struct invitation_made made;
    assert_st(WRITE(invitation_create(house.db, mine, STR_NONE, ROLE_USER, &made, &house.e)), ST_OK);
    assert_st(WRITE(organization_delete(house.db, HOST_SCOPE, str_c(theirs.organization_id), &house.e)), ST_OK);
    str rest = state_of_theirs();
    assert_int_equal(number_of("SELECT COUNT(*) FROM users WHERE email LIKE '%.canary@%' AND email NOT LIKE 'third%'"),
                     0);
    assert_int_equal(number_of("SELECT COUNT(*) FROM web_sessions"), 0);
    assert_int_equal(number_of("SELECT COUNT(*) FROM invitations"), 1);
    assert_int_equal(number_of("SELECT COUNT(*) FROM supplier_keys WHERE state = 'retired' AND sealed IS NOT NULL"), 1);
    assert_true(str_find(rest, str_c(their_user)) != rest.n);
    assert_st(WRITE(organization_delete(house.db, HOST_SCOPE, str_c(theirs.organization_id), &house.e)), ST_NOT_FOUND);
    assert_int_equal(organization_now(mine.organization_id).is_disabled, false);
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_foreign_id_is_answered_like_one_that_never_was),
        T(no_list_shows_another_organization),
        T(writes_stay_at_home),
        T(a_colleagues_things_are_foreign_too),
        T(only_the_provider_sets_prices_and_limits),
        T(the_provider_finds_by_name_or_id_and_hears_when_it_is_ambiguous),
        T(a_deleted_organization_leaves_the_books_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* K1..K5 of connection.h with OpenRouter's answers given by hand, on a real database: where a pasted key goes,
 * who goes with it, what works meanwhile. */
#include "keys.h"

/* ---- saving ---- */

static void a_saved_key_is_checking_sealed_and_shown_by_its_end(void **state)
{
    struct scope by = admin_of(new_organization("O"), "a@example.com");
    assert_false(view(by).has_shown);
    const char *id = save(by, "  " KEY_A "\n");
    struct connection c = view(by);
    assert_str(c.shown.id, str_c(id));
    assert_int_equal(c.shown.state, KEY_CHECKING);
    assert_str(c.shown.last4, STR("1111"));
    assert_false(c.has_previous);
    assert_int_equal(number_of("SELECT COUNT(*) FROM supplier_keys WHERE sealed LIKE '%aaaaaaaa%'"), 0);
    assert_string_equal(works(by.user_id), "");
}

static void only_the_base_of_openrouter_gets_a_key(void **state)
{
    struct scope by = admin_of(new_organization("O"), "a@example.com");
    char id[ID_CAP];
    bool needs_check;
    static const char *const good[] = {BASE, BASE "/", "https://OpenRouter.ai/api/v1/"};
    static const char *const bad[] = {"", "https://evil.example/api/v1", "http://openrouter.ai/api/v1",
                                      "https://openrouter.ai.evil.example/api/v1", "https://openrouter.ai/api/v2"};
    for (size_t i = 0; i < COUNT_OF(good); i++)
        assert_st(save_at(by, good[i], KEY_A, id, &needs_check), ST_OK);
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        assert_refused(save_at(by, bad[i], KEY_B, id, &needs_check), ST_UNPROCESSABLE, BASE);
    assert_str(view(by).shown.last4, STR("1111"));
}

static void what_cannot_be_a_key_is_refused(void **state)
{
    struct scope by = admin_of(new_organization("O"), "a@example.com");
    char id[ID_CAP], big[200];
    bool needs_check;
    memset(big, 'k', sizeof big - 1);
    big[sizeof big - 1] = '\0';
    assert_refused(save_at(by, BASE, "short", id, &needs_check), ST_UNPROCESSABLE, "API key");
    assert_refused(save_at(by, BASE, "sk-or-v1 with spaces", id, &needs_check), ST_UNPROCESSABLE, "API key");
    assert_refused(save_at(by, BASE, "sk-or-v1-żółw-żółw", id, &needs_check), ST_UNPROCESSABLE, "API key");
    assert_refused(save_at(by, BASE, big, id, &needs_check), ST_UNPROCESSABLE, "API key");
    by.role = ROLE_USER;
    assert_st(save_at(by, BASE, KEY_A, id, &needs_check), ST_FORBIDDEN);
}

static void an_empty_or_masked_key_changes_nothing(void **state)
{
    struct scope by = admin_of(new_organization("O"), "a@example.com");
    char mask[16];
    assert_string_equal(save(by, ""), "");
    paste(by, KEY_A, NULL);
    assert_string_equal(save(by, connection_mask(STR("1111"), mask).p), "");
    assert_string_equal(save(by, "   "), "");
    assert_string_equal(save(by, KEY_A), ""); /* the very key in use */
    assert_string_equal(works(by.user_id), KEY_A);
}

/* ---- whose key it is ---- */

static void an_unknown_key_names_an_organization_that_has_no_name_of_its_own(void **state)
{
    struct scope by = newcomer("jan@example.com");
    struct connection_applied done = paste(by, KEY_A, "Company ABC - mAI Client Key");
    assert_int_equal(done.action, ACTION_ADOPT);
    assert_str(organization_now(by.organization_id).name, STR("Company ABC"));
    assert_string_equal(works(by.user_id), KEY_A);
    paste(by, KEY_B, "Another Name"); /* a changed key keeps the organization */
    assert_str(organization_now(by.organization_id).name, STR("Company ABC"));
    assert_string_equal(works(by.user_id), KEY_B);
}

static void without_a_readable_name_the_persons_stays(void **state)
{
    struct scope by = newcomer("jan@example.com");
    paste(by, KEY_A, NULL);
    assert_str(organization_now(by.organization_id).name, STR("Jan Kowalski"));
}

static void a_chosen_name_is_never_replaced(void **state)
{
    struct scope by = newcomer("jan@example.com");
    struct organization_change zone = {.set_timezone = true, .timezone = STR("Europe/Warsaw")};
    struct organization_change name = {.set_name = true, .name = STR("Chosen")};
    assert_st(WRITE(organization_own_set(house.db, by, &zone, &house.e)), ST_OK);
    assert_int_equal(number_of("SELECT is_name_own FROM organizations"), 0);
    assert_st(WRITE(organization_own_set(house.db, by, &name, &house.e)), ST_OK);
    paste(by, KEY_A, "Company ABC - mAI Client Key");
    assert_str(organization_now(by.organization_id).name, STR("Chosen"));
}

static void everybody_in_the_organization_calls_with_the_key(void **state)
{
    const char *o = new_organization("O");
    struct scope by = admin_of(o, "a@example.com");
    const char *ewa = new_person(o, "ewa@example.com", ROLE_USER);
    paste(by, KEY_A, NULL);
    assert_string_equal(works(ewa), KEY_A);
    struct scope other = admin_of(new_organization("P"), "b@example.com");
    assert_string_equal(works(other.user_id), "");
}

static void the_seeds_story_moves_the_first_person_into_the_keys_organization(void **state)
{
    struct scope by = newcomer("jan@example.com");
    const char *session = new_session(by.user_id);
    const char *abc = new_organization("Company ABC"), *busy = new_organization("Busy");
    add_call(busy, "somebody", "x", 2); /* ties Busy down, nobody else */
    expect(abc, KEY_A);
    struct connection_applied done = paste(by, KEY_A, "Company ABC - mAI Client Key");
    assert_int_equal(done.action, ACTION_MOVE);
    assert_string_equal(done.organization_id, abc);
    assert_string_equal(done.old_organization_id, by.organization_id);
    assert_string_equal(done.saver_id, by.user_id);
    assert_false(is_organization(by.organization_id));
    struct user u = user_now(by.user_id);
    assert_str(u.organization_id, str_c(abc));
    assert_int_equal(u.role, ROLE_ADMIN);
    struct principal *p; /* the web session moved along */
    assert_st(principal_load(house.db, &house.master, str_c(session), clock_now_ms(), &p, &house.e), ST_OK);
    assert_string_equal(p->scope.organization_id, abc);
    assert_string_equal(p->key_text, KEY_A);
    principal_unref(p);
    assert_int_equal(number_of("SELECT COUNT(*) FROM supplier_keys"), 1); /* expected and pasted are one */
    struct client c;
    assert_st(client_read(house.db, HOST_SCOPE, str_c(abc), &house.arena, &c, &house.e), ST_OK);
    assert_int_equal(c.people, 1);
    assert_int_equal(c.key_state, KEY_VERIFIED);
}

static void a_key_finds_its_own_organization(void **state)
{
    const char *o = new_organization("Company ABC");
    struct scope by = admin_of(o, "a@example.com");
    expect(o, KEY_A);
    struct connection_applied done = paste(by, KEY_A, "Company ABC - mAI Client Key");
    assert_int_equal(done.action, ACTION_USE);
    assert_int_equal(number_of("SELECT COUNT(*) FROM supplier_keys"), 1);
    assert_string_equal(works(by.user_id), KEY_A);
}

/* Everything that ties a saver down, one at a time. */
static void a_saver_with_a_life_of_the_own_does_not_move(void **state)
{
    enum { TIE_KEY, TIE_EXPECTED, TIE_CALL, TIE_PERSON, TIES };
    for (int tie = 0; tie < TIES; tie++) {
        house_close(state);
        house_open(state);
        struct scope by = newcomer("jan@example.com");
        const char *abc = new_organization("Company ABC");
        expect(abc, KEY_A);
        if (tie == TIE_KEY)
            paste(by, KEY_B, NULL);
        if (tie == TIE_EXPECTED)
            expect(by.organization_id, KEY_C);
        if (tie == TIE_CALL)
            add_call(by.organization_id, by.user_id, "x", 4);
        if (tie == TIE_PERSON)
            new_person(by.organization_id, "ewa@example.com", ROLE_PENDING);
        const char *id = save(by, KEY_A);
        struct connection_finding f = valid(id, NULL);
        struct connection_applied done = apply(&f);
        if (done.action != ACTION_FOREIGN)
            fail_msg("tie %d: action %d", tie, (int)done.action);
        assert_str(user_now(by.user_id).organization_id, str_c(by.organization_id));
        assert_string_equal(works(by.user_id), tie == TIE_KEY ? KEY_B : "");
        struct connection c = view(by);
        assert_str(key_state_shown(c.shown.state), STR("belongs to another organization"));
        assert_true(c.shown.reason.n != 0);
        assert_int_equal(c.has_previous, tie == TIE_KEY);
    }
}

static void a_company_with_an_admin_must_approve(void **state)
{
    struct scope by = newcomer("jan@example.com");
    const char *session = new_session(by.user_id);
    const char *abc = new_organization("Company ABC"), *other = new_organization("Other");
    struct scope boss = admin_of(abc, "boss@example.com"), stranger = admin_of(other, "stranger@example.com");
    expect(abc, KEY_A);
    struct connection_applied done = paste(by, KEY_A, NULL);
    assert_int_equal(done.action, ACTION_AWAIT_APPROVAL);
    assert_str(key_state_shown(view(by).shown.state), STR("waiting for approval"));
    assert_string_equal(works(by.user_id), "");

    struct waiting_key *w;
    size_t count;
    assert_st(connection_waiting(house.db, stranger, &house.arena, &w, &count, &house.e), ST_OK);
    assert_int_equal(count, 0);
    assert_st(connection_waiting(house.db, by, &house.arena, &w, &count, &house.e), ST_OK);
    assert_int_equal(count, 0);
    assert_st(connection_waiting(house.db, boss, &house.arena, &w, &count, &house.e), ST_OK);
    assert_int_equal(count, 1);
    assert_str(w[0].saver_email, STR("jan@example.com"));
    str hash = w[0].hash;
    assert_st(WRITE(connection_approve(house.db, stranger, &house.master, hash, &done, &house.e)), ST_NOT_FOUND);
    assert_st(WRITE(connection_approve(house.db, by, &house.master, hash, &done, &house.e)), ST_NOT_FOUND);
    assert_st(WRITE(connection_provider_approve(house.db, WEB_PROVIDER, &house.master, str_c(other), hash, &done,
                                                &house.e)),
              ST_NOT_FOUND);
    assert_st(WRITE(connection_approve(house.db, boss, &house.master, hash, &done, &house.e)), ST_OK);
    assert_int_equal(done.action, ACTION_MOVE_APPROVED);
    struct user u = user_now(by.user_id);
    assert_str(u.organization_id, str_c(abc));
    assert_int_equal(u.role, ROLE_USER); /* an admin may raise them */
    assert_string_equal(works(boss.user_id), KEY_A);
    struct principal *p;
    assert_st(principal_load(house.db, &house.master, str_c(session), clock_now_ms(), &p, &house.e),
              ST_UNAUTHENTICATED);
    assert_st(WRITE(connection_approve(house.db, boss, &house.master, hash, &done, &house.e)), ST_NOT_FOUND);
}

static void the_provider_may_approve_by_either_side(void **state)
{
    for (int side = 0; side < 2; side++) {
        house_close(state);
        house_open(state);
        struct scope by = newcomer("jan@example.com");
        const char *abc = new_organization("Company ABC");
        struct scope boss = admin_of(abc, "boss@example.com");
        paste(boss, KEY_A, NULL);
        paste(boss, KEY_B, NULL);
        paste(boss, KEY_A, NULL); /* known by two rows, listed once */
        paste(by, KEY_A, NULL);
        struct connection_applied done;
        struct waiting_key *w;
        size_t count;
        assert_st(connection_provider_waiting(house.db, WEB_PROVIDER, &house.arena, &w, &count), ST_OK);
        assert_int_equal(count, 1);
        str organization = side == 0 ? str_c(abc) : str_c(by.organization_id);
        assert_st(WRITE(connection_provider_approve(house.db, WEB_PROVIDER, &house.master, organization, w[0].hash,
                                                    &done, &house.e)),
                  ST_OK);
        assert_string_equal(done.organization_id, abc);
        assert_string_equal(works(boss.user_id), KEY_A);
        assert_string_equal(works(by.user_id), KEY_A);
        assert_int_equal(number_of("SELECT COUNT(*) FROM supplier_keys WHERE is_current = 1 OR state <> 'retired'"), 1);
    }
}

static void approval_comes_too_late_for_somebody_who_settled_elsewhere(void **state)
{
    struct scope by = newcomer("jan@example.com");
    const char *abc = new_organization("Company ABC");
    struct scope boss = admin_of(abc, "boss@example.com");
    expect(abc, KEY_A);
    paste(by, KEY_A, NULL);
    add_call(by.organization_id, by.user_id, "x", 2);
    struct connection_applied done;
    str hash = view(by).shown.hash;
    assert_refused(WRITE(connection_approve(house.db, boss, &house.master, hash, &done, &house.e)), ST_CONFLICT,
                   "cannot join");
}

static void two_who_paste_the_same_unknown_key_cannot_both_have_it(void **state)
{
    struct scope a = admin_of(new_organization("A"), "a@example.com");
    struct scope b = admin_of(new_organization("B"), "b@example.com");
    struct connection_finding fa = valid(save(a, KEY_A), NULL), fb = valid(save(b, KEY_A), NULL);
    assert_int_equal(apply(&fb).action, ACTION_ADOPT);
    assert_int_equal(apply(&fa).action, ACTION_AWAIT_APPROVAL);
    assert_string_equal(works(b.user_id), KEY_A);
    assert_string_equal(works(a.user_id), "");
}

static void a_disabled_company_takes_nobody_in(void **state)
{
    struct scope by = newcomer("jan@example.com");
    const char *abc = new_organization("Company ABC");
    expect(abc, KEY_A);
    assert_st(WRITE(organization_set_disabled(house.db, HOST_SCOPE, str_c(abc), true, &house.e)), ST_OK);
    assert_int_equal(paste(by, KEY_A, NULL).action, ACTION_FOREIGN);
}

static void a_deleted_companys_key_is_nobodys(void **state)
{
    struct scope by = newcomer("jan@example.com");
    const char *abc = new_organization("Company ABC");
    expect(abc, KEY_A);
    assert_st(WRITE(organization_delete(house.db, HOST_SCOPE, str_c(abc), &house.e)), ST_OK);
    assert_int_equal(paste(by, KEY_A, NULL).action, ACTION_ADOPT);
}

/* ---- K1 ---- */

static void the_old_key_works_until_the_new_one_is_verified(void **state)
{
    struct scope by = admin_of(new_organization("O"), "a@example.com");
    paste(by, KEY_A, NULL);
    struct connection_finding f = valid(save(by, KEY_B), NULL), bad = f, away = f;
    bad.verdict = VERDICT_REFUSED;
    away.verdict = VERDICT_UNREACHABLE;
    assert_true(str_copy_z(STR("not accepted"), bad.reason, sizeof bad.reason));
    assert_true(str_copy_z(STR("cannot be asked"), away.reason, sizeof away.reason));
    assert_string_equal(works(by.user_id), KEY_A);
    assert_true(view(by).has_previous);
    struct connection_applied done = apply(&away);
    assert_int_equal(done.state, KEY_UNREACHABLE);
    assert_true(done.next_check_ms > clock_now_ms());
    assert_string_equal(works(by.user_id), KEY_A);
    assert_int_equal(apply(&bad).state, KEY_REFUSED);
    assert_str(view(by).shown.reason, STR("not accepted"));
    assert_str(view(by).previous.last4, STR("1111"));
    assert_string_equal(works(by.user_id), KEY_A);
    save(by, KEY_B); /* once more, and now it is good */
    assert_int_equal(view(by).shown.state, KEY_CHECKING);
    done = apply(&f);
    char hash[65];
    sha256_hex(STR(KEY_A), hash);
    assert_string_equal(done.replaced_hash, hash);
    assert_false(done.is_replaced_by_rotation);
    assert_string_equal(works(by.user_id), KEY_B);
    assert_false(view(by).has_previous);
}

static void going_back_to_an_old_key_works(void **state)
{
    struct scope by = admin_of(new_organization("O"), "a@example.com");
    paste(by, KEY_A, NULL);
    paste(by, KEY_B, NULL);
    assert_int_equal(paste(by, KEY_A, NULL).action, ACTION_USE);
    assert_string_equal(works(by.user_id), KEY_A);
}

static void a_check_of_a_replaced_candidate_changes_nothing(void **state)
{
    struct scope by = admin_of(new_organization("O"), "a@example.com");
    struct connection_finding f = valid(save(by, KEY_A), NULL);
    struct connection_applied done;
    save(by, KEY_B);
    assert_st(WRITE(connection_apply(house.db, TEST, &house.master, &f, &done, &house.e)), ST_NOT_FOUND);
    assert_string_equal(works(by.user_id), "");
    f = valid("", NULL);
    assert_true(str_copy_z(view(by).shown.id, f.key_id, sizeof f.key_id));
    apply(&f);
    assert_st(WRITE(connection_apply(house.db, TEST, &house.master, &f, &done, &house.e)), ST_NOT_FOUND); /* twice */
    assert_string_equal(works(by.user_id), KEY_B);
}

static void unreachable_keys_come_due_again_later_and_later(void **state)
{
    struct scope by = admin_of(new_organization("O"), "a@example.com");
    const char *id = save(by, KEY_A);
    char due[CONNECTIONS_DUE_MAX][ID_CAP];
    size_t count;
    assert_st(connection_list_due(house.db, TEST, clock_now_ms(), due, &count), ST_OK);
    assert_int_equal(count, 0); /* its own check is on the way */
    assert_st(connection_list_due(house.db, TEST, clock_now_ms() + 31000, due, &count), ST_OK);
    assert_int_equal(count, 1);
    int64_t waits[] = {5, 15, 30, 60, 120};
    for (size_t i = 0; i < COUNT_OF(waits); i++) {
        struct connection_finding f = valid(id, NULL);
        f.verdict = VERDICT_UNREACHABLE;
        int64_t next = apply(&f).next_check_ms;
        assert_true(llabs(next - clock_now_ms() - waits[i] * 1000) < 1000);
        assert_st(connection_list_due(house.db, TEST, next - 1, due, &count), ST_OK);
        assert_int_equal(count, 0);
        assert_st(connection_list_due(house.db, TEST, next, due, &count), ST_OK);
        assert_int_equal(count, 1);
        assert_string_equal(due[0], id);
    }
    struct connection_finding f = valid(id, NULL);
    apply(&f);
    assert_st(connection_list_due(house.db, TEST, INT64_MAX, due, &count), ST_OK);
    assert_int_equal(count, 0);
}

static void removing_the_key_stops_calls(void **state)
{
    struct scope by = admin_of(new_organization("O"), "a@example.com");
    paste(by, KEY_A, NULL);
    save(by, KEY_B);
    assert_st(WRITE(connection_remove(house.db, by, &house.e)), ST_OK);
    assert_false(view(by).has_shown);
    assert_string_equal(works(by.user_id), "");
}

/* ---- rotation ---- */

static void rotation_brings_the_new_key_in_before_the_old_goes(void **state)
{
    const char *o = new_organization("Company ABC");
    struct scope by = admin_of(o, "a@example.com");
    paste(by, KEY_A, NULL);
    struct supplied_key k = supplied(KEY_B);
    char id[ID_CAP], replaced[65];
    assert_st(WRITE(connection_rotate(house.db, WEB_PROVIDER, &house.master, str_c(o), &k, id, replaced, &house.e)),
              ST_OK);
    assert_true(id[0] != '\0' && replaced[0] == '\0');
    assert_string_equal(works(by.user_id), KEY_A);
    struct connection_finding f = valid(id, "Company ABC - mAI Client Key");
    struct connection_applied done = apply(&f);
    assert_true(done.is_replaced_by_rotation);
    assert_string_equal(works(by.user_id), KEY_B);
    str *hashes;
    size_t count;
    assert_st(connection_hashes(house.db, HOST_SCOPE, str_c(o), &house.arena, &hashes, &count, &house.e), ST_OK);
    assert_int_equal(count, 1);
    assert_str(hashes[0], k.hash);
}

static void rotating_a_key_nobody_entered_replaces_what_is_expected(void **state)
{
    const char *o = new_organization("Company ABC");
    struct scope by = admin_of(o, "a@example.com"), other = admin_of(new_organization("P"), "b@example.com");
    paste(other, KEY_C, NULL); /* another organization's, in use and expected: not touched */
    expect(o, KEY_A);
    expect(other.organization_id, "sk-or-v1-other-expected");
    struct supplied_key old = supplied(KEY_A), k = supplied(KEY_B);
    char id[ID_CAP], replaced[65];
    assert_st(WRITE(connection_rotate(house.db, WEB_PROVIDER, &house.master, str_c(o), &k, id, replaced, &house.e)),
              ST_OK);
    assert_true(id[0] == '\0');
    assert_str(str_c(replaced), old.hash);
    str *hashes;
    size_t count;
    assert_st(connection_hashes(house.db, HOST_SCOPE, str_c(o), &house.arena, &hashes, &count, &house.e), ST_OK);
    assert_int_equal(count, 1);
    assert_st(connection_hashes(house.db, HOST_SCOPE, str_c(other.organization_id), &house.arena, &hashes, &count,
                                &house.e),
              ST_OK);
    assert_int_equal(count, 2);
    assert_int_equal(paste(by, KEY_B, NULL).action, ACTION_USE);
    assert_string_equal(works(other.user_id), KEY_C);
}

static void a_key_cannot_be_expected_twice(void **state)
{
    expect(new_organization("A"), KEY_A);
    struct supplied_key k = supplied(KEY_A);
    assert_refused(WRITE(connection_expect(house.db, HOST_SCOPE, str_c(new_organization("B")), &k, &house.e)),
                   ST_CONFLICT, "already");
}

/* ---- K4 ---- */

static void retired_keys_are_kept_until_their_calls_are_settled(void **state)
{
    const char *o = new_organization("O");
    struct scope by = admin_of(o, "a@example.com");
    paste(by, KEY_A, NULL);
    char hash[65];
    sha256_hex(STR(KEY_A), hash);
    add_call(o, by.user_id, hash, 1);
    paste(by, KEY_B, NULL);
    str text;
    int64_t count;
    assert_st(connection_key_text(house.db, TEST, &house.master, str_c(o), str_c(hash), &house.arena, &text), ST_OK);
    assert_str(text, STR(KEY_A));
    clock_set_offset_ms(10 * MS_PER_DAY);
    assert_st(WRITE(connection_forget_retired(house.db, TEST, &count)), ST_OK);
    assert_int_equal(count, 0);
    static const struct sql settle = {"test_settle_all", "UPDATE generations SET state = 2"};
    assert_st(db_exec(house.db, &settle, DB_NO_ARGS), ST_OK);
    assert_st(WRITE(connection_forget_retired(house.db, TEST, &count)), ST_OK);
    assert_int_equal(count, 1);
    assert_st(connection_key_text(house.db, TEST, &house.master, str_c(o), str_c(hash), &house.arena, &text),
              ST_NOT_FOUND);
    assert_string_equal(works(by.user_id), KEY_B);
}

static void another_master_key_opens_nothing_but_people_can_sign_in(void **state)
{
    struct scope by = admin_of(new_organization("O"), "a@example.com");
    paste(by, KEY_A, NULL);
    struct master_key wrong = house.master;
    struct principal *p;
    wrong.bytes[0] ^= 1;
    assert_st(principal_load(house.db, &wrong, str_c(new_session(by.user_id)), clock_now_ms(), &p, &house.e), ST_OK);
    assert_string_equal(p->key_text, "");
    principal_unref(p);
    assert_st(WRITE(master_key_prove(house.db, TEST, &house.master, &house.e)), ST_OK);
    assert_st(WRITE(master_key_prove(house.db, TEST, &house.master, &house.e)), ST_OK);
    assert_refused(WRITE(master_key_prove(house.db, TEST, &wrong, &house.e)), ST_UNAUTHENTICATED, "master key");
}

#define T(f) cmocka_unit_test_setup_teardown(f, open_all, close_all)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_saved_key_is_checking_sealed_and_shown_by_its_end),
        T(only_the_base_of_openrouter_gets_a_key),
        T(what_cannot_be_a_key_is_refused),
        T(an_empty_or_masked_key_changes_nothing),
        T(an_unknown_key_names_an_organization_that_has_no_name_of_its_own),
        T(without_a_readable_name_the_persons_stays),
        T(a_chosen_name_is_never_replaced),
        T(everybody_in_the_organization_calls_with_the_key),
        T(the_seeds_story_moves_the_first_person_into_the_keys_organization),
        T(a_key_finds_its_own_organization),
        T(a_saver_with_a_life_of_the_own_does_not_move),
        T(a_company_with_an_admin_must_approve),
        T(the_provider_may_approve_by_either_side),
        T(approval_comes_too_late_for_somebody_who_settled_elsewhere),
        T(two_who_paste_the_same_unknown_key_cannot_both_have_it),
        T(a_disabled_company_takes_nobody_in),
        T(a_deleted_companys_key_is_nobodys),
        T(the_old_key_works_until_the_new_one_is_verified),
        T(going_back_to_an_old_key_works),
        T(a_check_of_a_replaced_candidate_changes_nothing),
        T(unreachable_keys_come_due_again_later_and_later),
        T(removing_the_key_stops_calls),
        T(rotation_brings_the_new_key_in_before_the_old_goes),
        T(rotating_a_key_nobody_entered_replaces_what_is_expected),
        T(a_key_cannot_be_expected_twice),
        T(retired_keys_are_kept_until_their_calls_are_settled),
        T(another_master_key_opens_nothing_but_people_can_sign_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

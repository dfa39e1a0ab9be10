/* Key sync's and the limits' decisions over all their inputs, against the rules written down once more in other
 * words (design: "Key sync", "the newer change wins"). */
#include "fixture.h"

static const struct connection_facts *each_facts(unsigned n)
{
    static struct connection_facts f;
    f = (struct connection_facts){
        .verdict = n % 4,
        .owner = n / 4 % 3,
        .owner_has_admin = n / 12 % 2,
        .owner_is_disabled = n / 24 % 2,
        .saver_can_move = n / 48 % 2,
        .is_approved = n / 96 % 2,
    };
    return &f;
}
enum { ALL_FACTS = 192 };

/* First row that fits decides; -1 fits anything. */
static const struct {
    int verdict, owner, has_admin, is_disabled, can_move, is_approved;
    enum connection_action action;
} RULES[] = {
    {VERDICT_UNREACHABLE, -1, -1, -1, -1, -1, ACTION_RETRY},
    {VERDICT_MANAGEMENT, -1, -1, -1, -1, -1, ACTION_REFUSE},
    {VERDICT_REFUSED, -1, -1, -1, -1, -1, ACTION_REFUSE},
    {VERDICT_VALID, OWNER_NONE, -1, -1, -1, -1, ACTION_ADOPT},
    {VERDICT_VALID, OWNER_SAVER, -1, -1, -1, -1, ACTION_USE},
    {VERDICT_VALID, OWNER_OTHER, -1, 1, -1, -1, ACTION_FOREIGN},
    {VERDICT_VALID, OWNER_OTHER, -1, 0, 0, -1, ACTION_FOREIGN},
    {VERDICT_VALID, OWNER_OTHER, -1, 0, 1, 1, ACTION_MOVE_APPROVED},
    {VERDICT_VALID, OWNER_OTHER, 0, 0, 1, 0, ACTION_MOVE},
    {VERDICT_VALID, OWNER_OTHER, 1, 0, 1, 0, ACTION_AWAIT_APPROVAL},
};

static bool fits(int rule, int value)
{
    return rule == -1 || rule == value;
}

static enum connection_action by_rules(const struct connection_facts *f)
{
    for (size_t i = 0; i < COUNT_OF(RULES); i++)
        if (fits(RULES[i].verdict, (int)f->verdict) && fits(RULES[i].owner, (int)f->owner) &&
            fits(RULES[i].has_admin, f->owner_has_admin) && fits(RULES[i].is_disabled, f->owner_is_disabled) &&
            fits(RULES[i].can_move, f->saver_can_move) && fits(RULES[i].is_approved, f->is_approved))
            return RULES[i].action;
    fail_msg("no rule fits");
    return ACTION_REFUSE;
}

static void key_sync_follows_the_rules_for_all_inputs(void **state)
{
    for (unsigned n = 0; n < ALL_FACTS; n++) {
        const struct connection_facts *f = each_facts(n);
        if (connection_decide(f) != by_rules(f))
            fail_msg("facts %u: %d, not %d", n, (int)connection_decide(f), (int)by_rules(f));
    }
}

static void nobody_enters_a_company_with_an_admin_unasked(void **state)
{
    for (unsigned n = 0; n < ALL_FACTS; n++) {
        const struct connection_facts *f = each_facts(n);
        enum connection_action a = connection_decide(f);
        bool enters = a == ACTION_MOVE || a == ACTION_MOVE_APPROVED;
        if (f->owner == OWNER_OTHER && f->owner_has_admin && !f->is_approved)
            assert_false(enters);
        if (enters)
            assert_true(f->saver_can_move && !f->owner_is_disabled && f->verdict == VERDICT_VALID);
    }
}

static void only_a_valid_key_is_ever_used(void **state)
{
    for (unsigned n = 0; n < ALL_FACTS; n++) {
        const struct connection_facts *f = each_facts(n);
        if (connection_action_state(connection_decide(f)) == KEY_VERIFIED)
            assert_int_equal(f->verdict, VERDICT_VALID);
    }
}

/* ---- limits ---- */

#define NONE {false, {0}}
#define USD(n) {true, {(n) * PICO_PER_USD}}

static void the_newer_limit_wins(void **state)
{
    static const struct {
        const char *what;
        struct limit_facts f;
        enum limit_action action;
    } rows[] = {
        {"both none", {NONE, 0, NONE, 0, NONE, 0}, LIMIT_AGREE},
        {"both 500", {USD(500), 10, USD(500), 20, USD(500), 0}, LIMIT_AGREE},
        {"never set here, 500 there", {NONE, 0, NONE, 0, USD(500), 0}, LIMIT_ADOPT},
        {"removed here, 500 there at first sight", {NONE, 10, NONE, 0, USD(500), 0}, LIMIT_PUSH},
        {"set here, none there at first sight", {USD(5), 10, NONE, 0, NONE, 0}, LIMIT_PUSH},
        {"changed here, not there", {USD(600), 30, USD(500), 20, USD(500), 0}, LIMIT_PUSH},
        {"removed here, not there", {NONE, 30, USD(500), 20, USD(500), 0}, LIMIT_PUSH},
        {"changed there, not here", {USD(500), 10, USD(500), 20, USD(700), 0}, LIMIT_ADOPT},
        {"removed there, not here", {USD(500), 10, USD(500), 20, NONE, 0}, LIMIT_ADOPT},
        {"set to nothing there", {USD(500), 10, USD(500), 20, USD(0), 0}, LIMIT_ADOPT},
        {"both changed, there later", {USD(600), 30, USD(500), 20, USD(700), 40}, LIMIT_ADOPT},
        {"both changed, here later", {USD(600), 30, USD(500), 20, USD(700), 25}, LIMIT_PUSH},
        {"both changed, unknown when there", {USD(600), 30, USD(500), 20, USD(700), 0}, LIMIT_PUSH},
        {"a limit a day there", {NONE, 0, NONE, 0, USD(5), 0, RESET_DAILY}, LIMIT_AGREE},
        {"a limit a week there, ours changed", {USD(600), 30, USD(5), 20, USD(5), 0, RESET_WEEKLY}, LIMIT_AGREE},
        {"a limit a month there", {NONE, 0, NONE, 0, USD(5), 0, RESET_MONTHLY}, LIMIT_ADOPT},
        {"both changed to the same", {USD(600), 30, USD(500), 20, USD(600), 0}, LIMIT_AGREE},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++)
        if (limit_decide(&rows[i].f) != rows[i].action)
            fail_msg("%s: %d", rows[i].what, (int)limit_decide(&rows[i].f));
}

static void retries_grow_and_stay_hourly(void **state)
{
    int64_t last = 0;
    for (int64_t i = 0; i < 50; i++) {
        assert_true(connection_retry_ms(i) >= last);
        last = connection_retry_ms(i);
    }
    assert_int_equal(connection_retry_ms(0), 5000);
    assert_int_equal(last, MS_PER_HOUR);
    assert_int_equal(connection_retry_ms(INT64_MAX), MS_PER_HOUR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_sync_follows_the_rules_for_all_inputs),
        cmocka_unit_test(nobody_enters_a_company_with_an_admin_unasked),
        cmocka_unit_test(only_a_valid_key_is_ever_used),
        cmocka_unit_test(the_newer_limit_wins),
        cmocka_unit_test(retries_grow_and_stay_hourly),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The gate in front of password hashing, from inside: two pass, a third waits, and not for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../../../src/crypt/password.c"
#include "base/clock.h"

static void *hash_one(void *ctx)
{
    char hash[PASSWORD_HASH_CAP];
    *(status *)ctx = password_hash(STR("a good password"), hash);
    return NULL;
}

static void test_a_third_waits_for_a_place(void **state)
{
    pthread_t thread;
    status st = ST_INTERNAL;
    assert_int_equal(gate_enter(), ST_OK);
    assert_int_equal(gate_enter(), ST_OK);
    assert_int_equal(pthread_create(&thread, NULL, hash_one, &st), 0);
    gate_leave();
    pthread_join(thread, NULL);
    assert_int_equal(st, ST_OK);
    gate_leave();
    assert_int_equal(inside, 0);
}

static void test_b_third_is_told_to_come_back(void **state)
{
    bool needs_rehash;
    char hash[PASSWORD_HASH_CAP];
    assert_int_equal(password_hash(STR("a good password"), hash), ST_OK);
    assert_int_equal(gate_enter(), ST_OK);
    assert_int_equal(gate_enter(), ST_OK);
    int64_t start = clock_mono_us();
    assert_int_equal(password_verify(STR("a good password"), str_c(hash), &needs_rehash),
                     ST_RATE_LIMITED);
    assert_in_range(clock_mono_us() - start, MAX_WAIT_S * 990000, MAX_WAIT_S * 3000000);
    gate_leave();
    assert_int_equal(password_verify(STR("a good password"), str_c(hash), &needs_rehash), ST_OK);
    gate_leave();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_third_waits_for_a_place),
        cmocka_unit_test(test_b_third_is_told_to_come_back),
    };
    crypt_start();
    return cmocka_run_group_tests_name("crypt gate", tests, NULL, NULL);
}

/* What unit tests share: cmocka with what it needs before it, text comparison, repeatable
 * randomness. */
#ifndef MAI_TESTING_H
#define MAI_TESTING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "base/str.h"

#define assert_str(actual, ...) test_assert_str((actual), (__VA_ARGS__), __FILE__, __LINE__)
#define assert_st(actual, expected)                                                                \
    test_assert_st((actual), (expected), #actual, __FILE__, __LINE__)

static inline void test_assert_str(str actual, str expected, const char *file, int line)
{
    if (str_eq(actual, expected) && (actual.p == NULL) == (expected.p == NULL))
        return;
    print_error("is:  \"%.*s\"%s\nnot: \"%.*s\"%s\n", STR_ARG(actual),
                actual.p == NULL ? " (none)" : "", STR_ARG(expected),
                expected.p == NULL ? " (none)" : "");
    _fail(file, line);
}

static inline void test_assert_st(status actual, status expected, const char *what,
                                  const char *file, int line)
{
    if (actual == expected)
        return;
    print_error("%s is %s, not %s\n", what, status_name(actual), status_name(expected));
    _fail(file, line);
}

/* xorshift64*: the same numbers in every run, unless MAI_TEST_SEED says otherwise. */
static uint64_t test_random_state;

static inline uint64_t test_random(void)
{
    if (test_random_state == 0) {
        const char *seed = getenv("MAI_TEST_SEED");
        test_random_state = seed != NULL ? strtoull(seed, NULL, 10) | 1 : 20261123;
    }
    test_random_state ^= test_random_state >> 12;
    test_random_state ^= test_random_state << 25;
    test_random_state ^= test_random_state >> 27;
    return test_random_state * UINT64_C(2685821657736338717);
}

/* 0 .. below - 1 */
static inline uint64_t test_below(uint64_t below)
{
    return (test_random() >> 11) % below;
}

#endif

/* The hash table against a plain array, through random sets and removals. */
#include "unit/testing.h"
#include "base/hash.h"

enum { KEYS = 300 };

static str key_of(size_t i, char *dst)
{
    int n = snprintf(dst, 32, "key-%zu", i);
    return (str){dst, (size_t)n};
}

static void expect_model(const struct hash *t, void **model)
{
    char dst[32];
    size_t count = 0, walked = 0, at = 0;
    str key;
    void *value;
    for (size_t i = 0; i < KEYS; i++) {
        assert_ptr_equal(hash_get(t, key_of(i, dst)), model[i]);
        count += model[i] != NULL;
    }
    while (hash_next(t, &at, &key, &value)) {
        uint64_t i;
        assert_st(str_to_u64(str_from(key, 4), &i), ST_OK);
        assert_ptr_equal(model[i], value);
        walked++;
    }
    assert_int_equal(t->count, count);
    assert_int_equal(walked, count);
}

static void behaves_as_an_array(void **state)
{
    static char values[8];
    void *model[KEYS] = {0};
    struct hash t = {0};
    char dst[32];
    for (int step = 0; step < 60000; step++) {
        size_t i = test_below(step % 20000 < 10000 ? KEYS : 20); /* full times and empty times */
        void *before;
        if (test_below(step % 20000 < 10000 ? 4 : 2) == 0) {
            before = hash_remove(&t, key_of(i, dst));
            assert_ptr_equal(before, model[i]);
            model[i] = NULL;
        } else {
            void *value = &values[test_below(sizeof values)];
            before = hash_set(&t, key_of(i, dst), value);
            assert_ptr_equal(before, model[i]);
            model[i] = value;
        }
        if (step % 500 == 0)
            expect_model(&t, model);
    }
    expect_model(&t, model);
    hash_free(&t);
    assert_null(hash_get(&t, STR("key-1")));
}

static void keys_are_bytes(void **state)
{
    struct hash t = {0};
    int a, b, c;
    assert_null(hash_get(&t, STR("")));
    assert_null(hash_remove(&t, STR("")));
    assert_null(hash_set(&t, STR(""), &a));
    assert_null(hash_set(&t, STR("x\0y"), &b));
    assert_null(hash_set(&t, STR("x"), &c));
    assert_ptr_equal(hash_get(&t, STR_NONE), &a);
    assert_ptr_equal(hash_get(&t, STR("x\0y")), &b);
    assert_ptr_equal(hash_set(&t, STR("x"), &a), &c);
    assert_ptr_equal(hash_remove(&t, STR("x")), &a);
    assert_null(hash_get(&t, STR("x")));
    assert_ptr_equal(hash_get(&t, STR("x\0y")), &b);
    hash_free(&t);
}

static void keys_are_copied(void **state)
{
    struct hash t = {0};
    char key[] = "abc";
    int value;
    hash_set(&t, str_c(key), &value);
    key[0] = 'x';
    assert_ptr_equal(hash_get(&t, STR("abc")), &value);
    assert_null(hash_get(&t, str_c(key)));
    hash_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_bytes),
        cmocka_unit_test(keys_are_copied),
        cmocka_unit_test(behaves_as_an_array),
    };
    return cmocka_run_group_tests_name("base_hash", tests, NULL, NULL);
}

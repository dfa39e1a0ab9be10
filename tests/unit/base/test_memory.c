/* Buffers and arenas: maxima hold to the byte, the flag stays, contents survive growth. */
#include "unit/testing.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/mem.h"

static void buffers_grow_to_their_maximum(void **state)
{
    for (size_t max = 0; max < 600; max += 7) {
        MAI_AUTO(buf_free) struct buf b;
        buf_init(&b, max);
        for (size_t i = 0; i < max; i++)
            buf_add_char(&b, (char)('a' + i % 26));
        assert_false(b.is_full);
        buf_add_char(&b, 'x');
        assert_true(b.is_full);
        assert_int_equal(b.n, max);
        for (size_t i = 0; i < max; i++)
            assert_int_equal(b.p[i], 'a' + i % 26);
        assert_true(b.cap <= max + 1);
        assert_int_equal(strlen(buf_z(&b)), max);
    }
}

static void a_full_buffer_stays_full(void **state)
{
    MAI_AUTO(buf_free) struct buf b;
    buf_init(&b, 5);
    buf_add(&b, STR("abc"));
    buf_add(&b, STR("def")); /* not a part of it */
    buf_add(&b, STR("g"));   /* nor what follows, though it would fit */
    assert_str(buf_view(&b), STR("abc"));
    assert_true(b.is_full);
    assert_null(buf_reserve(&b, 1));
    buf_clear(&b);
    assert_false(b.is_full);
    buf_add(&b, STR("defgh"));
    assert_str(buf_view(&b), STR("defgh"));
}

static void formats_whatever_fits(void **state)
{
    for (int n = 250; n < 262; n++) { /* around the size of the first try */
        MAI_AUTO(buf_free) struct buf b;
        buf_init(&b, (size_t)n);
        buf_addf(&b, "%0*d", n, 7);
        assert_false(b.is_full);
        assert_int_equal(b.n, n);
        assert_int_equal(b.p[n - 1], '7');
        buf_addf(&b, "%s", "");
        assert_false(b.is_full);
        buf_clear(&b);
        buf_addf(&b, "%0*d", n + 1, 7);
        assert_true(b.is_full);
        assert_int_equal(b.n, 0);
    }
    MAI_AUTO(buf_free) struct buf b;
    buf_init(&b, SIZE_MAX);
    buf_add_i64(&b, INT64_MIN);
    assert_str(buf_view(&b), STR("-9223372036854775808"));
    assert_null(buf_reserve(&b, SIZE_MAX - 30));
}

static void consumes_from_the_front(void **state)
{
    MAI_AUTO(buf_free) struct buf b;
    buf_init(&b, 100);
    assert_str(buf_view(&b), STR(""));
    assert_string_equal(buf_z(&b), "");
    buf_consume(&b, 0);
    buf_add(&b, STR("abcdef"));
    buf_consume(&b, 2);
    assert_str(buf_view(&b), STR("cdef"));
    buf_consume(&b, 4);
    assert_str(buf_view(&b), STR(""));
    memcpy(buf_reserve(&b, 3), "xyz", 3);
    buf_grow_by(&b, 3);
    assert_string_equal(buf_z(&b), "xyz");
}

static void arenas_give_zeroed_aligned_pieces(void **state)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, 1000000);
    for (int round = 0; round < 3; round++) {
        for (size_t n = 0; n < 300; n += 1 + test_below(9)) {
            char *p = arena_alloc(&a, n);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
            for (size_t i = 0; i < n; i++)
                assert_int_equal(p[i], 0);
            memset(p, 0xaa, n);
        }
        char *large = arena_alloc(&a, 50000);
        for (size_t i = 0; i < 50000; i++)
            assert_int_equal(large[i], 0);
        arena_reset(&a);
        assert_int_equal(a.used_bytes, 0);
    }
}

static void arenas_have_a_maximum(void **state)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, 100);
    assert_non_null(arena_alloc(&a, 100));
    assert_null(arena_alloc(&a, 1));
    assert_true(a.is_full);
    assert_str(arena_dup(&a, STR("x")), STR_NONE);
    assert_string_equal(arena_z(&a, STR("x")), "");
    assert_str(arena_printf(&a, "%d", 1), STR_NONE);
    arena_free(&a);
    assert_false(a.is_full);
    assert_null(arena_alloc(&a, 101));
    arena_free(&a);
    assert_null(arena_alloc(&a, SIZE_MAX));
    arena_free(&a);
    assert_null(arena_alloc(&a, SIZE_MAX - 7));
    arena_free(&a);
    assert_non_null(arena_alloc(&a, 3));
    assert_null(arena_alloc(&a, 98)); /* sticky from here on */
    assert_null(arena_alloc(&a, 1));
}

/* Many tiny pieces take more than their own bytes: the maximum counts what they take. */
static void tiny_pieces_count_as_what_they_take(void **state)
{
    MAI_AUTO(arena_free) struct arena a;
    size_t given = 0;
    arena_init(&a, 16000);
    while (arena_alloc(&a, 1) != NULL)
        given++;
    assert_int_equal(given, 16000 / alignof(max_align_t));
}

static void array_products_do_not_wrap(void **state)
{
    MAI_AUTO(arena_free) struct arena a;
    size_t hostile = SIZE_MAX / 8 + 2; /* x 8 bytes wraps to 8 */
    arena_init(&a, 1000);
    assert_non_null(ARENA_ARRAY(&a, int64_t, 4));
    assert_null(ARENA_ARRAY(&a, int64_t, hostile));
    assert_true(a.is_full);
}

static void copies_live_in_the_arena(void **state)
{
    MAI_AUTO(arena_free) struct arena a;
    char text[] = "abc";
    arena_init(&a, 10000);
    str copy = arena_dup(&a, str_c(text));
    const char *z = arena_z(&a, (str){text, 2});
    str made = arena_printf(&a, "%s-%d", text, 7);
    text[0] = 'x';
    assert_str(copy, STR("abc"));
    assert_string_equal(z, "ab");
    assert_str(made, STR("abc-7"));
    assert_str(arena_dup(&a, STR_NONE), STR(""));
}

static void heap_pieces_are_zeroed_and_owned(void **state)
{
    int64_t *p = mem_alloc_array(100, sizeof *p);
    for (int i = 0; i < 100; i++)
        assert_int_equal(p[i], 0);
    p = mem_resize(p, 8);
    mem_free(p);
    mem_free(NULL);
    MAI_AUTO(mem_free_auto) char *owned = mem_alloc(0);
    char *taken = MAI_TAKE(owned);
    assert_null(owned);
    mem_free(taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(buffers_grow_to_their_maximum),
        cmocka_unit_test(a_full_buffer_stays_full),
        cmocka_unit_test(formats_whatever_fits),
        cmocka_unit_test(consumes_from_the_front),
        cmocka_unit_test(arenas_give_zeroed_aligned_pieces),
        cmocka_unit_test(arenas_have_a_maximum),
        cmocka_unit_test(tiny_pieces_count_as_what_they_take),
        cmocka_unit_test(array_products_do_not_wrap),
        cmocka_unit_test(copies_live_in_the_arena),
        cmocka_unit_test(heap_pieces_are_zeroed_and_owned),
    };
    return cmocka_run_group_tests_name("base_memory", tests, NULL, NULL);
}

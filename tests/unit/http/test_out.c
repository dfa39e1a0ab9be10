/* The output queue against a plain string: whatever is added in whatever pieces comes out in order,
 * whatever pieces are taken. */
#include "http/out.h"
#include "base/buf.h"

#include "../testing.h"

enum { ROUNDS = 300, STEPS = 60, PIECE_MAX = 9000 };

static char source[PIECE_MAX * 2];

static void add_random(struct out *o, struct buf *model)
{
    str piece = {source + test_below(PIECE_MAX),
                 test_below(3) == 0 ? test_below(PIECE_MAX) : test_below(40)};
    if (test_below(3) == 0) {
        out_add_static(o, piece);
    } else if (test_below(2) == 0) {
        out_add(o, piece);
    } else {
        memcpy(out_reserve(o, piece.n + 7), piece.p, piece.n);
        out_commit(o, piece.n); /* less than was reserved */
    }
    buf_add(model, piece);
}

static void take_random(struct out *o, struct buf *model)
{
    struct iovec pieces[4];
    int count = out_pieces(o, pieces, 4);
    size_t seen = 0;
    for (int i = 0; i < count; i++) {
        assert_memory_equal(pieces[i].iov_base, model->p + seen, pieces[i].iov_len);
        seen += pieces[i].iov_len;
    }
    assert_true(seen != 0 || o->bytes == 0);
    size_t n = seen != 0 ? test_below(seen + 1) : 0;
    out_consume(o, n);
    buf_consume(model, n);
}

static void test_what_goes_in_comes_out(void **state)
{
    struct out_pool pool = {0};
    for (size_t i = 0; i < sizeof source; i++)
        source[i] = (char)test_random();
    for (int round = 0; round < ROUNDS; round++) {
        struct out o;
        struct buf model MAI_AUTO(buf_free);
        buf_init(&model, SIZE_MAX / 2);
        out_init(&o, &pool);
        for (int step = 0; step < STEPS; step++) {
            if (test_below(2) == 0)
                add_random(&o, &model);
            else
                take_random(&o, &model);
            assert_int_equal(o.bytes, model.n);
        }
        while (o.bytes != 0 && round % 2 == 0)
            take_random(&o, &model);
        out_clear(&o);
        assert_int_equal(o.bytes, 0);
    }
    out_pool_free(&pool);
}

static void test_blocks_are_used_again(void **state)
{
    struct out_pool pool = {0};
    struct out o;
    out_init(&o, &pool);
    out_add(&o, STR("one"));
    struct iovec first, second;
    assert_int_equal(out_pieces(&o, &first, 1), 1);
    out_consume(&o, 3);
    assert_int_equal(pool.count, 1);
    out_add(&o, STR("two"));
    assert_int_equal(out_pieces(&o, &second, 1), 1);
    assert_ptr_equal(first.iov_base, second.iov_base);
    out_clear(&o);
    out_pool_free(&pool);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_blocks_are_used_again),
        cmocka_unit_test(test_what_goes_in_comes_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

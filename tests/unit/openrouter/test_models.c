/* The catalogue: reading, broken entries, lookup, sharing, and the cost of a list as large as
 * the real one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "codec/json.h"
#include "openrouter/models.h"

#include <stdio.h>
#include <unistd.h>

#define PRICES "\"pricing\":{\"prompt\":\"0.000003\",\"completion\":\"0.000015\"}"

static const char list[] =
    "\n         \n{\"data\":["
    "{\"id\":\"b/beta\",\"canonical_slug\":\"b/"
    "beta-2026\",\"name\":\"beta\",\"created\":1790000000,"
    "\"description\":\"two\\nlines \\u00e9\",\"context_length\":200000,"
    "\"architecture\":{\"input_modalities\":[\"text\",\"image\",\"file\"],\"output_modalities\":["
    "\"text\",\"image\"]},"
    "\"top_provider\":{\"context_length\":1000,\"max_completion_tokens\":64000},"
    "\"supported_parameters\":[\"tools\",\"reasoning\"],"
    "\"pricing\":{\"prompt\":\"0.000003\",\"completion\":\"0.000015\",\"overrides\":[{\"min_prompt_"
    "tokens\":5,"
    "\"prompt\":\"0.000006\"}]}},"
    "{\"id\":\"a/alpha:free\",\"canonical_slug\":\"a/alpha\",\"name\":\"Alpha "
    "(free)\",\"pricing\":{\"prompt\":\"0\",\"completion\":\"0\"}},"
    "{\"id\":\"a/alpha\",\"canonical_slug\":\"a/alpha\",\"name\":\"Alpha\",\"context_length\":null,"
    "\"top_provider\":{\"context_length\":4096,\"max_completion_tokens\":null}," PRICES "},"
    "{\"id\":\"openrouter/"
    "auto\",\"name\":\"Auto\",\"pricing\":{\"prompt\":\"-1\",\"completion\":\"-1\"}},"
    "{\"name\":\"no "
    "id\"},{\"id\":7},{\"id\":\"\"},{\"id\":\"bad\\nid\"},{\"id\":\"nul\\u0000\"},7,null,"
    "{\"id\":\"c/bare\"}"
    "],\"total_count\":9}";
static const char embeddings[] =
    "{\"data\":[{\"id\":\"e/embed\",\"name\":\"Embed\",\"pricing\":{\"prompt\":\"0.00000002\"}},"
    "{\"id\":\"a/alpha\",\"name\":\"Alpha again\"," PRICES "}]}";

static struct models *parsed(void)
{
    struct models *m = NULL;
    assert_int_equal(models_parse(str_c(list), str_c(embeddings), 77, &m, NULL), ST_OK);
    return m;
}

static void assert_str(str got, const char *want)
{
    if (!str_eq(got, str_c(want)))
        fail_msg("\"%.*s\" is not \"%s\"", STR_ARG(got), want);
}

static void test_entries(void **state)
{
    struct models *m = parsed();
    assert_int_equal(models_fetched_ms(m), 77);
    const struct model *b = models_find(m, STR("b/beta"));
    assert_non_null(b);
    assert_str(b->name, "beta");
    assert_str(b->canonical, "b/beta-2026");
    assert_str(b->description, "two\nlines \xc3\xa9");
    assert_int_equal(b->created, 1790000000);
    assert_int_equal(b->context_length, 200000);
    assert_int_equal(b->max_completion_tokens, 64000);
    assert_true(b->takes_images && b->takes_files && b->makes_images && b->can_tools &&
                b->can_reason);
    assert_false(b->is_embedding);
    assert_int_equal(b->price.prompt.v, 6000000);
    assert_int_equal(b->list_prompt.v, 3000000);
    assert_int_equal(b->list_completion.v, 15000000);
    assert_true(str_starts(b->raw, STR("{\"id\":\"b/beta\"")) && str_ends(b->raw, STR("}]}}")));
    models_unref(m);
}

static void test_broken_entries_are_left_out(void **state)
{
    struct models *m = parsed();
    assert_int_equal(models_count(m), 6);
    const struct model *bare = models_find(m, STR("c/bare"));
    assert_non_null(bare);
    assert_str(bare->name, "c/bare");
    assert_str(bare->canonical, "c/bare");
    assert_false(bare->price.is_known);
    assert_false(models_find(m, STR("openrouter/auto"))->price.is_known);
    assert_int_equal(models_find(m, STR("openrouter/auto"))->list_prompt.v, 0);
    models_unref(m);
}

static void test_sorted_by_name(void **state)
{
    static const char *const names[] = {"Alpha", "Alpha (free)", "Auto", "beta", "c/bare", "Embed"};
    struct models *m = parsed();
    for (size_t i = 0; i < COUNT_OF(names); i++)
        assert_str(models_at(m, i)->name, names[i]);
    models_unref(m);
}

static void test_lookup(void **state)
{
    struct models *m = parsed();
    assert_str(models_find(m, STR("b/beta-2026"))->id, "b/beta");
    assert_str(models_find(m, STR("a/alpha:free"))->id, "a/alpha:free");
    /* The slug is shared, the entry without a variant has it. */
    assert_str(models_find(m, STR("a/alpha"))->id, "a/alpha");
    assert_null(models_find(m, STR("a/alph")));
    assert_null(models_find(m, STR("B/BETA")));
    assert_null(models_find(m, STR("")));
    assert_null(models_find(m, STR_NONE));
    models_unref(m);
}

static void test_embeddings(void **state)
{
    struct models *m = parsed();
    const struct model *e = models_find(m, STR("e/embed"));
    assert_true(e->is_embedding && e->price.is_known);
    assert_int_equal(e->price.prompt.v, 20000);
    const struct model *both = models_find(m, STR("a/alpha"));
    assert_true(both->is_embedding);
    assert_str(both->name, "Alpha");
    models_unref(m);
    assert_int_equal(models_parse(STR_NONE, str_c(embeddings), 1, &m, NULL), ST_OK);
    assert_int_equal(models_count(m), 2);
    models_unref(m);
}

static void test_ids_are_found_among_colliding_slugs(void **state)
{
    /* Every entry's slug is the next entry's id: the id must win for each. */
    enum { ENTRIES = 500 };
    struct buf b;
    buf_init(&b, 1 << 20);
    buf_add(&b, STR("{\"data\":["));
    for (int i = 0; i < ENTRIES; i++)
        buf_addf(&b, "%s{\"id\":\"m/%d\",\"canonical_slug\":\"m/%d\"}", i != 0 ? "," : "", i,
                 i + 1);
    buf_add(&b, STR("]}"));
    struct models *m = NULL;
    assert_int_equal(models_parse(buf_view(&b), STR_NONE, 1, &m, NULL), ST_OK);
    for (int i = 0; i <= ENTRIES; i++) {
        char id[16];
        snprintf(id, sizeof id, "m/%d", i);
        char want[16];
        snprintf(want, sizeof want, "m/%d", i < ENTRIES ? i : i - 1);
        assert_str(models_find(m, str_c(id))->id, want);
    }
    models_unref(m);
    buf_free(&b);
}

static void test_nothing_readable(void **state)
{
    static const char *const bodies[] = {"",
                                         "{}",
                                         "[]",
                                         "{\"data\":{}}",
                                         "{\"data\":[]}",
                                         "{\"data\":[7]}",
                                         "<html>",
                                         "{\"error\":{\"code\":500}}",
                                         "{\"data\":[{\"id\":\"x\"}]"};
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct models *m = NULL;
        struct err e;
        assert_int_equal(models_parse(str_c(bodies[i]), STR_NONE, 1, &m, &e), ST_BAD_REQUEST);
        assert_null(m);
        assert_true(e.text[0] != '\0');
    }
}

static void test_references(void **state)
{
    struct models *m = parsed();
    struct models *other = models_ref(m);
    models_unref(m);
    assert_int_equal(models_count(other), 6);
    models_unref(other);
    models_unref(NULL);
}

/* The real list had about 530 kB and 340 models in August 2026. */
static void test_a_list_of_real_size(void **state)
{
    enum {
        ENTRIES = 420,
        FILL = 900,
        BUDGET_US = 100000
    }; /* 3 ms in a plain build; wide for sanitizers */
    struct buf b;
    buf_init(&b, 4 << 20);
    buf_add(&b, STR("{\"data\":["));
    for (int i = 0; i < ENTRIES; i++) {
        buf_addf(
            &b,
            "%s{\"id\":\"author-%d/model-%d\",\"canonical_slug\":\"author-%d/model-%d-20260101\","
            "\"name\":\"Author: Model %d\",\"created\":1790000000,\"description\":\"",
            i != 0 ? "," : "", i % 40, i, i % 40, i, i);
        for (int k = 0; k < FILL / 10; k++)
            buf_add(&b, k % 9 == 8 ? STR("word word\\n") : STR("word word "));
        buf_add(&b,
                STR("\",\"context_length\":128000,\"architecture\":{\"modality\":\"text->text\","
                    "\"input_modalities\":[\"text\"],\"output_modalities\":[\"text\"]},\"top_"
                    "provider\":"
                    "{\"max_completion_tokens\":16384},\"supported_parameters\":[\"tools\",\"top_"
                    "p\"]," PRICES "}"));
    }
    buf_add(&b, STR("]}"));
    assert_true(b.n > 500000);
    int64_t before = clock_mono_us();
    struct models *m = NULL;
    assert_int_equal(models_parse(buf_view(&b), STR_NONE, 1, &m, NULL), ST_OK);
    int64_t took = clock_mono_us() - before;
    print_message("# %zu bytes, %zu models: %lld us\n", b.n, models_count(m), (long long)took);
    assert_int_equal(models_count(m), ENTRIES);
    assert_true(took < BUDGET_US);
    models_unref(m);
    buf_free(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_entries),
        cmocka_unit_test(test_broken_entries_are_left_out),
        cmocka_unit_test(test_sorted_by_name),
        cmocka_unit_test(test_lookup),
        cmocka_unit_test(test_embeddings),
        cmocka_unit_test(test_ids_are_found_among_colliding_slugs),
        cmocka_unit_test(test_nothing_readable),
        cmocka_unit_test(test_references),
        cmocka_unit_test(test_a_list_of_real_size),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

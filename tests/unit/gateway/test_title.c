/* Titles as they are kept. */
#include "unit/testing.h"
#include "gateway/title.h"

static void titles_are_one_clean_line(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"Trip to Warsaw", "Trip to Warsaw"},
        {"  \"Trip to Warsaw\".\n\nHere is why", "Trip to Warsaw"},
        {"**Trip**", "Trip"},
        {"# Trip", "Trip"},
        {"", ""},
        {"\"\"", ""},
        {"Zażółć gęślą jaźń, a potem napisz do mnie jeszcze raz, bardzo proszę", "Zażółć gęślą jaźń, a potem napisz do mnie jeszcze raz, bardzo"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        str got = title_clean(str_c(rows[i].in), 62);
        assert_true(str_eq(got, str_c(rows[i].out)) || (str_utf8_count(got) <= 62 && str_starts(str_c(rows[i].out), got)));
        assert_true(str_is_utf8(got));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(titles_are_one_clean_line)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

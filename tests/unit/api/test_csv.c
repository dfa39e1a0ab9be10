/* CSV as spreadsheets and RFC 4180 read it, and the number of days a bill is asked for. */
#include "../testing.h"

#include "api/csv.h"
#include "api/usage_write.h"

static struct buf out;

static int open_out(void **state)
{
    (void)state;
    buf_init(&out, 1 << 20);
    return 0;
}

static int close_out(void **state)
{
    (void)state;
    buf_free(&out);
    return 0;
}

static void assert_field(const char *text, const char *expected)
{
    struct csv c = {.out = &out};
    buf_clear(&out);
    csv_text(&c, str_c(text));
    assert_str(buf_view(&out), str_c(expected));
}

static void test_plain_text_stays(void **state)
{
    (void)state;
    assert_field("Anna", "Anna");
    assert_field("openai/gpt-4o-mini", "openai/gpt-4o-mini");
    assert_field("Zażółć 株式会社", "Zażółć 株式会社");
    assert_field("a-b=c", "a-b=c");
    assert_field("O'Neil", "O'Neil");
}

static void test_separators_and_quotes_are_quoted(void **state)
{
    (void)state;
    assert_field("a,b", "\"a,b\"");
    assert_field("a\"b", "\"a\"\"b\"");
    assert_field("\"", "\"\"\"\"");
    assert_field("\"\"", "\"\"\"\"\"\"");
    assert_field("a\nb", "\"a\nb\"");
    assert_field("a\r\nb", "\"a\r\nb\"");
    assert_field(" a", "\" a\"");
    assert_field("a ", "\"a \"");
}

static void test_formulas_are_disarmed(void **state)
{
    (void)state;
    assert_field("=1+1", "'=1+1");
    assert_field("+1", "'+1");
    assert_field("-1", "'-1");
    assert_field("@SUM(A1)", "'@SUM(A1)");
    assert_field("\tx", "'\tx");
    assert_field("\rx", "\"'\rx\"");
    assert_field("=HYPERLINK(\"x\",\"y\")", "\"'=HYPERLINK(\"\"x\"\",\"\"y\"\")\"");
    assert_field("  =1", "\"'  =1\"");
    assert_field("=", "'=");
}

static void test_rows_end_with_crlf_and_numbers_are_exact(void **state)
{
    static const char *const head[] = {"name", "tokens", "cost_usd"};
    struct csv c = {.out = &out};
    (void)state;
    csv_head(&c, head, 3);
    csv_text(&c, STR("a,b"));
    csv_i64(&c, -12);
    csv_pico(&c, PICO(-37500));
    csv_end_row(&c);
    csv_text(&c, STR(""));
    csv_i64(&c, INT64_MAX);
    csv_pico(&c, PICO(INT64_C(12500000000000)));
    csv_end_row(&c);
    assert_str(buf_view(&out), STR("name,tokens,cost_usd\r\n"
                                   "\"a,b\",-12,-0.0000000375\r\n"
                                   ",9223372036854775807,12.5\r\n"));
}

/* A small reader of RFC 4180: what was written comes back, whatever the bytes. */
static str read_field(str *rest, struct buf *field)
{
    buf_clear(field);
    bool is_quoted = rest->n != 0 && rest->p[0] == '"';
    size_t at = is_quoted ? 1 : 0;
    for (; at < rest->n; at++) {
        char ch = rest->p[at];
        if (is_quoted && ch == '"') {
            if (at + 1 < rest->n && rest->p[at + 1] == '"')
                at++;
            else
                break;
        } else if (!is_quoted && (ch == ',' || ch == '\r')) {
            break;
        }
        buf_add_char(field, ch);
    }
    *rest = str_from(*rest, at + (is_quoted ? 1 : 0));
    return buf_view(field);
}

static void test_random_texts_come_back(void **state)
{
    static const char letters[] = "a,\"=-+@ \r\n'\tz";
    struct buf field;
    (void)state;
    buf_init(&field, 4096);
    for (int round = 0; round < 20000; round++) {
        char text[2][12];
        struct csv c = {.out = &out};
        buf_clear(&out);
        for (int f = 0; f < 2; f++) {
            size_t n = test_below(sizeof text[f]);
            for (size_t i = 0; i < n; i++)
                text[f][i] = letters[test_below(sizeof letters - 1)];
            text[f][n] = '\0';
            csv_text(&c, str_c(text[f]));
        }
        csv_end_row(&c);
        str rest = buf_view(&out);
        for (int f = 0; f < 2; f++) {
            str got = read_field(&rest, &field), meant = str_c(text[f]);
            if (got.n == meant.n + 1 && got.p[0] == '\'')
                got = str_from(got, 1);
            else if (got.n != 0 && memchr("=+-@\t\r\n", got.p[0], 7) != NULL)
                fail_msg("a formula got through: %.*s", STR_ARG(got));
            if (!str_eq(got, meant))
                fail_msg("%.*s came back as %.*s", STR_ARG(meant), STR_ARG(got));
            str mark = f == 0 ? STR(",") : STR("\r\n");
            assert_true(str_starts(rest, mark));
            rest = str_from(rest, mark.n);
        }
        assert_int_equal(rest.n, 0);
    }
    buf_free(&field);
}

static void test_days_of_a_bill(void **state)
{
    static const char *const bad[] = {
        "0", "-1", "3701", "abc", "", " 30", "30 ", "1.5", "99999999999999999999", "1e2"};
    int days = 7;
    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        assert_st(usage_parse_days(str_c(bad[i]), &days), ST_UNPROCESSABLE);
        assert_int_equal(days, 7);
    }
    assert_st(usage_parse_days(STR("1"), &days), ST_OK);
    assert_int_equal(days, 1);
    assert_st(usage_parse_days(STR("3700"), &days), ST_OK);
    assert_int_equal(days, 3700);
}

#define TEST_CASE(fn) cmocka_unit_test_setup_teardown(fn, open_out, close_out)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST_CASE(test_plain_text_stays),
        TEST_CASE(test_separators_and_quotes_are_quoted),
        TEST_CASE(test_formulas_are_disarmed),
        TEST_CASE(test_rows_end_with_crlf_and_numbers_are_exact),
        TEST_CASE(test_random_texts_come_back),
        TEST_CASE(test_days_of_a_bill),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

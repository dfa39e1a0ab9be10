/* Calendar arithmetic against the C library's, ISO 8601 in and out. */
#include "unit/testing.h"
#include "base/clock.h"

#include <time.h>

static void counts_days_as_the_library(void **state)
{
    for (int i = 0; i < 300000; i++) {
        int64_t ms =
            ((int64_t)(test_random() >> 16) - (INT64_C(1) << 47)) / 2; /* years 260 .. 3600 */
        time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));
        struct tm tm;
        assert_non_null(gmtime_r(&seconds, &tm));
        struct civil c = civil_from_ms(ms);
        assert_int_equal(c.year, tm.tm_year + 1900);
        assert_int_equal(c.month, tm.tm_mon + 1);
        assert_int_equal(c.day, tm.tm_mday);
        assert_int_equal(c.hour, tm.tm_hour);
        assert_int_equal(c.minute, tm.tm_min);
        assert_int_equal(c.second, tm.tm_sec);
        assert_int_equal(c.millisecond, ms - seconds * 1000);
        assert_true(civil_to_ms(c) == ms);
    }
}

static void months_carry_into_years(void **state)
{
    static const struct {
        int year, month;
        const char *date;
    } rows[] = {
        {2026, 13, "2027-01-01"}, {2026, 0, "2025-12-01"},   {2026, -11, "2025-01-01"},
        {2026, 25, "2028-01-01"}, {2026, -12, "2024-12-01"}, {2026, 12, "2026-12-01"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[ISO_TIME_CAP];
        iso_date_from_ms(
            civil_to_ms((struct civil){.year = rows[i].year, .month = rows[i].month, .day = 1}),
            text);
        assert_string_equal(text, rows[i].date);
    }
}

static void writes_iso(void **state)
{
    char text[ISO_TIME_CAP];
    iso_from_ms(0, text);
    assert_string_equal(text, "1970-01-01T00:00:00.000Z");
    iso_from_ms(-1, text);
    assert_string_equal(text, "1969-12-31T23:59:59.999Z");
    iso_from_ms(INT64_C(1795447800123), text);
    assert_string_equal(text, "2026-11-23T15:30:00.123Z");
    iso_date_from_ms(INT64_C(1795447800123), text);
    assert_string_equal(text, "2026-11-23");
}

static void reads_iso(void **state)
{
    static const struct {
        const char *text;
        int64_t ms;
    } rows[] = {
        {"1970-01-01", 0},
        {"1970-01-01T00:00:00Z", 0},
        {"1970-01-01 00:00:00z", 0},
        {"2026-11-23T15:30:00.123Z", INT64_C(1795447800123)},
        {"2026-11-23t15:30:00.1234567Z", INT64_C(1795447800123)},
        {"2026-11-23T15:30:00.1Z", INT64_C(1795447800100)},
        {"2026-11-23T16:30:00.123+01:00", INT64_C(1795447800123)},
        {"2026-11-23T21:15:00.123+05:45", INT64_C(1795447800123)},
        {"2026-11-23T05:30:00.123-10:00", INT64_C(1795447800123)},
        {"2024-02-29", INT64_C(1709164800000)},
        {"2000-02-29", INT64_C(951782400000)},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t ms = 777;
        print_message("# %s\n", rows[i].text);
        assert_st(iso_to_ms(str_c(rows[i].text), &ms), ST_OK);
        assert_true(ms == rows[i].ms);
    }
}

static void refuses_what_is_no_time(void **state)
{
    static const char *const bad[] = {
        "",
        "2026",
        "2026-11",
        "2026-11-",
        "2026-1-1",
        "26-11-23",
        "2026/11/23",
        "2026-13-01",
        "2026-00-01",
        "2026-11-31",
        "2026-11-00",
        "2026-02-29",
        "1900-02-29",
        "2026-11-23T",
        "2026-11-23T15",
        "2026-11-23T15:30",
        "2026-11-23T15:30:00",
        "2026-11-23T15:30:00+",
        "2026-11-23T15:30:00+01",
        "2026-11-23T15:30:00+0100",
        "2026-11-23T15:30:00+24:00",
        "2026-11-23T15:30:00+01:60",
        "2026-11-23T24:00:00Z",
        "2026-11-23T15:60:00Z",
        "2026-11-23T15:30:60Z",
        "2026-11-23T15:30:00.Z",
        "2026-11-23T15:30:00Zx",
        "2026-11-23T15:30:00Z ",
        " 2026-11-23",
        "2026-11-23x",
        "-026-11-23",
        "2026-11--3",
        "2026-+1-23",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        int64_t ms = 777;
        if (iso_to_ms(str_c(bad[i]), &ms) != ST_BAD_REQUEST || ms != 777)
            fail_msg("%s", bad[i]);
    }
}

static void what_is_written_is_read_back(void **state)
{
    for (int i = 0; i < 100000; i++) {
        int64_t ms = (int64_t)test_below(UINT64_C(250000000000000)), back;
        char text[ISO_TIME_CAP];
        iso_from_ms(ms, text);
        assert_st(iso_to_ms(str_c(text), &back), ST_OK);
        assert_true(back == ms);
    }
}

static void clocks_run(void **state)
{
    int64_t mono = clock_mono_us(), now = clock_now_ms();
    assert_true(now > INT64_C(1700000000000) && clock_mono_us() >= mono);
    clock_set_offset_ms(40 * MS_PER_DAY);
    int64_t moved = clock_now_ms() - now - 40 * MS_PER_DAY;
    clock_set_offset_ms(0);
    assert_true(moved >= 0 && moved < MS_PER_HOUR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_iso),
        cmocka_unit_test(reads_iso),
        cmocka_unit_test(refuses_what_is_no_time),
        cmocka_unit_test(months_carry_into_years),
        cmocka_unit_test(clocks_run),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(counts_days_as_the_library),
    };
    return cmocka_run_group_tests_name("base_clock", tests, NULL, NULL);
}

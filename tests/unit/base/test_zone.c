/* Zones against the C library's own reading of the same tzdata, and days that are not 24 hours
 * long. */
#include "unit/testing.h"
#include "base/zone.h"

#include <time.h>

static const char *const names[] = {
    "UTC",
    "Europe/Warsaw",
    "Europe/Dublin",
    "Europe/London",
    "America/New_York",
    "America/Sao_Paulo",
    "America/Havana",
    "America/Nuuk",
    "America/St_Johns",
    "Asia/Kathmandu",
    "Asia/Kolkata",
    "Asia/Gaza",
    "Asia/Tehran",
    "Asia/Beirut",
    "Australia/Lord_Howe",
    "Australia/Sydney",
    "Africa/Cairo",
    "Africa/Casablanca",
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
    "Antarctica/Troll",
    "America/Asuncion",
    "Pacific/Honolulu",
};

static const struct zone *find(const char *name)
{
    const struct zone *z = NULL;
    if (zone_find(str_c(name), &z) != ST_OK)
        fail_msg("%s", name);
    return z;
}

static int64_t at(const char *iso)
{
    int64_t ms = 0;
    assert_st(iso_to_ms(str_c(iso), &ms), ST_OK);
    return ms;
}

static void finds_zones_by_name(void **state)
{
    const struct zone *z = find("Europe/Warsaw");
    assert_ptr_equal(find("Europe/Warsaw"), z);
    assert_str(zone_name(z), STR("Europe/Warsaw"));
    assert_ptr_equal(find("UTC"), zone_utc());
    static const char *const bad[] = {
        "",
        "europe/warsaw",
        "Europe/Nowhere",
        "Europe",
        "../../../etc/passwd",
        "/etc/localtime",
        "Europe/../UTC",
        "right/Europe/Warsaw",
        "posix/Europe/Warsaw",
        "posixrules",
        "localtime",
        "leapseconds",
        "zone.tab",
        "-",
        "Europe/Warsaw ",
        "Europe/Warsaw\n",
        "Europe//Warsaw/",
        "Utc/x",
        "Aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    };
    const struct zone *out = z;
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        if (zone_find(str_c(bad[i]), &out) != ST_NOT_FOUND || out != z)
            fail_msg("%s", bad[i]);
    assert_st(zone_find(STR("Europe/Warsaw\0x"), &out), ST_NOT_FOUND);
}

static void use_library_zone(const char *name)
{
    setenv("TZ", name, 1);
    tzset();
}

static void expect_library_offset(const struct zone *z, int64_t ms)
{
    time_t seconds = (time_t)(ms / 1000 - (ms % 1000 < 0));
    struct tm tm;
    assert_non_null(localtime_r(&seconds, &tm));
    if (zone_offset_ms(z, ms) != tm.tm_gmtoff * 1000)
        fail_msg("%.*s at %lld: %lld, not %ld", STR_ARG(zone_name(z)), (long long)ms,
                 (long long)zone_offset_ms(z, ms) / 1000, tm.tm_gmtoff);
    struct civil c = zone_civil(z, ms);
    assert_true(c.day == tm.tm_mday && c.hour == tm.tm_hour && c.minute == tm.tm_min);
}

static void offsets_are_those_of_the_library(void **state)
{
    int64_t from = at("1935-01-01"), span = at("2120-01-01") - from;
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct zone *z = find(names[i]);
        use_library_zone(names[i]);
        for (int k = 0; k < 20000; k++)
            expect_library_offset(z, from + (int64_t)test_below((uint64_t)span));
        /* every hour of two years, where the changes are, and of two behind the table of the file
         */
        for (int64_t ms = at("2026-01-01"); ms < at("2028-01-01"); ms += MS_PER_HOUR / 2)
            expect_library_offset(z, ms);
        for (int64_t ms = at("2060-01-01"); ms < at("2062-01-01"); ms += MS_PER_HOUR / 2)
            expect_library_offset(z, ms);
    }
}

static void days_have_the_length_they_have(void **state)
{
    static const struct {
        const char *zone, *date, *start, *next;
    } rows[] = {
        {"UTC", "2026-11-23", "2026-11-23T00:00:00Z", "2026-11-24T00:00:00Z"},
        /* 23 and 25 hours */
        {"Europe/Warsaw", "2026-03-29", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
        {"Europe/Warsaw", "2026-10-25", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
        {"Europe/Warsaw", "2090-10-29", "2090-10-28T22:00:00Z", "2090-10-29T23:00:00Z"},
        {"America/New_York", "2026-03-08", "2026-03-08T05:00:00Z", "2026-03-09T04:00:00Z"},
        {"America/New_York", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
        /* quarters of an hour, and changes by half an hour */
        {"Asia/Kathmandu", "2026-01-01", "2025-12-31T18:15:00Z", "2026-01-01T18:15:00Z"},
        {"Pacific/Chatham", "2026-04-05", "2026-04-04T10:15:00Z", "2026-04-05T11:15:00Z"},
        {"Australia/Lord_Howe", "2026-04-05", "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z"},
        {"Australia/Lord_Howe", "2026-10-04", "2026-10-03T13:30:00Z", "2026-10-04T13:00:00Z"},
        /* midnight does not exist: the day begins at 01:00 */
        {"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"},
        {"Africa/Cairo", "2026-04-24", "2026-04-23T22:00:00Z", "2026-04-24T21:00:00Z"},
        {"Asia/Beirut", "2026-03-29", "2026-03-28T22:00:00Z", "2026-03-29T21:00:00Z"},
        /* the hour before midnight, or the one after, comes twice */
        {"America/Sao_Paulo", "2018-02-17", "2018-02-17T02:00:00Z", "2018-02-18T03:00:00Z"},
        {"Africa/Cairo", "2026-10-29", "2026-10-28T21:00:00Z", "2026-10-29T22:00:00Z"},
        {"America/Havana", "2026-11-01", "2026-11-01T04:00:00Z", "2026-11-02T05:00:00Z"},
        /* far from UTC on both sides */
        {"Pacific/Kiritimati", "2026-01-01", "2025-12-31T10:00:00Z", "2026-01-01T10:00:00Z"},
        {"Pacific/Honolulu", "2026-01-01", "2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const struct zone *z = find(rows[i].zone);
        struct civil c = civil_from_ms(at(rows[i].date));
        int64_t start = at(rows[i].start), next = at(rows[i].next);
        print_message("# %s %s\n", rows[i].zone, rows[i].date);
        assert_int_equal(zone_date_start_ms(z, c.year, c.month, c.day), start);
        for (int64_t ms = start; ms < next; ms += MS_PER_HOUR / 4) {
            assert_int_equal(zone_day_start_ms(z, ms), start);
            assert_int_equal(zone_next_day_start_ms(z, ms), next);
        }
        assert_int_equal(zone_day_start_ms(z, next - 1), start);
        assert_int_equal(zone_day_start_ms(z, next), next);
    }
}

/* In 2011 Samoa had no 30 December. */
static void a_date_may_be_missing(void **state)
{
    const struct zone *z = find("Pacific/Apia");
    assert_int_equal(zone_date_start_ms(z, 2011, 12, 30), at("2011-12-30T10:00:00Z"));
    assert_int_equal(zone_date_start_ms(z, 2011, 12, 31), at("2011-12-30T10:00:00Z"));
    assert_int_equal(zone_next_day_start_ms(z, at("2011-12-30T09:59:59Z")),
                     at("2011-12-30T10:00:00Z"));
    assert_int_equal(zone_next_day_start_ms(z, at("2011-12-30T10:00:00Z")),
                     at("2011-12-31T10:00:00Z"));
}

/* Days follow one another without gap or overlap, and each instant lies in its own. */
static void days_cover_all_time(void **state)
{
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const struct zone *z = find(names[i]);
        for (int64_t day = zone_day_start_ms(z, at("2015-01-01")); day < at("2040-01-01");) {
            int64_t next = zone_next_day_start_ms(z, day);
            struct civil first = zone_civil(z, day), last = zone_civil(z, next - 1);
            assert_true(next - day >= 22 * MS_PER_HOUR && next - day <= 26 * MS_PER_HOUR);
            assert_int_equal(first.day, last.day);
            assert_int_equal(zone_day_start_ms(z, next - 1), day);
            assert_int_not_equal(zone_civil(z, day - 1).day, first.day);
            day = next;
        }
    }
}

static void months_begin_with_their_first_day(void **state)
{
    const struct zone *z = find("Europe/Warsaw");
    int64_t ms = at("2026-03-31T21:59:59.999Z");
    assert_int_equal(zone_month_start_ms(z, ms), at("2026-02-28T23:00:00Z"));
    assert_int_equal(zone_next_month_start_ms(z, ms), at("2026-03-31T22:00:00Z"));
    assert_int_equal(zone_month_start_ms(z, ms + 1), at("2026-03-31T22:00:00Z"));
    ms = at("2026-12-15T12:00:00Z");
    assert_int_equal(zone_next_month_start_ms(z, ms), at("2026-12-31T23:00:00Z"));
    assert_int_equal(zone_date_start_ms(z, 2026, 13, 1), at("2026-12-31T23:00:00Z"));
    assert_int_equal(zone_month_start_ms(zone_utc(), ms), at("2026-12-01"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_zones_by_name),
        cmocka_unit_test(days_have_the_length_they_have),
        cmocka_unit_test(a_date_may_be_missing),
        cmocka_unit_test(months_begin_with_their_first_day),
        cmocka_unit_test(days_cover_all_time),
        cmocka_unit_test(offsets_are_those_of_the_library),
    };
    return cmocka_run_group_tests_name("base_zone", tests, NULL, NULL);
}

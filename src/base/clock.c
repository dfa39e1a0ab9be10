/* Clocks and calendar arithmetic; see clock.h. Day counting after the well-known civil calendar
 * method with years that begin in March. */
#include "base/clock.h"

#include <stdatomic.h>
#include <stdio.h>
#include <time.h>

static _Atomic int64_t offset_ms;

void clock_set_offset_ms(int64_t value)
{
    atomic_store(&offset_ms, value);
}

int64_t clock_now_ms(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_REALTIME, &ts);
    return (int64_t)ts.tv_sec * MS_PER_SECOND + ts.tv_nsec / 1000000 + atomic_load(&offset_ms);
}

int64_t clock_mono_us(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static int64_t floor_div(int64_t a, int64_t b)
{
    return a / b - (a % b != 0 && (a < 0) != (b < 0));
}

static int64_t days_from_civil(int64_t y, int m, int d)
{
    y -= m <= 2;
    int64_t era = floor_div(y, 400);
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (m + (m > 2 ? -3 : 9)) + 2) / 5 + d - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

struct civil civil_from_ms(int64_t utc_ms)
{
    int64_t days = floor_div(utc_ms, MS_PER_DAY);
    int64_t ms = utc_ms - days * MS_PER_DAY;
    int64_t z = days + 719468;
    int64_t era = floor_div(z, 146097);
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    return (struct civil){
        .year = (int)(yoe + era * 400 + (month <= 2)),
        .month = month,
        .day = (int)(doy - (153 * mp + 2) / 5 + 1),
        .hour = (int)(ms / MS_PER_HOUR),
        .minute = (int)(ms / 60000 % 60),
        .second = (int)(ms / MS_PER_SECOND % 60),
        .millisecond = (int)(ms % MS_PER_SECOND),
    };
}

int64_t civil_to_ms(struct civil c)
{
    int64_t months = (int64_t)c.year * 12 + (c.month - 1);
    int64_t year = floor_div(months, 12);
    int64_t days = days_from_civil(year, (int)(months - year * 12) + 1, c.day);
    int64_t seconds = days * 86400 + c.hour * 3600 + c.minute * 60 + c.second;
    return seconds * MS_PER_SECOND + c.millisecond;
}

void iso_from_ms(int64_t utc_ms, char *dst)
{
    struct civil c = civil_from_ms(utc_ms);
    snprintf(dst, ISO_TIME_CAP, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", c.year % 10000, c.month, c.day,
             c.hour, c.minute, c.second, c.millisecond);
}

void iso_date_from_ms(int64_t utc_ms, char *dst)
{
    struct civil c = civil_from_ms(utc_ms);
    snprintf(dst, ISO_TIME_CAP, "%04d-%02d-%02d", c.year % 10000, c.month, c.day);
}

/* Reads exactly n digits at the front of *s. */
static bool take_digits(str *s, size_t n, int *out)
{
    uint64_t v = 0;
    if (s->n < n || str_to_u64(str_sub(*s, 0, n), &v) != ST_OK)
        return false;
    *out = (int)v;
    *s = str_from(*s, n);
    return true;
}

static bool take_char(str *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = str_from(*s, 1);
    return true;
}

static bool take_date(str *s, struct civil *c)
{
    if (!take_digits(s, 4, &c->year) || !take_char(s, '-') || !take_digits(s, 2, &c->month) ||
        !take_char(s, '-') || !take_digits(s, 2, &c->day))
        return false;
    if (c->month < 1 || c->month > 12 || c->day < 1)
        return false;
    struct civil back = civil_from_ms(civil_to_ms(*c));
    return back.month == c->month && back.day == c->day;
}

static bool take_clock(str *s, struct civil *c)
{
    if (!take_digits(s, 2, &c->hour) || !take_char(s, ':') || !take_digits(s, 2, &c->minute) ||
        !take_char(s, ':') || !take_digits(s, 2, &c->second))
        return false;
    if (take_char(s, '.')) {
        int scale = 100, digits = 0, d;
        for (; s->n != 0 && take_digits(s, 1, &d); digits++, scale /= 10)
            c->millisecond += d * scale;
        if (digits == 0)
            return false;
    }
    return c->hour < 24 && c->minute < 60 && c->second < 60;
}

static bool take_offset(str *s, int64_t *offset_out)
{
    int hours, minutes;
    bool is_east = s->n != 0 && s->p[0] == '+';
    *offset_out = 0;
    if (take_char(s, 'Z') || take_char(s, 'z'))
        return true;
    if (!take_char(s, '+') && !take_char(s, '-'))
        return false;
    if (!take_digits(s, 2, &hours) || !take_char(s, ':') || !take_digits(s, 2, &minutes))
        return false;
    *offset_out = (hours * 60 + minutes) * INT64_C(60000) * (is_east ? 1 : -1);
    return hours < 24 && minutes < 60;
}

status iso_to_ms(str s, int64_t *out)
{
    struct civil c = {0};
    int64_t shift = 0;
    if (!take_date(&s, &c))
        return ST_BAD_REQUEST;
    if (s.n != 0) {
        if (!take_char(&s, 'T') && !take_char(&s, 't') && !take_char(&s, ' '))
            return ST_BAD_REQUEST;
        if (!take_clock(&s, &c) || !take_offset(&s, &shift) || s.n != 0)
            return ST_BAD_REQUEST;
    }
    *out = civil_to_ms(c) - shift;
    return ST_OK;
}

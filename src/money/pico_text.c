/* Pico-dollars as text: exact for machines and rows, rounded for people; see pico.h. */
#include "money/pico.h"

#include <stdio.h>

#define UNITS_PER_CENT (PICO_PER_USD / 100)
#define UNITS_PER_MICRO (PICO_PER_USD / 1000000)

static uint64_t magnitude(int64_t v)
{
    return v < 0 ? 0u - (uint64_t)v : (uint64_t)v;
}

/* `v / 10^decimals` without trailing zeros. */
static str decimal_text(int64_t v, int decimals, uint64_t per_one, char *dst)
{
    uint64_t m = magnitude(v);
    int n =
        snprintf(dst, PICO_TEXT_CAP, "%s%llu.%0*llu", v < 0 ? "-" : "",
                 (unsigned long long)(m / per_one), decimals, (unsigned long long)(m % per_one));
    CHECK(n > decimals && n < PICO_TEXT_CAP);
    while (dst[n - 1] == '0')
        n--;
    if (dst[n - 1] == '.')
        n--;
    dst[n] = '\0';
    return (str){dst, (size_t)n};
}

str pico_text(pico a, char *dst)
{
    return decimal_text(a.v, 12, (uint64_t)PICO_PER_USD, dst);
}

str markup_text(markup m, char *dst)
{
    return decimal_text(m.ppm, 6, 1000000, dst);
}

static uint64_t divide_half_even(uint64_t v, uint64_t by)
{
    uint64_t whole = v / by;
    uint64_t tail = v % by;
    bool is_up = tail > by - tail || (tail == by - tail && whole % 2 == 1);
    return whole + (is_up ? 1 : 0);
}

/* 1234567 -> "1,234,567"; dst holds PICO_TEXT_CAP. */
static void group_thousands(uint64_t v, char *dst)
{
    char plain[24];
    int digits = snprintf(plain, sizeof plain, "%llu", (unsigned long long)v);
    char *at = dst;
    for (int i = 0; i < digits; i++) {
        if (i != 0 && (digits - i) % 3 == 0)
            *at++ = ',';
        *at++ = plain[i];
    }
    *at = '\0';
}

str pico_display_usd(pico a, char *dst)
{
    uint64_t m = magnitude(a.v);
    const char *sign = a.v < 0 ? "-" : "";
    int n;
    if (m != 0 && m < (uint64_t)UNITS_PER_MICRO) {
        n = snprintf(dst, PICO_TEXT_CAP, "%s", a.v < 0 ? ">-$0.000001" : "<$0.000001");
    } else if (m != 0 && m < (uint64_t)UNITS_PER_CENT) {
        uint64_t micros = divide_half_even(m, (uint64_t)UNITS_PER_MICRO);
        n = snprintf(dst, PICO_TEXT_CAP, "%s$0.%06llu", sign, (unsigned long long)micros);
    } else {
        uint64_t cents = divide_half_even(m, (uint64_t)UNITS_PER_CENT);
        char dollars[PICO_TEXT_CAP];
        group_thousands(cents / 100, dollars);
        n = snprintf(dst, PICO_TEXT_CAP, "%s$%s.%02u", sign, dollars, (unsigned)(cents % 100));
    }
    CHECK(n > 0 && n < PICO_TEXT_CAP);
    return (str){dst, (size_t)n};
}

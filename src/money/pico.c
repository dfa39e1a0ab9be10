/* Pico-dollars: reading decimal text and arithmetic; see pico.h. Writing is in pico_text.c.
 *
 * Invariants (the unit tests name the number):
 *   M1  A value is the text's exact value, or that value rounded half to even once, at the twelfth
 * decimal. M2  Whatever does not fit in an int64 of units is ST_RANGE, never wrapped and never
 * clamped. M3  Work grows with the length of the text only, never with the size of an exponent. M4
 * On failure the output is untouched. */
#include "money/pico.h"
#include "money/decimal.h"

enum { DECIMALS = 12, PPM_PER_ONE = 1000000 };

static status decimal_to_pico(const struct decimal *d, pico *out)
{
    int64_t units = 0;
    status st = decimal_scale(d, DECIMALS, &units, NULL);
    if (st == ST_OK)
        *out = PICO(units);
    return st;
}

status pico_parse(str number, pico *out)
{
    struct decimal d;
    status st = decimal_scan(number, &d);
    return st == ST_OK ? decimal_to_pico(&d, out) : st;
}

status pico_parse_amount(str text, pico *out)
{
    struct decimal d;
    status st = decimal_scan(text, &d);
    if (st != ST_OK)
        return st;
    if (d.is_negative || d.has_exponent)
        return ST_BAD_REQUEST;
    if (d.fraction.n > DECIMALS)
        return ST_RANGE;
    return decimal_to_pico(&d, out);
}

status pico_add(pico a, pico b, pico *out)
{
    int64_t v;
    if (__builtin_add_overflow(a.v, b.v, &v))
        return ST_RANGE;
    *out = PICO(v);
    return ST_OK;
}

status pico_sub(pico a, pico b, pico *out)
{
    int64_t v;
    if (__builtin_sub_overflow(a.v, b.v, &v))
        return ST_RANGE;
    *out = PICO(v);
    return ST_OK;
}

int pico_cmp(pico a, pico b)
{
    return a.v < b.v ? -1 : a.v > b.v;
}

bool pico_is_zero(pico a)
{
    return a.v == 0;
}

status pico_mul(pico unit_price, int64_t count, pico *out)
{
    int64_t v;
    if (__builtin_mul_overflow(unit_price.v, count, &v))
        return ST_RANGE;
    *out = PICO(v);
    return ST_OK;
}

status markup_parse(str text, markup *out)
{
    const int64_t units_per_ppm = PICO_PER_USD / PPM_PER_ONE;
    pico rate;
    status st = pico_parse(text, &rate);
    if (st != ST_OK)
        return st;
    if (rate.v <= 0 || rate.v % units_per_ppm != 0)
        return ST_RANGE;
    int64_t ppm = rate.v / units_per_ppm;
    if (ppm > MARKUP_MAX_PPM)
        return ST_RANGE;
    *out = (markup){ppm};
    return ST_OK;
}

status markup_apply(pico cost, markup m, pico *out)
{
    if (m.ppm < MARKUP_MIN_PPM || m.ppm > MARKUP_MAX_PPM)
        return ST_RANGE;
    __int128 product = (__int128)cost.v * m.ppm;
    __int128 billed = product / PPM_PER_ONE; /* toward zero */
    int64_t tail = (int64_t)(product % PPM_PER_ONE);
    int64_t twice = (tail < 0 ? -tail : tail) * 2;
    if (twice > PPM_PER_ONE || (twice == PPM_PER_ONE && billed % 2 != 0))
        billed += product < 0 ? -1 : 1;
    if (billed > INT64_MAX || billed < INT64_MIN)
        return ST_RANGE;
    *out = PICO((int64_t)billed);
    return ST_OK;
}

/* Pico-dollars: reading decimal text and arithmetic; see pico.h. Writing is in pico_text.c.
 *
 * Invariants (the unit tests name the number):
 *   M1  A value is the text's exact value, or that value rounded half to even once, at the twelfth decimal.
 *   M2  Whatever does not fit in an int64 of units is ST_RANGE, never wrapped and never clamped.
 *   M3  Work grows with the length of the text only, never with the size of an exponent.
 *   M4  On failure the output is untouched. */
#include "money/pico.h"

enum {
    DECIMALS = 12,
    MAX_DIGITS = 19, /* every number of 19 digits fits in a uint64 */
    PPM_PER_ONE = 1000000,
};

/* Far beyond any exponent that matters, far from overflow when a text's length is added. */
#define EXPONENT_CEILING (INT64_C(1) << 60)

/* A JSON number taken apart; the digit views point into its text. */
struct decimal {
    bool is_negative;
    str whole;
    str fraction;
    bool has_exponent;
    int64_t exponent; /* saturated at +-EXPONENT_CEILING */
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static str take_digits(str *rest)
{
    size_t n = 0;
    while (n < rest->n && is_digit(rest->p[n]))
        n++;
    str digits = str_sub(*rest, 0, n);
    *rest = str_from(*rest, n);
    return digits;
}

static bool take_char(str *rest, char c)
{
    if (rest->n == 0 || rest->p[0] != c)
        return false;
    *rest = str_from(*rest, 1);
    return true;
}

static status take_exponent(str *rest, struct decimal *d)
{
    bool is_negative = take_char(rest, '-');
    if (!is_negative)
        (void)take_char(rest, '+');
    str digits = take_digits(rest);
    if (digits.n == 0)
        return ST_BAD_REQUEST;
    int64_t e = 0;
    for (size_t i = 0; i < digits.n && e < EXPONENT_CEILING / 10; i++)
        e = e * 10 + (digits.p[i] - '0');
    d->exponent = is_negative ? -e : e;
    d->has_exponent = true;
    return ST_OK;
}

/* The grammar of RFC 8259 section 6. */
static status decimal_scan(str text, struct decimal *d)
{
    *d = (struct decimal){.is_negative = take_char(&text, '-')};
    d->whole = take_digits(&text);
    if (d->whole.n == 0 || (d->whole.n > 1 && d->whole.p[0] == '0'))
        return ST_BAD_REQUEST;
    if (take_char(&text, '.')) {
        d->fraction = take_digits(&text);
        if (d->fraction.n == 0)
            return ST_BAD_REQUEST;
    }
    if (take_char(&text, 'e') || take_char(&text, 'E')) {
        status st = take_exponent(&text, d);
        if (st != ST_OK)
            return st;
    }
    return text.n == 0 ? ST_OK : ST_BAD_REQUEST;
}

/* The i-th digit of whole and fraction read as one row. */
static unsigned digit_at(const struct decimal *d, size_t i)
{
    return (unsigned)((i < d->whole.n ? d->whole.p[i] : d->fraction.p[i - d->whole.n]) - '0');
}

/* Is the part from digit `at` on more than, or exactly, half of the unit before it? */
static bool rounds_up(const struct decimal *d, size_t at, size_t count, bool is_odd)
{
    if (at >= count || digit_at(d, at) < 5)
        return false;
    if (digit_at(d, at) > 5)
        return true;
    for (size_t i = at + 1; i < count; i++)
        if (digit_at(d, i) != 0)
            return true;
    return is_odd;
}

/* |value| in units of 1e-12: the row of digits, its point moved `DECIMALS + exponent` to the right. */
static status decimal_units(const struct decimal *d, uint64_t *out)
{
    size_t count = d->whole.n + d->fraction.n;
    size_t first = 0;
    while (first < count && digit_at(d, first) == 0)
        first++;
    if (first == count) {
        *out = 0;
        return ST_OK;
    }
    /* How many digits stand before the moved point, leading zeros aside. */
    int64_t kept = (int64_t)d->whole.n - (int64_t)first + DECIMALS + d->exponent;
    if (kept > MAX_DIGITS)
        return ST_RANGE;
    uint64_t units = 0;
    for (int64_t i = 0; i < kept; i++) {
        size_t at = first + (size_t)i;
        units = units * 10 + (at < count ? digit_at(d, at) : 0);
    }
    bool has_tail = kept >= 0; /* else even the first digit stands behind a zero: less than a tenth */
    if (has_tail && rounds_up(d, first + (size_t)kept, count, units % 2 == 1))
        units++;
    *out = units;
    return ST_OK;
}

static status decimal_to_pico(const struct decimal *d, pico *out)
{
    uint64_t units = 0;
    status st = decimal_units(d, &units);
    if (st != ST_OK)
        return st;
    if (units > (uint64_t)INT64_MAX + (d->is_negative ? 1u : 0u))
        return ST_RANGE;
    *out = PICO(d->is_negative ? (int64_t)(0u - units) : (int64_t)units);
    return ST_OK;
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

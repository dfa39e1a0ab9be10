/* Exact decimal text; see decimal.h. */
#include "money/decimal.h"

enum { MAX_DIGITS = 19 }; /* every number of 19 digits fits in a uint64, and one more unit too */

/* Far beyond any exponent that matters, far from overflow when a text's length is added. */
#define EXPONENT_CEILING (INT64_C(1) << 60)

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

status decimal_scan(str text, struct decimal *out)
{
    struct decimal d = {.is_negative = take_char(&text, '-')};
    d.whole = take_digits(&text);
    if (d.whole.n == 0 || (d.whole.n > 1 && d.whole.p[0] == '0'))
        return ST_BAD_REQUEST;
    if (take_char(&text, '.')) {
        d.fraction = take_digits(&text);
        if (d.fraction.n == 0)
            return ST_BAD_REQUEST;
    }
    if (take_char(&text, 'e') || take_char(&text, 'E')) {
        status st = take_exponent(&text, &d);
        if (st != ST_OK)
            return st;
    }
    if (text.n != 0)
        return ST_BAD_REQUEST;
    *out = d;
    return ST_OK;
}

/* The i-th digit of whole and fraction read as one row; behind its end there are zeros. */
static unsigned digit_at(const struct decimal *d, size_t i)
{
    if (i < d->whole.n)
        return (unsigned)(d->whole.p[i] - '0');
    i -= d->whole.n;
    return i < d->fraction.n ? (unsigned)(d->fraction.p[i] - '0') : 0;
}

/* What stands behind the kept digits, against half of the last kept one. */
enum tail { TAIL_NONE, TAIL_BELOW_HALF, TAIL_HALF, TAIL_ABOVE_HALF };

static enum tail tail_from(const struct decimal *d, size_t at, size_t count)
{
    bool is_rest_zero = true;
    for (size_t i = at + 1; i < count && is_rest_zero; i++)
        is_rest_zero = digit_at(d, i) == 0;
    unsigned next = digit_at(d, at);
    if (next == 5)
        return is_rest_zero ? TAIL_HALF : TAIL_ABOVE_HALF;
    if (next > 5)
        return TAIL_ABOVE_HALF;
    return next == 0 && is_rest_zero ? TAIL_NONE : TAIL_BELOW_HALF;
}

/* |value| x 10^places: the row of digits with its point moved to the right. */
static status scale_magnitude(const struct decimal *d, int places, uint64_t *out,
                              bool *is_exact_out)
{
    size_t count = d->whole.n + d->fraction.n;
    size_t first = 0;
    while (first < count && digit_at(d, first) == 0)
        first++;
    *out = 0;
    *is_exact_out = first == count;
    if (first == count)
        return ST_OK;
    /* How many digits stand before the moved point, leading zeros aside. */
    int64_t kept = (int64_t)d->whole.n - (int64_t)first + places + d->exponent;
    if (kept > MAX_DIGITS)
        return ST_RANGE;
    if (kept < 0) /* less than a tenth of a unit */
        return ST_OK;
    uint64_t units = 0;
    for (size_t i = 0; i < (size_t)kept; i++)
        units = units * 10 + digit_at(d, first + i);
    enum tail tail = tail_from(d, first + (size_t)kept, count);
    if (tail == TAIL_ABOVE_HALF || (tail == TAIL_HALF && units % 2 == 1))
        units++;
    *out = units;
    *is_exact_out = tail == TAIL_NONE;
    return ST_OK;
}

status decimal_scale(const struct decimal *d, int places, int64_t *out, bool *is_exact_out)
{
    uint64_t units;
    bool is_exact;
    status st = scale_magnitude(d, places, &units, &is_exact);
    if (st != ST_OK)
        return st;
    if (units > (uint64_t)INT64_MAX + (d->is_negative ? 1u : 0u))
        return ST_RANGE;
    *out = d->is_negative ? (int64_t)(0u - units) : (int64_t)units;
    if (is_exact_out != NULL)
        *is_exact_out = is_exact;
    return ST_OK;
}

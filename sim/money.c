/* Printing and saturating arithmetic; see money.h. */
#include "money.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

const char *const cost_form_names[COST_FORM_COUNT] = {
    "js", "plain", "exponent", "noise", "null", "missing", "zero",
};

pico money_add(pico a, pico b)
{
    pico sum;
    if (pico_add(a, b, &sum) == ST_OK)
        return sum;
    return a.v > 0 ? PICO_MAX : PICO(INT64_MIN);
}

pico money_mul(pico unit, int64_t count)
{
    pico product;
    return pico_mul(unit, count, &product) == ST_OK ? product : PICO_MAX;
}

static double as_double(pico v)
{
    return (double)v.v / 1e12;
}

/* The shortest %.*e text that reads back as the same double. */
static void shortest(double v, char *dst, size_t cap)
{
    for (int digits = 0; digits <= 16; digits++) {
        snprintf(dst, cap, "%.*e", digits, v);
        if (strtod(dst, NULL) == v)
            return;
    }
}

bool money_from_double(double v, pico *out)
{
    char text[MONEY_TEXT_CAP];
    if (!isfinite(v))
        return false;
    shortest(v, text, sizeof text);
    return pico_parse(str_c(text), out) == ST_OK;
}

/* JavaScript's Number to string for the range of costs. */
static void print_js(double v, char *dst)
{
    char text[MONEY_TEXT_CAP];
    shortest(v, text, sizeof text);
    char *e = strchr(text, 'e');
    int exponent = (int)strtol(e + 1, NULL, 10);
    int digits = (int)(e - text) - (text[0] == '-') - 1;
    if (digits < 1)
        digits = 0;
    if (exponent < -6) {
        snprintf(dst, MONEY_TEXT_CAP, "%.*se%d", (int)(e - text), text, exponent);
        return;
    }
    int decimals = digits - exponent - (digits > 0);
    snprintf(dst, MONEY_TEXT_CAP, "%.*f", decimals > 0 ? decimals : 0, v);
}

/* One unit in the last place away from the nearest double: the noise of sums of products. */
static void print_noise(double v, char *dst)
{
    snprintf(dst, MONEY_TEXT_CAP, "%.17f", nextafter(v, 1e9));
    if (v != 0 && v < 0.01)
        snprintf(dst, MONEY_TEXT_CAP, "%.22f", nextafter(v, 1e9));
}

str money_print(pico v, enum cost_form form, char *dst)
{
    switch (form) {
    case COST_JS:
        print_js(as_double(v), dst);
        return str_c(dst);
    case COST_PLAIN:
        return pico_text(v, dst);
    case COST_EXPONENT:
        shortest(as_double(v), dst, MONEY_TEXT_CAP);
        return str_c(dst);
    case COST_NOISE:
        print_noise(as_double(v), dst);
        return str_c(dst);
    case COST_NULL:
        return STR("null");
    case COST_ZERO:
        return STR("0");
    case COST_MISSING:
    case COST_FORM_COUNT:
        break;
    }
    return STR_NONE;
}

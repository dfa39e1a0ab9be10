/* Money. `pico` counts 1e-12 US dollars in an int64 (9.2 million dollars at most), for unit prices and
 * amounts alike: 0.0000000375 USD per token fits exactly. Never through double; overflow is an error,
 * never a wrap; one rounding (half to even) per amount. Pure functions, any thread. */
#ifndef MAI_PICO_H
#define MAI_PICO_H

#include "base/buf.h"

typedef struct pico {
    int64_t v;
} pico;

#define PICO_PER_USD INT64_C(1000000000000)
#define PICO(units) ((pico){(units)})
#define PICO_MAX ((pico){INT64_MAX})

enum { PICO_TEXT_CAP = 32 };

/* A JSON number's own text ("0.0000105", "9.25e-06", "-1", "12"): exact; digits beyond the twelfth are
 * rounded half to even. ST_BAD_REQUEST when it is no JSON number, ST_RANGE when it does not fit. */
NODISCARD status pico_parse(str number, pico *out);
/* What a person types for an amount: like pico_parse, but at most 12 decimals (ST_RANGE: too many), no
 * exponent, no sign. */
NODISCARD status pico_parse_amount(str text, pico *out);
/* Shortest exact decimal: "0.0000105", "12.5", "0", "-3". NUL-terminated; dst holds PICO_TEXT_CAP. */
str pico_text(pico a, char *dst);
/* For people: "$1,234.50"; six decimals when 0 < |a| < 0.01 ("$0.002002"), "<$0.000001" below that. */
str pico_display_usd(pico a, char *dst);

NODISCARD status pico_add(pico a, pico b, pico *out);
NODISCARD status pico_sub(pico a, pico b, pico *out);
int pico_cmp(pico a, pico b);
bool pico_is_zero(pico a);

/* unit price x count, exact or ST_RANGE. */
NODISCARD status pico_mul(pico unit_price, int64_t count, pico *out);

/* Markup in parts per million: 1.3 = 1300000. Text form has at most 6 decimals: "1.3". */
typedef struct markup {
    int64_t ppm;
} markup;

enum { MARKUP_MIN_PPM = 0, MARKUP_MAX_PPM = 100000000 };

/* 0 < rate <= 100, else ST_RANGE; not a number ST_BAD_REQUEST. */
NODISCARD status markup_parse(str text, markup *out);
str markup_text(markup m, char *dst); /* dst holds PICO_TEXT_CAP */
/* billed = cost x markup, rounded half to even once. */
NODISCARD status markup_apply(pico cost, markup m, pico *out);

#endif

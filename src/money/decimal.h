/* A JSON number's text, taken apart and scaled to whole units of a decimal place, exactly. Work
 * grows with the length of the text only, never with the size of an exponent. Pure functions, any
 * thread. */
#ifndef MAI_DECIMAL_H
#define MAI_DECIMAL_H

#include "base/str.h"

/* Views point into the scanned text. */
struct decimal {
    bool is_negative;
    str whole;
    str fraction;
    bool has_exponent;
    int64_t exponent; /* saturated far beyond anything that matters */
};

/* The grammar of RFC 8259 section 6, nothing around it; else ST_BAD_REQUEST. */
NODISCARD status decimal_scan(str text, struct decimal *out);

/* value x 10^places as a whole number, what is finer rounded half to even; `is_exact_out` (may be
 * NULL) is false when something was rounded away. ST_RANGE when it does not fit. */
NODISCARD status decimal_scale(const struct decimal *d, int places, int64_t *out,
                               bool *is_exact_out);

#endif

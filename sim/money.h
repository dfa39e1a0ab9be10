/* What the simulator does with money beyond src/money: totals that saturate (a test tool must not
 * stop because a script billed nonsense) and the many ways the real service prints a number. */
#ifndef SIM_MONEY_H
#define SIM_MONEY_H

#include "money/pico.h"

pico money_add(pico a, pico b);           /* saturates */
pico money_mul(pico unit, int64_t count); /* saturates */
/* A double from somebody's JSON, by its shortest decimal text. False when it is out of range. */
bool money_from_double(double v, pico *out);

enum cost_form {
    COST_JS, /* as JavaScript prints the double: shortest text, up to 17 digits, 1e-7 below 1e-6 */
    COST_PLAIN,    /* exact decimal, no exponent */
    COST_EXPONENT, /* 9.25e-06 */
    COST_NOISE,    /* 17 significant digits with binary noise: 0.0076509169000000005 */
    COST_NULL,
    COST_MISSING,
    COST_ZERO,
    COST_FORM_COUNT
};
extern const char *const cost_form_names[COST_FORM_COUNT];

enum { MONEY_TEXT_CAP = 64 };
/* The number's text in that form; dst holds MONEY_TEXT_CAP. STR_NONE for missing, "null" for null.
 */
str money_print(pico v, enum cost_form form, char *dst);

#endif

/* Texts of the answers: a row per kind and language. "{t}" is the prompt's topic. */
#ifndef SIM_TEMPLATES_H
#define SIM_TEMPLATES_H

#include "base/base.h"

struct answer_template {
    bool is_polish;
    const char *words; /* comma-separated, lower case; beginnings of words ("plan!": a
                        * whole word), any of them in the prompt; "" fits always */
    const char *text;
};

extern const struct answer_template answer_templates[]; /* first fit wins */
extern const size_t answer_template_count;

#endif

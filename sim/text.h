/* Texts kept for ever, each once: users, session ids, names, scripts. Comparing kept texts is
 * comparing pointers. One thread. */
#ifndef SIM_TEXT_H
#define SIM_TEXT_H

#include "base/str.h"

/* NULL for STR_NONE. The result is NUL-terminated and lives until the process ends. */
const char *text_keep(str s);

#endif

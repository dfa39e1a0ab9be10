/* Reading a request's JSON body as leniently as the real service does. */
#ifndef SIM_BODY_H
#define SIM_BODY_H

#include "base/str.h"

#include <jansson.h>

/* The object, or NULL (decref it). Accepts NUL and lone surrogate escapes and huge integers, which
 * jansson alone refuses. */
json_t *body_parse(str text);

#endif

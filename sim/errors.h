/* Error bodies in the service's shape (API reference 2.12 and 2.13). */
#ifndef SIM_ERRORS_H
#define SIM_ERRORS_H

#include "base/buf.h"
#include "script.h"

/* {"code":..,"message":..,"metadata":..}; message NULL: the usual one of that status; metadata: raw
 * JSON object or STR_NONE. */
void error_write_object(struct buf *out, int code, const char *message, str metadata);
/* {"error":{...},"user_id":"user_..."} */
void error_write(struct buf *out, int code, const char *message, str metadata);
/* The metadata a script asks for, or the usual error_type of its status. Appends a JSON object. */
void error_write_metadata(struct buf *out, const struct script *s);
const char *error_type_of(int code);

#endif

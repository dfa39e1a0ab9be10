/* How people and sessions look in answers; private to the api room. */
#ifndef MAI_API_PEOPLE_H
#define MAI_API_PEOPLE_H

#include "api/handlers.h"
#include "tenancy/user.h"

/* The USER object of an admin's list. */
void people_write_user(struct api_call *c, const struct user *u);

/* The SESSION object; token is shown back to its owner. organization may be NULL (provider). */
NODISCARD status people_write_session(struct api_call *c, const struct user *u, str token, int64_t expires_ms);

/* Hashes a new password after checking its rules; the field names the member of the form. */
NODISCARD status people_hash(struct api_call *c, str password, const char *field,
                             char dst[static PASSWORD_HASH_CAP]);

/* `role` of the body: user, admin, pending; ST_UNPROCESSABLE. is_set_out: it was given. */
NODISCARD status people_role(struct api_call *c, enum role *out, bool *is_set_out);

#endif

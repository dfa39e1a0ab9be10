/* The CLIENT object of the provider's pages. Private to the api room. */
#ifndef MAI_API_CLIENT_WRITE_H
#define MAI_API_CLIENT_WRITE_H

#include "api/usage_write.h"
#include "tenancy/organization.h"

/* u may be NULL: no figures, zeros. */
void client_write_json(struct api_call *c, const struct client *k,
                       const struct provider_usage_client *u);
/* Reads and writes one as the member `key`, or as the whole answer (NULL). ST_NOT_FOUND. */
NODISCARD status client_answer(struct api_call *c, const char *key, str id);

#endif

/* The hot path's picture of one signed-in caller: everything a completion needs to know, loaded once by a
 * worker, shared read-only, dropped when anything in it changes. Loop threads keep them in a cache by
 * token hash; no database on the hot path. */
#ifndef MAI_PRINCIPAL_H
#define MAI_PRINCIPAL_H

#include "base/zone.h"
#include "money/pico.h"
#include "tenancy/scope.h"

enum credential { CREDENTIAL_WEB_SESSION, CREDENTIAL_API_KEY };

struct principal {
    enum credential credential;
    char credential_id[ID_CAP];      /* web session's or API key's public id */
    int64_t expires_ms;
    struct scope scope;              /* of a person; meaningless for a provider account */
    bool is_provider;
    struct provider_scope provider;
    bool must_change_password;
    char user_name[256];
    char user_email[256];
    char external_user[ID_CAP];      /* the stable pseudonym sent as `user` */
    /* organization */
    char organization_name[256];
    bool is_organization_disabled;
    bool has_api_access;
    bool deny_data_collection;       /* provider.data_collection: deny */
    bool zero_data_retention;        /* provider.zdr */
    bool allows_extras;              /* plugins, server tools, ... (openrouter-api 2.8) */
    markup markup;
    const struct zone *zone;
    /* supplier key to call with; empty when the organization has none that works */
    char key_hash[65];
    char key_base_url[256];
    char key_text[160];              /* secret: wiped on free, never logged */
};

struct principal *principal_ref(struct principal *p);  /* any thread */
void principal_unref(struct principal *p);             /* accepts NULL; wipes the key with the last one */

#endif

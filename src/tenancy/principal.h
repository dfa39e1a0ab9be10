/* The hot path's picture of one signed-in caller: everything a completion needs to know, loaded once by a
 * worker, shared read-only, dropped when anything in it changes. Loop threads keep them in a cache by
 * token hash; no database on the hot path. */
#ifndef MAI_PRINCIPAL_H
#define MAI_PRINCIPAL_H

#include "base/zone.h"
#include "crypt/crypt.h"
#include "money/pico.h"
#include "store/db.h"
#include "tenancy/rules.h"
#include "tenancy/scope.h"

enum credential { CREDENTIAL_WEB_SESSION, CREDENTIAL_API_KEY };

struct principal {
    enum credential credential;
    char credential_id[ID_CAP];      /* web session's or API key's public id */
    int64_t expires_ms;              /* absolute or idle end, what comes first; INT64_MAX: never */
    int64_t last_seen_ms;            /* as stored: session_touch is due when it is old */
    struct scope scope;              /* of a person; meaningless for a provider account */
    bool is_provider;
    struct provider_scope provider;
    bool must_change_password;
    char user_name[NAME_CAP];
    char user_email[EMAIL_CAP];
    char external_user[ID_CAP];      /* the stable pseudonym sent as `user` */
    /* organization */
    char organization_name[NAME_CAP];
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

/* From the token a caller shows (web session `mai_s_...` or API key `sk-mai-...`). Blocking, reader; two
 * short queries, no password work. The caller owns one reference.
 *  ST_UNAUTHENTICATED  unknown, expired, revoked, or garbage: always the same sentence
 *  ST_FORBIDDEN        the person is disabled; an API key of a disabled organization or of one without API
 *                      access. `e` says which.
 * A web session of a disabled organization loads, so that its people can be told: then
 * is_organization_disabled is set and there is no key to call with.
 * Fields `organization_*`, markup, zone, key_* stay empty for a provider account. */
NODISCARD status principal_load(struct db *db, const struct master_key *m, str token, int64_t now_ms,
                                struct principal **out, struct err *e);
struct own_scope principal_own(const struct principal *p);

#endif

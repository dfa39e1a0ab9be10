/* What the provider sets once for the whole installation: the provisioning key (sealed), the default markup;
 * and the proof that the master key is the right one. Functions marked W run inside a write job. */
#ifndef MAI_TENANCY_SETTINGS_H
#define MAI_TENANCY_SETTINGS_H

#include "crypt/crypt.h"
#include "money/pico.h"
#include "store/db.h"
#include "tenancy/scope.h"

/* W. At start. The first time it is noted (sealed with the key itself); later a wrong master key gives
 * ST_UNAUTHENTICATED with one line that says what to do. */
NODISCARD status master_key_prove(struct db *db, struct system_scope why, const struct master_key *m,
                                  struct err *e);

/* W. Checked for shape only. STR_NONE: forgets it. */
NODISCARD status provisioning_key_save(struct db *db, struct provider_scope by, const struct master_key *m,
                                       str key, struct err *e);
/* The one from the environment (`configured`, may be empty) wins over the stored one. Wipe after use.
 * ST_NOT_FOUND: there is none. */
NODISCARD status provisioning_key_get(struct db *db, struct system_scope why, const struct master_key *m,
                                      str configured, struct arena *a, str *key_out);

struct provider_settings {
    bool has_provisioning_key;
    char provisioning_key_last4[5];
    markup default_markup;
    int64_t created_ms, updated_ms; /* 0: nothing was ever set */
};
/* configured_markup: DEFAULT_MARKUP_RATE, until the provider sets another. */
NODISCARD status provider_settings_read(struct db *db, struct provider_scope by, str configured_key,
                                        markup configured_markup, struct provider_settings *out);
/* The same for the server's own work. */
NODISCARD status default_markup_read(struct db *db, struct system_scope why, markup configured, markup *out);
/* W */
NODISCARD status default_markup_save(struct db *db, struct provider_scope by, markup m, struct err *e);

#endif

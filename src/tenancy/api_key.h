/* Personal API keys (`sk-mai-...`), only where the provider has switched API access on. Stored hashed; the
 * text is shown once. Functions marked W run inside a write job. */
#ifndef MAI_TENANCY_API_KEY_H
#define MAI_TENANCY_API_KEY_H

#include "base/arena.h"
#include "crypt/crypt.h"
#include "store/db.h"
#include "tenancy/scope.h"

#define API_KEY_PREFIX "sk-mai-"
enum { API_KEYS_PER_PERSON = 50 };

struct api_key { /* strings in the arena */
    str id, name, last4;
    int64_t created_ms, last_used_ms; /* 0: never */
};
struct api_key_made {
    char id[ID_CAP];
    char token[TOKEN_TEXT_CAP]; /* secret, shown once */
    char last4[5];
};
/* W. ST_FORBIDDEN with the reason without API access or for a pending person; ST_CONFLICT above the maximum. */
NODISCARD status api_key_create(struct db *db, struct scope by, str name, struct api_key_made *out,
                                struct err *e);
/* The caller's own, newest first. */
NODISCARD status api_key_list(struct db *db, struct scope by, struct arena *a, struct api_key **out,
                              size_t *count_out);
/* W. The row stays for the books, the key is dead. ST_NOT_FOUND: not yours or absent. */
NODISCARD status api_key_revoke(struct db *db, struct scope by, str id, struct err *e);
/* W. Noted at most every few minutes. */
NODISCARD status api_key_touch(struct db *db, struct scope by, str id, int64_t now_ms);

#endif

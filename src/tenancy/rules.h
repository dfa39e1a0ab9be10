/* What a name, an address and a password must look like, before anything is stored. Pure functions; any
 * thread. Errors are ST_UNPROCESSABLE with a sentence for the person who typed it. */
#ifndef MAI_TENANCY_RULES_H
#define MAI_TENANCY_RULES_H

#include "base/arena.h"
#include "base/status.h"

enum {
    NAME_MAX_CHARS = 200,
    NAME_CAP = NAME_MAX_CHARS * 4 + 4, /* bytes, with the NUL */
    EMAIL_MAX_BYTES = 254,
    EMAIL_CAP = 256,
    URL_MAX_BYTES = 255,
    SUPPLIER_KEY_MAX_BYTES = 159,
    IMAGE_URL_MAX_BYTES = 256 * 1024,
    SETTINGS_MAX_BYTES = 256 * 1024,
    LIST_PAGE_MAX = 500,
};

/* Trimmed (Unicode spaces too), well-formed, without control characters, 1..200 code points of any script.
 * `what` starts the sentence ("The name"). The result borrows from `name`. */
NODISCARD status name_clean(str name, const char *what, str *out, struct err *e);
/* "Company ABC - mAI Client Key" -> "Company ABC": the names we give to keys at OpenRouter. */
str name_without_key_suffix(str key_name);
/* The other way round. */
str name_with_key_suffix(str organization_name, struct arena *a);
#define KEY_NAME_SUFFIX " - mAI Client Key"

/* Trimmed; one @ with something on both sides, no spaces or control characters, at most 254 bytes. */
NODISCARD status email_clean(str email, str *out, struct err *e);
/* The form that is unique: ASCII letters lower-cased, everything else as it is. */
str email_fold(str email, struct arena *a);
/* For search: every letter of every script lower-cased. */
str text_fold(str text, struct arena *a);
/* A LIKE pattern (ESCAPE '\') that finds `folded` anywhere, with % _ \ taken literally. */
str like_pattern(str folded, struct arena *a);

/* At least 8 characters, at most 1024 bytes, well-formed. */
NODISCARD status password_clean(str password, struct err *e);
/* A known IANA zone. */
NODISCARD status timezone_clean(str name, struct err *e);
/* USD or PLN. */
NODISCARD status currency_clean(str currency, struct err *e);
/* Empty, https://..., a path of ours, or a data:image/(png|jpeg|gif|webp);base64 URL; bounded. */
NODISCARD status image_url_clean(str url, struct err *e);

#endif

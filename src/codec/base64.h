/* Base64 (RFC 4648), strict. No table lookups and no branches on the data, so it may carry secrets.
 */
#ifndef MAI_BASE64_H
#define MAI_BASE64_H

#include "base/buf.h"

enum base64_kind {
    BASE64_STANDARD, /* + and /, padded */
    BASE64_URL,      /* - and _, without padding */
};

void base64_add(struct buf *out, enum base64_kind kind, str bytes);
/* Appends the bytes. Exactly one text per value: no white space, padding as the kind has it, unused
 * bits zero; else ST_BAD_REQUEST (out may hold a part). ST_TOO_BIG: out is full. */
NODISCARD status base64_decode(str text, enum base64_kind kind, struct buf *out);

#endif

/* Bytes as hexadecimal digits. No table lookups and no branches on the data, so it may carry
 * secrets. */
#ifndef MAI_HEX_H
#define MAI_HEX_H

#include "base/str.h"

/* Lower case, NUL-terminated; dst holds 2 * n + 1. */
str hex_encode(const void *bytes, size_t n, char *dst);
/* Exactly n bytes from 2 * n digits of either case, else ST_BAD_REQUEST (dst is then undefined). */
NODISCARD status hex_decode(str text, void *dst, size_t n);

#endif

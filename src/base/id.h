/* Identifiers and random text. */
#ifndef MAI_ID_H
#define MAI_ID_H

#include "base/str.h"

enum { ID_CAP = 40 };

/* UUID version 7 as 36 characters of text: unique, sorted by creation time. dst holds ID_CAP. */
void id_new(char *dst);
/* Looks like a UUID: a quick refusal of garbage in paths. */
bool id_is_valid(str s);
/* n bytes from the kernel's generator. */
void random_bytes(void *dst, size_t n);
/* `chars` characters of [0-9A-Za-z], unbiased, NUL-terminated; dst holds chars + 1. */
void random_text(char *dst, size_t chars);

#endif

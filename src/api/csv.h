/* Comma-separated values by RFC 4180: fields quoted where needed, CRLF after each row, UTF-8. Texts
 * that a spreadsheet would take for a formula get an apostrophe in front, because names come from
 * people. Pure. */
#ifndef MAI_API_CSV_H
#define MAI_API_CSV_H

#include "money/pico.h"

struct csv {
    struct buf *out;
    bool has_field; /* in this row */
};
void csv_text(struct csv *c, str s);
void csv_i64(struct csv *c, int64_t v);
void csv_pico(struct csv *c, pico a); /* exact decimal */
void csv_end_row(struct csv *c);
/* A whole row of texts: the head. */
void csv_head(struct csv *c, const char *const *names, size_t count);

#endif

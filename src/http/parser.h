/* llhttp behind a small door: the second opinion on a head that passed the strict scan, and the
 * decoder of chunked bodies. Its header defines names that clash with ours, so only parser.c sees
 * it. */
#ifndef MAI_PARSER_H
#define MAI_PARSER_H

#include "codec/head.h"

enum { PARSER_BYTES = 128 };

struct parser {
    alignas(16) unsigned char state[PARSER_BYTES]; /* an llhttp_t */
    /* While a chunked body is decoded. */
    bool (*on_bytes)(void *ctx, str bytes); /* false: stop, the caller knows why */
    void *ctx;
    int64_t overhead; /* bytes of chunk extensions and trailers so far */
    bool is_head_whole;
    bool is_body_whole;
};

/* Reads a whole head that head_check accepted. ST_NOT_SUPPORTED for a method llhttp does not know,
 * ST_BAD_REQUEST when the two do not agree on every word of it, above all on how the body is
 * framed. */
NODISCARD status parser_read_head(struct parser *p, str head, const struct head_info *info);

/* Decodes what has arrived of a chunked body; afterwards p->is_body_whole says whether that was
 * all. `used_out`: bytes consumed; fewer than given only when the body is whole. Extensions and
 * trailers are dropped, and refused when they are large. ST_BAD_REQUEST: malformed. ST_CANCELLED:
 * on_bytes said stop. */
NODISCARD status parser_read_chunks(struct parser *p, str bytes, size_t *used_out);

#endif

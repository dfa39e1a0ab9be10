/* Server-sent events, incremental: bytes in any portions, whole events out. Handles LF, CR LF and CR line
 * ends, comment lines, several data lines, a byte order mark, events cut anywhere. Pure, no I/O. */
#ifndef MAI_SSE_H
#define MAI_SSE_H

#include "base/buf.h"

struct sse_event {
    str raw;      /* every byte of the event as it came, with comments and the blank line that ends it */
    str data;     /* data lines joined by \n; STR_NONE when there was no data line (comments only) */
    str type;     /* event: field, or empty */
};

struct sse_scanner {
    struct buf pending; /* bytes of the event that is not whole yet */
    struct buf data;
    size_t scanned;     /* private */
    bool is_started;    /* private */
};

void sse_init(struct sse_scanner *s, size_t max_event_bytes);
void sse_free(struct sse_scanner *s);

/* Appends bytes. ST_TOO_BIG when one event passes the maximum (the stream is then unusable). */
NODISCARD status sse_feed(struct sse_scanner *s, str bytes);
/* Takes the next whole event; views are valid until the next sse_ call. False: more bytes needed.
 * A lone comment followed by a blank line counts as an event with data STR_NONE. */
bool sse_next(struct sse_scanner *s, struct sse_event *out);
/* Bytes of an unfinished event at the end of the stream (to pass on as they are). */
str sse_rest(const struct sse_scanner *s);

/* "data: ...\n\n" for text without line ends, else one data line per line. */
void sse_write(struct buf *out, str type, str data);

#endif

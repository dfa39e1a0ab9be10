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

/* Where a walk over the lines stands; private. */
struct sse_cursor {
    size_t at;         /* bytes before it were searched for line ends */
    size_t line;       /* where the current line begins */
    bool is_behind_cr; /* the last line ended in CR; whether LF follows was not seen yet */
    bool was_lone_cr;  /* the line end before ended in CR alone */
    bool is_started;   /* the first line, which may carry a byte order mark, is over */
};

struct sse_scanner {
    struct buf pending; /* whole events not taken yet, then the one that is not whole */
    struct buf data;    /* joined data lines of the event taken last */
    size_t max_event_bytes;
    size_t whole; /* private: where the last whole event ends in `pending` */
    struct sse_cursor seen, take; /* private: of sse_feed, of sse_next */
    bool is_too_big;
};

void sse_init(struct sse_scanner *s, size_t max_event_bytes);
void sse_free(struct sse_scanner *s);

/* Appends bytes. ST_TOO_BIG when one event passes the maximum (the stream is then unusable; events whole
 * before it can still be taken). Take all whole events before feeding more. */
NODISCARD status sse_feed(struct sse_scanner *s, str bytes);
/* Takes the next whole event; views are valid until the next sse_ call. False: more bytes needed.
 * A lone comment followed by a blank line counts as an event with data STR_NONE, and so does a blank line
 * alone: the raw parts of all events and the rest are the bytes of the stream. */
bool sse_next(struct sse_scanner *s, struct sse_event *out);
/* Bytes not taken: after sse_next gave false, those of an unfinished event (to pass on as they are). */
str sse_rest(const struct sse_scanner *s);

/* "event: TYPE\n" unless type is empty, "data: ...\n\n" for text without line ends, else one data line per
 * line (LF, CR LF or CR). `type` has no line end. */
void sse_write(struct buf *out, str type, str data);

#endif

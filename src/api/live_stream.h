/* One server-sent event stream to a page: keep-alive comments, hub subscriptions that go with it, an end when its web
 * session ends. Private to the api room; loop thread. */
#ifndef MAI_API_LIVE_STREAM_H
#define MAI_API_LIVE_STREAM_H

#include "api/api.h"

struct live_stream;

/* Begins the answer (200, text/event-stream). who: a reference is taken. */
struct live_stream *live_stream_begin(struct api_server *s, struct http_request *r, struct principal *who);
/* Payloads of the topic go to `receive`, as long as the stream lives. */
void live_stream_subscribe(struct live_stream *l, str topic,
                           void (*receive)(struct live_stream *l, str payload));
/* One event with this JSON. A reader that takes nothing loses events rather than memory: it is closed and comes
 * back. False: the stream is over and freed. */
bool live_stream_send(struct live_stream *l, str json);
void live_stream_end(struct live_stream *l);

/* Runs `read` on a worker with a read connection and, when the stream still lives, sends what it wrote and calls
 * `after` (may be NULL). `read` gets a copy of who and `text` (at most 95 bytes). The same read with the same text
 * runs one at a time: a request meanwhile runs it once more. */
typedef status live_read(struct gateway *g, struct db *db, const struct principal *who, str text, struct buf *out);
void live_stream_read(struct live_stream *l, live_read *read, str text, void (*after)(struct live_stream *l));

struct http_request *live_stream_request(const struct live_stream *l);
struct api_server *live_stream_server(struct live_stream *l);
const struct principal *live_stream_who(const struct live_stream *l);
/* A counter for the owner, 0 at first. */
size_t *live_stream_count(struct live_stream *l);

#endif

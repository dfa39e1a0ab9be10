/* Finds one whole request at the front of the bytes that have arrived. */
#ifndef SIM_HTTP_PARSE_H
#define SIM_HTTP_PARSE_H

#include "http.h"

enum { HTTP_HEAD_MAX = 64 * 1024, HTTP_BODY_MAX = 64 << 20 };

enum http_parse_result { HTTP_PARSE_MORE, HTTP_PARSE_DONE, HTTP_PARSE_BAD, HTTP_PARSE_HUGE };

/* Remembers how far a request has come, so a slow body is not scanned from the start each time. */
struct http_parser {
    size_t head_n;    /* 0: the head is not complete */
    size_t total;     /* bytes of the whole request when done */
    size_t content_n; /* from Content-Length */
    size_t chunk_at;  /* chunked: next undecoded byte */
    bool is_chunked;
    bool wants_continue; /* the caller sends 100 Continue and clears it */
    struct buf body;     /* chunked: decoded so far */
};

void http_parser_init(struct http_parser *p);
void http_parser_reset(struct http_parser *p);
void http_parser_free(struct http_parser *p);
/* Fills `out` with views into `in` (and the parser's body) only when the result is HTTP_PARSE_DONE.
 */
enum http_parse_result http_parse(struct http_parser *p, str in, struct http_request *out);

#endif

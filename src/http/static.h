/* Embedded files: chosen by path and Accept-Encoding, answered from memory that is never copied,
 * 304 when the client has them already. */
#ifndef MAI_STATIC_H
#define MAI_STATIC_H

#include "http/server.h"

struct http_asset {
    str path; /* "/assets/index-4f3a.js" */
    str content_type;
    str raw;
    str gzip;          /* STR_NONE: not there */
    str brotli;        /* STR_NONE: not there */
    str etag;          /* quoted: "\"4f3a...\"" ; one for all codings, compared weakly */
    bool is_immutable; /* the name changes with the content */
};

/* Assets sorted by path (str_cmp), all of them outliving the server. */
struct http_assets {
    const struct http_asset *items;
    size_t count;
};

const struct http_asset *http_asset_find(const struct http_assets *all, str path);
/* Answers GET and HEAD (others: 405) and ends the request. `extra`: headers added to every answer.
 */
void http_asset_respond(struct http_request *r, const struct http_asset *asset,
                        const struct http_header *extra, size_t extra_count);

/* What the two choices rest on; public for their tests. RFC 9110 12.5.3 and 13.1.2. */
enum http_coding { HTTP_CODING_NONE, HTTP_CODING_GZIP, HTTP_CODING_BROTLI };
enum http_coding http_choose_coding(str accept_encoding, bool has_gzip, bool has_brotli);
bool http_etag_matches(str if_none_match, str etag);

#endif

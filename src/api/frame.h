/* From a request's head to its handler: match, authenticate, permit, read the body, run on a worker, answer.
 * Private to the api room. */
#ifndef MAI_API_FRAME_H
#define MAI_API_FRAME_H

#include "api/match.h"

/* The caller's token: Bearer, else (not on OpenAI paths) the session cookie; STR_NONE: none. is_cookie_out tells
 * which. */
str credential_of(const struct http_request *r, bool *is_cookie_out);

/* Is a change from this Origin ours? Cookies need an Origin; tokens do not, but a foreign one is refused. */
bool origin_is_ours(const struct api_server *s, const struct http_request *r, bool is_cookie);

/* ST_OK, or ST_UNAUTHENTICATED / ST_FORBIDDEN with a sentence. */
NODISCARD status permit(const struct api_route *route, const struct principal *who, struct err *e);

/* Runs the route's handler on a worker and answers; the request must have no data of its own. */
void run_on_worker(struct api_server *s, struct http_request *r, const struct api_match *m,
                   struct principal *who, str body);

/* The web application's files; anything else under GET gives its index page. */
void serve_ui(struct api_server *s, struct http_request *r);

#endif

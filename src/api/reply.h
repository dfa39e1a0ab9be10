/* Answers with extra headers; private to the api room. */
#ifndef MAI_API_REPLY_H
#define MAI_API_REPLY_H

#include "api/api.h"

/* What every answer carries: content policy and friends, no-store. */
extern const struct http_header api_common_headers[];
extern const size_t api_common_header_count;

void api_respond_with(struct http_request *r, int code, str content_type, str body,
                      const struct http_header *extra, size_t extra_count);

#endif

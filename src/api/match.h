/* Path -> route, over the table of routes. */
#ifndef MAI_API_MATCH_H
#define MAI_API_MATCH_H

#include "api/api.h"

struct api_match {
    const struct api_route *route;  /* NULL: none */
    bool is_other_method;           /* the path exists with another method */
    str params[API_PARAMS_MAX];     /* raw segments */
};

/* A trailing slash is ignored; HEAD matches GET. Literal segments win over {x}. */
void api_match_path(enum http_method method, str path, struct api_match *out);
/* "GET, POST" for 405. */
void api_allowed_methods(str path, struct buf *out);

#endif

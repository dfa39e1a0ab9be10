/* One blocking management call: request out, checked JSON or a status in. What the files behind
 * manage.h share. */
#ifndef MAI_OPENROUTER_TRANSPORT_H
#define MAI_OPENROUTER_TRANSPORT_H

#include "codec/json.h"
#include "openrouter/manage.h"

#include "codec/url.h"

struct openrouter {
    char *base_url; /* without trailing slashes */
    struct url url; /* views into base_url */
    bool allow_private;
    int64_t timeout_ms;
};

struct transport_request {
    const char *method; /* "GET" may be repeated after failures, others never */
    str path;           /* behind the base: "/keys?offset=0" */
    str key;            /* bearer; STR_NONE: none */
    str body;           /* JSON; STR_NONE: none */
    size_t max_bytes;   /* of the answer */
};

struct transport_reply {
    struct buf body;
    struct json root; /* the whole answer, an object, in `body` */
    struct json data; /* its `data` member; raw.p is NULL when there is none */
};

enum { TRANSPORT_USUAL_BYTES = 1 << 20, TRANSPORT_LIST_BYTES = 16 << 20 };

/* ST_OK: a 2xx answer with a JSON object that is no error. Otherwise the statuses of manage.h,
 * and `e` says why in OpenRouter's words where it gave some. `out` must be freed in both cases. */
NODISCARD status transport_call(struct openrouter *o, const struct transport_request *request,
                                struct transport_reply *out, struct err *e);
void transport_reply_free(struct transport_reply *r); /* usable with MAI_AUTO */

/* ---- reading answers ---- */

/* Where a table of members puts what it reads; copies texts into the arena. */
struct fields {
    void *out;
    struct arena *arena;
    bool is_broken; /* a number that must be right was not */
};
/* Text, or nothing for null and other types. */
void fields_text(struct fields *f, struct json v, str *out);
/* An amount; anything else breaks the answer. */
void fields_amount(struct fields *f, struct json v, pico *out);
/* ST_UPSTREAM "OpenRouter's answer about <what> makes no sense". */
status transport_nonsense(struct err *e, const char *what);

#endif

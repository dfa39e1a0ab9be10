/* REST handlers: what every one of them gets and gives. A route is a row in routes.c (method, path, who may, where
 * it runs); a handler on a worker is a plain blocking function over a copied request, which never sees a
 * connection. Errors are a status and a sentence; the frame turns them into the shape of the API. */
#ifndef MAI_API_H
#define MAI_API_H

#include "codec/json.h"
#include "gateway/gateway.h"
#include "http/server.h"
#include "tenancy/login.h"

struct api_server;
struct api_call;
struct api_stream;

/* Who may call a route. A person with a one-time password may only where FIRST_PASSWORD is set. */
enum {
    MAY_NOBODY_SIGNED_IN = 1 << 0, /* no login needed; a principal is given when there is one */
    MAY_PENDING = 1 << 1,
    MAY_USER = 1 << 2,
    MAY_ADMIN = 1 << 3,
    MAY_PROVIDER = 1 << 4,
    MAY_API_KEY = 1 << 5,          /* personal API keys too (of users and admins) */
    MAY_ONLY_API_KEY = 1 << 6,     /* nothing but API keys */
    MAY_FIRST_PASSWORD = 1 << 7,
    CALLS_OPENROUTER = 1 << 8,     /* runs on a callers' thread, because it waits for OpenRouter */
};
#define MAY_MEMBERS (MAY_USER | MAY_ADMIN)
#define MAY_EVERYONE (MAY_PENDING | MAY_USER | MAY_ADMIN | MAY_PROVIDER)

/* What data a route touches; the generated isolation test walks by it. */
enum api_reach { REACH_PUBLIC, REACH_OWN, REACH_ORGANIZATION, REACH_PROVIDER };

typedef status api_handler(struct api_call *c);
/* On the loop: takes the request over and answers it itself. who is NULL without a login. */
typedef void api_loop_handler(struct api_server *s, struct http_request *r, struct principal *who,
                              const str *params);

enum { API_PARAMS_MAX = 3 };

struct api_route {
    enum http_method method;
    const char *path;              /* "/api/v1/users/{id}/update": {x} is one segment */
    unsigned may;
    enum api_reach reach;
    api_handler *handler;          /* on a worker */
    api_loop_handler *on_loop;     /* or on the loop */
    size_t max_body_bytes;         /* 0: 1 MB */
    const char *summary;           /* for docs */
};
extern const struct api_route api_routes[];
extern const size_t api_route_count;

struct api_server {
    struct gateway *g;
    struct login_limiter *logins;
    struct http_server *http;
    int64_t started_ms;
};

/* One request on a worker. Everything is valid until the handler returns. */
struct api_call {
    struct api_server *s;
    struct gateway *g;
    struct db *db;                 /* this worker's read connection */
    const struct principal *who;   /* NULL: not signed in */
    struct scope scope;            /* of a signed-in person of an organization */
    struct own_scope own;          /* of anybody signed in */
    struct provider_scope provider; /* of a provider */
    int64_t now_ms;
    str params[API_PARAMS_MAX];    /* path segments, percent-decoded */
    str query;                     /* raw */
    struct json body;              /* checked object; raw.p NULL when there was none */
    str address, user_agent;
    bool is_https;
    str origin;                    /* "https://host" for links: WEBUI_URL, else what the request says */
    struct arena arena;
    struct err err;                /* words for a status that is not ST_OK */
    const char *err_field;         /* form field the error belongs to, or NULL */
    const char *err_code;          /* machine-readable extra, or NULL */
    int64_t retry_after_s;         /* < 0: none */
    /* the answer */
    int code;                      /* 200 */
    str content_type;              /* application/json */
    struct buf out;
    struct json_writer w;          /* writes to out */
    str set_cookie[2];             /* whole values; STR_NONE: none */
    str file_name;                 /* Content-Disposition: attachment */
};

/* ---- for handlers ---- */

/* A write job, waited for (store_write). */
NODISCARD status api_write(struct api_call *c, status (*run)(struct db *db, void *ctx), void *ctx);

/* Members of the body. A missing or null member gives the default and ST_OK; a wrong type ST_UNPROCESSABLE with a
 * sentence and the field. `required` ones give ST_UNPROCESSABLE when missing or empty. */
NODISCARD status api_body_str(struct api_call *c, const char *name, bool is_required, str *out);
NODISCARD status api_body_bool(struct api_call *c, const char *name, bool *out);
NODISCARD status api_body_i64(struct api_call *c, const char *name, int64_t *out);
bool api_body_has(const struct api_call *c, const char *name); /* present, also as null */
bool api_body_is_null(const struct api_call *c, const char *name);
struct json api_body_get(const struct api_call *c, const char *name); /* raw.p NULL: absent */
/* A money amount as a JSON number or text, at most 12 decimals; ST_UNPROCESSABLE with the field. */
NODISCARD status api_body_amount(struct api_call *c, const char *name, pico *out);

/* Query parameters, decoded in the arena; STR_NONE when absent. */
str api_query(struct api_call *c, const char *name);
/* Page number from 1; 1 when absent. ST_UNPROCESSABLE. */
NODISCARD status api_query_page(struct api_call *c, int64_t *out);

/* Fails with a sentence, the field named. */
status api_fail(struct api_call *c, status st, const char *field, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* Money and times in answers. */
void api_kpico(struct api_call *c, const char *key, pico a);         /* JSON number, exact decimal */
void api_kpico_or_null(struct api_call *c, const char *key, bool has, pico a);
void api_kseconds(struct api_call *c, const char *key, int64_t ms);  /* Unix seconds */
void api_kseconds_or_null(struct api_call *c, const char *key, int64_t ms); /* 0: null */
void api_kmarkup(struct api_call *c, const char *key, markup m);     /* number */

/* The session cookie: set (token) or cleared (STR_NONE). */
void api_set_session_cookie(struct api_call *c, str token, int64_t expires_ms);




/* ---- frame ---- */
void api_on_head(void *ctx, struct http_request *r);
void api_error_body(void *ctx, str path, status st, str text, struct buf *out);
/* Answers an error from the loop, in the shape of the path. The request is over afterwards. */
void api_respond_error(struct http_request *r, status st, str text, int64_t retry_after_s);
/* The answer's headers every page gets (CSP and friends) are added by the frame. */
void api_respond(struct http_request *r, int code, str content_type, str body);
/* Does this path belong to the OpenAI-shaped side? */
bool api_is_openai_path(str path);

#endif

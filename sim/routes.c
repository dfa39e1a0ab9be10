/* Routing; see routes.h. */
#include "routes.h"
#include "errors.h"

#define API "/api/v1"

const struct route routes[] = {
    {"POST", API "/chat/completions", AUTH_INFERENCE, NULL, NULL},
    {"POST", API "/embeddings", AUTH_INFERENCE, embeddings_create, NULL},
    {"GET", API "/models", AUTH_NONE, models_list, NULL},
    {"GET", API "/models/user", AUTH_ANY, models_list_user, NULL},
    {"GET", API "/models/count", AUTH_NONE, models_count, NULL},
    {"GET", API "/embeddings/models", AUTH_NONE, embeddings_models, NULL},
    {"GET", API "/images/models", AUTH_NONE, empty_list, NULL},
    {"GET", API "/videos/models", AUTH_NONE, empty_list, NULL},
    {"GET", API "/models/*", AUTH_NONE, model_endpoints, NULL},
    {"GET", API "/model/*", AUTH_NONE, model_read, NULL},
    {"GET", API "/providers", AUTH_NONE, providers_list, NULL},
    {"GET", API "/endpoints/zdr", AUTH_NONE, empty_list, NULL},
    {"GET", API "/generation", AUTH_NONE, generation_read, NULL},
    {"GET", API "/generation/content", AUTH_ANY, generation_content, NULL},
    {"GET", API "/key", AUTH_ANY, key_current, NULL},
    {"GET", API "/auth/key", AUTH_ANY, key_current, NULL},
    {"GET", API "/keys", AUTH_MANAGEMENT, keys_list, NULL},
    {"POST", API "/keys", AUTH_MANAGEMENT, keys_create, NULL},
    {"GET", API "/keys/*", AUTH_MANAGEMENT, keys_read, NULL},
    {"PATCH", API "/keys/*", AUTH_MANAGEMENT, keys_patch, NULL},
    {"DELETE", API "/keys/*", AUTH_MANAGEMENT, keys_remove, NULL},
    {"GET", API "/credits", AUTH_MANAGEMENT, credits_read, NULL},
    {"GET", API "/activity", AUTH_MANAGEMENT, activity_read, NULL},
    {"GET", API "/analytics/meta", AUTH_MANAGEMENT, analytics_meta, NULL},
    {"POST", API "/analytics/query", AUTH_MANAGEMENT, analytics_query, NULL},
    {"GET", API "/guardrails", AUTH_MANAGEMENT, empty_list, NULL},
    {"GET", API "/workspaces", AUTH_MANAGEMENT, empty_list, NULL},
    {"GET", API "/organization/members", AUTH_MANAGEMENT, empty_list, NULL},
    {"POST", "/sim/script", AUTH_CONTROL, control_script,
     "{\"default\":{FIELDS},\"rules\":[{\"path\",\"method\",\"model\",\"key\",\"user\",\"nth\"|"
     "\"skip\","
     "\"times\",\"do\":{FIELDS}}]}"},
    {"GET", "/sim/clock", AUTH_CONTROL, control_clock_read, "the simulator's time"},
    {"POST", "/sim/clock", AUTH_CONTROL, control_clock,
     "{\"now\":ISO} or {\"advance_ms\":N}, {\"freeze\":bool}"},
    {"GET", "/sim/bill", AUTH_CONTROL, control_bill,
     "JSON lines, one per generation; ?by=key totals per key, ?key=HASH, ?from=N"},
    {"GET", "/sim/requests", AUTH_CONTROL, control_requests,
     "JSON lines, one per request seen; ?path=/api/v1/..., ?from=N"},
    {"GET", "/sim/stats", AUTH_CONTROL, control_stats, "counts of connections, requests, calls"},
    {"GET", "/sim/models", AUTH_CONTROL, control_models, "scripted models and what they do"},
    {"POST", "/sim/credits", AUTH_CONTROL, control_credits, "{\"total_credits\":USD}"},
    {"POST", "/sim/reset", AUTH_CONTROL, control_reset,
     "forget rules, request log, free counters, clock; keys and bill stay"},
};
const size_t route_count = COUNT_OF(routes);

/* ---- finding ---- */

static bool path_matches(const char *pattern, str path, str *rest_out)
{
    str p = str_c(pattern);
    bool is_open = str_ends(p, STR("*"));
    p.n -= is_open;
    if (!is_open)
        return str_eq(p, path);
    *rest_out = str_from(path, p.n);
    return str_starts(path, p) && path.n > p.n;
}

static const struct route *find(const struct http_request *r, bool *path_known, str *rest_out)
{
    *path_known = false;
    for (size_t i = 0; i < route_count; i++) {
        if (!path_matches(routes[i].path, r->path, rest_out))
            continue;
        *path_known = true;
        if (str_eq(r->method, str_c(routes[i].method)))
            return &routes[i];
    }
    return NULL;
}

static void unknown_route(const struct http_request *r, struct reply *out)
{
    static const char *const known[] = {"keys",       "key",          "auth",      "credits",
                                        "activity",   "analytics",    "models",    "model",
                                        "embeddings", "generation",   "chat",      "guardrails",
                                        "workspaces", "organization", "providers", "endpoints"};
    str rest = str_starts(r->path, STR(API "/")) ? str_from(r->path, sizeof API) : STR_NONE, top;
    if (str_split(&rest, '/', &top))
        for (size_t i = 0; i < COUNT_OF(known); i++)
            if (str_eq(top, str_c(known[i]))) {
                buf_add(&out->body, STR("{\"error\":{\"message\":\"Not Found\",\"code\":404}}"));
                out->status = 404;
                return;
            }
    out->status = 404;
    out->type = "text/html; charset=utf-8";
    buf_add(&out->body, STR("<!DOCTYPE html><html><head><title>404: This page could not be found."
                            "</title></head><body><h1>404</h1></body></html>"));
}

/* ---- who calls ---- */

static str bearer(const struct http_request *r)
{
    str value = http_header(r, STR("authorization"));
    return str_starts_nocase(value, STR("bearer ")) ? str_trim(str_from(value, 7)) : STR_NONE;
}

struct key *route_key(struct sim *s, const struct http_request *r)
{
    str text = bearer(r);
    return text.p != NULL ? keys_find_text(&s->keys, text) : NULL;
}

static bool is_allowed(struct sim *s, const struct http_request *r, enum route_auth auth,
                       struct key **key_out, struct reply *out)
{
    *key_out = NULL;
    if (auth == AUTH_NONE || auth == AUTH_CONTROL)
        return true;
    struct key *key = route_key(s, r);
    if (bearer(r).n == 0) {
        reply_error(out, 401, "No auth credentials found", STR_NONE);
        return false;
    }
    if (key == NULL || !key_is_usable(key)) {
        reply_error(out, 401, "User not found.", STR_NONE);
        return false;
    }
    *key_out = key;
    if (auth == AUTH_MANAGEMENT && !key->is_management)
        reply_error(out, 403, "Only management keys can perform this operation", STR_NONE);
    else if (auth == AUTH_INFERENCE && key->is_management)
        reply_error(out, 403, "Management keys cannot be used for inference", STR_NONE);
    else
        return true;
    return false;
}

/* ---- answering ---- */

static str path_below_api(str path)
{
    return str_starts(path, STR(API "/")) ? str_from(path, sizeof API - 1) : path;
}

/* Lets the script of an ordinary route change its reply. False: it is the script's answer. */
static bool script_allows(const struct ask *a, struct reply *out)
{
    struct script s;
    struct script_subject subject = {
        .path = path_below_api(a->http->path),
        .method = a->http->method,
        .key_hash = a->key != NULL ? a->key->hash : NULL,
        .key_name = a->key != NULL ? a->key->name : NULL,
    };
    struct err e;
    if (scripts_choose(&a->sim->scripts, &subject, http_header(a->http, STR("x-sim-script")), &s,
                       &e) != ST_OK) {
        reply_error(out, 400, e.text, STR_NONE);
        return false;
    }
    out->delay_ms = s.header_delay_ms;
    out->is_hung = s.hang;
    out->is_reset = s.reset_before_headers;
    if (s.status == 0)
        return true;
    reply_script_error(out, &s);
    return false;
}

static bool has_own_script(const struct route *route)
{
    return route->auth == AUTH_CONTROL || route->handler == embeddings_create;
}

static void answer(const struct route *route, const struct ask *a, struct http_conn *c)
{
    struct reply MAI_AUTO(reply_free) out;
    reply_init(&out);
    if (has_own_script(route) || script_allows(a, &out))
        route->handler(a, &out);
    reply_send(a->sim->loop, c, &out);
}

static void answer_preflight(struct http_conn *c)
{
    http_respond(c, 204,
                 STR("Access-Control-Allow-Methods: GET,POST,PATCH,DELETE,OPTIONS\r\n"
                     "Access-Control-Allow-Headers: *\r\nAccess-Control-Max-Age: 86400\r\n"),
                 STR_NONE, STR_NONE);
}

static void refuse(struct sim *s, struct http_conn *c, struct reply *out)
{
    reply_send(s->loop, c, out);
}

void sim_handle(void *arg, struct http_conn *c, const struct http_request *r)
{
    struct sim *s = arg;
    struct reply MAI_AUTO(reply_free) refusal;
    struct ask a = {.sim = s, .http = r};
    bool path_known;
    reply_init(&refusal);
    const struct route *route = find(r, &path_known, &a.rest);
    if (route == NULL || route->auth != AUTH_CONTROL)
        a.seen = seen_note(&s->seen, r);
    if (str_eq(r->method, STR("OPTIONS"))) {
        answer_preflight(c);
        return;
    }
    if (route == NULL) {
        if (path_known)
            reply_error(&refusal, 405, "Method Not Allowed", STR_NONE);
        else
            unknown_route(r, &refusal);
        refuse(s, c, &refusal);
        return;
    }
    if (!is_allowed(s, r, route->auth, &a.key, &refusal)) {
        refuse(s, c, &refusal);
        return;
    }
    if (a.seen != NULL && a.key != NULL)
        a.seen->key_hash = a.key->hash;
    if (route->handler != NULL)
        answer(route, &a, c);
    else
        chat_create(&a, c);
}

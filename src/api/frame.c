/* The frame around every request, on its loop; see frame.h. While something is awaited (the principal, the body) a
 * `visit` hangs on the request and goes with it. */
#include "api/frame.h"
#include "base/mem.h"
#include "codec/url.h"
#include "gateway/principals.h"

enum { DEFAULT_BODY_BYTES = 1 << 20 };

struct visit {
    struct api_server *s;
    struct http_request *r;
    struct api_match match;
    struct principal *who;
};

static struct principals *principals_here(struct api_server *s)
{
    return s->g->principals[gateway_loop_index(s->g)];
}

static void visit_free(struct visit *v)
{
    principal_unref(v->who);
    mem_free(v);
}

static void visit_gone(struct http_request *r, void *ctx)
{
    struct visit *v = ctx;
    (void)r;
    principals_abandon(principals_here(v->s), v);
    visit_free(v);
}

static void refuse(struct visit *v, status st, const char *text)
{
    struct http_request *r = v->r;
    bool is_first_password = st == ST_FORBIDDEN && v->who != NULL && v->who->must_change_password;
    http_request_on_gone(r, NULL, NULL);
    visit_free(v);
    if (is_first_password)
        api_respond(r, 403, STR("application/json"),
                    STR("{\"detail\":\"Please choose a password of your own first\","
                        "\"code\":\"must_change_password\"}"));
    else
        api_respond_error(r, st, str_c(text), -1);
}

/* ---- after permission ---- */

static void have_body(struct http_request *r, str body, void *ctx)
{
    struct visit *v = ctx;
    http_request_on_gone(r, NULL, NULL);
    run_on_worker(v->s, r, &v->match, v->who, body);
    visit_free(v);
}

static void enter(struct visit *v)
{
    const struct api_route *route = v->match.route;
    struct http_request *r = v->r;
    if (route->on_loop != NULL) {
        struct api_server *s = v->s;
        struct principal *who = MAI_TAKE(v->who);
        struct api_match m = v->match;
        http_request_on_gone(r, NULL, NULL);
        visit_free(v);
        route->on_loop(s, r, who, m.params);
        principal_unref(who);
        return;
    }
    http_read_body(r, route->max_body_bytes != 0 ? route->max_body_bytes : DEFAULT_BODY_BYTES, have_body, v);
}

static void check_and_enter(struct visit *v)
{
    struct err e = {0};
    status st = permit(v->match.route, v->who, &e);
    if (st == ST_OK)
        enter(v);
    else
        refuse(v, st, err_text(&e, st));
}

static void have_principal(void *ctx, status st, struct principal *p, str text)
{
    struct visit *v = ctx;
    bool is_public = (v->match.route->may & MAY_NOBODY_SIGNED_IN) != 0;
    char words[200];
    if (st == ST_OK)
        v->who = principal_ref(p);
    /* a credential that is good for nothing any more does not shut what is open to everybody */
    if (st == ST_OK || (is_public && (st == ST_UNAUTHENTICATED || st == ST_FORBIDDEN))) {
        check_and_enter(v);
        return;
    }
    (void)str_copy_z(text, words, sizeof words);
    refuse(v, st, words);
}

/* ---- entrance ---- */

static void not_found(struct http_request *r, const struct api_match *m)
{
    if (!m->is_other_method) {
        api_respond_error(r, ST_NOT_FOUND, STR("There is nothing at this address"), -1);
        return;
    }
    MAI_AUTO(buf_free) struct buf allowed;
    buf_init(&allowed, 200);
    api_allowed_methods(http_request_path(r), &allowed);
    str text = arena_printf(http_request_arena(r), "This address takes %.*s", STR_ARG(buf_view(&allowed)));
    api_respond_error(r, ST_METHOD, text, -1);
}

static bool is_api_path(str path)
{
    static const char *const roots[] = {"/api", "/v1", "/openai", "/health"};
    for (size_t i = 0; i < COUNT_OF(roots); i++) {
        str root = str_c(roots[i]);
        if (str_starts(path, root) && (path.n == root.n || path.p[root.n] == '/'))
            return true;
    }
    return false;
}

static void authenticate(struct api_server *s, struct http_request *r, const struct api_match *m)
{
    bool is_cookie;
    str token = credential_of(r, &is_cookie);
    if (!origin_is_ours(s, r, is_cookie && token.p != NULL)) {
        api_respond_error(r, ST_FORBIDDEN,
                          STR("Changes from another origin are refused (Origin does not match this address)"), -1);
        return;
    }
    struct visit *v = NEW(struct visit);
    *v = (struct visit){.s = s, .r = r, .match = *m};
    http_request_on_gone(r, visit_gone, v);
    if (token.p == NULL)
        check_and_enter(v);
    else
        principals_find(principals_here(s), token, have_principal, v);
}

void api_on_head(void *ctx, struct http_request *r)
{
    struct api_server *s = ctx;
    struct api_match m;
    str path = http_request_path(r);
    if (url_check_path(path) != ST_OK) {
        api_respond_error(r, ST_BAD_REQUEST, STR("The address is malformed"), -1);
        return;
    }
    api_match_path(http_request_method(r), path, &m);
    if (m.route != NULL)
        authenticate(s, r, &m);
    else if (m.is_other_method || is_api_path(path))
        not_found(r, &m);
    else
        serve_ui(s, r);
}

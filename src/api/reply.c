/* Answers in the shape of their API, with the headers every answer gets; see api.h. */
#include "api/reply.h"
#include "gateway/relay.h"

#define CSP                                                                                        \
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; "        \
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; "                \
    "frame-src 'self' blob:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

const struct http_header api_common_headers[] = {
    {STR_INIT("Content-Security-Policy"), STR_INIT(CSP)},
    {STR_INIT("X-Content-Type-Options"), STR_INIT("nosniff")},
    {STR_INIT("Referrer-Policy"), STR_INIT("no-referrer")},
    {STR_INIT("X-Frame-Options"), STR_INIT("DENY")},
    {STR_INIT("Cross-Origin-Opener-Policy"), STR_INIT("same-origin")},
    {STR_INIT("Cross-Origin-Resource-Policy"), STR_INIT("same-origin")},
    {STR_INIT("Cache-Control"), STR_INIT("no-store")},
};
const size_t api_common_header_count = COUNT_OF(api_common_headers);

void api_error_body(void *ctx, str path, status st, str text, struct buf *out)
{
    (void)ctx;
    if (api_is_openai_path(path)) {
        relay_add_error(out, st, text, false);
        return;
    }
    struct json_writer w = json_writer(out);
    jw_object(&w);
    jw_kstr(&w, STR("detail"), text);
    jw_end(&w);
}

void api_respond_with(struct http_request *r, int code, str content_type, str body,
                      const struct http_header *extra, size_t extra_count)
{
    enum { MAX_HEADERS = 16 };
    struct http_header headers[MAX_HEADERS];
    CHECK(extra_count + api_common_header_count <= MAX_HEADERS);
    memcpy(headers, api_common_headers, sizeof api_common_headers);
    if (extra_count != 0)
        memcpy(headers + api_common_header_count, extra, extra_count * sizeof *extra);
    http_respond(r, &(struct http_response){
                        .code = code,
                        .content_type = content_type,
                        .headers = headers,
                        .header_count = api_common_header_count + extra_count,
                        .body = body,
                    });
}

void api_respond(struct http_request *r, int code, str content_type, str body)
{
    api_respond_with(r, code, content_type, body, NULL, 0);
}

void api_respond_error(struct http_request *r, status st, str text, int64_t retry_after_s)
{
    MAI_AUTO(buf_free) struct buf b;
    struct http_header extra[2];
    size_t n = 0;
    buf_init(&b, 64 << 10);
    api_error_body(NULL, http_request_path(r), st, text, &b);
    if (retry_after_s >= 0)
        extra[n++] = (struct http_header){
            STR("Retry-After"), arena_printf(http_request_arena(r), "%lld", (long long)retry_after_s)};
    if (st == ST_UNAUTHENTICATED)
        extra[n++] = (struct http_header){STR("WWW-Authenticate"), STR("Bearer")};
    int code = status_http(st) == 499 ? 400 : status_http(st);
    api_respond_with(r, code, STR("application/json"), buf_view(&b), extra, n);
}

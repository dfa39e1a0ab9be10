/* Request parser; see http_parse.h. */
#include "http_parse.h"

void http_parser_init(struct http_parser *p)
{
    *p = (struct http_parser){0};
    buf_init(&p->body, HTTP_BODY_MAX);
}

void http_parser_reset(struct http_parser *p)
{
    struct buf body = p->body;
    buf_clear(&body);
    *p = (struct http_parser){.body = body};
}

void http_parser_free(struct http_parser *p)
{
    buf_free(&p->body);
}

str http_header(const struct http_request *r, str name)
{
    for (size_t i = 0; i < r->header_count; i++)
        if (str_eq_nocase(r->headers[i].name, name))
            return r->headers[i].value;
    return STR_NONE;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

static void decode_query(str s, char *dst, size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < s.n && n + 1 < cap; i++) {
        char c = s.p[i] == '+' ? ' ' : s.p[i];
        if (c == '%' && i + 2 < s.n && hex_digit(s.p[i + 1]) >= 0 && hex_digit(s.p[i + 2]) >= 0) {
            c = (char)(hex_digit(s.p[i + 1]) * 16 + hex_digit(s.p[i + 2]));
            i += 2;
        }
        dst[n++] = c;
    }
    dst[n] = '\0';
}

bool http_query(const struct http_request *r, str name, char *dst, size_t cap)
{
    str rest = r->query, pair;
    while (str_split(&rest, '&', &pair)) {
        size_t eq = str_find_char(pair, '=');
        if (!str_eq(str_sub(pair, 0, eq), name))
            continue;
        decode_query(str_from(pair, eq + 1), dst, cap);
        return true;
    }
    return false;
}

static bool parse_request_line(str line, struct http_request *r)
{
    str target, version = STR_NONE;
    size_t a = str_find_char(line, ' ');
    r->method = str_sub(line, 0, a);
    target = str_from(line, a + 1);
    size_t b = str_find_char(target, ' ');
    version = str_from(target, b + 1);
    target = str_sub(target, 0, b);
    r->is_http10 = str_eq(version, STR("HTTP/1.0"));
    if (r->method.n == 0 || target.n == 0 || target.p[0] != '/')
        return false;
    if (!r->is_http10 && !str_eq(version, STR("HTTP/1.1")))
        return false;
    size_t q = str_find_char(target, '?');
    r->path = str_sub(target, 0, q);
    r->query = str_from(target, q + 1);
    if (r->path.n > 1 && r->path.p[r->path.n - 1] == '/')
        r->path.n--;
    return true;
}

static bool parse_headers(str rest, struct http_request *r)
{
    while (rest.n != 0) {
        size_t end = str_find(rest, STR("\r\n"));
        str line = str_sub(rest, 0, end);
        rest = str_from(rest, end + 2);
        if (line.n == 0)
            break;
        size_t colon = str_find_char(line, ':');
        if (colon == 0 || colon == line.n || r->header_count == HTTP_MAX_HEADERS)
            return false;
        r->headers[r->header_count++] =
            (struct http_header){str_sub(line, 0, colon), str_trim(str_from(line, colon + 1))};
    }
    return true;
}

static bool parse_head(str head, struct http_request *r)
{
    r->header_count = 0;
    size_t end = str_find(head, STR("\r\n"));
    return parse_request_line(str_sub(head, 0, end), r) &&
           parse_headers(str_from(head, end + 2), r);
}

/* Learns how the body is framed. */
static enum http_parse_result frame_body(struct http_parser *p, const struct http_request *r)
{
    p->is_chunked = str_eq_nocase(http_header(r, STR("transfer-encoding")), STR("chunked"));
    p->chunk_at = p->head_n;
    p->wants_continue = str_eq_nocase(http_header(r, STR("expect")), STR("100-continue"));
    str length = http_header(r, STR("content-length"));
    uint64_t n = 0;
    if (length.p != NULL && (str_to_u64(length, &n) != ST_OK || p->is_chunked))
        return HTTP_PARSE_BAD;
    if (n > HTTP_BODY_MAX)
        return HTTP_PARSE_HUGE;
    p->content_n = (size_t)n;
    return HTTP_PARSE_DONE;
}

static bool parse_chunk_size(str line, size_t *out)
{
    size_t n = 0, i = 0;
    for (; i < line.n && i < 8 && hex_digit(line.p[i]) >= 0; i++)
        n = n * 16 + (size_t)hex_digit(line.p[i]);
    if (i == 0 || (i < line.n && line.p[i] != ';' && line.p[i] != ' '))
        return false;
    *out = n;
    return true;
}

/* Decodes chunks that are complete. Trailers are not expected from our clients and are refused. */
static enum http_parse_result decode_chunks(struct http_parser *p, str in)
{
    for (;;) {
        str rest = str_from(in, p->chunk_at);
        size_t line = str_find(rest, STR("\r\n")), size;
        if (line == rest.n)
            return rest.n > 64 ? HTTP_PARSE_BAD : HTTP_PARSE_MORE;
        if (!parse_chunk_size(str_sub(rest, 0, line), &size))
            return HTTP_PARSE_BAD;
        if (size > HTTP_BODY_MAX - p->body.n)
            return HTTP_PARSE_HUGE;
        size_t whole = line + 2 + size + 2;
        if (rest.n < whole)
            return HTTP_PARSE_MORE;
        if (!str_eq(str_sub(rest, whole - 2, 2), STR("\r\n")))
            return HTTP_PARSE_BAD;
        buf_add(&p->body, str_sub(rest, line + 2, size));
        p->chunk_at += whole;
        if (size == 0) {
            p->total = p->chunk_at;
            return HTTP_PARSE_DONE;
        }
    }
}

enum http_parse_result http_parse(struct http_parser *p, str in, struct http_request *out)
{
    bool is_new = p->head_n == 0;
    if (is_new) {
        size_t end = str_find(in, STR("\r\n\r\n"));
        if (end == in.n)
            return in.n > HTTP_HEAD_MAX ? HTTP_PARSE_HUGE : HTTP_PARSE_MORE;
        p->head_n = end + 4;
    }
    if (!is_new && !p->is_chunked && in.n < p->head_n + p->content_n)
        return HTTP_PARSE_MORE;
    if (!parse_head(str_sub(in, 0, p->head_n - 2), out))
        return HTTP_PARSE_BAD;
    enum http_parse_result framed = is_new ? frame_body(p, out) : HTTP_PARSE_DONE;
    if (framed != HTTP_PARSE_DONE)
        return framed;
    if (p->is_chunked) {
        enum http_parse_result decoded = decode_chunks(p, in);
        out->body = buf_view(&p->body);
        return decoded;
    }
    p->total = p->head_n + p->content_n;
    out->body = str_sub(in, p->head_n, p->content_n);
    return in.n < p->total ? HTTP_PARSE_MORE : HTTP_PARSE_DONE;
}

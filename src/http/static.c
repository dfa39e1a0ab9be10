/* Embedded files; see static.h. Pure but for the answer. */
#include "http/static.h"

enum { Q_ONE = 1000, HEADERS_MAX = 16 };

/* ---- Accept-Encoding ---- */

/* "0.35" in thousandths; malformed counts as 0, so nobody gets what they may not want. */
static int parse_q(str s)
{
    if (s.n == 0 || s.n > 5 || (s.p[0] != '0' && s.p[0] != '1') || (s.n > 1 && s.p[1] != '.'))
        return 0;
    int q = (s.p[0] - '0') * Q_ONE, unit = 100;
    for (size_t i = 2; i < s.n; i++, unit /= 10) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return 0;
        q += (s.p[i] - '0') * unit;
    }
    return q > Q_ONE ? 0 : q;
}

/* Splits "gzip;q=0.5" into its name and weight. */
static str parse_coding(str part, int *q_out)
{
    size_t semicolon = str_find_char(part, ';');
    str parameters = semicolon < part.n ? str_from(part, semicolon + 1) : STR_NONE;
    *q_out = Q_ONE;
    for (str p; str_split(&parameters, ';', &p);) {
        p = str_trim(p);
        if (str_starts_nocase(p, STR("q=")))
            *q_out = parse_q(str_trim(str_from(p, 2)));
    }
    return str_trim(str_sub(part, 0, semicolon));
}

struct wishes {
    int gzip, brotli, plain, others; /* -1: not named */
};

static struct wishes parse_wishes(str list)
{
    struct wishes w = {-1, -1, -1, -1};
    for (str part; str_split(&list, ',', &part);) {
        int q;
        str name = parse_coding(part, &q);
        if (str_eq_nocase(name, STR("gzip")) || str_eq_nocase(name, STR("x-gzip")))
            w.gzip = q;
        else if (str_eq_nocase(name, STR("br")))
            w.brotli = q;
        else if (str_eq_nocase(name, STR("identity")))
            w.plain = q;
        else if (str_eq(name, STR("*")))
            w.others = q;
    }
    return w;
}

static int wish_or(int named, int others)
{
    return named >= 0 ? named : others >= 0 ? others : 0;
}

/* The client's weights decide, between equals the smaller file. Plain is always at hand: a client
 * that refuses everything gets it all the same rather than nothing (RFC 9110 allows both). */
enum http_coding http_choose_coding(str accept_encoding, bool has_gzip, bool has_brotli)
{
    struct wishes w = parse_wishes(accept_encoding);
    int brotli = has_brotli ? wish_or(w.brotli, w.others) : 0;
    int gzip = has_gzip ? wish_or(w.gzip, w.others) : 0;
    int plain = w.plain >= 0 ? w.plain : 0;
    if (brotli > 0 && brotli >= gzip && brotli >= plain)
        return HTTP_CODING_BROTLI;
    if (gzip > 0 && gzip >= plain)
        return HTTP_CODING_GZIP;
    return HTTP_CODING_NONE;
}

/* ---- If-None-Match ---- */

static str without_weak_mark(str tag)
{
    return str_starts(tag, STR("W/")) ? str_from(tag, 2) : tag;
}

bool http_etag_matches(str if_none_match, str etag)
{
    for (str part; str_split(&if_none_match, ',', &part);) {
        part = str_trim(part);
        if (str_eq(part, STR("*")) || str_eq(without_weak_mark(part), without_weak_mark(etag)))
            return true;
    }
    return false;
}

/* ---- finding and answering ---- */

const struct http_asset *http_asset_find(const struct http_assets *all, str path)
{
    size_t low = 0, high = all->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = str_cmp(path, all->items[middle].path);
        if (order == 0)
            return &all->items[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

static void respond_wrong_method(struct http_request *r)
{
    static const struct http_header allow = {STR_INIT("Allow"), STR_INIT("GET, HEAD")};
    http_respond(r, &(struct http_response){.code = 405,
                                            .content_type = STR("text/plain; charset=utf-8"),
                                            .headers = &allow,
                                            .header_count = 1,
                                            .body = STR("Method not allowed\n")});
}

struct header_list {
    struct http_header items[HEADERS_MAX];
    size_t count;
};

static void add(struct header_list *l, str name, str value)
{
    CHECK(l->count < HEADERS_MAX);
    l->items[l->count++] = (struct http_header){name, value};
}

static void add_cache_headers(struct header_list *l, const struct http_asset *asset)
{
    add(l, STR("Cache-Control"),
        asset->is_immutable ? STR("public, max-age=31536000, immutable") : STR("no-cache"));
    if (asset->etag.n != 0)
        add(l, STR("ETag"), asset->etag);
    if (asset->gzip.p != NULL || asset->brotli.p != NULL)
        add(l, STR("Vary"), STR("Accept-Encoding"));
}

static str choose_body(struct header_list *l, const struct http_asset *asset, str accept_encoding)
{
    switch (http_choose_coding(accept_encoding, asset->gzip.p != NULL, asset->brotli.p != NULL)) {
    case HTTP_CODING_BROTLI:
        add(l, STR("Content-Encoding"), STR("br"));
        return asset->brotli;
    case HTTP_CODING_GZIP:
        add(l, STR("Content-Encoding"), STR("gzip"));
        return asset->gzip;
    case HTTP_CODING_NONE:
        break;
    }
    return asset->raw;
}

void http_asset_respond(struct http_request *r, const struct http_asset *asset,
                        const struct http_header *extra, size_t extra_count)
{
    enum http_method method = http_request_method(r);
    if (method != HTTP_GET && method != HTTP_HEAD) {
        respond_wrong_method(r);
        return;
    }
    struct header_list l = {.count = 0};
    for (size_t i = 0; i < extra_count; i++)
        add(&l, extra[i].name, extra[i].value);
    add_cache_headers(&l, asset);
    struct http_response answer = {.code = 304, .headers = l.items, .is_static_body = true};
    if (!http_etag_matches(http_request_header(r, STR("If-None-Match")), asset->etag)) {
        answer.code = 200;
        answer.content_type = asset->content_type;
        answer.body = choose_body(&l, asset, http_request_header(r, STR("Accept-Encoding")));
    }
    answer.header_count = l.count;
    http_respond(r, &answer);
}

/* Addresses: a URL that passes is put together again from its parts and gives the same parts; a
 * path that passes has no way up in it once decoded; decoded text is UTF-8 and encodes to what
 * decodes to it; base64 and hex have one text per value. */
#include "codec/base64.h"
#include "codec/hex.h"
#include "codec/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_url(str text)
{
    MAI_AUTO(buf_free) struct buf b;
    struct url u, again;
    struct err e = {0};
    buf_init(&b, 1 << 22);
    if (url_parse(text, &u, &e) != ST_OK) {
        CHECK(e.text[0] != '\0');
        return;
    }
    CHECK(u.host.n != 0 && u.port > 0 && u.port < 65536 && str_find_char(u.host, '@') == u.host.n);
    buf_addf(&b, u.is_ipv6 ? "%s://[%.*s]:%d" : "%s://%.*s:%d", u.is_https ? "https" : "http",
             STR_ARG(u.host), u.port);
    buf_add(&b, u.path);
    if (u.query.p != NULL) {
        buf_add_char(&b, '?');
        buf_add(&b, u.query);
    }
    CHECK(url_parse(buf_view(&b), &again, NULL) == ST_OK);
    CHECK(str_eq(u.host, again.host) && u.port == again.port && u.is_ip == again.is_ip);
    CHECK(str_eq(u.path, again.path) && str_eq(u.query, again.query));
    CHECK(u.query.p != NULL || url_is_same_base(&u, &again));
}

static void check_path(str text, struct arena *a)
{
    str path, query, decoded, segment;
    url_split(text, &path, &query);
    if (url_check_path(path) != ST_OK || url_decode(path, a, &decoded) != ST_OK)
        return;
    CHECK(decoded.n != 0 && decoded.p[0] == '/' && str_find(decoded, STR("//")) == decoded.n);
    while (str_split(&decoded, '/', &segment))
        CHECK(!str_eq(segment, STR("..")) && !str_eq(segment, STR(".")));
}

static void check_decoding(str text, struct arena *a)
{
    MAI_AUTO(buf_free) struct buf b;
    str decoded, again;
    buf_init(&b, 1 << 22);
    if (url_decode_query(text, a, &decoded) != ST_OK)
        return;
    CHECK(str_is_utf8(decoded) && str_find_char(decoded, '\0') == decoded.n);
    url_encode(&b, decoded);
    CHECK(url_decode_query(buf_view(&b), a, &again) == ST_OK && str_eq(decoded, again));
}

static void check_encodings(str text)
{
    for (int kind = 0; kind < 2; kind++) {
        MAI_AUTO(buf_free) struct buf bytes, again;
        buf_init(&bytes, 1 << 22);
        buf_init(&again, 1 << 22);
        if (base64_decode(text, (enum base64_kind)kind, &bytes) != ST_OK)
            continue;
        base64_add(&again, (enum base64_kind)kind, buf_view(&bytes));
        CHECK(str_eq(buf_view(&again), text));
    }
    char bytes[64], hex[129];
    if (text.n <= 128 && hex_decode(text, bytes, text.n / 2) == ST_OK)
        CHECK(str_eq_nocase(hex_encode(bytes, text.n / 2, hex), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MAI_AUTO(arena_free) struct arena a;
    str text = {(const char *)data, size};
    str value;
    arena_init(&a, 1 << 24);
    check_url(text);
    check_path(text, &a);
    check_decoding(text, &a);
    check_encodings(text);
    (void)!url_query_get(text, STR("a"), &a, &value);
    return 0;
}

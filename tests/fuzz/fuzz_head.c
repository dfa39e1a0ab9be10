/* Request heads: H1 and H2 of codec/head.c hold for whatever passes, the end is the same however
 * the bytes arrive, and llhttp reads what passes in the same way (H3; only where its sources are at
 * hand). */
#include "codec/head.h"

#ifdef HAVE_LLHTTP
#include <llhttp.h>
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_end(str bytes, size_t end)
{
    size_t found = 0;
    for (size_t n = 1; n <= bytes.n && found == 0; n++)
        found = head_find_end((str){bytes.p, n}, n - 1);
    CHECK(found == end);
}

static void check_bytes(str head)
{
    for (size_t i = 0; i < head.n; i++) {
        unsigned char c = (unsigned char)head.p[i];
        CHECK(c != '\r' || (i + 1 < head.n && head.p[i + 1] == '\n'));
        CHECK(c != '\n' || (i > 0 && head.p[i - 1] == '\r'));
        CHECK((c >= 0x20 && c != 0x7f) || c == '\t' || c == '\r' || c == '\n');
    }
}

static void check_fields(const struct head_info *h)
{
    str rest = h->fields, name, value, found;
    size_t count = 0, lengths = 0;
    for (; head_next(&rest, &name, &value); count++) {
        CHECK(name.n != 0 && str_find_char(name, ' ') == name.n && head_get(h, name, &found));
        lengths += str_eq_nocase(name, STR("content-length")) ||
                   str_eq_nocase(name, STR("transfer-encoding"));
    }
    CHECK(count == h->field_count && lengths <= 1);
    CHECK(!h->is_chunked || h->content_length < 0);
    CHECK((lengths == 1) == (h->is_chunked || h->content_length >= 0));
    CHECK(h->minor_version == 0 || h->host.n != 0);
}

#ifdef HAVE_LLHTTP
struct seen {
    bool is_complete, is_chunked, is_keep_alive;
    uint64_t content_length;
    int minor_version;
    char target[HEAD_MAX_TARGET + 512];
    size_t target_n;
};

static int on_url(llhttp_t *p, const char *at, size_t n)
{
    struct seen *s = p->data;
    CHECK(s->target_n + n <= sizeof s->target);
    memcpy(s->target + s->target_n, at, n);
    s->target_n += n;
    return 0;
}

static int on_headers_complete(llhttp_t *p)
{
    struct seen *s = p->data;
    s->is_complete = true;
    s->is_chunked = (p->flags & F_CHUNKED) != 0;
    s->content_length = (p->flags & F_CONTENT_LENGTH) != 0 ? p->content_length : 0;
    s->minor_version = p->http_minor;
    s->is_keep_alive = llhttp_should_keep_alive(p);
    return HPE_PAUSED;
}

/* llhttp knows a fixed set of methods; for the others there is nothing to compare. */
static void check_llhttp(str head, const struct head_info *h)
{
    llhttp_settings_t settings;
    llhttp_t parser;
    struct seen s = {0};
    llhttp_settings_init(&settings);
    settings.on_url = on_url;
    settings.on_headers_complete = on_headers_complete;
    llhttp_init(&parser, HTTP_REQUEST, &settings);
    parser.data = &s;
    llhttp_errno_t st = llhttp_execute(&parser, head.p, head.n);
    if (st == HPE_INVALID_METHOD || st == HPE_INVALID_CONSTANT || st == HPE_INVALID_VERSION)
        return;
    CHECK(s.is_complete);
    CHECK(s.minor_version == h->minor_version && s.is_chunked == h->is_chunked);
    CHECK(s.content_length == (uint64_t)(h->content_length < 0 ? 0 : h->content_length));
    CHECK(str_ends((str){s.target, s.target_n}, h->target));
}
#endif

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    str bytes = {(const char *)data, size};
    struct head_info h;
    struct err e = {0};
    size_t end = head_find_end(bytes, 0);
    check_end(bytes, end);
    str head = str_sub(bytes, 0, end);
    if (head_check(head, &h, &e) != ST_OK) {
        CHECK(e.text[0] != '\0');
        return 0;
    }
    check_bytes(head);
    check_fields(&h);
#ifdef HAVE_LLHTTP
    check_llhttp(head, &h);
#endif
    return 0;
}

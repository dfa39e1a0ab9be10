/* Lenient JSON bodies; see body.h. */
#include "body.h"
#include "base/buf.h"

enum { ESCAPE = 6 }; /* \uXXXX */

static int surrogate_kind(str s, size_t at)
{
    str e = str_sub(s, at, ESCAPE);
    if (e.n < ESCAPE || e.p[0] != '\\' || e.p[1] != 'u' || (e.p[2] != 'd' && e.p[2] != 'D'))
        return 0;
    char c = e.p[3];
    if (c == '8' || c == '9' || c == 'a' || c == 'b' || c == 'A' || c == 'B')
        return 1; /* high */
    return (c >= 'c' && c <= 'f') || (c >= 'C' && c <= 'F') ? 2 : 0;
}

/* Replaces lone surrogate escapes by U+FFFD. */
static void mend_surrogates(str s, struct buf *out)
{
    for (size_t i = 0; i < s.n;) {
        int kind = s.p[i] == '\\' ? surrogate_kind(s, i) : 0;
        if (kind == 0) {
            size_t n = s.p[i] == '\\' && i + 1 < s.n ? 2 : 1;
            buf_add(out, str_sub(s, i, n));
            i += n;
        } else if (kind == 1 && surrogate_kind(s, i + ESCAPE) == 2) {
            buf_add(out, str_sub(s, i, 2 * ESCAPE));
            i += 2 * ESCAPE;
        } else {
            buf_add(out, STR("\\ufffd"));
            i += ESCAPE;
        }
    }
}

json_t *body_parse(str text)
{
    const char *p = text.p != NULL ? text.p : "";
    json_t *root = json_loadb(p, text.n, JSON_ALLOW_NUL, NULL);
    if (root == NULL && text.n != 0) {
        struct buf MAI_AUTO(buf_free) mended;
        buf_init(&mended, text.n * 2 + 1);
        mend_surrogates(text, &mended);
        root = json_loadb(buf_z(&mended), mended.n, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
    }
    if (json_is_object(root))
        return root;
    json_decref(root);
    return NULL;
}

/* Base64; see base64.h. Each sextet is mapped by arithmetic on ranges instead of a table. */
#include "codec/base64.h"

/* All ones when low <= c <= high, else zero. */
static unsigned in_range(unsigned c, unsigned low, unsigned high)
{
    return ~(((c - low) | (high - c)) >> 8) & 0xffu;
}

static char char_of(unsigned v, enum base64_kind kind)
{
    unsigned c62 = kind == BASE64_URL ? '-' : '+';
    unsigned c63 = kind == BASE64_URL ? '_' : '/';
    return (char)((in_range(v, 0, 25) & (v + 'A')) | (in_range(v, 26, 51) & (v - 26 + 'a')) |
                  (in_range(v, 52, 61) & (v - 52 + '0')) | (in_range(v, 62, 62) & c62) |
                  (in_range(v, 63, 63) & c63));
}

/* The sextet of a character, or a number above 255. */
static unsigned value_of(unsigned char c, enum base64_kind kind)
{
    unsigned c62 = kind == BASE64_URL ? '-' : '+';
    unsigned c63 = kind == BASE64_URL ? '_' : '/';
    unsigned upper = in_range(c, 'A', 'Z'), lower = in_range(c, 'a', 'z');
    unsigned digit = in_range(c, '0', '9');
    unsigned is62 = in_range(c, c62, c62), is63 = in_range(c, c63, c63);
    unsigned known = upper | lower | digit | is62 | is63;
    return (upper & (c - (unsigned)'A')) | (lower & (c - (unsigned)'a' + 26)) |
           (digit & (c - (unsigned)'0' + 52)) | (is62 & 62) | (is63 & 63) | (known ^ 0xff) << 8;
}

static void add_group(struct buf *out, enum base64_kind kind, const unsigned char *p, size_t n)
{
    unsigned bits = (unsigned)p[0] << 16 | (n > 1 ? (unsigned)p[1] << 8 : 0) | (n > 2 ? p[2] : 0u);
    char four[4];
    for (int i = 0; i < 4; i++)
        four[i] = char_of(bits >> (18 - 6 * i) & 63, kind);
    if (kind == BASE64_STANDARD)
        for (size_t i = n + 1; i < 4; i++)
            four[i] = '=';
    buf_add(out, (str){four, kind == BASE64_STANDARD ? 4 : n + 1});
}

void base64_add(struct buf *out, enum base64_kind kind, str bytes)
{
    for (size_t at = 0; at < bytes.n; at += 3) {
        size_t left = bytes.n - at;
        add_group(out, kind, (const unsigned char *)bytes.p + at, left < 3 ? left : 3);
    }
}

/* n characters (2 to 4) are n - 1 bytes; the bits left over must be zero. */
static status take_group(str four, enum base64_kind kind, struct buf *out)
{
    unsigned bits = 0, bad = 0;
    for (size_t i = 0; i < 4; i++) {
        unsigned v = i < four.n ? value_of((unsigned char)four.p[i], kind) : 0;
        bad |= v;
        bits = bits << 6 | (v & 63);
    }
    bad |= (bits & ((1u << 8 * (4 - four.n)) - 1)) << 8;
    if (bad > 255)
        return ST_BAD_REQUEST;
    buf_add(out, (str){(char[]){(char)(bits >> 16), (char)(bits >> 8), (char)bits}, four.n - 1});
    return ST_OK;
}

status base64_decode(str text, enum base64_kind kind, struct buf *out)
{
    if (kind == BASE64_STANDARD) {
        if (text.n % 4 != 0)
            return ST_BAD_REQUEST;
        for (int i = 0; i < 2 && text.n != 0 && text.p[text.n - 1] == '='; i++)
            text.n--;
    }
    if (text.n % 4 == 1)
        return ST_BAD_REQUEST;
    for (size_t at = 0; at < text.n; at += 4) {
        status st = take_group(str_sub(text, at, 4), kind, out);
        if (st != ST_OK)
            return st;
    }
    return out->is_full ? ST_TOO_BIG : ST_OK;
}

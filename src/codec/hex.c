/* Hexadecimal; see hex.h. Comparisons are made of arithmetic: (a - b) >> 8 is all ones when a < b.
 */
#include "codec/hex.h"

static unsigned digit_of(unsigned nibble)
{
    return '0' + nibble + (((9 - nibble) >> 8) & ('a' - '0' - 10));
}

/* The value of a digit, or a number above 255. */
static unsigned value_of(unsigned char c)
{
    unsigned number = c - (unsigned)'0';
    unsigned letter = (c | 0x20u) - (unsigned)'a';
    unsigned is_number = ((number - 10) >> 8) & ~(number >> 8) & 0xff;
    unsigned is_letter = ((letter - 6) >> 8) & ~(letter >> 8) & 0xff;
    unsigned is_bad = (is_number | is_letter) ^ 0xff;
    return (number & is_number) | ((letter + 10) & is_letter) | is_bad << 8;
}

str hex_encode(const void *bytes, size_t n, char *dst)
{
    const unsigned char *p = bytes;
    for (size_t i = 0; i < n; i++) {
        dst[2 * i] = (char)digit_of(p[i] >> 4);
        dst[2 * i + 1] = (char)digit_of(p[i] & 15u);
    }
    dst[2 * n] = '\0';
    return (str){dst, 2 * n};
}

status hex_decode(str text, void *dst, size_t n)
{
    unsigned char *to = dst;
    unsigned bad = 0;
    if (text.n % 2 != 0 || text.n / 2 != n)
        return ST_BAD_REQUEST;
    for (size_t i = 0; i < n; i++) {
        unsigned high = value_of((unsigned char)text.p[2 * i]);
        unsigned low = value_of((unsigned char)text.p[2 * i + 1]);
        bad |= high | low;
        to[i] = (unsigned char)(high << 4 | low);
    }
    return bad > 255 ? ST_BAD_REQUEST : ST_OK;
}

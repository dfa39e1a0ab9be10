/* Identifiers; see id.h. */
#include "base/id.h"
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <sys/random.h>

void random_bytes(void *dst, size_t n)
{
    char *p = dst;
    while (n != 0) {
        ssize_t got = getrandom(p, n, 0);
        CHECK(got > 0 || errno == EINTR);
        if (got > 0) {
            p += got;
            n -= (size_t)got;
        }
    }
}

void random_text(char *dst, size_t chars)
{
    static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    size_t made = 0;
    while (made < chars) {
        unsigned char raw[64];
        random_bytes(raw, sizeof raw);
        for (size_t i = 0; i < sizeof raw && made < chars; i++)
            if (raw[i] < 62 * 4) /* 248: the largest multiple of 62 in a byte */
                dst[made++] = alphabet[raw[i] % 62];
    }
    dst[chars] = '\0';
}

void id_new(char *dst)
{
    unsigned char b[16];
    random_bytes(b, sizeof b);
    uint64_t ms = (uint64_t)clock_now_ms();
    for (int i = 0; i < 6; i++)
        b[i] = (unsigned char)(ms >> (40 - 8 * i));
    b[6] = (unsigned char)((b[6] & 0x0f) | 0x70);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    snprintf(dst, ID_CAP,
             "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0], b[1], b[2],
             b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15]);
}

bool id_is_valid(str s)
{
    if (s.n != 36)
        return false;
    for (size_t i = 0; i < s.n; i++) {
        char c = s.p[i];
        bool is_dash_place = i == 8 || i == 13 || i == 18 || i == 23;
        bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        if (is_dash_place ? c != '-' : !is_hex)
            return false;
    }
    return true;
}

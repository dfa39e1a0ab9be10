/* Keyed hash for tables whose keys a peer may choose; see str.h. SipHash by Aumasson and Bernstein,
 * with one round a word and three at the end, as in other languages' standard tables. */
#include "base/str.h"

#include <endian.h>
#include <pthread.h>
#include <sys/random.h>

static uint64_t hash_key[2];
static pthread_once_t hash_once = PTHREAD_ONCE_INIT;

static void hash_key_init(void)
{
    CHECK(getrandom(hash_key, sizeof hash_key, 0) == (ssize_t)sizeof hash_key);
}

static uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static void sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = rotate(v[1], 13) ^ v[0];
    v[0] = rotate(v[0], 32);
    v[2] += v[3];
    v[3] = rotate(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = rotate(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = rotate(v[1], 17) ^ v[2];
    v[2] = rotate(v[2], 32);
}

static void sip_word(uint64_t v[4], uint64_t word)
{
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
}

static uint64_t load_le(const char *p, size_t n)
{
    uint64_t word = 0;
    if (n != 0)
        memcpy(&word, p, n);
    return le64toh(word);
}

uint64_t str_hash(str s)
{
    pthread_once(&hash_once, hash_key_init);
    uint64_t v[4] = {
        hash_key[0] ^ 0x736f6d6570736575,
        hash_key[1] ^ 0x646f72616e646f6d,
        hash_key[0] ^ 0x6c7967656e657261,
        hash_key[1] ^ 0x7465646279746573,
    };
    if (s.p == NULL) /* the empty text: no arithmetic on a null pointer */
        s.p = "";
    size_t at = 0;
    for (; s.n - at >= 8; at += 8)
        sip_word(v, load_le(s.p + at, 8));
    sip_word(v, load_le(s.p + at, s.n - at) | (uint64_t)s.n << 56);
    v[2] ^= 0xff;
    for (int i = 0; i < 3; i++)
        sip_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

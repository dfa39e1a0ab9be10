/* Tokens and plain hashes; see crypt.h. */
#include "crypt/crypt.h"
#include "base/id.h"

#include <sodium.h>

enum { TOKEN_RANDOM_CHARS = 43 };

void token_new(str prefix, char dst[static TOKEN_TEXT_CAP])
{
    CHECK(prefix.n + TOKEN_RANDOM_CHARS < TOKEN_TEXT_CAP);
    if (prefix.n != 0)
        memcpy(dst, prefix.p, prefix.n);
    random_text(dst + prefix.n, TOKEN_RANDOM_CHARS);
}

void token_hash(str token, char dst[static TOKEN_HEX_CAP])
{
    unsigned char raw[TOKEN_HASH_BYTES];
    crypto_generichash(raw, sizeof raw, (const unsigned char *)token.p, token.n, NULL, 0);
    sodium_bin2hex(dst, TOKEN_HEX_CAP, raw, sizeof raw);
}

bool secret_equal(str a, str b)
{
    return a.n == b.n && (a.n == 0 || sodium_memcmp(a.p, b.p, a.n) == 0);
}

void sha256_hex(str s, char dst[static 65])
{
    unsigned char raw[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(raw, (const unsigned char *)s.p, s.n);
    sodium_bin2hex(dst, 65, raw, sizeof raw);
}

void secret_wipe(void *p, size_t n)
{
    if (n != 0)
        sodium_memzero(p, n);
}

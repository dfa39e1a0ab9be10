/* Sealed secrets; see crypt.h. A sealed text is base64 of
 *
 *     version (1 byte, 1) | nonce (24) | cipher text and tag (n + 16)
 *
 * under the key BLAKE2b-256(key: master key, "mai.seal.1" | context), with version, length of the
 * context, context and name as associated data: a text moved to another organization or purpose
 * does not open. */
#include "crypt/crypt.h"

#include <sodium.h>

enum {
    VERSION = 1,
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    KEY_BYTES = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    HEAD_BYTES = 1 + NONCE_BYTES,
    MAX_PLAIN_BYTES = 64 * 1024,
    MAX_NAME_BYTES = 1024,
};

static void derive_key(const struct master_key *m, str context, unsigned char key[KEY_BYTES])
{
    static const unsigned char domain[] = "mai.seal.1";
    crypto_generichash_state state;
    crypto_generichash_init(&state, m->bytes, sizeof m->bytes, KEY_BYTES);
    crypto_generichash_update(&state, domain, sizeof domain - 1);
    crypto_generichash_update(&state, (const unsigned char *)context.p, context.n);
    crypto_generichash_final(&state, key, KEY_BYTES);
    sodium_memzero(&state, sizeof state);
}

static void associated_data(str context, str name, struct buf *out)
{
    CHECK(context.n <= MAX_NAME_BYTES && name.n <= MAX_NAME_BYTES);
    buf_init(out, 2 * MAX_NAME_BYTES + 32);
    buf_addf(out, "%d:%zu:", VERSION, context.n);
    buf_add(out, context);
    buf_add(out, name);
}

static void encrypt(const struct master_key *m, str context, str name, str plain,
                    unsigned char *raw)
{
    MAI_AUTO(buf_free) struct buf ad;
    unsigned char key[KEY_BYTES];
    raw[0] = VERSION;
    randombytes_buf(raw + 1, NONCE_BYTES);
    derive_key(m, context, key);
    associated_data(context, name, &ad);
    crypto_aead_xchacha20poly1305_ietf_encrypt(
        raw + HEAD_BYTES, NULL, (const unsigned char *)plain.p, plain.n,
        (const unsigned char *)ad.p, ad.n, NULL, raw + 1, key);
    sodium_memzero(key, sizeof key);
}

status secret_seal(const struct master_key *m, str context, str name, str plain, struct buf *out)
{
    if (plain.n > MAX_PLAIN_BYTES)
        return ST_TOO_BIG;
    MAI_AUTO(buf_free) struct buf raw;
    size_t raw_bytes = HEAD_BYTES + plain.n + TAG_BYTES;
    size_t text_cap = sodium_base64_ENCODED_LEN(raw_bytes, sodium_base64_VARIANT_ORIGINAL);
    buf_init(&raw, raw_bytes);
    unsigned char *bytes = (unsigned char *)buf_reserve(&raw, raw_bytes);
    encrypt(m, context, name, plain, bytes);
    char *text = buf_reserve(out, text_cap);
    if (text == NULL)
        return ST_TOO_BIG;
    sodium_bin2base64(text, text_cap, bytes, raw_bytes, sodium_base64_VARIANT_ORIGINAL);
    buf_grow_by(out, text_cap - 1);
    return ST_OK;
}

static bool decode(str sealed, struct buf *raw)
{
    size_t n;
    buf_init(raw, HEAD_BYTES + MAX_PLAIN_BYTES + TAG_BYTES);
    if (sealed.n / 4 * 3 > raw->max)
        return false;
    char *bytes = buf_reserve(raw, sealed.n / 4 * 3);
    if (bytes == NULL ||
        sodium_base642bin((unsigned char *)bytes, sealed.n / 4 * 3, sealed.p, sealed.n, NULL, &n,
                          NULL, sodium_base64_VARIANT_ORIGINAL) != 0)
        return false;
    buf_grow_by(raw, n);
    return n >= HEAD_BYTES + TAG_BYTES && bytes[0] == VERSION;
}

static bool decrypt(const struct master_key *m, str context, str name, str raw,
                    unsigned char *plain)
{
    MAI_AUTO(buf_free) struct buf ad;
    unsigned char key[KEY_BYTES];
    const unsigned char *bytes = (const unsigned char *)raw.p;
    derive_key(m, context, key);
    associated_data(context, name, &ad);
    int rc = crypto_aead_xchacha20poly1305_ietf_decrypt(
        plain, NULL, NULL, bytes + HEAD_BYTES, raw.n - HEAD_BYTES, (const unsigned char *)ad.p,
        ad.n, bytes + 1, key);
    sodium_memzero(key, sizeof key);
    return rc == 0;
}

status secret_open(const struct master_key *m, str context, str name, str sealed, struct arena *a,
                   str *out)
{
    MAI_AUTO(buf_free) struct buf raw;
    if (!decode(sealed, &raw))
        return ST_UNAUTHENTICATED;
    size_t plain_bytes = raw.n - HEAD_BYTES - TAG_BYTES;
    unsigned char *plain = arena_alloc(a, plain_bytes + 1);
    if (plain == NULL)
        return ST_TOO_BIG;
    if (!decrypt(m, context, name, buf_view(&raw), plain))
        return ST_UNAUTHENTICATED;
    *out = (str){(char *)plain, plain_bytes};
    return ST_OK;
}

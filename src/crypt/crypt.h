/* Passwords, tokens, sealed secrets. The only room that sees libsodium. All functions are pure with respect
 * to mAI; password functions take ~20 ms and 19 MiB: call them on workers. */
#ifndef MAI_CRYPT_H
#define MAI_CRYPT_H

#include "base/arena.h"
#include "base/buf.h"

/* Once at start. */
void crypt_start(void);

/* ---- passwords ---- */
enum { PASSWORD_HASH_CAP = 160, PASSWORD_MIN_CHARS = 8, PASSWORD_MAX_BYTES = 1024 };
/* Argon2id (19 MiB, t=2, p=1), NUL-terminated. At most two hashings run at once in the process; others
 * wait up to a few seconds, then ST_RATE_LIMITED. ST_UNPROCESSABLE: shorter than PASSWORD_MIN_CHARS, longer
 * than PASSWORD_MAX_BYTES, or not UTF-8. Blocking. */
NODISCARD status password_hash(str password, char dst[static PASSWORD_HASH_CAP]);
/* ST_OK, ST_UNAUTHENTICATED (wrong), ST_RATE_LIMITED. Accepts Argon2id and imported bcrypt ($2a/$2b/$2y).
 * An empty hash verifies nothing but takes as long. needs_rehash_out: made with other parameters. */
NODISCARD status password_verify(str password, str hash, bool *needs_rehash_out);
/* One-time password to read out and type: 20 lower-case letters in 5 groups of 4 ("abcd-efgh-..."), 94
 * bits. dst holds 32. */
void password_one_time(char *dst);

/* ---- tokens ---- */
enum { TOKEN_TEXT_CAP = 64, TOKEN_HASH_BYTES = 32, TOKEN_HEX_CAP = 65 };
/* prefix + 43 random characters (256 bits). NUL-terminated. */
void token_new(str prefix, char dst[static TOKEN_TEXT_CAP]);
/* BLAKE2b-256 of the token, as hex: what is stored and looked up. */
void token_hash(str token, char dst[static TOKEN_HEX_CAP]);
bool secret_equal(str a, str b); /* constant time for equal lengths */

/* SHA-256 as 64 hex digits (a supplier key's hash at OpenRouter). */
void sha256_hex(str s, char dst[static 65]);

/* ---- sealed secrets ---- */
/* The master key: 32 bytes. From `secret` text (any length, e.g. WEBUI_SECRET_KEY) or else the file
 * data_dir/master.key, made once (0600). */
struct master_key {
    unsigned char bytes[32];
};
NODISCARD status master_key_load(str secret, str data_dir, struct master_key *out, struct err *e);
/* Tells master keys apart without giving them away, as 32 hex digits: the caller stores it in the database
 * and compares at start. */
void master_key_fingerprint(const struct master_key *m, char dst[static 33]);
/* XChaCha20-Poly1305 under a key derived from the master key and `context` (organization id), with
 * `context` and `name` (what it is, e.g. "supplier_key:<id>") as associated data. Output is base64 text. */
NODISCARD status secret_seal(const struct master_key *m, str context, str name, str plain,
                             struct buf *out);
/* ST_UNAUTHENTICATED: altered, or another master key, context or name. The plain text is in the arena;
 * wipe it after use. */
NODISCARD status secret_open(const struct master_key *m, str context, str name, str sealed,
                             struct arena *a, str *out);
void secret_wipe(void *p, size_t n);

#endif

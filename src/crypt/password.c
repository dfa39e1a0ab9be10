/* Passwords; see crypt.h. A gate lets two hashings run at once in the whole process, so that
 * guesses cannot take the machine's memory; whoever waits too long is told to come back. Parameters
 * inside a stored hash are checked before they are obeyed: an imported hash must not make us work
 * for hours. */
#include "crypt/crypt.h"
#include "base/mem.h"

#include <crypt.h>
#include <errno.h>
#include <pthread.h>
#include <sodium.h>
#include <stdio.h>
#include <time.h>

enum {
    OPS = 2,
    MEMORY_BYTES = 19 * 1024 * 1024,
    MAX_AT_ONCE = 2,
    MAX_WAIT_S = 5,
    MAX_STORED_MEMORY_KIB = 128 * 1024,
    MAX_STORED_OPS = 8,
    MAX_STORED_LANES = 4,
    MAX_BCRYPT_COST = 14,
    BCRYPT_BYTES = 60,
};
_Static_assert(PASSWORD_HASH_CAP >= crypto_pwhash_STRBYTES, "an Argon2id hash must fit");

static pthread_mutex_t gate_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t gate_opened = PTHREAD_COND_INITIALIZER;
static unsigned inside;

void crypt_start(void)
{
    CHECK(sodium_init() >= 0);
}

static status gate_enter(void)
{
    struct timespec deadline;
    int rc = 0;
    clock_gettime(CLOCK_MONOTONIC, &deadline);
    deadline.tv_sec += MAX_WAIT_S;
    pthread_mutex_lock(&gate_lock);
    while (inside == MAX_AT_ONCE && rc != ETIMEDOUT)
        rc = pthread_cond_clockwait(&gate_opened, &gate_lock, CLOCK_MONOTONIC, &deadline);
    bool has_entered = inside < MAX_AT_ONCE;
    if (has_entered)
        inside++;
    pthread_mutex_unlock(&gate_lock);
    return has_entered ? ST_OK : ST_RATE_LIMITED;
}

static void gate_leave(void)
{
    pthread_mutex_lock(&gate_lock);
    inside--;
    pthread_cond_signal(&gate_opened);
    pthread_mutex_unlock(&gate_lock);
}

static bool is_acceptable(str password)
{
    return password.n <= PASSWORD_MAX_BYTES && str_is_utf8(password) &&
           str_utf8_count(password) >= PASSWORD_MIN_CHARS;
}

status password_hash(str password, char dst[static PASSWORD_HASH_CAP])
{
    if (!is_acceptable(password))
        return ST_UNPROCESSABLE;
    status st = gate_enter();
    if (st != ST_OK)
        return st;
    int rc = crypto_pwhash_str_alg(dst, password.p, password.n, OPS, MEMORY_BYTES,
                                   crypto_pwhash_ALG_ARGON2ID13);
    gate_leave();
    return rc == 0 ? ST_OK : ST_UNAVAILABLE; /* no memory */
}

/* As long as a real verification, with no result. */
static void hash_for_nothing(str password)
{
    static const unsigned char salt[crypto_pwhash_SALTBYTES];
    unsigned char waste[32];
    int ignored = crypto_pwhash(waste, sizeof waste, password.p, password.n, salt, OPS,
                                MEMORY_BYTES, crypto_pwhash_ALG_ARGON2ID13);
    (void)ignored; /* without memory it is only shorter */
}

static bool is_argon2id(const char *hash)
{
    unsigned memory, ops, lanes;
    return sscanf(hash, "$argon2id$v=19$m=%9u,t=%9u,p=%9u$", &memory, &ops, &lanes) == 3 &&
           memory <= MAX_STORED_MEMORY_KIB && ops <= MAX_STORED_OPS && lanes <= MAX_STORED_LANES;
}

static bool is_bcrypt(str hash)
{
    int64_t cost;
    if (hash.n != BCRYPT_BYTES || !str_starts(hash, STR("$2")) || strchr("aby", hash.p[2]) == NULL)
        return false;
    return hash.p[3] == '$' && hash.p[6] == '$' &&
           str_to_i64(str_sub(hash, 4, 2), &cost) == ST_OK && cost <= MAX_BCRYPT_COST;
}

static status verify_argon2id(str password, const char *hash, bool *needs_rehash_out)
{
    if (crypto_pwhash_str_verify(hash, password.p, password.n) != 0)
        return ST_UNAUTHENTICATED;
    *needs_rehash_out = crypto_pwhash_str_needs_rehash(hash, OPS, MEMORY_BYTES) != 0;
    return ST_OK;
}

static status verify_bcrypt(str password, const char *hash, bool *needs_rehash_out)
{
    char z[PASSWORD_MAX_BYTES + 1];
    if (memchr(password.p, '\0', password.n) != NULL)
        return ST_UNAUTHENTICATED; /* bcrypt would stop reading there */
    CHECK(str_copy_z(password, z, sizeof z));
    struct crypt_data *work = NEW(struct crypt_data);
    const char *made = crypt_rn(z, hash, work, sizeof *work); /* crypt_r breaks under sanitizers */
    bool is_right = made != NULL && secret_equal(str_c(made), str_c(hash));
    sodium_memzero(z, sizeof z);
    sodium_memzero(work, sizeof *work);
    mem_free(work);
    if (!is_right)
        return ST_UNAUTHENTICATED;
    *needs_rehash_out = true;
    return ST_OK;
}

static status verify(str password, str hash, bool *needs_rehash_out)
{
    char z[PASSWORD_HASH_CAP];
    bool fits = str_copy_z(hash, z, sizeof z);
    if (fits && is_argon2id(z))
        return verify_argon2id(password, z, needs_rehash_out);
    if (fits && is_bcrypt(hash))
        return verify_bcrypt(password, z, needs_rehash_out);
    hash_for_nothing(password);
    return ST_UNAUTHENTICATED;
}

status password_verify(str password, str hash, bool *needs_rehash_out)
{
    if (password.n == 0)
        password = STR("");
    if (password.n > PASSWORD_MAX_BYTES)
        return ST_UNAUTHENTICATED; /* no such password was ever accepted */
    status st = gate_enter();
    if (st != ST_OK)
        return st;
    st = verify(password, hash, needs_rehash_out);
    gate_leave();
    return st;
}

void password_one_time(char *dst)
{
    enum { GROUPS = 5, LETTERS = 4 };
    for (int group = 0; group < GROUPS; group++) {
        for (int i = 0; i < LETTERS; i++)
            *dst++ = (char)('a' + randombytes_uniform(26));
        *dst++ = group + 1 < GROUPS ? '-' : '\0';
    }
}

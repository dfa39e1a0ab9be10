/* Passwords, tokens, seals, the master key file; hashes against published vectors. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/clock.h"
#include "crypt/crypt.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- hashes and tokens ---- */

static void test_a_sha256(void **state)
{
    char hex[65];
    sha256_hex(STR("abc"), hex); /* FIPS 180-2, B.1 */
    assert_string_equal(hex, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    sha256_hex(STR_NONE, hex);
    assert_string_equal(hex, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
}

static void test_a_tokens(void **state)
{
    char a[TOKEN_TEXT_CAP], b[TOKEN_TEXT_CAP], hex[TOKEN_HEX_CAP], again[TOKEN_HEX_CAP];
    token_new(STR("sk-mai-"), a);
    token_new(STR("sk-mai-"), b);
    assert_int_equal(strlen(a), 7 + 43);
    assert_true(str_starts(str_c(a), STR("sk-mai-")));
    assert_string_not_equal(a, b);
    token_hash(str_c(a), hex);
    token_hash(str_c(a), again);
    assert_string_equal(hex, again);
    token_hash(str_c(b), again);
    assert_string_not_equal(hex, again);
    token_hash(STR("abc"), hex); /* python3: hashlib.blake2b(b"abc", digest_size=32) */
    assert_string_equal(hex, "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

static void test_a_secret_equal(void **state)
{
    assert_true(secret_equal(STR("abc"), STR("abc")));
    assert_false(secret_equal(STR("abc"), STR("abd")));
    assert_false(secret_equal(STR("abc"), STR("abcd")));
    assert_true(secret_equal(STR_NONE, STR("")));
}

/* ---- passwords ---- */

static void test_b_password(void **state)
{
    char hash[PASSWORD_HASH_CAP];
    bool needs_rehash = true;
    assert_int_equal(password_hash(STR("zażółć gęślą"), hash), ST_OK);
    assert_true(str_starts(str_c(hash), STR("$argon2id$v=19$m=19456,t=2,p=1$")));
    assert_int_equal(password_verify(STR("zażółć gęślą"), str_c(hash), &needs_rehash), ST_OK);
    assert_false(needs_rehash);
    assert_int_equal(password_verify(STR("zażółć gęśla"), str_c(hash), &needs_rehash),
                     ST_UNAUTHENTICATED);
    assert_int_equal(password_verify(STR_NONE, str_c(hash), &needs_rehash), ST_UNAUTHENTICATED);
}

static void test_b_password_limits(void **state)
{
    char hash[PASSWORD_HASH_CAP];
    bool needs_rehash;
    static char huge[PASSWORD_MAX_BYTES + 1];
    memset(huge, 'x', sizeof huge);
    assert_int_equal(password_hash(STR("seven77"), hash), ST_UNPROCESSABLE);
    assert_int_equal(password_hash(STR("żżżżżżż"), hash), ST_UNPROCESSABLE);
    assert_int_equal(password_hash(STR("not utf8 \xff"), hash), ST_UNPROCESSABLE);
    assert_int_equal(password_hash((str){huge, sizeof huge}, hash), ST_UNPROCESSABLE);
    assert_int_equal(password_hash((str){huge, sizeof huge - 1}, hash), ST_OK);
    assert_int_equal(password_verify((str){huge, sizeof huge}, str_c(hash), &needs_rehash),
                     ST_UNAUTHENTICATED);
}

/* From Openwall's crypt_blowfish tests and PHP's manual. */
static void test_c_bcrypt(void **state)
{
    static const struct {
        str password, hash;
    } rows[] = {
        {STR_INIT("U*U"), STR_INIT("$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")},
        {STR_INIT("U*U"), STR_INIT("$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")},
        {STR_INIT("U*U"), STR_INIT("$2y$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW")},
        {STR_INIT("rasmuslerdorf"),
         STR_INIT("$2a$07$usesomesillystringfore2uDLvp1Ii2e./U9C8sBjqp8I90dH6hi")},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        bool needs_rehash = false;
        assert_int_equal(password_verify(rows[i].password, rows[i].hash, &needs_rehash), ST_OK);
        assert_true(needs_rehash);
        assert_int_equal(password_verify(STR("U*V"), rows[i].hash, &needs_rehash),
                         ST_UNAUTHENTICATED);
    }
    bool needs_rehash;
    assert_int_equal(password_verify(STR("U*U\0x"), rows[0].hash, &needs_rehash),
                     ST_UNAUTHENTICATED);
}

/* Each would need hours or gigabytes if it were obeyed. */
static void test_c_costly_hashes_are_refused(void **state)
{
    static const str hashes[] = {
        STR_INIT("$2a$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"),
        STR_INIT("$argon2id$v=19$m=4194304,t=3,p=1$c2FsdHNhbHRzYWx0c2FsdA$"
                 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        STR_INIT("$argon2id$v=19$m=19456,t=4000000,p=1$c2FsdHNhbHRzYWx0c2FsdA$"
                 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"),
        STR_INIT("$6$rounds=999999999$salt$x"),
    };
    bool needs_rehash;
    for (size_t i = 0; i < COUNT_OF(hashes); i++)
        assert_int_equal(password_verify(STR("password"), hashes[i], &needs_rehash),
                         ST_UNAUTHENTICATED);
}

static int64_t verify_us(str hash)
{
    bool needs_rehash;
    int64_t best = INT64_MAX;
    for (int i = 0; i < 5; i++) {
        int64_t start = clock_mono_us();
        assert_int_equal(password_verify(STR("wrong password"), hash, &needs_rehash),
                         ST_UNAUTHENTICATED);
        int64_t took = clock_mono_us() - start;
        best = took < best ? took : best;
    }
    return best;
}

static void test_d_empty_hash_takes_as_long(void **state)
{
    char hash[PASSWORD_HASH_CAP];
    assert_int_equal(password_hash(STR("right password"), hash), ST_OK);
    int64_t real = verify_us(str_c(hash));
    int64_t empty = verify_us(STR_NONE);
    assert_true(empty > real / 3 && empty < real * 3);
}

static atomic_int ok_count, limited_count;

static void *hash_once(void *ctx)
{
    char hash[PASSWORD_HASH_CAP];
    status st = password_hash(STR("a good password"), hash);
    if (st == ST_OK)
        atomic_fetch_add(&ok_count, 1);
    if (st == ST_RATE_LIMITED)
        atomic_fetch_add(&limited_count, 1);
    return NULL;
}

static void test_e_gate(void **state)
{
    enum { THREADS = 12 };
    pthread_t threads[THREADS];
    for (int i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_once, NULL), 0);
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(atomic_load(&ok_count) + atomic_load(&limited_count), THREADS);
    assert_true(atomic_load(&ok_count) >= 2);
}

static void test_f_one_time(void **state)
{
    char a[32], b[32];
    password_one_time(a);
    password_one_time(b);
    assert_int_equal(strlen(a), 24);
    for (int i = 0; i < 24; i++)
        assert_true(i % 5 == 4 ? a[i] == '-' : a[i] >= 'a' && a[i] <= 'z');
    assert_string_not_equal(a, b);
}

/* ---- seals ---- */

static const struct master_key key_one = {{1, 2, 3}};
static const struct master_key key_two = {{1, 2, 4}};

static void test_g_seal(void **state)
{
    struct buf sealed;
    struct arena a;
    str plain;
    buf_init(&sealed, 4096);
    arena_init(&a, 65536);
    assert_int_equal(secret_seal(&key_one, STR("org1"), STR("key:1"), STR("sk-or-v1-abc"), &sealed),
                     ST_OK);
    assert_int_equal(str_find(buf_view(&sealed), STR("sk-or")), sealed.n);
    assert_int_equal(
        secret_open(&key_one, STR("org1"), STR("key:1"), buf_view(&sealed), &a, &plain), ST_OK);
    assert_true(str_eq(plain, STR("sk-or-v1-abc")));
    const struct {
        const struct master_key *m;
        str context, name;
    } wrong[] = {{&key_two, STR("org1"), STR("key:1")},
                 {&key_one, STR("org2"), STR("key:1")},
                 {&key_one, STR("org1"), STR("key:2")},
                 {&key_one, STR("org1k"), STR("ey:1")}};
    for (size_t i = 0; i < COUNT_OF(wrong); i++)
        assert_int_equal(
            secret_open(wrong[i].m, wrong[i].context, wrong[i].name, buf_view(&sealed), &a, &plain),
            ST_UNAUTHENTICATED);
    arena_free(&a);
    buf_free(&sealed);
}

static void test_g_seal_is_never_the_same(void **state)
{
    struct buf x, y;
    buf_init(&x, 4096);
    buf_init(&y, 4096);
    assert_int_equal(secret_seal(&key_one, STR("o"), STR("n"), STR("s"), &x), ST_OK);
    assert_int_equal(secret_seal(&key_one, STR("o"), STR("n"), STR("s"), &y), ST_OK);
    assert_false(str_eq(buf_view(&x), buf_view(&y)));
    buf_free(&x);
    buf_free(&y);
}

/* Any changed, missing or added character is noticed. */
static void test_h_altered_seals(void **state)
{
    struct buf sealed;
    struct arena a;
    str plain;
    buf_init(&sealed, 4096);
    arena_init(&a, 1 << 20);
    assert_int_equal(secret_seal(&key_one, STR("o"), STR("n"), STR("secret"), &sealed), ST_OK);
    for (size_t i = 0; i < sealed.n; i++) {
        char kept = sealed.p[i];
        sealed.p[i] = kept == 'A' ? 'B' : 'A';
        assert_int_equal(secret_open(&key_one, STR("o"), STR("n"), buf_view(&sealed), &a, &plain),
                         ST_UNAUTHENTICATED);
        sealed.p[i] = kept;
        assert_int_equal(
            secret_open(&key_one, STR("o"), STR("n"), str_sub(buf_view(&sealed), 0, i), &a, &plain),
            ST_UNAUTHENTICATED);
    }
    buf_add(&sealed, STR("AAAA"));
    assert_int_equal(secret_open(&key_one, STR("o"), STR("n"), buf_view(&sealed), &a, &plain),
                     ST_UNAUTHENTICATED);
    arena_free(&a);
    buf_free(&sealed);
}

static void test_h_seal_sizes(void **state)
{
    static char big[65537];
    struct buf sealed;
    struct arena a;
    str plain;
    buf_init(&sealed, 200000);
    arena_init(&a, 200000);
    assert_int_equal(secret_seal(&key_one, STR("o"), STR("n"), (str){big, 65537}, &sealed),
                     ST_TOO_BIG);
    assert_int_equal(secret_seal(&key_one, STR("o"), STR("n"), (str){big, 65536}, &sealed), ST_OK);
    assert_int_equal(secret_open(&key_one, STR("o"), STR("n"), buf_view(&sealed), &a, &plain),
                     ST_OK);
    assert_int_equal(plain.n, 65536);
    buf_clear(&sealed);
    assert_int_equal(secret_seal(&key_one, STR("o"), STR("n"), STR_NONE, &sealed), ST_OK);
    assert_int_equal(secret_open(&key_one, STR("o"), STR("n"), buf_view(&sealed), &a, &plain),
                     ST_OK);
    assert_int_equal(plain.n, 0);
    arena_free(&a);
    buf_free(&sealed);
}

/* ---- master key ---- */

static char folder[] = "/tmp/mai-crypt-XXXXXX";
static char key_path[64];

static int make_folder(void **state)
{
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(key_path, sizeof key_path, "%s/master.key", folder);
    return 0;
}

static int remove_folder(void **state)
{
    unlink(key_path);
    return rmdir(folder); /* fails when a draft was left behind */
}

static void test_i_master_key_file(void **state)
{
    struct master_key first, again;
    struct err e = {0};
    struct stat s;
    assert_int_equal(master_key_load(STR_NONE, str_c(folder), &first, &e), ST_OK);
    assert_int_equal(stat(key_path, &s), 0);
    assert_int_equal(s.st_mode & 0777, 0600);
    assert_int_equal(s.st_size, 32);
    assert_int_equal(master_key_load(STR_NONE, str_c(folder), &again, &e), ST_OK);
    assert_memory_equal(&first, &again, sizeof first);
}

static void test_j_master_key_of_wrong_length(void **state)
{
    struct master_key key = {{7}};
    struct err e = {0};
    for (int bytes = 31; bytes <= 33; bytes += 2) {
        assert_int_equal(truncate(key_path, bytes), 0);
        assert_int_equal(master_key_load(STR_NONE, str_c(folder), &key, &e), ST_STORAGE);
        assert_non_null(strstr(e.text, "exactly 32 bytes"));
        assert_int_equal(key.bytes[0], 7);
    }
}

static void test_j_master_key_without_folder(void **state)
{
    struct master_key key;
    struct err e = {0};
    assert_int_equal(master_key_load(STR_NONE, STR("/tmp/mai-nowhere/x"), &key, &e), ST_STORAGE);
    assert_non_null(strstr(e.text, "cannot be written: No such file"));
}

static void test_k_master_key_from_secret(void **state)
{
    struct master_key a, b, c;
    char print_a[33], print_c[33];
    assert_int_equal(master_key_load(STR("t0p-s3cr3t"), STR("/nowhere"), &a, NULL), ST_OK);
    assert_int_equal(master_key_load(STR("t0p-s3cr3t"), STR("/nowhere"), &b, NULL), ST_OK);
    assert_int_equal(master_key_load(STR("t0p-s3cr3u"), STR("/nowhere"), &c, NULL), ST_OK);
    assert_memory_equal(&a, &b, sizeof a);
    assert_memory_not_equal(&a, &c, sizeof a);
    master_key_fingerprint(&a, print_a);
    master_key_fingerprint(&c, print_c);
    assert_int_equal(strlen(print_a), 32);
    assert_string_not_equal(print_a, print_c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_sha256),
        cmocka_unit_test(test_a_tokens),
        cmocka_unit_test(test_a_secret_equal),
        cmocka_unit_test(test_b_password),
        cmocka_unit_test(test_b_password_limits),
        cmocka_unit_test(test_c_bcrypt),
        cmocka_unit_test(test_c_costly_hashes_are_refused),
        cmocka_unit_test(test_d_empty_hash_takes_as_long),
        cmocka_unit_test(test_e_gate),
        cmocka_unit_test(test_f_one_time),
        cmocka_unit_test(test_g_seal),
        cmocka_unit_test(test_g_seal_is_never_the_same),
        cmocka_unit_test(test_h_altered_seals),
        cmocka_unit_test(test_h_seal_sizes),
        cmocka_unit_test(test_i_master_key_file),
        cmocka_unit_test(test_j_master_key_of_wrong_length),
        cmocka_unit_test(test_j_master_key_without_folder),
        cmocka_unit_test(test_k_master_key_from_secret),
    };
    crypt_start();
    return cmocka_run_group_tests_name("crypt", tests, make_folder, remove_folder);
}

/* Guesses counted in a table of fixed size: sets of eight slots by hash of account or address. A full set
 * forgets its mildest entry, so the table is bounded and a flood of new names cannot push out an account
 * under attack. Guarded by one mutex; any thread. See login.h. */
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "tenancy/login.h"

#include <pthread.h>

enum {
    SETS = 1024,
    WAYS = 8,
    FREE_PER_ACCOUNT = 5,
    FREE_PER_ADDRESS = 20,
    DELAY_MAX_S = 900,
};
#define FORGET_MS (2 * DELAY_MAX_S * MS_PER_SECOND)

struct guess {
    uint64_t key; /* 0: free */
    uint32_t failed;
    int64_t last_ms;
    int64_t next_ms; /* earliest next guess */
};

struct login_limiter {
    pthread_mutex_t lock;
    struct guess sets[SETS][WAYS];
};

struct login_limiter *login_limiter_new(void)
{
    struct login_limiter *l = NEW(struct login_limiter);
    CHECK(pthread_mutex_init(&l->lock, NULL) == 0);
    return l;
}

void login_limiter_free(struct login_limiter *l)
{
    if (l == NULL)
        return;
    pthread_mutex_destroy(&l->lock);
    mem_free(l);
}

static uint64_t guess_key(char kind, str text)
{
    uint64_t h = str_hash(text) * 31 + (uint64_t)(unsigned char)kind;
    return h != 0 ? h : 1;
}

static bool is_over(const struct guess *g, int64_t now_ms)
{
    return g->key == 0 || now_ms - g->last_ms > FORGET_MS;
}

static struct guess *guess_find(struct login_limiter *l, uint64_t key)
{
    struct guess *set = l->sets[key % SETS];
    for (size_t i = 0; i < WAYS; i++)
        if (set[i].key == key)
            return &set[i];
    return NULL;
}

/* The slot to give up: one that is over, else the one with the fewest failures, the longest ago. */
static struct guess *guess_victim(struct guess *set, int64_t now_ms)
{
    struct guess *mildest = &set[0];
    for (size_t i = 0; i < WAYS; i++) {
        if (is_over(&set[i], now_ms))
            return &set[i];
        bool is_milder = set[i].failed < mildest->failed ||
                         (set[i].failed == mildest->failed && set[i].last_ms < mildest->last_ms);
        if (is_milder)
            mildest = &set[i];
    }
    return mildest;
}

static struct guess *guess_get(struct login_limiter *l, uint64_t key, int64_t now_ms)
{
    struct guess *g = guess_find(l, key);
    if (g == NULL)
        g = guess_victim(l->sets[key % SETS], now_ms);
    if (g->key != key || is_over(g, now_ms))
        *g = (struct guess){.key = key};
    return g;
}

static void guess_count(struct guess *g, uint32_t free, int64_t now_ms)
{
    g->failed++;
    g->last_ms = now_ms;
    if (g->failed < free)
        return;
    uint32_t steps = g->failed - free;
    int64_t delay_s = steps < 10 ? INT64_C(1) << steps : DELAY_MAX_S;
    if (delay_s > DELAY_MAX_S)
        delay_s = DELAY_MAX_S;
    g->next_ms = now_ms + delay_s * MS_PER_SECOND;
}

static int64_t wait_s(const struct guess *g, int64_t now_ms)
{
    int64_t wait_ms = g->next_ms - now_ms;
    return wait_ms > 0 ? (wait_ms + MS_PER_SECOND - 1) / MS_PER_SECOND : 0;
}

status login_limiter_begin(struct login_limiter *l, str account, str address, int64_t now_ms,
                           int64_t *retry_s_out, struct err *e)
{
    pthread_mutex_lock(&l->lock);
    struct guess *by_account = guess_get(l, guess_key('a', account), now_ms);
    int64_t wait = wait_s(by_account, now_ms);
    struct guess *by_address = guess_get(l, guess_key('i', address), now_ms);
    int64_t wait_address = wait_s(by_address, now_ms);
    if (wait_address > wait)
        wait = wait_address;
    if (wait == 0) {
        /* the address may have taken the account's slot: look again */
        guess_count(guess_get(l, guess_key('a', account), now_ms), FREE_PER_ACCOUNT, now_ms);
        guess_count(guess_get(l, guess_key('i', address), now_ms), FREE_PER_ADDRESS, now_ms);
    }
    pthread_mutex_unlock(&l->lock);
    if (wait == 0)
        return ST_OK;
    if (retry_s_out != NULL)
        *retry_s_out = wait;
    log_warn("sign-in slowed down", LF_STR("address", address), LF_INT("seconds", wait));
    return err_set(e, ST_RATE_LIMITED, "Too many attempts; try again in %lld seconds", (long long)wait);
}

void login_limiter_ok(struct login_limiter *l, str account, str address)
{
    pthread_mutex_lock(&l->lock);
    struct guess *g = guess_find(l, guess_key('a', account));
    if (g != NULL)
        *g = (struct guess){};
    g = guess_find(l, guess_key('i', address));
    if (g != NULL && g->failed != 0) {
        g->failed--; /* only this attempt: an own account buys no further guesses at others */
        g->next_ms = 0;
    }
    pthread_mutex_unlock(&l->lock);
}

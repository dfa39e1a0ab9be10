/* Keys; see keys.h. Sources: API reference sections 1.2 to 1.4 and 1.10. */
#include "keys.h"
#include "money.h"
#include "text.h"
#include "base/id.h"
#include "base/mem.h"

#include <sodium.h>
#include <stdio.h>

static const char *const reset_names[RESET_COUNT] = {NULL, "daily", "weekly", "monthly"};
static const char workspace_id[] = "0b6b4a1e-5f0c-4c8e-9d59-6f1d2b3a4c5d";

const char *limit_reset_name(enum limit_reset reset)
{
    return reset_names[reset];
}

bool limit_reset_find(str name, enum limit_reset *out)
{
    for (int i = RESET_DAILY; i < RESET_COUNT; i++)
        if (str_eq(name, str_c(reset_names[i]))) {
            *out = (enum limit_reset)i;
            return true;
        }
    return false;
}

void sha256_hex(str data, char *dst)
{
    unsigned char digest[crypto_hash_sha256_BYTES];
    crypto_hash_sha256(digest, (const unsigned char *)(data.p != NULL ? data.p : ""), data.n);
    sodium_bin2hex(dst, KEY_HASH_CAP, digest, sizeof digest);
}

void key_text_new(char *dst)
{
    unsigned char raw[32];
    random_bytes(raw, sizeof raw);
    memcpy(dst, "sk-or-v1-", 9);
    sodium_bin2hex(dst + 9, 65, raw, sizeof raw);
}

static const char *mask(str text)
{
    char label[32];
    str head = str_sub(text, 0, 12), tail = str_from(text, text.n > 3 ? text.n - 3 : 0);
    snprintf(label, sizeof label, "%.*s...%.*s", STR_ARG(head), STR_ARG(tail));
    return text_keep(str_c(label));
}

struct key *keys_add(struct keys *k, str text, str name)
{
    char hash[KEY_HASH_CAP];
    sha256_hex(text, hash);
    if (hash_get(&k->by_hash, str_c(hash)) != NULL)
        return NULL;
    struct key *key = NEW(struct key);
    memcpy(key->hash, hash, sizeof hash);
    key->label = mask(text);
    key->name = text_keep(name);
    key->created_ms = sim_now_ms();
    if (k->count == k->cap) {
        k->cap = k->cap != 0 ? k->cap * 2 : 64;
        k->all = mem_resize(k->all, k->cap * sizeof(struct key *));
    }
    k->all[k->count++] = key;
    hash_set(&k->by_text, text, key);
    hash_set(&k->by_hash, str_c(hash), key);
    return key;
}

struct key *keys_find_text(const struct keys *k, str text)
{
    struct key *key = hash_get(&k->by_text, text);
    return key != NULL && !key->is_deleted ? key : NULL;
}

struct key *keys_find_hash(const struct keys *k, str hash)
{
    struct key *key = hash_get(&k->by_hash, hash);
    return key != NULL && !key->is_deleted ? key : NULL;
}

void keys_delete(struct keys *k, struct key *key)
{
    key->is_deleted = true;
}

void keys_limit_changed(struct keys *k, struct key *key)
{
    key->enforced_from_ms = clock_mono_us() / 1000 + k->cap_delay_ms;
    if (k->cap_delay_ms == 0)
        key->enforced = key->limit;
}

bool key_is_usable(const struct key *key)
{
    bool is_expired = key->expires_ms != 0 && sim_now_ms() >= key->expires_ms;
    return !key->is_disabled && !key->is_deleted && !is_expired;
}

/* ---- spending ---- */

struct spending spending_at(const struct spending *s, int64_t now_ms)
{
    struct spending now = *s;
    now.at = sim_periods(now_ms);
    if (now.at.day != s->at.day)
        now.day = PICO(0);
    if (now.at.week != s->at.week)
        now.week = PICO(0);
    if (now.at.month != s->at.month)
        now.month = PICO(0);
    return now;
}

void spending_add(struct spending *s, pico cost, int64_t at_ms)
{
    *s = spending_at(s, at_ms);
    s->total = money_add(s->total, cost);
    s->day = money_add(s->day, cost);
    s->week = money_add(s->week, cost);
    s->month = money_add(s->month, cost);
}

static pico spent_in(const struct spending *s, enum limit_reset reset)
{
    const pico by_reset[RESET_COUNT] = {s->total, s->day, s->week, s->month};
    return by_reset[reset];
}

static pico remaining(const struct key *key, struct limit limit)
{
    int64_t now = sim_now_ms();
    struct spending credits = spending_at(&key->credits, now), byok = spending_at(&key->byok, now);
    pico used = spent_in(&credits, limit.reset);
    if (limit.includes_byok)
        used = money_add(used, spent_in(&byok, limit.reset));
    return PICO(limit.usd.v - used.v);
}

bool key_is_exhausted(struct key *key)
{
    if (key->enforced_from_ms != 0 && clock_mono_us() / 1000 >= key->enforced_from_ms) {
        key->enforced = key->limit;
        key->enforced_from_ms = 0;
    }
    return key->enforced.is_set && remaining(key, key->enforced).v <= 0;
}

/* ---- writing ---- */

static void write_time(struct jout *j, const char *name, int64_t ms)
{
    char text[ISO_TIME_CAP];
    if (ms == 0) {
        jo_knull(j, name);
        return;
    }
    iso_from_ms(ms, text);
    jo_kz(j, name, text);
}

static void write_spending(struct jout *j, const char *prefix, const struct spending *s)
{
    const struct {
        const char *suffix;
        pico value;
    } rows[] = {{"", s->total}, {"_daily", s->day}, {"_weekly", s->week}, {"_monthly", s->month}};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char name[32];
        snprintf(name, sizeof name, "%s%s", prefix, rows[i].suffix);
        jo_kpico(j, name, rows[i].value);
    }
}

static void write_common(struct jout *j, struct key *key)
{
    int64_t now = sim_now_ms();
    struct spending credits = spending_at(&key->credits, now), byok = spending_at(&key->byok, now);
    jo_kz(j, "label", key->label);
    if (key->limit.is_set) {
        jo_kpico(j, "limit", key->limit.usd);
        jo_kpico(j, "limit_remaining", remaining(key, key->limit));
    } else {
        jo_knull(j, "limit");
        jo_knull(j, "limit_remaining");
    }
    jo_kz(j, "limit_reset", limit_reset_name(key->limit.reset));
    jo_kbool(j, "include_byok_in_limit", key->limit.includes_byok);
    write_spending(j, "usage", &credits);
    write_spending(j, "byok_usage", &byok);
    write_time(j, "expires_at", key->expires_ms);
    jo_kz(j, "creator_user_id", key->creator);
    jo_kz(j, "workspace_id", workspace_id);
}

void key_write(struct jout *j, struct key *key)
{
    jo_open(j, '{');
    jo_kz(j, "hash", key->hash);
    jo_kz(j, "name", key->name);
    jo_kbool(j, "disabled", key->is_disabled);
    write_common(j, key);
    write_time(j, "created_at", key->created_ms);
    write_time(j, "updated_at", key->updated_ms);
    jo_kz(j, "external_user", key->external_user);
    jo_close(j, '}');
}

void key_write_current(struct jout *j, struct key *key)
{
    write_common(j, key);
    jo_kbool(j, "is_free_tier", false);
    jo_kbool(j, "is_management_key", key->is_management);
    jo_kbool(j, "is_provisioning_key", key->is_management);
    jo_kraw(
        j, "rate_limit",
        STR("{\"requests\":-1,\"interval\":\"10s\",\"note\":\"This field is deprecated and safe "
            "to ignore.\"}"));
    jo_kraw(j, "allowed_data_regions", STR("[\"global\"]"));
    jo_knull(j, "organization_id");
}

/* Settings of the installation; see settings.h. Secrets are sealed under the context "mai". */
#include "tenancy/settings.h"
#include "base/clock.h"
#include "base/log.h"
#include "tenancy/common.h"
#include "tenancy/rules.h"
#include "tenancy/setting_row.h"
#include "tenancy/tenancy_sql.h"

#define CONTEXT STR("mai")
#define PROOF_KEY "master_key_proof"
#define PROOF_TEXT STR("mAI master key")
#define PROVISIONING_KEY "provisioning_key"
#define PROVISIONING_LAST4 "provisioning_key_last4"
#define DEFAULT_MARKUP "default_markup_ppm"

/* ---- rows ---- */

struct setting_ctx {
    struct arena *arena;
    str *value;
    int64_t updated_ms;
};

static void read_setting(const struct db_rows *row, void *ctx)
{
    struct setting_ctx *c = ctx;
    *c->value = db_text_dup(row, 0, c->arena);
    c->updated_ms = db_int(row, 1);
}

status setting_read(struct db *db, const char *key, struct arena *a, str *value_out, int64_t *updated_ms_out)
{
    struct setting_ctx ctx = {a, value_out, 0};
    status st = db_one(db, &SQL_SETTING_READ, DB_ARGS(DB_Z(key)), read_setting, &ctx);
    if (st == ST_OK && updated_ms_out != NULL)
        *updated_ms_out = ctx.updated_ms;
    return st;
}

status setting_write(struct db *db, const char *key, str value)
{
    return db_exec(db, &SQL_SETTING_WRITE, DB_ARGS(DB_Z(key), DB_TEXT(value), DB_INT(clock_now_ms())));
}

status setting_delete(struct db *db, const char *key)
{
    return db_exec(db, &SQL_SETTING_DELETE, DB_ARGS(DB_Z(key)));
}

static status setting_seal(struct db *db, const struct master_key *m, const char *key, str plain)
{
    struct buf sealed MAI_AUTO(buf_free);
    buf_init(&sealed, 4096);
    status st = secret_seal(m, CONTEXT, str_c(key), plain, &sealed);
    return st == ST_OK ? setting_write(db, key, buf_view(&sealed)) : st;
}

/* ---- master key ---- */

status master_key_prove(struct db *db, struct system_scope why, const struct master_key *m, struct err *e)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, 64 * 1024);
    str sealed, plain;
    status st = setting_read(db, PROOF_KEY, &a, &sealed, NULL);
    if (st == ST_NOT_FOUND)
        return setting_seal(db, m, PROOF_KEY, PROOF_TEXT);
    if (st != ST_OK)
        return st;
    st = secret_open(m, CONTEXT, STR(PROOF_KEY), sealed, &a, &plain);
    if (st == ST_OK && str_eq(plain, PROOF_TEXT))
        return ST_OK;
    return err_set(e, ST_UNAUTHENTICATED,
                   "The master key does not fit this data: give the WEBUI_SECRET_KEY or master.key it was made with");
}

/* ---- provisioning key ---- */

static status provisioning_key_clean(str key, struct err *e)
{
    bool is_possible = key.n >= 16 && key.n <= 512;
    for (size_t i = 0; i < key.n; i++)
        is_possible = is_possible && key.p[i] > 0x20 && key.p[i] < 0x7f;
    if (is_possible)
        return ST_OK;
    return err_set(e, ST_UNPROCESSABLE, "This cannot be a provisioning key of OpenRouter");
}

static str last4_of(str key)
{
    return str_from(key, key.n > 4 ? key.n - 4 : 0);
}

static status provisioning_key_forget(struct db *db)
{
    status st = setting_delete(db, PROVISIONING_KEY);
    return st == ST_OK ? setting_delete(db, PROVISIONING_LAST4) : st;
}

status provisioning_key_save(struct db *db, struct provider_scope by, const struct master_key *m, str key,
                             struct err *e)
{
    str clean = str_trim(key);
    status st;
    if (clean.n == 0) {
        st = provisioning_key_forget(db);
    } else {
        st = provisioning_key_clean(clean, e);
        if (st == ST_OK)
            st = setting_seal(db, m, PROVISIONING_KEY, clean);
        if (st == ST_OK)
            st = setting_write(db, PROVISIONING_LAST4, last4_of(clean));
    }
    if (st == ST_OK)
        LOG_AT(LOG_INFO, clean.n != 0 ? "provisioning key saved" : "provisioning key forgotten",
               LF_STR("by", actor_text(by.user_id)));
    return st;
}

status provisioning_key_get(struct db *db, struct system_scope why, const struct master_key *m, str configured,
                            struct arena *a, str *key_out)
{
    if (configured.n != 0) {
        *key_out = arena_dup(a, configured);
        return ST_OK;
    }
    str sealed;
    status st = setting_read(db, PROVISIONING_KEY, a, &sealed, NULL);
    return st == ST_OK ? secret_open(m, CONTEXT, STR(PROVISIONING_KEY), sealed, a, key_out) : st;
}

/* ---- what the provider sees ---- */

static void later(int64_t ms, struct provider_settings *s)
{
    if (s->created_ms == 0 || ms < s->created_ms)
        s->created_ms = ms;
    if (ms > s->updated_ms)
        s->updated_ms = ms;
}

static status key_shown(struct db *db, str configured_key, struct arena *a, struct provider_settings *s)
{
    str last4 = STR_NONE;
    int64_t at = 0;
    status st = setting_read(db, PROVISIONING_LAST4, a, &last4, &at);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    if (st == ST_OK)
        later(at, s);
    if (configured_key.n != 0)
        last4 = last4_of(configured_key);
    s->has_provisioning_key = last4.n != 0;
    CHECK(str_copy_z(str_sub(last4, 0, 4), s->provisioning_key_last4, sizeof s->provisioning_key_last4));
    return ST_OK;
}

static status markup_stored(struct db *db, markup configured, struct arena *a, markup *out, int64_t *at_out)
{
    str text;
    status st = setting_read(db, DEFAULT_MARKUP, a, &text, at_out);
    if (st == ST_OK)
        return str_to_i64(text, &out->ppm);
    if (st != ST_NOT_FOUND)
        return st;
    *out = configured;
    return ST_OK;
}

status provider_settings_read(struct db *db, struct provider_scope by, str configured_key,
                              markup configured_markup, struct provider_settings *out)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, 64 * 1024);
    struct provider_settings s = {};
    int64_t at = 0;
    status st = key_shown(db, configured_key, &a, &s);
    if (st == ST_OK)
        st = markup_stored(db, configured_markup, &a, &s.default_markup, &at);
    if (st == ST_OK && at != 0)
        later(at, &s);
    if (st == ST_OK)
        *out = s;
    return st;
}

status default_markup_read(struct db *db, struct system_scope why, markup configured, markup *out)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, 64 * 1024);
    int64_t at = 0;
    return markup_stored(db, configured, &a, out, &at);
}

status default_markup_save(struct db *db, struct provider_scope by, markup m, struct err *e)
{
    if (m.ppm <= MARKUP_MIN_PPM || m.ppm > MARKUP_MAX_PPM)
        return err_set(e, ST_UNPROCESSABLE, "The markup must be above 0 and at most 100");
    struct buf text MAI_AUTO(buf_free);
    buf_init(&text, 32);
    buf_add_i64(&text, m.ppm);
    status st = setting_write(db, DEFAULT_MARKUP, buf_view(&text));
    if (st == ST_OK)
        log_info("default markup changed", LF_INT("ppm", m.ppm), LF_STR("by", actor_text(by.user_id)));
    return st;
}

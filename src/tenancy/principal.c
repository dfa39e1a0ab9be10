/* From a token to everything a call needs to know; see principal.h. Made by a worker, then shared by loop
 * threads through an atomic count. */
#include "tenancy/principal.h"
#include "base/log.h"
#include "base/mem.h"
#include "tenancy/api_key.h"
#include "tenancy/common.h"
#include "tenancy/session.h"
#include "tenancy/tenancy_sql.h"

#include <stdatomic.h>

struct shared {
    atomic_uint refs;
    struct principal principal;
};

static struct shared *shared_of(struct principal *p)
{
    return CONTAINER_OF(p, struct shared, principal);
}

struct principal *principal_ref(struct principal *p)
{
    atomic_fetch_add_explicit(&shared_of(p)->refs, 1, memory_order_relaxed);
    return p;
}

void principal_unref(struct principal *p)
{
    if (p == NULL)
        return;
    struct shared *s = shared_of(p);
    if (atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    secret_wipe(p->key_text, sizeof p->key_text);
    mem_free(s);
}

struct own_scope principal_own(const struct principal *p)
{
    return own_scope_make(str_c(p->is_provider ? p->provider.user_id : p->scope.user_id));
}

/* ---- from the row ---- */

enum { CREDENTIAL_ID, EXPIRES, LAST_SEEN, USER_ID, USER_ROLE, MUST_CHANGE, USER_NAME, USER_EMAIL, EXTERNAL,
       USER_DISABLED, ORG_ID, ORG_NAME, ORG_DISABLED, API_ACCESS, DENY_DATA, ZDR, EXTRAS, MARKUP, ZONE, KEY_ID,
       KEY_HASH, KEY_URL, KEY_SEALED };

struct loaded {
    struct principal *p;
    struct arena arena; /* holds the sealed key */
    str key_id, sealed;
    bool is_user_disabled;
};

static void copy(const struct db_rows *row, int column, char *dst, size_t cap)
{
    CHECK(str_copy_z(db_text(row, column), dst, cap));
}

static void read_person(const struct db_rows *row, struct principal *p)
{
    enum role role;
    CHECK(role_parse(db_text(row, USER_ROLE), &role));
    str user = db_text(row, USER_ID);
    p->is_provider = role == ROLE_PROVIDER;
    if (p->is_provider)
        CHECK(str_copy_z(user, p->provider.user_id, ID_CAP));
    else
        p->scope = scope_make(role, db_text(row, ORG_ID), user);
    p->must_change_password = db_int(row, MUST_CHANGE) != 0;
    copy(row, USER_NAME, p->user_name, sizeof p->user_name);
    copy(row, USER_EMAIL, p->user_email, sizeof p->user_email);
    copy(row, EXTERNAL, p->external_user, sizeof p->external_user);
}

static void read_organization(const struct db_rows *row, struct principal *p)
{
    p->zone = zone_utc();
    if (p->is_provider)
        return;
    copy(row, ORG_NAME, p->organization_name, sizeof p->organization_name);
    p->is_organization_disabled = !db_is_null(row, ORG_DISABLED);
    p->has_api_access = db_int(row, API_ACCESS) != 0;
    p->deny_data_collection = db_int(row, DENY_DATA) != 0;
    p->zero_data_retention = db_int(row, ZDR) != 0;
    p->allows_extras = db_int(row, EXTRAS) != 0;
    p->markup = (markup){db_int(row, MARKUP)};
    if (zone_find(db_text(row, ZONE), &p->zone) != ST_OK)
        log_warn("time zone is gone from this machine", LF_STR("timezone", db_text(row, ZONE)));
}

static void read_principal(const struct db_rows *row, void *ctx)
{
    struct loaded *l = ctx;
    struct principal *p = l->p;
    copy(row, CREDENTIAL_ID, p->credential_id, sizeof p->credential_id);
    p->last_seen_ms = db_int(row, LAST_SEEN);
    p->expires_ms = INT64_MAX;
    if (p->credential == CREDENTIAL_WEB_SESSION) {
        int64_t idle_end = p->last_seen_ms + SESSION_IDLE_MS;
        p->expires_ms = db_int(row, EXPIRES) < idle_end ? db_int(row, EXPIRES) : idle_end;
    }
    read_person(row, p);
    read_organization(row, p);
    l->is_user_disabled = !db_is_null(row, USER_DISABLED);
    if (db_is_null(row, KEY_SEALED) || p->is_provider || p->is_organization_disabled)
        return;
    copy(row, KEY_HASH, p->key_hash, sizeof p->key_hash);
    copy(row, KEY_URL, p->key_base_url, sizeof p->key_base_url);
    l->key_id = db_text_dup(row, KEY_ID, &l->arena);
    l->sealed = db_text_dup(row, KEY_SEALED, &l->arena);
}

/* A key that cannot be opened is no key: people can still sign in, and the log says why calls fail. */
static void open_key(struct loaded *l, const struct master_key *m)
{
    struct principal *p = l->p;
    if (l->sealed.n == 0)
        return;
    str name = arena_printf(&l->arena, "supplier_key:%.*s", STR_ARG(l->key_id));
    str text;
    status st = secret_open(m, str_c(p->scope.organization_id), name, l->sealed, &l->arena, &text);
    bool is_open = st == ST_OK && str_copy_z(text, p->key_text, sizeof p->key_text);
    if (st == ST_OK)
        secret_wipe((void *)text.p, text.n);
    if (is_open)
        return;
    log_error("supplier key cannot be opened", LF_STR("key", l->key_id),
              LF_Z("organization", p->scope.organization_id), LF_Z("status", status_name(st)));
    p->key_hash[0] = p->key_base_url[0] = p->key_text[0] = '\0';
}

static status unauthenticated(struct err *e)
{
    return err_set(e, ST_UNAUTHENTICATED, "Your session or key is not valid any more; sign in again");
}

static status may_enter(const struct loaded *l, int64_t now_ms, struct err *e)
{
    const struct principal *p = l->p;
    if (p->expires_ms <= now_ms)
        return unauthenticated(e);
    if (l->is_user_disabled)
        return err_set(e, ST_FORBIDDEN, "This account is disabled; ask an administrator");
    if (p->credential == CREDENTIAL_WEB_SESSION)
        return ST_OK;
    if (p->is_organization_disabled)
        return err_set(e, ST_FORBIDDEN, "This organization is disabled; ask your provider");
    if (!p->has_api_access)
        return err_set(e, ST_FORBIDDEN, "API access is not switched on for this organization");
    return ST_OK;
}

static bool credential_of(str token, enum credential *out)
{
    if (token.n >= TOKEN_TEXT_CAP)
        return false;
    *out = str_starts(token, STR(API_KEY_PREFIX)) ? CREDENTIAL_API_KEY : CREDENTIAL_WEB_SESSION;
    return *out == CREDENTIAL_API_KEY || str_starts(token, STR(SESSION_TOKEN_PREFIX));
}

static status load(struct db *db, struct loaded *l, str token)
{
    char hash[TOKEN_HEX_CAP];
    token_hash(token, hash);
    const struct sql *q = l->p->credential == CREDENTIAL_API_KEY ? &SQL_PRINCIPAL_BY_API_KEY
                                                                 : &SQL_PRINCIPAL_BY_SESSION;
    return db_one(db, q, DB_ARGS(DB_Z(hash)), read_principal, l);
}

status principal_load(struct db *db, const struct master_key *m, str token, int64_t now_ms,
                      struct principal **out, struct err *e)
{
    enum credential credential;
    if (!credential_of(token, &credential))
        return unauthenticated(e);
    struct shared *s = NEW(struct shared);
    atomic_init(&s->refs, 1);
    s->principal.credential = credential;
    struct loaded l = {.p = &s->principal};
    arena_init(&l.arena, SCRATCH_MAX_BYTES);
    status st = load(db, &l, token);
    if (st == ST_NOT_FOUND)
        st = unauthenticated(e);
    if (st == ST_OK)
        st = may_enter(&l, now_ms, e);
    if (st == ST_OK) {
        open_key(&l, m);
        *out = &s->principal;
    } else {
        principal_unref(&s->principal);
    }
    arena_free(&l.arena);
    return st;
}

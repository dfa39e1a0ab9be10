/* Organizations: making, reading, ending; changes are in organization_set.c. See organization.h. */
#include "tenancy/organization.h"
#include "base/clock.h"
#include "base/log.h"
#include "tenancy/common.h"
#include "tenancy/organization_row.h"
#include "tenancy/tenancy_sql.h"
#include "tenancy/user_row.h"

static const str SOURCE_WORDS[] = {
    [LIMIT_SOURCE_MAI] = STR_INIT("mai"),
    [LIMIT_SOURCE_OPENROUTER] = STR_INIT("openrouter"),
};

str limit_source_text(enum limit_source s)
{
    CHECK((size_t)s < COUNT_OF(SOURCE_WORDS));
    return SOURCE_WORDS[s];
}

/* ---- rows ---- */

enum { ORG_ID, ORG_NAME, ORG_MARKUP, ORG_LIMIT, ORG_SOURCE, ORG_CHANGED, ORG_RESET, ORG_OPENROUTER_LIMIT,
       ORG_SEEN, ORG_ZONE, ORG_CURRENCY, ORG_API, ORG_EXTRAS, ORG_DENY, ORG_ZDR, ORG_BILLING, ORG_DISABLED,
       ORG_CREATED, ORG_UPDATED, CLIENT_STATE, CLIENT_HASH, CLIENT_LAST4, CLIENT_PEOPLE, CLIENT_SEEN };

static void organization_fill(const struct db_rows *row, struct arena *a, struct organization *o)
{
    *o = (struct organization){
        .id = db_text_dup(row, ORG_ID, a),
        .name = db_text_dup(row, ORG_NAME, a),
        .markup = {db_int(row, ORG_MARKUP)},
        .has_limit = !db_is_null(row, ORG_LIMIT),
        .limit = db_pico(row, ORG_LIMIT),
        .limit_source = str_eq(db_text(row, ORG_SOURCE), SOURCE_WORDS[LIMIT_SOURCE_OPENROUTER])
                            ? LIMIT_SOURCE_OPENROUTER
                            : LIMIT_SOURCE_MAI,
        .limit_changed_ms = db_int(row, ORG_CHANGED),
        .has_openrouter_limit = !db_is_null(row, ORG_OPENROUTER_LIMIT),
        .openrouter_limit = db_pico(row, ORG_OPENROUTER_LIMIT),
        .openrouter_limit_seen_ms = db_int(row, ORG_SEEN),
        .timezone = db_text_dup(row, ORG_ZONE, a),
        .currency = db_text_dup(row, ORG_CURRENCY, a),
        .has_api_access = db_int(row, ORG_API) != 0,
        .allows_extras = db_int(row, ORG_EXTRAS) != 0,
        .deny_data_collection = db_int(row, ORG_DENY) != 0,
        .zero_data_retention = db_int(row, ORG_ZDR) != 0,
        .billing_email = db_text_dup(row, ORG_BILLING, a),
        .is_disabled = !db_is_null(row, ORG_DISABLED),
        .created_ms = db_int(row, ORG_CREATED),
        .updated_ms = db_int(row, ORG_UPDATED),
    };
    if (!limit_reset_parse(db_text(row, ORG_RESET), &o->limit_reset))
        o->limit_reset = RESET_NONE;
}

static void client_fill(const struct db_rows *row, struct arena *a, struct client *c)
{
    organization_fill(row, a, &c->organization);
    if (!key_state_parse(db_text(row, CLIENT_STATE), &c->key_state))
        c->key_state = KEY_NONE;
    c->key_hash = db_text_dup(row, CLIENT_HASH, a);
    c->key_last4 = db_text_dup(row, CLIENT_LAST4, a);
    c->people = db_int(row, CLIENT_PEOPLE);
    c->last_seen_ms = db_int(row, CLIENT_SEEN);
}

struct read_ctx {
    struct arena *arena;
    void *out;
};

static void read_organization(const struct db_rows *row, void *ctx)
{
    struct read_ctx *c = ctx;
    organization_fill(row, c->arena, c->out);
}

static void read_client(const struct db_rows *row, void *ctx)
{
    struct read_ctx *c = ctx;
    client_fill(row, c->arena, c->out);
}

static status absent_in_words(status st, struct err *e)
{
    return st == ST_NOT_FOUND ? refuse_absent(e) : st;
}

status organization_row_read(struct db *db, str id, struct arena *a, struct organization *out, struct err *e)
{
    struct read_ctx ctx = {a, out};
    return absent_in_words(db_one(db, &SQL_ORGANIZATION_BY_ID, DB_ARGS(DB_TEXT(id)), read_organization, &ctx),
                           e);
}

/* ---- making ---- */

static status new_is_clean(const struct organization_new *n, str *name_out, struct err *e)
{
    status st = name_clean(n->name, "The name", name_out, e);
    if (st == ST_OK && n->timezone.n != 0)
        st = timezone_clean(n->timezone, e);
    if (st == ST_OK && n->currency.n != 0)
        st = currency_clean(n->currency, e);
    str email;
    if (st == ST_OK && n->billing_email.n != 0)
        st = email_clean(n->billing_email, &email, e);
    if (st == ST_OK && (n->markup.ppm <= MARKUP_MIN_PPM || n->markup.ppm > MARKUP_MAX_PPM))
        st = err_set(e, ST_UNPROCESSABLE, "The markup must be above 0 and at most 100");
    if (st == ST_OK && n->has_limit && n->limit.v < 0)
        st = err_set(e, ST_UNPROCESSABLE, "The limit must not be negative");
    return st;
}

status organization_insert(struct db *db, const struct organization_new *n, bool is_name_own,
                           char id_out[static ID_CAP], struct err *e)
{
    str name;
    status st = new_is_clean(n, &name, e);
    if (st != ST_OK)
        return st;
    struct arena scratch MAI_AUTO(arena_free);
    arena_init(&scratch, SCRATCH_MAX_BYTES);
    char id[ID_CAP];
    id_new(id);
    int64_t now = clock_now_ms();
    st = db_exec(db, &SQL_ORGANIZATION_INSERT,
                 DB_ARGS(DB_Z(id), DB_TEXT(name), DB_TEXT(text_fold(name, &scratch)), DB_BOOL(is_name_own),
                         DB_INT(n->markup.ppm), DB_INT_IF(n->has_limit, n->limit.v),
                         DB_INT(n->has_limit ? now : 0), DB_TEXT(limit_reset_text(n->limit_reset)),
                         DB_TEXT(n->timezone.n != 0 ? n->timezone : STR("UTC")),
                         DB_TEXT(n->currency.n != 0 ? n->currency : STR("USD")),
                         n->billing_email.n != 0 ? DB_TEXT(str_trim(n->billing_email)) : DB_NULL, DB_INT(now)));
    if (st == ST_OK)
        memcpy(id_out, id, sizeof id);
    return st;
}

status organization_create(struct db *db, struct provider_scope by, const struct organization_new *n,
                           char id_out[static ID_CAP], struct err *e)
{
    status st = organization_insert(db, n, true, id_out, e);
    if (st != ST_OK)
        return st;
    char rate[PICO_TEXT_CAP], limit[PICO_TEXT_CAP];
    log_info("organization created", LF_Z("organization", id_out), LF_STR("by", actor_text(by.user_id)),
             LF_STR("markup", markup_text(n->markup, rate)),
             LF_STR("limit", n->has_limit ? pico_text(n->limit, limit) : STR("none")));
    return ST_OK;
}

/* ---- reading ---- */

status organization_own_read(struct db *db, struct scope by, struct arena *a, struct organization *out,
                             struct err *e)
{
    int64_t members = 0;
    status st = db_number(db, &SQL_ORGANIZATION_HAS_MEMBER,
                          DB_ARGS(DB_Z(by.organization_id), DB_Z(by.user_id)), &members);
    if (st != ST_OK)
        return st;
    if (members == 0)
        return refuse_absent(e);
    return organization_row_read(db, str_c(by.organization_id), a, out, e);
}

status client_read(struct db *db, struct provider_scope by, str id, struct arena *a, struct client *out,
                   struct err *e)
{
    struct read_ctx ctx = {a, out};
    return absent_in_words(db_one(db, &SQL_CLIENT_BY_ID, DB_ARGS(DB_TEXT(id)), read_client, &ctx), e);
}

static bool read_id(const struct db_rows *row, void *ctx)
{
    struct list *l = ctx;
    str *id = list_add(l);
    if (id != NULL)
        *id = db_text_dup(row, 0, l->arena);
    return id != NULL;
}

static status several(const struct list *ids, struct err *e)
{
    char text[256] = "";
    size_t at = 0;
    const str *id = ids->rows;
    for (size_t i = 0; i < ids->count && at + id[i].n + 3 < sizeof text; i++) {
        memcpy(text + at, ", ", 2);
        memcpy(text + at + 2, id[i].p, id[i].n);
        at += id[i].n + 2;
    }
    return err_set(e, ST_CONFLICT, "Several clients have this name, give an id: %s", text + (at != 0 ? 2 : 0));
}

status client_find(struct db *db, struct provider_scope by, str name_or_id, struct arena *a,
                   struct client *out, struct err *e)
{
    str wanted = str_trim(name_or_id);
    if (id_is_valid(wanted)) {
        status st = client_read(db, by, wanted, a, out, e);
        if (st != ST_NOT_FOUND)
            return st;
    }
    struct list ids = list_make(a, sizeof(str));
    status st = db_each(db, &SQL_CLIENT_IDS_BY_NAME, DB_ARGS(DB_TEXT(text_fold(wanted, a))), read_id, &ids);
    if (st != ST_OK)
        return st;
    if (ids.count == 0)
        return err_set(e, ST_NOT_FOUND, "There is no client with this name or id");
    if (ids.count > 1)
        return several(&ids, e);
    return client_read(db, by, *(str *)ids.rows, a, out, e);
}

static bool read_client_row(const struct db_rows *row, void *ctx)
{
    struct list *l = ctx;
    struct client *c = list_add(l);
    if (c != NULL)
        client_fill(row, l->arena, c);
    return c != NULL && !l->arena->is_full;
}

status client_list(struct db *db, struct provider_scope by, const struct client_query *q, struct arena *a,
                   struct client_page *out)
{
    str pattern = like_pattern(text_fold(q->text, a), a);
    struct page_span span = page_span(q->page, q->per_page, LIST_PAGE_MAX);
    struct list l = list_make(a, sizeof(struct client));
    int64_t total = 0;
    status st = db_number(db, &SQL_CLIENT_COUNT, DB_ARGS(DB_TEXT(pattern)), &total);
    if (st == ST_OK)
        st = db_each(db, &SQL_CLIENT_LIST, DB_ARGS(DB_TEXT(pattern), DB_INT(span.limit), DB_INT(span.offset)),
                     read_client_row, &l);
    if (st == ST_OK)
        *out = (struct client_page){l.rows, l.count, total};
    return st;
}

status organization_count(struct db *db, struct system_scope why, int64_t *out)
{
    return db_number(db, &SQL_ORGANIZATION_COUNT, DB_NO_ARGS, out);
}

/* ---- ending ---- */

static status bury_people(struct db *db, str id, int64_t now_ms)
{
    struct arena scratch MAI_AUTO(arena_free);
    arena_init(&scratch, SCRATCH_MAX_BYTES);
    struct list people = list_make(&scratch, sizeof(str));
    status st = db_each(db, &SQL_ORGANIZATION_PEOPLE, DB_ARGS(DB_TEXT(id)), read_id, &people);
    for (size_t i = 0; st == ST_OK && i < people.count; i++)
        st = user_bury(db, ((str *)people.rows)[i], id, now_ms);
    return st;
}

status organization_bury(struct db *db, str id, int64_t now_ms, struct err *e)
{
    status st = db_change(db, &SQL_ORGANIZATION_BURY, DB_ARGS(DB_TEXT(id), DB_INT(now_ms)), e);
    if (st == ST_OK)
        st = bury_people(db, id, now_ms);
    if (st == ST_OK)
        st = db_exec(db, &SQL_ORGANIZATION_INVITATIONS_DELETE, DB_ARGS(DB_TEXT(id)));
    if (st == ST_OK)
        st = db_exec(db, &SQL_ORGANIZATION_CANDIDATES_DELETE, DB_ARGS(DB_TEXT(id)));
    if (st == ST_OK)
        st = db_exec(db, &SQL_ORGANIZATION_KEYS_RETIRE, DB_ARGS(DB_TEXT(id), DB_INT(now_ms)));
    return st;
}

status organization_delete(struct db *db, struct provider_scope by, str id, struct err *e)
{
    status st = organization_bury(db, id, clock_now_ms(), e);
    if (st == ST_OK)
        log_info("organization deleted", LF_STR("organization", id), LF_STR("by", actor_text(by.user_id)));
    return st;
}

status organization_set_disabled(struct db *db, struct provider_scope by, str id, bool is_disabled,
                                 struct err *e)
{
    const struct sql *q = is_disabled ? &SQL_ORGANIZATION_DISABLE : &SQL_ORGANIZATION_ENABLE;
    status st = db_change(db, q, DB_ARGS(DB_TEXT(id), DB_INT(clock_now_ms())), e);
    if (st == ST_OK)
        LOG_AT(LOG_INFO, is_disabled ? "organization disabled" : "organization enabled",
               LF_STR("organization", id), LF_STR("by", actor_text(by.user_id)));
    return st;
}

/* Web sessions; see session.h. */
#include "tenancy/session.h"
#include "base/clock.h"
#include "base/log.h"
#include "tenancy/common.h"
#include "tenancy/tenancy_sql.h"
#include "tenancy/user_row.h"

enum { SESSIONS_PER_PERSON = 100, SHOWN_TEXT_MAX_BYTES = 300 };

struct identity identity_of_own(struct own_scope by)
{
    struct identity i = {};
    memcpy(i.user_id, by.user_id, ID_CAP);
    return i;
}

/* Whatever the browser said, as bounded text. */
static str shown_text(str s)
{
    str cut = str_sub(s, 0, SHOWN_TEXT_MAX_BYTES);
    while (cut.n != 0 && !str_is_utf8(cut) && s.n > cut.n && ((unsigned char)s.p[cut.n] & 0xc0) == 0x80)
        cut.n--;
    return str_is_text(cut, false) && cut.p != NULL ? cut : STR("");
}

static status identity_holds(struct db *db, const struct identity *who, struct err *e)
{
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, SCRATCH_MAX_BYTES);
    struct person p;
    status st = person_own(db, own_scope_make(str_c(who->user_id)), &a, &p, NULL);
    bool is_stale = who->verified_hash[0] != '\0' && st == ST_OK &&
                    !str_eq(p.password_hash, str_c(who->verified_hash));
    if (st == ST_NOT_FOUND || is_stale)
        return err_set(e, ST_UNAUTHENTICATED, "The account was changed meanwhile; sign in again");
    if (st == ST_OK && p.user.is_disabled)
        return err_set(e, ST_FORBIDDEN, "This account is disabled");
    return st;
}

static status clear_ended(struct db *db, const char *user_id, int64_t now)
{
    return db_exec(db, &SQL_SESSION_CLEAR,
                   DB_ARGS(DB_Z(user_id), DB_INT(now), DB_INT(now - SESSION_IDLE_MS),
                           DB_INT(SESSIONS_PER_PERSON - 1)));
}

status session_create(struct db *db, const struct identity *who, str user_agent, str address,
                      struct session_made *out, struct err *e)
{
    int64_t now = clock_now_ms();
    status st = identity_holds(db, who, e);
    if (st == ST_OK)
        st = clear_ended(db, who->user_id, now);
    if (st == ST_OK && who->rehash[0] != '\0')
        st = db_exec(db, &SQL_USER_REHASH,
                     DB_ARGS(DB_Z(who->user_id), DB_Z(who->verified_hash), DB_Z(who->rehash)));
    if (st != ST_OK)
        return st;
    struct session_made made = {.expires_ms = now + SESSION_LIFE_MS};
    char hash[TOKEN_HEX_CAP];
    id_new(made.id);
    token_new(STR(SESSION_TOKEN_PREFIX), made.token);
    token_hash(str_c(made.token), hash);
    st = db_exec(db, &SQL_SESSION_INSERT,
                 DB_ARGS(DB_Z(made.id), DB_Z(hash), DB_Z(who->user_id), DB_INT(now), DB_INT(made.expires_ms),
                         DB_TEXT(shown_text(user_agent)), DB_TEXT(shown_text(address))));
    if (st == ST_OK)
        st = db_exec(db, &SQL_USER_SEEN, DB_ARGS(DB_Z(who->user_id), DB_INT(now)));
    if (st != ST_OK)
        return st;
    *out = made;
    log_info("session started", LF_Z("session", made.id), LF_Z("user", who->user_id));
    return ST_OK;
}

status session_touch(struct db *db, struct own_scope by, str session_id, int64_t now_ms)
{
    status st = db_exec(db, &SQL_SESSION_TOUCH,
                        DB_ARGS(DB_TEXT(session_id), DB_Z(by.user_id), DB_INT(now_ms),
                                DB_INT(now_ms - SESSION_TOUCH_MS)));
    if (st != ST_OK || db_changes(db) == 0)
        return st;
    return db_exec(db, &SQL_USER_SEEN, DB_ARGS(DB_Z(by.user_id), DB_INT(now_ms)));
}

static bool read_session(const struct db_rows *row, void *ctx)
{
    struct list *l = ctx;
    struct session *s = list_add(l);
    if (s == NULL)
        return false;
    *s = (struct session){.id = db_text_dup(row, 0, l->arena),
                          .user_agent = db_text_dup(row, 1, l->arena),
                          .address = db_text_dup(row, 2, l->arena),
                          .created_ms = db_int(row, 3),
                          .last_seen_ms = db_int(row, 4),
                          .expires_ms = db_int(row, 5)};
    return !l->arena->is_full;
}

status session_list(struct db *db, struct own_scope by, struct arena *a, struct session **out,
                    size_t *count_out)
{
    int64_t now = clock_now_ms();
    struct list l = list_make(a, sizeof(struct session));
    status st = db_each(db, &SQL_SESSION_LIST,
                        DB_ARGS(DB_Z(by.user_id), DB_INT(now), DB_INT(now - SESSION_IDLE_MS)), read_session, &l);
    if (st != ST_OK)
        return st;
    *out = l.rows;
    *count_out = l.count;
    return ST_OK;
}

status session_end(struct db *db, struct own_scope by, str session_id, struct err *e)
{
    return db_change(db, &SQL_SESSION_END, DB_ARGS(DB_TEXT(session_id), DB_Z(by.user_id)), e);
}

status session_end_others(struct db *db, struct own_scope by, str keep_session_id)
{
    str keep = keep_session_id.n != 0 ? keep_session_id : STR("");
    return db_exec(db, &SQL_SESSION_END_OTHERS, DB_ARGS(DB_Z(by.user_id), DB_TEXT(keep)));
}

status session_sweep(struct db *db, struct system_scope why, int64_t now_ms)
{
    return db_exec(db, &SQL_SESSION_SWEEP, DB_ARGS(DB_INT(now_ms), DB_INT(now_ms - SESSION_IDLE_MS)));
}

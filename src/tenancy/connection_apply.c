/* What follows from a check: gathers the facts, decides (connection_decide), carries it out in the same
 * write job. See connection.h, K1..K4. Writer thread. */
#include "base/clock.h"
#include "base/log.h"
#include "tenancy/common.h"
#include "tenancy/connection_approve.h"
#include "tenancy/key_row.h"
#include "tenancy/limits.h"
#include "tenancy/organization_row.h"
#include "tenancy/tenancy_sql.h"
#include "tenancy/user_row.h"

static const struct system_scope SYNC = {"key sync"};

struct apply {
    struct db *db;
    const struct master_key *master;
    const struct connection_finding *finding;
    struct arena *arena;
    struct err *e;
    int64_t now;
    struct key_row row;      /* the candidate */
    struct connection_facts facts;
    char owner_id[ID_CAP];   /* organization the key is known in; empty: none */
    struct connection_applied done;
};

/* ---- facts ---- */

static void read_owner(const struct db_rows *row, void *ctx)
{
    struct apply *a = ctx;
    CHECK(str_copy_z(db_text(row, 0), a->owner_id, ID_CAP));
    a->facts.owner_is_disabled = !db_is_null(row, 1);
    a->facts.owner_has_admin = db_int(row, 2) != 0;
}

static status find_owner(struct apply *a)
{
    status st = db_one(a->db, &SQL_KEY_OWNER, DB_ARGS(DB_TEXT(a->row.key.hash), DB_TEXT(a->row.organization_id)),
                       read_owner, a);
    if (st == ST_NOT_FOUND)
        return ST_OK;
    bool is_own = str_eq(str_c(a->owner_id), a->row.organization_id);
    a->facts.owner = is_own ? OWNER_SAVER : OWNER_OTHER;
    return st;
}

/* Still admin of an organization that nothing and nobody else is tied to? */
static status find_saver(struct apply *a)
{
    if (a->row.entered_by.n == 0)
        return ST_OK;
    struct person p;
    status st = person_in(a->db, a->row.organization_id, a->row.entered_by, a->arena, &p, NULL);
    if (st == ST_NOT_FOUND)
        return ST_OK;
    int64_t ties = 0, others = 0;
    if (st == ST_OK)
        st = db_number(a->db, &SQL_KEY_HOLDERS, DB_ARGS(DB_TEXT(a->row.organization_id)), &ties);
    if (st == ST_OK)
        st = db_number(a->db, &SQL_USER_OTHERS, DB_ARGS(DB_TEXT(a->row.organization_id), DB_TEXT(p.user.id)),
                       &others);
    a->facts.saver_can_move = p.user.role == ROLE_ADMIN && !p.user.is_disabled && ties == 0 && others == 0;
    return st;
}

static status gather(struct apply *a)
{
    a->facts.verdict = a->finding->verdict;
    status st = a->facts.verdict == VERDICT_VALID ? find_owner(a) : ST_OK;
    if (st == ST_OK && a->facts.owner == OWNER_OTHER)
        st = find_saver(a);
    return st;
}

/* ---- what was found goes on the candidate's row ---- */

static const char *reason_of(const struct apply *a)
{
    switch (a->done.action) {
    case ACTION_FOREIGN:
        return "This key belongs to another organization. Ask its administrator or your provider for an invitation";
    case ACTION_AWAIT_APPROVAL:
        return "This key belongs to another organization. Its administrator or your provider must let you in";
    default:
        return a->finding->reason;
    }
}

/* The name OpenRouter has for a key is its owner's: entering somebody else's key does not tell whose it is. */
static str name_told(const struct apply *a)
{
    bool is_others = a->done.action == ACTION_FOREIGN || a->done.action == ACTION_AWAIT_APPROVAL;
    return a->finding->has_name && !is_others ? str_c(a->finding->name) : STR_NONE;
}

static status judge(struct apply *a)
{
    const struct connection_finding *f = a->finding;
    bool is_retry = a->done.action == ACTION_RETRY;
    enum key_state state = a->done.state == KEY_VERIFIED ? KEY_CHECKING : a->done.state; /* until it is in use */
    const char *reason = reason_of(a);
    if (is_retry)
        a->done.next_check_ms = a->now + connection_retry_ms(a->row.checks);
    return db_change(a->db, &SQL_KEY_JUDGE,
                     DB_ARGS(DB_TEXT(a->row.key.id), DB_TEXT(a->row.organization_id),
                             DB_TEXT(key_state_text(state)), DB_TEXT(reason[0] != '\0' ? str_c(reason) : STR_NONE),
                             DB_INT(f->found_ms),
                             DB_INT_IF(is_retry, a->done.next_check_ms), DB_INT(is_retry ? a->row.checks + 1 : 0),
                             DB_TEXT(f->label[0] != '\0' ? str_c(f->label) : STR_NONE),
                             DB_TEXT(name_told(a)),
                             DB_INT_IF(f->has_limit, f->limit.v), DB_INT_IF(f->has_limit, f->limit_remaining.v),
                             DB_TEXT(limit_reset_text(f->limit_reset))),
                     NULL);
}

/* ---- the candidate becomes the key in use ---- */

static status note_replaced(struct apply *a, str organization_id)
{
    struct key_row current;
    status st = key_current(a->db, organization_id, a->arena, &current);
    if (st == ST_NOT_FOUND)
        return ST_OK;
    if (st != ST_OK || str_eq(current.key.hash, a->row.key.hash))
        return st;
    CHECK(str_copy_z(current.key.hash, a->done.replaced_hash, sizeof a->done.replaced_hash));
    a->done.is_replaced_by_rotation = a->row.is_rotation;
    return ST_OK;
}

/* K1: from here on the new key; the old one is retired in the same transaction. */
static status use_key(struct apply *a, str organization_id)
{
    struct db_value organization = DB_TEXT(organization_id), hash = DB_TEXT(a->row.key.hash);
    status st = note_replaced(a, organization_id);
    if (st == ST_OK)
        st = db_exec(a->db, &SQL_KEY_EXPECTED_FORGET, DB_ARGS(hash, organization));
    if (st == ST_OK)
        st = db_exec(a->db, &SQL_KEY_SAME_FORGET, DB_ARGS(hash, organization, DB_TEXT(a->row.key.id)));
    if (st == ST_OK)
        st = db_exec(a->db, &SQL_KEY_RETIRE_CURRENT, DB_ARGS(organization, DB_INT(a->now)));
    if (st == ST_OK)
        st = db_change(a->db, &SQL_KEY_USE, DB_ARGS(DB_TEXT(a->row.key.id), organization), NULL);
    if (st == ST_OK)
        log_info("supplier key in use", LF_STR("organization", organization_id),
                 LF_STR("key_id", a->row.key.hash), LF_Z("replaced", a->done.replaced_hash));
    return st;
}

/* The limit at OpenRouter came with the check. */
static status note_limit(struct apply *a, str organization_id)
{
    const struct connection_finding *f = a->finding;
    if (!f->has_details)
        return ST_OK;
    struct limits_reading r = {.limit = {f->has_limit, f->limit},
                               .limit_remaining = f->limit_remaining,
                               .reset = f->limit_reset,
                               .read_ms = f->found_ms};
    CHECK(str_copy_z(organization_id, r.organization_id, ID_CAP));
    CHECK(str_copy_z(a->row.key.hash, r.key_hash, sizeof r.key_hash));
    struct limits_applied applied;
    return limits_apply(a->db, SYNC, &r, &applied, a->e);
}

/* A name made up from a person's gives way to the key's. */
static status name_after_key(struct apply *a)
{
    str name;
    if (!a->finding->has_name ||
        name_clean(name_without_key_suffix(str_c(a->finding->name)), "The name", &name, NULL) != ST_OK)
        return ST_OK;
    return db_exec(a->db, &SQL_ORGANIZATION_NAME_AFTER_KEY,
                   DB_ARGS(DB_TEXT(a->row.organization_id), DB_TEXT(name), DB_TEXT(text_fold(name, a->arena)),
                           DB_INT(a->now)));
}

static status adopt(struct apply *a)
{
    status st = judge(a);
    if (st == ST_OK && a->done.action == ACTION_ADOPT)
        st = name_after_key(a);
    if (st == ST_OK)
        st = use_key(a, a->row.organization_id);
    return st == ST_OK ? note_limit(a, a->row.organization_id) : st;
}

/* ---- the saver moves into the key's organization ---- */

static status move_person(struct apply *a, enum role role)
{
    struct db_value user = DB_TEXT(a->row.entered_by), from = DB_TEXT(a->row.organization_id),
                    to = DB_Z(a->owner_id);
    status st = db_change(a->db, &SQL_USER_MOVE,
                          DB_ARGS(user, from, to, DB_TEXT(role_text(role)), DB_INT(a->now)), NULL);
    if (st == ST_OK)
        st = db_exec(a->db, &SQL_USER_MOVE_API_KEYS, DB_ARGS(user, from, to));
    if (st == ST_OK && role != ROLE_ADMIN) /* all web sessions end on a change of role */
        st = db_exec(a->db, &SQL_SESSION_END_OTHERS, DB_ARGS(user, DB_TEXT(STR(""))));
    if (st == ST_OK)
        log_info("user moved into the key's organization", LF_STR("user", a->row.entered_by),
                 LF_STR("from", a->row.organization_id), LF_Z("to", a->owner_id), LF_STR("role", role_text(role)));
    return st;
}

/* The text is sealed for one organization: sealed anew for the other. */
static status reassign_key(struct apply *a)
{
    struct buf sealed MAI_AUTO(buf_free);
    buf_init(&sealed, 4096);
    str text;
    status st = key_open(a->master, a->row.organization_id, a->row.key.id, a->row.sealed, a->arena, &text);
    if (st != ST_OK)
        return st;
    st = key_seal(a->master, str_c(a->owner_id), a->row.key.id, text, &sealed);
    secret_wipe((void *)text.p, text.n);
    if (st != ST_OK)
        return st;
    return db_change(a->db, &SQL_KEY_REASSIGN,
                     DB_ARGS(DB_TEXT(a->row.key.id), DB_TEXT(a->row.organization_id), DB_Z(a->owner_id),
                             DB_TEXT(buf_view(&sealed))),
                     NULL);
}

/* What works in the organization stays: a newcomer's key is taken only where none is in use. */
static status bring_key(struct apply *a)
{
    struct key_row current;
    status st = key_current(a->db, str_c(a->owner_id), a->arena, &current);
    if (st == ST_OK)
        return db_change(a->db, &SQL_KEY_DELETE,
                         DB_ARGS(DB_TEXT(a->row.key.id), DB_TEXT(a->row.organization_id)), NULL);
    if (st != ST_NOT_FOUND)
        return st;
    st = judge(a);
    if (st == ST_OK)
        st = reassign_key(a);
    if (st == ST_OK)
        st = use_key(a, str_c(a->owner_id));
    return st == ST_OK ? note_limit(a, str_c(a->owner_id)) : st;
}

static status move(struct apply *a)
{
    status st = bring_key(a);
    if (st == ST_OK)
        st = move_person(a, a->done.action == ACTION_MOVE ? ROLE_ADMIN : ROLE_USER);
    if (st == ST_OK)
        st = organization_bury(a->db, a->row.organization_id, a->now, a->e);
    if (st != ST_OK)
        return st;
    CHECK(str_copy_z(a->row.organization_id, a->done.old_organization_id, ID_CAP));
    memcpy(a->done.organization_id, a->owner_id, ID_CAP);
    return ST_OK;
}

/* ---- the whole ---- */

static status carry_out(struct apply *a)
{
    static status (*const steps[])(struct apply *) = {
        [ACTION_REFUSE] = judge,
        [ACTION_RETRY] = judge,
        [ACTION_ADOPT] = adopt,
        [ACTION_USE] = adopt,
        [ACTION_MOVE] = move,
        [ACTION_MOVE_APPROVED] = move,
        [ACTION_AWAIT_APPROVAL] = judge,
        [ACTION_FOREIGN] = judge,
    };
    a->done.action = connection_decide(&a->facts);
    a->done.state = connection_action_state(a->done.action);
    CHECK(str_copy_z(a->row.organization_id, a->done.organization_id, ID_CAP));
    CHECK(str_copy_z(a->row.entered_by, a->done.saver_id, ID_CAP));
    log_info("supplier key checked", LF_Z("organization", a->done.organization_id),
             LF_STR("key_id", a->row.key.hash), LF_STR("state", key_state_text(a->done.state)),
             LF_Z("reason", a->finding->reason));
    return steps[a->done.action](a);
}

/* Who lets in must own what is entered, now. */
static status approval_holds(struct apply *a, str approver_id)
{
    if (approver_id.n != 0 && !str_eq(approver_id, str_c(a->owner_id)))
        return refuse_absent(a->e);
    if (connection_decide(&a->facts) != ACTION_MOVE_APPROVED)
        return err_set(a->e, ST_CONFLICT, "The person who entered this key cannot join any more");
    return ST_OK;
}

static status apply_finding(struct apply *a, bool is_approved, str approver_id, struct connection_applied *out)
{
    status st = key_candidate(a->db, str_c(a->finding->key_id), a->arena, &a->row);
    if (st == ST_NOT_FOUND)
        return refuse_absent(a->e);
    if (st == ST_OK)
        st = gather(a);
    a->facts.is_approved = is_approved;
    if (st == ST_OK && is_approved)
        st = approval_holds(a, approver_id);
    if (st == ST_OK)
        st = carry_out(a);
    if (st == ST_OK)
        *out = a->done;
    return st;
}

status connection_apply(struct db *db, struct system_scope why, const struct master_key *m,
                        const struct connection_finding *f, struct connection_applied *out, struct err *e)
{
    struct arena scratch MAI_AUTO(arena_free);
    arena_init(&scratch, SCRATCH_MAX_BYTES);
    struct apply a = {.db = db, .master = m, .finding = f, .arena = &scratch, .e = e, .now = clock_now_ms()};
    return apply_finding(&a, false, STR_NONE, out);
}

/* OpenRouter took the key when it began to wait; what was found then is on the row. */
status connection_apply_approved(struct db *db, const struct master_key *m, str key_id, str approver_id,
                                 struct connection_applied *out, struct err *e)
{
    struct arena scratch MAI_AUTO(arena_free);
    arena_init(&scratch, SCRATCH_MAX_BYTES);
    struct key_row row;
    status st = key_candidate(db, key_id, &scratch, &row);
    if (st == ST_NOT_FOUND)
        return refuse_absent(e);
    if (st != ST_OK)
        return st;
    struct connection_finding f = {.verdict = VERDICT_VALID,
                                   .has_details = true,
                                   .has_limit = row.key.has_limit,
                                   .limit = row.key.limit,
                                   .limit_remaining = row.key.limit_remaining,
                                   .limit_reset = row.key.limit_reset,
                                   .found_ms = row.key.checked_ms};
    CHECK(str_copy_z(row.key.id, f.key_id, ID_CAP));
    struct apply a = {.db = db, .master = m, .finding = &f, .arena = &scratch, .e = e, .now = clock_now_ms()};
    return apply_finding(&a, true, approver_id, out);
}

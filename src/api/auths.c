/* Sign-in, sign-up, the own session, profile and password. */
#include "api/people.h"
#include "tenancy/settings.h"

static const struct system_scope why = {"sign-in"};

/* ---- a new web session ---- */

struct open_session {
    const struct api_call *c;
    struct identity identity;
    struct session_made made;
    struct err *e;
};

static status open_session_run(struct db *db, void *ctx)
{
    struct open_session *o = ctx;
    return session_create(db, &o->identity, o->c->user_agent, o->c->address, &o->made, o->e);
}

/* Answers with the session and sets its cookie. */
static status answer_session(struct api_call *c, str user_id, const struct session_made *made)
{
    struct user u;
    status st = user_own_read(c->db, own_scope_make(user_id), &c->arena, &u, &c->err);
    if (st != ST_OK)
        return st;
    str token = arena_dup(&c->arena, str_c(made->token));
    api_set_session_cookie(c, token, made->expires_ms);
    return people_write_session(c, &u, token, made->expires_ms);
}

static status open_and_answer(struct api_call *c, const struct identity *who)
{
    struct open_session o = {.c = c, .identity = *who, .e = &c->err};
    status st = api_write(c, open_session_run, &o);
    return st == ST_OK ? answer_session(c, str_c(o.identity.user_id), &o.made) : st;
}

status auth_signin(struct api_call *c)
{
    struct login in = {.address = c->address};
    struct identity who;
    int64_t retry_s = -1;
    status st = api_body_str(c, "email", true, &in.email);
    if (st == ST_OK)
        st = api_body_str(c, "password", true, &in.password);
    if (st != ST_OK)
        return st;
    st = login_password(c->db, c->s->logins, &in, &who, &retry_s, &c->err);
    if (st == ST_RATE_LIMITED)
        c->retry_after_s = retry_s;
    return st == ST_OK ? open_and_answer(c, &who) : st;
}

/* ---- sign-up ---- */

struct sign_up_write {
    const struct api_call *c;
    struct sign_up in;
    struct signed_up out;
    struct session_made made;
    struct err *e;
};

static status sign_up_run(struct db *db, void *ctx)
{
    struct sign_up_write *s = ctx;
    status st = user_sign_up(db, &s->in, &s->out, s->e);
    if (st != ST_OK)
        return st;
    return session_create(db, &s->out.identity, s->c->user_agent, s->c->address, &s->made, s->e);
}

static status read_sign_up(struct api_call *c, struct sign_up *in, char hash[static PASSWORD_HASH_CAP])
{
    str password;
    enum role role;
    status st = api_body_str(c, "name", true, &in->name);
    if (st == ST_OK)
        st = api_body_str(c, "email", true, &in->email);
    if (st == ST_OK)
        st = api_body_str(c, "password", true, &password);
    if (st == ST_OK)
        st = api_body_str(c, "invitation", false, &in->invitation);
    if (st == ST_OK)
        st = people_hash(c, password, "password", hash);
    if (st == ST_OK)
        st = default_markup_read(c->db, why, c->g->conf->default_markup, &in->default_markup);
    in->password_hash = str_c(hash);
    in->is_signup_enabled = c->g->conf->enable_signup;
    in->default_role = role_parse(c->g->conf->default_user_role, &role) ? role : ROLE_PENDING;
    return st;
}

status auth_signup(struct api_call *c)
{
    char hash[PASSWORD_HASH_CAP];
    struct sign_up_write s = {.c = c, .e = &c->err};
    int64_t retry_s = -1;
    /* hashing costs: the guesser's limit guards it as well */
    str who = arena_printf(&c->arena, "sign-up from %.*s", STR_ARG(c->address));
    status st = login_limiter_begin(c->s->logins, who, c->address, c->now_ms, &retry_s, &c->err);
    if (st == ST_RATE_LIMITED)
        c->retry_after_s = retry_s;
    if (st == ST_OK)
        st = read_sign_up(c, &s.in, hash);
    if (st == ST_OK)
        st = api_write(c, sign_up_run, &s);
    if (st != ST_OK)
        return st;
    login_limiter_ok(c->s->logins, who, c->address);
    return answer_session(c, str_c(s.out.identity.user_id), &s.made);
}

/* ---- the session ---- */

status auth_session(struct api_call *c)
{
    struct user u;
    status st = user_own_read(c->db, c->own, &c->arena, &u, &c->err);
    /* the token stays with whoever has it: it is stored hashed and cannot be shown again */
    return st == ST_OK ? people_write_session(c, &u, STR(""), c->who->expires_ms) : st;
}

struct end_session {
    struct own_scope by;
    str id;
    struct err *e;
};

static status end_run(struct db *db, void *ctx)
{
    const struct end_session *s = ctx;
    return session_end(db, s->by, s->id, s->e);
}

static status end_others_run(struct db *db, void *ctx)
{
    const struct end_session *s = ctx;
    return session_end_others(db, s->by, s->id);
}

static status answer_true(struct api_call *c)
{
    buf_add(&c->out, STR("true"));
    return ST_OK;
}

status auth_signout(struct api_call *c)
{
    struct end_session s = {c->own, str_c(c->who->credential_id), &c->err};
    status st = api_write(c, end_run, &s);
    if (st != ST_OK && st != ST_NOT_FOUND)
        return st;
    gateway_forget(c->g, s.id);
    api_set_session_cookie(c, STR_NONE, 0);
    jw_object(&c->w);
    jw_kbool(&c->w, STR("status"), true);
    jw_end(&c->w);
    return ST_OK;
}

status auth_sessions(struct api_call *c)
{
    struct session *rows;
    size_t count;
    status st = session_list(c->db, c->own, &c->arena, &rows, &count);
    if (st != ST_OK)
        return st;
    jw_array(&c->w);
    for (size_t i = 0; i < count; i++) {
        jw_object(&c->w);
        jw_kstr(&c->w, STR("id"), rows[i].id);
        api_kseconds(c, "created_at", rows[i].created_ms);
        api_kseconds(c, "last_seen_at", rows[i].last_seen_ms);
        api_kseconds(c, "expires_at", rows[i].expires_ms);
        jw_kstr(&c->w, STR("user_agent"), rows[i].user_agent);
        jw_kstr(&c->w, STR("address"), rows[i].address);
        jw_kbool(&c->w, STR("is_current"), str_eq(rows[i].id, str_c(c->who->credential_id)));
        jw_end(&c->w);
    }
    jw_end(&c->w);
    return ST_OK;
}

status auth_session_end(struct api_call *c)
{
    struct end_session s = {c->own, c->params[0], &c->err};
    status st = api_write(c, end_run, &s);
    if (st != ST_OK)
        return st;
    gateway_forget(c->g, c->params[0]);
    return answer_true(c);
}

status auth_sessions_end_others(struct api_call *c)
{
    struct end_session s = {c->own, str_c(c->who->credential_id), &c->err};
    status st = api_write(c, end_others_run, &s);
    if (st != ST_OK)
        return st;
    gateway_forget(c->g, str_c(c->own.user_id));
    return answer_true(c);
}

/* ---- profile and password ---- */

struct own_change {
    struct own_scope by;
    struct user_change change;
    struct err *e;
};

static status own_change_run(struct db *db, void *ctx)
{
    const struct own_change *o = ctx;
    return user_own_update(db, o->by, &o->change, o->e);
}

status auth_update_profile(struct api_call *c)
{
    struct own_change o = {.by = c->own, .e = &c->err};
    struct user u;
    o.change.set_name = api_body_has(c, "name");
    o.change.set_profile_image_url = api_body_has(c, "profile_image_url");
    o.change.set_locale = api_body_has(c, "locale");
    status st = api_body_str(c, "name", false, &o.change.name);
    if (st == ST_OK)
        st = api_body_str(c, "profile_image_url", false, &o.change.profile_image_url);
    if (st == ST_OK)
        st = api_body_str(c, "locale", false, &o.change.locale);
    if (st == ST_OK)
        st = api_write(c, own_change_run, &o);
    if (st != ST_OK)
        return st;
    gateway_forget(c->g, str_c(c->own.user_id));
    st = user_own_read(c->db, c->own, &c->arena, &u, &c->err);
    if (st == ST_OK)
        people_write_user(c, &u);
    return st;
}

struct new_password {
    const struct api_call *c;
    char old_hash[PASSWORD_HASH_CAP];
    char new_hash[PASSWORD_HASH_CAP];
    struct session_made made;
    struct err *e;
};

static status new_password_run(struct db *db, void *ctx)
{
    struct new_password *n = ctx;
    struct identity who = identity_of_own(n->c->own);
    status st = user_own_set_password(db, n->c->own, str_c(n->old_hash), str_c(n->new_hash), n->e);
    if (st != ST_OK)
        return st;
    return session_create(db, &who, n->c->user_agent, n->c->address, &n->made, n->e);
}

status auth_update_password(struct api_call *c)
{
    struct new_password n = {.c = c, .e = &c->err};
    str old, new;
    int64_t retry_s = -1;
    status st = api_body_str(c, "password", true, &old);
    if (st == ST_OK)
        st = api_body_str(c, "new_password", true, &new);
    if (st != ST_OK)
        return st;
    st = login_check_own(c->db, c->s->logins, c->own, old, c->address, n.old_hash, &retry_s, &c->err);
    if (st == ST_RATE_LIMITED)
        c->retry_after_s = retry_s;
    if (st != ST_OK) {
        c->err_field = "password";
        return st;
    }
    if (str_eq(old, new))
        return api_fail(c, ST_UNPROCESSABLE, "new_password", "The new password must differ from the old one");
    st = people_hash(c, new, "new_password", n.new_hash);
    if (st == ST_OK)
        st = api_write(c, new_password_run, &n);
    if (st != ST_OK)
        return st;
    gateway_forget(c->g, str_c(c->own.user_id));
    api_set_session_cookie(c, arena_dup(&c->arena, str_c(n.made.token)), n.made.expires_ms);
    return answer_true(c);
}

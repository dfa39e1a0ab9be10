/* People of an organization, by its admin; own settings. */
#include "api/people.h"
#include "gateway/answers.h"
#include "chat/chat.h"

/* ---- list ---- */

static status read_query(struct api_call *c, struct user_query *q)
{
    str order = api_query(c, "order_by"), direction = api_query(c, "direction");
    status st = api_query_page(c, &q->page);
    if (st != ST_OK)
        return st;
    q->text = api_query(c, "query");
    if (order.n != 0 && !user_order_parse(order, &q->order))
        return api_fail(c, ST_UNPROCESSABLE, "order_by",
                        "order_by must be name, email, role, created_at or last_active_at");
    q->is_descending = str_eq(direction, STR("desc"));
    return ST_OK;
}

status users_list(struct api_call *c)
{
    struct user_query q = {.order = USER_BY_NAME};
    struct user_page page;
    status st = read_query(c, &q);
    if (st == ST_OK)
        st = user_list(c->db, c->scope, &q, &c->arena, &page, &c->err);
    if (st != ST_OK)
        return st;
    jw_object(&c->w);
    jw_karray(&c->w, STR("users"));
    for (size_t i = 0; i < page.count; i++)
        people_write_user(c, &page.rows[i]);
    jw_end(&c->w);
    jw_ki64(&c->w, STR("total"), page.total);
    jw_end(&c->w);
    return ST_OK;
}

static status answer_user(struct api_call *c, str id)
{
    struct user u;
    status st = user_read(c->db, c->scope, id, &c->arena, &u, &c->err);
    if (st == ST_OK)
        people_write_user(c, &u);
    return st;
}

status users_get(struct api_call *c)
{
    return answer_user(c, c->params[0]);
}

/* ---- add ---- */

struct add {
    struct scope by;
    struct user_new user;
    char id[ID_CAP];
    struct err *e;
};

static status add_run(struct db *db, void *ctx)
{
    struct add *a = ctx;
    return user_create(db, a->by, &a->user, a->id, a->e);
}

static status answer_added(struct api_call *c, str id, str one_time)
{
    struct user u;
    status st = user_read(c->db, c->scope, id, &c->arena, &u, &c->err);
    if (st != ST_OK)
        return st;
    people_write_user(c, &u);
    if (one_time.p == NULL)
        return ST_OK;
    c->out.n--; /* reopen the object for the one thing that is shown once */
    buf_add(&c->out, STR(",\"one_time_password\":"));
    json_add_string(&c->out, one_time);
    buf_add_char(&c->out, '}');
    return ST_OK;
}

status auth_add(struct api_call *c)
{
    struct add a = {.by = c->scope, .e = &c->err};
    char hash[PASSWORD_HASH_CAP], one_time[32];
    bool has_role;
    str password;
    a.user.role = ROLE_PENDING;
    status st = api_body_str(c, "name", true, &a.user.name);
    if (st == ST_OK)
        st = api_body_str(c, "email", true, &a.user.email);
    if (st == ST_OK)
        st = api_body_str(c, "password", false, &password);
    if (st == ST_OK)
        st = people_role(c, &a.user.role, &has_role);
    if (st != ST_OK)
        return st;
    bool is_one_time = password.n == 0;
    password_one_time(one_time);
    st = people_hash(c, is_one_time ? str_c(one_time) : password, "password", hash);
    a.user.password_hash = str_c(hash);
    a.user.must_change_password = is_one_time;
    if (st == ST_OK)
        st = api_write(c, add_run, &a);
    return st == ST_OK ? answer_added(c, str_c(a.id), is_one_time ? str_c(one_time) : STR_NONE) : st;
}

/* ---- change ---- */

struct change {
    struct scope by;
    str id;
    struct user_change change;
    bool is_disabled;
    str one_time_hash;
    struct err *e;
};

static status change_run(struct db *db, void *ctx)
{
    const struct change *x = ctx;
    return user_update(db, x->by, x->id, &x->change, x->e);
}

static status disable_run(struct db *db, void *ctx)
{
    const struct change *x = ctx;
    return user_set_disabled(db, x->by, x->id, x->is_disabled, x->e);
}

static status reset_run(struct db *db, void *ctx)
{
    const struct change *x = ctx;
    return user_reset(db, x->by, x->id, x->one_time_hash, x->e);
}

/* With the person go the chats; the books stay. */
static status delete_run(struct db *db, void *ctx)
{
    const struct change *x = ctx;
    status st = user_delete(db, x->by, x->id, x->e);
    return st == ST_OK ? chat_delete_all(db, scope_make(ROLE_USER, str_c(x->by.organization_id), x->id)) : st;
}

static status write_change(struct api_call *c, struct change *x, status (*run)(struct db *db, void *ctx))
{
    x->by = c->scope;
    x->id = c->params[0];
    x->e = &c->err;
    status st = api_write(c, run, x);
    if (st == ST_OK)
        gateway_forget(c->g, x->id);
    return st;
}

static status read_change(struct api_call *c, struct user_change *u, char hash[static PASSWORD_HASH_CAP])
{
    str password;
    status st = api_body_str(c, "name", false, &u->name);
    if (st == ST_OK)
        st = api_body_str(c, "email", false, &u->email);
    if (st == ST_OK)
        st = api_body_str(c, "profile_image_url", false, &u->profile_image_url);
    if (st == ST_OK)
        st = api_body_str(c, "password", false, &password);
    if (st == ST_OK)
        st = people_role(c, &u->role, &u->set_role);
    if (st != ST_OK)
        return st;
    u->set_name = api_body_has(c, "name");
    u->set_email = api_body_has(c, "email");
    u->set_profile_image_url = u->profile_image_url.n != 0;
    if (password.n == 0)
        return ST_OK;
    st = people_hash(c, password, "password", hash);
    u->password_hash = str_c(hash);
    return st;
}

status users_update(struct api_call *c)
{
    struct change x = {.change = {.password_hash = STR_NONE}};
    char hash[PASSWORD_HASH_CAP];
    status st = read_change(c, &x.change, hash);
    if (st == ST_OK)
        st = write_change(c, &x, change_run);
    return st == ST_OK ? answer_user(c, x.id) : st;
}

status users_disable(struct api_call *c)
{
    struct change x = {.is_disabled = true};
    status st = write_change(c, &x, disable_run);
    if (st != ST_OK)
        return st;
    answers_stop_person(c->g->answers, x.id);
    return answer_user(c, x.id);
}

status users_enable(struct api_call *c)
{
    struct change x = {.is_disabled = false};
    status st = write_change(c, &x, disable_run);
    return st == ST_OK ? answer_user(c, x.id) : st;
}

status users_reset(struct api_call *c)
{
    char one_time[32], hash[PASSWORD_HASH_CAP];
    struct change x = {0};
    password_one_time(one_time);
    status st = people_hash(c, str_c(one_time), NULL, hash);
    x.one_time_hash = str_c(hash);
    if (st == ST_OK)
        st = write_change(c, &x, reset_run);
    if (st != ST_OK)
        return st;
    jw_object(&c->w);
    jw_kstr(&c->w, STR("one_time_password"), str_c(one_time));
    jw_end(&c->w);
    return ST_OK;
}

status users_delete(struct api_call *c)
{
    struct change x = {0};
    status st = write_change(c, &x, delete_run);
    if (st != ST_OK)
        return st;
    answers_stop_person(c->g->answers, x.id);
    buf_add(&c->out, STR("true"));
    return ST_OK;
}

/* ---- own settings ---- */

struct settings_write {
    struct own_scope by;
    str json;
    struct err *e;
};

static status settings_run(struct db *db, void *ctx)
{
    const struct settings_write *s = ctx;
    return user_own_settings_write(db, s->by, s->json, s->e);
}

status user_settings_get(struct api_call *c)
{
    str json;
    status st = user_own_settings_read(c->db, c->own, &c->arena, &json, &c->err);
    if (st == ST_OK)
        buf_add(&c->out, json);
    return st;
}

status user_settings_update(struct api_call *c)
{
    if (c->body.raw.p == NULL)
        return api_fail(c, ST_BAD_REQUEST, NULL, "The body must be a JSON object");
    struct settings_write s = {c->own, c->body.raw, &c->err};
    status st = api_write(c, settings_run, &s);
    if (st == ST_OK)
        buf_add(&c->out, c->body.raw);
    return st;
}

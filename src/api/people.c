/* People and sessions in answers; see people.h. */
#include "api/people.h"
#include "tenancy/connection.h"
#include "tenancy/organization.h"

void people_write_user(struct api_call *c, const struct user *u)
{
    struct json_writer *w = &c->w;
    jw_object(w);
    jw_kstr(w, STR("id"), u->id);
    jw_kstr(w, STR("name"), u->name);
    jw_kstr(w, STR("email"), u->email);
    jw_kstr(w, STR("role"), role_text(u->role));
    jw_kstr(w, STR("profile_image_url"), u->profile_image_url.p != NULL ? u->profile_image_url : STR("/user.png"));
    jw_kbool(w, STR("is_disabled"), u->is_disabled);
    jw_kbool(w, STR("must_change_password"), u->must_change_password);
    jw_kstr(w, STR("external_user_state"), external_state_text(u->external_state));
    api_kseconds_or_null(c, "last_active_at", u->last_active_ms);
    api_kseconds(c, "created_at", u->created_ms);
    api_kseconds(c, "updated_at", u->updated_ms);
    jw_end(w);
}

static void write_permissions(struct api_call *c, const struct user *u)
{
    bool is_member = u->role == ROLE_USER || u->role == ROLE_ADMIN;
    str usage = u->role == ROLE_PROVIDER ? STR("provider") : u->role == ROLE_ADMIN ? STR("organization") : STR("own");
    jw_kobject(&c->w, STR("permissions"));
    jw_kbool(&c->w, STR("chat"), is_member);
    jw_kstr(&c->w, STR("usage"), usage);
    jw_kbool(&c->w, STR("admin"), u->role == ROLE_ADMIN);
    jw_end(&c->w);
}

static status write_organization(struct api_call *c, const struct user *u)
{
    struct organization o;
    bool has_key;
    if (u->role == ROLE_PROVIDER) {
        jw_knull(&c->w, STR("organization"));
        return ST_OK;
    }
    struct scope who = scope_make(u->role, u->organization_id, u->id);
    status st = organization_own_read(c->db, who, &c->arena, &o, &c->err);
    if (st == ST_OK)
        st = connection_has_key(c->db, who, &has_key);
    if (st != ST_OK)
        return st;
    jw_kobject(&c->w, STR("organization"));
    jw_kstr(&c->w, STR("id"), o.id);
    jw_kstr(&c->w, STR("name"), o.name);
    jw_kstr(&c->w, STR("timezone"), o.timezone);
    jw_kstr(&c->w, STR("currency"), o.currency);
    jw_kbool(&c->w, STR("api_access"), o.has_api_access);
    jw_kbool(&c->w, STR("is_disabled"), o.is_disabled);
    jw_kbool(&c->w, STR("has_key"), has_key);
    jw_end(&c->w);
    return ST_OK;
}

status people_write_session(struct api_call *c, const struct user *u, str token, int64_t expires_ms)
{
    struct json_writer *w = &c->w;
    jw_object(w);
    jw_kstr(w, STR("token"), token);
    jw_kstr(w, STR("token_type"), STR("Bearer"));
    api_kseconds(c, "expires_at", expires_ms);
    jw_kstr(w, STR("id"), u->id);
    jw_kstr(w, STR("email"), u->email);
    jw_kstr(w, STR("name"), u->name);
    jw_kstr(w, STR("role"), role_text(u->role));
    jw_kstr(w, STR("profile_image_url"), u->profile_image_url.p != NULL ? u->profile_image_url : STR("/user.png"));
    jw_kbool(w, STR("must_change_password"), u->must_change_password);
    jw_kstr_or_null(w, STR("locale"), u->locale);
    status st = write_organization(c, u);
    if (st != ST_OK)
        return st;
    write_permissions(c, u);
    jw_end(w);
    return ST_OK;
}

status people_hash(struct api_call *c, str password, const char *field, char dst[static PASSWORD_HASH_CAP])
{
    status st = password_clean(password, &c->err);
    c->err_field = st != ST_OK ? field : NULL;
    return st == ST_OK ? password_hash(password, dst) : st;
}

status people_role(struct api_call *c, enum role *out, bool *is_set_out)
{
    str text;
    enum role r;
    status st = api_body_str(c, "role", false, &text);
    if (st != ST_OK)
        return st;
    *is_set_out = text.n != 0;
    if (text.n == 0)
        return ST_OK;
    if (!role_parse(text, &r) || r == ROLE_PROVIDER)
        return api_fail(c, ST_UNPROCESSABLE, "role", "role must be admin, user or pending");
    *out = r;
    return ST_OK;
}

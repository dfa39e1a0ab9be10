/* Invitation links. */
#include "api/people.h"
#include "tenancy/invitation.h"

struct invite {
    struct scope by;
    str email, id;
    enum role role;
    struct invitation_made made;
    struct err *e;
};

static status create_run(struct db *db, void *ctx)
{
    struct invite *i = ctx;
    return invitation_create(db, i->by, i->email, i->role, &i->made, i->e);
}

static status delete_run(struct db *db, void *ctx)
{
    const struct invite *i = ctx;
    return invitation_delete(db, i->by, i->id, i->e);
}

status invitations_list(struct api_call *c)
{
    struct invitation *rows;
    size_t count;
    status st = invitation_list(c->db, c->scope, &c->arena, &rows, &count, &c->err);
    if (st != ST_OK)
        return st;
    jw_array(&c->w);
    for (size_t i = 0; i < count; i++) {
        jw_object(&c->w);
        jw_kstr(&c->w, STR("id"), rows[i].id);
        jw_kstr_or_null(&c->w, STR("email"), rows[i].email);
        jw_kstr(&c->w, STR("role"), role_text(rows[i].role));
        api_kseconds(c, "created_at", rows[i].created_ms);
        api_kseconds(c, "expires_at", rows[i].expires_ms);
        api_kseconds_or_null(c, "used_at", rows[i].used_ms);
        jw_end(&c->w);
    }
    jw_end(&c->w);
    return ST_OK;
}

static void write_made(struct api_call *c, const struct invite *i)
{
    jw_object(&c->w);
    jw_kstr(&c->w, STR("id"), str_c(i->made.id));
    jw_kstr_or_null(&c->w, STR("email"), i->email);
    jw_kstr(&c->w, STR("role"), role_text(i->role));
    api_kseconds(c, "created_at", i->made.created_ms);
    api_kseconds(c, "expires_at", i->made.expires_ms);
    jw_knull(&c->w, STR("used_at"));
    jw_kstr(&c->w, STR("token"), str_c(i->made.token));
    jw_kstr(&c->w, STR("url"), arena_printf(&c->arena, "%.*s/invite/%s", STR_ARG(c->origin), i->made.token));
    jw_end(&c->w);
}

status invitations_create(struct api_call *c)
{
    struct invite i = {.by = c->scope, .role = ROLE_USER, .e = &c->err};
    bool has_role;
    status st = api_body_str(c, "email", false, &i.email);
    if (st == ST_OK)
        st = people_role(c, &i.role, &has_role);
    if (i.email.n == 0)
        i.email = STR_NONE;
    if (st == ST_OK)
        st = api_write(c, create_run, &i);
    if (st == ST_OK)
        write_made(c, &i);
    return st;
}

status invitations_delete(struct api_call *c)
{
    struct invite i = {.by = c->scope, .id = c->params[0], .e = &c->err};
    status st = api_write(c, delete_run, &i);
    if (st == ST_OK)
        buf_add(&c->out, STR("true"));
    return st;
}

status invitations_by_token(struct api_call *c)
{
    struct invitation_offer offer;
    status st = invitation_by_token(c->db, c->params[0], c->now_ms, &c->arena, &offer, &c->err);
    if (st != ST_OK)
        return st;
    jw_object(&c->w);
    jw_kstr(&c->w, STR("organization_name"), offer.organization_name);
    jw_kstr_or_null(&c->w, STR("email"), offer.email);
    jw_kstr(&c->w, STR("role"), role_text(offer.role));
    jw_end(&c->w);
    return ST_OK;
}

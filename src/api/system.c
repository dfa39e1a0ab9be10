/* Health, version, configuration of the sign-in page, the API's description. */
#include "api/handlers.h"
#include "base/version.h"
#include "gateway/catalog.h"
#include "tenancy/user.h"
#include "ui/ui.h"

static const struct system_scope why = {"sign-in page"};

status health_db(struct api_call *c)
{
    if (!store_is_healthy(c->g->store))
        return api_fail(c, ST_UNAVAILABLE, NULL, "The data folder cannot be read or written");
    jw_object(&c->w);
    jw_kbool(&c->w, STR("status"), true);
    jw_end(&c->w);
    return ST_OK;
}

status version_get(struct api_call *c)
{
    jw_object(&c->w);
    jw_kstr(&c->w, STR("version"), STR(MAI_VERSION));
    jw_end(&c->w);
    return ST_OK;
}

static void write_upstream(struct api_call *c)
{
    int64_t since_ms;
    enum supplier_state state = catalog_supplier(c->g->catalog, &since_ms);
    static const char *const words[] = {"unknown", "ok", "away"};
    jw_kobject(&c->w, STR("upstream"));
    jw_kstr(&c->w, STR("state"), str_c(words[state]));
    api_kseconds_or_null(c, "since", since_ms);
    jw_end(&c->w);
}

status config_get(struct api_call *c)
{
    bool is_first, is_open;
    status st = user_is_first(c->db, why, &is_first);
    if (st == ST_OK)
        st = user_sign_up_is_open(c->db, why, c->g->conf->enable_signup, &is_open);
    if (st != ST_OK)
        return st;
    jw_object(&c->w);
    jw_kbool(&c->w, STR("onboarding"), is_first);
    jw_kbool(&c->w, STR("status"), true);
    jw_kstr(&c->w, STR("name"), c->g->conf->webui_name);
    jw_kstr(&c->w, STR("version"), STR(MAI_VERSION));
    jw_kstr(&c->w, STR("default_locale"), STR("en"));
    jw_kobject(&c->w, STR("features"));
    jw_kbool(&c->w, STR("auth"), true);
    jw_kbool(&c->w, STR("enable_signup"), is_open);
    jw_kbool(&c->w, STR("enable_login_form"), true);
    jw_kbool(&c->w, STR("enable_api_key"), c->who != NULL && c->who->has_api_access);
    jw_kbool(&c->w, STR("enable_websocket"), false);
    jw_end(&c->w);
    write_upstream(c);
    jw_end(&c->w);
    return ST_OK;
}

status openapi_get(struct api_call *c)
{
    c->content_type = STR("application/yaml; charset=utf-8");
    buf_add(&c->out, ui_openapi());
    return ST_OK;
}

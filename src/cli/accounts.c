/* Accounts from the environment; see accounts.h. */
#include "cli/accounts.h"
#include "base/log.h"
#include "tenancy/settings.h"
#include "tenancy/user.h"

static const struct system_scope why = {"account from the environment"};

struct account {
    struct gateway *g;
    enum start_account which;
    struct user_new user;
    struct err *e;
};

static status create_run(struct db *db, void *ctx)
{
    struct account *a = ctx;
    markup m;
    status st = default_markup_read(db, why, a->g->conf->default_markup, &m);
    if (st != ST_OK)
        return st;
    return start_account_create(db, why, a->which, &a->user, m, a->e);
}

static status make(struct gateway *g, enum start_account which, str email, str name, str password, struct err *e)
{
    char hash[PASSWORD_HASH_CAP];
    bool is_due = false;
    if (email.n == 0)
        return ST_OK;
    status st = start_account_is_due(store_reader(g->store), why, which, email, &is_due, e);
    if (st != ST_OK || !is_due)
        return st;
    st = password_hash(password, hash);
    if (st != ST_OK)
        return st;
    struct account a = {.g = g, .which = which, .e = e};
    a.user = (struct user_new){
        .name = name,
        .email = email,
        .role = which == START_PROVIDER ? ROLE_PROVIDER : ROLE_ADMIN,
        .password_hash = str_c(hash),
    };
    st = store_write(g->store, create_run, &a);
    if (st == ST_OK)
        log_info("Account made from the environment", LF_Z("role", which == START_PROVIDER ? "provider" : "admin"));
    return st;
}

status accounts_from_conf(struct gateway *g, struct err *e)
{
    const struct conf *c = g->conf;
    status st = make(g, START_FIRST_ADMIN, c->admin_email, c->admin_name, c->admin_password, e);
    if (st != ST_OK)
        return st;
    return make(g, START_PROVIDER, c->provider_email, STR("Provider"), c->provider_password, e);
}

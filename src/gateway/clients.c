/* Making a client with its key, and what all operations on clients share; see clients.h. */
#include "base/log.h"
#include "gateway/clients_private.h"
#include "gateway/gateway.h"
#include "tenancy/settings.h"
#include "tenancy/user.h"

static const struct system_scope why = {"client operation"};

enum { MANAGEMENT_ARENA_BYTES = 1 << 20 };

/* ---- shared ---- */

struct client_host client_host_of(struct gateway *g)
{
    return (struct client_host){.conf = g->conf,
                                .store = g->store,
                                .openrouter = g->openrouter,
                                .master = &g->master,
                                .gateway = g,
                                .budgets = g->budgets};
}

status client_management_key(const struct client_host *h, struct arena *a, str *key_out,
                             struct err *e)
{
    str typed = str_trim(h->management_key);
    if (typed.n != 0) {
        *key_out = arena_dup(a, typed);
        return ST_OK;
    }
    status st = provisioning_key_get(store_reader(h->store), why, h->master,
                                     h->conf->provisioning_key, a, key_out);
    if (st == ST_NOT_FOUND)
        return err_set(
            e, ST_CONFLICT,
            "There is no provisioning key of OpenRouter: save it in the provider's settings "
            "or set OPENROUTER_PROVISIONING_KEY");
    return st;
}

status management_take(const struct client_host *h, struct management *m, struct err *e)
{
    *m = (struct management){.key = STR_NONE};
    arena_init(&m->arena, MANAGEMENT_ARENA_BYTES);
    str key;
    status st = client_management_key(h, &m->arena, &key, e);
    if (st == ST_OK)
        m->key = key;
    return st;
}

void management_free(struct management *m)
{
    if (m->key.p != NULL)
        secret_wipe((char *)(uintptr_t)m->key.p, m->key.n);
    m->key = STR_NONE;
    arena_free(&m->arena);
}

status supplier_failure(status st, struct err *e)
{
    struct err cause = *e;
    switch (st) {
    case ST_UNAUTHENTICATED:
        return err_set(e, ST_UPSTREAM, "OpenRouter does not accept the provisioning key: %.200s",
                       err_text(&cause, st));
    case ST_FORBIDDEN:
        return err_set(e, ST_UPSTREAM, "The provisioning key may not do this at OpenRouter: %.200s",
                       err_text(&cause, st));
    case ST_PAYMENT:
    case ST_CONFLICT:
        return err_set(e, ST_UPSTREAM, "%s", err_text(&cause, st));
    case ST_BAD_REQUEST:
        return err_set(e, ST_UNPROCESSABLE, "%s", err_text(&cause, st));
    default:
        return st;
    }
}

status client_reload(const struct client_host *h, struct db *db, str organization_id)
{
    return h->budgets != NULL ? budgets_reload(h->budgets, db, organization_id) : ST_OK;
}

struct budget_undo {
    const struct client_host *host;
    str organization_id;
};

static status undo_run(struct db *db, void *ctx)
{
    const struct budget_undo *u = ctx;
    (void)db;
    budgets_forget(u->host->budgets, u->organization_id);
    return ST_OK;
}

status client_write(const struct client_host *h, str organization_id,
                    status (*run)(struct db *db, void *ctx), void *ctx)
{
    status st = store_write(h->store, run, ctx);
    if (st == ST_OK || h->budgets == NULL || organization_id.n == 0)
        return st;
    struct budget_undo undo = {h, organization_id};
    if (store_write(h->store, undo_run, &undo) != ST_OK)
        log_warn("Budgets could not be read again", LF_STR("organization", organization_id));
    return st;
}

void client_forget(const struct client_host *h, str organization_id)
{
    if (h->gateway != NULL)
        gateway_forget(h->gateway, organization_id);
}

status client_show(const struct client_host *h, struct provider_scope by, str name_or_id,
                   struct arena *a, struct client *out, struct err *e)
{
    return client_find(store_reader(h->store), by, name_or_id, a, out, e);
}

/* ---- keys at OpenRouter ---- */

status supply_key(const struct client_host *h, const struct management *m, const struct new_key *n,
                  struct arena *a, struct supplied_key *out, struct err *e)
{
    struct openrouter_key_change wanted = {
        .set_name = true,
        .name = name_with_key_suffix(n->client_name, a),
        .set_limit = true,
        .has_limit = n->has_limit,
        .limit = n->limit,
        .set_reset = n->reset != RESET_NONE,
        .reset = n->reset,
    };
    struct openrouter_key made;
    str text;
    status st = openrouter_key_create(h->openrouter, m->key, &wanted, a, &made, &text, e);
    if (st == ST_UPSTREAM_TIMEOUT) /* it may have happened */
        return err_set(e, st,
                       "OpenRouter did not answer in time; should it have made the key, delete it "
                       "there: %.200s",
                       arena_z(a, wanted.name));
    if (st != ST_OK)
        return supplier_failure(st, e);
    *out = (struct supplied_key){.hash = made.hash,
                                 .text = text,
                                 .label = made.label,
                                 .name = wanted.name,
                                 .url = openrouter_base_url(h->openrouter),
                                 .has_limit = made.has_limit,
                                 .limit = made.limit,
                                 .limit_reset = made.reset};
    return ST_OK;
}

void supply_take_back(const struct client_host *h, const struct management *m,
                      const struct supplied_key *k, struct err *e)
{
    struct err failure = {0}, cause = *e;
    status st = openrouter_key_delete(h->openrouter, m->key, k->hash, &failure);
    secret_wipe((char *)(uintptr_t)k->text.p, k->text.n);
    if (st == ST_OK || st == ST_NOT_FOUND)
        return;
    log_error("A key made in vain is left at OpenRouter", LF_STR("key_id", k->hash),
              LF_Z("reason", err_text(&failure, st)));
    (void)err_set(e, cause.st,
                  "%.150s. The key that was made is left at OpenRouter, delete it there: %.*s",
                  err_text(&cause, cause.st), STR_ARG(str_sub(k->hash, 0, 64)));
}

/* ---- making a client ---- */

struct creation {
    const struct client_host *host;
    struct provider_scope by;
    struct organization_new organization;
    struct user_new admin;
    bool has_admin;
    struct supplied_key key;
    char id[ID_CAP], admin_id[ID_CAP];
    struct err *e;
};

/* C2 */
static status creation_run(struct db *db, void *ctx)
{
    struct creation *c = ctx;
    status st = organization_create(db, c->by, &c->organization, c->id, c->e);
    if (st == ST_OK)
        st = connection_expect(db, c->by, str_c(c->id), &c->key, c->e);
    if (st != ST_OK || !c->has_admin)
        return st;
    c->admin.organization_id = str_c(c->id);
    return user_provider_create(db, c->by, &c->admin, c->admin_id, c->e);
}

/* Nothing is asked of OpenRouter for values that mAI would refuse afterwards. */
static status values_are_clean(struct creation *c, struct err *e)
{
    struct organization_new *o = &c->organization;
    status st = name_clean(o->name, "The name", &o->name, e);
    if (st == ST_OK && o->timezone.n != 0)
        st = timezone_clean(o->timezone, e);
    if (st == ST_OK && o->currency.n != 0)
        st = currency_clean(o->currency, e);
    if (st == ST_OK && o->billing_email.n != 0)
        st = email_clean(o->billing_email, &o->billing_email, e);
    if (st == ST_OK && (o->markup.ppm <= MARKUP_MIN_PPM || o->markup.ppm > MARKUP_MAX_PPM))
        st = err_set(e, ST_UNPROCESSABLE, "The markup must be above 0 and at most 100");
    if (st == ST_OK && o->has_limit && o->limit.v < 0)
        st = err_set(e, ST_UNPROCESSABLE, "The limit must not be negative");
    if (st == ST_OK && c->has_admin)
        st = email_clean(c->admin.email, &c->admin.email, e);
    if (st == ST_OK && c->has_admin)
        st = name_clean(c->admin.name, "The administrator's name", &c->admin.name, e);
    return st;
}

static status markup_of(const struct client_host *h, const struct client_new *n, markup *out)
{
    if (n->has_markup) {
        *out = n->markup;
        return ST_OK;
    }
    return default_markup_read(store_reader(h->store), why, h->conf->default_markup, out);
}

static status admin_of(const struct client_new *n, struct creation *c, struct arena *a,
                       str *one_time_out)
{
    str email = str_trim(n->admin_email), name = str_trim(n->admin_name);
    *one_time_out = STR_NONE;
    c->has_admin = email.n != 0;
    if (!c->has_admin)
        return name.n == 0
                   ? ST_OK
                   : err_set(c->e, ST_UNPROCESSABLE, "The administrator needs an e-mail address");
    c->admin =
        (struct user_new){.name = name.n != 0 ? name : str_sub(email, 0, str_find_char(email, '@')),
                          .email = email,
                          .role = ROLE_ADMIN,
                          .must_change_password = true};
    char *one_time = arena_alloc(a, 32);
    if (one_time == NULL)
        return ST_TOO_BIG;
    password_one_time(one_time);
    *one_time_out = str_c(one_time);
    return ST_OK;
}

static status prepare(const struct client_host *h, const struct client_new *n, struct creation *c,
                      struct arena *a, str *one_time_out)
{
    c->organization =
        (struct organization_new){.name = n->name,
                                  .has_limit = n->has_limit,
                                  .limit = n->limit,
                                  .limit_reset = n->has_reset ? n->limit_reset : RESET_MONTHLY,
                                  .timezone = n->timezone,
                                  .currency = n->currency,
                                  .billing_email = n->billing_email};
    status st = markup_of(h, n, &c->organization.markup);
    if (st == ST_OK)
        st = admin_of(n, c, a, one_time_out);
    return st == ST_OK ? values_are_clean(c, c->e) : st;
}

/* Makes the key, then notes everything; C1. */
static status carry_out(struct creation *c, struct arena *a)
{
    MAI_AUTO(management_free) struct management m;
    status st = management_take(c->host, &m, c->e);
    if (st != ST_OK)
        return st;
    struct new_key wanted = {c->organization.name, c->organization.has_limit, c->organization.limit,
                             c->organization.limit_reset};
    st = supply_key(c->host, &m, &wanted, a, &c->key, c->e);
    if (st != ST_OK)
        return st;
    st = store_write(c->host->store, creation_run, c);
    if (st == ST_OK)
        return ST_OK;
    if (c->e->text[0] == '\0')
        (void)err_set(c->e, st, "%s", status_text(st));
    c->e->st = st;
    supply_take_back(c->host, &m, &c->key, c->e);
    return st;
}

static status report(const struct creation *c, str one_time, struct arena *a,
                     struct client_created *out)
{
    struct client made;
    status st = client_read(store_reader(c->host->store), c->by, str_c(c->id), a, &made, c->e);
    if (st != ST_OK)
        return st;
    *out = (struct client_created){.client_name = made.organization.name,
                                   .organization_id = made.organization.id,
                                   .api_key = c->key.text,
                                   .key_id = c->key.hash,
                                   .key_name = c->key.name,
                                   .has_limit = made.organization.has_limit,
                                   .monthly_limit = made.organization.limit,
                                   .markup = made.organization.markup,
                                   .created_ms = made.organization.created_ms,
                                   .has_admin = c->has_admin,
                                   .admin_email =
                                       c->has_admin ? arena_dup(a, c->admin.email) : STR_NONE,
                                   .one_time_password = one_time};
    return ST_OK;
}

status client_create(const struct client_host *h, struct provider_scope by,
                     const struct client_new *n, struct arena *a, struct client_created *out,
                     struct err *e)
{
    char hash[PASSWORD_HASH_CAP];
    struct err own = {0};
    struct creation c = {.host = h, .by = by, .e = e != NULL ? e : &own};
    str one_time;
    status st = prepare(h, n, &c, a, &one_time);
    if (st == ST_OK && c.has_admin)
        st = password_hash(one_time, hash);
    c.admin.password_hash = str_c(hash);
    if (st == ST_OK)
        st = carry_out(&c, a);
    return st == ST_OK ? report(&c, one_time, a, out) : st;
}

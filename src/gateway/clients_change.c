/* Changing, disabling, rotating and ending clients, in mAI and at OpenRouter; see clients.h. What
 * forbids comes first in mAI, what allows comes first at OpenRouter, so a half-done call never lets
 * more through. */
#include "base/log.h"
#include "chat/chat.h"
#include "gateway/clients_private.h"
#include "gateway/keysync.h"
#include "tenancy/limits.h"

static const struct system_scope why = {"client operation"};

enum { SCRATCH_BYTES = 4 << 20 };

static void warn(char dst[static 320], const char *what, const char *reason)
{
    struct err e;
    (void)err_set(&e, ST_OK, "%s: %.200s", what, reason);
    memcpy(dst, e.text, sizeof e.text);
}

/* ---- set ---- */

struct change {
    const struct client_host *host;
    struct provider_scope by;
    str id;
    const struct organization_change *change;
    bool is_disabled;
    struct err *e;
};

static status set_run(struct db *db, void *ctx)
{
    const struct change *x = ctx;
    const struct organization_change *c = x->change;
    status st = organization_set(db, x->by, x->id, c, x->e);
    bool is_of_budgets = c->set_limit || c->set_reset || c->set_timezone || c->set_markup;
    return st == ST_OK && is_of_budgets ? client_reload(x->host, db, x->id) : st;
}

struct pushed {
    str id, hash;
    struct limit_value limit;
    enum limit_reset reset;
};

static status pushed_run(struct db *db, void *ctx)
{
    const struct pushed *p = ctx;
    return limits_pushed(db, why, p->id, p->hash, p->limit, p->reset);
}

static status push_one(const struct client_host *h, const struct management *m, struct pushed *p,
                       struct err *e)
{
    status st = limits_push(h->openrouter, m->key, p->hash, p->limit, p->reset, e);
    if (st == ST_NOT_FOUND)
        return err_set(e, st, "the key belongs to another OpenRouter account");
    return st == ST_OK ? store_write(h->store, pushed_run, p) : st;
}

/* mAI's limit is in force already: what fails here is only told. */
static void push_limit(const struct client_host *h, struct provider_scope by, str id,
                       struct client_done *done)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, SCRATCH_BYTES);
    MAI_AUTO(management_free) struct management m = {0};
    struct err e = {0};
    struct client c;
    str *hashes = NULL;
    size_t count = 0;
    status st = client_read(store_reader(h->store), by, id, &a, &c, &e);
    if (st == ST_OK)
        st = connection_hashes(store_reader(h->store), by, id, &a, &hashes, &count, &e);
    if (st == ST_OK && count == 0)
        return;
    if (st == ST_OK)
        st = management_take(h, &m, &e);
    for (size_t i = 0; st == ST_OK && i < count; i++) {
        struct pushed p = {id,
                           hashes[i],
                           {c.organization.has_limit, c.organization.limit},
                           c.organization.limit_reset};
        st = push_one(h, &m, &p, &e);
    }
    if (st != ST_OK)
        warn(done->warning,
             "The limit is in force in mAI, but the key at OpenRouter still has the old one",
             err_text(&e, st));
}

status client_set(const struct client_host *h, struct provider_scope by, str id,
                  const struct organization_change *change, struct client_done *out, struct err *e)
{
    struct change x = {.host = h, .by = by, .id = id, .change = change, .e = e};
    struct client_done done = {0};
    status st = client_write(h, id, set_run, &x);
    if (st != ST_OK)
        return st;
    client_forget(h, id);
    if (change->set_limit || change->set_reset)
        push_limit(h, by, id, &done);
    *out = done;
    return ST_OK;
}

/* ---- keys at OpenRouter, all of a client ---- */

enum key_order { KEYS_DISABLE, KEYS_ENABLE, KEYS_DELETE };

static status order_one(const struct client_host *h, const struct management *m, str hash,
                        enum key_order order, struct arena *a, struct err *e)
{
    struct openrouter_key_change change = {.set_disabled = true,
                                           .is_disabled = order == KEYS_DISABLE};
    struct openrouter_key now;
    status st = order == KEYS_DELETE
                    ? openrouter_key_delete(h->openrouter, m->key, hash, e)
                    : openrouter_key_update(h->openrouter, m->key, hash, &change, a, &now, e);
    return st == ST_NOT_FOUND ? ST_OK : st; /* of another account, or gone already */
}

/* Without a provisioning key nothing can be told: that is a warning. */
static status order_keys(const struct client_host *h, struct provider_scope by, str id,
                         enum key_order order, struct client_done *done, struct err *e)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, SCRATCH_BYTES);
    MAI_AUTO(management_free) struct management m = {0};
    str *hashes;
    size_t count;
    status st = connection_hashes(store_reader(h->store), by, id, &a, &hashes, &count, e);
    if (st != ST_OK || count == 0)
        return st;
    st = management_take(h, &m, e);
    if (st == ST_CONFLICT) {
        warn(done->warning, "The key at OpenRouter stays as it is", err_text(e, st));
        return ST_OK;
    }
    for (size_t i = 0; st == ST_OK && i < count; i++)
        st = order_one(h, &m, hashes[i], order, &a, e);
    return st == ST_OK ? ST_OK : supplier_failure(st, e);
}

/* ---- disable, enable ---- */

static status disabled_run(struct db *db, void *ctx)
{
    const struct change *x = ctx;
    return organization_set_disabled(db, x->by, x->id, x->is_disabled, x->e);
}

static status write_disabled(const struct change *x)
{
    status st = store_write(x->host->store, disabled_run, (void *)(uintptr_t)x);
    if (st == ST_OK)
        client_forget(x->host, x->id);
    return st;
}

static status disable(struct change *x, struct client_done *done)
{
    status st = write_disabled(x);
    if (st != ST_OK)
        return st;
    struct err cause = {0};
    st = order_keys(x->host, x->by, x->id, KEYS_DISABLE, done, &cause);
    if (st == ST_OK)
        return ST_OK;
    return err_set(
        x->e, st,
        "The client is disabled in mAI, but its key at OpenRouter is not, try again: %.200s",
        err_text(&cause, st));
}

struct reading {
    const struct client_host *host;
    struct limits_reading reading;
    struct limits_applied applied;
    struct err err;
};

static status reading_run(struct db *db, void *ctx)
{
    struct reading *r = ctx;
    status st = limits_apply(db, why, &r->reading, &r->applied, &r->err);
    return st == ST_OK ? client_reload(r->host, db, str_c(r->reading.organization_id)) : st;
}

/* A key that was found disabled meanwhile works again; should this fail, the scheduler reads it
 * soon. */
static void read_key_again(const struct client_host *h, str id)
{
    MAI_AUTO(management_free) struct management m = {0};
    struct reading r = {.host = h};
    status st = management_take(h, &m, &r.err);
    if (st == ST_OK)
        st = limits_read(store_reader(h->store), why, h->openrouter, h->master, m.key, id,
                         &r.reading, &r.err);
    if (st == ST_OK)
        st = client_write(h, id, reading_run, &r);
    if (st == ST_OK)
        client_forget(h, id);
}

static status enable(struct change *x, struct client_done *done)
{
    struct err cause = {0};
    status st = order_keys(x->host, x->by, x->id, KEYS_ENABLE, done, &cause);
    if (st != ST_OK)
        return err_set(x->e, st, "%.300s", err_text(&cause, st));
    st = write_disabled(x);
    if (st == ST_OK)
        read_key_again(x->host, x->id);
    return st;
}

status client_set_disabled(const struct client_host *h, struct provider_scope by, str id,
                           bool is_disabled, struct client_done *out, struct err *e)
{
    struct change x = {.host = h, .by = by, .id = id, .is_disabled = is_disabled, .e = e};
    struct client_done done = {0};
    status st = is_disabled ? disable(&x, &done) : enable(&x, &done);
    if (st == ST_OK)
        *out = done;
    return st;
}

/* ---- rotate ---- */

struct rotation {
    const struct client_host *host;
    struct provider_scope by;
    str id;
    struct supplied_key key;
    char key_id[ID_CAP];
    char replaced_hash[65]; /* of an expected key */
    struct connection_finding finding;
    struct connection_applied applied;
    struct err *e;
};

static status rotate_run(struct db *db, void *ctx)
{
    struct rotation *r = ctx;
    return connection_rotate(db, r->by, r->host->master, r->id, &r->key, r->key_id,
                             r->replaced_hash, r->e);
}

static status apply_run(struct db *db, void *ctx)
{
    struct rotation *r = ctx;
    status st = connection_apply(db, why, r->host->master, &r->finding, &r->applied, r->e);
    return st == ST_OK ? client_reload(r->host, db, r->id) : st;
}

static void end_replaced(const struct rotation *r, const struct management *m, const char *hash,
                         enum key_order order, struct client_rotated *out)
{
    MAI_AUTO(arena_free) struct arena a;
    arena_init(&a, 1 << 20);
    struct err e = {0};
    status st = hash[0] != '\0' ? order_one(r->host, m, str_c(hash), order, &a, &e) : ST_OK;
    if (st != ST_OK)
        warn(out->warning, "The new key is in place, but the old one still works at OpenRouter",
             err_text(&e, st));
}

/* The server's pages and caches hear of it; the old key is ended here, so that a failure can be
 * told. */
static void tell_server(struct rotation *r)
{
    struct connection_applied told = r->applied;
    told.is_replaced_by_rotation = false;
    if (r->host->gateway != NULL)
        keysync_applied(r->host->gateway, &told);
}

/* C3 */
static status bring_into_use(struct rotation *r, const struct management *m,
                             struct client_rotated *out)
{
    const struct client_host *h = r->host;
    status st = connection_check(store_reader(h->store), h->openrouter, h->master, m->key,
                                 str_c(r->key_id), &r->finding);
    if (st == ST_OK)
        st = client_write(h, r->id, apply_run, r);
    if (st == ST_NOT_FOUND) {
        st = err_set(r->e, ST_CONFLICT,
                     "Another key was entered meanwhile; the new one is not used");
        supply_take_back(h, m, &r->key, r->e);
    }
    if (st != ST_OK)
        return st;
    tell_server(r);
    out->is_in_use = r->applied.state == KEY_VERIFIED;
    if (out->is_in_use)
        end_replaced(r, m, r->applied.replaced_hash, KEYS_DISABLE, out);
    else
        warn(out->warning, "The new key is not in use yet and the old one works on",
             r->finding.reason);
    return ST_OK;
}

static status place(struct rotation *r, const struct management *m, struct client_rotated *out)
{
    status st = store_write(r->host->store, rotate_run, r);
    if (st != ST_OK) {
        if (r->e->text[0] == '\0')
            (void)err_set(r->e, st, "%s", status_text(st));
        supply_take_back(r->host, m, &r->key, r->e);
        return st;
    }
    if (r->key_id[0] != '\0')
        return bring_into_use(r, m, out);
    out->is_expected = true;
    end_replaced(r, m, r->replaced_hash, KEYS_DELETE, out);
    return ST_OK;
}

static status read_enabled(struct rotation *r, struct arena *a, struct client *out)
{
    status st = client_read(store_reader(r->host->store), r->by, r->id, a, out, r->e);
    if (st == ST_OK && out->organization.is_disabled)
        return err_set(r->e, ST_CONFLICT,
                       "The client is disabled: enable it before its key is rotated");
    return st;
}

status client_rotate(const struct client_host *h, struct provider_scope by, str id, struct arena *a,
                     struct client_rotated *out, struct err *e)
{
    MAI_AUTO(management_free) struct management m = {0};
    struct err own = {0};
    struct rotation r = {.host = h, .by = by, .id = id, .e = e != NULL ? e : &own};
    struct client_rotated done = {0};
    struct client c;
    status st = read_enabled(&r, a, &c);
    if (st == ST_OK)
        st = management_take(h, &m, r.e);
    if (st != ST_OK)
        return st;
    struct new_key wanted = {c.organization.name, c.organization.has_limit, c.organization.limit,
                             c.organization.limit_reset};
    st = supply_key(h, &m, &wanted, a, &r.key, r.e);
    if (st == ST_OK)
        st = place(&r, &m, &done);
    if (st != ST_OK)
        return st;
    done.api_key = r.key.text;
    done.key_id = r.key.hash;
    *out = done;
    return ST_OK;
}

/* ---- delete ---- */

static status delete_run(struct db *db, void *ctx)
{
    const struct change *x = ctx;
    status st = organization_delete(db, x->by, x->id, x->e);
    return st == ST_OK ? chat_delete_organization(db, x->by, x->id) : st;
}

/* C4 */
status client_delete(const struct client_host *h, struct provider_scope by, str id,
                     struct client_done *out, struct err *e)
{
    struct change x = {.host = h, .by = by, .id = id, .e = e};
    struct client_done done = {0};
    struct err cause = {0};
    status st = order_keys(h, by, id, KEYS_DELETE, &done, &cause);
    if (st != ST_OK)
        return err_set(e, st, "%.300s", err_text(&cause, st));
    st = store_write(h->store, delete_run, &x);
    if (st != ST_OK)
        return st;
    client_forget(h, id);
    *out = done;
    return ST_OK;
}

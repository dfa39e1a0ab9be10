/* A command without a server; see local.h. */
#include "cli/local.h"
#include "base/mem.h"
#include "tenancy/settings.h"

enum { CALL_TIMEOUT_MS = 15000 };

struct local {
    const struct conf *conf;
    struct store *store;
    struct openrouter *openrouter;
    struct master_key master;
};

static const struct system_scope why = {"command"};

struct proof {
    const struct master_key *master;
    struct err *e;
};

static status prove_run(struct db *db, void *ctx)
{
    const struct proof *p = ctx;
    return master_key_prove(db, why, p->master, p->e);
}

static status open_parts(struct local *l, struct err *e)
{
    const struct conf *c = l->conf;
    struct store_conf store = {.data_dir = c->data_dir, .database_url = c->database_url};
    struct openrouter_conf supplier = {.base_url = c->openai_api_base_url,
                                       .allow_private = c->allow_private_upstreams,
                                       .timeout_ms = CALL_TIMEOUT_MS};
    struct proof proof = {&l->master, e};
    status st = openrouter_new(&supplier, &l->openrouter, e);
    if (st == ST_OK)
        st = store_open(&store, &l->store, e);
    if (st == ST_OK)
        st = master_key_load(c->secret_key, c->data_dir, &l->master, e);
    return st == ST_OK ? store_write(l->store, prove_run, &proof) : st;
}

status local_open(const struct conf *conf, struct local **out, struct err *e)
{
    struct local *l = NEW(struct local);
    l->conf = conf;
    crypt_start();
    status st = open_parts(l, e);
    if (st != ST_OK) {
        local_close(l);
        return st;
    }
    *out = l;
    return ST_OK;
}

void local_close(struct local *l)
{
    if (l == NULL)
        return;
    if (l->store != NULL)
        store_close(l->store);
    if (l->openrouter != NULL)
        openrouter_free(l->openrouter);
    secret_wipe(&l->master, sizeof l->master);
    mem_free(l);
}

struct client_host local_host(const struct local *l)
{
    return (struct client_host){
        .conf = l->conf, .store = l->store, .openrouter = l->openrouter, .master = &l->master};
}

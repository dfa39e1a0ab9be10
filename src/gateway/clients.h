/* What the provider does with clients, where the books and OpenRouter must change together: one
 * implementation for the REST handlers and for the command line. Blocking (they wait for OpenRouter
 * and for commits): on a callers' thread or in a command, never on a loop. Every function gives a
 * status and words: OpenRouter's own where it refused. Strings handed out live in the given arena.
 * No key is ever logged.
 *
 * Invariants
 *  C1 A key made at OpenRouter that mAI could not note is deleted again there; if even that fails,
 * the error says which key (its hash, never its text) is left. C2 Organization, expected key and
 * first admin are one write job: all or nothing. C3 A rotated key is disabled only after the new
 * one is in use. C4 Keys are deleted at OpenRouter before the client is deleted in mAI; repeating a
 * half-done call ends it. */
#ifndef MAI_GATEWAY_CLIENTS_H
#define MAI_GATEWAY_CLIENTS_H

#include "conf/conf.h"
#include "crypt/crypt.h"
#include "ledger/generation.h"
#include "openrouter/manage.h"
#include "store/store.h"
#include "tenancy/organization.h"

struct gateway;

/* Where an operation runs; borrowed. */
struct client_host {
    const struct conf *conf;
    struct store *store;
    struct openrouter *openrouter;
    const struct master_key *master;
    struct gateway *gateway; /* NULL: no server runs in this process */
    struct budgets *budgets; /* NULL then */
    str management_key;      /* typed in for this command; empty: MAI's configured or stored one */
};
/* Inside a server. */
struct client_host client_host_of(struct gateway *g);

/* The provisioning key that these operations use: typed, configured or stored. ST_CONFLICT with a
 * sentence when there is none. Wipe after use (secret_wipe). */
NODISCARD status client_management_key(const struct client_host *h, struct arena *a, str *key_out,
                                       struct err *e);

/* ---- making ---- */

struct client_new {
    str name;
    bool has_markup; /* else the default of the installation */
    markup markup;
    bool has_limit; /* a month's hard limit, billed USD */
    pico limit;
    bool has_reset; /* else monthly */
    enum limit_reset limit_reset;
    str timezone, currency, billing_email; /* STR_NONE: UTC, USD, none */
    str admin_email,
        admin_name; /* STR_NONE: no first admin; a missing name is taken from the address */
};
struct client_created {
    str client_name, organization_id;
    str api_key;  /* secret: shown once, kept nowhere; wipe after use */
    str key_id;   /* OpenRouter's hash */
    str key_name; /* "NAME - mAI Client Key" */
    bool has_limit;
    pico monthly_limit;
    markup markup;
    int64_t created_ms;
    bool has_admin;
    str admin_email,
        one_time_password; /* the password is shown once; must be changed at the first sign-in */
};
/* ST_UNPROCESSABLE: a value is not acceptable (nothing was asked of OpenRouter); ST_CONFLICT: no
 * provisioning key, or the admin's e-mail is taken; else OpenRouter's. */
NODISCARD status client_create(const struct client_host *h, struct provider_scope by,
                               const struct client_new *n, struct arena *a,
                               struct client_created *out, struct err *e);

/* ---- changing ---- */

/* What is done in mAI holds. `warning` is not empty when OpenRouter could not be told and says why.
 */
struct client_done {
    char warning[320];
};
/* Name, markup, limit, reset, zone, currency, API access, billing e-mail and the rest of the
 * change. A limit or reset goes to the keys at OpenRouter too; when that fails mAI sends it again
 * later (limits.h). */
NODISCARD status client_set(const struct client_host *h, struct provider_scope by, str id,
                            const struct organization_change *change, struct client_done *out,
                            struct err *e);
/* No call is made any more (or again); the keys at OpenRouter follow. An error of OpenRouter is
 * given as the status, with words that say what holds; repeat the call then. Idempotent. A warning:
 * there is no provisioning key. */
NODISCARD status client_set_disabled(const struct client_host *h, struct provider_scope by, str id,
                                     bool is_disabled, struct client_done *out, struct err *e);

struct client_rotated {
    str api_key;    /* secret: shown once; wipe after use */
    str key_id;     /* OpenRouter's hash */
    bool is_in_use; /* where a key was in use the new one is it now, and the old one is disabled */
    bool is_expected;  /* nobody had entered a key yet: the new one replaces it, the old one is
                          deleted */
    char warning[320]; /* neither: the old one works on until OpenRouter takes the new one, asked
                          again later */
};
/* ST_CONFLICT: the client is disabled, or there is no provisioning key. */
NODISCARD status client_rotate(const struct client_host *h, struct provider_scope by, str id,
                               struct arena *a, struct client_rotated *out, struct err *e);
/* Keys end at OpenRouter, people and their chats go, the books stay. A warning: there is no
 * provisioning key, so the keys at OpenRouter are still there. */
NODISCARD status client_delete(const struct client_host *h, struct provider_scope by, str id,
                               struct client_done *out, struct err *e);

/* ---- reading ---- */

/* By id, else by name (client_find). */
NODISCARD status client_show(const struct client_host *h, struct provider_scope by, str name_or_id,
                             struct arena *a, struct client *out, struct err *e);

#endif

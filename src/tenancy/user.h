/* People: sign-up, administration by an admin, by the host, and of the own account. Functions marked W run
 * inside a write job. Passwords arrive hashed (crypt.h password_hash, on a worker, after password_clean):
 * the writer never hashes. Web sessions of a person end on a change of password, role or e-mail and when
 * disabled or deleted; the caller drops cached principals.
 *
 * Rules
 *  P1 The first person on the web, when no user ever was, becomes admin of a new organization; sign-up then
 *     works only when it is enabled and at most one organization exists; else by invitation.
 *  P2 An organization that has an admin keeps one who is neither disabled nor deleted (ST_CONFLICT).
 *  P3 Nobody disables, deletes or changes the role of the own account (ST_CONFLICT).
 *  P4 Provider accounts are made and changed on the host only.
 *  P5 A deleted person leaves a tombstone: id, organization, pseudonym; nothing personal; the e-mail is free. */
#ifndef MAI_TENANCY_USER_H
#define MAI_TENANCY_USER_H

#include "money/pico.h"
#include "store/db.h"
#include "tenancy/rules.h"
#include "tenancy/scope.h"
#include "tenancy/session.h"

enum external_state { EXTERNAL_ASSIGNED, EXTERNAL_LEARNED };
str external_state_text(enum external_state s);

struct user { /* strings in the arena of the call */
    str id, organization_id; /* STR_NONE organization: a provider account */
    str name, email;
    enum role role;
    str profile_image_url, locale; /* STR_NONE: none */
    bool is_disabled, must_change_password;
    str external_user;
    enum external_state external_state;
    int64_t last_active_ms; /* 0: never */
    int64_t created_ms, updated_ms;
};

/* ---- sign-up on the web ---- */
struct sign_up {
    str name, email;
    str password_hash;
    str invitation;          /* token, or STR_NONE */
    bool is_signup_enabled;  /* ENABLE_SIGNUP */
    enum role default_role;  /* DEFAULT_USER_ROLE */
    markup default_markup;   /* of a new organization */
};
struct signed_up {
    struct identity identity;
    char organization_id[ID_CAP];
    enum role role;
    bool is_first;           /* made the organization */
};
/* W. By P1. ST_FORBIDDEN: closed, or the invitation is not valid; ST_CONFLICT: the e-mail is taken. */
NODISCARD status user_sign_up(struct db *db, const struct sign_up *s, struct signed_up *out, struct err *e);
/* True while no user ever was (onboarding). */
NODISCARD status user_is_first(struct db *db, struct system_scope why, bool *out);
/* Would a sign-up without invitation work now? */
NODISCARD status user_sign_up_is_open(struct db *db, struct system_scope why, bool is_signup_enabled,
                                      bool *out);

/* ---- reading ---- */
NODISCARD status user_own_read(struct db *db, struct own_scope by, struct arena *a, struct user *out,
                               struct err *e);
/* An admin reads the people of the own organization; others only themselves (else ST_NOT_FOUND). */
NODISCARD status user_read(struct db *db, struct scope by, str id, struct arena *a, struct user *out,
                           struct err *e);
enum user_order { USER_BY_NAME, USER_BY_EMAIL, USER_BY_ROLE, USER_BY_CREATED, USER_BY_LAST_ACTIVE };
bool user_order_parse(str s, enum user_order *out); /* name|email|role|created_at|last_active_at */
struct user_query {
    str text;               /* part of name or e-mail, letter case apart; STR_NONE: all */
    enum user_order order;
    bool is_descending;
    int64_t page, per_page; /* from 1; 0: 30 */
};
struct user_page {
    struct user *rows;
    size_t count;
    int64_t total; /* that match the text */
};
/* Admin only (ST_FORBIDDEN). */
NODISCARD status user_list(struct db *db, struct scope by, const struct user_query *q, struct arena *a,
                           struct user_page *out, struct err *e);

/* ---- administration of the own organization; all W, admin only (ST_FORBIDDEN) ---- */
struct user_new {
    str organization_id;      /* host and provider only; STR_NONE for a provider account */
    str name, email;
    enum role role;
    str password_hash;
    bool must_change_password; /* a one-time password */
};
NODISCARD status user_create(struct db *db, struct scope by, const struct user_new *n,
                             char id_out[static ID_CAP], struct err *e);
struct user_change {
    bool set_name; str name;
    bool set_email; str email;
    bool set_role; enum role role;
    bool set_profile_image_url; str profile_image_url;
    bool set_locale; str locale;
    str password_hash; /* STR_NONE: unchanged */
};
NODISCARD status user_update(struct db *db, struct scope by, str id, const struct user_change *c,
                             struct err *e);
NODISCARD status user_set_disabled(struct db *db, struct scope by, str id, bool is_disabled, struct err *e);
NODISCARD status user_reset(struct db *db, struct scope by, str id, str one_time_hash, struct err *e);
NODISCARD status user_delete(struct db *db, struct scope by, str id, struct err *e);

/* ---- the own account; W ---- */
/* Name, image, locale; other members give ST_FORBIDDEN. */
NODISCARD status user_own_update(struct db *db, struct own_scope by, const struct user_change *c,
                                 struct err *e);
/* old_hash: as login_check_own gave it; ST_CONFLICT when it changed meanwhile. All web sessions end: make a
 * new one (session_create). */
NODISCARD status user_own_set_password(struct db *db, struct own_scope by, str old_hash, str new_hash,
                                       struct err *e);
/* The person's settings of the web application: a JSON text the caller has checked; "{}" when none. */
NODISCARD status user_own_settings_read(struct db *db, struct own_scope by, struct arena *a, str *json_out,
                                        struct err *e);
NODISCARD status user_own_settings_write(struct db *db, struct own_scope by, str json, struct err *e);

/* ---- provider ---- */
/* W. Signed in: only the first admin of an organization that has none. On the host: any role; a provider
 * account has no organization. */
NODISCARD status user_provider_create(struct db *db, struct provider_scope by, const struct user_new *n,
                                      char id_out[static ID_CAP], struct err *e);
/* All people or those of one organization (STR_NONE: everywhere), tombstones left out, by e-mail. Host only
 * (ST_FORBIDDEN), like the rest here. */
NODISCARD status user_host_list(struct db *db, struct provider_scope by, str organization_id,
                                struct arena *a, struct user **out, size_t *count_out, struct err *e);
/* By e-mail or id. */
NODISCARD status user_host_find(struct db *db, struct provider_scope by, str email_or_id, struct arena *a,
                                struct user *out, struct err *e);
/* W */
NODISCARD status user_host_set_role(struct db *db, struct provider_scope by, str id, enum role role,
                                    struct err *e);
NODISCARD status user_host_set_disabled(struct db *db, struct provider_scope by, str id, bool is_disabled,
                                        struct err *e);
NODISCARD status user_host_reset(struct db *db, struct provider_scope by, str id, str one_time_hash,
                                 struct err *e);
NODISCARD status user_host_delete(struct db *db, struct provider_scope by, str id, struct err *e);

/* ---- accounts from the environment, at every start ---- */
enum start_account { START_FIRST_ADMIN, START_PROVIDER };
/* Must it be made? First admin: the first organization (or none) has no admin yet. Provider: nobody has the
 * address. Spares the hashing. ST_CONFLICT: the provider's address belongs to somebody of another role. */
NODISCARD status start_account_is_due(struct db *db, struct system_scope why, enum start_account which,
                                      str email, bool *out, struct err *e);
/* W. Makes it when it is still due; never resets what is there. */
NODISCARD status start_account_create(struct db *db, struct system_scope why, enum start_account which,
                                      const struct user_new *n, markup default_markup, struct err *e);

#endif

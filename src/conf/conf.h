/* The settings: one table (conf_table.c) gives each variable's name, type, default, limits and help; loading
 * checks all of them and gives one immutable snapshot. An empty variable counts as not set. A wrong value
 * stops the start with one line that names variable, value and what is allowed. Secrets come from the
 * environment or a file, and are never printed, not even in an error. */
#ifndef MAI_CONF_H
#define MAI_CONF_H

#include "base/buf.h"
#include "base/log.h"
#include "money/pico.h"

struct conf {
    /* where */
    str host; /* IP address or "localhost" */
    int64_t port; /* 0: any free one */
    str data_dir;
    str database_url; /* empty: SQLite in data_dir; else sqlite:///path */
    str tls_certificate_file, tls_key_file; /* both or none */
    str forwarded_allow_ips; /* comma-separated addresses and networks, or "*" */

    /* product */
    str webui_name;
    str webui_url; /* without a slash at the end; may be empty */
    str secret_key; /* secret; empty: made once in data_dir */
    bool enable_signup;
    str default_user_role; /* "pending" or "user" */
    str admin_email, admin_password, admin_name; /* password is secret; both or none */
    str provider_email, provider_password; /* password is secret; both or none */
    bool import_is_automatic;

    /* OpenRouter */
    str openai_api_base_url; /* without a slash at the end */
    str provisioning_key; /* secret; may be empty */
    markup default_markup;
    bool allow_private_upstreams;
    bool has_ignored_api_key; /* OPENAI_API_KEY is set: worth one line in the log */

    /* machine */
    enum log_level log_level;
    bool log_is_json;
    int64_t loops, workers;
    int64_t commit_wait_ms;
    int64_t max_body_bytes, max_bodies_bytes;
    int64_t max_connections, max_connections_per_address;

    struct arena *arena; /* private: owns all text above */
};

/* Value of a variable, NULL when it is not set; borrowed until conf_load returns. */
typedef const char *conf_lookup(void *ctx, const char *name);

/* ST_UNPROCESSABLE with a sentence for a wrong value. The result is freed with conf_free. */
NODISCARD status conf_load(conf_lookup *lookup, void *ctx, struct conf **out, struct err *e);
/* A lookup in the process's environment; ctx is not used. Before threads start. */
const char *conf_lookup_environment(void *ctx, const char *name);
void conf_free(struct conf *c); /* wipes secrets; accepts NULL */

/* Every variable with its default and help, for `mai serve --help`. */
void conf_print_help(struct buf *out);

#endif

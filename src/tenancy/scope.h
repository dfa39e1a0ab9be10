/* Who asks, in types: every function on tenant data takes one of these, so nothing can be read "for all" by
 * leaving an argument out. Values; copied freely. */
#ifndef MAI_SCOPE_H
#define MAI_SCOPE_H

#include "base/id.h"

enum role { ROLE_PENDING, ROLE_USER, ROLE_ADMIN, ROLE_PROVIDER };
str role_text(enum role r);
bool role_parse(str s, enum role *out);

/* A person inside an organization. */
struct scope {
    enum role role;               /* never ROLE_PROVIDER */
    char organization_id[ID_CAP];
    char user_id[ID_CAP];
};

/* The provider: clients' totals, keys, limits; never chats or connections of a client. Made only by the
 * sign-in of a provider account or by the command line on the host. */
struct provider_scope {
    char user_id[ID_CAP];         /* empty for the command line */
};

/* A signed-in person's own account, whatever the role: profile, password, web sessions, settings. */
struct own_scope {
    char user_id[ID_CAP];
};

/* The server's own work (settling, learning, schedulers). The reason is for the reader and the log. */
struct system_scope {
    const char *reason;
};

/* Values from parts; an id that does not fit becomes empty and matches nothing. */
struct scope scope_make(enum role role, str organization_id, str user_id);
struct own_scope own_scope_make(str user_id);
/* The command line on the host. */
struct provider_scope provider_scope_host(void);
bool provider_scope_is_host(struct provider_scope s);

#endif

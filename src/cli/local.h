/* The store and what commands need beside it, opened in a command's own process when no server runs on the folder. */
#ifndef MAI_CLI_LOCAL_H
#define MAI_CLI_LOCAL_H

#include "cli/command.h"
#include "conf/conf.h"

struct local;

/* ST_CONFLICT: somebody else has the folder (a server, or another command): try its socket. */
NODISCARD status local_open(const struct conf *conf, struct local **out, struct err *e);
void local_close(struct local *l); /* accepts NULL */
struct client_host local_host(const struct local *l);

#endif

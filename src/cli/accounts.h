/* Accounts that the environment asks for (WEBUI_ADMIN_*, MAI_PROVIDER_*): made when absent, never reset. */
#ifndef MAI_CLI_ACCOUNTS_H
#define MAI_CLI_ACCOUNTS_H

#include "gateway/gateway.h"

NODISCARD status accounts_from_conf(struct gateway *g, struct err *e);

#endif

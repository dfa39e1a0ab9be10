/* The provisioning key as commands need it. */
#ifndef MAI_CLI_PROVISIONING_H
#define MAI_CLI_PROVISIONING_H

#include "cli/command.h"

/* Is there none: neither given with the command, nor configured, nor stored? */
bool provisioning_key_is_missing(struct command_call *c);

#endif

/* Every command's row; command.c puts them in order. */
#ifndef MAI_CLI_COMMANDS_H
#define MAI_CLI_COMMANDS_H

#include "cli/command.h"

extern const struct command command_serve;
extern const struct command command_client; /* the menu */
extern const struct command command_client_create;
extern const struct command command_client_list;
extern const struct command command_client_show;
extern const struct command command_client_usage;
extern const struct command command_client_set;
extern const struct command command_client_disable;
extern const struct command command_client_enable;
extern const struct command command_client_rotate;
extern const struct command command_client_delete;
extern const struct command command_client_provisioning_key;
extern const struct command command_user_add;
extern const struct command command_user_list;
extern const struct command command_user_reset;
extern const struct command command_user_role;
extern const struct command command_user_disable;
extern const struct command command_user_enable;
extern const struct command command_user_delete;
extern const struct command command_ledger_list;
extern const struct command command_ledger_verify;
extern const struct command command_backup;
extern const struct command command_restore;
extern const struct command command_doctor;
extern const struct command command_version;

#endif

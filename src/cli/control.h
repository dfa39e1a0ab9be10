/* DATA_DIR/mai.sock: how commands reach a running server, so that their changes hold in its memory too when they
 * return. One command a connection: the client sends the command's words and its secrets, the server runs it and
 * streams back what it prints and its exit code. 0600: who may open the socket may do everything. */
#ifndef MAI_CLI_CONTROL_H
#define MAI_CLI_CONTROL_H

#include "gateway/gateway.h"

struct control;
/* Own thread; at most a few commands at once. */
NODISCARD status control_start(struct gateway *g, struct control **out, struct err *e);
void control_stop(struct control *c); /* accepts NULL */

#endif

/* A whole running mAI: made from the settings, started, stopped. One per process. */
#ifndef MAI_CLI_SERVER_H
#define MAI_CLI_SERVER_H

#include "conf/conf.h"
#include "gateway/gateway.h"

struct server;

/* Opens the data folder, migrates, recovers, binds, starts all threads. On failure one sentence in `e`, everything
 * taken down again. conf must outlive the server. */
NODISCARD status server_start(const struct conf *conf, struct server **out, struct err *e);
uint16_t server_port(const struct server *s);
struct gateway *server_gateway(struct server *s);
/* No new requests; running ones get `grace_ms`, then are cut; what is open is settled by the next start. */
void server_stop(struct server *s, int64_t grace_ms);

#endif

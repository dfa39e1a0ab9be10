/* A whole running mAI: made from the settings, started, stopped. One per process. */
#ifndef MAI_CLI_SERVER_H
#define MAI_CLI_SERVER_H

#include "conf/conf.h"
#include "gateway/gateway.h"

struct server;

/* Opens the data folder, migrates, recovers, makes all parts. Nobody can come in yet, and a process that ends here
 * loses nothing. On failure one sentence in `e`, everything taken down again. conf must outlive the server. */
NODISCARD status server_prepare(const struct conf *conf, struct server **out, struct err *e);
/* Binds and starts all threads. On failure one sentence in `e`, the server is taken down and freed. */
NODISCARD status server_open(struct server *s, struct err *e);
uint16_t server_port(const struct server *s);
struct gateway *server_gateway(struct server *s);
/* No new requests; running ones get `grace_ms`, then are cut; what is open is settled by the next start. */
void server_stop(struct server *s, int64_t grace_ms);

#endif

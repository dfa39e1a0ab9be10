/* What upstream.c (calls) and upstream_loop.c (libcurl on the loop's event base) share. */
#ifndef MAI_UPSTREAM_PRIVATE_H
#define MAI_UPSTREAM_PRIVATE_H

#include "openrouter/easy.h"
#include "openrouter/upstream.h"

#include <event2/event.h>
#include <event2/event_struct.h>

enum {
    HEADER_VALUE_CAP = 256,
    SHARED_HEADERS = 6,
};

/* A socket libcurl uses, by its number. Its event stays registered when libcurl looks away, as
 * it does after every call: on a pooled connection that saves two system calls a request. */
struct upstream_socket {
    struct event event;
    struct upstream *upstream;
    short registered; /* EV_READ, EV_WRITE as the event base knows them */
    short wanted;     /* as libcurl wants them now */
    bool is_ours;     /* opened and closed through our callbacks */
};

struct upstream {
    struct loop *loop;
    CURLM *multi;
    CURLSH *share; /* TLS sessions; without it each handle would make its own */
    struct event timer;
    struct event kick; /* runs what could not be done inside libcurl's callbacks */
    struct upstream_socket **sockets;
    size_t socket_cap;
    unsigned depth; /* not 0 while libcurl is on the stack */
    struct upstream_call *running, *idle, *marked;
    size_t running_count, idle_count;
    bool allow_private;
    int64_t connect_timeout_ms;
    size_t max_connections;
    char title[HEADER_VALUE_CAP], referer[HEADER_VALUE_CAP];
    struct curl_slist stream_headers[SHARED_HEADERS], plain_headers[SHARED_HEADERS];
};

/* upstream_headers.c */
void upstream_make_headers(struct upstream *u, const struct upstream_conf *conf);

/* upstream_loop.c */
void upstream_bind(struct upstream *u);
void upstream_unbind(struct upstream *u);
void upstream_kick(struct upstream *u);
/* For CURLOPT_CLOSESOCKETFUNCTION, with the upstream. */
int upstream_close_socket(void *arg, curl_socket_t fd);
/* The address was judged; gives a socket that is watched, or CURL_SOCKET_BAD. */
curl_socket_t upstream_open_socket(struct upstream *u, const struct curl_sockaddr *a);

/* upstream.c */
void upstream_collect(struct upstream *u); /* ends the calls libcurl is done with */
void upstream_run_marked(struct upstream *u);

#endif

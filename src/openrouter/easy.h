/* The rules every transfer follows, blocking or on a loop: HTTP/1.1 over http or https only, no
 * redirects, no proxies or credentials from the environment, no cookies, bytes as they come, and
 * the guard that judges the address really connected to. */
#ifndef MAI_OPENROUTER_EASY_H
#define MAI_OPENROUTER_EASY_H

#include "base/str.h"

#include <curl/curl.h>

/* Lives as long as the transfer; tells afterwards why a connection was refused. */
struct easy_guard {
    bool allow_private;
    bool has_refused;
    char refused[96]; /* "127.0.0.1 (loopback)" */
};

/* Starts libcurl; once for the process, any thread, as often as you like. */
void easy_global_init(void);
/* Is a connection to that address not allowed? Notes it in the guard. */
bool easy_is_refused(struct easy_guard *guard, const struct sockaddr *sa);
/* `guard` is asked for every connection of the handle. */
void easy_set_rules(CURL *h, struct easy_guard *guard);

/* Setting an option fails only by a bug or without memory. */
#define EASY_SET(h, option, value) CHECK(curl_easy_setopt((h), (option), (value)) == CURLE_OK)

/* A key that fits into a header line: printable ASCII without spaces, at most EASY_KEY_MAX
 * bytes. */
enum { EASY_KEY_MAX = 512 };
bool easy_is_key(str key);

/* ST_UPSTREAM or ST_UPSTREAM_TIMEOUT, and a sentence for people. */
status easy_failure(CURLcode code, const struct easy_guard *guard, struct err *e);

#endif

/* Rules of every transfer; see easy.h. */
#include "openrouter/easy.h"
#include "openrouter/address.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/socket.h>

static void global_init(void)
{
    CHECK(curl_global_init(CURL_GLOBAL_DEFAULT) == CURLE_OK);
}

void easy_global_init(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    CHECK(pthread_once(&once, global_init) == 0);
}

bool easy_is_refused(struct easy_guard *guard, const struct sockaddr *sa)
{
    const char *range = address_closed_range(sa);
    if (range == NULL || guard->allow_private)
        return false;
    char ip[ADDRESS_TEXT_CAP];
    address_connected_text(sa, ip);
    guard->has_refused = true;
    snprintf(guard->refused, sizeof guard->refused, "%s (%s)", ip, range);
    return true;
}

/* With CURL_SOCKET_BAD curl goes on to the name's next address. */
static curl_socket_t on_open_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *a)
{
    if (easy_is_refused(arg, &a->addr))
        return CURL_SOCKET_BAD;
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

void easy_set_rules(CURL *h, struct easy_guard *guard)
{
    EASY_SET(h, CURLOPT_PROTOCOLS_STR, "http,https");
    EASY_SET(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    EASY_SET(h, CURLOPT_FOLLOWLOCATION, 0L);
    EASY_SET(h, CURLOPT_PROXY, "");
    EASY_SET(h, CURLOPT_NOPROXY, "*");
    EASY_SET(h, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    EASY_SET(h, CURLOPT_NOSIGNAL, 1L);
    EASY_SET(h, CURLOPT_TCP_NODELAY, 1L);
    EASY_SET(h, CURLOPT_USERAGENT, "mAI");
    /* Debian's default folder of certificates beside the bundle would keep libcurl from caching
     * the parsed bundle: some 10 ms of CPU for every new TLS connection. */
    EASY_SET(h, CURLOPT_CAPATH, NULL);
    EASY_SET(h, CURLOPT_OPENSOCKETFUNCTION, on_open_socket);
    EASY_SET(h, CURLOPT_OPENSOCKETDATA, guard);
}

bool easy_is_key(str key)
{
    for (size_t i = 0; i < key.n; i++)
        if (key.p[i] <= ' ' || key.p[i] > '~')
            return false;
    return key.n != 0 && key.n <= EASY_KEY_MAX;
}

status easy_failure(CURLcode code, const struct easy_guard *guard, struct err *e)
{
    if (guard->has_refused && code == CURLE_COULDNT_CONNECT)
        return err_set(e, ST_UPSTREAM,
                       "The provider's address %s is not on the public internet and is not allowed",
                       guard->refused);
    if (code == CURLE_OPERATION_TIMEDOUT)
        return err_set(e, ST_UPSTREAM_TIMEOUT, "The model provider did not answer in time");
    return err_set(e, ST_UPSTREAM, "The model provider could not be reached: %s",
                   curl_easy_strerror(code));
}

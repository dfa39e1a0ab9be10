/* The header lines that every request of an upstream shares; see upstream_private.h. Made once: libcurl
 * only reads lists of lines, so a call puts its own line in front of a shared list. */
#include "openrouter/upstream_private.h"

#include <stdio.h>

static void make_headers(struct curl_slist *list, const char *const *lines, size_t count)
{
    for (size_t i = 0; i < count; i++)
        list[i] = (struct curl_slist){.data = (char *)lines[i],
                                      .next = i + 1 < count ? &list[i + 1] : NULL};
}

/* "Name: value" in dst, or nothing when there is no value that can stand in a header. */
static bool header_line(const char *name, str value, char *dst)
{
    for (size_t i = 0; i < value.n; i++)
        if ((unsigned char)value.p[i] < ' ' || value.p[i] == '\x7f')
            return false;
    int n = snprintf(dst, HEADER_VALUE_CAP, "%s: %.*s", name, STR_ARG(value));
    return value.n != 0 && n > 0 && n < HEADER_VALUE_CAP;
}

void upstream_make_headers(struct upstream *u, const struct upstream_conf *conf)
{
    const char *lines[SHARED_HEADERS] = {NULL, "Content-Type: application/json", "Expect:"};
    size_t count = 3;
    if (header_line("X-OpenRouter-Title", conf->title, u->title))
        lines[count++] = u->title;
    if (header_line("HTTP-Referer", conf->referer, u->referer))
        lines[count++] = u->referer;
    lines[0] = "Accept: text/event-stream";
    make_headers(u->stream_headers, lines, count);
    lines[0] = "Accept: application/json";
    make_headers(u->plain_headers, lines, count);
}

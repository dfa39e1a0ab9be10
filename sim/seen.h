/* Log of the requests the simulator saw, for tests that assert that one came exactly once. A ring
 * of bounded size. One thread. */
#ifndef SIM_SEEN_H
#define SIM_SEEN_H

#include "http.h"

#include <jansson.h>

struct seen_request {
    uint64_t number, connection;
    int64_t at_ms;
    const char *method, *path, *query, *names; /* kept texts */
    const char *model, *user, *session, *key_hash;
    char body_hash[65];
    size_t body_n;
    int64_t max_tokens; /* -1: absent */
    bool streams, has_max_tokens;
    char *provider; /* JSON or NULL; own memory */
    char id[40];    /* generation it became */
};

struct seen {
    struct seen_request *ring;
    size_t cap; /* 0: no log */
    uint64_t count;
};

void seen_init(struct seen *s, size_t cap);
void seen_clear(struct seen *s);
/* Notes a request; NULL when there is no log. Valid until the next note. */
struct seen_request *seen_note(struct seen *s, const struct http_request *r);
/* Adds what the body of an inference request says. */
void seen_note_body(struct seen_request *s, json_t *body);
/* JSON lines, oldest first, of the path (NULL: all) and from that number on. */
void seen_write(const struct seen *s, const char *path, uint64_t from, struct buf *out);

#endif

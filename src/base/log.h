/* Log lines are events with fields, to stderr, as text or JSON, whole lines, any thread. No secret and no
 * message text ever goes in; one line when a request ends. Some event words are a contract (design:
 * `Auto-learning external_user for user`). */
#ifndef MAI_LOG_H
#define MAI_LOG_H

#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
    const char *name; /* NULL ends the list */
    enum { LOG_FIELD_STR, LOG_FIELD_INT } kind;
    str text;
    int64_t number;
};

#define LF_STR(k, v)                                                                               \
    (struct log_field)                                                                             \
    {                                                                                              \
        .name = (k), .kind = LOG_FIELD_STR, .text = (v)                                            \
    }
#define LF_Z(k, v)                                                                                 \
    (struct log_field)                                                                             \
    {                                                                                              \
        .name = (k), .kind = LOG_FIELD_STR, .text = str_c(v)                                       \
    }
#define LF_INT(k, v)                                                                               \
    (struct log_field)                                                                             \
    {                                                                                              \
        .name = (k), .kind = LOG_FIELD_INT, .number = (int64_t)(v)                                 \
    }

/* Set once at start, before threads. Default: INFO, text. */
void log_setup(enum log_level least, bool as_json);
bool log_is_on(enum log_level level);
void log_emit(enum log_level level, const char *event, const struct log_field *fields);

#define LOG_AT(level, event, ...)                                                                  \
    (log_is_on(level)                                                                              \
         ? log_emit(level, event, (struct log_field[]){__VA_ARGS__ __VA_OPT__(, ) {.name = NULL}}) \
         : (void)0)
#define log_debug(event, ...) LOG_AT(LOG_DEBUG, event __VA_OPT__(, ) __VA_ARGS__)
#define log_info(event, ...) LOG_AT(LOG_INFO, event __VA_OPT__(, ) __VA_ARGS__)
#define log_warn(event, ...) LOG_AT(LOG_WARN, event __VA_OPT__(, ) __VA_ARGS__)
#define log_error(event, ...) LOG_AT(LOG_ERROR, event __VA_OPT__(, ) __VA_ARGS__)

#endif

/* One table of expected failures: name, HTTP status, OpenAI error type, whether a retry makes sense,
 * whether the refused work may have happened all the same (then it must be reconciled, never
 * retried), and the default text for people. */
#ifndef MAI_STATUS_H
#define MAI_STATUS_H

#include "base/base.h"

/*    name                 http  openai type               retry  maybe  text */
#define STATUS_TABLE(X)                                                                            \
    X(ST_OK,               200, "",                        false, false, "ok")                     \
    X(ST_END,              200, "",                        false, false, "no more rows")           \
    X(ST_BAD_REQUEST,      400, "invalid_request_error",   false, false, "The request is malformed") \
    X(ST_UNAUTHENTICATED,  401, "authentication_error",    false, false, "Not authenticated")      \
    X(ST_PAYMENT,          402, "insufficient_quota",      false, false, "The spending limit is reached") \
    X(ST_FORBIDDEN,        403, "permission_error",        false, false, "You do not have permission to do this") \
    X(ST_NOT_FOUND,        404, "not_found_error",         false, false, "Not found")              \
    X(ST_METHOD,           405, "invalid_request_error",   false, false, "Method not allowed")     \
    X(ST_CLIENT_TIMEOUT,   408, "timeout_error",           true,  false, "The request took too long to arrive") \
    X(ST_CONFLICT,         409, "invalid_request_error",   false, false, "This conflicts with what is stored") \
    X(ST_TOO_BIG,          413, "invalid_request_error",   false, false, "The request body is too large") \
    X(ST_URI_TOO_LONG,     414, "invalid_request_error",   false, false, "The address is too long") \
    X(ST_MEDIA_TYPE,       415, "invalid_request_error",   false, false, "Unsupported content type") \
    X(ST_EXPECTATION,      417, "invalid_request_error",   false, false, "Unsupported Expect header") \
    X(ST_UNPROCESSABLE,    422, "invalid_request_error",   false, false, "A value is not acceptable") \
    X(ST_RATE_LIMITED,     429, "rate_limit_error",        true,  false, "Too many requests, try again shortly") \
    X(ST_HEAD_TOO_BIG,     431, "invalid_request_error",   false, false, "The request headers are too large") \
    X(ST_INTERNAL,         500, "api_error",               false, false, "Internal error")         \
    X(ST_NOT_SUPPORTED,    501, "invalid_request_error",   false, false, "Not supported")          \
    X(ST_UPSTREAM,         502, "upstream_error",          true,  true,  "The model provider could not be reached") \
    X(ST_UNAVAILABLE,      503, "overloaded_error",        true,  false, "The service is not available right now") \
    X(ST_UPSTREAM_TIMEOUT, 504, "timeout_error",           true,  true,  "The model provider did not answer in time") \
    X(ST_HTTP_VERSION,     505, "invalid_request_error",   false, false, "HTTP version not supported") \
    X(ST_STORAGE_FULL,     507, "overloaded_error",        true,  false, "The data folder is full") \
    X(ST_STORAGE,          500, "api_error",               true,  false, "The data folder could not be written") \
    X(ST_RANGE,            422, "invalid_request_error",   false, false, "A number is out of range") \
    X(ST_CANCELLED,        499, "cancelled",               false, true,  "The caller hung up")

typedef enum status {
#define STATUS_ENUM(name, http, type, retry, maybe, text) name,
    STATUS_TABLE(STATUS_ENUM)
#undef STATUS_ENUM
        ST_COUNT_
} status;

int status_http(status st);
const char *status_type(status st);
bool status_may_retry(status st);
bool status_may_have_happened(status st);
const char *status_text(status st);
const char *status_name(status st);

/* A failure with words for the person who caused it; given by the caller, no allocation. */
struct err {
    status st;
    char text[320];
};

/* Fills `e` (may be NULL) and returns `st`, so a function can end with `return err_set(...)`. */
status err_set(struct err *e, status st, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* The words in `e`, or the default words of `st`. */
const char *err_text(const struct err *e, status st);

#endif

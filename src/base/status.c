/* The status table as data; see status.h. */
#include "base/status.h"

#include <stdarg.h>
#include <stdio.h>

static const struct status_row {
    const char *name;
    int http;
    const char *type;
    bool may_retry;
    bool may_have_happened;
    const char *text;
} rows[] = {
#define STATUS_ROW(name, http, type, retry, maybe, text) {#name, http, type, retry, maybe, text},
    STATUS_TABLE(STATUS_ROW)
#undef STATUS_ROW
};

static const struct status_row *row_of(status st)
{
    CHECK((int)st >= 0 && (size_t)st < COUNT_OF(rows));
    return &rows[st];
}

int status_http(status st)
{
    return row_of(st)->http;
}

const char *status_type(status st)
{
    return row_of(st)->type;
}

bool status_may_retry(status st)
{
    return row_of(st)->may_retry;
}

bool status_may_have_happened(status st)
{
    return row_of(st)->may_have_happened;
}

const char *status_text(status st)
{
    return row_of(st)->text;
}

const char *status_name(status st)
{
    return row_of(st)->name;
}

status err_set(struct err *e, status st, const char *fmt, ...)
{
    if (e == NULL)
        return st;
    va_list ap;
    va_start(ap, fmt);
    e->st = st;
    vsnprintf(e->text, sizeof e->text, fmt, ap);
    va_end(ap);
    return st;
}

const char *err_text(const struct err *e, status st)
{
    return e != NULL && e->text[0] != '\0' ? e->text : status_text(st);
}

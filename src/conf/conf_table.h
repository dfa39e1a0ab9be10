/* Private to conf/: how a row of the settings table looks. */
#ifndef MAI_CONF_TABLE_H
#define MAI_CONF_TABLE_H

#include "base/arena.h"
#include "conf/conf.h"

enum conf_type {
    CONF_TEXT,       /* printable text of one line, at most `max` bytes */
    CONF_INT,        /* min..max */
    CONF_MEGABYTES,  /* min..max, kept in bytes */
    CONF_BOOL,       /* true or false; also yes, no, on, off, 1, 0 */
    CONF_CHOICE,     /* one word of `choices`; kept as text */
    CONF_SWITCH,     /* the first or second word of `choices`; kept as bool, true for the first */
    CONF_LOG_LEVEL,
    CONF_URL,        /* http(s)://host[:port][/path] */
    CONF_DATABASE,   /* sqlite:///path */
    CONF_HOST,       /* IP address or localhost */
    CONF_NETWORKS,   /* addresses and networks, or * */
    CONF_EMAIL,
    CONF_MARKUP,
    CONF_PATH,
    CONF_READABLE,   /* path of a file that can be read */
    CONF_SECRET,     /* min..max bytes; never shown */
    CONF_SECRET_FILE,/* path of a file with a secret for the same field */
    CONF_IGNORED,    /* only notes that it is set */
};

struct conf_row {
    const char *name;
    enum conf_type type;
    size_t offset; /* of the field in struct conf */
    const char *fallback; /* text of the default, checked like a value; NULL: the field stays empty */
    int64_t min, max;
    const char *choices; /* words separated by spaces */
    const char *shown_default; /* help text, where the default is computed */
    const char *help;
};

extern const struct conf_row conf_rows[];
extern const size_t conf_row_count;

/* Checks `value` by the row's type and writes the field. On failure the error names variable, value and
 * what is allowed. Text is copied into c->arena. */
NODISCARD status conf_set(struct conf *c, const struct conf_row *row, str value, struct err *e);
/* What the row allows, in words. */
void conf_allowed(const struct conf_row *row, struct buf *out);

#endif

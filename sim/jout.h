/* Writes JSON into a buffer, putting commas by itself. Independent of mAI's codec on purpose: the
 * simulator checks mAI and must not share its mistakes. */
#ifndef SIM_JOUT_H
#define SIM_JOUT_H

#include "base/buf.h"
#include "money/pico.h"

struct jout {
    struct buf *b;
    bool comma; /* the next item needs one */
};

static inline struct jout jout(struct buf *b)
{
    return (struct jout){b, false};
}

void jo_open(struct jout *j, char bracket);  /* '{' or '[' */
void jo_close(struct jout *j, char bracket); /* '}' or ']' */
void jo_key(struct jout *j, str key);        /* key must need no escapes */
void jo_str(struct jout *j, str s);          /* STR_NONE gives null */
void jo_i64(struct jout *j, int64_t v);
void jo_raw(struct jout *j, str raw);

/* Key and value at once. */
void jo_kopen(struct jout *j, const char *key, char bracket);
void jo_kstr(struct jout *j, const char *key, str s);       /* STR_NONE gives null */
void jo_kz(struct jout *j, const char *key, const char *z); /* NULL gives null */
void jo_ki64(struct jout *j, const char *key, int64_t v);
void jo_kbool(struct jout *j, const char *key, bool v);
void jo_knull(struct jout *j, const char *key);
void jo_kraw(struct jout *j, const char *key, str raw);
void jo_kpico(struct jout *j, const char *key, pico v); /* exact decimal number */

/* The escaped inside of a JSON string, without the quotes; malformed UTF-8 becomes U+FFFD. */
void jo_escape(struct buf *b, str s);

#endif

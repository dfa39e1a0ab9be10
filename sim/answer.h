/* Writes answers: deterministic, sensible markdown that follows the prompt's kind (code, table,
 * plan, letter, ...) and language (English or Polish), and titles for title-generation calls. Cuts
 * them into tokens. Pure except for the struct; one thread. */
#ifndef SIM_ANSWER_H
#define SIM_ANSWER_H

#include "base/buf.h"

struct answer {
    struct buf text;
    uint32_t *ends; /* end of each token in text */
    size_t count;
    size_t cap;
};

struct answer_wish {
    str prompt;      /* last user message */
    str system;      /* first system message, for titles */
    bool wants_json; /* response_format asks for JSON */
    bool echoes;
    const char *fixed;  /* this very text; NULL: written here */
    int64_t tokens;     /* exactly so many; 0: as it comes */
    int64_t max_tokens; /* at most; 0: no bound */
};

void answer_init(struct answer *a);
void answer_free(struct answer *a);
/* Replaces the contents. True when max_tokens cut it (finish_reason length). */
bool answer_write(struct answer *a, const struct answer_wish *wish);
/* Text of tokens [from, to). */
str answer_part(const struct answer *a, size_t from, size_t to);
/* The counter used for prompts: a quarter of the bytes, rounded up. */
int64_t tokens_of(str text);

#endif

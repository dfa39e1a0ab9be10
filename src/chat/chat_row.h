/* Inside the chat room: small steps shared by its files. */
#ifndef MAI_CHAT_ROW_H
#define MAI_CHAT_ROW_H

#include "chat/chat.h"

/* $1, $2 of every statement of a person. */
#define BY(s) DB_Z((s).organization_id), DB_Z((s).user_id)

struct message { /* texts borrowed from the request */
    str id, parent_id; /* parent STR_NONE: a root */
    str role, content, reasoning, model, state, error, usage_json, files_json;
    int64_t created_ms;
};

/* ST_NOT_FOUND with the room's one sentence unless the chat is this person's. */
NODISCARD status chat_check(struct db *db, struct scope s, str chat_id, struct err *e);
/* W. Also into the search index. ST_CONFLICT: the id exists in this chat. */
NODISCARD status message_insert(struct db *db, struct scope s, str chat_id, const struct message *m);
/* W. The index entry of a message (its id) or of the title (message id empty). */
NODISCARD status words_put(struct db *db, struct scope s, str chat_id, str message_id, str words);
/* A message of a request ({id, parentId, role, content, ...}); texts in the arena. */
NODISCARD status message_parse(struct json v, str default_role, int64_t now_ms, struct arena *a, struct message *out,
                               struct err *e);
/* Titles: one line, trimmed, at most CHAT_TITLE_MAX_CHARS; STR("") when nothing is left. */
str title_fit(str title);

#endif

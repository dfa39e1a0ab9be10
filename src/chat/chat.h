/* Conversations: a tree of messages per chat, owned by one person. Nobody else reads them, the provider never.
 * W functions run inside a write job; readers take a read connection. "Not yours" and "does not exist" are the
 * same ST_NOT_FOUND. Deleting chats never touches the books. */
#ifndef MAI_CHAT_H
#define MAI_CHAT_H

#include "codec/json.h"
#include "store/db.h"
#include "tenancy/scope.h"

enum { CHAT_TITLE_MAX_CHARS = 200, CHAT_PAGE_ROWS = 60, CHAT_MESSAGE_MAX_BYTES = 8 << 20 };

/* ---- answers: what the gateway does to a chat ---- */
struct answer_begin {
    struct scope scope;
    str chat_id;
    str message_id;        /* of the answer, made by the client: a UUID */
    str parent_id;         /* the user's message it answers */
    struct json user_message; /* {id, parentId, content, files?}; raw.p NULL: the parent exists already */
    str model;
    int64_t now_ms;
};
struct answer_begun {
    bool wants_title;      /* the chat has no title made by a person or by us yet */
};
/* W. Stores the user's message (when given) and the empty running answer, moves the chat's current message.
 * ST_NOT_FOUND (chat or parent), ST_CONFLICT (that message id exists), ST_UNPROCESSABLE (bad ids). */
NODISCARD status answer_begin(struct db *db, const struct answer_begin *a, struct answer_begun *out,
                              struct err *e);
/* W. What has arrived so far (a running answer is saved every second or so). */
NODISCARD status answer_save(struct db *db, str chat_id, str message_id, str content, str reasoning);

enum answer_state { ANSWER_RUNNING, ANSWER_DONE, ANSWER_STOPPED, ANSWER_FAILED };
struct answer_end {
    str chat_id, message_id;
    enum answer_state state;
    str content, reasoning;
    str usage_json;        /* billed usage object for the person, or STR_NONE */
    str error;             /* sentence for the person, with ANSWER_FAILED */
    str images_json;       /* array of image urls a model made, or STR_NONE */
    int64_t now_ms;
};
/* W. A deleted chat is no error: there is nothing to store then. */
NODISCARD status answer_end(struct db *db, const struct answer_end *a);
/* W. At start: running answers of an earlier run become stopped ones with what had arrived. */
NODISCARD status answer_recover(struct db *db, int64_t now_ms);
/* W. A title made by a model; a title a person gave stays. changed_out: it was set. */
NODISCARD status chat_set_made_title(struct db *db, struct scope s, str chat_id, str title,
                                     bool *changed_out);

/* ---- the person's list and tree ---- */
/* W. chat: the `chat` object of the request ({title?, models?, history?{currentId, messages{}}}); a whole history
 * may come along (import). Gives the new id (ID_CAP). */
NODISCARD status chat_new(struct db *db, struct scope s, struct json chat, int64_t now_ms,
                          char *id_out, struct err *e);
/* W. Merges title, models, currentId and other top-level members; messages that are not known are added,
 * known ones keep content unless they are given with other content. */
NODISCARD status chat_update(struct db *db, struct scope s, str chat_id, struct json chat,
                             int64_t now_ms, struct err *e);
NODISCARD status chat_delete(struct db *db, struct scope s, str chat_id);
NODISCARD status chat_delete_all(struct db *db, struct scope s);
/* W. All chats of an organization that ends. */
NODISCARD status chat_delete_organization(struct db *db, struct provider_scope by, str organization_id);
/* W. The person moved to another organization (key sync): the chats go along. */
NODISCARD status chat_move_person(struct db *db, struct system_scope why, str user_id, str from_organization_id,
                                  str to_organization_id);
enum chat_flag { CHAT_PINNED, CHAT_ARCHIVED };
/* W. Turns the flag over. */
NODISCARD status chat_toggle(struct db *db, struct scope s, str chat_id, enum chat_flag flag);
NODISCARD status chat_edit_message(struct db *db, struct scope s, str chat_id, str message_id,
                                   str content, int64_t now_ms);
/* Writes the CHAT object (Open WebUI's shape, times in seconds) as JSON. */
NODISCARD status chat_read(struct db *db, struct scope s, str chat_id, struct buf *out);
NODISCARD status chat_message_read(struct db *db, struct scope s, str chat_id, str message_id,
                                   struct buf *out);
/* Rows [{id,title,updated_at,created_at,pinned,archived,folder_id}], newest first, 60 a page; page 0: all. */
NODISCARD status chat_list(struct db *db, struct scope s, int page, bool archived, struct buf *out);
/* Every word of `text` in titles or any branch's messages (FTS5, prefix on the last word); rows + snippet. */
NODISCARD status chat_search(struct db *db, struct scope s, str text, int page, struct buf *out);

#endif

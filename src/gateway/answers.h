/* Answers in web chats: the chat is the consumer of the completion, so the answer goes on when every page is closed,
 * is stored as it arrives, can be joined late from any page of that person and stopped from any of them.
 *
 * An answer lives on the loop that began it. Others find it in a table by its person and message id (ids are made by
 * clients), and send it tasks. Live views are hub topics: "answer:<user id>/<message id>" carries
 *   {"type":"delta","id",...}  and  {"type":"done","id"}
 * and each joining view gets {"type":"snapshot",...} on a topic of its own. */
#ifndef MAI_ANSWERS_H
#define MAI_ANSWERS_H

#include "chat/chat.h"
#include "gateway/completion.h"

struct answers *answers_new(struct gateway *g);
void answers_free(struct answers *a); /* after the loops have stopped */

struct answer_request {
    struct principal *who;
    str chat_id, message_id, parent_id;
    struct json user_message;   /* raw.p NULL: the parent exists already */
    str model;
    str body;                   /* the completion's whole body */
    /* The page that asked: gets the completion as it passes. It may leave (answers_view_gone) without ending the
     * answer. Called like a completion's consumer; is_full and observe are not used. */
    struct consumer view;
};
/* On this loop; view calls come later. */
void answers_start(struct answers *a, const struct answer_request *req);
/* The page has gone: same loop as answers_start; view_ctx is req->view.ctx. */
void answers_view_gone(struct answers *a, void *view_ctx);

/* Stops a running answer of this person. Any loop. ST_NOT_FOUND: not running, or not theirs. */
NODISCARD status answers_stop(struct answers *a, const struct scope *who, str message_id);

/* Message ids of the person's running answers in a chat. Any thread. */
enum { ANSWERS_LIST_MAX = 16 };
size_t answers_list(struct answers *a, const struct scope *who, str chat_id,
                    char ids_out[static ANSWERS_LIST_MAX][ID_CAP]);

/* Asks a running answer for a snapshot on `topic`; ST_NOT_FOUND: it has ended meanwhile. Any loop. */
NODISCARD status answers_snapshot(struct answers *a, const struct scope *who, str message_id, str topic);

/* Every running answer of a person stops (chats deleted, account disabled). Any thread. */
void answers_stop_person(struct answers *a, str user_id);
/* Graceful stop: every running answer stops as if its person had asked. Any thread. */
void answers_stop_all(struct answers *a);

#endif

/* Event streams of pages: a person's own events, usage figures, running answers of a chat. Loop thread. */
#include "api/handlers.h"
#include "api/live_stream.h"
#include "chat/chat.h"
#include "gateway/answers.h"

#include <stdio.h>

static void forward(struct live_stream *l, str payload)
{
    (void)live_stream_send(l, payload);
}

/* Somebody's rights or session changed: the page comes back and meets what is true now. */
static void end_stream(struct live_stream *l, str payload)
{
    (void)payload;
    live_stream_end(l);
}

static bool is_usage(str payload)
{
    return str_eq(payload, STR("{\"type\":\"usage\"}"));
}

static void usage_or_forward(struct live_stream *l, str payload)
{
    if (is_usage(payload))
        live_stream_read(l, usage_live, STR(""), NULL);
    else
        forward(l, payload);
}

static void usage_only(struct live_stream *l, str payload)
{
    if (is_usage(payload))
        live_stream_read(l, usage_live, STR(""), NULL);
}

static void subscribe_id(struct live_stream *l, const char *kind, const char *id,
                         void (*receive)(struct live_stream *l, str payload))
{
    char topic[128];
    snprintf(topic, sizeof topic, "%s:%s", kind, id);
    live_stream_subscribe(l, str_c(topic), receive);
}

static void subscribe_session(struct live_stream *l)
{
    const struct principal *who = live_stream_who(l);
    subscribe_id(l, "session", who->credential_id, end_stream);
    subscribe_id(l, "session", principal_own(who).user_id, end_stream);
    if (!who->is_provider)
        subscribe_id(l, "session", who->scope.organization_id, end_stream);
}

/* An admin hears of the organization, an employee of the own calls, the provider of all. */
static void subscribe_usage(struct live_stream *l, void (*receive)(struct live_stream *l, str payload))
{
    const struct principal *who = live_stream_who(l);
    if (who->is_provider)
        live_stream_subscribe(l, STR("provider"), receive);
    else if (who->scope.role == ROLE_ADMIN)
        subscribe_id(l, "org", who->scope.organization_id, receive);
    else
        subscribe_id(l, "own", who->scope.user_id, receive);
}

void loop_events(struct api_server *s, struct http_request *r, struct principal *who, const str *params)
{
    (void)params;
    struct live_stream *l = live_stream_begin(s, r, who);
    subscribe_session(l);
    subscribe_id(l, "user", principal_own(who).user_id, forward);
    live_stream_subscribe(l, STR("all"), forward);
    if (who->is_provider || who->scope.role != ROLE_PENDING)
        subscribe_usage(l, usage_or_forward);
}

void loop_usage_live(struct api_server *s, struct http_request *r, struct principal *who, const str *params)
{
    (void)params;
    struct live_stream *l = live_stream_begin(s, r, who);
    subscribe_session(l);
    subscribe_usage(l, usage_only);
    live_stream_read(l, usage_live, STR(""), NULL);
}

/* ---- running answers of a chat ---- */

static status done_message(struct gateway *g, struct db *db, const struct principal *who, str text, struct buf *out)
{
    (void)g;
    str chat_id = str_sub(text, 0, 36), message_id = str_from(text, 37);
    buf_add(out, STR("{\"type\":\"done\",\"message\":"));
    status st = chat_message_read(db, who->scope, chat_id, message_id, out);
    buf_add(out, STR("}"));
    return st;
}

static void one_over(struct live_stream *l)
{
    size_t *running = live_stream_count(l);
    if (*running != 0 && --*running == 0)
        live_stream_end(l);
}

static bool payload_text(str payload, const char *name, char *dst, size_t cap)
{
    MAI_AUTO(arena_free) struct arena a;
    struct json root, v;
    str text;
    arena_init(&a, 4096);
    return json_check(payload, &root, NULL) == ST_OK && json_get(root, str_c(name), &v) &&
           json_string(v, &a, &text) == ST_OK && str_copy_z(text, dst, cap);
}

static void answer_over(struct live_stream *l, const char *message_id)
{
    char text[96];
    str path = http_request_path(live_stream_request(l)); /* /api/v1/chats/{id}/live */
    str chat_id = str_sub(str_from(path, sizeof "/api/v1/chats/" - 1), 0, 36);
    snprintf(text, sizeof text, "%.*s/%s", STR_ARG(chat_id), message_id);
    live_stream_read(l, done_message, str_c(text), one_over);
}

static void answer_event(struct live_stream *l, str payload)
{
    char id[ID_CAP];
    if (!str_starts(payload, STR("{\"type\":\"done\"")))
        forward(l, payload);
    else if (payload_text(payload, "id", id, sizeof id))
        answer_over(l, id);
}

/* From here on nothing is missed: deltas are published behind the snapshot by the same thread. */
static void snapshot_event(struct live_stream *l, str payload)
{
    char id[ID_CAP];
    if (!payload_text(payload, "id", id, sizeof id))
        return;
    if (str_starts(payload, STR("{\"type\":\"done\""))) {
        answer_over(l, id);
        return;
    }
    if (!live_stream_send(l, payload))
        return;
    char key[2 * ID_CAP];
    snprintf(key, sizeof key, "%s/%s", live_stream_who(l)->scope.user_id, id);
    subscribe_id(l, "answer", key, answer_event);
}

void loop_chat_live(struct api_server *s, struct http_request *r, struct principal *who, const str *params)
{
    char ids[ANSWERS_LIST_MAX][ID_CAP], topic[64];
    struct answers *answers = s->g->answers;
    size_t count = answers_list(answers, &who->scope, params[0], ids);
    struct live_stream *l = live_stream_begin(s, r, who);
    snprintf(topic, sizeof topic, "view:%.*s", STR_ARG(http_request_id(r)));
    live_stream_subscribe(l, str_c(topic), snapshot_event);
    size_t *running = live_stream_count(l);
    for (size_t i = 0; i < count; i++)
        if (answers_snapshot(answers, &who->scope, str_c(ids[i]), str_c(topic)) == ST_OK)
            ++*running;
    if (*running == 0)
        live_stream_end(l);
}

/* Publish and subscribe over the loops' mailboxes; see hub.h. Every loop owns a table topic -> subscribers;
 * a published message is one counted block with one task per loop that has subscribers at all. */
#include "gateway/hub.h"
#include "base/hash.h"
#include "base/mem.h"

#include <stdatomic.h>

struct hub_sub {
    struct hub_sub *next, **prev;
    struct hub_side *side;
    char *topic;
    void (*receive)(void *ctx, str payload);
    void *ctx;
    bool is_dead; /* unsubscribed while its topic is being delivered */
};

struct hub_topic {
    struct hub_sub *first;
};

/* What one loop owns. */
struct hub_side {
    struct loop *loop;
    struct hash topics;       /* text -> struct hub_topic */
    _Atomic size_t sub_count; /* read by publishers */
    struct hub_topic *delivering; /* whose subscribers are being called, or NULL */
};

struct hub {
    size_t count;
    struct hub_side sides[];
};

struct hub_message {
    _Atomic size_t refs;
    size_t topic_n, payload_n;
    char *bytes; /* topic, then payload */
    struct hub_delivery {
        struct task task;
        struct hub_message *message;
        struct hub_side *side;
    } deliveries[];
};

struct hub *hub_new(struct loop **loops, size_t loop_count)
{
    struct hub *h = mem_alloc(sizeof *h + loop_count * sizeof h->sides[0]);
    h->count = loop_count;
    for (size_t i = 0; i < loop_count; i++)
        h->sides[i].loop = loops[i];
    return h;
}

static void sub_free(struct hub_sub *s)
{
    mem_free(s->topic);
    mem_free(s);
}

static void side_free(struct hub_side *side)
{
    size_t at = 0;
    void *value;
    while (hash_next(&side->topics, &at, NULL, &value)) {
        struct hub_topic *t = value;
        for (struct hub_sub *s = t->first; s != NULL;) {
            struct hub_sub *next = s->next;
            sub_free(s);
            s = next;
        }
        mem_free(t);
    }
    hash_free(&side->topics);
}

void hub_free(struct hub *h)
{
    if (h == NULL)
        return;
    for (size_t i = 0; i < h->count; i++)
        side_free(&h->sides[i]);
    mem_free(h);
}

static struct hub_side *side_of_current(struct hub *h)
{
    struct loop *l = loop_current();
    for (size_t i = 0; i < h->count; i++)
        if (h->sides[i].loop == l)
            return &h->sides[i];
    UNREACHABLE();
}

struct hub_sub *hub_subscribe(struct hub *h, str topic, void (*receive)(void *ctx, str payload),
                              void *ctx)
{
    struct hub_side *side = side_of_current(h);
    struct hub_topic *t = hash_get(&side->topics, topic);
    if (t == NULL) {
        t = NEW(struct hub_topic);
        hash_set(&side->topics, topic, t);
    }
    struct hub_sub *s = NEW(struct hub_sub);
    *s = (struct hub_sub){.side = side, .receive = receive, .ctx = ctx, .next = t->first};
    s->topic = mem_alloc(topic.n + 1);
    (void)str_copy_z(topic, s->topic, topic.n + 1);
    s->prev = &t->first;
    if (t->first != NULL)
        t->first->prev = &s->next;
    t->first = s;
    atomic_fetch_add(&side->sub_count, 1);
    return s;
}

static void sub_unlink(struct hub_sub *s)
{
    *s->prev = s->next;
    if (s->next != NULL)
        s->next->prev = s->prev;
    sub_free(s);
}

static void topic_drop_if_empty(struct hub_side *side, str topic)
{
    struct hub_topic *t = hash_get(&side->topics, topic);
    if (t == NULL || t->first != NULL || t == side->delivering)
        return;
    hash_remove(&side->topics, topic);
    mem_free(t);
}

void hub_unsubscribe(struct hub_sub *s)
{
    if (s == NULL)
        return;
    CHECK(loop_is_current(s->side->loop) && !s->is_dead);
    struct hub_side *side = s->side;
    struct hub_topic *t = hash_get(&side->topics, str_c(s->topic));
    atomic_fetch_sub(&side->sub_count, 1);
    if (t == side->delivering) {
        s->is_dead = true; /* its links are in use by the delivery below us, which sweeps it */
        return;
    }
    char *topic = MAI_TAKE(s->topic);
    sub_unlink(s);
    topic_drop_if_empty(side, str_c(topic));
    mem_free(topic);
}

static void sweep_dead(struct hub_topic *t)
{
    for (struct hub_sub *s = t->first; s != NULL;) {
        struct hub_sub *next = s->next;
        if (s->is_dead)
            sub_unlink(s);
        s = next;
    }
}

static void message_unref(struct hub_message *m)
{
    if (atomic_fetch_sub(&m->refs, 1) != 1)
        return;
    mem_free(m->bytes);
    mem_free(m);
}

static void deliver(struct task *task)
{
    struct hub_delivery *d = CONTAINER_OF(task, struct hub_delivery, task);
    struct hub_message *m = d->message;
    str topic = {m->bytes, m->topic_n};
    str payload = {m->bytes + m->topic_n, m->payload_n};
    struct hub_topic *t = hash_get(&d->side->topics, topic);
    if (t != NULL) {
        d->side->delivering = t;
        for (struct hub_sub *s = t->first; s != NULL; s = s->next)
            if (!s->is_dead)
                s->receive(s->ctx, payload);
        d->side->delivering = NULL;
        sweep_dead(t);
        topic_drop_if_empty(d->side, topic);
    }
    message_unref(m);
}

void hub_publish(struct hub *h, str topic, str payload)
{
    struct hub_message *m = NULL;
    for (size_t i = 0; i < h->count; i++) {
        if (atomic_load(&h->sides[i].sub_count) == 0)
            continue;
        if (m == NULL) {
            m = mem_alloc(sizeof *m + h->count * sizeof m->deliveries[0]);
            atomic_store(&m->refs, 1);
            m->topic_n = topic.n;
            m->payload_n = payload.n;
            m->bytes = mem_alloc(topic.n + payload.n + 1);
            memcpy(m->bytes, topic.p, topic.n);
            if (payload.n != 0)
                memcpy(m->bytes + topic.n, payload.p, payload.n);
        }
        struct hub_delivery *d = &m->deliveries[i];
        *d = (struct hub_delivery){.task = {.run = deliver}, .message = m, .side = &h->sides[i]};
        atomic_fetch_add(&m->refs, 1);
        loop_post(h->sides[i].loop, &d->task);
    }
    if (m != NULL)
        message_unref(m);
}

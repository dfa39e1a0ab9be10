/* Publish and subscribe between real loop threads. */
#include "unit/testing.h"
#include "gateway/hub.h"

#include <semaphore.h>
#include <stdatomic.h>

struct world {
    struct loop *loops[2];
    struct hub *hub;
    sem_t done;
    char seen[2][256];
    struct hub_sub *subs[2];
    struct task tasks[2];
    int wanted;
    _Atomic int got;
};
static struct world w;

static void receive(void *ctx, str payload)
{
    char *to = ctx;
    size_t n = strlen(to);
    (void)str_copy_z(payload, to + n, 200 - n);
    if (atomic_fetch_add(&w.got, 1) + 1 == w.wanted)
        sem_post(&w.done);
}

static void subscribe(struct task *t)
{
    size_t i = (size_t)(t - w.tasks);
    w.subs[i] = hub_subscribe(w.hub, STR("org:1"), receive, w.seen[i]);
    sem_post(&w.done);
}

static void unsubscribe(struct task *t)
{
    size_t i = (size_t)(t - w.tasks);
    hub_unsubscribe(w.subs[i]);
    sem_post(&w.done);
}

static void on_loop(size_t i, void (*run)(struct task *t))
{
    w.tasks[i] = (struct task){.run = run};
    loop_post(w.loops[i], &w.tasks[i]);
    sem_wait(&w.done);
}

static void topics_reach_their_subscribers_in_order(void **state)
{
    (void)state;
    sem_init(&w.done, 0, 0);
    for (size_t i = 0; i < 2; i++) {
        w.loops[i] = loop_new("test");
        loop_start(w.loops[i]);
    }
    w.hub = hub_new(w.loops, 2);
    hub_publish(w.hub, STR("org:1"), STR("lost: nobody listens"));
    on_loop(0, subscribe);
    on_loop(1, subscribe);
    w.wanted = 6;
    hub_publish(w.hub, STR("org:1"), STR("a"));
    hub_publish(w.hub, STR("org:2"), STR("other"));
    hub_publish(w.hub, STR("org:1"), STR("b"));
    hub_publish(w.hub, STR("org:1"), STR("c"));
    sem_wait(&w.done);
    assert_string_equal(w.seen[0], "abc");
    assert_string_equal(w.seen[1], "abc");
    on_loop(0, unsubscribe);
    w.wanted = 7;
    hub_publish(w.hub, STR("org:1"), STR("d"));
    sem_wait(&w.done);
    assert_string_equal(w.seen[0], "abc");
    assert_string_equal(w.seen[1], "abcd");
    on_loop(1, unsubscribe);
    for (size_t i = 0; i < 2; i++)
        loop_stop(w.loops[i]);
    hub_free(w.hub);
    for (size_t i = 0; i < 2; i++)
        loop_free(w.loops[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(topics_reach_their_subscribers_in_order)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

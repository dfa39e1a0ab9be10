/* Loops: tasks of many threads run on the loop's own, in order and once; timers; what is still in
 * the mailbox runs before the thread ends. */
#include "io/loop.h"
#include "base/clock.h"
#include "base/mem.h"

#include <event2/event.h>
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <cmocka.h>

struct mark {
    struct task task;
    struct loop *loop;
    sem_t done;
    bool is_on_loop;
};

static void mark_run(struct task *t)
{
    struct mark *m = CONTAINER_OF(t, struct mark, task);
    m->is_on_loop = loop_is_current(m->loop) && loop_current() == m->loop;
    sem_post(&m->done);
}

static void test_a_task_runs_on_the_loop_thread(void **state)
{
    struct loop *l = loop_new("one");
    struct mark m = {.task = {.run = mark_run}, .loop = l};
    sem_init(&m.done, 0, 0);
    assert_null(loop_current());
    loop_start(l);
    loop_post(l, &m.task);
    sem_wait(&m.done);
    assert_true(m.is_on_loop);
    assert_false(loop_is_current(l));
    loop_stop(l);
    loop_free(l);
    sem_destroy(&m.done);
}

static void test_a_loop_that_never_started_can_be_freed(void **state)
{
    struct loop *l = loop_new("a name longer than the kernel takes");
    loop_stop(l);
    loop_free(l);
    loop_free(NULL);
}

/* ---- many senders ---- */

enum { SENDERS = 4, TASKS_EACH = 20000 };

struct numbered {
    struct task task;
    unsigned sender;
    unsigned number;
};

static unsigned next_of[SENDERS]; /* loop thread only */
static unsigned out_of_order;

static void numbered_run(struct task *t)
{
    struct numbered *n = CONTAINER_OF(t, struct numbered, task);
    if (next_of[n->sender] != n->number)
        out_of_order++;
    next_of[n->sender]++;
}

struct sender {
    struct loop *loop;
    struct numbered *tasks;
    unsigned index;
};

static void *sender_main(void *arg)
{
    struct sender *s = arg;
    for (unsigned i = 0; i < TASKS_EACH; i++) {
        s->tasks[i] =
            (struct numbered){.task = {.run = numbered_run}, .sender = s->index, .number = i};
        loop_post(s->loop, &s->tasks[i].task);
    }
    return NULL;
}

static void test_tasks_of_many_threads_keep_their_order(void **state)
{
    struct loop *l = loop_new("many");
    loop_start(l);
    struct sender senders[SENDERS];
    pthread_t threads[SENDERS];
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){
            .loop = l, .index = i, .tasks = mem_alloc_array(TASKS_EACH, sizeof(struct numbered))};
        assert_int_equal(pthread_create(&threads[i], NULL, sender_main, &senders[i]), 0);
    }
    for (unsigned i = 0; i < SENDERS; i++)
        pthread_join(threads[i], NULL);
    loop_stop(l); /* runs what is left */
    assert_int_equal(out_of_order, 0);
    for (unsigned i = 0; i < SENDERS; i++) {
        assert_int_equal(next_of[i], TASKS_EACH);
        mem_free(senders[i].tasks);
    }
    loop_free(l);
}

/* ---- tasks that post again ---- */

struct chain {
    struct task task;
    struct loop *loop;
    unsigned left;
};

static void chain_run(struct task *t)
{
    struct chain *c = CONTAINER_OF(t, struct chain, task);
    if (--c->left > 0)
        loop_post(c->loop, &c->task);
}

static void test_what_tasks_post_while_stopping_still_runs(void **state)
{
    struct loop *l = loop_new("chain");
    struct chain c = {.task = {.run = chain_run}, .loop = l, .left = 1000};
    loop_post(l, &c.task); /* before the start is fine too */
    loop_start(l);
    loop_stop(l);
    assert_int_equal(c.left, 0);
    loop_free(l);
}

static void test_a_stopped_loop_can_start_again(void **state)
{
    struct loop *l = loop_new("again");
    for (int i = 0; i < 2; i++) {
        struct mark m = {.task = {.run = mark_run}, .loop = l};
        sem_init(&m.done, 0, 0);
        loop_start(l);
        loop_post(l, &m.task);
        loop_stop(l);
        assert_true(m.is_on_loop);
        sem_destroy(&m.done);
    }
    loop_free(l);
}

/* ---- timers ---- */

struct alarm {
    struct task task;
    struct loop *loop;
    struct loop_timer early, late, never;
    int64_t started_us, early_us;
    unsigned fired_early, fired_never, rearmed;
    sem_t done;
};

static void never_fire(struct loop_timer *t)
{
    CONTAINER_OF(t, struct alarm, never)->fired_never++;
}

static void early_fire(struct loop_timer *t)
{
    struct alarm *a = CONTAINER_OF(t, struct alarm, early);
    a->fired_early++;
    a->early_us = clock_mono_us();
    loop_timer_stop(&a->never);
}

static void late_fire(struct loop_timer *t)
{
    struct alarm *a = CONTAINER_OF(t, struct alarm, late);
    if (a->rearmed++ == 0) {
        loop_timer_start(t, 20);
        return;
    }
    loop_timer_free(&a->early);
    loop_timer_free(&a->late);
    loop_timer_free(&a->never);
    loop_timer_stop(&a->never); /* idempotent, also when freed */
    sem_post(&a->done);
}

static void alarm_run(struct task *t)
{
    struct alarm *a = CONTAINER_OF(t, struct alarm, task);
    a->started_us = clock_mono_us();
    loop_timer_init(&a->early, a->loop, early_fire);
    loop_timer_init(&a->late, a->loop, late_fire);
    loop_timer_init(&a->never, a->loop, never_fire);
    loop_timer_start(&a->never, 40);
    loop_timer_start(&a->late, 60);
    loop_timer_start(&a->early, 500); /* started again: the last one counts */
    loop_timer_start(&a->early, 10);
}

static void test_timers_fire_once_and_can_be_stopped(void **state)
{
    struct loop *l = loop_new("timers");
    struct alarm a = {.task = {.run = alarm_run}, .loop = l};
    sem_init(&a.done, 0, 0);
    loop_start(l);
    loop_post(l, &a.task);
    sem_wait(&a.done);
    loop_stop(l);
    assert_int_equal(a.fired_early, 1);
    assert_int_equal(a.fired_never, 0);
    assert_int_equal(a.rearmed, 2);
    assert_true(a.early_us - a.started_us >= 5000); /* the loop's clock is coarse: 4 ms steps */
    loop_free(l);
    sem_destroy(&a.done);
}

/* ---- fairness ---- */

struct greedy {
    struct task task;
    struct loop *loop;
    struct event *event;
    bool is_over;
    sem_t done;
};

static void greedy_again(evutil_socket_t fd, short what, void *arg)
{
    struct greedy *g = arg;
    if (!g->is_over)
        event_active(g->event, EV_TIMEOUT, 0);
}

static void greedy_over(struct task *t)
{
    struct greedy *g = CONTAINER_OF(t, struct greedy, task);
    g->is_over = true;
    event_free(g->event);
    sem_post(&g->done);
}

static void greedy_begin(struct task *t)
{
    struct greedy *g = CONTAINER_OF(t, struct greedy, task);
    g->event = event_new(loop_base(g->loop), -1, 0, greedy_again, g);
    event_active(g->event, EV_TIMEOUT, 0);
    sem_post(&g->done);
}

static void test_an_event_that_wakes_itself_does_not_starve_the_mailbox(void **state)
{
    struct loop *l = loop_new("greedy");
    struct greedy g = {.task = {.run = greedy_begin}, .loop = l};
    sem_init(&g.done, 0, 0);
    loop_start(l);
    loop_post(l, &g.task);
    sem_wait(&g.done);
    g.task.run = greedy_over;
    loop_post(l, &g.task); /* hangs here for ever if the loop never looks up */
    sem_wait(&g.done);
    loop_stop(l);
    loop_free(l);
    sem_destroy(&g.done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_task_runs_on_the_loop_thread),
        cmocka_unit_test(test_a_loop_that_never_started_can_be_freed),
        cmocka_unit_test(test_tasks_of_many_threads_keep_their_order),
        cmocka_unit_test(test_what_tasks_post_while_stopping_still_runs),
        cmocka_unit_test(test_a_stopped_loop_can_start_again),
        cmocka_unit_test(test_timers_fire_once_and_can_be_stopped),
        cmocka_unit_test(test_an_event_that_wakes_itself_does_not_starve_the_mailbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

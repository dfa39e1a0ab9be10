/* Workers: every job once, on a worker that knows its number; a full queue refuses and leaves the
 * job untouched; freeing the pool runs what is queued. */
#include "io/workers.h"

#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <cmocka.h>

enum { THREADS = 3, JOBS = 5000 };

struct job {
    struct task task;
    atomic_uint runs;
    unsigned index;
};

static void job_run(struct task *t)
{
    struct job *j = CONTAINER_OF(t, struct job, task);
    j->index = workers_index();
    atomic_fetch_add(&j->runs, 1);
}

static void test_every_job_runs_once(void **state)
{
    static struct job jobs[JOBS];
    struct workers *w = workers_new("test", THREADS, JOBS);
    for (size_t i = 0; i < JOBS; i++) {
        jobs[i].task.run = job_run;
        assert_int_equal(workers_submit(w, &jobs[i].task), ST_OK);
    }
    workers_free(w);
    for (size_t i = 0; i < JOBS; i++) {
        assert_int_equal(jobs[i].runs, 1);
        assert_true(jobs[i].index < THREADS);
    }
    workers_free(NULL);
}

/* A job that holds its worker until told to go on. */
struct gate {
    struct task task;
    sem_t entered, open;
};

static void gate_run(struct task *t)
{
    struct gate *g = CONTAINER_OF(t, struct gate, task);
    sem_post(&g->entered);
    sem_wait(&g->open);
}

static void test_a_full_queue_refuses(void **state)
{
    struct workers *w = workers_new("full", 1, 2);
    struct gate g = {.task = {.run = gate_run}};
    sem_init(&g.entered, 0, 0);
    sem_init(&g.open, 0, 0);
    assert_int_equal(workers_submit(w, &g.task), ST_OK);
    sem_wait(&g.entered); /* taken from the queue: two places are free */
    struct job jobs[3] = {{.task.run = job_run}, {.task.run = job_run}, {.task.run = job_run}};
    assert_int_equal(workers_submit(w, &jobs[0].task), ST_OK);
    assert_int_equal(workers_submit(w, &jobs[1].task), ST_OK);
    assert_int_equal(workers_queued(w), 2);
    assert_int_equal(workers_submit(w, &jobs[2].task), ST_UNAVAILABLE);
    sem_post(&g.open);
    workers_free(w);
    assert_int_equal(jobs[0].runs, 1);
    assert_int_equal(jobs[1].runs, 1);
    assert_int_equal(jobs[2].runs, 0);
    sem_destroy(&g.entered);
    sem_destroy(&g.open);
}

/* The usual journey: loop -> worker -> back to the loop. */
struct trip {
    struct task task;
    struct loop *loop;
    bool was_on_worker, came_back;
    sem_t done;
};

static void trip_back(struct task *t)
{
    struct trip *p = CONTAINER_OF(t, struct trip, task);
    p->came_back = loop_is_current(p->loop);
    sem_post(&p->done);
}

static void trip_out(struct task *t)
{
    struct trip *p = CONTAINER_OF(t, struct trip, task);
    p->was_on_worker = loop_current() == NULL && workers_index() == 0;
    p->task.run = trip_back;
    loop_post(p->loop, &p->task);
}

static void test_a_worker_answers_a_loop_by_mailbox(void **state)
{
    struct loop *l = loop_new("home");
    struct workers *w = workers_new("away", 1, 8);
    loop_start(l);
    struct trip p = {.task = {.run = trip_out}, .loop = l};
    sem_init(&p.done, 0, 0);
    assert_int_equal(workers_submit(w, &p.task), ST_OK);
    sem_wait(&p.done);
    assert_true(p.was_on_worker);
    assert_true(p.came_back);
    workers_free(w);
    loop_stop(l);
    loop_free(l);
    sem_destroy(&p.done);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_job_runs_once),
        cmocka_unit_test(test_a_full_queue_refuses),
        cmocka_unit_test(test_a_worker_answers_a_loop_by_mailbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Loop threads: one libevent base each. Everything a loop owns is touched only on its thread; others send
 * it a task through its mailbox. Timers and tasks never block.
 *
 * The only room that includes event2/ besides http/ and openrouter/ (which get the base from here). */
#ifndef MAI_LOOP_H
#define MAI_LOOP_H

#include "base/status.h"

struct event_base;
struct loop;

/* A message between threads, embedded in its owner: no allocation to send. Must stay alive and unsent
 * elsewhere until it ran. */
struct task {
    struct task *next;
    void (*run)(struct task *t);
};

/* Creates a loop and its thread (named `name`), not yet running. */
struct loop *loop_new(const char *name);
void loop_start(struct loop *l);
/* Asks the thread to leave its loop after the current turn, waits for it. Tasks still in the mailbox run
 * before it ends. Any other thread. */
void loop_stop(struct loop *l);
void loop_free(struct loop *l);

struct event_base *loop_base(struct loop *l);
bool loop_is_current(const struct loop *l); /* called on this loop's own thread? */
/* The loop this thread runs, or NULL. */
struct loop *loop_current(void);

/* One value a room may keep with each loop (its table of requests, its pool of connections). Set before the
 * loop starts or on its thread; NULL at first; never freed here. */
enum loop_local { LOOP_LOCAL_HTTP, LOOP_LOCAL_UPSTREAM, LOOP_LOCALS_ };
void *loop_local(const struct loop *l, enum loop_local which);
void loop_set_local(struct loop *l, enum loop_local which, void *value);

/* Runs t->run on the loop's thread, in order of posting. Any thread. */
void loop_post(struct loop *l, struct task *t);

/* One-shot timer, embedded in its owner; loop thread only. Stop is idempotent; must be stopped before the
 * memory goes. */
struct loop_timer {
    void *event;
    struct loop *loop;
    void (*fire)(struct loop_timer *t);
};
void loop_timer_init(struct loop_timer *t, struct loop *l, void (*fire)(struct loop_timer *t));
void loop_timer_start(struct loop_timer *t, int64_t after_ms);
void loop_timer_stop(struct loop_timer *t);
void loop_timer_free(struct loop_timer *t);

#endif

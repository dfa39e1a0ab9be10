/* Loop threads; see loop.h.
 *
 * The mailbox is a lock-free stack that the loop takes whole and turns round, so tasks run in order
 * of posting. Only the post that finds the stack empty writes the eventfd: one wake-up per batch.
 * Because no other thread ever touches the event base, the base is made without locks.
 *
 * Threads: loop_post from any; loop_new, loop_start, loop_stop, loop_free from the owner (not the
 * loop itself); the rest on the loop's thread, or anywhere before it starts and after it stopped.
 */
#include "io/loop.h"
#include "base/mem.h"
#include "base/str.h"
#include "io/threads.h"

#include <event2/event.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { CALLBACKS_A_LOOK = 64 }; /* then the kernel is asked what else is ready */
enum { NAME_CAP = 16 }; /* the kernel's limit for thread names */

struct loop {
    struct event_base *base;
    struct event *wake;
    int wake_fd;
    _Atomic(struct task *) mailbox; /* newest first */
    struct task stop;
    bool is_stopping; /* loop thread only */
    bool is_started;  /* owner only */
    pthread_t thread;
    void *locals[LOOP_LOCALS_];
    char name[NAME_CAP];
};

static _Thread_local struct loop *current_loop;

/* ---- mailbox ---- */

static struct task *reversed(struct task *newest)
{
    struct task *oldest = NULL;
    while (newest != NULL) {
        struct task *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

/* Runs one batch; what the tasks post themselves comes with the next one. False when there was
 * none. */
static bool run_batch(struct loop *l)
{
    struct task *t = reversed(atomic_exchange_explicit(&l->mailbox, NULL, memory_order_acquire));
    if (t == NULL)
        return false;
    while (t != NULL) {
        struct task *next = t->next; /* t may be gone or posted again once it ran */
        t->run(t);
        t = next;
    }
    return true;
}

static void on_wake(evutil_socket_t fd, short what, void *arg)
{
    struct loop *l = arg;
    eventfd_t count;
    (void)eventfd_read(fd, &count); /* before the batch: a post after it wakes us again */
    run_batch(l);
}

void loop_post(struct loop *l, struct task *t)
{
    struct task *head = atomic_load_explicit(&l->mailbox, memory_order_relaxed);
    do {
        t->next = head;
    } while (!atomic_compare_exchange_weak_explicit(&l->mailbox, &head, t, memory_order_release,
                                                    memory_order_relaxed));
    if (head == NULL)
        CHECK(eventfd_write(l->wake_fd, 1) == 0);
}

/* ---- life ---- */

static struct event_base *base_new(void)
{
    struct event_config *config = event_config_new();
    CHECK(config != NULL);
    CHECK(event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0);
    /* Else events that activate themselves again (a busy connection) would keep the rest waiting. */
    CHECK(event_config_set_max_dispatch_interval(config, NULL, CALLBACKS_A_LOOK, 0) == 0);
    struct event_base *base = event_base_new_with_config(config);
    event_config_free(config);
    CHECK(base != NULL);
    return base;
}

struct loop *loop_new(const char *name)
{
    struct loop *l = NEW(struct loop);
    str_copy_z(str_sub(str_c(name), 0, NAME_CAP - 1), l->name, sizeof l->name);
    l->base = base_new();
    l->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    CHECK(l->wake_fd >= 0);
    l->wake = event_new(l->base, l->wake_fd, EV_READ | EV_PERSIST, on_wake, l);
    CHECK(l->wake != NULL && event_add(l->wake, NULL) == 0);
    return l;
}

static void *loop_main(void *arg)
{
    struct loop *l = arg;
    current_loop = l;
    while (!l->is_stopping)
        CHECK(event_base_loop(l->base, EVLOOP_NO_EXIT_ON_EMPTY) >= 0);
    while (run_batch(l))
        ;
    current_loop = NULL;
    return NULL;
}

void loop_start(struct loop *l)
{
    CHECK(!l->is_started);
    l->is_stopping = false;
    l->thread = thread_start(l->name, loop_main, l);
    l->is_started = true;
}

static void stop_run(struct task *t)
{
    struct loop *l = CONTAINER_OF(t, struct loop, stop);
    l->is_stopping = true;
    event_base_loopbreak(l->base);
}

void loop_stop(struct loop *l)
{
    if (!l->is_started)
        return;
    CHECK(current_loop != l);
    l->stop.run = stop_run;
    loop_post(l, &l->stop);
    CHECK(pthread_join(l->thread, NULL) == 0);
    l->is_started = false;
}

void loop_free(struct loop *l)
{
    if (l == NULL)
        return;
    CHECK(!l->is_started);
    event_free(l->wake);
    close(l->wake_fd);
    event_base_free(l->base);
    mem_free(l);
}

struct event_base *loop_base(struct loop *l)
{
    return l->base;
}

bool loop_is_current(const struct loop *l)
{
    return current_loop == l;
}

struct loop *loop_current(void)
{
    return current_loop;
}

void *loop_local(const struct loop *l, enum loop_local which)
{
    return l->locals[which];
}

void loop_set_local(struct loop *l, enum loop_local which, void *value)
{
    l->locals[which] = value;
}

/* ---- timers ---- */

static void on_timer(evutil_socket_t fd, short what, void *arg)
{
    struct loop_timer *t = arg;
    t->fire(t);
}

void loop_timer_init(struct loop_timer *t, struct loop *l, void (*fire)(struct loop_timer *t))
{
    *t = (struct loop_timer){.loop = l, .fire = fire};
    t->event = event_new(l->base, -1, 0, on_timer, t);
    CHECK(t->event != NULL);
}

void loop_timer_start(struct loop_timer *t, int64_t after_ms)
{
    int64_t ms = after_ms > 0 ? after_ms : 0;
    struct timeval tv = {.tv_sec = ms / 1000, .tv_usec = (ms % 1000) * 1000};
    CHECK(event_add(t->event, &tv) == 0);
}

void loop_timer_stop(struct loop_timer *t)
{
    if (t->event != NULL)
        event_del(t->event);
}

void loop_timer_free(struct loop_timer *t)
{
    if (t->event != NULL)
        event_free(t->event);
    t->event = NULL;
}

/* The server's end of DATA_DIR/mai.sock; see control.h. One thread accepts, a few workers run commands, each with its
 * own connection to the store. Output goes to the caller as it comes; a caller that went away does not undo a
 * command, it only ends long lists.
 *
 * `active` holds the connections of running commands, under the lock. Stopping lets them end (a new key must still
 * reach its reader), but not for long: then they are cut, so that nobody who forgot to read keeps the server. */
#include "cli/control.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/version.h"
#include "cli/args.h"
#include "cli/wire.h"
#include "io/threads.h"

#include <errno.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { COMMANDS_AT_ONCE = 4, COMMANDS_WAITING = 16, REQUEST_TIMEOUT_S = 10, LAST_WORDS_S = 5, ARENA_BYTES = 1 << 20 };

struct caller {
    struct task task;
    struct control *control;
    struct caller *next, **link;
    int fd;
};

struct control {
    struct gateway *g;
    struct workers *workers;
    pthread_t thread;
    int listen_fd, stop_fd;
    pthread_mutex_t lock;
    pthread_cond_t ended;  /* somebody left `active` */
    struct caller *active; /* under the lock */
};

/* ---- one command ---- */

struct frame_out {
    struct printer out;
    int fd;
};

static bool send_frames(struct printer *o, enum print_stream to, str bytes)
{
    int fd = CONTAINER_OF(o, struct frame_out, out)->fd;
    while (bytes.n != 0) {
        str piece = str_sub(bytes, 0, WIRE_FRAME_MAX_BYTES);
        if (wire_send_frame(fd, to == PRINT_STDOUT ? WIRE_STDOUT : WIRE_STDERR, piece) != ST_OK)
            return false;
        bytes = str_from(bytes, piece.n);
    }
    return true;
}

static int run_words(struct control *c, const struct wire_request *r, const struct args *args, struct printer *o)
{
    struct command_call call = {
        .args = args, .secrets = r->secrets, .host = client_host_of(c->g), .out = o};
    int64_t start_us = clock_mono_us();
    call.host.management_key = r->secrets.provisioning_key;
    int code = command_run(&call, args->command);
    log_info("command", LF_Z("name", args->command->name), LF_INT("exit", code),
             LF_INT("ms", (clock_mono_us() - start_us) / 1000));
    return code;
}

static int run_request(struct control *c, const struct wire_request *r, struct printer *o)
{
    struct args args;
    struct err e = {0};
    if (!str_eq(r->version, STR(MAI_VERSION))) {
        print_error(o, "The running server is mAI %s and this command is mAI %.*s: use the server's own, or restart it",
                  MAI_VERSION, STR_ARG(r->version));
        return EXIT_FAILED;
    }
    if (args_parse(r->words, r->word_count, &args, &e) != ST_OK) {
        print_error(o, "%s", e.text);
        return EXIT_USAGE;
    }
    if (args.command == NULL || args.wants_help || args.command->run == NULL) {
        print_error(o, "This command does not run in the server");
        return EXIT_USAGE;
    }
    return run_words(c, r, &args, o);
}

static void answer(struct control *c, int fd)
{
    struct frame_out o = {.fd = fd};
    struct wire_request r;
    struct arena a MAI_AUTO(arena_free);
    arena_init(&a, ARENA_BYTES);
    print_init(&o.out, send_frames);
    status st = wire_read_request(fd, &a, &r);
    if (st == ST_OK) {
        char code = (char)run_request(c, &r, &o.out);
        print_flush(&o.out);
        (void)wire_send_frame(fd, WIRE_EXIT, (str){&code, 1}); /* whoever left does not miss it */
    } else if (r.raw != NULL || st != ST_UPSTREAM) { /* who says nothing only looked whether we are here */
        log_warn("a command could not be read from its socket", LF_Z("reason", status_name(st)));
    }
    wire_request_wipe(&r);
    print_free(&o.out);
}

/* ---- connections ---- */

static void caller_add(struct caller *k)
{
    struct control *c = k->control;
    pthread_mutex_lock(&c->lock);
    k->next = c->active;
    k->link = &c->active;
    if (k->next != NULL)
        k->next->link = &k->next;
    c->active = k;
    pthread_mutex_unlock(&c->lock);
}

static void caller_end(struct caller *k)
{
    struct control *c = k->control;
    pthread_mutex_lock(&c->lock);
    *k->link = k->next;
    if (k->next != NULL)
        k->next->link = k->link;
    pthread_cond_signal(&c->ended);
    pthread_mutex_unlock(&c->lock);
    close(k->fd);
    mem_free(k);
}

/* Under the lock. */
static void shut_all(struct control *c, int how)
{
    for (struct caller *k = c->active; k != NULL; k = k->next)
        shutdown(k->fd, how);
}

/* Requests that are not read yet never will be; answers may end. */
static void end_all(struct control *c)
{
    struct timespec until;
    int waited = 0;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += LAST_WORDS_S;
    pthread_mutex_lock(&c->lock);
    shut_all(c, SHUT_RD);
    while (c->active != NULL && waited == 0)
        waited = pthread_cond_timedwait(&c->ended, &c->lock, &until);
    shut_all(c, SHUT_RDWR);
    pthread_mutex_unlock(&c->lock);
}

static void run_caller(struct task *t)
{
    struct caller *k = CONTAINER_OF(t, struct caller, task);
    answer(k->control, k->fd);
    caller_end(k);
}

static void refuse_busy(int fd)
{
    char code = EXIT_FAILED;
    str words = STR("mai: The server runs too many commands at once; try again shortly\n");
    if (wire_send_frame(fd, WIRE_STDERR, words) == ST_OK)
        (void)wire_send_frame(fd, WIRE_EXIT, (str){&code, 1});
}

static void take_caller(struct control *c, int fd)
{
    struct timeval patience = {.tv_sec = REQUEST_TIMEOUT_S};
    if (!wire_peer_is_trusted(fd)) {
        log_warn("a command of another user was refused");
        close(fd);
        return;
    }
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    struct caller *k = NEW(struct caller);
    *k = (struct caller){.task.run = run_caller, .control = c, .fd = fd};
    caller_add(k);
    if (workers_submit(c->workers, &k->task) == ST_OK)
        return;
    refuse_busy(fd);
    caller_end(k);
}

/* ---- thread ---- */

static void *accept_run(void *arg)
{
    struct control *c = arg;
    struct pollfd waits[2] = {{.fd = c->listen_fd, .events = POLLIN}, {.fd = c->stop_fd, .events = POLLIN}};
    for (;;) {
        if (poll(waits, COUNT_OF(waits), -1) < 0 && errno != EINTR)
            break;
        if (waits[1].revents != 0)
            break;
        if ((waits[0].revents & POLLIN) == 0)
            continue;
        int fd = accept4(c->listen_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            take_caller(c, fd);
        else if (errno == EMFILE || errno == ENFILE)
            poll(&waits[1], 1, 100); /* out of descriptors: no spinning */
    }
    return NULL;
}

status control_start(struct gateway *g, struct control **out, struct err *e)
{
    int fd;
    status st = wire_listen(store_data_dir(g->store), &fd, e);
    if (st != ST_OK)
        return st;
    struct control *c = NEW(struct control);
    c->g = g;
    c->listen_fd = fd;
    c->stop_fd = eventfd(0, EFD_CLOEXEC);
    CHECK(c->stop_fd >= 0);
    pthread_mutex_init(&c->lock, NULL);
    pthread_cond_init(&c->ended, NULL);
    c->workers = workers_new("command", COMMANDS_AT_ONCE, COMMANDS_WAITING);
    c->thread = thread_start("control", accept_run, c);
    *out = c;
    return ST_OK;
}

void control_stop(struct control *c)
{
    uint64_t one = 1;
    if (c == NULL)
        return;
    CHECK(write(c->stop_fd, &one, sizeof one) == (ssize_t)sizeof one);
    pthread_join(c->thread, NULL);
    wire_unlink(store_data_dir(c->g->store));
    close(c->listen_fd);
    end_all(c);
    workers_free(c->workers);
    close(c->stop_fd);
    pthread_cond_destroy(&c->ended);
    pthread_mutex_destroy(&c->lock);
    mem_free(c);
}

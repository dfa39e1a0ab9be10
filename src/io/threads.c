/* Starting threads; see threads.h. */
#include "io/threads.h"

#include <signal.h>
#include <stdio.h>

enum { NAME_CAP = 16 }; /* the kernel's limit, with the NUL */

/* Only the signals of the thread's own faults stay on. */
static void block_signals(sigset_t *before)
{
    static const int own_faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGPROF};
    sigset_t all;
    sigfillset(&all);
    for (size_t i = 0; i < COUNT_OF(own_faults); i++)
        sigdelset(&all, own_faults[i]);
    CHECK(pthread_sigmask(SIG_BLOCK, &all, before) == 0);
}

pthread_t thread_start(const char *name, void *(*run)(void *arg), void *arg)
{
    pthread_t thread;
    sigset_t before;
    block_signals(&before);
    CHECK(pthread_create(&thread, NULL, run, arg) == 0);
    CHECK(pthread_sigmask(SIG_SETMASK, &before, NULL) == 0);
    char cut[NAME_CAP];
    snprintf(cut, sizeof cut, "%.15s", name);
    pthread_setname_np(thread, cut);
    return thread;
}

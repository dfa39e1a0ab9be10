/* How this room starts its threads: named, and deaf to signals, which are the main thread's. */
#ifndef MAI_THREADS_H
#define MAI_THREADS_H

#include "base/base.h"

#include <pthread.h>

/* Stops the process when no thread can be made. The name is cut to 15 bytes. */
pthread_t thread_start(const char *name, void *(*run)(void *arg), void *arg);

#endif

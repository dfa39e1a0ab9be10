/* What every file needs: compiler marks, CHECK, ownership helpers.
 *
 * Bugs stop the process: CHECK stays on in release builds. Expected failures return a `status`
 * (status.h). This header has no dependencies inside mAI. */
#ifndef MAI_BASE_H
#define MAI_BASE_H

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define NODISCARD [[nodiscard]]
#define PRINTF_LIKE(fmt, first) __attribute__((format(printf, fmt, first)))
#define NORETURN __attribute__((noreturn))
#define COLD __attribute__((cold))

/* Run `fn(&var)` when the variable leaves its scope. */
#define MAI_AUTO(fn) __attribute__((cleanup(fn)))
/* Move a pointer out of its owner. */
#define MAI_TAKE(p)                                                                                \
    ({                                                                                             \
        typeof(p) take_ = (p);                                                                     \
        (p) = NULL;                                                                                \
        take_;                                                                                     \
    })

#define COUNT_OF(a) (sizeof(a) / sizeof((a)[0]))
#define CONTAINER_OF(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

/* Stops the process with file, line and text when `cond` is false. Never compiled out. */
#define CHECK(cond) ((cond) ? (void)0 : check_failed(__FILE__, __LINE__, #cond))
#define UNREACHABLE() check_failed(__FILE__, __LINE__, "unreachable")

NORETURN COLD void check_failed(const char *file, int line, const char *text);

#endif

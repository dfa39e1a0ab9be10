/* See figures.h. */
#include "figures.h"
#include "base/mem.h"

#include <stdlib.h>
#include <time.h>

enum { SAMPLES_MAX = 8 * 1000 * 1000 };

int64_t now_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

void figures_free(struct figures *f)
{
    mem_free(f->ns);
    *f = (struct figures){0};
}

void figures_add(struct figures *f, int64_t ns)
{
    if (f->count == SAMPLES_MAX)
        return;
    if (f->count == f->cap) {
        f->cap = f->cap != 0 ? f->cap * 2 : 1024;
        f->ns = mem_resize(f->ns, f->cap * sizeof(*f->ns));
    }
    f->ns[f->count++] = ns;
    f->is_sorted = false;
}

static int compare(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

int64_t figures_quantile(struct figures *f, double q)
{
    if (f->count == 0)
        return 0;
    if (!f->is_sorted)
        qsort(f->ns, f->count, sizeof(*f->ns), compare);
    f->is_sorted = true;
    return f->ns[(size_t)((double)(f->count - 1) * q + 0.5)];
}

size_t figures_above(const struct figures *f, int64_t ns)
{
    size_t n = 0;
    for (size_t i = 0; i < f->count; i++)
        n += f->ns[i] > ns;
    return n;
}

static double us(int64_t ns)
{
    return (double)ns / 1000.0;
}

void figures_write(struct figures *f, const char *name, struct buf *out)
{
    buf_addf(
        out,
        "\"%s\":{\"count\":%zu,\"p50_us\":%.2f,\"p90_us\":%.2f,\"p99_us\":%.2f,\"max_us\":%.2f}",
        name, f->count, us(figures_quantile(f, 0.5)), us(figures_quantile(f, 0.9)),
        us(figures_quantile(f, 0.99)), us(figures_quantile(f, 1.0)));
}

/* Samples of one measure, and their quantiles. Times are nanoseconds. One thread. */
#ifndef BENCH_FIGURES_H
#define BENCH_FIGURES_H

#include "base/buf.h"

struct figures {
    int64_t *ns;
    size_t count;
    size_t cap;
    bool is_sorted;
};

void figures_free(struct figures *f);
/* Up to some millions are kept; further ones are dropped. */
void figures_add(struct figures *f, int64_t ns);
/* 0 of no samples. q in 0..1. */
int64_t figures_quantile(struct figures *f, double q);
size_t figures_above(const struct figures *f, int64_t ns);
/* Appends "name":{"count":..,"p50_us":..,"p90_us":..,"p99_us":..,"max_us":..}. */
void figures_write(struct figures *f, const char *name, struct buf *out);

int64_t now_ns(void); /* monotonic */

#endif

/* What the modes of the load client share. */
#ifndef BENCH_LOAD_H
#define BENCH_LOAD_H

#include "net.h"

enum { TARGETS_MAX = 8, RECEIVE_BYTES = 64 * 1024 };

struct load {
    struct target targets[TARGETS_MAX];
    size_t target_count;
    str sync_file; /* latency: write and fdatasync here too; empty: do not */
    int64_t rounds;
    int64_t warmup;
    int64_t connections;
    int64_t total;       /* streams: how many in all; at least `connections` */
    int64_t ramp_ms;     /* streams: the first ones start over so long */
    int64_t break_after; /* streams: hang up after 0 .. break_after - 1 events; 0: never */
    int64_t pace_ms;     /* streams: a gap above ten times this is a stall; 0: none is counted */
    int64_t duration_ms; /* closed: how long; others: give up after */
    bool is_stream;      /* latency: answers are event streams */
};

/* Each appends one JSON object to `out`. A failure is one that makes the figures worthless. */
NODISCARD status latency_run(const struct load *l, struct buf *out, struct err *e);
NODISCARD status closed_run(const struct load *l, struct buf *out, struct err *e);
NODISCARD status streams_run(const struct load *l, struct buf *out, struct err *e);

#endif

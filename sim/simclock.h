/* The simulator's own wall clock: runs with the machine's, from any chosen time, or stands still.
 * One thread. */
#ifndef SIM_CLOCK_H
#define SIM_CLOCK_H

#include "base/clock.h"

int64_t sim_now_ms(void);
void sim_clock_set(int64_t utc_ms); /* keeps running (or standing) from there */
void sim_clock_advance(int64_t by_ms);
void sim_clock_freeze(bool is_frozen);
bool sim_clock_is_frozen(void);

/* Numbers of the current UTC day, Monday-Sunday week and calendar month: equal numbers = same
 * period. */
struct periods {
    int64_t day, week, month;
};
struct periods sim_periods(int64_t utc_ms);

#endif

/* Settable clock; see simclock.h. */
#include "simclock.h"

static int64_t offset_ms;
static int64_t frozen_ms;
static bool is_standing;

int64_t sim_now_ms(void)
{
    return is_standing ? frozen_ms : clock_now_ms() + offset_ms;
}

void sim_clock_set(int64_t utc_ms)
{
    offset_ms = utc_ms - clock_now_ms();
    frozen_ms = utc_ms;
}

void sim_clock_advance(int64_t by_ms)
{
    offset_ms += by_ms;
    frozen_ms += by_ms;
}

void sim_clock_freeze(bool is_frozen)
{
    if (is_frozen == is_standing)
        return;
    if (is_frozen)
        frozen_ms = sim_now_ms();
    else
        offset_ms = frozen_ms - clock_now_ms();
    is_standing = is_frozen;
}

bool sim_clock_is_frozen(void)
{
    return is_standing;
}

struct periods sim_periods(int64_t utc_ms)
{
    int64_t day = utc_ms / MS_PER_DAY;
    struct civil c = civil_from_ms(utc_ms);
    return (struct periods){
        .day = day,
        .week = (day + 3) / 7, /* 1970-01-01 was a Thursday */
        .month = (int64_t)c.year * 12 + c.month,
    };
}

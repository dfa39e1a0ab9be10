/* Time. Wall time is UTC milliseconds since 1970; durations come from the monotonic clock. */
#ifndef MAI_CLOCK_H
#define MAI_CLOCK_H

#include "base/str.h"

#define MS_PER_SECOND INT64_C(1000)
#define MS_PER_HOUR INT64_C(3600000)
#define MS_PER_DAY INT64_C(86400000)

int64_t clock_now_ms(void); /* wall time; any thread */
int64_t clock_mono_us(void);
/* Tests only: wall time becomes the real one plus this offset. */
void clock_set_offset_ms(int64_t offset_ms);

struct civil {
    int year;
    int month; /* 1..12 */
    int day;   /* 1..31 */
    int hour, minute, second;
    int millisecond;
};

/* Proleptic Gregorian, UTC, any int64 that stays within year +-200000. */
struct civil civil_from_ms(int64_t utc_ms);
int64_t civil_to_ms(struct civil c); /* month may be out of 1..12: it carries into the year */

enum { ISO_TIME_CAP = 32 };
/* "2026-11-23T15:30:00.123Z"; the date part is "2026-11-23". dst must hold ISO_TIME_CAP. */
void iso_from_ms(int64_t utc_ms, char *dst);
void iso_date_from_ms(int64_t utc_ms, char *dst);
/* ISO 8601 with Z or an offset, fraction optional; or a bare date (its 00:00 UTC). */
NODISCARD status iso_to_ms(str s, int64_t *out);

#endif

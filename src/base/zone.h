/* Time zones of the machine's tzdata (/usr/share/zoneinfo), read once and shared. Days and months of an
 * organization are cut here, so a day can have 23 or 25 hours. */
#ifndef MAI_ZONE_H
#define MAI_ZONE_H

#include "base/clock.h"

struct zone; /* immutable, lives until the process ends; any thread */

/* By IANA name ("Europe/Warsaw", "UTC"). ST_NOT_FOUND for an unknown or malformed name. */
NODISCARD status zone_find(str name, const struct zone **out);
const struct zone *zone_utc(void);
str zone_name(const struct zone *z);

int64_t zone_offset_ms(const struct zone *z, int64_t utc_ms);
struct civil zone_civil(const struct zone *z, int64_t utc_ms); /* local wall time */
/* The first instant whose local date is that date or later (a midnight that does not exist: the first
 * instant after the gap). month may be out of 1..12. */
int64_t zone_date_start_ms(const struct zone *z, int year, int month, int day);
int64_t zone_day_start_ms(const struct zone *z, int64_t utc_ms);
int64_t zone_next_day_start_ms(const struct zone *z, int64_t utc_ms);
int64_t zone_month_start_ms(const struct zone *z, int64_t utc_ms);
int64_t zone_next_month_start_ms(const struct zone *z, int64_t utc_ms);

#endif

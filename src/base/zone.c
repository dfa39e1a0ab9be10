/* tzdata reader (RFC 8536, version 2 block and POSIX footer); see zone.h. Zones are kept in a table
 * that only grows, under a lock that is taken only by zone_find. */
#include "base/zone.h"
#include "base/mem.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

struct rule { /* one end of daylight saving in the footer: Mm.w.d/time */
    int month, week, weekday;
    int64_t at_s;
};

struct zone {
    struct zone *next;
    char name[64];
    size_t count;
    int64_t *at_s;     /* ascending transition instants */
    int32_t *offset_s; /* offset from that instant on */
    int32_t first_offset_s;
    int32_t std_s, dst_s; /* after the last transition */
    bool has_dst;
    struct rule dst_start, dst_end;
};

static struct zone utc_zone = {.name = "UTC"};
static struct zone *zones = &utc_zone;
static pthread_mutex_t zones_lock = PTHREAD_MUTEX_INITIALIZER;

const struct zone *zone_utc(void)
{
    return &utc_zone;
}

str zone_name(const struct zone *z)
{
    return str_c(z->name);
}

/* ---- reading a file ---- */

static int64_t be(const unsigned char *p, int bytes)
{
    uint64_t v = (p[0] & 0x80) != 0 ? ~UINT64_C(0) : 0;
    for (int i = 0; i < bytes; i++)
        v = v << 8 | p[i];
    return (int64_t)v;
}

struct counts {
    size_t isut, isstd, leap, time, type, chars;
};

static bool read_counts(str s, struct counts *c)
{
    const unsigned char *p = (const unsigned char *)s.p;
    if (s.n < 44 || memcmp(p, "TZif", 4) != 0)
        return false;
    size_t *to[] = {&c->isut, &c->isstd, &c->leap, &c->time, &c->type, &c->chars};
    for (size_t i = 0; i < COUNT_OF(to); i++) {
        int64_t v = be(p + 20 + 4 * i, 4);
        if (v < 0 || v > 100000)
            return false;
        *to[i] = (size_t)v;
    }
    return c->type != 0;
}

static size_t block_bytes(const struct counts *c, size_t time_bytes)
{
    return c->time * (time_bytes + 1) + c->type * 6 + c->chars + c->leap * (time_bytes + 4) +
           c->isstd + c->isut;
}

static bool take_number(str *s, int64_t *out)
{
    size_t n = 0;
    uint64_t v = 0;
    while (n < s->n && s->p[n] >= '0' && s->p[n] <= '9')
        n++;
    if (n == 0 || n > 9 || str_to_u64(str_sub(*s, 0, n), &v) != ST_OK)
        return false;
    *s = str_from(*s, n);
    *out = (int64_t)v;
    return true;
}

static bool take(str *s, char c)
{
    if (s->n == 0 || s->p[0] != c)
        return false;
    *s = str_from(*s, 1);
    return true;
}

static bool take_hms(str *s, int64_t *out)
{
    int sign = take(s, '-') ? -1 : 1;
    int64_t h, m = 0, sec = 0;
    (void)take(s, '+');
    if (!take_number(s, &h))
        return false;
    if (take(s, ':') && !take_number(s, &m))
        return false;
    if (take(s, ':') && !take_number(s, &sec))
        return false;
    *out = sign * (h * 3600 + m * 60 + sec);
    return true;
}

static bool take_abbreviation(str *s)
{
    size_t n = 0;
    if (take(s, '<')) {
        n = str_find_char(*s, '>');
        if (n == s->n)
            return false;
        *s = str_from(*s, n + 1);
        return true;
    }
    while (n < s->n && ((s->p[n] >= 'A' && s->p[n] <= 'Z') || (s->p[n] >= 'a' && s->p[n] <= 'z')))
        n++;
    *s = str_from(*s, n);
    return n >= 3;
}

static bool take_rule(str *s, struct rule *r)
{
    int64_t month, week, day;
    if (!take(s, ',') || !take(s, 'M') || !take_number(s, &month) || !take(s, '.') ||
        !take_number(s, &week) || !take(s, '.') || !take_number(s, &day))
        return false;
    r->month = (int)month;
    r->week = (int)week;
    r->weekday = (int)day;
    r->at_s = 7200;
    if (take(s, '/') && !take_hms(s, &r->at_s))
        return false;
    return month >= 1 && month <= 12 && week >= 1 && week <= 5 && day <= 6;
}

/* "CET-1CEST,M3.5.0,M10.5.0/3"; rules by day of year do not occur in tzdata today. */
static bool read_footer(struct zone *z, str s)
{
    int64_t west;
    if (!take_abbreviation(&s) || !take_hms(&s, &west))
        return false;
    z->std_s = (int32_t)-west;
    z->dst_s = z->std_s + 3600;
    if (s.n == 0)
        return true;
    if (!take_abbreviation(&s))
        return false;
    if (s.n != 0 && s.p[0] != ',') {
        if (!take_hms(&s, &west))
            return false;
        z->dst_s = (int32_t)-west;
    }
    z->has_dst = take_rule(&s, &z->dst_start) && take_rule(&s, &z->dst_end);
    return z->has_dst;
}

static bool read_block(struct zone *z, str s, const struct counts *c)
{
    if (s.n < block_bytes(c, 8))
        return false;
    const unsigned char *times = (const unsigned char *)s.p;
    const unsigned char *index = times + c->time * 8;
    const unsigned char *types = index + c->time;
    z->count = c->time;
    z->at_s = mem_alloc_array(c->time, sizeof *z->at_s);
    z->offset_s = mem_alloc_array(c->time, sizeof *z->offset_s);
    z->first_offset_s = (int32_t)be(types, 4);
    for (size_t i = 0; i < c->time; i++) {
        if (index[i] >= c->type)
            return false;
        z->at_s[i] = be(times + 8 * i, 8);
        z->offset_s[i] = (int32_t)be(types + 6 * (size_t)index[i], 4);
    }
    z->std_s = c->time != 0 ? z->offset_s[c->time - 1] : z->first_offset_s;
    s = str_from(s, block_bytes(c, 8));
    if (!take(&s, '\n'))
        return false;
    size_t end = str_find_char(s, '\n');
    return end == 0 || read_footer(z, str_sub(s, 0, end));
}

static bool zone_parse(struct zone *z, str s)
{
    struct counts c;
    if (!read_counts(s, &c) || s.p[4] < '2')
        return false;
    s = str_from(s, 44 + block_bytes(&c, 4));
    if (!read_counts(s, &c))
        return false;
    return read_block(z, str_from(s, 44), &c);
}

/* Zones begin with a capital; what does not are other files, and right/, whose clocks count leap seconds. */
static bool is_zone_name(str name)
{
    if (name.n == 0 || name.n >= sizeof utc_zone.name || name.p[0] < 'A' || name.p[0] > 'Z')
        return false;
    for (size_t i = 0; i < name.n; i++) {
        char c = name.p[i];
        bool ok = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                  c == '/' || c == '_' || c == '-' || c == '+';
        if (!ok)
            return false;
    }
    return true;
}

static struct zone *zone_load(str name)
{
    char path[128];
    static char bytes[65536]; /* guarded by zones_lock */
    snprintf(path, sizeof path, "/usr/share/zoneinfo/%.*s", STR_ARG(name));
    FILE *f = fopen(path, "rbe");
    if (f == NULL)
        return NULL;
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    struct zone *z = NEW(struct zone);
    if (!zone_parse(z, (str){bytes, n})) {
        mem_free(z->at_s);
        mem_free(z->offset_s);
        mem_free(z);
        return NULL;
    }
    (void)str_copy_z(name, z->name, sizeof z->name);
    return z;
}

status zone_find(str name, const struct zone **out)
{
    if (!is_zone_name(name))
        return ST_NOT_FOUND;
    pthread_mutex_lock(&zones_lock);
    struct zone *z = zones;
    while (z != NULL && !str_eq(str_c(z->name), name))
        z = z->next;
    if (z == NULL && (z = zone_load(name)) != NULL) {
        z->next = zones;
        zones = z;
    }
    pthread_mutex_unlock(&zones_lock);
    if (z == NULL)
        return ST_NOT_FOUND;
    *out = z;
    return ST_OK;
}

/* ---- offsets ---- */

/* The UTC second at which the rule fires in that year, given the offset in force before it. */
static int64_t rule_instant_s(const struct rule *r, int year, int32_t offset_s)
{
    int64_t first = civil_to_ms((struct civil){.year = year, .month = r->month, .day = 1}) / 1000;
    int64_t next = civil_to_ms((struct civil){.year = year, .month = r->month + 1, .day = 1}) / 1000;
    int weekday = (int)(((first / 86400 + 4) % 7 + 7) % 7); /* 1970-01-01 was a Thursday */
    int64_t day = first + ((r->weekday - weekday + 7) % 7 + 7 * (r->week - 1)) * INT64_C(86400);
    while (day >= next)
        day -= 7 * 86400;
    return day + r->at_s - offset_s;
}

static int32_t footer_offset_s(const struct zone *z, int64_t utc_s)
{
    if (!z->has_dst)
        return z->std_s;
    int year = civil_from_ms((utc_s + z->std_s) * MS_PER_SECOND).year;
    int64_t start = rule_instant_s(&z->dst_start, year, z->std_s);
    int64_t end = rule_instant_s(&z->dst_end, year, z->dst_s);
    bool is_dst = start < end ? utc_s >= start && utc_s < end : utc_s >= start || utc_s < end;
    return is_dst ? z->dst_s : z->std_s;
}

static int32_t offset_at_s(const struct zone *z, int64_t utc_s)
{
    if (z->count == 0 || utc_s >= z->at_s[z->count - 1])
        return footer_offset_s(z, utc_s);
    if (utc_s < z->at_s[0])
        return z->first_offset_s;
    size_t lo = 0, hi = z->count - 1;
    while (hi - lo > 1) {
        size_t mid = lo + (hi - lo) / 2;
        if (z->at_s[mid] <= utc_s)
            lo = mid;
        else
            hi = mid;
    }
    return z->offset_s[lo];
}

int64_t zone_offset_ms(const struct zone *z, int64_t utc_ms)
{
    int64_t utc_s = utc_ms / 1000 - (utc_ms % 1000 < 0);
    return offset_at_s(z, utc_s) * MS_PER_SECOND;
}

struct civil zone_civil(const struct zone *z, int64_t utc_ms)
{
    return civil_from_ms(utc_ms + zone_offset_ms(z, utc_ms));
}

int64_t zone_date_start_ms(const struct zone *z, int year, int month, int day)
{
    int64_t local = civil_to_ms((struct civil){.year = year, .month = month, .day = day});
    /* Local time is ascending except where clocks go back, and no zone has two changes within two days
     * of each other that matter here: look for the first UTC instant whose local time reaches `local`. */
    int64_t early = local - zone_offset_ms(z, local - MS_PER_DAY);
    int64_t late = local - zone_offset_ms(z, local + MS_PER_DAY);
    int64_t lo = (early < late ? early : late) - 2 * MS_PER_HOUR;
    int64_t hi = (early > late ? early : late) + 2 * MS_PER_HOUR;
    if (early == late && early + zone_offset_ms(z, early) == local &&
        early - 1 + zone_offset_ms(z, early - 1) == local - 1)
        return early;
    for (int64_t t = lo; t <= hi; t += 60000 - ((t % 60000) + 60000) % 60000)
        if (t + zone_offset_ms(z, t) >= local)
            return t;
    return late;
}

int64_t zone_day_start_ms(const struct zone *z, int64_t utc_ms)
{
    struct civil c = zone_civil(z, utc_ms);
    return zone_date_start_ms(z, c.year, c.month, c.day);
}

int64_t zone_next_day_start_ms(const struct zone *z, int64_t utc_ms)
{
    struct civil c = zone_civil(z, utc_ms);
    struct civil next = civil_from_ms(
        civil_to_ms((struct civil){.year = c.year, .month = c.month, .day = c.day}) + MS_PER_DAY);
    return zone_date_start_ms(z, next.year, next.month, next.day);
}

int64_t zone_month_start_ms(const struct zone *z, int64_t utc_ms)
{
    struct civil c = zone_civil(z, utc_ms);
    return zone_date_start_ms(z, c.year, c.month, 1);
}

int64_t zone_next_month_start_ms(const struct zone *z, int64_t utc_ms)
{
    struct civil c = zone_civil(z, utc_ms);
    return zone_date_start_ms(z, c.year, c.month + 1, 1);
}

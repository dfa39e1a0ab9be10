/* Dates and times in the reader's language; Unix seconds in. A usage day is a text `YYYY-MM-DD` cut in
 * the organization's zone and is never shifted. */

const cache = new Map<string, Intl.DateTimeFormat>();

function formatter(locale: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = locale + JSON.stringify(options);
  let found = cache.get(key);
  if (!found) {
    found = new Intl.DateTimeFormat(locale, options);
    cache.set(key, found);
  }
  return found;
}

export function dateTime(locale: string, seconds: number): string {
  return formatter(locale, { dateStyle: 'medium', timeStyle: 'short' }).format(seconds * 1000);
}

export function date(locale: string, seconds: number, timeZone?: string): string {
  return formatter(locale, { dateStyle: 'medium', timeZone }).format(seconds * 1000);
}

export function clock(locale: string, seconds: number, timeZone?: string): string {
  return formatter(locale, { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23', timeZone }).format(
    seconds * 1000,
  );
}

/* "23 Nov" of `2026-11-23`. */
export function dayLabel(locale: string, isoDay: string, withYear = false): string {
  const at = Date.parse(`${isoDay}T12:00:00Z`);
  if (Number.isNaN(at)) return isoDay;
  return formatter(locale, { day: 'numeric', month: 'short', year: withYear ? 'numeric' : undefined, timeZone: 'UTC' }).format(at);
}

/* The calendar day of an instant in a zone, as `YYYY-MM-DD`. */
export function isoDay(seconds: number, timeZone?: string): string {
  const parts = formatter('en-US', { year: 'numeric', month: '2-digit', day: '2-digit', timeZone }).formatToParts(seconds * 1000);
  const part = (type: string): string => parts.find((p) => p.type === type)?.value ?? '';
  return `${part('year')}-${part('month')}-${part('day')}`;
}

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
];

/* "3 hours ago". */
export function ago(locale: string, seconds: number, now: number): string {
  const passed = now - seconds;
  const format = new Intl.RelativeTimeFormat(locale, { numeric: 'auto' });
  for (const [unit, length] of STEPS) {
    if (passed >= length) return format.format(-Math.floor(passed / length), unit);
  }
  return format.format(0, 'minute');
}

export type Group = 'today' | 'yesterday' | 'week' | 'month' | { year: number; month: number };

/* Where a chat stands in the history list. */
export function groupOf(seconds: number, now: number): Group {
  const at = new Date(seconds * 1000);
  const today = new Date(now * 1000);
  const days = Math.round((startOfDay(today) - startOfDay(at)) / 86_400_000);
  if (days <= 0) return 'today';
  if (days === 1) return 'yesterday';
  if (days < 7) return 'week';
  if (days < 30) return 'month';
  return { year: at.getFullYear(), month: at.getMonth() };
}

function startOfDay(at: Date): number {
  return new Date(at.getFullYear(), at.getMonth(), at.getDate()).getTime();
}

export function monthLabel(locale: string, year: number, month: number): string {
  const text = formatter(locale, { month: 'long', year: 'numeric' }).format(new Date(year, month, 1));
  return text.charAt(0).toLocaleUpperCase(locale) + text.slice(1);
}

/* The period of the usage tables: a named one or an own one, as two days in the organization's zone. */
import type { Range } from '$lib/api/usage';
import { isoDay } from '$lib/format/time';

export const RANGES = ['today', '7', '30', 'month', 'last_month', 'custom'] as const;
export type RangeName = (typeof RANGES)[number];

export function isRangeName(value: string | null): value is RangeName {
  return RANGES.some((name) => name === value);
}

export function addDays(day: string, days: number): string {
  const at = new Date(`${day}T12:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

function lastMonth(today: string): Range {
  const end_date = addDays(`${today.slice(0, 8)}01`, -1);
  return { start_date: `${end_date.slice(0, 8)}01`, end_date };
}

export function isDay(value: string | null): value is string {
  return value !== null && /^\d{4}-\d{2}-\d{2}$/.test(value) && !Number.isNaN(Date.parse(`${value}T12:00:00Z`));
}

export function rangeOf(name: RangeName, now_seconds: number, zone: string, own: Range): Range {
  const today = isoDay(now_seconds, zone);
  switch (name) {
    case 'today':
      return { start_date: today, end_date: today };
    case '7':
      return { start_date: addDays(today, -6), end_date: today };
    case '30':
      return { start_date: addDays(today, -29), end_date: today };
    case 'month':
      return { start_date: `${today.slice(0, 8)}01`, end_date: today };
    case 'last_month':
      return lastMonth(today);
    case 'custom':
      return own.start_date <= own.end_date ? own : { start_date: own.end_date, end_date: own.start_date };
  }
}

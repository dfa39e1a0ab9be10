/* Days for the chart: oldest first, without gaps, because a day without use is a zero and not a hole. */
import type { Range } from '$lib/api/usage';
import type { UsageDay } from '$lib/api/types';
import { addDays } from './range';

export type Metric = 'cost' | 'tokens' | 'requests';

export function fillDays(days: UsageDay[], range: Range, most: number): UsageDay[] {
  const known = new Map(days.map((day) => [day.date, day]));
  const out: UsageDay[] = [];
  for (let date = range.end_date; date >= range.start_date && out.length < most; date = addDays(date, -1)) {
    out.push(known.get(date) ?? { date, cost: 0, tokens: 0, requests: 0 });
  }
  return out.reverse();
}

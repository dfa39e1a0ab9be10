/* The figures of the usage page: loaded once, changed by events within a second, asked again every 30
 * seconds while the page is looked at. */
import { fetchMyUsage } from '$lib/api/usage';
import type { UsageDay, UsageStats } from '$lib/api/types';
import { events } from '$lib/events/person.svelte';
import { isoDay } from '$lib/format/time';

const ASK_EVERY_MS = 30_000;

/* The history with today's row as live as the cards. Newest first. */
export function withToday(stats: UsageStats, now_seconds: number): UsageDay[] {
  const date = isoDay(now_seconds, stats.timezone);
  const { tokens, cost, requests } = stats.today;
  const rest = stats.daily_history.filter((day) => day.date !== date);
  const had_today = rest.length !== stats.daily_history.length;
  if (!had_today && tokens === 0 && requests === 0 && cost === 0) return rest;
  return [{ date, tokens, cost, requests }, ...rest];
}

export class UsageFeed {
  stats = $state<UsageStats | null>(null);
  error = $state<unknown>(null);
  updated_at = $state<number | null>(null);
  is_loading = $state(false);
  /* Grows when something was used, so that tables below can ask again. */
  changes = $state(0);
  history = $derived(this.stats ? withToday(this.stats, Date.now() / 1000) : []);

  async load(): Promise<void> {
    this.is_loading = true;
    try {
      const { stats } = await fetchMyUsage();
      this.stats = stats;
      this.error = null;
      this.updated_at = Date.now() / 1000;
      this.changes += 1;
    } catch (error) {
      this.error = error;
      throw error;
    } finally {
      this.is_loading = false;
    }
  }

  /* Until the returned function is called. Failures in the background stay silent; the live mark tells. */
  start(): () => void {
    const quietly = (): void => void this.load().catch(() => {});
    quietly();
    const timer = setInterval(() => document.visibilityState === 'visible' && quietly(), ASK_EVERY_MS);
    const stop_events = events.on('usage', (event) => this.#take(event.stats));
    const stop_reopen = events.onReopen(quietly);
    return () => {
      clearInterval(timer);
      stop_events();
      stop_reopen();
    };
  }

  #take(change: Pick<UsageStats, 'today' | 'this_month'>): void {
    const stats = this.stats;
    if (!stats) return;
    const used_more = change.this_month.cost - stats.this_month.cost;
    stats.today = change.today;
    stats.this_month = change.this_month;
    const days = Math.max(1, change.this_month.days_active);
    stats.daily_average = { cost: change.this_month.cost / days, tokens: Math.round(change.this_month.tokens / days) };
    if (stats.monthly_remaining !== null) stats.monthly_remaining = Math.max(0, stats.monthly_remaining - used_more);
    this.updated_at = Date.now() / 1000;
    this.changes += 1;
  }
}

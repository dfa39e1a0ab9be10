/* Numbers as people type them: a point or a comma. Empty is null, nonsense is undefined. */
export function parseAmount(text: string): number | null | undefined {
  const clean = text.trim().replace(/\s/g, '').replace(',', '.');
  if (clean === '') return null;
  if (!/^\d+(\.\d+)?$/.test(clean)) return undefined;
  const value = Number(clean);
  return Number.isFinite(value) ? value : undefined;
}

/* 1.3 is shown as 1.3×. */
export function parseMarkup(text: string): number | undefined {
  const value = parseAmount(text);
  return typeof value === 'number' && value >= 1 && value <= 100 ? value : undefined;
}

export interface Totals {
  tokens: number;
  requests: number;
  raw_cost: number;
  billed: number;
  margin: number;
}

export function totalsOf(rows: readonly { usage: { month: Totals } }[]): Totals {
  const sum: Totals = { tokens: 0, requests: 0, raw_cost: 0, billed: 0, margin: 0 };
  for (const { usage } of rows) {
    for (const name of Object.keys(sum) as (keyof Totals)[]) sum[name] += usage.month[name];
  }
  return sum;
}

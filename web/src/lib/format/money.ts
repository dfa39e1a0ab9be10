/* The only place that turns an amount into text. USD in US style everywhere: the sign, a point, two
 * decimals; six where two would hide a small amount. */

const two = new Intl.NumberFormat('en-US', { style: 'currency', currency: 'USD' });
const six = new Intl.NumberFormat('en-US', {
  style: 'currency',
  currency: 'USD',
  minimumFractionDigits: 6,
  maximumFractionDigits: 6,
});
const SMALLEST = 0.000001;

export function money(value: number | null | undefined): string {
  if (value === null || value === undefined || !Number.isFinite(value)) return '—';
  const size = Math.abs(value);
  if (size === 0) return two.format(0);
  if (size < SMALLEST) return value < 0 ? '>-$0.000001' : '<$0.000001';
  if (size < 0.01) return six.format(value);
  return two.format(value);
}

/* Price of a million tokens from the price of one, which comes as exact decimal text. */
export function pricePerMillion(perToken: string | null): string | null {
  if (perToken === null || perToken.trim() === '') return null;
  const value = Number(perToken) * 1e6;
  if (!Number.isFinite(value) || value < 0) return null;
  const digits = value === 0 ? 2 : value >= 100 ? 0 : value >= 0.1 ? 2 : 4;
  return new Intl.NumberFormat('en-US', {
    style: 'currency',
    currency: 'USD',
    minimumFractionDigits: Math.min(digits, 2),
    maximumFractionDigits: digits,
  }).format(Math.round(value * 1e6) / 1e6);
}

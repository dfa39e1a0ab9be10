import { describe, expect, it } from 'vitest';
import { money, pricePerMillion } from '../src/lib/format/money';
import { ago, dayLabel, groupOf, isoDay, monthLabel } from '../src/lib/format/time';
import { uuid } from '../src/lib/format/id';

describe('money', () => {
  it.each([
    [0, '$0.00'],
    [12.5, '$12.50'],
    [1234567.891, '$1,234,567.89'],
    [0.01, '$0.01'],
    [0.009999, '$0.009999'],
    [0.002002, '$0.002002'],
    [0.0000012, '$0.000001'],
    [0.000001, '$0.000001'],
    [0.0000009, '<$0.000001'],
    [1e-12, '<$0.000001'],
    [-3.2, '-$3.20'],
    [-0.002, '-$0.002000'],
    [null, '—'],
    [undefined, '—'],
    [Number.NaN, '—'],
  ])('%s is %s', (value, want) => expect(money(value)).toBe(want));
});

describe('price of a million tokens', () => {
  it.each([
    ['0.00000015', '$0.15'],
    ['0.0000000375', '$0.0375'],
    ['0.000015', '$15.00'],
    ['0.00015', '$150'],
    ['0.000000195', '$0.20'],
    ['0', '$0.00'],
    ['-1', null],
    ['', null],
    ['abc', null],
    [null, null],
  ])('%s is %s', (text, want) => expect(pricePerMillion(text)).toBe(want));
});

describe('dates', () => {
  const at = Date.UTC(2026, 10, 23, 23, 30) / 1000;

  it('cuts the day in the zone', () => {
    expect(isoDay(at, 'UTC')).toBe('2026-11-23');
    expect(isoDay(at, 'Europe/Warsaw')).toBe('2026-11-24');
    expect(isoDay(at, 'America/New_York')).toBe('2026-11-23');
  });

  it('never shifts a usage day', () => {
    expect(dayLabel('en', '2026-11-01')).toBe('Nov 1');
    expect(dayLabel('pl', '2026-11-01')).toBe('1 lis');
    expect(dayLabel('en', 'nonsense')).toBe('nonsense');
  });

  it('speaks of the past', () => {
    expect(ago('en', at - 3 * 3600, at)).toBe('3 hours ago');
    expect(ago('pl', at - 2 * 86400, at)).toBe('przedwczoraj');
    expect(ago('en', at - 5, at)).toBe('this minute');
    expect(ago('en', at + 500, at)).toBe('this minute');
  });

  it('groups the history', () => {
    const now = new Date(2026, 10, 23, 12).getTime() / 1000;
    const day = 86400;
    expect(groupOf(now - 60, now)).toBe('today');
    expect(groupOf(now + 60, now)).toBe('today');
    expect(groupOf(new Date(2026, 10, 22, 23, 59).getTime() / 1000, now)).toBe('yesterday');
    expect(groupOf(now - 6 * day, now)).toBe('week');
    expect(groupOf(now - 7 * day, now)).toBe('month');
    expect(groupOf(now - 60 * day, now)).toEqual({ year: 2026, month: 8 });
  });

  it('names months', () => {
    expect(monthLabel('en', 2026, 8)).toBe('September 2026');
    expect(monthLabel('pl', 2026, 8)).toBe('Wrzesień 2026');
  });
});

describe('uuid', () => {
  it('is a random version 4', () => {
    const seen = new Set(Array.from({ length: 500 }, uuid));
    expect(seen.size).toBe(500);
    for (const id of seen) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

import { describe, expect, it } from 'vitest';
import { en } from '../src/lib/i18n/en';
import { pl } from '../src/lib/i18n/pl';
import { fill, pluralOf, type Plural } from '../src/lib/i18n/text';

type Entry = string | Plural;
const english: Record<string, Entry> = en;
const polish: Record<string, Entry> = pl;
const forms = (entry: Entry): string[] => (typeof entry === 'string' ? [entry] : Object.values(entry));
const places = (text: string): string[] => [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1]!).sort();

describe('the translation table', () => {
  it('has the same keys in every language', () => {
    expect(Object.keys(polish).sort()).toEqual(Object.keys(english).sort());
  });

  it.each(Object.keys(english))('%s is complete', (key) => {
    const a = english[key]!;
    const b = polish[key]!;
    expect(typeof b).toBe(typeof a);
    for (const text of [...forms(a), ...forms(b)]) expect(text.trim()).not.toBe('');
    for (const text of forms(b)) expect(places(text)).toEqual(places(forms(a).at(-1)!));
    if (typeof b !== 'string') expect(Object.keys(b).sort()).toEqual(['few', 'many', 'one', 'other']);
  });

  it('is really translated', () => {
    const same = Object.keys(english).filter((key) => JSON.stringify(english[key]) === JSON.stringify(polish[key]));
    expect(same.length).toBeLessThan(20);
  });
});

describe('plurals', () => {
  const days = polish['usage.days_active'] as Plural;
  it.each([
    [1, 'aktywny dzień'],
    [2, 'aktywne dni'],
    [5, 'aktywnych dni'],
    [12, 'aktywnych dni'],
    [22, 'aktywne dni'],
  ])('%i in Polish', (n, want) => expect(fill(pluralOf(days, 'pl', n), { n })).toBe(`${n} ${want}`));

  it('in English', () => {
    const entry = english['usage.days_active'] as Plural;
    expect(fill(pluralOf(entry, 'en', 1), { n: 1 })).toBe('1 day active');
    expect(fill(pluralOf(entry, 'en', 0), { n: 0 })).toBe('0 days active');
  });
});

describe('fill', () => {
  it('leaves unknown places and does not fill twice', () => {
    expect(fill('{a} {b}', { a: '{b}' })).toBe('{b} {b}');
    expect(fill('{a}', undefined)).toBe('{a}');
  });
});

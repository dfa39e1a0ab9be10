import { describe, expect, it } from 'vitest';
import { fillDays } from '../src/lib/usage/days';
import { addDays, isDay, rangeOf } from '../src/lib/usage/range';
import { parseAmount, parseMarkup, totalsOf } from '../src/lib/provider/numbers';
import { matchPath, safeNext } from '../src/lib/router/match';
import { searchModels } from '../src/lib/models/search';
import type { Model } from '../src/lib/api/types';

const none = { start_date: '', end_date: '' };

describe('periods', () => {
  const now = Date.UTC(2026, 10, 23, 12) / 1000;
  it.each([
    ['today', '2026-11-23', '2026-11-23'],
    ['7', '2026-11-17', '2026-11-23'],
    ['30', '2026-10-25', '2026-11-23'],
    ['month', '2026-11-01', '2026-11-23'],
    ['last_month', '2026-10-01', '2026-10-31'],
  ] as const)('%s', (name, start_date, end_date) => {
    expect(rangeOf(name, now, 'UTC', none)).toEqual({ start_date, end_date });
  });

  it('crosses years and clock changes', () => {
    expect(rangeOf('last_month', Date.UTC(2026, 0, 1) / 1000, 'UTC', none)).toEqual({ start_date: '2025-12-01', end_date: '2025-12-31' });
    expect(addDays('2026-03-29', 1)).toBe('2026-03-30');
    expect(addDays('2024-02-28', 1)).toBe('2024-02-29');
  });

  it('turns a reversed own period round', () => {
    const own = { start_date: '2026-11-05', end_date: '2026-11-01' };
    expect(rangeOf('custom', now, 'UTC', own)).toEqual({ start_date: '2026-11-01', end_date: '2026-11-05' });
  });

  it('knows a day when it sees one', () => {
    expect(isDay('2026-11-01')).toBe(true);
    for (const bad of ['2026-13-01', '1.11.2026', '', null, '2026-11-01T00:00']) expect(isDay(bad)).toBe(false);
  });

  it('fills gaps with zeros, oldest first', () => {
    const day = { date: '2026-11-02', cost: 1, tokens: 2, requests: 3 };
    const filled = fillDays([day], { start_date: '2026-11-01', end_date: '2026-11-03' }, 31);
    expect(filled.map((d) => [d.date, d.cost])).toEqual([['2026-11-01', 0], ['2026-11-02', 1], ['2026-11-03', 0]]);
    expect(fillDays([day], { start_date: '2020-01-01', end_date: '2026-11-03' }, 31)).toHaveLength(31);
  });
});

describe('numbers as people type them', () => {
  it.each([['500', 500], ['1 000,50', 1000.5], ['', null], ['0', 0], ['-3', undefined], ['1e9', undefined], ['abc', undefined], ['1,000.5', undefined]])(
    'amount %s', (text, want) => expect(parseAmount(text)).toBe(want));
  it.each([['1.3', 1.3], ['1,3', 1.3], ['1', 1], ['0.9', undefined], ['', undefined]])('markup %s', (text, want) => expect(parseMarkup(text)).toBe(want));

  it('adds up clients', () => {
    const month = { tokens: 1, requests: 2, raw_cost: 3, billed: 4, margin: 1 };
    expect(totalsOf([{ usage: { month } }, { usage: { month } }])).toEqual({ tokens: 2, requests: 4, raw_cost: 6, billed: 8, margin: 2 });
  });
});

describe('addresses', () => {
  it('match patterns', () => {
    expect(matchPath('/c/:id', '/c/a%20b')).toEqual({ id: 'a b' });
    expect(matchPath('/c/:id', '/c')).toBeNull();
    expect(matchPath('/c/:id', '/c/a/b')).toBeNull();
    expect(matchPath('/', '/')).toEqual({});
    expect(matchPath('/c/:id', '/c/%E0%A4%A')).toEqual({ id: '%E0%A4%A' });
  });

  it('lead only to ourselves after signing in', () => {
    expect(safeNext('/c/1?x=2')).toBe('/c/1?x=2');
    for (const bad of ['https://evil.example', '//evil.example', '/\\evil.example', 'javascript:alert(1)', null, '', '/signin?next=/x']) {
      expect(safeNext(bad)).toBe('/');
    }
  });
});

describe('model search', () => {
  const model = (id: string, name: string): Model => ({
    id, name, owned_by: id.split('/')[0]!, created: 0, description: null, context_length: null, max_completion_tokens: null,
    pricing: { prompt: null, completion: null }, is_free: false, is_embedding: false,
    capabilities: { vision: false, files: false, reasoning: false, tools: false, image_output: false },
  });
  const all = [model('openai/gpt-4o', 'OpenAI: GPT-4o'), model('anthropic/claude', 'Anthropic: Claude'), model('x/o', 'GPT-4o clone')];
  const ids = (text: string): string[] => searchModels(all, text).map((m) => m.id);

  it('finds words in any order', () => {
    expect(ids('4o gpt')).toEqual(['openai/gpt-4o', 'x/o']);
    expect(ids('claude anth')).toEqual(['anthropic/claude']);
    expect(ids('')).toHaveLength(3);
    expect(ids('nothing')).toEqual([]);
  });

  it('puts names that start so first', () => expect(ids('gpt')).toEqual(['x/o', 'openai/gpt-4o']));
});

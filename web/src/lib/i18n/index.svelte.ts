/* The reader's language: texts by key, numbers, and the language of the page. A third language is one more
 * file beside en.ts and one more line in LANGUAGES. */
import type { en } from './en';
import { fill, pluralOf, type Plural } from './text';

type English = typeof en;
export type Key = keyof English;
export type Messages = { readonly [K in Key]: English[K] extends string ? string : Plural };

type Names<S> = S extends `${string}{${infer P}}${infer Rest}` ? P | Names<Rest> : never;
type ParamsOf<E> = E extends string ? Names<E> : E extends { other: infer O } ? Names<O> | 'n' : never;
type Args<K extends Key> = [ParamsOf<English[K]>] extends [never] ? [] : [Record<ParamsOf<English[K]>, string | number>];
/* Keys of texts without places for values; these may be chosen at run time. */
export type PlainKey = { [K in Key]: [ParamsOf<English[K]>] extends [never] ? K : never }[Key];

export const LANGUAGES = {
  en: { name: 'English', load: () => import('./en').then((m) => m.en as Messages) },
  pl: { name: 'Polski', load: () => import('./pl').then((m) => m.pl) },
} as const;
export type Locale = keyof typeof LANGUAGES;
const STORED = 'mai.locale';

const current = $state<{ locale: Locale; messages: Messages | null }>({ locale: 'en', messages: null });

export function isLocale(value: unknown): value is Locale {
  return typeof value === 'string' && value in LANGUAGES;
}

function remembered(): Locale | null {
  try {
    const value = localStorage.getItem(STORED);
    return isLocale(value) ? value : null;
  } catch {
    return null;
  }
}

/* The stored choice, else the browser's language, else the server's default, else English. */
export function firstLocale(fallback?: string): Locale {
  const stored = remembered();
  if (stored) return stored;
  for (const language of navigator.languages) {
    const short = language.slice(0, 2);
    if (isLocale(short)) return short;
  }
  return isLocale(fallback) ? fallback : 'en';
}

export async function setLocale(locale: Locale, remember = true): Promise<void> {
  const messages = await LANGUAGES[locale].load();
  current.messages = messages;
  current.locale = locale;
  document.documentElement.lang = locale;
  if (!remember) return;
  try {
    localStorage.setItem(STORED, locale);
  } catch {
    /* private windows may refuse; the choice then lasts for this page */
  }
}

export function locale(): Locale {
  return current.locale;
}

export function hasOwnLocale(): boolean {
  return remembered() !== null;
}

export function t<K extends Key>(key: K, ...args: Args<K>): string {
  const entry = current.messages?.[key];
  if (entry === undefined) return key;
  const params = args[0] as Record<string, string | number> | undefined;
  const shown = params && Object.fromEntries(Object.entries(params).map(([k, v]) => [k, typeof v === 'number' ? number(v) : v]));
  if (typeof entry === 'string') return fill(entry, shown);
  return fill(pluralOf(entry, current.locale, Number(params?.['n'] ?? 0)), shown);
}

/* A whole number with the language's separators. */
export function number(value: number): string {
  return new Intl.NumberFormat(current.locale, { maximumFractionDigits: 0 }).format(value);
}

/* A short form for tight places: 128K, 1.2M. */
export function compact(value: number): string {
  return new Intl.NumberFormat(current.locale, { notation: 'compact', maximumSignificantDigits: 3 }).format(value);
}

/* Something is never shown as nothing: below a tenth of a percent it is "<0.1%". */
export function percent(part: number): string {
  const format = new Intl.NumberFormat(current.locale, { style: 'percent', maximumFractionDigits: 1 });
  return part > 0 && part < 0.001 ? `<${format.format(0.001)}` : format.format(part);
}

export function decimal(value: number, digits = 6): string {
  return new Intl.NumberFormat(current.locale, { maximumFractionDigits: digits }).format(value);
}

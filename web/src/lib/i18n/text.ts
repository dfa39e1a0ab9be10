/* Texts with places for values, and the plural forms of a language. Pure. */

export interface Plural {
  readonly one?: string;
  readonly few?: string;
  readonly many?: string;
  readonly other: string;
}

export function fill(text: string, params: Record<string, string | number> | undefined): string {
  if (!params) return text;
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = params[name];
    return value === undefined ? whole : String(value);
  });
}

const rules = new Map<string, Intl.PluralRules>();

export function pluralOf(entry: Plural, locale: string, n: number): string {
  let rule = rules.get(locale);
  if (!rule) {
    rule = new Intl.PluralRules(locale);
    rules.set(locale, rule);
  }
  const form = rule.select(n);
  if (form === 'one' || form === 'few' || form === 'many') return entry[form] ?? entry.other;
  return entry.other;
}

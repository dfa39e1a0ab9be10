// The translation tables of the web application, read from their sources, to find text that was left in English.

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { repository } from '../../lib/sim.mjs';

const LINE = /^ {2}'([\w.]+)': (?:(['"`])(.*)\2|\{(.*)\}),$/;
const FORM = /\w+: (['"`])(.*?)\1/g;

/** Key -> texts (one, or the plural forms). */
function table(locale) {
  const source = readFileSync(join(repository, `web/src/lib/i18n/${locale}.ts`), 'utf8');
  const texts = new Map();
  for (const line of source.split('\n')) {
    const [, key, , text, forms] = LINE.exec(line) ?? [];
    if (key) texts.set(key, forms === undefined ? [text] : [...forms.matchAll(FORM)].map((form) => form[2]));
  }
  return texts;
}

const quoted = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
const patternOf = (text) => new RegExp(`^${quoted(text).replace(/\\\{\w+\\\}/g, '.+')}$`);
const hasWords = (text) => /\p{L}{3}/u.test(text.replace(/\{\w+\}/g, ''));

/** Patterns of English texts whose Polish ones differ. */
export function englishPatterns() {
  const [english, polish] = [table('en'), table('pl')];
  if (english.size < 300) throw new Error('the translation table is not read correctly');
  return [...english].flatMap(([key, texts]) =>
    texts.filter((text) => hasWords(text) && !polish.get(key)?.includes(text)).map(patternOf),
  );
}

/** Every piece of text that a person sees or hears on a page. Runs in the page. */
export function visibleTexts() {
  const found = new Set();
  const isOpen = (element) => element.checkVisibility({ visibilityProperty: true });
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const { parentElement, textContent } = walker.currentNode;
    if (parentElement && isOpen(parentElement) && !parentElement.closest('.md, .bubble, script, style')) found.add(textContent.trim());
  }
  for (const element of document.querySelectorAll('[aria-label], [placeholder], [title]'))
    if (isOpen(element))
      for (const name of ['aria-label', 'placeholder', 'title']) found.add(element.getAttribute(name)?.trim() ?? '');
  found.add(document.title);
  found.delete('');
  return [...found];
}

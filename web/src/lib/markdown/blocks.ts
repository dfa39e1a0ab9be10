/* Text of an answer, cut into top-level blocks of HTML. While a stream runs, finished blocks are frozen:
 * only what follows the last frozen one is read again, so the work per frame does not grow with the text. */
import { Marked, type Token, type TokensList } from 'marked';
import { options } from './renderer';
import { repairTail } from './repair';

const marked = new Marked(options);

export interface Block {
  html: string;
}

function htmlOf(token: Token, links: TokensList['links']): string {
  const list = Object.assign([token], { links });
  return marked.parser(list);
}

/* The whole text at once: for stored and for finished messages. */
export function parseBlocks(text: string): Block[] {
  const tokens = marked.lexer(text);
  return tokens.filter((token) => token.type !== 'space' && token.type !== 'def').map((token) => ({ html: htmlOf(token, tokens.links) }));
}

/* A block is settled when the next one has shown enough of itself that it cannot join it any more
 * ("1" may become the next item of a list above). */
const SURE_LENGTH = 16;

export class BlockStream {
  #frozen: Block[] = [];
  #frozen_to = 0;

  /* `text` only grows between calls. Frozen blocks keep their identity. */
  update(text: string): Block[] {
    const tail = text.slice(this.#frozen_to);
    const tokens = marked.lexer(tail);
    const last = tokens.findLastIndex((token) => token.type !== 'space');
    if (last < 0) return this.#frozen;
    if (last > 0 && isSure(tokens[last]!)) this.#freeze(tokens, last);
    const rest = text.slice(this.#frozen_to);
    return [...this.#frozen, ...parseBlocks(repairTail(rest))];
  }

  #freeze(tokens: TokensList, count: number): void {
    for (const token of tokens.slice(0, count)) {
      this.#frozen_to += token.raw.length;
      if (token.type !== 'space' && token.type !== 'def') this.#frozen.push({ html: htmlOf(token, tokens.links) });
    }
  }
}

function isSure(token: Token): boolean {
  return token.raw.length >= SURE_LENGTH || token.raw.includes('\n');
}

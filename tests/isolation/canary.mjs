// What must not be seen by the wrong eyes, and the search for it in answers.
//
//   const canaries = new Canaries();
//   const title = canaries.text('B', 'user', 'chat-title');            // CANARY-B-user-chat-title-7f3a
//   canaries.id('B', 'user', 'chat', chat.id);
//   canaries.leaks(reader, everything, sent) -> [{ text, org, person, field }]
//
// A mark belongs to a person of an organization (or to the organization itself: person 'org') and says who else may read
// it. A reader is { org, person, role }; role null reads nothing.

import { randomBytes } from 'node:crypto';

/** Who may read a mark, besides its own person. */
export const seen = {
  own: () => false,
  admins: (reader) => reader.role === 'admin',
  members: (reader) => reader.role !== 'provider',
  /** Pseudonyms and ids in the books: the client's admin and the provider. */
  books: (reader) => reader.role === 'admin' || reader.role === 'provider',
  provider: (reader) => reader.role === 'provider',
  /** The name of a client. */
  everyone: () => true,
};

const TEXT = /canary-([abc])-([a-z0-9]+)((?:-[a-z0-9]+)*)/gi;
const UUID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi;
const HASH = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/gi;
const PSEUDONYM = /mai_[0-9A-Za-z]{24}/g;

export class Canaries {
  #marks = new Map(); // lower-case text -> mark

  /** A new text for a field. */
  text(org, person, field, who = seen.own) {
    const text = `CANARY-${org}-${person}-${field}-${randomBytes(2).toString('hex')}`;
    this.#marks.set(text.toLowerCase(), { text, org, person, field, who });
    return text;
  }

  /** A new address whose name is a canary. */
  email(org, person, field, who) {
    return `${this.text(org, person, field, who)}@${org.toLowerCase()}.example`;
  }

  /** An id (UUID, SHA-256, pseudonym) that is nobody else's business. Those that a request carries may come back. */
  id(org, person, field, text, who = seen.own) {
    this.#marks.set(text.toLowerCase(), { text, org, person, field, who, isId: true });
    return text;
  }

  get size() {
    return this.#marks.size;
  }

  /** Every mark in `text` that `reader` may not read; what the request itself brought (`sent`) may come back. */
  leaks(reader, text, sent = '') {
    const found = new Map();
    for (const pattern of [UUID, HASH, PSEUDONYM])
      for (const [word] of text.matchAll(pattern)) this.#judge(word, reader, sent, found);
    for (const match of text.matchAll(TEXT)) this.#judgeText(match, reader, sent, found);
    return [...found.values()];
  }

  #judge(word, reader, sent, found) {
    const mark = this.#marks.get(word.toLowerCase());
    if (!mark || mayRead(reader, mark) || sent.toLowerCase().includes(word.toLowerCase())) return;
    found.set(word, { text: mark.text, org: mark.org, person: mark.person, field: mark.field });
  }

  // A part of a canary (a cut snippet, a cut title) still names its organization and person.
  #judgeText([word, org, person], reader, sent, found) {
    if (sent.includes(word)) return;
    const whole = this.#marks.get(word.toLowerCase());
    const mark = whole ?? { text: word, org: org.toUpperCase(), person: person.toLowerCase(), field: 'a part', who: seen.own };
    if (!mayRead(reader, mark)) found.set(word, { text: mark.text, org: mark.org, person: mark.person, field: mark.field });
  }
}

function mayRead(reader, mark) {
  if (!reader.role) return false;
  if (reader.role === 'provider') return mark.who({ role: 'provider' }) === true;
  if (reader.org !== mark.org) return false;
  return reader.person === mark.person || mark.who(reader) === true;
}

/**
 * Texts that no answer may hold, whoever asks: whole supplier keys and long parts of them, password and token hashes,
 * sealed keys, tokens, passwords. Grows as the walk learns more.
 */
export class Secrets {
  #texts = new Map();

  add(what, text) {
    if (text) this.#texts.set(text, what);
  }

  /** A supplier key: its last four characters may be shown, ten may not. */
  supplierKey(what, key) {
    this.add(what, key.slice(-10));
    this.add(what, key.slice(9, 25)); // behind sk-or-v1-
  }

  get size() {
    return this.#texts.size;
  }

  /** Names of the secrets in `text`, but for those that the request itself brought. */
  found(text, sent = '') {
    const names = new Set();
    for (const [secret, what] of this.#texts) if (text.includes(secret) && !sent.includes(secret)) names.add(what);
    return [...names];
  }
}

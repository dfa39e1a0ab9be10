// What must hold of every answer, and the list of what did not. A violation is { what, route, detail }; the same fault seen
// by several callers is one entry per caller.
//
//   status     another status than the table of routes allows this caller
//   leak       a canary or an id of somebody else
//   figures    token counts that can only be somebody else's
//   oracle     somebody else's thing is answered otherwise than nothing at all
//   secret     a password, hash, token or supplier key
//   raw cost   raw cost, markup or margin told to a client's people
//   changed    data of organization B, or of A's second person, is not what it was
//   table      routes and rows of requests.mjs do not match
//   broken     a request could not be made or answered

import { bands } from './organizations.mjs';

const RAW_MEMBERS = /"(raw_cost|total_raw_cost|margin|profit_margin|total_profit|profit_margin_percent|markup|markup_rate|markup_ppm|default_markup_rate|cost_details|upstream_inference_cost|is_byok)"\s*:/;
const RAW_COLUMNS = /^[^\n]*\b(raw_cost_usd|margin_usd|raw_cost|margin|markup)\b/;

export class Judge {
  #violations = [];
  #kinds = {};
  #requests = 0;
  /** Every answer, for what is known only at the end. */
  answers = [];

  of(w) {
    this.w = w;
  }

  note(what, route, detail) {
    this.#violations.push({ what, route, detail });
  }

  result() {
    return { violations: this.#violations, kinds: this.#kinds, requests: this.#requests };
  }

  /** One answer of the walk. */
  hit(hit, allowed, may = () => false) {
    this.#requests++;
    this.#kinds[hit.kind] = (this.#kinds[hit.kind] ?? 0) + 1;
    this.answers.push(hit);
    const who = `as ${hit.caller.name}, with ${hit.kind}`;
    if (!allowed.includes(hit.status))
      this.note('status', hit.route.name, `${who}: ${hit.status} instead of ${allowed.join(' or ')}: ${hit.text.slice(0, 300)}`);
    this.content(hit.route.name, who, hit.caller.reader, `${hit.head}\n\n${hit.text}`, hit.sent, may);
  }

  /** What any text may not hold that reaches this reader. */
  content(route, who, reader, text, sent = '', may = () => false) {
    for (const leak of this.w.canaries.leaks(reader, text, sent))
      if (!may(leak)) this.note('leak', route, `${who}: ${leak.text} (${leak.field} of ${leak.person} of ${leak.org})`);
    for (const secret of this.w.secrets.found(text, sent)) this.note('secret', route, `${who}: ${secret}`);
    if (reader.role === 'provider') return;
    const body = text.slice(text.indexOf('\n\n') + 2);
    const raw = RAW_MEMBERS.exec(body) ?? (/content-type: text\/csv/i.test(text) ? RAW_COLUMNS.exec(body) : null);
    if (raw) this.note('raw cost', route, `${who}: ${raw[1]}`);
    this.#figures(route, who, reader, text, body);
  }

  // Token counts above what this reader's own people can have used.
  #figures(route, who, reader, text, body) {
    const most = reader.role === 'admin' ? bands.organization : bands.own;
    const counts = /content-type: text\/csv/i.test(text) ? tokensOfCsv(body) : tokensOfJson(body);
    const worst = Math.max(0, ...counts);
    if (worst > most) this.note('figures', route, `${who}: ${worst} tokens, of which at most ${most} can be the caller's own`);
  }

  /** The answer about somebody else's thing is the answer about nothing. */
  same(route, c, answer, nothing, kind) {
    if (answer === nothing || answer === undefined || nothing === undefined) return;
    if (answer.status === 429 || nothing.status === 429) return; // slowed down: says nothing about the thing
    const [one, other] = [plain(answer).split('\n'), plain(nothing).split('\n')];
    const differs = one.flatMap((line, at) => (line === other[at] ? [] : [`${line} (about nothing: ${other[at]})`]));
    if (one.length !== other.length || differs.length > 0) this.note('oracle', route.name, `as ${c.name}, with ${kind}: ${cut(differs.join('\n'))}`);
  }

  check(route, c, fault) {
    if (fault) this.note('raw cost', route.name, `as ${c.name}: ${fault}`);
  }

  /** B, and A's second person, are as they were. */
  compareDumps(before, after) {
    for (const [part, was] of Object.entries(before)) {
      const is = after[part];
      if (JSON.stringify(was) === JSON.stringify(is)) continue;
      const at = was.findIndex((row, i) => JSON.stringify(row) !== JSON.stringify(is[i]));
      const [gone, came] = [JSON.stringify(was[at]), JSON.stringify(is[at < 0 ? was.length : at])];
      this.note('changed', part, `${was.length} rows before, ${is.length} after; was ${cut(gone ?? 'nothing')}, is ${cut(came ?? 'nothing')}`);
    }
  }
}

const cut = (text) => (text.length > 400 ? `${text.slice(0, 400)}...` : text).replace(/\s*\n\s*/g, ' | ');

/** An answer without what differs between any two: the ids that were asked for, the instant. Good answers: their shape. */
function plain({ status, head, text, things }) {
  let all = `${head.replace(/^(date|content-length|x-generation-id|set-cookie): .*$/gim, '')}\n\n${status < 300 ? shape(text) : text}`;
  for (const [name, id] of Object.entries(things)) all = all.replaceAll(id, `<${name}>`);
  return all;
}

function shape(text) {
  try {
    return shapeOf(JSON.parse(text));
  } catch {
    return text.startsWith('data:') || text.startsWith(':') ? 'events' : text;
  }
}

function shapeOf(value) {
  if (Array.isArray(value)) return `[${value.map(shapeOf).join()}]`;
  if (value === null || typeof value !== 'object') return typeof value;
  return `{${Object.keys(value).map((key) => `${key}:${shapeOf(value[key])}`).join()}}`;
}

function tokensOfJson(body) {
  return [...body.matchAll(/"(?!max_)\w*tokens"\s*:\s*(\d+)/g)].map(([, number]) => Number(number));
}

function tokensOfCsv(body) {
  const [head, ...rows] = body.trim().split(/\r?\n/).map((line) => line.split(','));
  const columns = head.flatMap((name, at) => (name.includes('tokens') ? [at] : []));
  return rows.flatMap((row) => columns.map((at) => Number(row[at])).filter(Number.isFinite));
}

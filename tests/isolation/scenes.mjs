// The parts of the walk that are no single request: streams that stay open while others are busy, what B has before and
// after, and the figures that A's people read at the end.

import { until } from '../lib/world.mjs';
import { pico } from '../lib/sim.mjs';
import { CO } from './organizations.mjs';

// ---- streams ----

/**
 * A's people and the provider keep every kind of stream open while B and A's second person chat, stop answers, sign in and
 * out, and save keys. Then each listener does something itself: what it hears of that came after everything else.
 */
export async function listen(w, judge) {
  const { A, B } = w;
  const streams = await openStreams(w);
  const own = await w.wire.open('/api/v1/events', w.headers(B.user));
  await busy(w, B);
  await busy(w, A, [A.user2]);
  await own.until((text) => text.includes('chat:done') && text.includes('"usage"'), 'the events of B itself');
  own.close();
  await fence(w, streams);
  for (const { stream, reader, name } of streams) {
    judge.content(`GET ${name}`, `a stream of ${reader.person}`, reader, `\n\n${stream.text()}`);
    stream.close();
  }
}

async function openStreams(w) {
  const { A, B } = w;
  const rows = [];
  const add = async (reader, path, name = path) => rows.push({ reader, name, stream: await w.wire.open(path, w.headers(reader)) });
  for (const reader of [A.user, A.admin, A.pending, w.provider]) await add(reader, '/api/v1/events');
  for (const reader of [A.user, A.admin, w.provider]) await add(reader, `${CO}/usage/live`);
  for (const reader of [A.user, A.admin])
    for (const chat of [A.user.running.chat, A.user2.running.chat, B.user.running.chat]) await add(reader, `/api/v1/chats/${chat}/live`, '/api/v1/chats/{id}/live');
  for (const { stream } of rows) await stream.until((text, isOver) => isOver || text.includes('welcome'), 'its beginning');
  return rows;
}

async function busy(w, one, people = [one.user, one.user2, one.admin]) {
  for (const person of people) {
    await w.ask(person);
    const { answer } = await w.startAnswer(person);
    await w.call(person, 'POST', `/api/tasks/stop/${answer}`, {});
    const other = await w.signIn({ ...person });
    await w.call(other, 'POST', '/api/v1/auths/signout');
  }
  if (people.includes(one.admin)) await w.saveKey(one.admin, one.key);
}

// Everything that was published before a listener's own events has arrived with them.
async function fence(w, streams) {
  const { chat } = await w.ask(w.A.user);
  for (const { stream, reader, name } of streams) {
    const isOwn = (text) => (name.endsWith('events') ? text.includes(chat) : text.split('"usage"').length > 2);
    if (reader === w.A.user && !name.includes('chats')) await stream.until(isOwn, 'what its own person did');
    else if (reader === w.A.admin && !name.includes('chats')) await stream.until((text) => text.includes('"usage"'), 'the usage of its organization');
  }
}

// ---- what others have ----

const VOLATILE = {
  users: ['last_active_ms', 'external_state', 'external_reported', 'external_learned_ms', 'external_checked_ms'],
  web_sessions: ['last_seen_ms'],
  api_keys: ['last_used_ms'],
  supplier_keys: ['limit_read_ms', 'checked_ms', 'next_check_ms', 'key_limit_remaining'],
  organizations: ['openrouter_limit_seen_ms'],
  generations: ['checks', 'next_check_ms'],
};

/** Everything that B has, and A's second person: rows of the store, and what B's own people read by the API. */
export async function dumpOf(w, { isFirst = false } = {}) {
  await until('running answers are saved as far as they came', async () => {
    const rows = await w.query("SELECT 1 FROM chat_messages WHERE state = 'running' AND content = ''");
    return rows.length === 0;
  });
  await settled(w);
  return { ...(await rowsOf(w)), ...(await pagesOf(w, isFirst)) };
}

// Every call but the ones that still run is in the books.
function settled(w) {
  return until('every call but the running ones is in the books', async () => {
    const waiting = await w.query(`SELECT id FROM generations WHERE state <= 1 AND COALESCE(chat_id, '') NOT IN
      (SELECT chat_id FROM chat_messages WHERE state = 'running')`);
    return waiting.length === 0;
  });
}

async function rowsOf(w) {
  const tables = await w.query(`SELECT m.name AS name, group_concat(p.name) AS columns FROM sqlite_schema m JOIN pragma_table_info(m.name) p
    WHERE m.type = 'table' GROUP BY m.name`);
  const dump = {};
  for (const { name, columns } of tables) {
    const has = (column) => columns.split(',').includes(column);
    const conditions = [];
    if (name === 'organizations') conditions.push(`id = '${w.B.id}'`);
    if (has('organization_id')) conditions.push(`organization_id = '${w.B.id}'`);
    if (has('user_id')) conditions.push(`user_id IN ('${w.A.user2.id}', ${w.B.people.map((person) => `'${person.id}'`).join()})`);
    if (conditions.length === 0) continue;
    const kept = columns.split(',').filter((column) => !VOLATILE[name]?.includes(column));
    dump[`rows of ${name}`] = await w.query(`SELECT ${kept.join()} FROM ${name} WHERE ${conditions.join(' OR ')} ORDER BY ${kept.map((_, i) => i + 1).join()}`);
  }
  return dump;
}

// Before the walk every page is good; after it a page that is gone is a difference like any other.
async function pagesOf(w, isFirst) {
  const { A, B } = w;
  const pages = [
    [B.admin, '/api/v1/users?order_by=email'], [B.admin, '/api/v1/invitations'], [B.admin, '/openai/config'], [B.admin, '/api/v1/connections/waiting'],
    [B.admin, `${CO}/usage/my-organization`], [B.admin, `${CO}/usage/by-user/my`], [B.admin, `${CO}/usage/by-model/my`],
    ...[B.admin, B.user, B.user2, A.user2].flatMap((person) => [
      [person, '/api/v1/chats'], [person, '/api/v1/chats/archived'], [person, `/api/v1/chats/${person.chat.id}`], [person, '/api/v1/users/user/settings'],
      [person, '/api/v1/auths/api_keys'], [person, '/api/v1/auths'],
    ]),
  ];
  const dump = {};
  for (const [person, path] of pages) {
    const { status, text } = await w.wire.send('GET', path, { headers: w.headers(person) });
    if (isFirst && status !== 200) throw new Error(`${path} of ${person.org} ${person.person}: ${status} ${text}`);
    dump[`${path} of ${person.org} ${person.person}`] = [`${status} ${text}`.replace(/"(last_updated|last_active_at|last_used_at|checked_at|limit_remaining|external_user_state)":("[^"]*"|[\d.]+|null)/g, '"$1":0')];
  }
  return dump;
}

// ---- a key of somebody else ----

/** A's admin enters B's key: nothing of B is told, A's own key works on, and A's admin cannot let itself in. */
export async function foreignKey(w, judge) {
  const { A, B } = w;
  const route = 'POST /openai/config/update';
  const shown = await w.saveKey(A.admin, B.key, 'belongs to another organization');
  judge.content(route, 'as admin, with the key of another organization', A.admin, `\n\n${JSON.stringify(shown)}`);
  if (shown.previous?.state !== 'verified') judge.note('status', route, `the own key does not go on: ${JSON.stringify(shown)}`);
  for (const person of [A.admin, A.user]) {
    const answer = await w.wire.send('POST', '/api/v1/connections/approve', { headers: w.headers(person), body: { key_hash: B.keyHash } });
    if (answer.status !== 403 && answer.status !== 404) judge.note('status', 'POST /api/v1/connections/approve', `${person.person} lets itself in: ${answer.status} ${answer.text}`);
  }
  for (const admin of [A.admin, B.admin]) {
    const waiting = await w.call(admin, 'GET', '/api/v1/connections/waiting');
    if (waiting.length !== 0) judge.note('leak', 'GET /api/v1/connections/waiting', `${admin.org}'s admin: ${JSON.stringify(waiting)}`);
  }
  await w.saveKey(A.admin, A.key);
}

// ---- figures ----

const sum = (amounts) => amounts.reduce((all, one) => all + one, 0n);

/**
 * At the end A's admin reads what A was billed, A's user what the own calls were billed, to the last unit; and no answer of
 * the walk told a client's people the raw cost of a call.
 */
export async function checkFigures(w, judge) {
  await settled(w);
  const rows = await w.query('SELECT organization_id, user_id, generation_id, CAST(cost AS TEXT) AS cost, CAST(billed AS TEXT) AS billed FROM generations WHERE cost IS NOT NULL');
  const billed = (condition) => sum(rows.filter(condition).map((row) => BigInt(row.billed)));
  for (const [person, own] of [[w.A.admin, (row) => row.organization_id === w.A.id], [w.A.user, (row) => row.user_id === w.A.user.id]]) {
    const path = `${CO}/usage/my-organization`;
    const page = await w.wire.send('GET', path, { headers: w.headers(person) });
    const shown = /"this_month":\{[^}]*"cost":([\d.]+)/.exec(page.text)?.[1];
    if (shown === undefined || pico(shown) !== billed(own)) judge.note('figures', `GET ${path}`, `as ${person.person}: ${shown} USD this month, ${billed(own)} pico-dollars in the books`);
  }
  rawCosts(judge, rows);
}

function rawCosts(judge, rows) {
  const books = new Map(rows.map((row) => [row.generation_id, row]));
  for (const { route, text, caller } of judge.answers) {
    if (!route.path.endsWith('/completions') && !route.path.endsWith('/embeddings')) continue;
    const id = /"id":"(gen-[^"]+)"/.exec(text)?.[1];
    const cost = /"cost":([\d.eE-]+)/.exec(text)?.[1];
    const row = books.get(id);
    if (!row || cost === undefined) continue;
    if (pico(cost) !== BigInt(row.billed)) judge.note('raw cost', route.name, `as ${caller.name}: cost ${cost}, billed ${row.billed}, raw ${row.cost}`);
  }
}

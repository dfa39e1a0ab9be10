// A whole small world for end-to-end tests: openrouter-sim, `mai serve` on a folder of its own, a provider, an
// organization with a verified key, its administrator, and the administrator's API key.
//
//   const world = await World.start({ limit: 5 });          // Acme with a monthly limit of 5 USD
//   const answer = await world.v1('/chat/completions', { body: { model: 'sim/echo', messages: [...] } });
//   await world.settled();                                   // no row waits any more
//   await world.assertBooks();                               // ledger = the simulator's bill, to the last unit
//   await world.stop();
//
// Rows are read from the store itself (sqlite3, read only), so nothing between the test and the books can lie.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Mai } from './mai.mjs';
import { Sim, pico } from './sim.mjs';

const run = promisify(execFile);

export const provider = { email: 'provider@example.com', password: 'provider password' };
export const admin = { name: 'Ann Admin', email: 'ann@acme.example', password: 'correct horse battery' };

/** Every state a row may have, by its number in the store. */
export const states = ['open', 'pending', 'settled', 'cancelled', 'failed', 'estimated'];

/** Asks until the answer is true (gives it), or throws what `describe` says. The wait is for an event that has no signal. */
export async function until(what, condition, { timeoutMs = 15_000, everyMs = 20 } = {}) {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    const result = await condition();
    if (result) return result;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain: ${what}`);
    await new Promise((done) => setTimeout(done, everyMs));
  }
}

/** Billed from raw cost, both in 1e-12 USD: half even, once. */
export function billedOf(cost, ppm) {
  const product = cost * BigInt(ppm);
  const [whole, rest] = [product / 1_000_000n, product % 1_000_000n];
  const up = rest > 500_000n || (rest === 500_000n && whole % 2n === 1n);
  return whole + (up ? 1n : 0n);
}

export class World {
  /**
   * @param {{ limit?: number, markup?: number, simArgs?: string[], env?: object, program?: string, wrap?: string[] }} [options]
   *   limit: hard monthly limit in billed USD; program, wrap: see Server.start in server.mjs
   */
  static async start({ limit = null, markup = 1.3, simArgs = [], env = {}, ...server } = {}) {
    const world = new World();
    world.sim = await Sim.start({ args: simArgs });
    try {
      world.mai = await Mai.start({
        ...server,
        env: {
          OPENAI_API_BASE_URL: world.sim.url,
          MAI_ALLOW_PRIVATE_UPSTREAMS: 'true',
          OPENROUTER_PROVISIONING_KEY: world.sim.managementKey,
          MAI_PROVIDER_EMAIL: provider.email,
          MAI_PROVIDER_PASSWORD: provider.password,
          ...env,
        },
      });
      await world.#found(limit, markup);
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  async #found(limit, markup) {
    this.markupPpm = Math.round(markup * 1e6);
    this.provider = await this.signIn(provider);
    const made = await this.api(`${clients}`, {
      token: this.provider.token,
      body: { name: 'Acme', markup_rate: markup, monthly_limit: limit, admin_email: admin.email, admin_name: admin.name },
    });
    this.organization = made.client.id;
    this.key = made.api_key;
    this.keyHash = createHash('sha256').update(this.key).digest('hex');
    await this.api(`${clients}/${this.organization}`, { method: 'PATCH', token: this.provider.token, body: { api_access: true } });
    this.admin = await this.#firstPassword(made.admin.one_time_password);
    await this.saveKey(this.admin.token, this.key);
    await until('the list of models', async () => (await this.api('/api/models', { token: this.admin.token })).data.length > 0);
    this.apiKey = await this.newApiKey(this.admin.token);
  }

  async #firstPassword(oneTime) {
    const first = await this.signIn({ email: admin.email, password: oneTime });
    await this.api('/api/v1/auths/update/password', {
      token: first.token,
      body: { password: oneTime, new_password: admin.password },
    });
    return this.signIn(admin);
  }

  /** Ends both; a server that ended by itself, or badly, is an error with the end of its log. */
  async stop() {
    const code = await this.mai?.stop();
    await this.sim?.stop();
    if (code !== undefined && code !== 0) throw new Error(`the server ended with ${code}:\n${this.mai.log.slice(-4000)}`);
  }

  // ---- requests ----

  /** Any request; `body` is sent as JSON unless it is text or bytes. Gives fetch's Response. */
  request(path, { token, method, body, headers = {}, signal } = {}) {
    return fetch(this.mai.origin + path, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined || typeof body === 'string' || body instanceof Uint8Array ? body : JSON.stringify(body),
      signal,
    });
  }

  /** The parsed JSON of a good answer; throws on any other. */
  async api(path, options) {
    const response = await this.request(path, options);
    const text = await response.text();
    if (!response.ok) throw new Error(`${options?.method ?? ''} ${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  /** A request below /v1 with the administrator's API key. */
  v1(path, options) {
    return this.request(`/v1${path}`, { token: this.apiKey, ...options });
  }

  /** A chat completion by API key. */
  chat({ model = 'sim/echo', content = 'Hello', signal, token = this.apiKey, ...rest } = {}) {
    return this.v1('/chat/completions', { token, signal, body: { model, messages: [{ role: 'user', content }], ...rest } });
  }

  signIn({ email, password }) {
    return this.api('/api/v1/auths/signin', { body: { email, password } });
  }

  async newApiKey(token) {
    return (await this.api('/api/v1/auths/api_keys', { token, body: { name: 'test' } })).api_key;
  }

  /** An employee (or `role`) of Acme, signed in. */
  async addPerson({ name = 'Bob', email = `${name.toLowerCase()}@acme.example`, role = 'user', password = 'a long enough password' } = {}) {
    const person = await this.api('/api/v1/auths/add', { token: this.admin.token, body: { name, email, password, role } });
    const session = await this.signIn({ email, password });
    return { ...person, ...session, password };
  }

  /** Saves a key as an administrator does, and waits until it is verified (or in the state wanted). */
  async saveKey(token, key, state = 'verified') {
    await this.api('/openai/config/update', {
      token,
      body: { OPENAI_API_BASE_URLS: [this.sim.url], OPENAI_API_KEYS: [key] },
    });
    return until(`the key is ${state}`, async () => {
      const { KEYS } = await this.api('/openai/config', { token });
      return KEYS[0].state === state && KEYS[0];
    });
  }

  // ---- time ----

  /** Stops the server, makes the rows that wait (or are estimates) `hours` older and due, and starts it again. */
  async age(hours) {
    await this.mai.stop({ keep: true });
    await run('sqlite3', [join(this.mai.folder, 'mai.db'), `UPDATE generations SET created_ms = created_ms - ${hours} * 3600000,
      next_check_ms = 0 WHERE state IN (1, 5) OR next_check_ms IS NOT NULL`]);
    await this.mai.start();
  }

  // ---- the books ----

  /** Rows of a query on the store, as objects. Integers that are money must be CAST to TEXT. */
  async query(sql) {
    const { stdout } = await run('sqlite3', ['-readonly', '-json', '-cmd', '.timeout 5000', join(this.mai.folder, 'mai.db'), sql], {
      maxBuffer: 256 << 20,
    });
    return stdout.trim() === '' ? [] : JSON.parse(stdout);
  }

  /** The ledger as `mai ledger list --json` gives it, asked of the running server. */
  async ledger() {
    const { code, stdout, stderr } = await this.mai.command(['ledger', 'list', '--json']);
    assert.equal(code, 0, stderr);
    return stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }

  /** Every row of the ledger, oldest first; money as BigInt or null, state as a word. */
  async rows() {
    const rows = await this.query(`SELECT id, generation_id, organization_id, user_id, chat_id, purpose, model, served_model, state,
      is_stream, prompt_tokens, completion_tokens, CAST(cost AS TEXT) cost, CAST(billed AS TEXT) billed, markup_ppm,
      CAST(reserved AS TEXT) reserved, source, error, corrects, checks, created_ms, settled_ms, usage_json
      FROM generations ORDER BY created_ms, id`);
    const big = (text) => (text === null ? null : BigInt(text));
    return rows.map((row) => ({ ...row, state: states[row.state], cost: big(row.cost), billed: big(row.billed), reserved: big(row.reserved) }));
  }

  /** Waits until no row is open or pending, but for those that `mayWait`; gives all rows. */
  async settled({ mayWait = () => false, timeoutMs = 40_000 } = {}) {
    let waiting;
    try {
      return await until('settled', async () => {
        const rows = await this.rows();
        waiting = rows.filter((row) => isWaiting(row) && !mayWait(row));
        return waiting.length === 0 && rows;
      }, { timeoutMs, everyMs: 50 });
    } catch {
      const show = (row) => `${row.model} ${row.state} ${row.generation_id} "${row.error}" checks ${row.checks}`;
      throw new Error(`these rows did not settle:\n${waiting.map(show).join('\n')}`);
    }
  }

  /** The ledger equals the bill: per generation, in total, in the rollups; billed is cost times markup, half even. */
  async assertBooks(rows) {
    rows ??= await this.rows();
    const bill = await this.sim.bill({ key: this.keyHash });
    const booked = new Map();
    for (const row of rows) {
      if (row.generation_id === null || row.cost === null) continue;
      booked.set(row.generation_id, (booked.get(row.generation_id) ?? 0n) + row.cost);
    }
    const missing = bill.filter((one) => !booked.has(one.id) && wholeCost(one) !== 0n);
    assert.deepEqual(missing, [], 'generations on the bill that the ledger does not have');
    const billed = new Map(bill.map((one) => [one.id, wholeCost(one)]));
    for (const [id, cost] of booked) assert.equal(cost, billed.get(id) ?? 0n, `cost of ${id}`);
    const sum = (list) => list.reduce((total, one) => total + one, 0n);
    assert.equal(sum(rows.map((row) => row.cost ?? 0n)), sum([...billed.values()]), 'the total');
    const ids = rows.filter((row) => row.generation_id !== null && row.corrects === null).map((row) => row.generation_id);
    assert.equal(new Set(ids).size, ids.length, 'a generation is booked twice');
    for (const row of rows)
      if (row.cost !== null && row.corrects === null) assert.equal(row.billed, billedOf(row.cost, row.markup_ppm), `billed of ${row.generation_id}`);
    await this.#assertRollups(rows);
    return { rows, bill };
  }

  async #assertRollups(rows) {
    const sum = (list, name) => list.reduce((total, row) => total + (row[name] ?? 0n), 0n);
    for (const table of ['rollups', 'rollup_totals']) {
      const [{ cost, billed }] = await this.query(
        `SELECT CAST(COALESCE(SUM(cost), 0) AS TEXT) cost, CAST(COALESCE(SUM(billed), 0) AS TEXT) billed FROM ${table}`,
      );
      assert.equal(BigInt(cost), sum(rows, 'cost'), `${table}: cost`);
      assert.equal(BigInt(billed), sum(rows, 'billed'), `${table}: billed`);
    }
  }
}

export const clients = '/api/v1/client-organizations/clients';

export const isWaiting = (row) => row.state === 'open' || row.state === 'pending';

// What a generation cost in all: with an own provider key OpenRouter's cost is the fee alone.
function wholeCost(one) {
  return pico(one.cost) + (one.is_byok ? pico(one.upstream_cost) : 0n);
}

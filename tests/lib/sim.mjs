// Starts and stops openrouter-sim for tests, and speaks its control API.
//
//   const sim = await Sim.start({ args: ['--chunk-ms', '5'] });
//   const { key, hash } = await sim.createKey({ name: 'Acme', limit: 10 });
//   await sim.script({ rules: [{ model: 'sim/echo', nth: 2, do: { status: 429 } }] });
//   ... let something call sim.url with that key ...
//   const rows = await sim.bill({ key: hash });      // exact costs as decimal strings
//   await sim.stop();
//
// The executable is found in the build folder: MAI_BUILD, else ./build of the repository.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createInterface } from 'node:readline';

export const repository = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
export const buildFolder = resolve(repository, process.env.MAI_BUILD ?? 'build');

/** The management key of every simulator that was not given another one. */
export const managementKey = 'sk-or-v1-management-demo-0000000000000000000000000000000000000000';

/** Path of a built executable, wherever the build put it. */
export function executable(name) {
  for (const place of [join(buildFolder, name), join(buildFolder, 'sim', name), join(buildFolder, 'src', name), join(buildFolder, 'tests/e2e', name)])
    if (existsSync(place)) return place;
  throw new Error(`${name} is not built in ${buildFolder} (set MAI_BUILD)`);
}

/** One running simulator on a free port of 127.0.0.1. */
export class Sim {
  /** @param {{ args?: string[] }} [options] further command-line options (`openrouter-sim --help`) */
  static async start({ args = [] } = {}) {
    const child = spawn(executable('openrouter-sim'), ['--port', '0', '--generation-delay-ms', '0', ...args], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const killAtExit = () => child.kill('SIGKILL');
    process.once('exit', killAtExit); // no orphan when a test run breaks off
    const ended = new Promise((done) =>
      child.once('exit', (code, signal) => {
        process.off('exit', killAtExit);
        done(code ?? signal);
      }),
    );
    const url = await Promise.race([
      firstLine(child.stdout).then((line) => line.split(' ').at(-1)),
      ended.then((code) => Promise.reject(new Error(`openrouter-sim ended at once: ${code}`))),
    ]);
    return new Sim(child, ended, url);
  }

  constructor(child, ended, url) {
    this.child = child;
    this.ended = ended;
    /** Base URL of the API, ends in /api/v1. */
    this.url = url;
    this.origin = new URL(url).origin;
    this.port = Number(new URL(url).port);
    this.managementKey = managementKey;
  }

  /** Ends the process; resolves with its exit code. */
  async stop() {
    this.child.kill('SIGTERM');
    return this.ended;
  }

  // ---- the API, without an SDK ----

  /** A request below /api/v1 with a key; `body` is sent as JSON. Resolves with fetch's Response. */
  request(path, { key = this.managementKey, method, body, headers = {}, signal } = {}) {
    return fetch(this.url + path, {
      method: method ?? (body === undefined ? 'GET' : 'POST'),
      headers: {
        ...(key ? { authorization: `Bearer ${key}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body === undefined ? undefined : typeof body === 'string' ? body : JSON.stringify(body),
      signal,
    });
  }

  /** The same, giving the parsed JSON of a good answer and throwing on any other. */
  async json(path, options) {
    const response = await this.request(path, options);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return JSON.parse(text);
  }

  /** Makes an inference key. Gives { key, hash, data }. */
  async createKey({ name = 'Test', ...rest } = {}) {
    const made = await this.json('/keys', { body: { name, ...rest } });
    return { key: made.key, hash: made.data.hash, data: made.data };
  }

  /** A chat completion. Gives the Response. */
  chat(key, { model = 'sim/echo', content = 'Hello', script, signal, ...rest } = {}) {
    return this.request('/chat/completions', {
      key,
      signal,
      headers: script ? { 'x-sim-script': JSON.stringify(script) } : {},
      body: { model, messages: [{ role: 'user', content }], ...rest },
    });
  }

  // ---- the control API ----

  async #control(path, body) {
    const response = await fetch(`${this.origin}/sim${path}`, {
      method: body === undefined ? 'GET' : 'POST',
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`/sim${path}: ${response.status} ${text}`);
    return text;
  }

  /** Sets defaults and replaces the rules: { default: {...}, rules: [{ ..., do: {...} }] }. */
  async script(script) {
    await this.#control('/script', script);
  }

  /** Moves the clock: { now: ISO } or { advance_ms }, { freeze }. Without argument: reads it. */
  async clock(change) {
    return JSON.parse(await this.#control('/clock', change));
  }

  async setCredits(usd) {
    await this.#control('/credits', { total_credits: usd });
  }

  /** Forgets rules, request log, counters and clock. Keys and bill stay. */
  async reset() {
    await this.#control('/reset', {});
  }

  /** Every settled generation, oldest first; { key: hash } of one key only. */
  async bill({ key } = {}) {
    return lines(await this.#control(`/bill${key ? `?key=${key}` : ''}`));
  }

  /** Totals per key. */
  async billByKey() {
    return lines(await this.#control('/bill?by=key'));
  }

  /** Requests seen, oldest first, without those to /sim; `path` e.g. '/api/v1/chat/completions'. */
  async requests({ path } = {}) {
    return lines(await this.#control(`/requests${path ? `?path=${encodeURIComponent(path)}` : ''}`));
  }

  async stats() {
    return JSON.parse(await this.#control('/stats'));
  }

  /** Waits until `condition(await this.stats())` holds. */
  async until(condition, { timeoutMs = 5000 } = {}) {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const stats = await this.stats();
      if (condition(stats)) return stats;
      if (Date.now() > deadline) throw new Error(`the simulator did not get there: ${JSON.stringify(stats)}`);
      await new Promise((done) => setTimeout(done, 5));
    }
  }
}

async function firstLine(stream) {
  for await (const line of createInterface({ input: stream })) return line;
  return new Promise(() => {}); // ended without a line: the exit tells
}

function lines(text) {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** Exact sum of decimal strings such as the bill's, as a count of 1e-12 USD (BigInt). */
export function pico(...amounts) {
  return amounts.flat().reduce((sum, text) => sum + picoOf(text), 0n);
}

function picoOf(text) {
  const [, sign, whole, fraction = ''] = /^(-?)(\d+)(?:\.(\d{1,12}))?$/.exec(text);
  const value = BigInt(whole + fraction.padEnd(12, '0'));
  return sign ? -value : value;
}

/** Events of an SSE text: parsed JSON of each data line, '[DONE]' as it is; comments left out. */
export function events(text) {
  return text
    .split(/\r?\n\r?\n/)
    .map((event) => event.replace(/^(:.*\r?\n?)+/, ''))
    .filter((event) => event.startsWith('data: '))
    .map((event) => event.slice(6))
    .map((data) => (data === '[DONE]' ? data : JSON.parse(data)));
}

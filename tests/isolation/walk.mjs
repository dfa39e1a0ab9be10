// The walk: every route of the program's own table x every credential x the things of another organization, of another
// person, of nobody. What it asserts of every single answer is in judge.mjs; who gets through follows from the table
// (credentials.mjs); what is sent is in requests.mjs.
//
//   node tests/isolation/walk.mjs [--only REGEX]     prints what is wrong and the count, exits 1 when anything is
//
// REGEX picks routes by "METHOD /path", for the mutants and for people.

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildFolder } from '../lib/sim.mjs';
import { credentials, expectation } from './credentials.mjs';
import { Judge } from './judge.mjs';
import { Organizations } from './organizations.mjs';
import { requests, strangeIds, thingsOf, thingsOfNobody } from './requests.mjs';
import { checkFigures, dumpOf, foreignKey, listen } from './scenes.mjs';

/** The routes of the program: [{ name, method, path, may, reach }]. */
export function routesOf() {
  const program = [join(buildFolder, 'routes_dump'), join(buildFolder, 'tests/isolation/routes_dump')].find(existsSync);
  if (!program) throw new Error(`routes_dump is not built in ${buildFolder} (set MAI_BUILD)`);
  const lines = execFileSync(program, { encoding: 'utf8' }).trim().split('\n').map((line) => JSON.parse(line));
  return lines.map((route) => ({ ...route, name: `${route.method} ${route.path}` }));
}

/** Walks; gives { violations, counts, seconds }. */
export async function walk({ only = /./ } = {}) {
  const start = Date.now();
  const all = routesOf();
  const routes = all.filter((route) => only.test(route.name));
  const judge = new Judge();
  for (const name of Object.keys(requests)) if (!all.some((route) => route.name === name)) judge.note('table', name, 'the walk has a row for a route that is not there');
  for (const route of all) if (!requests[route.name]) judge.note('table', route.name, 'the route has no row in tests/isolation/requests.mjs');
  const w = await Organizations.start();
  try {
    judge.of(w);
    const scene = (play, paths) => routes.some((route) => paths.test(route.path)) && play(w, judge).catch((error) => judge.note('broken', play.name, error.message));
    await scene(listen, /events|live/);
    const callers = await credentials(w);
    await scene(foreignKey, /openai\/config/);
    const before = await dumpOf(w, { isFirst: true });
    const lanes = callers.map((c) => new Lane(w, c, judge, routes.filter((route) => requests[route.name])));
    await Promise.all(lanes.map((lane) => lane.run()));
    judge.compareDumps(before, await dumpOf(w));
    await checkFigures(w, judge);
    return { ...judge.result(), routes: routes.length, credentials: callers.length, seconds: (Date.now() - start) / 1000 };
  } finally {
    await w.stop();
  }
}

// One caller on the way through all routes, one request after the other. Callers go at the same time: each is a person of
// its own.
class Lane {
  constructor(w, caller, judge, routes) {
    Object.assign(this, { w, c: caller, judge, routes });
    this.things = {
      'another organization': thingsOf(w, w.B, w.B.user),
      'another admin': thingsOf(w, w.B, w.B.admin),
      'another person': thingsOf(w, w.A, w.A.user2),
      nothing: thingsOfNobody(),
    };
  }

  async run() {
    for (const route of this.routes) {
      try {
        const expected = expectation(this.c, route);
        if (expected === 'through') await this.#through(route, requests[route.name]);
        else await this.#refused(route, requests[route.name], expected);
      } catch (error) {
        this.judge.note('broken', route.name, `as ${this.c.name}: ${error.message}`);
      }
    }
  }

  /** Whose things are tried on this route. */
  #targets(route, isThrough) {
    const names = ['another organization', 'another admin'];
    if (route.reach === 'own') names.push('another person');
    const isProvider = this.c.reader.role === 'provider' && isThrough;
    return [...(isProvider ? [] : names), 'nothing'].map((name) => [name, this.things[name]]);
  }

  // Refused before anything is looked up: the same words whatever is asked for.
  async #refused(route, row, expected) {
    const [c, w] = [this.c, this.w];
    const answers = [];
    if (row.target)
      for (const [kind, things] of this.#targets(route, false))
        for (const request of list(await row.target(things, w, { isMember: false })).slice(0, 1))
          answers.push(await this.#send(c, route, row, request, kind, things, [expected]));
    else
      for (const request of list(row.make ? await row.make(w, { ...c, who: c.who ?? w.A.user }) : {}))
        answers.push(await this.#send(c, route, row, request, 'no id', {}, [expected]));
    for (const answer of answers) this.judge.same(route, c, answer, answers[0], 'refusals');
  }

  async #through(route, row) {
    if (!row.target) return this.#plain(route, row);
    await this.#targeted(route, row);
    await this.#strange(route, row);
    if (row.proof) await this.#proof(route, row);
    else if (!row.unproved) this.judge.note('table', route.name, 'names things, and its row has neither a proof nor a reason for none');
  }

  async #plain(route, row) {
    const c = await this.#freshOf(row);
    for (const request of list(row.make ? await row.make(this.w, c) : {})) {
      const answer = await this.#send(c, route, row, request, 'no id', {}, request.ok ?? row.ok ?? [200]);
      if (row.check && answer.status === 200) this.judge.check(route, c, row.check(answer, this.w));
    }
  }

  async #freshOf(row) {
    const { c, w } = this;
    if (!row.fresh || !c.who) return c;
    if (row.fresh === 'session') return c.as(await w.signIn({ ...c.who }, { address: c.address }));
    if (c.who.role === 'provider') return c;
    if (c.who.mustChangePassword) return c.as(await w.addWithoutPassword(w.A, 'fresh'));
    return c.as(await w.addPerson(w.A, 'fresh', c.who.role));
  }

  // Nothing of anybody else differs from nothing at all.
  async #targeted(route, row) {
    const { c, w } = this;
    const answers = {};
    for (const [kind, things] of this.#targets(route, true)) {
      answers[kind] = [];
      for (const request of list(await row.target(things, w, c)))
        answers[kind].push(await this.#send(c, route, row, request, kind, things, request.gone ?? row.gone ?? [404]));
    }
    for (const [kind, list] of Object.entries(answers))
      for (const [at, answer] of list.entries()) this.judge.same(route, c, answer, answers.nothing[at], kind);
  }

  async #strange(route, row) {
    const [, name] = /\{(\w+)\}/.exec(route.path) ?? [];
    if (!name) return;
    const [request] = list(await row.target(this.things.nothing, this.w, { isMember: false }));
    for (const id of strangeIds) {
      const ok = new Set([...(request.gone ?? row.gone ?? [404]), 400, 404, 414, 422]);
      await this.#send(this.c, route, row, { ...request, params: { ...request.params, [name]: { raw: id } } }, 'a strange id', {}, [...ok]);
    }
  }

  async #proof(route, row) {
    const { c, w } = this;
    for (const request of list(await row.proof(w, c))) await this.#send(c, route, row, request, 'its own', {}, request.ok ?? row.ok ?? [200]);
  }

  async #send(c, route, row, request, kind, things, allowed) {
    const path = fill(route.path, request.params) + (request.query ?? '');
    const options = { headers: c.headers(), body: request.body, until: row.until };
    if (request.body === undefined && route.method !== 'GET') options.headers['content-length'] = '0';
    const answer = await this.w.wire.send(route.method, path, options);
    const sent = path + (request.body === undefined ? '' : JSON.stringify(request.body));
    const hit = { ...answer, route, kind, things, sent, caller: c };
    this.judge.hit(hit, allowed, row.may);
    return hit;
  }
}

const list = (one) => (Array.isArray(one) ? one : [one]);

function fill(path, params = {}) {
  return path.replace(/\{(\w+)\}/g, (_, name) => params[name]?.raw ?? encodeURIComponent(params[name] ?? 'missing'));
}

// ---- by hand, and for the mutants ----

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const at = process.argv.indexOf('--only');
  const result = await walk({ only: at < 0 ? undefined : new RegExp(process.argv[at + 1]) });
  for (const one of result.violations) console.log(`${one.what}: ${one.route}: ${one.detail}`);
  console.log(summary(result));
  process.exitCode = result.violations.length > 0 ? 1 : 0;
}

/** One line about what was done. */
export function summary({ routes, credentials: callers, kinds, requests: made, violations, seconds }) {
  const counted = Object.entries(kinds).map(([kind, count]) => `${kind} ${count}`).join(', ');
  return `${routes} routes x ${callers} credentials x ${Object.keys(kinds).length} kinds of ids = ${made} requests (${counted}) in ${seconds.toFixed(1)} s: ${violations.length} violations`;
}

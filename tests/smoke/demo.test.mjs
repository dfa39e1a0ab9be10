// ./run demo: ready in seconds, everybody can sign in, sixty days are there, it stops cleanly and comes back.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { company, password, provider } from '../../tools/demo/cast.mjs';
import { repository } from '../lib/sim.mjs';

let folder, taken, demo;
before(async () => {
  folder = mkdtempSync(join(tmpdir(), 'mai-demo-'));
  taken = await listen();
});
after(async () => {
  await demo?.stop();
  taken.close();
  rmSync(folder, { recursive: true, force: true });
});

test('starts on the next port when its own is taken, and says so', async () => {
  demo = await Demo.start();
  assert.notEqual(demo.port, taken.address().port);
  assert.match(demo.output, new RegExp(`port ${taken.address().port} is taken, using ${demo.port}`));
});

test('is ready within ten seconds', () => {
  assert.ok(Number(/ready in ([\d.]+) s/.exec(demo.output)[1]) < 10, demo.output);
});

test('every printed login works, with its role', async () => {
  for (const person of [provider, ...company.flatMap((one) => one.people)]) {
    assert.ok(demo.output.includes(person.email));
    const session = await demo.signIn(person.email);
    assert.equal(session.role, person.role, person.email);
  }
});

test('sixty days of usage, weekdays above week ends, several people and models', async () => {
  const { token } = await demo.signIn(company[0].people[0].email);
  const { stats } = await demo.get('/api/v1/client-organizations/usage/my-organization', token);
  assert.equal(stats.client_org_name, company[0].name);
  assert.ok(stats.today.requests > 0, 'today is made by real calls');
  const rows = await demo.sql(`SELECT date(created_ms / 1000, 'unixepoch') day, strftime('%w', created_ms / 1000, 'unixepoch') week,
    COUNT(*) calls, COUNT(DISTINCT user_id) people, COUNT(DISTINCT model) models FROM generations GROUP BY day ORDER BY day`);
  assert.ok(rows.length > 50, `${rows.length} days`);
  const mean = (list) => list.reduce((sum, row) => sum + row.calls, 0) / list.length;
  const isWeekEnd = (row) => row.week === '0' || row.week === '6';
  assert.ok(mean(rows.filter((row) => !isWeekEnd(row))) > 4 * mean(rows.filter(isWeekEnd)));
  assert.ok(rows.some((row) => row.people >= 6 && row.models >= 5));
});

test('no row is open, and the sums are the rows', async () => {
  const [{ waiting }] = await demo.sql('SELECT COUNT(*) waiting FROM generations WHERE state IN (0, 1)');
  assert.equal(waiting, 0);
  const [sums] = await demo.sql('SELECT (SELECT SUM(billed) FROM generations) rows, (SELECT SUM(billed) FROM rollups) rollups');
  assert.equal(sums.rows, sums.rollups);
});

test('Ctrl-C stops both servers', async () => {
  const { port, supplier } = demo;
  assert.equal(await demo.stop('SIGINT'), 0, demo.output);
  for (const address of [`http://127.0.0.1:${port}/health`, supplier])
    await assert.rejects(fetch(address), undefined, `${address} still answers`);
});

test('comes back with the same data', async () => {
  const before = await countCalls();
  demo = await Demo.start();
  assert.doesNotMatch(demo.output, /making two clients/);
  assert.ok((await countCalls()) > before, 'new keys work: today got more calls');
  assert.equal((await demo.signIn(company[1].people[1].email)).role, 'user');
});

const countCalls = async () => (await Demo.query('SELECT COUNT(*) calls FROM generations'))[0].calls;

class Demo {
  static async start() {
    const demo = new Demo();
    await Promise.race([demo.isReady, demo.ended.then((code) => Promise.reject(new Error(`ended with ${code}\n${demo.output}`)))]);
    demo.address = /address\s+(\S+)/.exec(demo.output)[1];
    demo.port = Number(new URL(demo.address).port);
    demo.supplier = /supplier\s+(\S+)/.exec(demo.output)[1];
    return demo;
  }

  constructor() {
    this.output = '';
    this.child = spawn('node', [join(repository, 'tools/demo.mjs')], {
      env: { ...process.env, PORT: String(taken.address().port), MAI_DEMO_DATA: join(folder, 'data') },
    });
    this.ended = new Promise((done) => this.child.once('close', (code, signal) => done((this.code = code ?? signal))));
    this.isReady = new Promise((done) => {
      for (const stream of [this.child.stdout, this.child.stderr])
        stream.on('data', (text) => {
          this.output += text;
          if (this.output.includes('Ctrl-C stops it.')) done();
        });
    });
  }

  stop(signal = 'SIGTERM') {
    if (this.code === undefined) this.child.kill(signal);
    return this.ended;
  }

  async signIn(email) {
    const answer = await fetch(`${this.address}/api/v1/auths/signin`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password }),
    });
    assert.equal(answer.status, 200, `${email}: ${await answer.clone().text()}`);
    return answer.json();
  }

  async get(path, token) {
    return (await fetch(this.address + path, { headers: { authorization: `Bearer ${token}` } })).json();
  }

  sql(text) {
    return Demo.query(text);
  }

  static query(text) {
    const file = join(folder, 'data/mai.db');
    assert.ok(existsSync(file));
    return new Promise((done, fail) => {
      let out = '';
      const child = spawn('sqlite3', ['-readonly', '-json', '-cmd', '.timeout 5000', file, text], { stdio: ['ignore', 'pipe', 'inherit'] });
      child.stdout.on('data', (more) => (out += more));
      child.on('error', fail);
      child.on('close', (code) => (code === 0 ? done(JSON.parse(out || '[]')) : fail(new Error(`sqlite3: ${code}`))));
    });
  }
}

function listen() {
  return new Promise((done) => {
    const server = createServer().listen(0, '127.0.0.1', () => done(server));
  });
}

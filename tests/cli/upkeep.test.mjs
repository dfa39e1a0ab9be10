// backup, restore, ledger, doctor.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Mai, command, settingsFor } from '../lib/mai.mjs';
import { Sim, managementKey, pico } from '../lib/sim.mjs';
import { World } from '../lib/world.mjs';

let sim, scratch;
before(async () => (sim = await Sim.start()));
after(() => sim.stop());
beforeEach(() => (scratch = mkdtempSync(join(tmpdir(), 'mai-upkeep-'))));
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

describe('backup and restore', () => {
  const names = async (run) => (await run(['client', 'list', '--json'])).json.map((one) => one.client_name);
  const create = async (run, name) => {
    const done = await run(['client', 'create', '--name', name], { env: { OPENROUTER_PROVISIONING_KEY: managementKey } });
    assert.equal(done.code, 0, done.output);
  };

  test('a backup of a running server, put back after it stopped', async () => {
    const mai = await Mai.start({ sim });
    const run = (words, options) => mai.command(words, { cwd: scratch, ...options });
    await create(run, 'Before');
    const made = await run(['backup', 'nightly.db', '--json']);
    assert.equal(made.code, 0, made.output);
    assert.equal(made.json.path, join(scratch, 'nightly.db'), 'relative to where the command was given');
    await create(run, 'After');
    const early = await run(['restore', 'nightly.db']);
    assert.equal(early.code, 1);
    assert.match(early.stderr, /stop it first/);
    assert.deepEqual(await names(run), ['After', 'Before']);

    await mai.stop({ keep: true });
    const restored = await run(['restore', 'nightly.db']);
    assert.equal(restored.code, 0, restored.output);
    assert.ok(readdirSync(mai.folder).some((name) => name.startsWith('mai.db.replaced-')));
    await mai.start();
    assert.deepEqual(await names(run), ['Before']);
    await mai.stop();
  });

  test('without a server', async () => {
    const env = { ...settingsFor(sim), DATA_DIR: join(scratch, 'data') };
    const run = (words, options = {}) => command(words, { cwd: scratch, ...options, env: { ...env, ...options.env } });
    await create(run, 'Only');
    assert.equal((await run(['backup', join(scratch, 'a.db')])).code, 0);
    assert.equal((await run(['backup', join(scratch, 'a.db')])).code, 0, 'an older backup is replaced');
    await create(run, 'Other');
    assert.equal((await run(['restore', 'a.db'])).code, 0);
    assert.deepEqual(await names(run), ['Only']);
  });

  test('what is no backup is refused and changes nothing', async () => {
    const env = { ...settingsFor(sim), DATA_DIR: join(scratch, 'data') };
    const run = (words) => command(words, { cwd: scratch, env });
    await create((words, options) => command(words, { env: { ...env, ...options.env } }), 'Stays');
    writeFileSync(join(scratch, 'letter.txt'), 'Dear sir or madam, '.repeat(500));
    for (const [words, pattern] of [
      [['restore', 'letter.txt'], /letter\.txt/],
      [['restore', 'missing.db'], /missing\.db cannot be read/],
      [['restore', '.'], /not a file/],
      [['restore', 'data/mai.db'], /database itself/],
      [['backup', 'letter.txt'], /not a backup of mAI/],
      [['backup', 'data'], /is a folder/],
      [['backup', 'data/mai.db'], /database itself/],
      [['backup', 'no/such/folder/x.db'], /x\.db/],
      [['backup', ''], /empty/],
    ]) {
      const done = await run(words);
      assert.equal(done.code, 1, words.join(' '));
      assert.match(done.stderr, pattern);
    }
    assert.deepEqual(await names(run), ['Stays']);
  });
});

describe('ledger', () => {
  let world, run;
  before(async () => {
    world = await World.start();
    run = (words) => command(words, { env: { ...world.mai.env, DATA_DIR: world.mai.folder } });
    for (let i = 0; i < 3; i++) await world.v1('/chat/completions', { body: { model: 'sim/echo', messages: [{ role: 'user', content: `Call ${i}` }] } });
    await world.settled();
  });
  after(() => world.stop());
  const rows = async (...words) => {
    const done = await run(['ledger', 'list', '--json', ...words]);
    assert.equal(done.code, 0, done.output);
    return done.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line));
  };

  test('one object a line, oldest first, equal to the bill', async () => {
    const all = await rows(), bill = await world.sim.bill();
    assert.equal(all.length, 3);
    assert.deepEqual(Object.keys(all[0]), ['id', 'generation_id', 'organization', 'user', 'model', 'provider', 'state', 'prompt_tokens', 'completion_tokens', 'cost', 'billed', 'markup', 'source', 'created_at', 'settled_at']);
    assert.deepEqual(all.map((row) => row.generation_id), bill.map((row) => row.id));
    assert.equal(pico(all.map((row) => row.cost)), pico(bill.map((row) => row.cost)));
    assert.deepEqual(all.map((row) => row.created_at), all.map((row) => row.created_at).sort());
    assert.match(all[0].billed, /^\d+\.\d+$/);
    assert.equal(all[0].markup, 1.3);
    assert.equal(all[0].state, 'settled');
  });

  test('of one client, of a span of time', async () => {
    const all = await rows();
    assert.equal((await rows('--client', 'acme')).length, 3);
    assert.equal((await rows('--from', all[1].created_at)).length, 2);
    assert.equal((await rows('--to', all[1].created_at)).length, 1);
    assert.equal((await rows('--from', '2001-01-01', '--to', '2001-02-01')).length, 0);
    const unknown = await run(['ledger', 'list', '--client', 'nobody']);
    assert.equal(unknown.code, 1);
    assert.match(unknown.stderr, /no client/);
  });

  test('as text', async () => {
    const { stdout } = await run(['ledger', 'list']);
    assert.equal(stdout.split('\n').length, 5);
    assert.match(stdout, /settled .*\$0\.\d+ .*sim\/echo {2}Acme {2}ann@acme\.example/);
  });

  test('verify proves the sums', async () => {
    const { code, json } = await run(['ledger', 'verify', '--json']);
    assert.equal(code, 0);
    assert.deepEqual([json.rows, json.differences], [3, 0]);
    assert.match((await run(['ledger', 'verify'])).stdout, /^3 rows, \d+ sums, 0 differences\n$/);
  });

  test('usage tells the same', async () => {
    const all = await rows();
    const { json } = await run(['client', 'usage', 'Acme', '--json']);
    assert.equal(json.month.requests, 3);
    assert.equal(pico(json.month.billed), pico(all.map((row) => row.billed)));
    assert.equal(pico(json.month.margin), pico(json.month.billed) - pico(json.month.cost));
    assert.deepEqual(json.models.map((one) => [one.model, one.requests]), [['sim/echo', 3]]);
  });
});

describe('doctor', () => {
  const look = async (env) => {
    const done = await command(['doctor', '--json'], { env });
    const found = Object.fromEntries(done.stdout.split('\n').filter(Boolean).map((line) => JSON.parse(line)).map((one) => [one.check, one]));
    return { ...done, found };
  };
  const base = () => ({ ...settingsFor(sim), DATA_DIR: join(scratch, 'data') });

  test('before the first start it makes nothing', async () => {
    const { code, found } = await look(base());
    assert.equal(code, 0);
    assert.equal(found['data folder'].result, 'warn');
    assert.ok(!existsSync(join(scratch, 'data')));
  });

  test('all is well, with and without a server', async () => {
    await command(['client', 'list'], { env: base() });
    const { code, found } = await look({ ...base(), OPENROUTER_PROVISIONING_KEY: managementKey });
    assert.equal(code, 0);
    for (const check of ['settings', 'data folder', 'master key', 'database', 'seal', 'ledger', 'OpenRouter', 'provisioning key'])
      assert.equal(found[check]?.result, 'ok', `${check}: ${found[check]?.text}`);
    const mai = await Mai.start({ sim });
    const beside = await mai.command(['doctor']);
    assert.equal(beside.code, 0, beside.output);
    assert.match(beside.stdout, /^ok +server +runs on this folder$/m);
    assert.match(beside.stdout, /^ok +database +version \d+/m);
    assert.match(beside.stdout, /^warn +provisioning key +there is none/m);
    await mai.stop();
  });

  test('what fails is named, with what to do, and exits 1', async () => {
    await command(['client', 'list'], { env: base() });
    const away = await look({ ...base(), OPENAI_API_BASE_URL: 'http://127.0.0.1:9/api/v1' });
    assert.equal(away.code, 1);
    assert.equal(away.found.OpenRouter.result, 'fail');
    assert.match(away.found.OpenRouter.text, /OPENAI_API_BASE_URL/);
    const wrong = await look({ ...base(), OPENROUTER_PROVISIONING_KEY: 'sk-or-v1-wrong-wrong-wrong-wrong' });
    assert.equal(wrong.code, 1);
    assert.equal(wrong.found['provisioning key'].result, 'fail');
    assert.ok(!wrong.output.includes('wrong-wrong'));
    const { key } = await sim.createKey({ name: 'Inference' });
    assert.match((await look({ ...base(), OPENROUTER_PROVISIONING_KEY: key })).found['provisioning key'].text, /not a management key/);
    const master = await look({ ...base(), WEBUI_SECRET_KEY: 'another secret' });
    assert.equal(master.code, 1);
    assert.match(master.output, /master key does not fit/);
    const setting = await command(['doctor'], { env: { ...base(), PORT: 'x' } });
    assert.equal(setting.code, 1);
    assert.match(setting.stderr, /PORT/);
  });

  test('a master key that others can read is pointed out', async () => {
    await command(['client', 'list'], { env: base() });
    chmodSync(join(scratch, 'data', 'master.key'), 0o644);
    const { found } = await look(base());
    assert.equal(found['master key'].result, 'warn');
    assert.match(found['master key'].text, /chmod 600/);
  });

  test('a folder that is a file', async () => {
    mkdirSync(join(scratch, 'x'));
    writeFileSync(join(scratch, 'data'), '');
    const { code, found } = await look(base());
    assert.equal(code, 1);
    assert.equal(found['data folder'].result, 'fail');
  });
});

test('hashes shown as key ids are those of the keys', async () => {
  const env = { ...settingsFor(sim), DATA_DIR: join(scratch, 'data'), OPENROUTER_PROVISIONING_KEY: managementKey };
  const { json } = await command(['client', 'create', '--name', 'Hashed', '--json'], { env });
  assert.equal(json.key_id, createHash('sha256').update(json.api_key).digest('hex'));
});

// `mai user ...`, without a server and beside one, where a change holds in the server's memory at once.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Mai, command, settingsFor } from '../lib/mai.mjs';
import { Sim, managementKey } from '../lib/sim.mjs';

const password = 'correct horse battery';
let sim;
before(async () => (sim = await Sim.start()));
after(() => sim.stop());

async function good(run, words, options) {
  const done = await run(words, options);
  assert.equal(done.code, 0, `${words.join(' ')}: ${done.output}`);
  return done;
}

async function failed(run, words, pattern, options) {
  const done = await run(words, options);
  assert.equal(done.code, 1, `${words.join(' ')}: ${done.output}`);
  assert.match(done.stderr, pattern);
}

describe('without a server', () => {
  let folder, mai;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'mai-user-'));
    const env = { ...settingsFor(sim), DATA_DIR: folder, OPENROUTER_PROVISIONING_KEY: managementKey };
    mai = (words, options) => command(words, { env, ...options });
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  const user = (...words) => ['user', ...words];

  test('a provider first; nobody else without an organization', async () => {
    const { json } = await good(mai, user('add', '--email', 'boss@x.example', '--name', 'Boss', '--role', 'provider', '--json'));
    assert.match(json.one_time_password, /^[a-z]{4}(-[a-z]{4}){4}$/);
    assert.deepEqual([json.role, json.organization_id, json.must_change_password], ['provider', null, true]);
    await failed(mai, user('add', '--email', 'a@x.example', '--name', 'A', '--role', 'admin'), /make a client first/);
  });

  test('the only organization need not be named, one of several must', async () => {
    await good(mai, ['client', 'create', '--name', 'One']);
    const { stdout } = await good(mai, user('add', '--email', 'ann@one.example', '--name', 'Ann', '--role', 'admin'));
    assert.match(stdout, /^ann@one\.example is added as admin\.\nOne-time password: [a-z-]{24}\n/);
    await good(mai, ['client', 'create', '--name', 'Two']);
    await failed(mai, user('add', '--email', 'b@x.example', '--name', 'B', '--role', 'user'), /say which one with --organization/);
    const { json } = await good(mai, user('add', '--email', 'bob@two.example', '--name', 'Bób Łoś', '--role', 'user', '--organization', 'two', '--password-stdin', '--json'), { input: `${password}\n` });
    assert.deepEqual([json.name, json.must_change_password, json.one_time_password], ['Bób Łoś', false, undefined]);
  });

  test('what cannot be added', async () => {
    await failed(mai, user('add', '--email', 'ANN@one.example', '--name', 'Ann', '--role', 'user', '--organization', 'One'), /e-mail/);
    await failed(mai, user('add', '--email', 'nonsense', '--name', 'N', '--role', 'user', '--organization', 'One'), /e-mail/);
    await failed(mai, user('add', '--email', 'n@x.example', '--name', ' ', '--role', 'user', '--organization', 'One'), /name/i);
    await failed(mai, user('add', '--email', 'n@x.example', '--name', 'N', '--role', 'user', '--organization', 'Three'), /no client/);
    await failed(mai, user('add', '--email', 'n@x.example', '--name', 'N', '--role', 'provider', '--organization', 'One'), /no organization/);
    await failed(mai, user('add', '--email', 'n@x.example', '--name', 'N', '--role', 'provider', '--password-stdin'), /at least 8/, { input: 'short\n' });
    await failed(mai, user('add', '--email', 'n@x.example', '--name', 'N', '--role', 'provider', '--password-stdin'), /empty/);
  });

  test('list', async () => {
    const { json } = await good(mai, user('list', '--json'));
    assert.deepEqual(json.map((one) => one.email), ['ann@one.example', 'bob@two.example', 'boss@x.example']);
    assert.deepEqual((await good(mai, user('list', '--organization', 'One', '--json'))).json.map((one) => one.email), ['ann@one.example']);
    assert.match((await good(mai, user('list'))).stdout, /admin +active +never +ann@one\.example {2}Ann\n/);
    assert.ok(!JSON.stringify(json).includes('argon'));
  });

  test('the last administrator stays', async () => {
    await failed(mai, user('disable', 'ann@one.example'), /administrator/);
    await failed(mai, user('role', 'ann@one.example', 'user'), /administrator/);
    await failed(mai, user('delete', 'ann@one.example', '--yes'), /administrator/);
  });

  test('role, disable, enable, delete', async () => {
    assert.equal((await good(mai, user('role', 'bob@two.example', 'pending', '--json'))).json.role, 'pending');
    assert.equal((await good(mai, user('disable', 'bob@two.example', '--json'))).json.is_disabled, true);
    assert.equal((await good(mai, user('enable', 'bob@two.example', '--json'))).json.is_disabled, false);
    await failed(mai, user('role', 'nobody@x.example', 'user'), /no person/);
    assert.equal((await mai(user('role', 'bob@two.example', 'king'))).code, 2);
    await failed(mai, user('delete', 'bob@two.example'), /Nothing was deleted/);
    const id = (await good(mai, user('list', '--organization', 'Two', '--json'))).json[0].id;
    assert.deepEqual((await good(mai, user('delete', id, '--json'), { input: 'y\n' })).json, { id, deleted: true });
    assert.equal((await good(mai, user('list', '--organization', 'Two', '--json'))).json.length, 0);
  });
});

describe('beside a running server', () => {
  let mai, run, token;
  const email = 'eve@acme.example';
  before(async () => {
    mai = await Mai.start({ sim, env: { OPENROUTER_PROVISIONING_KEY: managementKey } });
    run = (words, options) => mai.command(words, options);
    await good(run, ['client', 'create', '--name', 'Acme']);
    await good(run, ['user', 'add', '--email', 'ann@acme.example', '--name', 'Ann', '--role', 'admin', '--password-stdin'], { input: `${password}\n` });
    await good(run, ['user', 'add', '--email', email, '--name', 'Eve', '--role', 'user', '--password-stdin'], { input: `${password}\n` });
    token = await mai.signIn(email, password);
  });
  after(() => mai.stop());
  const me = async (t = token) => (await mai.api('GET', '/api/v1/auths/', undefined, t)).status;

  test('who was added can sign in', async () => {
    assert.equal(await me(), 200);
  });

  test('disabling ends web sessions at once, enabling lets in again', async () => {
    await good(run, ['user', 'disable', email]);
    assert.equal(await me(), 401);
    await assert.rejects(mai.signIn(email, password), /403|400|401/);
    await good(run, ['user', 'enable', email]);
    token = await mai.signIn(email, password);
    assert.equal(await me(), 200);
  });

  test('a changed role ends web sessions and holds', async () => {
    await good(run, ['user', 'role', email, 'admin']);
    assert.equal(await me(), 401);
    token = await mai.signIn(email, password);
    assert.equal((await mai.api('GET', '/api/v1/users/', undefined, token)).status, 200);
  });

  test('a reset gives a password that must be changed', async () => {
    const { json } = await good(run, ['user', 'reset', email, '--json']);
    assert.equal(await me(), 401);
    await assert.rejects(mai.signIn(email, password));
    const first = await mai.signIn(email, json.one_time_password);
    assert.equal((await mai.api('GET', '/api/v1/users/', undefined, first)).status, 403);
    const changed = await mai.api('POST', '/api/v1/auths/update/password', { password: json.one_time_password, new_password: 'another password' }, first);
    assert.equal(changed.status, 200, JSON.stringify(changed.body));
    token = await mai.signIn(email, 'another password');
    assert.ok(!mai.log.includes(json.one_time_password));
    await good(run, ['user', 'reset', email, '--password-stdin'], { input: `${password} spaced \n` });
    token = await mai.signIn(email, `${password} spaced `);
  });

  test('who is deleted is out', async () => {
    await good(run, ['user', 'delete', email, '--yes']);
    assert.equal(await me(), 401);
    await assert.rejects(mai.signIn(email, password));
  });

  test('many commands at once', async () => {
    const all = await Promise.all(
      Array.from({ length: 12 }, (_, i) => run(['user', 'add', '--email', `many${i}@acme.example`, '--name', `Many ${i}`, '--role', 'user', '--json'])),
    );
    assert.deepEqual(all.map((done) => done.code), Array(12).fill(0), all.map((done) => done.stderr).join(''));
    assert.equal((await good(run, ['user', 'list', '--json'])).json.filter((one) => one.email.startsWith('many')).length, 12);
  });
});

// `mai serve`: what it says at the start, why it does not start, how it stops.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, describe, test } from 'node:test';
import { Mai, command, settingsFor } from '../lib/mai.mjs';
import { Sim, managementKey } from '../lib/sim.mjs';
import { until } from '../lib/world.mjs';

let sim, scratch, env;
before(async () => (sim = await Sim.start()));
after(() => sim.stop());
beforeEach(() => {
  scratch = mkdtempSync(join(tmpdir(), 'mai-serve-'));
  env = { ...settingsFor(sim), DATA_DIR: join(scratch, 'data'), HOST: '127.0.0.1', PORT: '0' };
});
afterEach(() => rmSync(scratch, { recursive: true, force: true }));

/** A start that fails: exit 1 and one line. */
async function refused(more, pattern) {
  const done = await command(['serve'], { env: { ...env, ...more }, timeoutMs: 15_000 });
  assert.equal(done.code, 1, done.output);
  const lines = done.stderr.split('\n').filter((line) => line.startsWith('mai: '));
  assert.equal(lines.length, 1, done.stderr);
  assert.match(lines[0], pattern);
  assert.equal(done.stdout, '');
  return done;
}

describe('start', () => {
  test('says name, version, address, folder, upstream, and how the first account is made', async () => {
    const mai = await Mai.start({ sim, env: { WEBUI_NAME: 'mAI - Company ABC' } });
    const { stdout } = await mai.command(['version']);
    await until('the log line', () => mai.log.includes('Server started'));
    for (const part of [`${stdout.trim()} as mAI - Company ABC is ready`, mai.origin, mai.folder, sim.url, 'Nobody has an account yet'])
      assert.ok(mai.log.includes(part), `${part} in\n${mai.log}`);
    assert.equal(await mai.stop(), 0);
  });

  test('JSON logs are JSON only', async () => {
    const mai = await Mai.start({ sim, env: { LOG_FORMAT: 'json' } });
    await mai.stop();
    for (const line of mai.log.trim().split('\n')) assert.ok(JSON.parse(line).event, line);
    assert.match(mai.log, /"event":"Server started".*"address":"http:\/\/127\.0\.0\.1:\d+"/);
  });

  test('the hint goes once somebody has an account', async () => {
    const mai = await Mai.start({ sim, env: { MAI_PROVIDER_EMAIL: 'p@x.example', MAI_PROVIDER_PASSWORD: 'long enough' } });
    await mai.stop();
    assert.ok(!mai.log.includes('Nobody has an account'));
    assert.ok(!mai.log.includes('long enough'));
  });

  test('only the owner can read the folder, its socket and its secrets', async () => {
    const mai = await Mai.start({ sim, folder: join(scratch, 'new', 'folder') });
    const mode = (name) => statSync(join(mai.folder, name)).mode & 0o777;
    assert.equal(mode('.'), 0o700);
    for (const name of ['mai.sock', 'master.key', 'mai.db', 'lock']) assert.equal(mode(name), 0o600, name);
    await mai.stop();
    assert.ok(!existsSync(join(mai.folder, 'mai.sock')), 'the socket goes with the server');
  });
});

describe('does not start', () => {
  test('on a taken port', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((done) => other.once('listening', done));
    await refused({ PORT: String(other.address().port) }, /[Pp]ort \d+ .* already in use/);
    other.close();
  });

  test('on the port or the folder of another mAI', async () => {
    const mai = await Mai.start({ sim });
    await refused({ PORT: String(mai.port) }, /already in use/);
    const done = await refused({ DATA_DIR: mai.folder }, /in use by another mAI/);
    assert.ok(done.stderr.includes(`process ${mai.pid}`));
    assert.equal((await mai.api('GET', '/health')).status, 200, 'the first one goes on');
    assert.equal((await mai.command(['client', 'list'])).code, 0, 'and still has its socket');
    await mai.stop();
  });

  test('on a folder that cannot be used', async () => {
    writeFileSync(join(scratch, 'file'), '');
    await refused({ DATA_DIR: join(scratch, 'file') }, /not a folder/);
    await refused({ DATA_DIR: join(scratch, 'file', 'below') }, /cannot be/);
    await refused({ DATA_DIR: '/proc/nowhere' }, /cannot be/);
  });

  test('on a folder that cannot be written', async (t) => {
    const locked = join(scratch, 'locked');
    mkdirSync(locked, { mode: 0o555 });
    if (process.getuid() !== 0) {
      await refused({ DATA_DIR: locked }, /cannot be written/);
      return;
    }
    if (!existsSync('/usr/bin/setpriv')) return t.skip('root may write everywhere, and there is no setpriv');
    chmodSync(scratch, 0o755);
    const program = process.env.MAI_BUILD ?? 'build';
    const done = await asNobody(['serve'], { ...env, DATA_DIR: locked }, program);
    assert.equal(done.code, 1, done.stderr);
    assert.match(done.stderr, /^mai: .*cannot be written/);
  });

  test('with another master key than the data was made with', async () => {
    const first = await command(['client', 'list'], { env: { ...env, WEBUI_SECRET_KEY: 'the right secret' } });
    assert.equal(first.code, 0, first.stderr);
    await refused({ WEBUI_SECRET_KEY: 'a wrong secret' }, /master key does not fit/);
    const list = await command(['client', 'list'], { env: { ...env, WEBUI_SECRET_KEY: 'a wrong secret' } });
    assert.equal(list.code, 1);
    assert.match(list.stderr, /master key does not fit/);
    const again = await command(['client', 'list'], { env: { ...env, WEBUI_SECRET_KEY: 'the right secret' } });
    assert.equal(again.code, 0);
  });

  test('on a newer database, a foreign one, a damaged one', async () => {
    await command(['client', 'list'], { env });
    const database = join(env.DATA_DIR, 'mai.db');
    execFileSync('python3', ['-c', `import sqlite3; c = sqlite3.connect('${database}'); c.execute('PRAGMA user_version = 999'); c.execute('INSERT INTO schema_migrations (version, name, applied_ms) VALUES (999, ?, 0)', ('future',)); c.commit()`]);
    await refused({}, /newer/);
    rmSync(env.DATA_DIR, { recursive: true });
    mkdirSync(env.DATA_DIR);
    writeFileSync(database, 'this is no database, whatever its name says. '.repeat(200));
    await refused({}, /mai\.db/);
  });

  for (const [name, value, pattern] of [
    ['PORT', 'http', /PORT/],
    ['PORT', '70000', /PORT/],
    ['DEFAULT_MARKUP_RATE', '-1.3', /DEFAULT_MARKUP_RATE/],
    ['ENABLE_SIGNUP', 'perhaps', /ENABLE_SIGNUP/],
    ['LOG_LEVEL', 'loud', /LOG_LEVEL/],
    ['OPENAI_API_BASE_URL', 'openrouter', /OPENAI_API_BASE_URL/],
    ['MAI_PROVIDER_EMAIL', 'p@x.example', /MAI_PROVIDER_PASSWORD/],
    ['DATABASE_URL', 'mysql://x', /DATABASE_URL/],
    ['TLS_CERTIFICATE_FILE', '/does/not/exist', /TLS_CERTIFICATE_FILE/],
  ])
    test(`with ${name}=${value}`, async () => {
      await refused({ [name]: value }, pattern);
      assert.ok(!existsSync(env.DATA_DIR), 'nothing was made');
    });

  test('a secret of the wrong shape is not repeated', async () => {
    const done = await refused({ MAI_PROVIDER_EMAIL: 'p@x.example', MAI_PROVIDER_PASSWORD: 'tooshrt' }, /MAI_PROVIDER_PASSWORD/);
    assert.ok(!done.output.includes('tooshrt'));
  });
});

/** As an ordinary user, when the tests run as root; the program is copied to where that user can read it. */
async function asNobody(words, settings, build) {
  const { execFile } = await import('node:child_process');
  const program = join(scratch, 'mai');
  execFileSync('cp', [[join(build, 'mai'), join(build, 'src/mai')].find(existsSync), program]);
  const args = ['--reuid=65534', '--regid=65534', '--clear-groups', program, ...words];
  return new Promise((done) =>
    execFile('setpriv', args, { env: { ...process.env, ...settings }, timeout: 15_000 }, (error, stdout, stderr) => done({ code: error === null ? 0 : (error.code ?? error.signal), stdout, stderr })),
  );
}

describe('stop', () => {
  test('SIGTERM and SIGINT end it with exit code 0', async () => {
    for (const signal of ['SIGTERM', 'SIGINT']) {
      const mai = await Mai.start({ sim });
      process.kill(mai.pid, signal);
      assert.equal(await mai.server.ended, 0);
      assert.match(mai.log, /Server stopped/);
      rmSync(mai.folder, { recursive: true });
    }
  });

  test('a running stream gets its time, a second signal does not wait', async () => {
    const mai = await Mai.start({ sim, env: { OPENROUTER_PROVISIONING_KEY: managementKey } });
    const stream = await openStream(mai, { words: 2000, chunkMs: 50 });
    const started = Date.now();
    process.kill(mai.pid, 'SIGTERM');
    await until('the stop', () => mai.log.includes('Server stops'));
    process.kill(mai.pid, 'SIGTERM');
    assert.equal(await mai.server.ended, 1);
    assert.ok(Date.now() - started < 5000);
    assert.match(mai.log, /stopped at once/);
    await stream.cancel().catch(() => {});
    await mai.start();
    assert.equal(await mai.stop(), 0, 'and starts again on its folder');
  });

  test('a short stream is finished before the end', async () => {
    const mai = await Mai.start({ sim, env: { OPENROUTER_PROVISIONING_KEY: managementKey } });
    const reader = await openStream(mai, { words: 40, chunkMs: 30 });
    process.kill(mai.pid, 'SIGTERM');
    let text = '';
    for (let part = await reader.read(); !part.done; part = await reader.read()) text += Buffer.from(part.value).toString();
    assert.ok(text.includes('data: [DONE]'), text.slice(-300));
    assert.equal(await mai.server.ended, 0);
    const rows = await mai.command(['ledger', 'list', '--json']);
    assert.equal(rows.json.state, 'settled');
    rmSync(mai.folder, { recursive: true });
  });

  test('after kill -9 the socket that was left is replaced', async () => {
    const mai = await Mai.start({ sim });
    await mai.kill();
    assert.ok(readdirSync(mai.folder).includes('mai.sock'));
    assert.equal((await mai.command(['client', 'list'])).code, 0, 'the command takes the store itself');
    await mai.start();
    assert.equal((await mai.command(['client', 'list'])).code, 0);
    assert.match(mai.log, /command name="client list"/);
    await mai.stop();
  });
});

/** An admin with a verified key whose stream has begun; gives its reader. */
async function openStream(mai, { words, chunkMs }) {
  const password = 'correct horse battery';
  const client = (await mai.command(['client', 'create', '--name', 'Acme', '--json'])).json;
  await mai.command(['user', 'add', '--email', 'ann@x.example', '--name', 'Ann', '--role', 'admin', '--password-stdin'], { input: password });
  const token = await mai.signIn('ann@x.example', password);
  await mai.api('POST', '/openai/config/update', { ENABLE_OPENAI_API: true, OPENAI_API_BASE_URLS: [sim.url], OPENAI_API_KEYS: [client.api_key], OPENAI_API_CONFIGS: {} }, token);
  await until('the key to be verified', async () => JSON.stringify((await mai.api('GET', '/openai/config', undefined, token)).body).includes('"verified"'));
  await until('the models', async () => (await mai.api('GET', '/api/models', undefined, token)).body.data?.length > 0);
  await sim.script({ rules: [{ path: '/chat/completions', do: { chunk_ms: chunkMs } }] });
  const response = await fetch(`${mai.origin}/api/chat/completions`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'sim/echo', stream: true, messages: [{ role: 'user', content: 'word '.repeat(words) }] }),
  });
  assert.equal(response.status, 200);
  const reader = response.body.getReader();
  await reader.read();
  return reader;
}

describe('the socket', () => {
  test('a data folder with a long path works as well', async () => {
    const long = join(scratch, 'x'.repeat(60), 'y'.repeat(60), 'z'.repeat(60));
    mkdirSync(long, { recursive: true });
    const mai = await Mai.start({ sim, folder: long });
    assert.equal((await mai.command(['client', 'list'])).code, 0);
    assert.match(mai.log, /command name="client list"/);
    await mai.stop();
  });

  test('nonsense on the socket harms nobody', async () => {
    const { connect } = await import('node:net');
    const mai = await Mai.start({ sim });
    for (const bytes of [Buffer.alloc(3), Buffer.from('ffffffff', 'hex'), Buffer.from('05000000{"a":'), Buffer.concat([Buffer.from([2, 0, 0, 0]), Buffer.from('{}')]), Buffer.concat([Buffer.from([4, 0, 0, 0]), Buffer.from('null')])]) {
      const socket = connect(join(mai.folder, 'mai.sock'));
      socket.on('error', () => {});
      const closed = new Promise((done) => socket.once('close', done));
      socket.end(bytes);
      socket.resume();
      await closed;
    }
    assert.equal((await mai.command(['client', 'list'])).code, 0);
    await mai.stop();
  });
});

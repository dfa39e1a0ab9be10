// Bad input at every door: each gets the right status in the shape of its API, and nothing is half written: the store
// is compared before and after.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { Mai } from '../lib/mai.mjs';
import { exchange, postBytes } from '../lib/wire.mjs';
import { World, admin, clients } from '../lib/world.mjs';

let world, bob;
before(async () => {
  world = await World.start({ limit: 50 });
  bob = await world.addPerson({ name: 'Bob' });
});
after(() => world?.stop());

// What the server notes by itself while a test runs: signs of life, external users, limits read back.
const ownWork = Object.fromEntries(
  ['last_seen_ms', 'last_active_ms', 'external_state', 'external_reported', 'external_learned_ms', 'external_checked_ms', 'openrouter_limit_seen_ms'].map((name) => [name, 0]),
);

// Everything that bad input must not change.
async function contents() {
  const tables = ['organizations', 'users', 'supplier_keys', 'invitations', 'generations', 'chats', 'chat_messages', 'rollup_totals'];
  const all = {};
  for (const table of tables) all[table] = (await world.query(`SELECT * FROM ${table} ORDER BY 1`)).map((row) => ({ ...row, ...ownWork }));
  return all;
}

async function changesNothing(work) {
  const before = await contents();
  await work();
  assert.deepEqual(await contents(), before);
}

async function assertOpenai(response, status) {
  const text = await response.text();
  assert.equal(response.status, status, text);
  const { error } = JSON.parse(text);
  assert.ok(error.message.length > 5 && typeof error.type === 'string' && 'code' in error && 'param' in error, text);
}

async function assertWeb(response, status) {
  const text = await response.text();
  assert.equal(response.status, status, text);
  assert.ok(JSON.parse(text).detail.length > 3, text);
}

const message = { role: 'user', content: 'Hello' };
const nested = (depth) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

const badCompletions = [
  ['nothing', '', 400],
  ['no JSON', 'hello', 400],
  ['half JSON', '{"model":"sim/echo","messages":[', 400],
  ['an array', '[]', 400],
  ['a text', '"sim/echo"', 400],
  ['two values', '{"model":"sim/echo","messages":[]} {}', 400],
  ['bad UTF-8', Buffer.from([...Buffer.from('{"model":"sim/echo","messages":[{"role":"user","content":"'), 0xff, 0xc0, ...Buffer.from('"}]}')]), 400],
  ['a raw control character', '{"model":"sim/echo","messages":[{"role":"user","content":"a\nb"}]}', 400],
  ['members twice', '{"model":"sim/echo","model":"sim/fast","messages":[{"role":"user","content":"x"}]}', 400],
  ['members twice, one escaped', '{"max_tokens":1,"max\\u005ftokens":9000,"model":"sim/echo","messages":[{"role":"user","content":"x"}]}', 400],
  ['no model', { messages: [message] }, 400],
  ['a model that is a number', { model: 7, messages: [message] }, 400],
  ['a model nobody knows', { model: 'no/such', messages: [message] }, 400],
  ['a model for embeddings', { model: 'openai/text-embedding-3-small', messages: [message] }, 400],
  ['no messages', { model: 'sim/echo' }, 400],
  ['messages that are a text', { model: 'sim/echo', messages: 'Hello' }, 400],
  ['no message in messages', { model: 'sim/echo', messages: [] }, 400],
  ['a message that is null', { model: 'sim/echo', messages: [null] }, 400],
  ['a stream that is a text', { model: 'sim/echo', messages: [message], stream: 'yes' }, 400],
  ['a negative max_tokens', { model: 'sim/echo', messages: [message], max_tokens: -1 }, 400],
  ['a max_tokens of letters', { model: 'sim/echo', messages: [message], max_tokens: 'many' }, 400],
  ['a huge max_tokens', '{"model":"sim/echo","messages":[{"role":"user","content":"x"}],"max_tokens":99999999999999999999}', 400],
  ['depth without end', `{"model":"sim/echo","messages":${nested(5000)}}`, 400],
  ['plugins, which cost unseen', { model: 'sim/echo', messages: [message], plugins: [{ id: 'web' }] }, 403],
  ['other models behind', { model: 'sim/echo', models: ['openai/gpt-4o-mini'], messages: [message] }, 403],
];

describe('completions', () => {
  for (const [name, body, status] of badCompletions)
    test(`${name}: ${status}`, () => changesNothing(async () => {
      const wanted = (got) => (status === 400 ? [400, 422].includes(got) : got === status);
      for (const [path, token] of [['/v1/chat/completions', world.apiKey], ['/api/chat/completions', bob.token]]) {
        const response = await world.request(path, { token, method: 'POST', body });
        assert.ok(wanted(response.status), `${path}: ${response.status}`);
        await assertOpenai(response, response.status);
      }
    }));

  test('a body over the maximum is refused before it is sent', () => changesNothing(async () => {
    const head = `POST /v1/chat/completions HTTP/1.1\r\nHost: m\r\nAuthorization: Bearer ${world.apiKey}\r\nContent-Length: 40000000\r\nConnection: close\r\n\r\n`;
    const { status, body } = await exchange(world.mai.port, head);
    assert.equal(status, 413);
    assert.ok(JSON.parse(body).error.message);
  }));

  test('a stranger’s body is not even read', async () => {
    const head = 'POST /v1/chat/completions HTTP/1.1\r\nHost: m\r\nAuthorization: Bearer sk-mai-x\r\nContent-Length: 30000000\r\nConnection: close\r\n\r\n';
    assert.equal((await exchange(world.mai.port, head)).status, 401);
  });
});

describe('heads', () => {
  const get = (extra) => `GET /health HTTP/1.1\r\nHost: m\r\nConnection: close\r\n${extra}\r\n`;
  for (const [name, bytes, status] of [
    ['no HTTP', 'hello there\r\n\r\n', 400],
    ['no host', 'GET /health HTTP/1.1\r\n\r\n', 400],
    ['a header without a colon', get('nonsense\r\n'), 400],
    ['a space before the colon', get('X-A : b\r\n'), 400],
    ['a folded line', get('X-A: b\r\n c\r\n'), 400],
    ['a bare line feed', get('X-A: b\n'), 400],
    ['two lengths', get('Content-Length: 1\r\nContent-Length: 2\r\n'), 400],
    ['length and coding', get('Content-Length: 1\r\nTransfer-Encoding: chunked\r\n'), 400],
    ['a head over 32 kB', get(`X-A: ${'b'.repeat(40_000)}\r\n`), 431],
    ['an unknown method', 'BREW /health HTTP/1.1\r\nHost: m\r\nConnection: close\r\n\r\n', [400, 405, 501]],
  ])
    test(`${name}: ${status}`, async () => {
      const answer = await exchange(world.mai.port, bytes);
      assert.ok([status].flat().includes(answer.status), `${answer.head}`);
      assert.ok(JSON.parse(answer.body).detail, answer.body);
    });
});

describe('routes', () => {
  for (const [method, path, status] of [
    ['GET', '/api/v1/no/such/route', 404],
    ['GET', '/v1/no/such', 404],
    ['DELETE', '/api/v1/auths/signin', 405],
    ['GET', '/v1/chat/completions', 405],
    ['GET', '/api/v1/chats/%ff%fe', 400],
    ['GET', '/api/v1/chats/..%2f..%2fetc', 400],
    ['GET', `/api/v1/chats/${'x'.repeat(3000)}`, 404],
    ['GET', '/api/v1/users/?page=-1', 422],
    ['GET', '/api/v1/users/?page=99999999999999999999', 422],
  ])
    test(`${method} ${path.slice(0, 40)}: ${status}`, async () => {
      const response = await world.request(path, { method, token: path.startsWith('/v1/') ? world.apiKey : world.admin.token });
      await (path.startsWith('/v1/') ? assertOpenai : assertWeb)(response, status);
    });
});

describe('forms', () => {
  const cases = [
    ['/api/v1/auths/add', { name: '', email: 'x@y.example', role: 'user' }],
    ['/api/v1/auths/add', { name: 'X', email: 'no address', role: 'user' }],
    ['/api/v1/auths/add', { name: 'X', email: 'x@y.example', role: 'emperor' }],
    ['/api/v1/auths/add', { name: 'X', email: 'x@y.example', role: 'provider' }],
    ['/api/v1/auths/add', { name: 7, email: 'x@y.example', role: 'user' }],
    ['/api/v1/auths/add', { name: 'X', email: 'x@y.example', role: 'user', password: 'short' }],
    ['/api/v1/auths/add', { name: 'X'.repeat(5000), email: 'x@y.example', role: 'user' }],
    ['/api/v1/auths/update/password', { password: 'wrong', new_password: 'a long enough one' }],
    ['/openai/config/update', { OPENAI_API_BASE_URLS: 'x', OPENAI_API_KEYS: 7 }],
    ['/openai/config/update', { OPENAI_API_BASE_URLS: ['http://169.254.169.254/'], OPENAI_API_KEYS: ['sk-or-v1-1234567890'] }],
    ['/api/v1/chats/new', { chat: 'x' }],
    ['/api/v1/invitations', { role: 'provider' }],
  ];
  for (const [path, body] of cases)
    test(`${path} ${JSON.stringify(body).slice(0, 60)}: refused with a sentence`, () => changesNothing(async () => {
      const response = await world.request(path, { token: world.admin.token, body });
      assert.ok([400, 403, 409, 422].includes(response.status), `${response.status}`);
      await assertWeb(response, response.status);
    }));

  test('limits that are none', () => changesNothing(async () => {
    for (const monthly_limit of ['"x"', '-1', '1e30', '0.0000000000001', '{}', 'true', '[1]'])
      await assertWeb(await world.request(`${clients}/${world.organization}`, { token: world.provider.token, method: 'PATCH', body: `{"monthly_limit":${monthly_limit}}` }), 422);
  }));
});

describe('who asks', () => {
  const ask = (token, path = '/v1/chat/completions') => world.request(path, { token, body: { model: 'sim/echo', messages: [message] } });

  test('garbage, foreign and ended tokens: 401', () => changesNothing(async () => {
    const ended = await world.signIn({ email: 'bob@acme.example', password: bob.password });
    await world.api('/api/v1/auths/signout', { token: ended.token, method: 'POST' });
    const tokens = ['x', 'sk-mai-', world.apiKey.slice(0, -1) + (world.apiKey.endsWith('x') ? 'y' : 'x'), 'é'.repeat(10).normalize('NFD').replace(/[^\x20-\x7e]/g, '?'), 'a'.repeat(5000), ended.token, 'null', world.key];
    for (const token of tokens) {
      await assertOpenai(await ask(token), 401);
      await assertWeb(await world.request('/api/v1/users/', { token }), 401);
    }
  }));

  test('a session that has expired: 401', async () => {
    const old = await world.signIn({ email: 'bob@acme.example', password: bob.password });
    await world.mai.stop({ keep: true });
    execFileSync('sqlite3', [join(world.mai.folder, 'mai.db'), `UPDATE web_sessions SET expires_ms = 1 WHERE id = (SELECT id FROM web_sessions WHERE user_id = '${bob.id}' ORDER BY created_ms DESC LIMIT 1)`]);
    await world.mai.start();
    await assertWeb(await world.request('/api/v1/auths/', { token: old.token }), 401);
    await assertOpenai(await ask(old.token, '/api/chat/completions'), 401);
  });

  test('a web token on /v1 and an API key on web routes', () => changesNothing(async () => {
    const onV1 = await ask(world.admin.token);
    assert.ok([401, 403].includes(onV1.status));
    await assertOpenai(onV1, onV1.status);
    const onWeb = await world.request('/api/v1/users/', { token: world.apiKey });
    assert.ok([401, 403].includes(onWeb.status));
    await assertWeb(onWeb, onWeb.status);
  }));

  test('no right: an employee at the administrator’s and the provider’s doors, the provider at chats', () => changesNothing(async () => {
    for (const [token, path] of [[bob.token, '/api/v1/users/'], [bob.token, '/openai/config'], [bob.token, clients], [world.admin.token, clients], [world.provider.token, '/api/v1/chats/']])
      await assertWeb(await world.request(path, { token }), 403);
    await assertOpenai(await ask(world.provider.token, '/api/chat/completions'), 403);
  }));

  test('an organization without API access', async () => {
    const set = (api_access) => world.api(`${clients}/${world.organization}`, { token: world.provider.token, method: 'PATCH', body: { api_access } });
    await set(false);
    await assertOpenai(await ask(world.apiKey), 403);
    await assertWeb(await world.request('/api/v1/auths/api_keys', { token: world.admin.token, body: { name: 'x' } }), 403);
    await set(true);
    assert.equal((await ask(world.apiKey)).status, 200);
  });

  test('a disabled person and a disabled organization', async () => {
    const carol = await world.addPerson({ name: 'Carol' });
    const key = await world.newApiKey(carol.token);
    await world.api(`/api/v1/users/${carol.id}/disable`, { token: world.admin.token, method: 'POST' });
    for (const [token, path] of [[carol.token, '/api/chat/completions'], [key, '/v1/chat/completions']]) {
      const response = await ask(token, path);
      assert.ok([401, 403].includes(response.status), `${response.status}`);
      await assertOpenai(response, response.status);
    }
    const signIn = await world.request('/api/v1/auths/signin', { body: { email: 'carol@acme.example', password: carol.password } });
    assert.ok([400, 403].includes(signIn.status));
    await world.api(`${clients}/${world.organization}/disable`, { token: world.provider.token, method: 'POST' });
    const refused = await ask(world.apiKey);
    await assertOpenai(refused, 403);
    await world.api(`${clients}/${world.organization}/enable`, { token: world.provider.token, method: 'POST' });
    assert.equal((await ask(world.apiKey)).status, 200);
  });
});

describe('browsers', () => {
  const post = (headers) => world.request('/api/v1/users/user/settings/update', {
    body: { ui: { theme: 'dark' } },
    headers: { cookie: `token=${bob.token}`, ...headers },
  });

  test('a cookie without Origin, or with a foreign one: 403; with its own it works', async () => {
    await changesNothing(async () => {
      await assertWeb(await post({}), 403);
      for (const origin of ['https://evil.example', 'null', world.mai.origin.replace('127.0.0.1', 'localhost'), `${world.mai.origin}.evil.example`])
        await assertWeb(await post({ origin }), 403);
    });
    assert.equal((await post({ origin: world.mai.origin })).status, 200);
  });
});

describe('guessing', () => {
  test('wrong passwords: 400, then 429 with Retry-After, and the right one has to wait too', async () => {
    const signIn = (password) => world.request('/api/v1/auths/signin', { body: { email: 'dora@acme.example', password } });
    await world.addPerson({ name: 'Dora' });
    let refused;
    for (let i = 0; i < 40 && !refused; i++) {
      const response = await signIn(`guess ${i}`);
      if (response.status === 429) refused = response;
      else await assertWeb(response, 400);
    }
    assert.ok(refused, 'forty guesses went through');
    assert.ok(Number(refused.headers.get('retry-after')) > 0);
    await assertWeb(refused, 429);
    await assertWeb(await signIn('a long enough password'), 429);
  });
});

// ---- a full disk ----

function smallDisk() {
  if (process.getuid() !== 0) return { reason: 'needs root for a tmpfs' };
  const folder = mkdtempSync(join(tmpdir(), 'mai-full-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', folder], { stdio: 'pipe' });
    return { folder };
  } catch (error) {
    rmSync(folder, { recursive: true });
    return { reason: `no tmpfs can be mounted: ${String(error.stderr).trim()}` };
  }
}

test('a full data folder: an error in words, and what was there is whole', async (t) => {
  const { folder, reason } = smallDisk();
  if (reason) return t.skip(reason);
  const small = await World.start({ folder });
  try {
    let failed;
    for (let i = 0; i < 200 && !failed; i++) {
      const content = 'x'.repeat(60_000);
      const response = await small.request('/api/v1/chats/new', { token: small.admin.token, body: { chat: { title: content.slice(0, 100), history: { currentId: null, messages: {} } } } });
      if (!response.ok) failed = response;
      else {
        const { id } = await response.json();
        const user = crypto.randomUUID();
        const answer = await small.request('/api/chat/completions', {
          token: small.admin.token,
          body: { model: 'sim/fast', stream: true, chat_id: id, id: crypto.randomUUID(), parent_id: user, user_message: { id: user, parentId: null, content }, messages: [{ role: 'user', content: 'short' }] },
        });
        if (!answer.ok) failed = answer;
        else await answer.text().catch(() => {});
      }
    }
    assert.ok(failed, 'the disk did not fill');
    assert.ok([500, 503, 507].includes(failed.status), `${failed.status}`);
    await failed.text();
    assert.equal((await small.request('/health')).status, 200);
    assert.equal((await small.sim.stats()).calls_open, 0);
    await small.mai.stop({ keep: true });
    execFileSync('mount', ['-o', 'remount,size=30m', folder]);
    const [{ integrity_check }] = await small.query('PRAGMA integrity_check');
    assert.equal(integrity_check, 'ok');
    await small.mai.start();
    await small.settled();
    await small.assertBooks();
  } finally {
    await small.stop();
    execFileSync('umount', [folder]);
    rmSync(folder, { recursive: true });
  }
});

test('a taken port, a second server on a folder, an unwritable folder: one line and a non-zero exit', async () => {
  const fails = (env) => Mai.start({ folder: mkdtempSync(join(tmpdir(), 'mai-no-')), env }).then(
    (mai) => mai.stop().then(() => assert.fail('it started')),
    (error) => String(error.message),
  );
  assert.match(await fails({ DATA_DIR: world.mai.folder }), /ended at once: 1\n.*(another|already|uses|lock)/is);
  assert.match(await fails({ DATA_DIR: '/proc/none' }), /ended at once: 1\n/);
  const health = await fetch(`${world.mai.origin}/health`);
  assert.equal(health.status, 200);
});

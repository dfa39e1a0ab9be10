// Commands that change what a running server holds in memory: they hold when the command returns.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { command } from '../lib/mai.mjs';
import { World } from '../lib/world.mjs';

describe('a client that is calling', () => {
  let world;
  before(async () => (world = await World.start()));
  after(() => world.stop());

  const run = async (...words) => {
    const done = await command([...words, '--json'], { env: { ...world.mai.env, DATA_DIR: world.mai.folder } });
    assert.equal(done.code, 0, done.output);
    return done;
  };
  const call = async () => {
    const response = await world.v1('/chat/completions', { body: { model: 'openai/gpt-4o-mini', messages: [{ role: 'user', content: 'Hello' }] } });
    return { status: response.status, text: await response.text() };
  };

  test('calls', async () => {
    assert.equal((await call()).status, 200);
  });

  test('rotate: the new key is in use, the old one is disabled, nobody enters anything', async () => {
    const { json } = await run('client', 'rotate', 'Acme');
    assert.equal(json.is_in_use, true);
    assert.notEqual(json.key_id, world.keyHash);
    assert.equal((await world.sim.json(`/keys/${world.keyHash}`)).data.disabled, true);
    assert.equal((await call()).status, 200);
    await world.settled();
    const rows = (await world.sim.bill({ key: json.key_id })).length;
    assert.equal(rows, 1, 'the call went out with the new key');
    assert.equal((await run('client', 'show', 'Acme')).json.key_state, 'verified');
  });

  test('a limit of nothing refuses the next call, another one allows it', async () => {
    await run('client', 'set', 'Acme', '--limit', '0');
    const refused = await call();
    assert.equal(refused.status, 402, refused.text);
    await run('client', 'set', 'Acme', '--limit', '50');
    assert.equal((await call()).status, 200);
  });

  test('a markup is that of the next call', async () => {
    await run('client', 'set', 'Acme', '--markup', '2');
    assert.equal((await call()).status, 200);
    await world.settled();
    const lines = (await run('ledger', 'list')).stdout.trim().split('\n').map((line) => JSON.parse(line));
    assert.equal(lines.at(-1).markup, 2);
    assert.equal(lines[0].markup, 1.3, 'history keeps its own');
  });

  test('disable stops calls, enable allows them', async () => {
    await run('client', 'disable', 'Acme');
    assert.notEqual((await call()).status, 200);
    await run('client', 'enable', 'Acme');
    assert.equal((await call()).status, 200);
  });

  test('API access can be taken away', async () => {
    await run('client', 'set', 'Acme', '--api-access', 'off');
    assert.equal((await call()).status, 403);
    await run('client', 'set', 'Acme', '--api-access', 'on');
    assert.equal((await call()).status, 200);
  });

  test('after delete nothing works, and the books stay', async () => {
    const before = (await run('ledger', 'list')).stdout.trim().split('\n').length;
    await run('client', 'delete', 'Acme', '--yes');
    assert.equal((await call()).status, 401);
    assert.equal((await run('ledger', 'list')).stdout.trim().split('\n').length, before);
    assert.equal((await run('ledger', 'verify')).json.differences, 0);
  });
});

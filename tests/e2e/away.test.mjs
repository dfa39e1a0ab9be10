// OpenRouter is away: everybody is told in words, nothing that does not need it waits for it, and what was left
// undone is done when it is back. And a stop that lets running answers end.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Sim } from '../lib/sim.mjs';
import { EventReader } from '../lib/sse.mjs';
import { World, until } from '../lib/world.mjs';

let world, port;
before(async () => {
  world = await World.start();
  port = world.sim.port;
});
after(() => world?.stop());

const config = () => world.api('/api/config');
const upstreamIs = (state) => until(`upstream is ${state}`, async () => (await config()).upstream.state === state, { timeoutMs: 60_000, everyMs: 100 });

// The same address again. Keys are forgotten with the process: the organization's is made known by option.
async function simulatorIsBack() {
  world.sim = await Sim.start({ args: ['--port', String(port), '--inference-key', world.key] });
}

describe('while OpenRouter is away', () => {
  let live;
  before(async () => {
    live = new EventReader(await world.request('/api/v1/events', { token: world.admin.token }));
    await world.sim.stop();
  });

  test('a call fails in words, and costs nothing', async () => {
    for (const stream of [false, true]) {
      const response = await world.chat({ stream });
      assert.equal(response.status, 502);
      assert.match((await response.json()).error.message, /OpenRouter cannot be reached right now/);
    }
    const rows = await world.settled();
    assert.ok(rows.slice(-2).every((row) => row.state === 'failed' && row.cost === 0n && row.generation_id === null));
  });

  test('the configuration says so, and open pages are told', async () => {
    for (let i = 0; i < 4; i++) await (await world.chat()).text();
    await upstreamIs('away');
    const { upstream } = await config();
    assert.ok(Math.abs(upstream.since - Date.now() / 1000) < 60);
    await live.find('upstream away', (event) => event.type === 'upstream' && event.state === 'away');
  });

  test('saving a key is answered at once; its check waits', async () => {
    const begun = Date.now();
    const saved = await world.api('/openai/config/update', {
      token: world.admin.token,
      body: { OPENAI_API_BASE_URLS: [world.sim.url], OPENAI_API_KEYS: [`sk-or-v1-${'7'.repeat(64)}`] },
    });
    assert.ok(Date.now() - begun < 1000, `${Date.now() - begun} ms`);
    assert.ok(['checking', 'unreachable'].includes(saved.KEYS[0].state));
    const [key] = await until('unreachable', async () => {
      const { KEYS } = await world.api('/openai/config', { token: world.admin.token });
      return KEYS[0].state === 'unreachable' && KEYS;
    });
    assert.ok(key.reason.length > 10);
    assert.equal(key.previous.state, 'verified');
    assert.equal(key.last4, '7777');
  });

  test('the list of models is there, also after a restart without network', async () => {
    const before = await world.api('/api/models', { token: world.admin.token });
    assert.equal(await world.mai.stop({ keep: true }), 0);
    await live.finished;
    await new Promise((done) => setTimeout(done, 2000 - Math.min(2000, Date.now() - 1000 * before.fetched_at))); // to tell the times apart
    await world.mai.start();
    const later = await world.api('/api/models', { token: world.admin.token });
    assert.ok(later.data.length > 20);
    assert.deepEqual(later.data, before.data);
    assert.ok(Math.abs(later.fetched_at - before.fetched_at) <= 1, `${later.fetched_at} is not ${before.fetched_at}`);
    const listed = await (await world.v1('/models')).json();
    assert.equal(listed.data.length, before.data.length);
  });
});

describe('when it is back', () => {
  test('the saved key is verified by itself, the old one’s place is taken', async () => {
    const live = new EventReader(await world.request('/api/v1/events', { token: world.admin.token }));
    await world.api('/openai/config/update', {
      token: world.admin.token,
      body: { OPENAI_API_BASE_URLS: [world.sim.url], OPENAI_API_KEYS: [world.key] },
    });
    await simulatorIsBack();
    await until('verified', async () => {
      const { KEYS } = await world.api('/openai/config', { token: world.admin.token });
      return KEYS[0].state === 'verified';
    }, { timeoutMs: 60_000, everyMs: 100 });
    await upstreamIs('ok');
    const answer = await world.chat({ content: 'Back again' });
    assert.equal(answer.status, 200);
    assert.match(await answer.text(), /Back again/);
    await world.request('/api/v1/auths/signout', { token: world.admin.token, method: 'POST' });
    await live.find('session:ended', (event) => event.type === 'session:ended').catch(() => live.finished);
  });
});

describe('a graceful stop', () => {
  test('running answers come to their end, new ones are refused, the exit code is 0', async () => {
    await world.sim.script({ rules: [{ model: 'sim/pace-3', do: { answer_tokens: 300 } }] });
    const readers = await Promise.all(Array.from({ length: 10 }, async () => new EventReader(await world.chat({ model: 'sim/pace-3', stream: true }))));
    await Promise.all(readers.map((reader) => reader.find('text', (event) => event.choices)));
    const begun = Date.now();
    const stopped = world.mai.stop({ keep: true });
    const refused = await until('the door is closed', async () => fetch(`${world.mai.origin}/health`).then((response) => !response.ok, () => true));
    assert.ok(refused);
    assert.equal(await stopped, 0);
    assert.ok(Date.now() - begun < 8000);
    for (const reader of readers) {
      await reader.finished;
      assert.ok(reader.events.at(-1).done, reader.text.slice(-200));
    }
    const rows = (await world.rows()).slice(-10);
    assert.ok(rows.every((row) => row.state === 'settled'));
    await world.mai.start();
  });
});

// The main job in one breath, for every edit: a client is made, its key entered, a streamed answer billed with the markup.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { events, pico } from '../lib/sim.mjs';
import { World, billedOf } from '../lib/world.mjs';

let world;
before(async () => {
  world = await World.start({ limit: 5 });
});
after(() => world?.stop());

test('a streamed answer, to the last event', async () => {
  const response = await world.chat({ stream: true, content: 'one two three' });
  assert.equal(response.status, 200);
  const chunks = events(await response.text());
  assert.equal(chunks.at(-1), '[DONE]');
  const [bill] = await world.sim.bill({ key: world.keyHash });
  const usage = chunks.findLast((chunk) => chunk.usage)?.usage;
  assert.equal(pico(String(usage.cost)), billedOf(pico(bill.cost), world.markupPpm), 'what the client sees is billed');
});

test('the answer is in the books when its end was seen', async () => {
  const rows = await world.rows();
  assert.deepEqual(rows.map((row) => row.state), ['settled']);
  await world.assertBooks(rows);
});

test('the administrator sees today', async () => {
  const { stats } = await world.api('/api/v1/client-organizations/usage/my-organization', { token: world.admin.token });
  assert.equal(stats.today.requests, 1);
  assert.ok(stats.today.cost > 0);
});

test('a wrong key is refused in the shape of the API', async () => {
  const refused = await world.chat({ token: 'sk-mai-wrong' });
  assert.equal(refused.status, 401);
  assert.equal((await refused.json()).error.type, 'authentication_error');
});

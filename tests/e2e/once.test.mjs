// A completion goes upstream at most once: a pooled connection that resets under a request is an error for the
// client, never a second, silent sending that would be paid twice.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { World } from '../lib/world.mjs';

let world;
before(async () => {
  world = await World.start({ env: { MAI_LOOPS: '1' } }); // one pool
});
after(() => world?.stop());

const seen = () => world.sim.requests({ path: '/api/v1/chat/completions' });

for (const stream of [false, true])
  test(`${stream ? 'streamed' : 'plain'}: a reset before the answer, on a connection that was used before`, async () => {
    for (let round = 0; round < 5; round++) {
      await (await world.chat({ content: `warm up ${round}`, stream })).text();
      const before = await seen();
      await world.sim.script({ rules: [{ model: 'sim/echo', do: { reset_before_headers: true, bill: 'full' } }] });
      const response = await world.chat({ content: `once, round ${round}`, stream });
      await world.sim.script({ rules: [] });
      assert.equal(response.status, 502);
      assert.match((await response.json()).error.message, /cannot be reached/);
      const requests = (await seen()).slice(before.length);
      assert.equal(requests.length, 1, 'the simulator saw it more than once');
      assert.ok(before.some(({ connection }) => connection === requests[0].connection), 'the connection was no pooled one');
    }
  });

test('each of them was billed once and is booked once', async () => {
  await world.settled();
  const { bill, rows } = await world.assertBooks();
  assert.equal(bill.length, 20);
  assert.equal(rows.length, 20);
});

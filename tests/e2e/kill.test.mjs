// kill -9 at random instants while streams run, and a restart on the same folder, several times over. Whoever saw the
// end of an answer has a settled row at once; whoever saw a byte has the supplier's id in the books; in the end the
// ledger is the simulator's bill. The second round of it runs on a store that throws away what was not synced.
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { randomOf, seed } from '../lib/wire.mjs';
import { World, isWaiting, until } from '../lib/world.mjs';

const STREAMS = 50;
const ROUNDS = process.env.MAI_TEST_MODE === 'all' ? 20 : 4;

// A call until its end or the server's; what the client saw of it.
async function watch(world, stream, tokens) {
  const seen = { stream, id: null, hasBytes: false, isDone: false };
  try {
    const response = await world.chat({ model: 'sim/pace-3', stream, max_tokens: tokens });
    seen.id = response.headers.get('x-generation-id');
    let text = '';
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
      text += piece;
      seen.hasBytes = true;
    }
    seen.isDone = response.status === 200 && (stream ? text.endsWith('data: [DONE]\n\n') : JSON.parse(text).usage !== undefined);
  } catch {
    // the server is gone
  }
  return seen;
}

async function oneRound(world, random) {
  const kill = { after: 1 + Math.floor(random() * STREAMS * 0.4), ended: 0 }; // so many calls have ended then
  const calls = Array.from({ length: STREAMS }, async (_, i) => {
    const isLong = i % 2 === 1; // these run until the end
    const seen = await watch(world, isLong || i % 10 !== 0, isLong ? 10_000 : 5 + Math.floor(random() * 100));
    if (++kill.ended === kill.after) await world.mai.kill();
    return seen;
  });
  await world.mai.server.ended;
  const seen = await Promise.all(calls);
  await world.mai.start();
  const rows = new Map((await world.ledger()).map((row) => [row.generation_id, row]));
  for (const one of seen.filter(({ isDone }) => isDone)) {
    const row = rows.get(one.id);
    assert.ok(row, `${one.id} was seen to its end and is not in the books`);
    assert.equal(row.state, 'settled', `${one.id} was seen to its end`);
    assert.ok(row.cost !== null && row.settled_at !== null);
  }
  for (const one of seen.filter(({ hasBytes }) => hasBytes)) assert.ok(rows.has(one.id), `bytes of ${one.id} were seen`);
  return seen;
}

async function killAndCompare(t, options) {
  t.diagnostic(`seed ${seed}`);
  const random = randomOf(seed);
  const world = await World.start({ limit: 500, ...options });
  try {
    const seen = [];
    await world.sim.script({ rules: [{ model: 'sim/pace-3', do: { answer_tokens: 10_000 } }] });
    for (let round = 0; round < ROUNDS; round++) seen.push(...(await oneRound(world, random)));
    assert.ok(seen.some(({ isDone }) => isDone) && seen.some(({ isDone, hasBytes }) => hasBytes && !isDone), 'the kills came too early or too late');
    await until('every generation on the bill is booked', async () => {
      const ended = new Set((await world.ledger()).filter((row) => !isWaiting(row)).map((row) => row.generation_id));
      return (await world.sim.bill({ key: world.keyHash })).every((one) => ended.has(one.id));
    }, { timeoutMs: 60_000, everyMs: 200 });
    await world.mai.stop({ keep: true });
    const { rows } = await world.assertBooks();
    assert.ok(rows.filter(isWaiting).every((row) => row.generation_id === null), 'only calls that never reached the supplier may wait');
    await world.mai.start();
    await world.age(25); // no record in a day: they did not happen
    await until('nothing waits', async () => !(await world.ledger()).some(isWaiting));
    await world.mai.stop({ keep: true });
    const { rows: all } = await world.assertBooks();
    assert.ok(all.every((row) => row.state !== 'failed' || row.cost === 0n));
    t.diagnostic(`${all.length} calls, ${seen.filter(({ isDone }) => isDone).length} seen to their end`);
    await world.mai.start();
  } finally {
    await world.stop();
  }
}

describe('kill -9 while 50 calls run', () => {
  test('the ledger is the bill', (t) => killAndCompare(t, {}));
  test('the same when the disk forgets what was not synced', (t) => killAndCompare(t, { program: 'mai-losing' }));
});

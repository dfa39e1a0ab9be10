// Clients that go away: streams are stopped upstream, plain calls are read to their end, and whatever the supplier
// bills for that is in the ledger, however late its record comes and even when its id never arrived.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pico } from '../lib/sim.mjs';
import { Wire, postBytes, randomOf, seed } from '../lib/wire.mjs';
import { World } from '../lib/world.mjs';

let world;
before(async () => {
  world = await World.start({ simArgs: ['--generation-delay-ms', '1200'] });
});
after(() => world?.stop());

const bodyOf = (model, stream, more = {}) => ({ model, stream, messages: [{ role: 'user', content: 'Explain the tides' }], ...more });
const call = (model, stream, more) => postBytes('/v1/chat/completions', bodyOf(model, stream, more), { token: world.apiKey });
const rowsSince = async (count) => (await world.rows()).slice(count);
const upstreamIsQuiet = () => world.sim.until((stats) => stats.calls_open === 0);

describe('streams', () => {
  test('cut after any number of bytes and at any instant', async (t) => {
    t.diagnostic(`seed ${seed}`);
    const random = randomOf(seed);
    const before = (await world.rows()).length;
    await Promise.all(Array.from({ length: 100 }, async (_, i) => {
      const wire = new Wire(world.mai.port);
      wire.send(call('sim/pace-3', true, { max_tokens: 60 }));
      const most = Math.floor(random() ** 2 * 9000);
      if (i % 4 === 0) await new Promise((done) => setTimeout(done, random() * 60));
      else await wire.until(({ bytes }) => bytes >= most);
      wire.hangUp(i % 2 ? 'reset' : 'fin');
    }));
    await upstreamIsQuiet();
    await world.settled();
    await world.assertBooks();
    const rows = await rowsSince(before);
    const cancelled = rows.filter((row) => row.state === 'cancelled');
    assert.ok(cancelled.length > 30, `${cancelled.length} of ${rows.length} rows cancelled`);
    assert.ok(rows.every((row) => ['settled', 'cancelled', 'failed'].includes(row.state)));
    assert.ok(rows.filter((row) => row.state === 'failed').every((row) => row.generation_id === null));
  });

  test('a reader that leaves early pays for what was delivered, not for the rest', async () => {
    const wire = new Wire(world.mai.port);
    wire.send(call('sim/pace-3', true, { max_tokens: 2000 }));
    await wire.until(({ text }) => text.includes('data: '));
    wire.hangUp();
    await upstreamIsQuiet();
    const row = (await world.settled()).at(-1);
    const bill = (await world.sim.bill({ key: world.keyHash })).at(-1);
    assert.equal(row.state, 'cancelled');
    assert.equal(row.source, 'generation');
    assert.ok(bill.cancelled && bill.completion_tokens < 60, `${bill.completion_tokens} tokens`);
    assert.equal(row.cost, pico(bill.cost));
  });

  test('gone before the status line: first the id is learned, then the stream is stopped', async () => {
    await world.sim.script({ rules: [{ model: 'sim/pace-3', do: { header_delay_ms: 600 } }] });
    const wire = new Wire(world.mai.port);
    wire.send(call('sim/pace-3', true, { max_tokens: 2000 }));
    await world.sim.until((stats) => stats.calls_open === 1);
    wire.hangUp();
    await upstreamIsQuiet();
    await world.sim.script({ rules: [] });
    const row = (await world.settled()).at(-1);
    assert.match(row.generation_id, /^gen-/);
    assert.equal(row.state, 'cancelled');
    await world.assertBooks();
  });

  test('a supplier that cannot abort bills on; the ledger follows', async () => {
    const wire = new Wire(world.mai.port);
    wire.send(call('sim/cannot-abort', true, { max_tokens: 30 }));
    await wire.until(({ text }) => text.includes('data: '));
    wire.hangUp('reset');
    await upstreamIsQuiet();
    const row = (await world.settled()).at(-1);
    assert.equal(row.state, 'settled'); // the record says: not cancelled
    await world.assertBooks();
  });
});

describe('plain calls', () => {
  test('hung up at any instant: read to their end and billed in full', async () => {
    const before = (await world.rows()).length;
    const random = randomOf(seed + 1);
    await world.sim.script({ rules: [{ model: 'sim/fast', do: { first_delay_ms: 40, header_delay_ms: 40 } }] });
    await Promise.all(Array.from({ length: 40 }, async () => {
      const wire = new Wire(world.mai.port);
      wire.send(call('sim/fast', false));
      await new Promise((done) => setTimeout(done, random() * 120));
      wire.hangUp('reset');
    }));
    await upstreamIsQuiet();
    await world.settled();
    const { bill } = await world.assertBooks();
    const rows = await rowsSince(before);
    const sent = rows.filter((row) => row.generation_id !== null);
    assert.ok(sent.length > 5, `${sent.length} of ${rows.length} went upstream`);
    for (const row of sent) assert.equal(bill.find((one) => one.id === row.generation_id).status, 'ok');
    await world.sim.script({ rules: [] });
  });

  test('half a request makes no row', async () => {
    const before = (await world.rows()).length;
    const bytes = call('sim/fast', false);
    for (const most of [10, 60, bytes.length - 1]) {
      const wire = new Wire(world.mai.port);
      wire.send(bytes.subarray(0, most));
      await new Promise((done) => wire.socket.once('connect', () => wire.socket.write('', done)));
      wire.hangUp();
      await wire.over;
    }
    assert.equal((await world.chat({ model: 'sim/fast' })).status, 200); // it came after them on the same loops
    assert.equal((await world.rows()).length, before + 1);
  });
});

describe('calls whose id never arrived', () => {
  test('are found by key, person, model and time, each once', async () => {
    const before = (await world.rows()).length;
    await world.sim.script({ rules: [{ model: 'sim/fast', times: 6, do: { reset_before_headers: true, bill: 'full' } }] });
    const answers = await Promise.all(Array.from({ length: 12 }, () => world.chat({ model: 'sim/fast' })));
    await world.sim.script({ rules: [] });
    assert.equal(answers.filter(({ status }) => status === 502).length, 6);
    assert.equal(answers.filter(({ status }) => status === 200).length, 6);
    await world.settled();
    await world.assertBooks();
    const rows = await rowsSince(before);
    assert.equal(rows.length, 12);
    assert.ok(rows.every((row) => row.generation_id !== null && row.cost > 0n));
  });

  test('do not take the id of a call that is on its way', async () => {
    const before = (await world.rows()).length;
    await world.sim.script({
      rules: [
        { model: 'sim/fast', nth: 1, do: { reset_before_headers: true, bill: 'none' } },
        { model: 'sim/fast', skip: 1, do: { record_delay_ms: 0, padding: 30, padding_gap_ms: 100 } },
      ],
    });
    assert.equal((await world.chat({ model: 'sim/fast' })).status, 502);
    const longer = await Promise.all(Array.from({ length: 5 }, async () => (await world.chat({ model: 'sim/fast' })).text()));
    await world.sim.script({ rules: [] });
    assert.equal(longer.length, 5);
    const rows = (await rowsSince(before)).filter((row) => row.generation_id !== null);
    assert.equal(rows.length, 5);
    assert.ok(rows.every((row) => row.state === 'settled' && row.source === 'answer'), rows.map((row) => `${row.state} ${row.source} ${row.error}`).join());
  });
});

test('a record without a person: booked all the same, the person stays unlearned', async () => {
  const person = await world.addPerson({ name: 'Nora' });
  await world.sim.script({ default: { external_user: 'null' }, rules: [] });
  const response = await world.request('/api/chat/completions', { token: person.token, body: bodyOf('sim/no-usage', true) });
  assert.match(await response.text(), /\[DONE\]/);
  const rows = await world.settled({ mayWait: (row) => row.generation_id === null });
  assert.equal(rows.at(-1).source, 'generation');
  await world.assertBooks();
  const { external_user_state } = await world.api(`/api/v1/users/${person.id}`, { token: world.admin.token });
  assert.equal(external_user_state, 'assigned');
  await world.sim.script({ default: {}, rules: [] });
});

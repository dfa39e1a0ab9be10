// A hard monthly limit: many calls at once never pass it together, refusals say what resets when, what was reserved
// comes back, and what the provider changes at OpenRouter is known before anybody is refused.
import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, test } from 'node:test';
import { World, clients, until } from '../lib/world.mjs';

const ASKED = 1000;
const ROOM = 20; // calls that fit

let world;
before(async () => {
  world = await World.start({ limit: 5, env: { MAI_MAX_CONNECTIONS_PER_ADDRESS: '2000' } });
});
after(() => world?.stop());
beforeEach(() => world.sim.script({ rules: [] }));

const usd = (pico) => `${pico / 10n ** 12n}.${String(pico % 10n ** 12n).padStart(12, '0')}`;
const ask = (more = {}) => world.chat({ model: 'sim/pace-3', content: 'Count to a hundred', max_tokens: 40, ...more });
const used = async () => (await world.rows()).reduce((sum, row) => sum + (row.billed ?? 0n), 0n);
const lastRequest = async () => (await world.sim.requests({ path: '/api/v1/chat/completions' })).at(-1);

// The body is written by hand: a JSON number with all its digits.
async function setLimit(pico) {
  const { client } = await world.api(`${clients}/${world.organization}`, {
    method: 'PATCH',
    token: world.provider.token,
    body: pico === null ? '{"monthly_limit":null}' : `{"monthly_limit":${usd(pico)}}`,
  });
  return client;
}

// What such a call reserves.
async function reservation(more) {
  await setLimit(5n * 10n ** 12n);
  const response = await ask(more);
  assert.equal(response.status, 200, await response.text());
  return (await world.settled()).at(-1).reserved;
}

async function assertRefusal(response) {
  assert.equal(response.status, 402);
  const { error } = await response.json();
  assert.equal(error.code, 402);
  assert.equal(error.type, 'insufficient_quota');
  assert.match(error.message, /monthly limit/);
  assert.match(error.message, /resets on 2\d{3}-\d\d-01 00:00 \(UTC\)/);
}

describe(`${ASKED} calls at once, room for ${ROOM}`, () => {
  for (const stream of [false, true])
    test(stream ? 'streamed' : 'plain', async () => {
      const one = await reservation({ stream });
      const before = await used();
      const limit = before + one * BigInt(ROOM);
      await setLimit(limit);
      const answers = await Promise.all(Array.from({ length: ASKED }, () => ask({ stream })));
      const served = answers.filter(({ status }) => status === 200);
      await Promise.all(served.map((response) => response.text()));
      assert.ok(served.length >= ROOM - 1, `${served.length} served`);
      const refused = answers.filter(({ status }) => status !== 200);
      assert.ok(refused.length > ASKED / 2, `${refused.length} refused`);
      await Promise.all(refused.map(assertRefusal));
      const rows = await world.settled();
      assert.ok((await used()) <= limit);
      assertNeverAbove(rows, limit);
      await world.assertBooks();
    });

  // Used and reserved at the beginning of each call, from the rows' own times.
  function assertNeverAbove(rows, limit) {
    for (const at of rows.map((row) => row.created_ms)) {
      const sum = rows.reduce((total, row) => {
        if (row.created_ms > at) return total;
        const isOver = row.settled_ms !== null && row.settled_ms <= at;
        return total + (isOver || row.settled_ms === at ? row.billed : row.created_ms === at ? 0n : row.reserved);
      }, 0n);
      assert.ok(sum <= limit, `${sum} at ${at}`);
    }
  }

  test('afterwards nothing is reserved: what is left is left to the last unit', async () => {
    const one = await reservation();
    await setLimit((await used()) + one);
    assert.equal((await ask()).status, 200);
    await world.settled();
    await setLimit((await used()) + one - 1n);
    await assertRefusal(await ask());
  });
});

describe('under a limit', () => {
  test('max_tokens is put in: least of the model’s, 32 k and what is left', async () => {
    await setLimit((await used()) + 10n ** 10n); // one cent
    assert.equal((await ask({ max_tokens: undefined, model: 'sim/fast' })).status, 200);
    const { max_tokens } = await lastRequest();
    assert.ok(max_tokens >= 1024 && max_tokens < 32768, `${max_tokens}`);
    await world.settled();
    await setLimit(5n * 10n ** 12n);
    assert.equal((await ask({ max_tokens: undefined, model: 'sim/fast' })).status, 200);
    assert.ok((await lastRequest()).max_tokens > max_tokens);
    await world.settled();
    await setLimit((await used()) + 10n ** 8n); // does not pay 1,024 tokens
    await assertRefusal(await ask({ max_tokens: undefined, model: 'sim/fast' }));
  });

  test('the reserved prices become the ceiling; a person’s lower one stays', async () => {
    await setLimit(5n * 10n ** 12n);
    assert.equal((await ask({ model: 'sim/fast' })).status, 200);
    const { max_price } = (await lastRequest()).provider;
    assert.ok(Number(max_price.prompt) > 0 && Number(max_price.completion) > 0);
    const lower = Number(max_price.prompt);
    await ask({ model: 'sim/fast', provider: { max_price: { prompt: lower / 2, completion: 1e6 } } });
    const both = (await lastRequest()).provider.max_price;
    assert.equal(Number(both.prompt), lower / 2);
    assert.equal(Number(both.completion), Number(max_price.completion));
  });

  test('a model whose price nobody knows is refused; without a limit it is served', async () => {
    await setLimit(5n * 10n ** 12n);
    const refused = await ask({ model: 'openrouter/auto' });
    assert.equal(refused.status, 403);
    assert.match((await refused.json()).error.message, /price of openrouter\/auto is not known/);
    await setLimit(null);
    assert.equal((await ask({ model: 'openrouter/auto' })).status, 200);
    await world.settled();
    await world.assertBooks();
  });
});

describe('a limit changed in OpenRouter’s dashboard', () => {
  test('is adopted before a refusal, and shown', async () => {
    await setLimit((await used()) + 1n);
    await assertRefusal(await ask());
    await world.sim.json(`/keys/${world.keyHash}`, { method: 'PATCH', body: { limit: 7 } });
    await until('the raised limit is adopted', async () => (await ask()).status === 200, { timeoutMs: 20_000, everyMs: 500 });
    const client = await world.api(`${clients}/${world.organization}`, { token: world.provider.token });
    assert.equal(client.monthly_limit, 7);
    assert.equal(client.limit_source, 'openrouter');
  });
});

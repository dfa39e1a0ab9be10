// Every behaviour the simulator knows goes through mAI, plain and streamed: afterwards the ledger is the bill, each row
// ended as it should, the client got the supplier's bytes but for `usage`, and nobody saw a raw cost.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { pico } from '../lib/sim.mjs';
import { World, billedOf, isWaiting, until } from '../lib/world.mjs';

const content = 'one two three four five';
const tools = [{ type: 'function', function: { name: 'look_up', parameters: { type: 'object', properties: {} } } }];

// Models whose calls never settle within a test; what becomes of them is asked further down.
const isEndless = (model) => model === 'sim/hang';
const mayWait = (row) => row.model === 'sim/record-missing' || (row.model === 'sim/reset-before-headers' && row.generation_id === null);

// What mAI answers, and the end of the row, where it is not 200 and `settled`: [plain, streamed].
const expected = {
  'sim/error-429': [[429, 'failed']],
  'sim/error-key-limit': [[402, 'failed']],
  'sim/error-key-limit-402': [[402, 'failed']],
  'sim/error-in-flight': [[503, 'failed']],
  'sim/error-moderation': [[403, 'failed']],
  'sim/error-guardrail': [[403, 'failed']],
  'sim/error-html': [[502, 'failed']],
  'sim/error-200': [[502, 'settled'], [200, 'settled']],
  'sim/error-bare': [[502, 'settled'], [200, 'settled']],
  'sim/error-choice': [[502, 'settled'], [200, 'settled']],
  'sim/error-empty-choices': [[502, 'settled'], [200, 'settled']],
  'sim/error-first': [[502, 'settled'], [200, 'settled']],
  'sim/error-mid': [[502, 'settled'], [200, 'settled']],
  'sim/error-usage': [[502, 'settled'], [200, 'settled']],
  'sim/padding-error': [[502, 'settled'], [200, 'settled']],
  'sim/reset-before-headers': [[502, 'pending']],
  'sim/reset-billed': [[502, 'cancelled']],
  'sim/reset-after-3': [[502, 'settled'], [200, 'cancelled', 'broken']],
  'sim/stream-cut-3': [[502, 'settled'], [200, 'cancelled', 'broken']],
  'sim/stream-end-3': [[502, 'settled'], [200, 'cancelled']],
  'sim/record-missing': [[200, 'settled']],
};
const expectation = (model, stream) => {
  const [plain, streamed = plain] = expected[model] ?? [[200, 'settled']];
  return stream ? streamed : plain;
};

let world, directKey;
const answers = new Map(); // "model plain" -> { status, text, isBroken, id }

// One call to its end, broken or not.
async function take(call) {
  let status = 0;
  let text = '';
  let headers = new Headers();
  try {
    const response = await call;
    ({ status, headers } = response);
    for await (const piece of response.body.pipeThrough(new TextDecoderStream())) text += piece;
  } catch {
    return { status, text, headers, isBroken: true };
  }
  return { status, text, headers, isBroken: false };
}

const bodyOf = (model, stream) => ({
  model,
  stream,
  messages: [{ role: 'user', content }],
  ...(model === 'sim/tool-call' ? { tools } : {}),
  ...(/slow|cannot-abort/.test(model) ? { max_tokens: 12 } : {}),
});

const throughMai = (model, stream) => take(world.v1('/chat/completions', { body: bodyOf(model, stream) }));
const direct = (model, stream) => take(world.sim.request('/chat/completions', { key: directKey, body: bodyOf(model, stream) }));

// At most `width` at once.
async function inLanes(items, width, work) {
  const queue = [...items];
  await Promise.all(Array.from({ length: width }, async () => {
    while (queue.length > 0) await work(queue.shift());
  }));
}

before(async () => {
  world = await World.start();
  directKey = (await world.sim.createKey({ name: 'Direct' })).key;
});
after(() => world?.stop());

// ---- comparing bytes ----

// The text without the value of every "usage" member, ids and times made equal.
function outsideUsage(text) {
  let rest = '';
  for (let at = 0; ; ) {
    const start = text.indexOf('"usage":{', at);
    if (start < 0) {
      rest += text.slice(at);
      break;
    }
    let end = start + '"usage":'.length;
    for (let depth = 0; end < text.length; end++) {
      depth += text[end] === '{' ? 1 : text[end] === '}' ? -1 : 0;
      if (depth === 0) break;
    }
    rest += text.slice(at, start) + '"usage":USAGE';
    at = end + 1;
  }
  return rest.replaceAll(/gen-\d+-\w{20}/g, 'ID').replaceAll(/"created":\d+/g, '"created":0');
}

const usagesOf = (text) => [...text.matchAll(/"usage":(\{(?:[^{}]|\{[^{}]*\})*\})/g)].map((found) => found[1]);
const costLiteral = (usage) => /"cost":(-?[0-9.eE+-]+|null)/.exec(usage)?.[1];

describe('every preset of the simulator', async () => {
  let rows;
  let models;
  before(async () => {
    const listed = (await world.api('/api/models', { token: world.admin.token })).data.map((model) => model.id);
    models = listed.filter((model) => model.startsWith('sim/') && !isEndless(model));
    assert.ok(models.length > 45, `only ${models.length} scripted models`);
    const calls = models.flatMap((model) => [[model, false], [model, true]]);
    calls.sort((a, b) => /late|slow/.test(b[0]) - /late|slow/.test(a[0]));
    await inLanes(calls, 8, async ([model, stream]) => answers.set(`${model} ${stream}`, await throughMai(model, stream)));
    await world.sim.clock({ advance_ms: 12_000 }); // the records that come late
    rows = await world.settled({ mayWait });
  });

  test('each call is answered as its way of failing deserves', () => {
    for (const model of models)
      for (const stream of [false, true]) {
        const { status, isBroken, text } = answers.get(`${model} ${stream}`);
        const [wanted, , broken] = expectation(model, stream);
        assert.equal(status, wanted, `${model} ${stream ? 'streamed' : 'plain'}: ${text.slice(0, 300)}`);
        assert.equal(isBroken, broken === 'broken', `${model} ${stream ? 'streamed' : 'plain'}: end of the body`);
      }
  });

  test('each call has one row, ended as it should', () => {
    for (const model of models)
      for (const stream of [0, 1]) {
        const mine = rows.filter((row) => row.model === model && row.is_stream === stream);
        assert.equal(mine.length, 1, `${model} ${stream}: ${mine.length} rows`);
        const [, state] = expectation(model, stream === 1);
        const wanted = mayWait(mine[0]) && isWaiting(mine[0]) ? 'pending' : state;
        assert.equal(mine[0].state, wanted, `${model} ${stream ? 'streamed' : 'plain'} (${mine[0].error})`);
        if (mine[0].state === 'failed') assert.equal(mine[0].cost, 0n);
      }
  });

  test('the ledger is the bill, to the last unit', async () => {
    const { bill } = await world.assertBooks();
    assert.ok(bill.length >= 2 * models.length - 20, `${bill.length} generations on the bill`);
  });

  test('own provider keys: what OpenRouter takes and what the supplier takes, together', () => {
    for (const row of rows.filter(({ model }) => model === 'sim/byok')) {
      const usage = JSON.parse(row.usage_json);
      assert.ok(usage.is_byok && usage.cost_details.upstream_inference_cost > 0);
      assert.ok(row.cost > pico(usage.cost.toFixed(12)));
    }
  });

  test('no client sees a raw cost', () => {
    const booked = new Map(rows.map((row) => [row.generation_id, row]));
    for (const [call, { text, headers }] of answers) {
      assert.doesNotMatch(text, /cost_details|is_byok|upstream_inference/, call);
      const last = usagesOf(text).at(-1);
      const literal = last && costLiteral(last);
      if (literal === undefined || literal === 'null') continue;
      const id = headers.get('x-generation-id') ?? /"id":"(gen-[^"]+)"/.exec(text)[1];
      const row = booked.get(id);
      assert.equal(pico(literal), row.billed, call);
      assert.equal(row.billed, billedOf(row.cost, world.markupPpm), call);
    }
  });

  test('every byte outside usage is the supplier’s', async () => {
    const same = (model) => !/^sim\/(error-(first|mid|bare|empty|200|choice)|padding-error|slow|late|record-late)/.test(model);
    await inLanes(models.filter(same), 4, async (model) => {
      for (const stream of [false, true]) {
        const ours = answers.get(`${model} ${stream}`);
        if (ours.status !== 200) continue;
        const theirs = await direct(model, stream);
        const text = ours.isBroken ? outsideUsage(ours.text).slice(0, outsideUsage(theirs.text).length) : outsideUsage(ours.text);
        if (ours.isBroken) assert.ok(outsideUsage(theirs.text).startsWith(text.replace(/data: \{"error".*$/s, '')), model);
        else if (!model.startsWith('sim/stream-end')) assert.equal(text, outsideUsage(theirs.text), `${model} ${stream}`);
      }
    });
  });

  test('mai ledger list --json gives the same rows', async () => {
    const listed = await world.ledger();
    const stored = await world.rows();
    assert.equal(listed.length, stored.length);
    const byId = new Map(stored.map((row) => [row.id, row]));
    for (const line of listed) {
      const row = byId.get(line.id);
      assert.equal(line.generation_id, row.generation_id);
      assert.equal(line.state, row.state);
      assert.equal(line.cost === null ? null : pico(line.cost), row.cost);
      assert.equal(line.billed === null ? null : pico(line.billed), row.billed);
    }
  });
});

describe('errors before the answer', () => {
  const codes = [[400, 400], [401, 502], [402, 503], [403, 403], [404, 404], [408, 504], [413, 413], [422, 422], [500, 502], [502, 502], [503, 503], [524, 504], [529, 503]];
  for (const [theirs, ours] of codes)
    test(`${theirs} becomes ${ours}, in OpenAI’s shape, and costs nothing`, async () => {
      await world.sim.script({ rules: [{ model: 'sim/fast', do: { status: theirs } }] });
      for (const stream of [false, true]) {
        const { status, text } = await throughMai('sim/fast', stream);
        assert.equal(status, ours, text);
        const { error } = JSON.parse(text);
        assert.ok(error.message && error.type && 'code' in error && 'param' in error);
      }
      await world.sim.script({ rules: [] });
    });

  test('a refusal in time gives its Retry-After on', async () => {
    await world.sim.script({ rules: [{ model: 'sim/fast', do: { status: 429, retry_after: 7 } }] });
    const { status, headers } = await throughMai('sim/fast', true);
    await world.sim.script({ rules: [] });
    assert.equal(status, 429);
    assert.equal(headers.get('retry-after'), '7');
  });
});

describe('embeddings', () => {
  for (const encoding_format of ['float', 'base64'])
    test(`as ${encoding_format}: the supplier’s vectors, billed`, async () => {
      const models = (await world.api('/api/models', { token: world.admin.token })).data;
      const { id: model } = models.find((one) => one.is_embedding);
      const body = { model, input: ['first text', 'second text'], encoding_format };
      const ours = await (await world.v1('/embeddings', { body })).text();
      const theirs = await (await world.sim.request('/embeddings', { key: directKey, body })).text();
      const bare = (text) => outsideUsage(text).replaceAll(/"id":"[^"]*"/g, '"id":""');
      assert.equal(bare(ours), bare(theirs));
      assert.doesNotMatch(ours, /cost_details|is_byok/);
      const row = (await world.rows()).at(-1);
      assert.equal(row.purpose, 'embedding');
      assert.equal(pico(costLiteral(usagesOf(ours)[0])), row.billed);
    });
});

describe('truth that never comes, or late', () => {
  test('after 24 hours: delivered tokens at list price; nothing delivered: failed', async () => {
    await world.sim.script({ rules: [{ model: 'sim/fast', do: { usage: 'missing', record_delay_ms: 40 * 3600 * 1000 } }] });
    const { text } = await throughMai('sim/fast', true);
    await world.sim.script({ rules: [] });
    const id = /"id":"(gen-[^"]+)"/.exec(text)[1];
    await world.age(25);
    const rows = await world.settled();
    const estimated = rows.find((row) => row.generation_id === id);
    assert.equal(estimated.state, 'estimated');
    assert.ok(estimated.cost > 0n);
    for (const row of rows.filter((one) => one.model === 'sim/reset-before-headers')) {
      assert.equal(row.state, 'failed');
      assert.equal(row.cost, 0n);
    }
    await world.sim.clock({ advance_ms: 41 * 3600 * 1000 });
    await world.age(0);
    await world.settled();
    const corrected = await until('the correction', async () => {
      const all = await world.rows();
      return all.some((row) => row.corrects === estimated.id) && all;
    });
    const [bill] = (await world.sim.bill()).filter((one) => one.id === id);
    const booked = corrected.filter((row) => row.generation_id === id).reduce((sum, row) => sum + row.cost, 0n);
    assert.equal(booked, pico(bill.cost));
    await world.assertBooks(corrected);
  });
});

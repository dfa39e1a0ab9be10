// Streams on the wire: framing, cuts, failures, usage, and that the bill agrees with what was printed.
import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Sim, events, pico } from '../lib/sim.mjs';

let sim, key, hash;
before(async () => {
  sim = await Sim.start();
});
after(() => sim.stop());
beforeEach(async () => {
  await sim.reset();
  ({ key, hash } = await sim.createKey());
});

const streamed = (options) => sim.chat(key, { stream: true, ...options });
const text = async (options) => (await streamed(options)).text();
const lastBill = async () => (await sim.bill({ key: hash })).at(-1);
const contentOf = (chunks) => chunks.map((chunk) => chunk.choices?.[0]?.delta.content ?? '').join('');

// Reads until `count` data events have come, then gives what there is; the rest stays unread.
async function readEvents(response, count) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let all = '';
  while (events(all).length < count) {
    const { value, done } = await reader.read();
    if (done) break;
    all += value;
  }
  return all;
}

// Sends bytes on a socket of its own; gives every portion received until it ends.
function raw(bytes) {
  return new Promise((done, fail) => {
    const portions = [];
    const socket = connect(sim.port, '127.0.0.1', () => socket.write(bytes));
    socket.on('data', (portion) => portions.push(portion));
    socket.on('end', () => done(portions));
    socket.on('error', fail);
  });
}

function rawChat(body, extra = '') {
  const json = JSON.stringify({ messages: [{ role: 'user', content: 'Zażółć gęślą jaźń' }], ...body });
  return (
    `POST /api/v1/chat/completions HTTP/1.1\r\nHost: sim\r\nAuthorization: Bearer ${key}\r\n${extra}` +
    `Connection: close\r\nContent-Length: ${Buffer.byteLength(json)}\r\n\r\n${json}`
  );
}

describe('framing', () => {
  test('comment first, chunks, repeated finish with usage, [DONE]', async () => {
    const response = await streamed({ content: 'one two three' });
    assert.equal(response.headers.get('content-type'), 'text/event-stream');
    assert.match(response.headers.get('x-generation-id'), /^gen-\d+-[0-9A-Za-z]{20}$/);
    const body = await response.text();
    assert.match(body, /^: OPENROUTER PROCESSING\n\ndata: /);
    const chunks = events(body);
    assert.equal(chunks.pop(), '[DONE]');
    const [finish, usage] = chunks.splice(-2);
    assert.equal(contentOf(chunks), 'one two three');
    assert.equal(finish.choices[0].finish_reason, 'stop');
    assert.equal(finish.usage, undefined);
    assert.equal(usage.choices[0].finish_reason, 'stop');
    assert.equal(usage.service_tier, 'default');
    assert.equal(usage.usage.completion_tokens, 3);
    assert.ok(chunks.every((chunk) => chunk.id === response.headers.get('x-generation-id')));
    assert.ok(chunks.every((chunk) => chunk.choices[0].delta.role === 'assistant'));
  });

  test('the other shapes of the usage chunk', async () => {
    const usageChunk = async (usage_shape) => events(await text({ script: { usage_shape } })).at(-2);
    assert.deepEqual((await usageChunk('2026-03')).choices, []);
    assert.equal((await usageChunk('2025')).choices[0].finish_reason, null);
    assert.ok((await usageChunk('2025')).usage.cost > 0);
  });

  test('comments: count, and between chunks', async () => {
    const body = await text({ content: 'a b c d e f', script: { comments: 4, comment_every: 2 } });
    assert.equal(body.match(/^: OPENROUTER PROCESSING$/gm).length, 4 + 3);
    assert.equal(contentOf(events(body).slice(0, -1)), 'a b c d e f');
  });

  test('CR LF line ends', async () => {
    const body = await text({ model: 'sim/crlf' });
    assert.ok(!/[^\r]\n/.test(body));
    assert.equal(events(body).at(-1), '[DONE]');
  });

  test('writes cut at every byte, with the head, give the same answer', async () => {
    const whole = Buffer.concat(await raw(rawChat({ model: 'sim/echo', stream: true }))).toString();
    const cut = await raw(rawChat({ model: 'sim/echo', stream: true }, 'X-Sim-Script: {"cut_bytes":1}\r\n'));
    const same = (answer) => answer.replaceAll(/gen-\d+-\w{20}/g, 'ID').replaceAll(/"created":\d+/g, '"created":0');
    assert.equal(same(Buffer.concat(cut).toString()), same(whole));
    const random = await raw(rawChat({ model: 'sim/echo', stream: true }, 'X-Sim-Script: {"cut_bytes":40,"cut_seed":3,"cut_gap_ms":1}\r\n'));
    assert.equal(same(Buffer.concat(random).toString()), same(whole));
    assert.ok(random.length > 20, `${random.length} portions`);
    assert.ok(random.every((portion) => portion.length <= 200));
  });

  test('max_tokens ends with finish_reason length', async () => {
    const chunks = events(await text({ model: 'openai/gpt-4o-mini', content: 'Explain tides', max_tokens: 5 }));
    assert.equal(chunks.at(-2).usage.completion_tokens, 5);
    assert.equal(chunks.at(-2).choices[0].finish_reason, 'length');
    assert.equal((await lastBill()).completion_tokens, 5);
  });

  test('pipelined requests are answered in order on one connection', async () => {
    const one = rawChat({ model: 'sim/echo' }).replace('Connection: close\r\n', '');
    const two = rawChat({ model: 'sim/fast' });
    const all = Buffer.concat(await raw(one + two)).toString();
    assert.ok(all.indexOf('Zażółć') < all.indexOf('Hello! How can I help'));
    const seen = await sim.requests();
    assert.equal(seen[seen.length - 1].connection, seen[seen.length - 2].connection);
  });

  test('a chunked request body and 100-continue', async () => {
    const json = JSON.stringify({ model: 'sim/echo', messages: [{ role: 'user', content: 'chunky' }] });
    const chunked = json.match(/.{1,7}/g).map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('') + '0\r\n\r\n';
    const head = `POST /api/v1/chat/completions HTTP/1.1\r\nHost: sim\r\nAuthorization: Bearer ${key}\r\nConnection: close\r\n`;
    assert.match(Buffer.concat(await raw(`${head}Transfer-Encoding: chunked\r\n\r\n${chunked}`)).toString(), /"content":"chunky"/);
    const patient = connect(sim.port, '127.0.0.1');
    patient.write(`${head}Expect: 100-continue\r\nContent-Length: ${json.length}\r\n\r\n`);
    const [first] = await Promise.all([new Promise((done) => patient.once('data', done))]);
    assert.match(first.toString(), /^HTTP\/1\.1 100 Continue\r\n\r\n$/);
    patient.write(json);
    assert.match((await new Promise((done) => patient.once('data', done))).toString(), /"content":"chunky"/);
    patient.destroy();
  });
});

describe('hostile bytes', () => {
  const head = (extra) => `POST /api/v1/chat/completions HTTP/1.1\r\nHost: sim\r\n${extra}\r\n`;
  for (const [name, bytes] of [
    ['no HTTP at all', 'hello\r\n\r\n'],
    ['a wrong version', 'GET / HTTP/3.7\r\n\r\n'],
    ['a negative length', head('Content-Length: -1\r\n')],
    ['a length that is no number', head('Content-Length: 0x10\r\n')],
    ['a length and a coding', head('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n')],
    ['a wrong chunk size', head('Transfer-Encoding: chunked\r\n') + 'zz\r\n\r\n'],
    ['a chunk without its end', head('Transfer-Encoding: chunked\r\n') + '2\r\nabcd\r\n'],
    ['a header without colon', head('nonsense\r\n')],
    ['a hundred headers', head('a: b\r\n'.repeat(100))],
    ['an endless head', `GET /${'x'.repeat(70_000)}`],
    ['a huge body', head('Content-Length: 99999999999\r\n')],
  ])
    test(`${name}: an error and the end of the connection`, async () => {
      assert.match(Buffer.concat(await raw(bytes)).toString(), /^HTTP\/1\.1 4(00|13) .*\r\n\r\n\{"error"/s);
      assert.equal((await sim.chat(key)).status, 200);
    });
});

describe('usage and the bill', () => {
  for (const [form, pattern] of [['js', /^0\.000014$/], ['plain', /^0\.000014$/], ['exponent', /^1\.4e-05$/], ['noise', /^0\.0000140{3,}\d*[1-9]$/]])
    test(`cost printed as ${form} is billed by its value`, async () => {
      const body = await (await sim.chat(key, { content: 'one two three', script: { cost_form: form } })).text();
      const literal = /"cost":([^,]+)/.exec(body)[1];
      const bill = await lastBill();
      assert.match(literal, pattern);
      assert.equal(bill.cost_literal, literal);
      assert.equal(bill.cost, '0.000014');
    });

  test('thirteen decimals are rounded half to even', async () => {
    await text({ script: { cost_literal: '0.0000123456785' } });
    assert.equal((await lastBill()).cost, '0.000012345678');
    await text({ script: { cost_literal: '0.0000123456795' } });
    assert.equal((await lastBill()).cost, '0.00001234568');
  });

  test('missing, null and cumulative usage are all billed exactly', async () => {
    const expected = async () => (await lastBill()).cost;
    assert.ok(!(await text({ content: 'a b', script: { usage: 'missing' } })).includes('"usage"'));
    const exact = await expected();
    assert.match(await text({ content: 'a b', script: { usage: 'null' } }), /"usage":null/);
    assert.equal(await expected(), exact);
    const chunks = events(await text({ content: 'a b', script: { usage: 'cumulative' } })).filter((chunk) => chunk.usage);
    assert.deepEqual(chunks.map((chunk) => chunk.usage.completion_tokens), [1, 2, 2, 2]);
    assert.equal(await expected(), exact);
    assert.match(await text({ content: 'a b', script: { cost_form: 'null' } }), /"cost":null/);
    assert.equal(await expected(), exact);
  });

  test('prices of every kind', async () => {
    const ask = (model, extra = {}) => sim.chat(key, { model, max_tokens: 8, ...extra }).then((response) => response.json());
    const check = async (model, price, extra) => {
      const { usage } = await ask(model, extra);
      const bill = await lastBill();
      assert.equal(pico(bill.cost), price(usage), model);
    };
    const p = (usage) => BigInt(usage.prompt_tokens), c = (usage) => BigInt(usage.completion_tokens);
    await check('qwen/qwen3-30b-a3b', (u) => p(u) * 37500n + c(u) * 150000n);
    await check('deepseek/deepseek-chat-v3.2', (u) => p(u) * 234000n + c(u) * 342000n); // 10 % off
    await check('deepseek/deepseek-chat-v3.2:free', () => 0n);
    await check('perplexity/sonar', (u) => 5_000_000_000n + (p(u) + c(u)) * 1_000_000n);
    await check('openrouter/auto', (u) => p(u) * 150000n + c(u) * 600000n);
    await check('anthropic/claude-sonnet-4.6', (u) => p(u) * 6_000_000n + c(u) * 22_500_000n, { content: 'x'.repeat(800_100) });
    await check('google/gemini-2.5-flash', (u) => p(u) * 300_000n + c(u) * 2_500_000n + 1_238_000_000n, {
      messages: [{ role: 'user', content: [{ type: 'text', text: 'see' }, { type: 'image_url', image_url: { url: 'data:,' } }] }],
    });
    await check('sim/cached', (u) => (p(u) - 5n) * 1_000_000n + 5n * 100_000n + c(u) * 2_000_000n, { content: 'x'.repeat(60) });
  });

  test('own provider key: the fee is the cost, the list price is upstream', async () => {
    const { usage } = await (await sim.chat(key, { model: 'mistralai/mistral-large-2512', max_tokens: 10 })).json();
    const bill = await lastBill();
    assert.equal(usage.is_byok, true);
    assert.equal(pico(bill.upstream_cost), BigInt(usage.prompt_tokens) * 500_000n + 15_000_000n);
    assert.equal(pico(bill.cost) * 20n, pico(bill.upstream_cost));
    const { data } = await sim.json('/key', { key });
    assert.equal(data.byok_usage, Number(bill.upstream_cost));
    assert.equal(data.usage, Number(bill.cost));
  });

  test('zero completion costs nothing', async () => {
    const usage = events(await text({ model: 'sim/zero-completion' })).at(-2);
    assert.equal(usage.choices[0].finish_reason, null);
    assert.equal(usage.usage.cost, 0);
    assert.equal((await lastBill()).cost, '0');
  });
});

describe('failures', () => {
  test('reset before the headers: seen once, not billed; or billed in full', async () => {
    await assert.rejects(text({ model: 'sim/reset-before-headers' }));
    assert.equal((await sim.requests({ path: '/api/v1/chat/completions' })).length, 1);
    assert.equal((await lastBill()).cost, '0');
    await assert.rejects(text({ model: 'sim/reset-billed' }));
    const lost = await lastBill();
    assert.ok(pico(lost.cost) > 0n);
    assert.equal((await sim.json(`/generation?id=${lost.id}`, { key })).data.total_cost, Number(lost.cost));
  });

  test('reset and cut inside the stream bill what was delivered', async () => {
    for (const script of [{ reset_after: 2 }, { cut_after: 2 }]) {
      await assert.rejects(text({ content: 'a b c d', script }));
      const bill = await lastBill();
      assert.equal(bill.completion_tokens, 2);
      assert.equal(bill.cancelled, true);
    }
  });

  test('a clean end without usage and [DONE]', async () => {
    const chunks = events(await text({ content: 'a b c d', model: 'sim/stream-end-2' }));
    const whole = events(await text({ content: 'a b c d', script: { end_after: 2 } }));
    assert.equal(whole.length, 2);
    assert.ok(!chunks.includes('[DONE]'));
  });

  test('errors inside a 200 stream', async () => {
    const first = events(await text({ model: 'sim/error-first' }));
    assert.equal(first.length, 1);
    assert.equal(first[0].error.code, 502);
    assert.equal(first[0].choices[0].finish_reason, 'error');
    const middle = events(await text({ content: 'a b c d e', script: { status: 502, error_at: 'middle', error_after: 3 } }));
    assert.equal(middle.length, 4);
    assert.equal(middle[3].error.metadata.error_type, 'provider_unavailable');
    assert.equal((await lastBill()).cost, '0');
    assert.deepEqual(events(await text({ model: 'sim/error-empty-choices' })).at(-1).choices, []);
    assert.equal(events(await text({ model: 'sim/error-bare' })).at(-1).choices, undefined);
    const withUsage = events(await text({ model: 'sim/error-usage' }));
    assert.equal(withUsage.at(-1), '[DONE]');
    assert.equal(withUsage.at(-2).usage.cost, 0);
  });

  test('errors of plain answers', async () => {
    const body = await sim.chat(key, { model: 'sim/error-200' });
    assert.equal(body.status, 200);
    assert.equal((await body.json()).error.code, 502);
    const choice = await (await sim.chat(key, { model: 'sim/error-choice' })).json();
    assert.equal(choice.choices[0].finish_reason, 'error');
    assert.equal(choice.choices[0].error.code, 502);
    assert.equal((await lastBill()).cost, '0');
    const html = await sim.chat(key, { model: 'sim/error-html' });
    assert.equal(html.status, 502);
    assert.match(await html.text(), /^<html>/);
    const limited = await sim.chat(key, { model: 'sim/error-in-flight' });
    assert.equal(limited.headers.get('retry-after'), '2');
    assert.equal((await limited.json()).error.metadata.limit_source, 'openrouter_in_flight_budget');
  });

  test('padding before a plain answer', async () => {
    const body = await (await sim.chat(key, { model: 'sim/padding' })).text();
    assert.match(body, /^(\n {9}\n){3}\{/);
    assert.equal(JSON.parse(body).choices[0].finish_reason, 'stop');
  });

  test('every preset answers, streamed and plain, and is billed at most once', async () => {
    const presets = await (await fetch(`${sim.origin}/sim/models`)).json();
    assert.ok(presets.length > 50);
    const names = presets.map(({ model }) => model.replace('sim/error-#', 'sim/error-503').replace('#', '3'));
    const quick = (model) => ({ header_delay_ms: 0, first_delay_ms: 0, chunk_ms: 0, comment_gap_ms: 0, hang: false });
    for (const stream of [true, false])
      for (const model of names) {
        const before = (await sim.bill({ key: hash })).length;
        await sim.chat(key, { model, stream, script: quick(model) }).then((response) => response.text()).catch(() => {});
        assert.ok((await sim.bill({ key: hash })).length - before <= 1, model);
      }
    assert.equal((await sim.stats()).calls_open, 0);
  });
});

describe('hanging up', () => {
  test('a stream is cancelled and billed for what was delivered', async () => {
    const leave = new AbortController();
    const response = await streamed({ model: 'sim/pace-20', content: 'Explain tides', user: 'u-1', signal: leave.signal });
    const part = await readEvents(response, 4);
    leave.abort();
    await sim.until((stats) => stats.calls_open === 0);
    const bill = await lastBill();
    assert.equal(bill.cancelled, true);
    assert.equal(bill.status, 'cancelled');
    assert.ok(bill.completion_tokens >= events(part).length);
    assert.equal(pico(bill.cost), BigInt(bill.prompt_tokens) * 1_000_000n + BigInt(bill.completion_tokens) * 2_000_000n);
    const { data } = await sim.json(`/generation?id=${bill.id}`, { key });
    assert.equal(data.cancelled, true);
    assert.equal(data.native_tokens_completion, bill.completion_tokens);
    assert.equal(data.finish_reason, null);
  });

  test('a provider that cannot abort: cancelled stays false', async () => {
    const leave = new AbortController();
    await readEvents(await streamed({ model: 'sim/cannot-abort', content: 'Explain tides', signal: leave.signal }), 2);
    leave.abort();
    await sim.until((stats) => stats.calls_open === 0);
    assert.equal((await lastBill()).cancelled, false);
  });

  test('before the first token nothing is charged', async () => {
    const leave = new AbortController();
    await streamed({ script: { first_delay_ms: 60000 }, signal: leave.signal });
    leave.abort();
    await sim.until((stats) => stats.calls_open === 0);
    assert.equal((await lastBill()).cost, '0');
  });

  test('a plain call runs to its end and is billed in full', async () => {
    const leave = new AbortController();
    const call = sim.chat(key, { content: 'a b c', script: { header_delay_ms: 150 }, signal: leave.signal });
    await sim.until((stats) => stats.calls_open === 1);
    leave.abort();
    await assert.rejects(call);
    assert.equal((await sim.stats()).calls_open, 1);
    await sim.until((stats) => stats.calls_open === 0);
    const bill = await lastBill();
    assert.equal(bill.completion_tokens, 3);
    assert.equal(bill.cancelled, false);
  });
});

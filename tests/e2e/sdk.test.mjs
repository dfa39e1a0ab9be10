// The official clients of OpenAI and OpenRouter work against mAI's /v1 with a personal API key.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { OpenRouter } from '@openrouter/sdk';
import { createOpenRouter } from '@openrouter/ai-sdk-provider';
import { embed, generateText, streamText } from 'ai';
import OpenAI from 'openai';
import { pico } from '../lib/sim.mjs';
import { World } from '../lib/world.mjs';

let world, baseURL;
before(async () => {
  world = await World.start();
  baseURL = `${world.mai.origin}/v1`;
});
after(() => world?.stop());

const hello = [{ role: 'user', content: 'Compare two plans in a table' }];
const noRetries = { retries: { strategy: 'none' } };
const lastRow = async () => (await world.settled()).at(-1);
const amount = (number) => pico(number.toFixed(12));

async function withRule(rule, work) {
  await world.sim.script({ rules: [rule] });
  try {
    return await work();
  } finally {
    await world.sim.script({ rules: [] });
  }
}

describe('openai', () => {
  let client;
  before(() => {
    client = new OpenAI({ apiKey: world.apiKey, baseURL, maxRetries: 0 });
  });

  test('models are listed', async () => {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    assert.ok(ids.includes('anthropic/claude-opus-4.6') && ids.includes('openai/text-embedding-3-small'));
  });

  test('plain and streamed answers are the same and cost the same, billed', async () => {
    const plain = await client.chat.completions.create({ model: 'openai/gpt-4o-mini', messages: hello });
    assert.equal(amount(plain.usage.cost), (await lastRow()).billed);
    const stream = await client.chat.completions.create({ model: 'openai/gpt-4o-mini', messages: hello, stream: true });
    let text = '', usage;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    assert.equal(text, plain.choices[0].message.content);
    assert.deepEqual(usage, plain.usage);
  });

  test('tool calls', async () => {
    const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }];
    const final = await client.chat.completions.stream({ model: 'sim/tool-call', messages: hello, tools }).finalChatCompletion();
    assert.deepEqual(JSON.parse(final.choices[0].message.tool_calls[0].function.arguments), { location: 'Warsaw', unit: 'celsius' });
  });

  test('embeddings arrive as base64 and as numbers', async () => {
    const ask = (encoding_format) => client.embeddings.create({ model: 'qwen/qwen3-embedding-8b', input: 'the same text', encoding_format });
    const [packed, plain] = [await ask(undefined), await ask('float')];
    assert.equal(packed.data[0].embedding.length, 1024);
    assert.ok(packed.data[0].embedding.every((v, i) => Math.abs(v - plain.data[0].embedding[i]) < 1e-6));
  });

  test('error shapes: 401, 402, 404, 429, 400', async () => {
    const ask = (model, extra = {}) => client.chat.completions.create({ model, messages: hello, ...extra });
    const stranger = new OpenAI({ apiKey: 'sk-mai-nobody', baseURL, maxRetries: 0 });
    await assert.rejects(stranger.chat.completions.create({ model: 'sim/echo', messages: hello }), OpenAI.AuthenticationError);
    await assert.rejects(stranger.models.list(), OpenAI.AuthenticationError);
    await assert.rejects(ask('sim/error-key-limit'), { status: 402, type: 'insufficient_quota' });
    await withRule({ model: 'sim/fast', do: { status: 404 } }, () => assert.rejects(ask('sim/fast'), OpenAI.NotFoundError));
    await assert.rejects(ask('sim/error-429'), OpenAI.RateLimitError);
    await assert.rejects(ask('no/such-model'), /no\/such-model is not a valid model ID/);
    await assert.rejects(ask('sim/echo', { messages: [] }), OpenAI.BadRequestError);
    await assert.rejects(client.get('/no/such/route'), OpenAI.NotFoundError);
    await assert.rejects(async () => {
      for await (const chunk of await ask('sim/error-mid', { stream: true })) assert.ok(chunk.choices);
    }, /Provider returned error/);
  });

  test('its own retry after a refusal succeeds, and is a call of its own', async () => {
    const before = (await world.rows()).length;
    const rule = { model: 'sim/echo', times: 1, do: { status: 429, retry_after: 1 } };
    const patient = new OpenAI({ apiKey: world.apiKey, baseURL, maxRetries: 1 });
    const answer = await withRule(rule, () => patient.chat.completions.create({ model: 'sim/echo', messages: hello }));
    assert.equal(answer.choices[0].message.content, hello[0].content);
    const rows = (await world.settled()).slice(before);
    assert.deepEqual(rows.map((row) => row.state), ['failed', 'settled']);
  });

  test('an abort stops the stream upstream', async () => {
    const stream = await client.chat.completions.create({ model: 'sim/pace-3', messages: hello, stream: true });
    for await (const chunk of stream) {
      if (chunk.choices[0]?.delta.content) stream.controller.abort();
    }
    await world.sim.until((stats) => stats.calls_open === 0);
    const row = await lastRow();
    assert.equal(row.state, 'cancelled');
    await world.assertBooks();
  });
});

describe('@openrouter/sdk', () => {
  let client;
  before(() => {
    client = new OpenRouter({ apiKey: world.apiKey, serverURL: baseURL });
  });

  test('plain', async () => {
    const answer = await client.chat.send({ chatRequest: { model: 'anthropic/claude-sonnet-4.6', messages: hello, user: 'me', sessionId: 'mine' } });
    assert.match(answer.choices[0].message.content, /\| --- \|/);
    assert.equal(amount(answer.usage.cost), (await lastRow()).billed);
    const bill = (await world.sim.bill({ key: world.keyHash })).at(-1);
    assert.notEqual(bill.user, 'me'); // mAI's pseudonym goes, nothing of theirs
    assert.equal(bill.session_id, null);
  });

  for (const model of ['sim/echo', 'sim/reasoning', 'sim/shape-2026-03', 'sim/shape-2025', 'sim/crlf'])
    test(`streamed: ${model}`, async () => {
      const stream = await client.chat.send({ chatRequest: { model, messages: hello, stream: true } });
      let text = '', usage;
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? '';
        usage = chunk.usage ?? usage;
      }
      assert.ok(text.length > 20);
      assert.equal(amount(usage.cost), (await lastRow()).billed);
    });

  test('errors have their status', async () => {
    const ask = (model) => client.chat.send({ chatRequest: { model, messages: hello } }, noRetries);
    await assert.rejects(ask('sim/error-429'), { statusCode: 429 });
    await assert.rejects(ask('sim/error-key-limit'), { statusCode: 402 });
    const stranger = new OpenRouter({ apiKey: 'sk-mai-nobody', serverURL: baseURL });
    await assert.rejects(stranger.chat.send({ chatRequest: { model: 'sim/echo', messages: hello } }, noRetries), { statusCode: 401 });
  });

  test('embeddings', async () => {
    const result = await client.embeddings.generate({ requestBody: { model: 'openai/text-embedding-3-small', input: ['one', 'two'] } });
    assert.equal(result.data.length, 2);
    assert.equal(amount(result.usage.cost), (await lastRow()).billed);
  });
});

describe('@openrouter/ai-sdk-provider', () => {
  let openrouter;
  before(() => {
    openrouter = createOpenRouter({ apiKey: world.apiKey, baseURL });
  });

  test('generateText with usage accounting', async () => {
    const result = await generateText({ model: openrouter('openai/gpt-4o-mini', { usage: { include: true } }), prompt: 'Hello', maxRetries: 0 });
    assert.match(result.text, /How can I help/);
    assert.equal(amount(result.providerMetadata.openrouter.usage.cost), (await lastRow()).billed);
  });

  test('streamText with usage accounting', async () => {
    const result = streamText({ model: openrouter('deepseek/deepseek-r1', { usage: { include: true } }), prompt: 'Give me a plan', maxRetries: 0 });
    assert.match(await result.text, /## /);
    assert.equal(amount((await result.providerMetadata).openrouter.usage.cost), (await lastRow()).billed);
  });

  test('streamText, aborted', async () => {
    const stop = new AbortController();
    const result = streamText({ model: openrouter('sim/pace-3'), prompt: 'Go on and on', maxRetries: 0, abortSignal: stop.signal, onError() {} });
    for await (const piece of result.textStream) if (piece.length > 0) stop.abort();
    await world.sim.until((stats) => stats.calls_open === 0);
    assert.equal((await lastRow()).state, 'cancelled');
  });

  test('embed', async () => {
    const result = await embed({ model: openrouter.textEmbeddingModel('openai/text-embedding-3-small'), value: 'text' });
    assert.equal(result.embedding.length, 1536);
  });
});

test('after all of it the ledger is the bill', async () => {
  await world.settled();
  await world.assertBooks();
});

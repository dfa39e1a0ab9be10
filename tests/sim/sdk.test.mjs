// The official clients accept the simulator: @openrouter/sdk (strict schemas), openai,
// @openrouter/ai-sdk-provider.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { OpenRouter } from '@openrouter/sdk';
import { createOpenRouter } from '@openrouter/ai-sdk-provider';
import { embed, generateText, streamText } from 'ai';
import OpenAI from 'openai';
import { Sim, pico } from '../lib/sim.mjs';

let sim;
before(async () => {
  sim = await Sim.start();
});
after(() => sim.stop());

const hello = [{ role: 'user', content: 'Compare two plans in a table' }];
const noRetries = { retries: { strategy: 'none' } };

async function pages(iterator) {
  const all = [];
  for await (const page of iterator) all.push(...(page.result?.data ?? page.data));
  return all;
}

describe('@openrouter/sdk: administration', () => {
  let admin;
  before(() => {
    admin = new OpenRouter({ apiKey: sim.managementKey, serverURL: sim.url });
  });

  test('a key is created, read, listed, changed and deleted', async () => {
    const made = await admin.apiKeys.create({
      requestBody: { name: 'Acme', limit: 12.5, limitReset: 'monthly', includeByokInLimit: true },
    });
    assert.match(made.key, /^sk-or-v1-[0-9a-f]{64}$/);
    assert.equal(made.data.limit, 12.5);
    assert.equal(made.data.limitRemaining, 12.5);
    assert.equal(made.data.limitReset, 'monthly');
    const { hash } = made.data;
    const listed = await admin.apiKeys.list();
    assert.ok(listed.data.some((key) => key.hash === hash));
    const changed = await admin.apiKeys.update({ hash, requestBody: { name: 'Acme 2', disabled: true, limit: null } });
    assert.equal(changed.data.name, 'Acme 2');
    assert.equal(changed.data.disabled, true);
    assert.equal(changed.data.limit, null);
    assert.ok(changed.data.updatedAt);
    assert.deepEqual((await admin.apiKeys.get({ hash })).data, changed.data);
    assert.equal((await admin.apiKeys.delete({ hash })).deleted, true);
    await assert.rejects(admin.apiKeys.get({ hash }), { statusCode: 404 });
  });

  test('a key carries the external user given at creation', async () => {
    const made = await admin.apiKeys.create({ requestBody: { name: 'Partner', external: { user: 'person-1' } } });
    assert.equal(made.data.externalUser, 'person-1');
  });

  test('the key in the header is described', async () => {
    const { key } = await sim.createKey({ limit: 3, limit_reset: 'daily' });
    const client = new OpenRouter({ apiKey: key, serverURL: sim.url });
    const { data } = await client.apiKeys.getCurrentKeyMetadata();
    assert.equal(data.limit, 3);
    assert.equal(data.limitReset, 'daily');
    assert.equal(data.isManagementKey, false);
    assert.equal((await admin.apiKeys.getCurrentKeyMetadata()).data.isManagementKey, true);
  });

  test('the catalogue has every kind of price', async () => {
    const models = await pages(await admin.models.list());
    const by = Object.fromEntries(models.map((model) => [model.id, model]));
    assert.ok(models.length > 20);
    assert.equal(by['openai/gpt-4o-mini'].pricing.prompt, '0.00000015');
    assert.equal(by['deepseek/deepseek-chat-v3.2:free'].pricing.completion, '0');
    assert.equal(by['openrouter/auto'].pricing.prompt, '-1');
    assert.equal(by['perplexity/sonar'].pricing.request, '0.005');
    assert.equal(by['google/gemini-2.5-flash'].pricing.image, '0.001238');
    assert.equal(by['anthropic/claude-sonnet-4.6'].pricing.overrides[0].minPromptTokens, 200000);
    assert.ok(!by['openai/text-embedding-3-small'], 'embedding models have their own list');
    assert.equal((await admin.models.count()).data.count, models.length);
    assert.deepEqual(await pages(await admin.models.list({ limit: 15 })), models, 'page by page it is the same');
    assert.equal((await admin.models.get({ author: 'openai', slug: 'gpt-4o-mini' })).data.id, 'openai/gpt-4o-mini');
    const embedding = await pages(await admin.embeddings.listModels());
    assert.deepEqual(embedding.map((model) => model.id).slice(0, 1), ['openai/text-embedding-3-small']);
  });

  test('credits fall by what was spent', async () => {
    const before = (await admin.credits.getCredits()).data;
    const { key } = await sim.createKey();
    await (await sim.chat(key)).text();
    const now = (await admin.credits.getCredits()).data;
    assert.equal(now.totalCredits, before.totalCredits);
    assert.ok(now.totalUsage > before.totalUsage);
  });

  test('activity and analytics parse', async () => {
    const { key, hash } = await sim.createKey({ name: 'Analytics' });
    const answer = await (await sim.chat(key, { user: 'u-7' })).json();
    assert.ok(Array.isArray((await admin.analytics.getUserActivity()).data));
    const query = {
      metrics: ['total_usage', 'tokens_prompt', 'request_count'],
      dimensions: ['generation_id', 'external_user'],
      filters: [{ field: 'api_key_id', operator: 'eq', value: hash }],
    };
    const parsed = await admin.analytics.queryAnalytics({ requestBody: query });
    assert.equal(parsed.data.metadata.rowCount, 1);
    const [row] = (await sim.json('/analytics/query', { body: query })).data.data; // the SDK drops the columns
    assert.equal(row.generation_id, answer.id);
    assert.equal(row.external_user, 'u-7');
    assert.equal(row.tokens_prompt, String(answer.usage.prompt_tokens));
    assert.equal(row.total_usage, answer.usage.cost);
    await admin.analytics.getAnalyticsMeta();
  });

  test('an inference key may not administer and the other way round', async () => {
    const { key } = await sim.createKey();
    const client = new OpenRouter({ apiKey: key, serverURL: sim.url });
    await assert.rejects(client.apiKeys.list({}, noRetries), { statusCode: 403 });
    await assert.rejects(
      admin.chat.send({ chatRequest: { model: 'sim/echo', messages: hello } }, noRetries),
      { statusCode: 403 },
    );
  });
});

describe('@openrouter/sdk: completions', () => {
  let client, key;
  before(async () => {
    ({ key } = await sim.createKey());
    client = new OpenRouter({ apiKey: key, serverURL: sim.url });
  });

  test('plain, and its generation record', async () => {
    const answer = await client.chat.send({
      chatRequest: { model: 'anthropic/claude-sonnet-4.6', messages: hello, user: 'person-3', sessionId: 'chat-1' },
    });
    assert.match(answer.choices[0].message.content, /\| --- \|/);
    assert.equal(answer.choices[0].finishReason, 'stop');
    assert.ok(answer.usage.cost > 0);
    const { data } = await client.generations.getGeneration({ id: answer.id });
    assert.equal(data.totalCost, answer.usage.cost);
    assert.equal(data.externalUser, 'person-3');
    assert.equal(data.sessionId, 'chat-1');
    assert.equal(data.nativeTokensPrompt, answer.usage.promptTokens);
    assert.equal(data.cancelled, false);
  });

  for (const model of ['sim/echo', 'sim/reasoning', 'sim/shape-2026-03', 'sim/shape-2025', 'sim/bytes-3', 'sim/crlf'])
    test(`streamed: ${model}`, async () => {
      const stream = await client.chat.send({ chatRequest: { model, messages: hello, stream: true } });
      let text = '', usage;
      for await (const chunk of stream) {
        text += chunk.choices[0]?.delta.content ?? '';
        usage = chunk.usage ?? usage;
      }
      assert.ok(text.length > 20);
      assert.ok(usage.cost > 0);
    });

  test('an error before the answer has its status', async () => {
    for (const [model, statusCode] of [['sim/error-429', 429], ['sim/error-402', 402], ['sim/error-503', 503]])
      await assert.rejects(client.chat.send({ chatRequest: { model, messages: hello } }, noRetries), { statusCode });
  });

  test('embeddings', async () => {
    const result = await client.embeddings.generate({
      requestBody: { model: 'openai/text-embedding-3-small', input: ['one', 'two'] },
    });
    assert.equal(result.data.length, 2);
    assert.equal(result.data[0].embedding.length, 1536);
    assert.ok(result.usage.cost > 0);
  });
});

describe('openai', () => {
  let client, hash;
  before(async () => {
    const made = await sim.createKey({ name: 'openai client' });
    hash = made.hash;
    client = new OpenAI({ apiKey: made.key, baseURL: sim.url, maxRetries: 0 });
  });

  test('plain and streamed answers cost the same', async () => {
    const plain = await client.chat.completions.create({ model: 'openai/gpt-4o-mini', messages: hello });
    const stream = await client.chat.completions.create({ model: 'openai/gpt-4o-mini', messages: hello, stream: true });
    let text = '', usage;
    for await (const chunk of stream) {
      text += chunk.choices[0]?.delta.content ?? '';
      usage = chunk.usage ?? usage;
    }
    assert.equal(text, plain.choices[0].message.content);
    assert.deepEqual(usage, plain.usage);
    const bill = await sim.bill({ key: hash });
    assert.equal(bill.length, 2);
    assert.equal(bill[0].cost, bill[1].cost);
    assert.equal(pico(bill[0].cost), BigInt(plain.usage.prompt_tokens) * 150000n + BigInt(plain.usage.completion_tokens) * 600000n);
  });

  test('models are listed', async () => {
    const ids = [];
    for await (const model of client.models.list()) ids.push(model.id);
    assert.ok(ids.includes('anthropic/claude-opus-4.6'));
  });

  test('error shapes', async () => {
    const ask = (model, extra = {}) => client.chat.completions.create({ model, messages: hello, ...extra });
    await assert.rejects(ask('sim/error-400'), OpenAI.BadRequestError);
    await assert.rejects(ask('sim/error-401'), OpenAI.AuthenticationError);
    await assert.rejects(ask('sim/error-404'), OpenAI.NotFoundError);
    await assert.rejects(ask('sim/error-429'), OpenAI.RateLimitError);
    await assert.rejects(ask('sim/error-500'), OpenAI.InternalServerError);
    await assert.rejects(ask('sim/error-402'), { status: 402, code: 402 });
    await assert.rejects(ask('no/such-model'), /no\/such-model is not a valid model ID/);
    await assert.rejects(async () => {
      for await (const chunk of await ask('sim/error-mid', { stream: true })) assert.ok(chunk.choices);
    }, /Provider returned error/);
  });

  test('a retry after a scripted failure succeeds', async () => {
    await sim.script({ rules: [{ path: '/chat/completions', model: 'sim/echo', times: 1, do: { status: 429, retry_after: 1, headers: { 'retry-after-ms': '1' } } }] });
    const patient = new OpenAI({ apiKey: client.apiKey, baseURL: sim.url, maxRetries: 1 });
    const answer = await patient.chat.completions.create({ model: 'sim/echo', messages: hello });
    assert.equal(answer.choices[0].message.content, hello[0].content);
  });

  test('tool calls', async () => {
    const tools = [{ type: 'function', function: { name: 'weather', parameters: { type: 'object', properties: {} } } }];
    const answer = await client.chat.completions.create({ model: 'sim/tool-call', messages: hello, tools });
    assert.equal(answer.choices[0].finish_reason, 'tool_calls');
    assert.equal(answer.choices[0].message.tool_calls[0].function.name, 'weather');
    const stream = client.chat.completions.stream({ model: 'sim/tool-call', messages: hello, tools });
    const final = await stream.finalChatCompletion();
    assert.deepEqual(JSON.parse(final.choices[0].message.tool_calls[0].function.arguments), { location: 'Warsaw', unit: 'celsius' });
  });

  test('embeddings arrive as base64 and as numbers', async () => {
    const ask = (encoding_format) =>
      client.embeddings.create({ model: 'qwen/qwen3-embedding-8b', input: 'the same text', encoding_format });
    const [packed, plain] = [await ask(undefined), await ask('float')];
    assert.equal(packed.data[0].embedding.length, 1024);
    assert.ok(packed.data[0].embedding.every((v, i) => Math.abs(v - plain.data[0].embedding[i]) < 1e-6));
  });
});

describe('@openrouter/ai-sdk-provider', () => {
  let openrouter;
  before(async () => {
    const { key } = await sim.createKey();
    openrouter = createOpenRouter({ apiKey: key, baseURL: sim.url });
  });

  test('generateText with usage accounting', async () => {
    const result = await generateText({ model: openrouter('openai/gpt-4o-mini', { usage: { include: true } }), prompt: 'Hello', maxRetries: 0 });
    assert.match(result.text, /How can I help/);
    assert.ok(result.usage.inputTokens > 0);
    assert.ok(result.providerMetadata.openrouter.usage.cost > 0);
  });

  test('streamText with usage accounting', async () => {
    const result = streamText({ model: openrouter('deepseek/deepseek-r1', { usage: { include: true } }), prompt: 'Give me a plan', maxRetries: 0 });
    assert.match(await result.text, /## /);
    assert.ok((await result.reasoningText).startsWith('Let me think'));
    assert.ok((await result.providerMetadata).openrouter.usage.cost > 0);
    assert.equal((await result.usage).reasoningTokens ?? (await result.usage).outputTokenDetails.reasoningTokens, 16);
  });

  test('embed', async () => {
    const result = await embed({ model: openrouter.textEmbeddingModel('openai/text-embedding-3-small'), value: 'text' });
    assert.equal(result.embedding.length, 1536);
  });

  test('a 200 with an error body is an error', async () => {
    await assert.rejects(generateText({ model: openrouter('sim/error-200'), prompt: 'Hello', maxRetries: 0 }), /Provider returned error/);
  });
});

// Keys, limits, clock, credits, records, activity, analytics, catalogue, errors of the plain API.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { spawnSync } from 'node:child_process';
import { after, before, beforeEach, describe, test } from 'node:test';
import { Sim, executable, pico } from '../lib/sim.mjs';

let sim;
before(async () => {
  sim = await Sim.start();
});
after(() => sim.stop());
beforeEach(() => sim.reset());

const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const currentKey = async (key) => (await sim.json('/key', { key })).data;

async function refused(response, status, pattern) {
  const body = await response.json();
  assert.equal(response.status, status);
  assert.equal(body.error.code, status);
  assert.match(body.error.message, pattern);
  return body;
}

describe('keys', () => {
  test('the hash is the SHA-256 of the whole text', async () => {
    const { key, hash } = await sim.createKey();
    assert.equal(hash, sha256(key));
  });

  test('lists are newest first, a hundred a page', async () => {
    for (let i = 0; i < 105; i++) await sim.createKey({ name: `Paged ${i}` });
    const first = (await sim.json('/keys')).data, second = (await sim.json('/keys?offset=100')).data;
    assert.equal(first.length, 100);
    assert.equal(first[0].name, 'Paged 104');
    assert.ok(second.length >= 5 && second.length < 100);
    assert.equal(new Set([...first, ...second].map((key) => key.hash)).size, 100 + second.length);
  });

  test('unknown, disabled, expired and deleted keys are all "User not found."', async () => {
    await refused(await sim.chat('sk-or-v1-nobody'), 401, /^User not found\.$/);
    await refused(await sim.chat(null), 401, /No auth credentials found/);
    const { key, hash } = await sim.createKey({ expires_at: new Date(Date.now() + 3600e3).toISOString() });
    const patch = (body) => sim.json(`/keys/${hash}`, { method: 'PATCH', body });
    assert.equal((await sim.chat(key)).status, 200);
    await patch({ disabled: true });
    await refused(await sim.chat(key), 401, /User not found/);
    await patch({ disabled: false });
    assert.equal((await sim.chat(key)).status, 200);
    await sim.clock({ advance_ms: 3601e3 });
    await refused(await sim.chat(key), 401, /User not found/);
    await sim.clock({ advance_ms: -3601e3 });
    await sim.json(`/keys/${hash}`, { method: 'DELETE' });
    await refused(await sim.chat(key), 401, /User not found/);
    await refused(await sim.request(`/keys/${hash}`), 404, /not found/);
  });

  test('wrong bodies are refused in words', async () => {
    const make = (body) => sim.request('/keys', { body });
    await refused(await make({}), 400, /name/);
    await refused(await make({ name: 'x', limit: 'ten' }), 400, /limit/);
    await refused(await make({ name: 'x', limit_reset: 'yearly' }), 400, /limit_reset/);
    await refused(await make({ name: 'x', expires_at: '2030-01-01T00:00Z' }), 400, /expires_at/);
    await refused(await make('{'), 400, /JSON/);
  });

  test('a partner chooses the text of a key', async () => {
    const text = `sk-or-v1-${'ab12'.repeat(16)}`;
    const made = await sim.createKey({ external: { user: 'p-1', api_key: text } });
    assert.equal(made.hash, sha256(text));
    const answer = await (await sim.chat(text)).json();
    assert.equal((await sim.json(`/generation?id=${answer.id}`, { key: text })).data.external_user, 'p-1');
  });

  test('roles are kept apart', async () => {
    const { key } = await sim.createKey();
    for (const path of ['/keys', '/credits', '/activity'])
      await refused(await sim.request(path, { key }), 403, /management/);
    await refused(await sim.chat(sim.managementKey), 403, /Management/);
  });
});

describe('limits', () => {
  const spend = (key) => sim.chat(key, { model: 'sim/tokens-1000' }).then((response) => response.text());

  test('a used-up total limit refuses the next call', async () => {
    const { key, hash } = await sim.createKey({ limit: 0.001 });
    await spend(key);
    await refused(await sim.chat(key), 403, /^Key limit exceeded \(total limit\)\. Manage it using/);
    assert.ok((await currentKey(key)).limit_remaining < 0, 'limits are soft');
    assert.equal((await sim.chat(key, { model: 'deepseek/deepseek-chat-v3.2:free' })).status, 200);
    await sim.json(`/keys/${hash}`, { method: 'PATCH', body: { limit: 1 } });
    assert.equal((await sim.chat(key)).status, 200);
  });

  test('limit 0 refuses at once', async () => {
    const { key } = await sim.createKey({ limit: 0 });
    await refused(await sim.chat(key), 403, /Key limit exceeded/);
  });

  for (const [reset, from, until] of [
    ['daily', '2026-11-23T23:59:00Z', '2026-11-24T00:00:01Z'],
    ['weekly', '2026-11-22T23:59:00Z', '2026-11-23T00:00:01Z'], // Sunday, Monday
    ['monthly', '2026-11-30T23:59:00Z', '2026-12-01T00:00:01Z'],
  ])
    test(`a ${reset} limit resets`, async () => {
      await sim.clock({ now: from });
      const { key } = await sim.createKey({ limit: 0.001, limit_reset: reset });
      await spend(key);
      await refused(await sim.chat(key), 403, new RegExp(`\\(${reset} limit\\)`));
      await sim.clock({ now: until });
      assert.equal((await currentKey(key)).limit_remaining, 0.001);
      assert.ok((await currentKey(key)).usage > 0.001);
      assert.equal((await sim.chat(key)).status, 200);
    });

  test('402 with limit_source, and a cap honoured late', async () => {
    const other = await Sim.start({ args: ['--key-limit-status', '402', '--cap-delay-ms', '300'] });
    try {
      const { key } = await other.createKey({ limit: 0 });
      assert.equal((await other.chat(key)).status, 200);
      await new Promise((done) => setTimeout(done, 350));
      const body = await refused(await other.chat(key), 402, /Key limit exceeded/);
      assert.equal(body.error.metadata.limit_source, 'openrouter_key_limit');
      assert.ok(body.error.metadata.remedy_hint);
    } finally {
      await other.stop();
    }
  });

  test('an empty account', async () => {
    const { key } = await sim.createKey();
    await sim.setCredits(0);
    const body = await refused(await sim.chat(key), 402, /^Insufficient credits/);
    assert.equal(body.error.metadata.limit_source, 'openrouter_credits');
    const { total_usage } = (await sim.json('/credits')).data;
    await sim.setCredits(total_usage + 0.001);
    await refused(await sim.chat(key, { max_tokens: 32000 }), 402, /fewer max_tokens/);
    assert.equal((await sim.chat(key, { max_tokens: 10 })).status, 200);
    await sim.setCredits(1000);
  });

  test('a maximum price that nothing meets', async () => {
    const { key } = await sim.createKey();
    const ask = (max_price) => sim.chat(key, { model: 'openai/gpt-4o-mini', provider: { max_price } });
    assert.equal((await ask({ prompt: 0.15, completion: '0.6' })).status, 200);
    await refused(await ask({ prompt: 0.14 }), 404, /max price/);
  });

  test('free models: twenty a minute, counted for the account', async () => {
    await sim.clock({ freeze: true });
    const model = 'meta-llama/llama-3.3-70b-instruct:free';
    const keys = [await sim.createKey(), await sim.createKey()];
    for (let i = 0; i < 20; i++) assert.equal((await sim.chat(keys[i % 2].key, { model })).status, 200);
    const response = await sim.chat(keys[0].key, { model });
    assert.equal(response.headers.get('x-ratelimit-limit'), '20');
    const body = await refused(response, 429, /free-models-per-min/);
    assert.equal(body.error.metadata.headers['X-RateLimit-Remaining'], '0');
    assert.equal((await currentKey(keys[0].key)).free_model_daily_requests.used, 21);
    await sim.clock({ advance_ms: 60000 });
    assert.equal((await sim.chat(keys[0].key, { model })).status, 200);
  });
});

describe('records', () => {
  test('a record appears after its delay', async () => {
    const { key } = await sim.createKey();
    await sim.clock({ freeze: true });
    const { id } = await (await sim.chat(key, { script: { record_delay_ms: 60000 } })).json();
    await refused(await sim.request(`/generation?id=${id}`, { key }), 404, /not found/);
    await sim.clock({ advance_ms: 60000 });
    const { data } = await sim.json(`/generation?id=${id}`, { key });
    assert.equal(data.id, id);
    assert.equal(data.external_user, null);
    assert.equal(data.provider_name, 'SimProvider');
  });

  test('only its own key and the management key see it', async () => {
    const mine = await sim.createKey(), other = await sim.createKey();
    const { id } = await (await sim.chat(mine.key, { user: 'u-1' })).json();
    assert.equal((await sim.json(`/generation?id=${id}`)).data.external_user, 'u-1');
    await refused(await sim.request(`/generation?id=${id}`, { key: other.key }), 404, /not found/);
    await refused(await sim.request('/generation', { key: null }), 400, /id/);
  });

  test('scripts hide the record or its external user', async () => {
    const { key } = await sim.createKey();
    const made = async (script) => (await (await sim.chat(key, { user: 'u-1', script })).json()).id;
    await refused(await sim.request(`/generation?id=${await made({ record_missing: true })}`), 404, /not found/);
    assert.equal((await sim.json(`/generation?id=${await made({ external_user: 'null' })}`)).data.external_user, null);
  });

  test('activity has completed days only and agrees with the bill', async () => {
    await sim.clock({ now: '2026-10-05T10:00:00Z' });
    const { key, hash } = await sim.createKey();
    await (await sim.chat(key)).text();
    await (await sim.chat(key, { model: 'openai/gpt-4o-mini' })).text();
    const ask = (query = '') => sim.json(`/activity?api_key_hash=${hash}${query}`).then((answer) => answer.data);
    assert.deepEqual(await ask(), []);
    await sim.clock({ now: '2026-10-06T00:00:01Z' });
    const rows = await ask('&date=2026-10-05');
    assert.deepEqual(rows.map((row) => row.model), ['openai/gpt-4o-mini', 'sim/echo']);
    const sum = rows.reduce((total, row) => total + Math.round(row.usage * 1e12), 0);
    assert.equal(BigInt(sum), pico((await sim.bill({ key: hash })).map((row) => row.cost)));
    await refused(await sim.request('/activity?date=2026-10-06'), 400, /30/);
    assert.equal((await currentKey(key)).usage_daily, 0);
  });

  test('analytics by time, key and generation; metrics add up', async () => {
    await sim.clock({ now: '2026-10-10T10:00:00Z', freeze: true });
    const a = await sim.createKey({ name: 'A' }), b = await sim.createKey({ name: 'B' });
    const ids = [];
    for (let i = 0; i < 3; i++) {
      ids.push((await (await sim.chat(a.key, { user: `u-${i % 2}` })).json()).id);
      await sim.clock({ advance_ms: 60000 });
    }
    await (await sim.chat(b.key)).text();
    const query = (body) => sim.json('/analytics/query', { body }).then((answer) => answer.data.data);
    const byA = [{ field: 'api_key_id', operator: 'in', value: [a.hash] }];
    const rows = await query({ metrics: ['total_usage'], dimensions: ['generation_id'], filters: byA,
      time_range: { start: '2026-10-10T10:00:30Z', end: '2026-10-10T10:10:00Z' } });
    assert.deepEqual(rows.map((row) => row.generation_id), ids.slice(1));
    const users = await query({ metrics: ['request_count', 'tokens_total'], dimensions: ['external_user'], filters: byA });
    assert.deepEqual(users.map((row) => [row.external_user, row.request_count]), [['u-0', '2'], ['u-1', '1']]);
    const days = await query({ metrics: ['request_count'], dimensions: ['api_key_id'], granularity: 'day', time_range: { start: '2026-10-10T00:00:00Z', end: '2026-10-11T00:00:00Z' } });
    assert.deepEqual(days.map((row) => [row.date__day, row.api_key_id, row.request_count]), [['2026-10-10', 'A', '3'], ['2026-10-10', 'B', '1']]);
    await refused(await sim.request('/analytics/query', { body: { metrics: ['nonsense'] } }), 400, /nonsense/);
    await refused(await sim.request('/analytics/query', { body: { metrics: ['total_usage'], filters: [{ field: 'app', operator: 'eq', value: 'x' }] } }), 400, /app/);
  });

  test('embeddings are billed too', async () => {
    const { key, hash } = await sim.createKey();
    await sim.json('/embeddings', { key, body: { model: 'openai/text-embedding-3-small', input: ['four', 'more than four'], user: 'u-9' } });
    const [bill] = await sim.bill({ key: hash });
    assert.equal(bill.api_type, 'embeddings');
    assert.equal(bill.prompt_tokens, 5);
    assert.equal(bill.cost, '0.0000001');
    assert.equal((await sim.json(`/generation?id=${bill.id}`)).data.api_type, 'embeddings');
    await refused(await sim.request('/embeddings', { key, body: { model: 'openai/gpt-4o-mini', input: 'x' } }), 400, /embedding/);
    await refused(await sim.request('/embeddings', { key, body: { model: 'openai/text-embedding-3-small', input: [] } }), 400, /input/);
  });

  test('bill totals per key equal the sum of its rows and what the key says', async () => {
    const { key, hash } = await sim.createKey();
    for (const model of ['sim/echo', 'openai/gpt-5.2', 'qwen/qwen3-30b-a3b', 'x-ai/grok-4.1-fast'])
      await (await sim.chat(key, { model, stream: true })).text();
    const total = (await sim.billByKey()).find((row) => row.key_hash === hash);
    assert.equal(pico(total.cost), pico((await sim.bill({ key: hash })).map((row) => row.cost)));
    assert.equal((await currentKey(key)).usage, Number(total.cost));
    assert.equal(total.requests, 4);
  });
});

describe('scripts and the log', () => {
  test('rules match by model, key and count', async () => {
    const a = await sim.createKey({ name: 'A' }), b = await sim.createKey({ name: 'B' });
    await sim.script({ rules: [{ key: a.hash, model: 'sim/*', nth: 2, do: { status: 503, retry_after: 7 } }] });
    const statuses = [];
    for (const { key } of [a, b, a, a]) statuses.push((await sim.chat(key)).status);
    assert.deepEqual(statuses, [200, 200, 503, 200]);
  });

  test('rules reach every route', async () => {
    await sim.script({ rules: [{ path: '/keys', method: 'GET', times: 1, do: { status: 500 } }, { path: '/models', do: { header_delay_ms: 60 } }] });
    await refused(await sim.request('/keys'), 500, /Internal/);
    assert.equal((await sim.request('/keys')).status, 200);
    const start = performance.now();
    await sim.json('/models');
    assert.ok(performance.now() - start >= 55);
    await sim.script({ rules: [{ path: '/key', do: { reset_before_headers: true } }] });
    await assert.rejects(sim.request('/key'));
  });

  test('a wrong script is refused and changes nothing', async () => {
    await sim.script({ default: { comments: 9 } });
    await assert.rejects(sim.script({ default: { comments: 2, nonsense: 1 } }), /nonsense/);
    await assert.rejects(sim.script({ rules: [{ modell: 'x', do: {} }] }), /modell/);
    const { key } = await sim.createKey();
    const body = await (await sim.chat(key, { stream: true })).text();
    assert.equal(body.match(/PROCESSING/g).length, 9);
    await refused(await sim.chat(key, { script: { cost_form: 'roman' } }), 400, /cost_form/);
  });

  test('the log tells what arrived', async () => {
    const { key, hash } = await sim.createKey();
    const body = JSON.stringify({ model: 'sim/echo', messages: [{ role: 'user', content: 'x' }], user: 'u-5', max_tokens: 7, provider: { zdr: true } });
    const answer = await sim.json('/chat/completions', { key, body, headers: { 'x-probe': '1' } });
    const [seen] = await sim.requests({ path: '/api/v1/chat/completions' });
    assert.equal(seen.body_sha256, sha256(body));
    assert.equal(seen.key_hash, hash);
    assert.equal(seen.user, 'u-5');
    assert.equal(seen.max_tokens, 7);
    assert.deepEqual(seen.provider, { zdr: true });
    assert.equal(seen.generation_id, answer.id);
    assert.ok(seen.headers.includes('x-probe'));
  });

  test('errors of unknown and wrong routes', async () => {
    const unknown = await sim.request('/nonsense');
    assert.equal(unknown.status, 404);
    assert.match(unknown.headers.get('content-type'), /html/);
    assert.deepEqual(await (await sim.request('/chat/nothing')).json(), { error: { message: 'Not Found', code: 404 } });
    assert.equal((await sim.request('/credits', { method: 'DELETE' })).status, 405);
    assert.equal((await sim.request('/keys/')).status, 200);
  });

  test('bodies jansson alone would refuse', async () => {
    const { key } = await sim.createKey();
    const ask = (content, more = '') => sim.request('/chat/completions', { key, body: `{"model":"sim/echo","messages":[{"role":"user","content":"${content}"}]${more}}` });
    assert.equal((await ask('lone \\ud800 surrogate')).status, 200);
    assert.equal((await ask('a \\u0000 b')).status, 200);
    assert.equal((await ask('x', ',"seed":123456789012345678901234567890')).status, 200);
    await refused(await ask('x', ',"a":'), 400, /JSON/);
  });
});

describe('answers', () => {
  const ask = async (content, extra = {}) => {
    const { key } = await sim.createKey();
    return (await (await sim.chat(key, { model: 'openai/gpt-4o-mini', content, ...extra })).json()).choices[0].message.content;
  };

  test('follow the kind of the prompt', async () => {
    assert.match(await ask('Write a Python function that parses dates'), /```python\n/);
    assert.match(await ask('Compare three laptops in a table'), /\| --- \|/);
    assert.match(await ask('How do I plan a release?'), /^1\. /m);
    assert.equal(await ask('What is inflation?'), await ask('What is inflation?'));
  });

  test('speak Polish to a Polish prompt', async () => {
    assert.match(await ask('Wyjaśnij, czym jest inflacja'), /W skrócie/);
    assert.match(await ask('Napisz funkcję w Pythonie'), /Rozwiązanie w Pythonie/);
    assert.match(await ask('Cześć!'), /W czym mogę/);
  });

  test('title prompts get short titles, as JSON when asked', async () => {
    const prompt = 'Generate a concise, 3-5 word title with an emoji.\n### Output:\nJSON format: { "title": "..." }\n<chat_history>\nUSER: How do I bake sourdough bread at home?\nASSISTANT: ...\n</chat_history>';
    assert.deepEqual(JSON.parse(await ask(prompt)), { title: 'Bake sourdough bread at home' });
    assert.equal(await ask('Generate a concise title for this chat.\nUSER: monthly sales report for Acme'), 'Monthly sales report for Acme');
  });

  test('JSON when response_format asks for it', async () => {
    assert.equal(typeof JSON.parse(await ask('Give me facts', { response_format: { type: 'json_object' } })).answer, 'string');
  });
});

describe('the command line', () => {
  const run = (...args) => spawnSync(executable('openrouter-sim'), args, { encoding: 'utf8', timeout: 10000 });

  test('help lists options, presets and fields', () => {
    const { stdout, status } = run('--help');
    assert.equal(status, 0);
    for (const word of ['--port', '/sim/script', 'sim/stream-cut-#', 'cost_literal']) assert.ok(stdout.includes(word), word);
  });

  test('wrong use is one line and exit 2, a taken port exit 1', () => {
    for (const args of [['--nonsense'], ['--port', 'x'], ['--port', '70000'], ['--key-limit-status', '404'], ['--clock']]) {
      const { stderr, status } = run(...args);
      assert.equal(status, 2, args.join(' '));
      assert.equal(stderr.trim().split('\n').length, 1);
    }
    assert.equal(run('--clock', 'yesterday').status, 1);
    assert.equal(run('--script', '/nonexistent').status, 1);
    const taken = run('--port', String(sim.port));
    assert.equal(taken.status, 1);
    assert.match(taken.stderr, /cannot listen/);
  });

  test('SIGTERM ends it with 0', async () => {
    const other = await Sim.start();
    assert.equal(await other.stop(), 0);
  });
});

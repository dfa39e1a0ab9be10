// Answers in web chats: the chat is the consumer, so an answer goes on without its page, can be joined from any page,
// stopped from any session, and is there on return; what a server that was killed left behind says so.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, beforeEach, describe, test } from 'node:test';
import { pico } from '../lib/sim.mjs';
import { EventReader } from '../lib/sse.mjs';
import { World, until } from '../lib/world.mjs';

let world, bob, carol;
before(async () => {
  world = await World.start();
  bob = await world.addPerson({ name: 'Bob' });
  carol = await world.addPerson({ name: 'Carol' });
});
after(() => world?.stop());
// Answers of sim/pace-3 are as long as max_tokens lets them be.
beforeEach(() => world.sim.script({ rules: [{ model: 'sim/pace-3', do: { answer_tokens: 20_000 } }] }));

const newChat = async (who = bob) => (await world.api('/api/v1/chats/new', { token: who.token, body: { chat: {} } })).id;
const read = (chat, who = bob) => world.api(`/api/v1/chats/${chat}`, { token: who.token });
const messageOf = async (chat, id) => (await read(chat)).chat.history.messages[id];

// Asks in a chat; gives the ids and the answer's Response.
async function ask(chat, { model = 'sim/pace-3', max_tokens = 20_000, content = 'Write about the sea', token = bob.token, id = randomUUID(), parent, signal, ...more } = {}) {
  const question = parent ?? randomUUID();
  const response = await world.request('/api/chat/completions', {
    token,
    signal,
    body: {
      model,
      stream: true,
      chat_id: chat,
      id,
      parent_id: question,
      ...(parent ? {} : { user_message: { id: question, parentId: null, content } }),
      messages: [{ role: 'user', content }],
      max_tokens,
      ...more,
    },
  });
  return { id, question, response };
}

const events = async (path, token) => {
  const stop = new AbortController();
  const response = await world.request(path, { token, signal: stop.signal });
  assert.equal(response.status, 200);
  const reader = new EventReader(response);
  reader.stop = () => stop.abort();
  return reader;
};
const contentOf = (chunks) => chunks.map((chunk) => chunk.choices?.[0]?.delta?.content ?? '').join('');
const ended = (chat, id) => until('the answer is stored', async () => {
  const message = await messageOf(chat, id);
  return message?.done && message;
});

describe('an answer', () => {
  test('is streamed, stored word by word as it was seen, and billed', async () => {
    const chat = await newChat();
    const { id, question, response } = await ask(chat, { max_tokens: 40 });
    const reader = new EventReader(response);
    await reader.finished;
    assert.ok(reader.events.at(-1).done);
    const message = await ended(chat, id);
    assert.equal(message.content, contentOf(reader.events));
    assert.equal(message.parentId, question);
    assert.doesNotMatch(reader.text + JSON.stringify(message), /cost_details|is_byok|upstream_inference/);
    const row = (await world.rows()).find((one) => one.chat_id === chat && one.purpose === 'chat');
    assert.equal(pico(message.usage.cost.toFixed(12)), row.billed);
    const history = (await read(chat)).chat.history;
    assert.equal(history.messages[question].content, 'Write about the sea');
    assert.deepEqual(history.messages[question].childrenIds, [id]);
  });

  test('goes on when the page is closed, and is there on return', async () => {
    const chat = await newChat();
    const page = new AbortController();
    const { id, response } = await ask(chat, { signal: page.signal, max_tokens: 120 });
    const reader = new EventReader(response);
    await reader.find('of text', (event) => event.choices?.[0]?.delta?.content);
    page.abort();
    const { task_ids } = await world.api(`/api/tasks/chat/${chat}`, { token: bob.token });
    assert.deepEqual(task_ids, [id]);
    const message = await ended(chat, id);
    assert.ok(message.content.length > contentOf(reader.events).length);
    assert.ok(message.content.startsWith(contentOf(reader.events)));
    assert.ok(!message.stopped && !message.error);
    assert.equal((await world.sim.bill()).at(-1).cancelled, false);
  });

  test('joined late from two views: both end with the same text', async () => {
    const chat = await newChat();
    const { id, response } = await ask(chat, { max_tokens: 200 });
    const first = new EventReader(response);
    await first.find('of text', (event) => event.choices?.[0]?.delta?.content);
    const one = await events(`/api/v1/chats/${chat}/live`, bob.token);
    await until('some more text', () => first.events.length > 40);
    const two = await events(`/api/v1/chats/${chat}/live`, bob.token);
    await Promise.all([one.finished, two.finished, first.finished]);
    const joined = (reader) => {
      const snapshot = reader.events.find((event) => event.type === 'snapshot');
      assert.equal(snapshot.message.id, id);
      const deltas = reader.events.filter((event) => event.type === 'delta' && event.id === id);
      return snapshot.message.content + deltas.map((event) => event.content ?? '').join('');
    };
    const whole = contentOf(first.events);
    assert.equal(joined(one), whole);
    assert.equal(joined(two), whole);
    for (const reader of [one, two]) {
      const done = reader.events.find((event) => event.type === 'done');
      assert.equal(done.message.content, whole);
      assert.equal(done.message.done, true);
    }
    const late = await events(`/api/v1/chats/${chat}/live`, bob.token);
    await late.finished; // nothing runs: it closes
    assert.equal(late.events.filter((event) => event.type === 'snapshot').length, 0);
  });

  test('stopped from another session: what had arrived stays, upstream is stopped', async () => {
    const chat = await newChat();
    const { id, response } = await ask(chat);
    const reader = new EventReader(response);
    await reader.find('of text', (event) => event.choices?.[0]?.delta?.content);
    const other = await world.signIn({ email: 'bob@acme.example', password: bob.password });
    const stopped = await world.api(`/api/tasks/stop/${id}`, { token: other.token, method: 'POST' });
    assert.deepEqual(stopped, { status: true });
    await reader.finished;
    const message = await ended(chat, id);
    assert.equal(message.stopped, true);
    assert.equal(message.content, contentOf(reader.events));
    await world.settled();
    assert.equal((await world.sim.bill()).at(-1).cancelled, true);
    const again = await world.request(`/api/tasks/stop/${id}`, { token: other.token, method: 'POST' });
    assert.equal(again.status, 404);
  });

  test('regenerated: a second child of the same question', async () => {
    const chat = await newChat();
    const { id, question, response } = await ask(chat, { max_tokens: 10 });
    await response.text();
    const second = await ask(chat, { parent: question, max_tokens: 10 });
    await second.response.text();
    await ended(chat, second.id);
    const { messages, currentId } = (await read(chat)).chat.history;
    assert.deepEqual([...messages[question].childrenIds].sort(), [id, second.id].sort());
    assert.equal(currentId, second.id);
    assert.equal(messages[id].content, messages[second.id].content);
  });

  test('an id is used once: 409, and nothing is sent or changed', async () => {
    const chat = await newChat();
    const untitled = (await read(chat)).title;
    const { id, question, response } = await ask(chat, { max_tokens: 10 });
    await response.text();
    await ended(chat, id);
    await until('its title', async () => (await read(chat)).title !== untitled);
    await world.settled();
    const [before, rows] = [await read(chat), (await world.rows()).length];
    for (const parent of [question, undefined]) {
      const again = await ask(chat, { id, parent });
      assert.equal(again.response.status, 409);
      assert.match((await again.response.json()).error.message, /id/);
    }
    assert.deepEqual((await read(chat)).chat, before.chat);
    assert.equal((await world.rows()).length, rows);
  });

  test('that fails keeps its error with the message', async () => {
    const chat = await newChat();
    await world.sim.script({ rules: [{ model: 'sim/fast', do: { status: 503 } }] });
    const { id, response } = await ask(chat, { model: 'sim/fast' });
    assert.equal(response.status, 503);
    const message = await ended(chat, id);
    assert.ok(message.error.content.length > 10);
    assert.equal(message.content, '');
  });
});

test('more than sixteen run at once and all can be stopped with the server', async () => {
  const chats = await Promise.all(Array.from({ length: 24 }, () => newChat()));
  const asked = await Promise.all(chats.map((chat) => ask(chat)));
  asked.forEach(({ response }) => new EventReader(response));
  const begun = Date.now();
  assert.equal(await world.mai.stop({ keep: true }), 0);
  assert.ok(Date.now() - begun < 14_000, 'eight seconds of grace and a little');
  await world.mai.start();
  for (const [i, chat] of chats.entries()) {
    const message = await messageOf(chat, asked[i].id);
    assert.equal(message.done, true);
    assert.equal(message.stopped, true);
    assert.ok(message.content.length > 0);
  }
  await world.settled();
  await world.assertBooks();
});

test('running answers after kill -9 are stopped, with what had arrived', async () => {
  const chat = await newChat();
  const { id, response } = await ask(chat);
  const reader = new EventReader(response);
  await until('a part is saved', async () => (await messageOf(chat, id))?.content.length > 0);
  const saved = (await world.query(`SELECT content FROM chat_messages WHERE id = '${id}'`))[0].content;
  await world.mai.kill();
  await reader.finished;
  await world.mai.start();
  const message = await messageOf(chat, id);
  assert.equal(message.done, true);
  assert.equal(message.stopped, true);
  assert.ok(message.content.startsWith(saved.slice(0, 50)));
  assert.ok(contentOf(reader.events).startsWith(message.content));
  await world.settled();
  await world.assertBooks();
});

describe('titles', () => {
  test('are made by a metered call after the first answer and announced', async () => {
    const live = await events('/api/v1/events', bob.token);
    const chat = await newChat();
    const { id, response } = await ask(chat, { model: 'openai/gpt-4o-mini', content: 'Which trees keep their leaves in winter?', max_tokens: 20 });
    await response.text();
    const started = await live.find('chat:started', (event) => event.type === 'chat:started' && event.chat_id === chat);
    assert.equal(started.message_id, id);
    await live.find('chat:done', (event) => event.type === 'chat:done' && event.chat_id === chat);
    const { title } = await live.find('chat:title', (event) => event.type === 'chat:title' && event.chat_id === chat);
    assert.ok(title.length > 0);
    assert.equal((await read(chat)).title, title);
    live.stop();
    await world.settled();
    const rows = (await world.rows()).filter((row) => row.chat_id === chat);
    assert.deepEqual(rows.map((row) => row.purpose).sort(), ['chat', 'title']);
    assert.ok(rows.every((row) => row.cost > 0n && row.user_id === bob.id));
    await world.assertBooks();
  });
});

describe('what is not theirs', () => {
  test('a foreign chat is answered like one that does not exist', async () => {
    const chat = await newChat();
    const { id, response } = await ask(chat);
    const reader = new EventReader(response);
    await reader.find('of text', (event) => event.choices?.[0]?.delta?.content);
    const rows = (await world.rows()).length;
    for (const target of [chat, randomUUID()]) {
      const status = async (path, options) => (await world.request(path, { token: carol.token, ...options })).status;
      assert.equal(await status(`/api/v1/chats/${target}`), 404);
      const live = await events(`/api/v1/chats/${target}/live`, carol.token);
      await live.finished; // nothing of theirs runs there: it closes without an event
      assert.deepEqual(live.events, []);
      assert.equal((await ask(target, { token: carol.token })).response.status, 404);
    }
    const stop = await world.request(`/api/tasks/stop/${id}`, { token: carol.token, method: 'POST' });
    assert.equal(stop.status, 404);
    assert.deepEqual(await world.api(`/api/tasks/chat/${chat}`, { token: carol.token }), { task_ids: [] });
    assert.equal((await world.rows()).length, rows);
    await world.api(`/api/tasks/stop/${id}`, { token: bob.token, method: 'POST' });
    await reader.finished;
  });
});

describe('usage, live', () => {
  test('a settled call is on open dashboards within a second, the employee’s and the administrator’s', async () => {
    const [own, all] = await Promise.all([bob, world.admin].map(({ token }) => events('/api/v1/client-organizations/usage/live', token)));
    const chat = await newChat();
    const before = [own.events.length, all.events.length];
    const { response } = await ask(chat, { max_tokens: 10 });
    await response.text();
    const end = Date.now();
    const fits = (event) => event.type === 'usage' && event.at >= end - 200;
    for (const [i, reader] of [own, all].entries()) {
      const event = await reader.find('usage', fits, { from: before[i], timeoutMs: 1500 });
      assert.ok(event.at - end < 1000, `${event.at - end} ms`);
      assert.ok(event.stats.today.cost > 0 && event.stats.this_month.requests > 0);
      assert.doesNotMatch(JSON.stringify(event), /raw|markup|margin/);
      reader.stop();
    }
  });

  test('embeddings of the web are metered too', async () => {
    const { id: model } = (await world.api('/api/models', { token: bob.token })).data.find((one) => one.is_embedding);
    const answer = await world.api('/api/embeddings', { token: bob.token, body: { model, input: 'a text' } });
    assert.equal(answer.data.length, 1);
    const row = (await world.settled()).find(({ purpose }) => purpose === 'embedding');
    assert.equal(pico(answer.usage.cost.toFixed(12)), row.billed);
  });
});

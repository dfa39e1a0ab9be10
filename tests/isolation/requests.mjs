// What the walk sends to each route: one row per route of src/api/routes.c, under "METHOD /path". A route without a row
// fails the walk, so that a new one cannot be forgotten.
//
//   make(w, c)       a route without foreign ids: one request or several; `ok` are the statuses for those who may
//   target(t, w, c)  a route that names things: the same request about the things of `t`, which is another organization's
//                    person, another person of the own one, or nothing at all; `gone` are the statuses for all three
//   proof(w, c)      the same about something of the caller's own, made for it: it must succeed (`ok`), so that a refusal
//                    above is not one of a malformed request
//   fresh            'session' or 'person': made for this one request, because it ends the session it came by
//   until(text)      cuts a stream of events
//   may(leak)        canaries that this route shows on purpose
//
// w: the world (organizations.mjs), c: the caller (credentials.mjs). A request is { params, query, body } and may carry
// its own `ok` or `gone`.

import { randomUUID } from 'node:crypto';
import { CO } from './organizations.mjs';

const welcome = (text) => text.includes('welcome');
const firstEvent = (text) => /^data:/m.test(text);
const hello = [{ role: 'user', content: 'Hello' }];

// ---- things made for a proof ----

const freshUser = async (w) => {
  const made = await w.call(w.A.admin, 'POST', '/api/v1/auths/add', { name: 'Zed Throwaway', email: `${randomUUID()}@a.example`, role: 'user' });
  w.secrets.add('the one-time password of a throwaway', made.one_time_password);
  return { params: { id: made.id } };
};
const freshChat = async (w, c) => {
  const chat = await w.newChat(c.who);
  return { params: { id: chat.id, mid: chat.question } };
};
const freshClient = async (w) => {
  const made = await w.call(w.provider, 'POST', `${CO}/clients`, { name: `Throwaway ${randomUUID()}` });
  w.secrets.supplierKey('the key of a throwaway', made.api_key);
  return { params: { id: made.client.id } };
};
const with_ = (make, rest) => async (w, c) => ({ ...(await make(w, c)), ...rest });

// ---- rows that look alike ----

const user = (body) => ({
  target: (t) => ({ params: { id: t.user }, body }),
  proof: with_(freshUser, { body }),
});
const chat = (body) => ({
  target: (t) => ({ params: { id: t.chat }, body }),
  proof: with_(freshChat, { body }),
});
const client = (body) => ({
  target: (t) => ({ params: { id: t.organization }, body }),
  proof: with_(freshClient, { body }),
});
const usageOf = () => ({
  target: (t) => [{ params: { org: t.organization } }, { params: { org: t.organization }, query: '?start_date=2026-01-01&end_date=2026-12-31', gone: [404, 422] }],
  proof: (w, c) => (c.who.role === 'provider' ? { params: { org: w.A.id } } : [{ params: { org: 'my' } }, { params: { org: w.A.id } }]),
});
const completion = (body) => ({ make: () => [{ body }, { body: { ...body, stream: true } }] });
const embedding = { make: () => ({ body: { model: 'openai/text-embedding-3-small', input: 'Hello' } }) };

/** A question in a chat: by ids of `t`, in chats of the caller's own with ids of `t`. */
async function questions(t, w, c) {
  const base = { model: 'sim/fast', stream: true, messages: hello };
  const message = () => ({ id: randomUUID(), parentId: null, content: 'Hello' });
  const asked = message();
  const foreign = [
    { body: { ...base, chat_id: t.chat, id: randomUUID(), parent_id: t.question } },
    { body: { ...base, chat_id: t.chat, id: randomUUID(), parent_id: asked.id, user_message: asked } },
    { body: { ...base, chat_id: t.runningChat, id: t.runningAnswer, parent_id: t.question } },
  ];
  if (!c.isMember) return foreign;
  const own = await w.newChat(c.who);
  const again = message();
  return [
    ...foreign,
    { body: { ...base, chat_id: own.id, id: randomUUID(), parent_id: t.question } },
    // ids are made by clients: one that runs elsewhere is free here
    { body: { ...base, chat_id: own.id, id: t.runningAnswer, parent_id: again.id, user_message: again }, gone: [200] },
  ];
}

async function ownQuestion(w, c) {
  const { id } = await w.newChat(c.who);
  const asked = { id: randomUUID(), parentId: null, content: 'Hello' };
  return { body: { model: 'sim/fast', stream: true, messages: hello, chat_id: id, id: randomUUID(), parent_id: asked.id, user_message: asked } };
}

const ask = { target: questions, proof: async (w, c) => [await ownQuestion(w, c), { body: { model: 'sim/fast', messages: hello } }] };

/** Prices are billed ones, whatever the caller. */
function billedPrices(answer, w) {
  const echo = JSON.parse(answer.text).data.find((model) => model.id === 'sim/echo');
  const right = (1e-6 * Number(w.A.markup)).toFixed(12);
  return Number(echo?.pricing.prompt).toFixed(12) === right ? undefined : `sim/echo is priced ${echo?.pricing.prompt}, not ${right}`;
}

// ---- the table ----

export const requests = {
  'GET /health': {},
  'GET /health/db': {},
  'GET /api/version': {},
  'GET /api/config': {},
  'GET /openapi.yaml': {},

  'POST /api/v1/auths/signin': {
    target: (t) => ({ body: { email: t.email, password: 'not the password' } }),
    gone: [400, 429],
    proof: (w) => ({ body: { email: w.A.holder.email, password: w.A.holder.password } }),
    // the session of whoever proves to be A's holder
    may: (leak) => leak.org === 'A' && (leak.person === 'holder' || leak.person === 'org'),
  },
  'POST /api/v1/auths/signup': {
    target: (t) => ({ body: { name: 'Zed', email: `${randomUUID()}@a.example`, password: 'a long enough one', invitation: t.invitation } }),
    gone: [403, 404, 429],
    proof: async (w) => {
      const { token } = await w.call(w.A.admin, 'POST', '/api/v1/invitations', { role: 'user' });
      return { body: { name: 'Zed', email: `${randomUUID()}@a.example`, password: 'a long enough one', invitation: token } };
    },
    ok: [200, 429],
    may: (leak) => leak.org === 'A' && leak.person === 'org',
  },
  'GET /api/v1/auths': {},
  'GET /api/v1/auths/signout': { fresh: 'session' },
  'POST /api/v1/auths/signout': { fresh: 'session' },
  'POST /api/v1/auths/update/profile': { make: (w, c) => ({ body: c.who?.profile ?? { name: 'Provider' } }) },
  'POST /api/v1/auths/update/password': {
    fresh: 'person',
    make: (w, c) => ({ body: { password: c.isFresh ? c.who.password : 'not the password', new_password: `new ${randomUUID()}` }, ok: c.isFresh ? [200] : [400, 429] }),
  },
  'GET /api/v1/auths/sessions': {},
  'DELETE /api/v1/auths/sessions': { fresh: 'person' },
  'DELETE /api/v1/auths/sessions/{id}': {
    target: (t) => ({ params: { id: t.session } }),
    proof: async (w, c) => {
      const other = await w.signIn({ ...c.who }, { address: c.address });
      const rows = await w.call(other, 'GET', '/api/v1/auths/sessions');
      return { params: { id: rows.find((row) => row.is_current).id } };
    },
  },
  'GET /api/v1/auths/api_keys': {},
  'POST /api/v1/auths/api_keys': { make: () => ({ body: { name: 'walk' } }) },
  'DELETE /api/v1/auths/api_keys/{id}': {
    target: (t) => ({ params: { id: t.apiKey } }),
    proof: async (w, c) => ({ params: { id: (await w.call(c.who, 'POST', '/api/v1/auths/api_keys', { name: 'throwaway' })).id } }),
  },
  'GET /api/v1/auths/api_key': {},
  'POST /api/v1/auths/api_key': {},
  'DELETE /api/v1/auths/api_key': { make: () => ({ ok: [200, 404] }) },
  // That an address is taken is told across organizations: addresses are one space, because people sign in by them.
  'POST /api/v1/auths/add': { make: () => ({ body: { name: 'Zed', email: `${randomUUID()}@a.example`, role: 'user' } }) },

  'GET /api/v1/users': {
    make: () => ['', '?query=canary', '?query=canary-b', '?query=b.example', '?order_by=email&direction=desc', '?order_by=created_at', '?page=2'].map((query) => ({ query })),
  },
  'GET /api/v1/users/user/settings': {},
  'POST /api/v1/users/user/settings/update': { make: () => ({ body: { ui: { note: 'walk' } } }) },
  'GET /api/v1/users/{id}': user(),
  'POST /api/v1/users/{id}/update': {
    target: (t) => [{ params: { id: t.user }, body: { name: 'Taken over' } }, { params: { id: t.user }, body: { role: 'admin' } }, { params: { id: t.user }, body: { password: 'a long enough one' } }],
    proof: with_(freshUser, { body: { name: 'Zed Changed', role: 'user' } }),
  },
  'POST /api/v1/users/{id}/disable': user({}),
  'POST /api/v1/users/{id}/enable': user({}),
  'POST /api/v1/users/{id}/reset': user({}),
  'DELETE /api/v1/users/{id}': user(),
  'GET /api/v1/invitations': {},
  'POST /api/v1/invitations': { make: (w) => [{ body: { role: 'user' } }, { body: { role: 'user', email: w.B.user2.email } }] },
  'DELETE /api/v1/invitations/{id}': {
    target: (t) => ({ params: { id: t.invitation } }),
    proof: async (w) => ({ params: { id: (await w.call(w.A.admin, 'POST', '/api/v1/invitations', { role: 'user' })).id } }),
  },
  'GET /api/v1/invitations/by-token/{token}': {
    target: (t) => ({ params: { token: t.invitation } }),
    proof: (w) => ({ params: { token: w.A.invitation.token } }),
    may: (leak) => leak.org === 'A' && leak.person === 'org', // whoever holds the link reads what it offers
  },

  'GET /openai/config': {},
  'POST /openai/config/update': { make: (w) => ({ body: { OPENAI_API_BASE_URLS: [w.sim.url], OPENAI_API_KEYS: [''] } }) },
  'POST /openai/verify': { make: (w) => [{ body: { url: w.sim.url, key: w.A.key } }, { body: { url: w.sim.url, key: `sk-or-v1-${'0'.repeat(64)}` }, ok: [400] }] },
  'GET /api/v1/connections/waiting': {},
  'POST /api/v1/connections/approve': {
    target: (t) => ({ body: { key_hash: t.keyHash } }),
    unproved: 'nobody waits for a key of A here; connection_approve is proved in tests/unit/tenancy',
  },

  'GET /api/models': { check: billedPrices },
  'GET /openai/models': { check: billedPrices },
  'GET /v1/models': {},
  'POST /v1/chat/completions': completion({ model: 'sim/fast', messages: hello }),
  'POST /v1/embeddings': embedding,
  'POST /api/chat/completions': ask,
  'POST /openai/chat/completions': ask,
  'POST /api/embeddings': embedding,
  'POST /api/tasks/stop/{id}': {
    target: (t) => ({ params: { id: t.runningAnswer } }),
    proof: async (w, c) => ({ params: { id: (await w.startAnswer(c.who)).answer } }),
  },
  'GET /api/tasks/chat/{id}': { target: (t) => ({ params: { id: t.runningChat } }), gone: [200], proof: freshChat },
  'GET /api/v1/chats/{id}/live': {
    target: (t) => ({ params: { id: t.runningChat } }),
    gone: [200], // a stream that ends at once, as for any chat in which nothing runs
    until: firstEvent,
    proof: async (w, c) => ({ params: { id: (await w.startAnswer(c.who)).chat } }),
  },
  'GET /api/v1/events': { until: welcome },

  'GET /api/v1/chats': { make: () => [{}, { query: '?page=1' }] },
  'GET /api/v1/chats/list': {},
  'DELETE /api/v1/chats': {},
  'GET /api/v1/chats/search': { make: () => ['canary', 'canary%20b', 'running', 'sim'].map((text) => ({ query: `?text=${text}` })) },
  'GET /api/v1/chats/archived': {},
  'POST /api/v1/chats/new': { make: () => ({ body: { chat: { title: 'Walk' } } }) },
  'GET /api/v1/chats/{id}': chat(),
  'POST /api/v1/chats/{id}': chat({ chat: { title: 'Taken over' } }),
  'DELETE /api/v1/chats/{id}': chat(),
  'POST /api/v1/chats/{id}/pin': chat({}),
  'POST /api/v1/chats/{id}/archive': chat({}),
  'POST /api/v1/chats/{id}/messages/{mid}': {
    target: async (t, w, c) => {
      const foreign = { params: { id: t.chat, mid: t.question }, body: { content: 'Taken over' } };
      if (!c.isMember) return foreign;
      const { params } = await freshChat(w, c);
      return [foreign, { params: { id: params.id, mid: t.question }, body: { content: 'Taken over' } }];
    },
    proof: with_(freshChat, { body: { content: 'Changed' } }),
  },

  [`GET ${CO}/usage/my-organization`]: {},
  [`GET ${CO}/usage/my-organization/today`]: {},
  [`GET ${CO}/usage/by-user/{org}`]: usageOf(),
  [`GET ${CO}/usage/by-model/{org}`]: usageOf(),
  [`GET ${CO}/usage/daily/{org}`]: { ...usageOf(), target: (t) => ({ params: { org: t.organization } }) },
  [`GET ${CO}/usage/export`]: {
    target: (t) => ['json', 'csv'].map((format) => ({ query: `?format=${format}&by=user&client_id=${t.organization}` })),
    proof: () => ['', '?format=json&by=user', '?format=json&by=model', '?format=csv', '?format=csv&by=user', '?format=csv&by=model'].map((query) => ({ query })),
  },
  [`GET ${CO}/usage/live`]: { until: firstEvent },

  [`GET ${CO}/settings`]: {},
  [`POST ${CO}/settings`]: { make: () => ({ body: { default_markup_rate: 1.3 } }) },
  [`GET ${CO}/clients`]: {},
  [`POST ${CO}/clients`]: { make: () => ({ body: { name: `Walk ${randomUUID()}`, monthly_limit: 5 } }), ok: [201] },
  [`GET ${CO}/clients/{id}`]: client(),
  [`PATCH ${CO}/clients/{id}`]: client({ markup_rate: 9, api_access: false }),
  [`DELETE ${CO}/clients/{id}`]: client(),
  [`POST ${CO}/clients/{id}/disable`]: client({}),
  [`POST ${CO}/clients/{id}/enable`]: client({}),
  [`POST ${CO}/clients/{id}/rotate`]: client({}),
  [`POST ${CO}/clients/{id}/approve-key`]: {
    target: (t) => ({ params: { id: t.organization }, body: { key_hash: t.keyHash } }),
    unproved: 'no key waits here; connection_provider_approve is proved in tests/unit/tenancy',
  },
  [`GET ${CO}/user-mappings`]: {},
  [`GET ${CO}/usage/billing`]: {},
  [`GET ${CO}/usage/summary`]: { make: (w) => [{}, { query: `?client_id=${w.A.id}` }, { query: `?client_id=${randomUUID()}`, ok: [404] }] },
  [`GET ${CO}/usage/today`]: { make: (w) => [{}, { query: `?client_id=${w.A.id}` }, { query: `?client_id=${randomUUID()}`, ok: [404] }] },
  [`GET ${CO}/system`]: {},
};

// ---- whose things a request is about ----

/** The things of a person that a request can name. */
export function thingsOf(w, one, person) {
  return {
    user: person.id, email: person.email, session: person.session, apiKey: person.apiKey.id, chat: person.chat.id,
    question: person.chat.question, runningChat: person.running.chat, runningAnswer: person.running.answer,
    invitation: one.invitation.id, organization: one.id, keyHash: one.keyHash,
  };
}

/** The same, of nobody. */
export function thingsOfNobody() {
  const ids = ['user', 'session', 'apiKey', 'chat', 'question', 'runningChat', 'runningAnswer', 'invitation', 'organization'];
  const hash = (randomUUID() + randomUUID()).replaceAll('-', '');
  return { ...Object.fromEntries(ids.map((name) => [name, randomUUID()])), email: `${randomUUID()}@b.example`, keyHash: hash };
}

/** Ids that are none. In a path as they stand. */
export const strangeIds = ['x', '0', 'null', '%00', '%2e%2e%2f%2e%2e', "'%20OR%20'1'='1", '%25', '%ff%fe', '%F0%9F%98%80', 'a'.repeat(2000)];

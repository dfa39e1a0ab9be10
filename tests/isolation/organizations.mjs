// Two client organizations and their provider in one running mAI: people of every role, chats, answers that run, keys,
// invitations, usage. Every text that can be set carries a canary of its organization, person and field (canary.mjs), and
// token figures lie in bands, so that a sum shows whose calls it holds: see `bands`.

import { execFile } from 'node:child_process';
import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Mai } from '../lib/mai.mjs';
import { Sim } from '../lib/sim.mjs';
import { until } from '../lib/world.mjs';
import { Canaries, Secrets, seen } from './canary.mjs';
import { Wire } from './wire.mjs';

const run = promisify(execFile);
export const CO = '/api/v1/client-organizations';

/** Tokens: all calls of one person of A together stay below `own`; A's second person has more than that, yet A's people
 * together stay below `organization`; any single person of B has more. */
export const bands = { own: 60_000, organization: 600_000 };
const PROMPT_BYTES = { A: 4 * 100_000, B: 4 * 1_000_000 };

/** A model whose stream, by a rule, says its first words and then nothing for the rest of the test. */
const STALLED = 'sim/pace-3';
const MARKUP = { A: '1.3717', B: '1.4513' };

export class Organizations {
  static async start() {
    const world = new Organizations();
    world.canaries = new Canaries();
    world.secrets = new Secrets();
    try {
      world.managementKey = `sk-or-v1-${randomBytes(32).toString('hex')}`;
      world.sim = await Sim.start({ args: ['--management-key', world.managementKey] });
      await world.#found();
    } catch (error) {
      await world.stop();
      throw error;
    }
    return world;
  }

  async #found() {
    const providerPassword = this.#password('provider');
    this.provider = { org: null, person: 'provider', role: 'provider', email: 'provider@example.com', password: providerPassword };
    this.mai = await Mai.start({
      sim: this.sim,
      env: {
        OPENROUTER_PROVISIONING_KEY: this.managementKey,
        MAI_PROVIDER_EMAIL: this.provider.email,
        MAI_PROVIDER_PASSWORD: providerPassword,
        LOG_LEVEL: 'info',
      },
    });
    this.secrets.supplierKey('the management key', this.managementKey);
    this.wire = new Wire(this.mai.port);
    await this.signIn(this.provider);
    this.A = await this.#organization('A');
    this.B = await this.#organization('B');
    await this.#stallStreams();
    await until('the list of models', async () => (await this.call(this.A.user, 'GET', '/api/models')).data.length > 0);
    for (const org of [this.A, this.B]) await this.#fill(org);
    await this.#learnSecrets();
  }

  async stop() {
    this.wire?.close();
    await this.mai?.stop();
    await this.sim?.stop();
  }

  // ---- requests of people ----

  /** Headers of a signed-in person. */
  headers(person) {
    return { authorization: `Bearer ${person.token}`, 'user-agent': person.userAgent ?? 'walk' };
  }

  /** The parsed JSON of a good answer; throws on any other. */
  async call(person, method, path, body) {
    const answer = await this.wire.send(method, path, { headers: person ? this.headers(person) : {}, body });
    if (answer.status >= 300) throw new Error(`${method} ${path} by ${person?.person}: ${answer.status} ${answer.text}`);
    return answer.text === '' ? undefined : JSON.parse(answer.text);
  }

  /** Opens a web session for a person and keeps its token; gives the person. */
  async signIn(person, { address } = {}) {
    const answer = await this.wire.send('POST', '/api/v1/auths/signin', {
      headers: { 'user-agent': person.userAgent ?? 'walk', ...(address ? { 'x-forwarded-for': address } : {}) },
      body: { email: person.email, password: person.password },
    });
    if (answer.status !== 200) throw new Error(`signing in ${person.person}: ${answer.status} ${answer.text}`);
    const session = JSON.parse(answer.text);
    person.token = session.token;
    person.id = session.id;
    this.secrets.add(`a session token of ${person.person}`, session.token);
    return person;
  }

  #password(person) {
    const password = `secret of ${person} ${randomUUID()}`;
    this.secrets.add(`the password of ${person}`, password);
    return password;
  }

  // ---- an organization and its people ----

  async #organization(org) {
    const { canaries } = this;
    const name = canaries.text(org, 'org', 'name', seen.everyone);
    const admin = { org, person: 'admin', role: 'admin', email: canaries.email(org, 'admin', 'email', seen.admins) };
    const made = await this.call(this.provider, 'POST', `${CO}/clients`, {
      name, markup_rate: MARKUP[org], monthly_limit: null, timezone: 'Europe/Warsaw',
      billing_email: canaries.email(org, 'org', 'billing', seen.provider),
      admin_email: admin.email, admin_name: canaries.text(org, 'admin', 'name', seen.admins),
    });
    const id = canaries.id(org, 'org', 'id', made.client.id, seen.everyone);
    this.secrets.supplierKey(`the supplier key of ${org}`, made.api_key);
    await this.call(this.provider, 'PATCH', `${CO}/clients/${id}`, { api_access: true });
    await this.#firstPassword(admin, made.admin.one_time_password);
    const keyHash = createHash('sha256').update(made.api_key).digest('hex');
    canaries.id(org, 'org', 'key-hash', keyHash, (reader) => seen.books(reader));
    const one = { org, id, name, markup: MARKUP[org], key: made.api_key, keyHash, admin, people: [admin] };
    await this.saveKey(admin, made.api_key);
    for (const [person, role] of [['user', 'user'], ['user2', 'user'], ['holder', 'user'], ['cookie', 'user'], ['pending', 'pending']])
      one[person] = await this.addPerson(one, person, role);
    one.first = await this.addWithoutPassword(one, 'first');
    return one;
  }

  async #firstPassword(person, oneTime) {
    this.secrets.add(`the one-time password of ${person.person}`, oneTime);
    person.password = oneTime;
    await this.signIn(person);
    person.password = this.#password(`${person.org} ${person.person}`);
    await this.call(person, 'POST', '/api/v1/auths/update/password', { password: oneTime, new_password: person.password });
    person.userAgent = this.canaries.text(person.org, person.person, 'user-agent');
    await this.signIn(person);
    this.canaries.id(person.org, person.person, 'id', person.id, seen.books);
  }

  /** Enters a key as an admin does and waits until it is judged. */
  async saveKey(admin, key, state = 'verified') {
    await this.call(admin, 'POST', '/openai/config/update', { OPENAI_API_BASE_URLS: [this.sim.url], OPENAI_API_KEYS: [key] });
    return until(`the key is ${state}`, async () => {
      const { KEYS } = await this.call(admin, 'GET', '/openai/config');
      return KEYS[0].state === state && KEYS[0];
    });
  }

  /** A person with a password and a session. */
  async addPerson(one, person, role) {
    const { org } = one;
    const made = { org, person, role, password: this.#password(`${org} ${person}`), userAgent: this.canaries.text(org, person, 'user-agent') };
    made.email = this.canaries.email(org, person, 'email', seen.admins);
    const { id } = await this.call(one.admin, 'POST', '/api/v1/auths/add', {
      name: this.canaries.text(org, person, 'name', seen.admins), email: made.email, password: made.password, role,
    });
    this.canaries.id(org, person, 'id', id, seen.books);
    await this.signIn(made);
    one.people.push(made);
    return made;
  }

  /** A person who must choose a password first. */
  async addWithoutPassword(one, person) {
    const made = { org: one.org, person, role: 'user', email: this.canaries.email(one.org, person, 'email', seen.admins) };
    const answer = await this.call(one.admin, 'POST', '/api/v1/auths/add', {
      name: this.canaries.text(one.org, person, 'name', seen.admins), email: made.email, role: 'user',
    });
    made.password = answer.one_time_password;
    made.mustChangePassword = true;
    this.secrets.add(`the one-time password of ${one.org} ${person}`, made.password);
    this.canaries.id(one.org, person, 'id', answer.id, seen.books);
    await this.signIn(made);
    one.people.push(made);
    return made;
  }

  // ---- what people leave behind ----

  async #fill(one) {
    for (const person of one.people) if (!person.mustChangePassword) await this.#fillAccount(one, person);
    for (const person of [one.admin, one.user, one.user2, one.holder, one.cookie]) await this.#fillMember(one, person);
    one.invitation = await this.#invite(one);
    const big = PROMPT_BYTES[one.org];
    await this.complete(one.user2, { content: 'x'.repeat(big) });
    if (one.org === 'B') for (const person of [one.user, one.admin]) await this.complete(person, { content: 'x'.repeat(big) });
    for (const person of [one.user, one.user2, one.admin]) person.running = await this.startAnswer(person);
  }

  async #fillAccount(one, person) {
    const text = (field, who) => this.canaries.text(one.org, person.person, field, who);
    person.profile = { name: text('name', seen.admins), profile_image_url: `/${text('image', seen.admins)}.png`, locale: 'en' };
    await this.call(person, 'POST', '/api/v1/auths/update/profile', person.profile);
    await this.call(person, 'POST', '/api/v1/users/user/settings/update', { ui: { note: text('settings') } });
    const [session] = await this.call(person, 'GET', '/api/v1/auths/sessions');
    person.session = this.canaries.id(one.org, person.person, 'session', session.id);
  }

  async #fillMember(one, person) {
    const key = await this.call(person, 'POST', '/api/v1/auths/api_keys', { name: this.canaries.text(one.org, person.person, 'api-key-name') });
    person.apiKey = { id: this.canaries.id(one.org, person.person, 'api-key', key.id), token: key.api_key };
    this.secrets.add(`an API key of ${one.org} ${person.person}`, key.api_key);
    person.chat = await this.newChat(person);
    person.archived = await this.newChat(person);
    await this.call(person, 'POST', `/api/v1/chats/${person.archived.id}/archive`, {});
  }

  async #invite(one) {
    const made = await this.call(one.admin, 'POST', '/api/v1/invitations', {
      email: this.canaries.email(one.org, 'org', 'invited', seen.admins), role: 'user',
    });
    this.secrets.add(`an invitation token of ${one.org}`, made.token);
    return { id: this.canaries.id(one.org, 'org', 'invitation', made.id, seen.admins), token: made.token };
  }

  /** A chat with a question and an answer, a canary in every text. */
  async newChat(person) {
    const text = (field) => this.canaries.text(person.org, person.person, field);
    const [question, answer] = [randomUUID(), randomUUID()];
    const made = await this.call(person, 'POST', '/api/v1/chats/new', {
      chat: {
        title: text('chat-title'), models: [text('chat-model')],
        history: {
          currentId: answer,
          messages: {
            [question]: { id: question, parentId: null, childrenIds: [answer], role: 'user', content: text('question'), files: [{ type: 'file', name: text('file') }] },
            [answer]: { id: answer, parentId: question, childrenIds: [], role: 'assistant', content: text('answer'), reasoning: text('reasoning'), model: text('answer-model'), done: true },
          },
        },
      },
    });
    for (const [field, id] of [['chat', made.id], ['question', question], ['answer', answer]]) this.canaries.id(person.org, person.person, field, id);
    return { id: made.id, question, answer };
  }

  /** A call of the API outside any chat, to its end; gives the answer's JSON. */
  complete(person, { model = 'sim/fast', content = 'Hello' } = {}) {
    return this.call(person, 'POST', '/api/chat/completions', { model, messages: [{ role: 'user', content }] });
  }

  /** A question in a new chat, answered to its end; gives { chat, answer }. */
  async ask(person, model = 'sim/fast') {
    const { chat, answer, body } = await this.#question(person, model);
    const reply = await this.wire.send('POST', '/api/chat/completions', { headers: this.headers(person), body });
    if (reply.status !== 200) throw new Error(`asking as ${person.person}: ${reply.status} ${reply.text}`);
    return { chat, answer };
  }

  async #question(person, model) {
    const content = this.canaries.text(person.org, person.person, 'asked');
    const chat = (await this.call(person, 'POST', '/api/v1/chats/new', { chat: {} })).id;
    const [question, answer] = [randomUUID(), randomUUID()];
    for (const [field, id] of [['chat', chat], ['question', question], ['answer', answer]]) this.canaries.id(person.org, person.person, field, id);
    const body = {
      model, stream: true, messages: [{ role: 'user', content }], chat_id: chat, id: answer, parent_id: question,
      user_message: { id: question, parentId: null, content },
    };
    return { chat, answer, body };
  }

  // Streams of the stalled model say a canary of their person first.
  async #stallStreams() {
    const people = [...this.A.people, ...this.B.people];
    const rules = [];
    for (const { id, external_user: user } of await this.query('SELECT id, external_user FROM users WHERE organization_id IS NOT NULL')) {
      const { org, person } = people.find((one) => one.id === id);
      const answer = `${this.canaries.text(org, person, 'running')} and much more, `.repeat(50);
      rules.push({ model: STALLED, user, do: { answer, chunk_tokens: 40, chunk_ms: 3_600_000 } });
    }
    await this.sim.script({ rules });
  }

  /** An answer that has begun and does not end; the page that asked goes away. */
  async startAnswer(person) {
    const { chat, answer, body } = await this.#question(person, STALLED);
    const begun = await this.wire.send('POST', '/api/chat/completions', { headers: this.headers(person), body, until: (text) => text.includes('CANARY') });
    if (begun.status !== 200) throw new Error(`an answer of ${person.person} did not begin: ${begun.text}`);
    const tasks = await this.call(person, 'GET', `/api/tasks/chat/${chat}`);
    if (!tasks.task_ids.includes(answer)) throw new Error(`an answer of ${person.person} does not go on: ${begun.text}`);
    return { chat, answer };
  }

  // ---- the store itself ----

  /** Rows of a query, as objects. */
  async query(sql) {
    const { stdout } = await run('sqlite3', ['-readonly', '-json', '-cmd', '.timeout 5000', join(this.mai.folder, 'mai.db'), sql], { maxBuffer: 256 << 20 });
    return stdout.trim() === '' ? [] : JSON.parse(stdout);
  }

  /** Changes rows behind the server's back: only to age a session. */
  async execute(sql) {
    await run('sqlite3', ['-cmd', '.timeout 5000', join(this.mai.folder, 'mai.db'), sql]);
  }

  async #learnSecrets() {
    const columns = { users: 'password_hash', web_sessions: 'token_hash', api_keys: 'token_hash', invitations: 'token_hash', supplier_keys: 'sealed' };
    for (const [table, column] of Object.entries(columns))
      for (const { value } of await this.query(`SELECT ${column} AS value FROM ${table} WHERE ${column} IS NOT NULL AND ${column} <> ''`))
        this.secrets.add(`${column} of ${table}`, value);
    for (const { id, organization_id: org, external_user: pseudonym } of await this.query('SELECT id, organization_id, external_user FROM users WHERE organization_id IS NOT NULL')) {
      const owner = [...this.A.people, ...this.B.people].find((person) => person.id === id);
      this.canaries.id(org === this.A.id ? 'A' : 'B', owner?.person ?? 'org', 'pseudonym', pseudonym, seen.books);
    }
  }
}

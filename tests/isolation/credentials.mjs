// Everybody who may knock: nobody, tokens that are none (any more), every role of organization A, its API keys, the
// provider. `expectation` says from the route table alone who gets through.

import { randomUUID } from 'node:crypto';
import { CO } from './organizations.mjs';

const NOBODY = { org: null, person: 'nobody', role: null };

/**
 * One caller: `reader` is who the answers are read by, `who` the person of the world (undefined without a login),
 * `headers()` what the requests carry.
 */
class Credential {
  constructor(name, { who, kind, headers, refused }, address) {
    Object.assign(this, { name, who, kind, address, refused });
    this.reader = who && kind !== 'none' ? who : NOBODY;
    this.isMember = this.reader.role === 'user' || this.reader.role === 'admin';
    this.#headers = headers;
  }

  #headers;

  headers() {
    return { 'x-forwarded-for': this.address, ...this.#headers(this.who) };
  }

  /** The same caller with another session, or as another person of the same role. */
  as(who) {
    const other = new Credential(this.name, { who, kind: this.kind, headers: this.#headers, refused: this.refused }, this.address);
    other.isFresh = true;
    return other;
  }
}

const bearer = (who) => ({ authorization: `Bearer ${who.token}` });
const token = (text) => () => ({ authorization: `Bearer ${text}` });

/** Every credential of the walk. */
export async function credentials(w) {
  const cookie = (text) => ({ cookie: `theme=dark; token=${text}`, origin: w.wire.origin });
  const { A } = w;
  const rows = {
    'nobody': { kind: 'none', headers: () => ({}) },
    'rubbish as Bearer': { kind: 'none', headers: token('mai_s_nosuchtokenwasevermade') },
    'rubbish as API key': { kind: 'none', headers: token(`sk-mai-${'0'.repeat(40)}`) },
    'rubbish as cookie': { kind: 'none', headers: () => cookie('rubbish') },
    'another scheme': { kind: 'none', headers: () => ({ authorization: 'Basic YWRtaW46YWRtaW4=' }) },
    'an expired session': { kind: 'none', headers: token(await expired(w)) },
    'an idle session': { kind: 'none', headers: token(await idle(w)) },
    'a session signed out': { kind: 'none', headers: token(await signedOut(w)) },
    'a disabled person': { kind: 'none', headers: token(await disabledPerson(w)) },
    'a revoked API key': { kind: 'none', headers: token(await revokedKey(w)) },
    'API key of a disabled organization': { kind: 'none', headers: token(await disabledOrganization(w)), refused: 403 },
    'pending': { kind: 'session', who: A.pending, headers: bearer },
    'user': { kind: 'session', who: A.user, headers: bearer },
    'user by cookie': { kind: 'cookie', who: A.cookie, headers: (who) => cookie(who.token) },
    'admin': { kind: 'session', who: A.admin, headers: bearer },
    'one-time password': { kind: 'session', who: A.first, headers: bearer },
    'API key of a user': { kind: 'api_key', who: A.holder, headers: token(A.holder.apiKey.token) },
    'API key of an admin': { kind: 'api_key', who: A.admin, headers: token(A.admin.apiKey.token) },
    'provider': { kind: 'session', who: w.provider, headers: bearer },
  };
  return Object.entries(rows).map(([name, row], at) => new Credential(name, row, `192.0.2.${at + 1}`));
}

async function extraSession(w) {
  const session = await w.signIn({ ...w.A.holder });
  const rows = await w.call(session, 'GET', '/api/v1/auths/sessions');
  return { token: session.token, id: rows.find((row) => row.is_current).id, session };
}

// The server keeps who a token is for a minute: a session is aged before the server has seen its token.
async function aged(w, change) {
  const before = new Set((await w.query('SELECT id FROM web_sessions')).map((row) => row.id));
  const { token: text } = await w.signIn({ ...w.A.holder });
  const [{ id }] = (await w.query('SELECT id FROM web_sessions')).filter((row) => !before.has(row.id));
  await w.execute(`UPDATE web_sessions SET ${change} WHERE id = '${id}'`);
  return text;
}
const expired = (w) => aged(w, 'expires_ms = 1');
const idle = (w) => aged(w, `last_seen_ms = ${Date.now() - 8 * 86_400_000}`);

async function signedOut(w) {
  const { token: text, session } = await extraSession(w);
  await w.call(session, 'POST', '/api/v1/auths/signout');
  return text;
}

async function disabledPerson(w) {
  const person = await w.addPerson(w.A, 'disabled', 'user');
  await w.call(w.A.admin, 'POST', `/api/v1/users/${person.id}/disable`, {});
  return person.token;
}

async function revokedKey(w) {
  const made = await w.call(w.A.holder, 'POST', '/api/v1/auths/api_keys', { name: 'revoked' });
  await w.call(w.A.holder, 'DELETE', `/api/v1/auths/api_keys/${made.id}`);
  return made.api_key;
}

async function disabledOrganization(w) {
  const made = await w.call(w.provider, 'POST', `${CO}/clients`, { name: 'Disabled', admin_email: `${randomUUID()}@c.example`, admin_name: 'Carl' });
  const path = `${CO}/clients/${made.client.id}`;
  await w.call(w.provider, 'PATCH', path, { api_access: true });
  const carl = await w.signIn({ person: 'admin of C', email: made.admin.email, password: made.admin.one_time_password });
  await w.call(carl, 'POST', '/api/v1/auths/update/password', { password: carl.password, new_password: (carl.password = randomUUID()) });
  const { api_key: text } = await w.call(await w.signIn(carl), 'POST', '/api/v1/auths/api_keys', { name: 'disabled' });
  await w.call(w.provider, 'POST', `${path}/disable`, {});
  return text;
}

/** 'through', or the status with which the route refuses this caller whatever it asks for. */
export function expectation(c, route) {
  const may = (name) => route.may.includes(name);
  const isPublic = may('nobody');
  const ignoresCookies = route.path.startsWith('/v1/');
  if (isPublic) return 'through';
  if (c.kind === 'none') return c.refused ?? 401;
  if (c.kind === 'cookie' && ignoresCookies) return 401;
  if (c.kind === 'api_key') return may('api_key') || may('only_api_key') ? 'through' : 403;
  if (may('only_api_key')) return 403;
  if (c.who.mustChangePassword && !may('first_password')) return 403;
  return may(c.who.role) ? 'through' : 403;
}

// ./run demo: mAI beside a local OpenRouter, with two clients, their people and sixty days of usage.
//
// The clients, people and keys are made as a provider makes them: by `mai client` and `mai user`, and by pasting the key
// in Settings -> Connections. Their past is written by build/tools/demo-seed. The simulator forgets everything when it
// ends, so every start makes new keys there and pastes them.

import { execFile, spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { company, managementKey, password, provider, questions } from './demo/cast.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const build = join(root, 'build');
const data = resolve(process.env.MAI_DEMO_DATA ?? join(build, 'demo-data'));
const logFile = `${data}.log`;
const stateFile = join(data, 'demo.json');
const host = process.env.HOST ?? '127.0.0.1';
const pastDays = 60;

const say = (text) => console.log(`run: ${text}`);

// ---- programs ----

const children = [];
let isStopping = false;

/** Starts a program in a process group of its own, so that Ctrl-C reaches it through us, once. */
function start(name, args, { env = {}, stdio }) {
  const child = spawn(join(build, name), args, { env: { ...process.env, ...env }, stdio, detached: true });
  children.push(child);
  child.once('exit', (code, signal) => {
    child.hasEnded = true;
    if (!isStopping) stop(1, `${name} ended (${code ?? signal})${name === 'mai' ? `; its log: ${logFile}\n${logTail()}` : ''}`);
  });
  child.once('error', (error) => stop(1, `${name} cannot be started: ${error.message}`));
  return child;
}

function logTail() {
  return readFileSync(logFile, 'utf8').trimEnd().split('\n').slice(-5).join('\n');
}

/** Ends everything, last started first, and then us. */
async function stop(code, words) {
  if (isStopping) {
    for (const child of children) if (!child.hasEnded) child.kill('SIGKILL');
    return;
  }
  isStopping = true;
  if (words) console.error(`run: ${words}`);
  for (const child of [...children].reverse()) {
    if (child.hasEnded) continue;
    const ended = new Promise((done) => child.once('exit', done));
    child.kill('SIGTERM');
    await ended;
  }
  process.exit(code);
}

/** Runs a command of mai; gives its JSON (or its text). */
function mai(words, { input } = {}) {
  return new Promise((done, fail) => {
    const child = execFile(join(build, 'mai'), words, { env: { ...process.env, ...settings } }, (error, stdout, stderr) => {
      if (error) fail(new Error(`mai ${words.slice(0, 2).join(' ')}: ${stderr.trim() || error.message}`));
      else done(stdout.trimStart().startsWith('{') ? JSON.parse(stdout) : stdout);
    });
    child.stdin.end(input ?? '');
  });
}

function seed(days, companies) {
  const words = [data, days, ...companies.map((one) => `${one.id}:${one.keyHash}`)];
  return new Promise((done, fail) => {
    execFile(join(build, 'tools/demo-seed'), words, (error, stdout, stderr) =>
      error ? fail(new Error(stderr.trim() || error.message)) : done(stdout.trim()),
    );
  });
}

// ---- ports ----

const isFree = (port) =>
  new Promise((done) => {
    const probe = createServer();
    probe.once('error', () => done(false));
    probe.listen({ port, host, exclusive: true }, () => probe.close(() => done(true)));
  });

async function freePort(wanted) {
  for (let port = wanted; port < wanted + 100; port++) {
    if (!(await isFree(port))) continue;
    if (port !== wanted) say(`port ${wanted} is taken, using ${port}`);
    return port;
  }
  throw new Error(`no free port from ${wanted} to ${wanted + 99}`);
}

// ---- the two servers ----

async function startSimulator() {
  const port = await freePort(4010);
  const child = start('openrouter-sim', ['--port', String(port), '--chunk-ms', '15', '--hide-scripted', '--management-key', managementKey], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await new Promise((done) => child.stdout.once('data', done));
  child.stdout.resume();
  return `http://127.0.0.1:${port}/api/v1`;
}

async function startServer(port) {
  const log = openSync(logFile, 'a');
  start('mai', ['serve'], { env: { ...settings, PORT: String(port) }, stdio: ['ignore', log, log] });
  closeSync(log);
  const address = `http://${host === '0.0.0.0' ? '127.0.0.1' : host}:${port}`;
  for (const deadline = Date.now() + 15_000; Date.now() < deadline; await pause(20)) {
    const answer = await fetch(`${address}/health`).catch(() => undefined);
    if (answer?.ok) return address;
  }
  throw new Error(`the server does not answer; its log: ${logFile}`);
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// ---- as people do it ----

async function request(base, path, { token, body, method } = {}) {
  const answer = await fetch(base + path, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body ? { 'content-type': 'application/json' } : {}) },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text.slice(0, 300)}`);
  return text.startsWith('{') || text.startsWith('[') ? JSON.parse(text) : text;
}

const signIn = async (address, email, secret = password) =>
  (await request(address, '/api/v1/auths/signin', { body: { email, password: secret } })).token;

/** A client with its people; the key is at the simulator and not yet pasted. */
async function createCompany(cast) {
  const [admin, ...others] = cast.people;
  const made = await mai(['client', 'create', '--name', cast.name, '--limit', String(cast.limit), '--markup', cast.markup,
    '--timezone', cast.timezone, '--admin-email', admin.email, '--admin-name', admin.name, '--json']);
  for (const person of others.filter((one) => one.role !== 'pending'))
    await mai(['user', 'add', '--email', person.email, '--name', person.name, '--role', person.role,
      '--organization', made.organization_id, '--password-stdin'], { input: `${password}\n` });
  return { id: made.organization_id, key: made.api_key, keyHash: made.key_id, firstPassword: made.admin.one_time_password };
}

/** Keys of an earlier demo are unknown to a new simulator: the same client gets another one. */
async function renewKey(simulator, cast, known) {
  const made = await request(simulator, '/keys', {
    token: managementKey,
    body: { name: `${cast.name} - mAI Client Key`, limit: cast.limit, limit_reset: 'monthly' },
  });
  return { ...known, key: made.key, keyHash: made.data.hash };
}

/** The administrator's part: a password of their own, the newcomer, the key in Settings -> Connections. */
async function settle(address, simulator, cast, one) {
  const [admin] = cast.people;
  if (one.firstPassword) {
    const first = await signIn(address, admin.email, one.firstPassword);
    await request(address, '/api/v1/auths/update/password', { token: first, body: { password: one.firstPassword, new_password: password } });
  }
  const token = await signIn(address, admin.email);
  if (one.firstPassword)
    for (const person of cast.people.filter((p) => p.role === 'pending'))
      await request(address, '/api/v1/auths/add', { token, body: { ...person, password } });
  await request(address, '/openai/config/update', {
    token,
    body: { ENABLE_OPENAI_API: true, OPENAI_API_BASE_URLS: [simulator], OPENAI_API_KEYS: [one.key], OPENAI_API_CONFIGS: {} },
  });
  await keyIsVerified(address, token);
}

async function keyIsVerified(address, token) {
  let seen;
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; await pause(30)) {
    seen = await request(address, '/openai/config', { token });
    if (JSON.stringify(seen).includes('"verified"')) return;
  }
  throw new Error(`the key was not verified: ${JSON.stringify(seen)}`);
}

/** Some calls of today, by those who can, all at once. */
async function callToday(address, cast) {
  const people = cast.people.filter((one) => one.role === 'admin' || one.role === 'user');
  await Promise.all(
    people.map(async (person, at) => {
      const token = await signIn(address, person.email);
      for (const { model, content } of questions.filter((_, i) => i % people.length === at))
        await request(address, '/api/chat/completions', { token, body: { model, messages: [{ role: 'user', content }], stream: false } });
    }),
  );
}

// ---- what is kept between runs ----

const today = () => new Date().toISOString().slice(0, 10);

function readState(wantsReset) {
  const state = existsSync(stateFile) ? JSON.parse(readFileSync(stateFile, 'utf8')) : undefined;
  if (state && !wantsReset) return state;
  rmSync(data, { recursive: true, force: true });
  mkdirSync(data, { recursive: true });
  return undefined;
}

function writeState(companies) {
  writeFileSync(stateFile, JSON.stringify({ seeded: today(), companies: companies.map(({ id, keyHash }) => ({ id, keyHash })) }));
}

// ---- the block ----

const shown = (path) => (path.startsWith(`${root}/`) ? relative(root, path) : path);

function print(address, simulator, seconds) {
  const row = (name, text) => console.log(`  ${name.padEnd(12)} ${text}`);
  const wide = Math.max(...[provider, ...company.flatMap((one) => one.people)].map((p) => p.email.length));
  const login = ({ email, role, name }) => row('', `${email.padEnd(wide)}  ${role.padEnd(8)}  ${name ?? ''}`);
  console.log(`\nmAI demo, ready in ${seconds.toFixed(1)} s\n`);
  row('address', address);
  row('password', `${password}  (everybody's)`);
  row('provider', '');
  login(provider);
  for (const one of company) {
    row('client', `${one.name}  (limit ${one.limit} USD a month, markup ${one.markup})`);
    one.people.forEach(login);
  }
  row('supplier', `${simulator}  (openrouter-sim, nothing leaves this machine)`);
  row('data', `${shown(data)}  (./run demo --reset starts afresh)`);
  row('log', shown(logFile));
  row('commands', `DATA_DIR=${shown(data)} build/mai client list`);
  console.log('\nCtrl-C stops it.');
}

// ---- the run ----

const words = process.argv.slice(2);
if (words.some((word) => word !== '--reset')) {
  console.error('usage: ./run demo [--reset]');
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => stop(0));

let settings;

async function run() {
  const began = performance.now();
  const state = readState(words.includes('--reset'));
  const simulator = await startSimulator();
  settings = {
    DATA_DIR: data,
    HOST: host,
    OPENAI_API_BASE_URL: simulator,
    MAI_ALLOW_PRIVATE_UPSTREAMS: 'true',
    OPENROUTER_PROVISIONING_KEY: managementKey,
    MAI_PROVIDER_EMAIL: provider.email,
    MAI_PROVIDER_PASSWORD: password,
    ENABLE_SIGNUP: 'false',
  };
  const companies = [];
  if (!state) say('making two clients and their people');
  for (const [at, cast] of company.entries())
    companies.push(state ? await renewKey(simulator, cast, state.companies[at]) : await createCompany(cast));
  const missed = state ? Math.round((Date.parse(today()) - Date.parse(state.seeded)) / 86_400_000) : pastDays;
  if (missed > 0) say(`writing ${missed} days of usage: ${await seed(state ? `+${missed}` : String(missed), companies)}`);
  const address = await startServer(await freePort(Number(process.env.PORT ?? 8080)));
  await Promise.all(company.map((cast, at) => settle(address, simulator, cast, companies[at])));
  writeState(companies);
  await Promise.all(company.map((cast) => callToday(address, cast)));
  print(address, simulator, (performance.now() - began) / 1000);
}

run().catch((error) => stop(1, error.message));

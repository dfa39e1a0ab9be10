// The three ways to a model: the simulator itself, nginx's plain proxy before it, and mAI before it.
// Each gives { name, port, child, key }: what to talk to, whom to blame, and what to say in Authorization.

import { execFile } from 'node:child_process';
import { mkdirSync, openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { executable } from '../../tests/lib/sim.mjs';
import { freePort, ready, start } from './processes.mjs';

const run = promisify(execFile);
const managementKey = `sk-or-v1-management-bench-${'0'.repeat(36)}`;
const organizationLimit = 1000000; // USD; a hard limit, so that every call is reserved against it

async function json(url, { method, body, token, accept = [200] } = {}) {
  const response = await fetch(url, {
    method: method ?? (body === undefined ? 'GET' : 'POST'),
    headers: { ...(token && { authorization: `Bearer ${token}` }), 'content-type': 'application/json' },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const text = await response.text();
  if (!accept.includes(response.status)) throw new Error(`${url}: ${response.status} ${text}`);
  return text === '' ? null : JSON.parse(text);
}

const logFile = (folder, name) => openSync(join(folder, `${name}.log`), 'a', 0o600);

/** openrouter-sim without request log, with as much balance as it takes. */
export async function startSimulator(folder) {
  const port = await freePort();
  const child = start(
    executable('openrouter-sim'),
    ['--port', String(port), '--management-key', managementKey, '--request-log', '0', '--generation-delay-ms', '200'],
    { log: logFile(folder, 'sim') },
  );
  const origin = `http://127.0.0.1:${port}`;
  await ready(child, 'openrouter-sim', () => json(`${origin}/sim/stats`));
  await json(`${origin}/sim/credits`, { body: { total_credits: organizationLimit } });
  return {
    name: 'direct',
    port,
    child,
    url: `${origin}/api/v1`,
    path: '/api/v1/chat/completions',
    /** Fields of a script that hold for every call from now on. */
    script: (fields) => json(`${origin}/sim/script`, { body: { default: fields, rules: [] } }),
    stats: () => json(`${origin}/sim/stats`),
  };
}

const nginxConf = (port, upstream) => `
daemon off;
worker_processes 1;
worker_rlimit_nofile 20000;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 16384; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  keepalive_requests 1000000000;
  tcp_nodelay on;
  upstream simulator {
    server 127.0.0.1:${upstream};
    keepalive 4096;
    keepalive_requests 1000000000;
  }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://simulator;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_buffering off;
    }
  }
}
`;

/** nginx with its own folder and configuration; the system's service is never touched. */
export async function startNginx(folder, simulator) {
  const port = await freePort();
  const prefix = join(folder, 'nginx');
  mkdirSync(prefix);
  writeFileSync(join(prefix, 'nginx.conf'), nginxConf(port, simulator.port));
  const child = start('/usr/sbin/nginx', ['-p', prefix, '-c', 'nginx.conf', '-e', 'stderr'], { log: logFile(folder, 'nginx') });
  await ready(child, 'nginx', () => json(`http://127.0.0.1:${port}/sim/stats`));
  return { name: 'nginx', port, child, path: simulator.path };
}

/** `mai serve` on an empty data folder, with one organization, its key, one admin and one personal API key. */
export async function startMai(folder, simulator) {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const env = {
    PATH: process.env.PATH,
    HOST: '127.0.0.1',
    PORT: String(port),
    DATA_DIR: join(folder, 'data'),
    OPENAI_API_BASE_URL: simulator.url,
    OPENROUTER_PROVISIONING_KEY: managementKey,
    MAI_ALLOW_PRIVATE_UPSTREAMS: 'true',
    MAI_MAX_CONNECTIONS_PER_ADDRESS: '20000', // all of the load comes from one address
    MAI_MAX_CONNECTIONS: '20000',
  };
  const child = start(executable('mai'), ['serve'], { env, log: logFile(folder, 'mai') });
  await ready(child, 'mai serve', () => json(`${origin}/health`));
  const mai = { name: 'mai', port, child, origin, path: '/v1/chat/completions', dataDir: env.DATA_DIR, env };
  return Object.assign(mai, await setUp(mai, simulator));
}

async function setUp({ origin, env }, simulator) {
  const cli = async (...args) => JSON.parse((await run(executable('mai'), args, { env })).stdout);
  const made = await cli('client', 'create', '--name', 'Bench', '--limit', String(organizationLimit),
    '--admin-email', 'bench@example.com', '--admin-name', 'Bench', '--json');
  await run(executable('mai'), ['client', 'set', made.organization_id, '--api-access', 'on'], { env });
  const token = await signIn(origin, made.admin);
  await json(`${origin}/openai/config/update`, {
    token,
    body: { ENABLE_OPENAI_API: true, OPENAI_API_BASE_URLS: [simulator.url], OPENAI_API_KEYS: [made.api_key] },
  });
  await until('the key is verified', async () =>
    (await json(`${origin}/openai/config`, { token })).KEYS[0].state === 'verified');
  await until('the models are there', async () =>
    (await json(`${origin}/api/models`, { token })).data.length > 0);
  const { api_key } = await json(`${origin}/api/v1/auths/api_keys`, { token, body: { name: 'bench' } });
  return { key: api_key, supplierKey: made.api_key };
}

/** Signs in with the one-time password, changes it as everyone must, and gives the session's token. */
async function signIn(origin, { email, one_time_password }) {
  const password = 'a password for the bench';
  const first = await json(`${origin}/api/v1/auths/signin`, { body: { email, password: one_time_password } });
  await json(`${origin}/api/v1/auths/update/password`, {
    token: first.token,
    body: { password: one_time_password, new_password: password },
  });
  return (await json(`${origin}/api/v1/auths/signin`, { body: { email, password } })).token;
}

async function until(what, condition) {
  const deadline = Date.now() + 15000;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`waited 15 s, but ${what} did not come true`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** A bare inference key at the simulator, for runs without mAI. */
export async function makeSupplierKey(simulator) {
  return (await json(`${simulator.url}/keys`, { token: managementKey, body: { name: 'Bench direct' }, accept: [200, 201] })).key;
}

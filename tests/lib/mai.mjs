// The program `mai` for tests: its commands, and a server on a data folder of its own with helpers for its API.
//
//   const done = await command(['client', 'list', '--json'], { env: { DATA_DIR: folder } });
//   done.code, done.stdout, done.stderr, done.json
//
//   const mai = await Mai.start({ sim });            // Server (server.mjs) with openrouter-sim as upstream
//   await mai.command(['user', 'add', ...], { input: 'password\n' });       // beside the running server
//   const token = await mai.signIn('ann@acme.example', 'password');
//   const { status, body } = await mai.api('GET', '/api/v1/users/', undefined, token);
//   await mai.kill(); await mai.start();             // kill -9, again on the same folder and port
//   await mai.stop();                                // SIGTERM; gives the exit code, removes the folder

import { spawn } from 'node:child_process';
import { Server } from './server.mjs';
import { executable } from './sim.mjs';

const OURS = /^(MAI_(?!BUILD|TEST)|WEBUI_|OPENAI_|OPENROUTER_|DATA_DIR|DATABASE_URL|HOST$|PORT$|LOG_|TLS_|ENABLE_|DEFAULT_|FORWARDED_)/;

/** The environment without settings of mAI: whoever runs the tests may have some. */
export function plainEnvironment() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !OURS.test(name)));
}

/** Settings under which commands and servers talk to a simulator. */
export const settingsFor = (sim) => ({ OPENAI_API_BASE_URL: sim.url, MAI_ALLOW_PRIVATE_UPSTREAMS: 'true' });

/**
 * Runs one command to its end.
 * @param {string[]} words without the program's name
 * @param {{ env?: object, input?: string | Buffer, cwd?: string, timeoutMs?: number }} [options] input: all of standard input
 * @returns {Promise<{ code: number | string, stdout: string, stderr: string, output: string, json: any }>}
 *   json: standard output as JSON, undefined when it is none
 */
export function command(words, { env = {}, input = '', cwd, timeoutMs = 30_000 } = {}) {
  return new Promise((done, fail) => {
    const child = spawn(executable('mai'), words, { cwd, env: { ...plainEnvironment(), ...env }, timeout: timeoutMs, killSignal: 'SIGKILL' });
    let stdout = '', stderr = '';
    child.stdout.setEncoding('utf8').on('data', (text) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text) => (stderr += text));
    child.on('error', fail);
    child.stdin.on('error', () => {}); // it may end without reading
    child.on('close', (code, signal) => done({ code: code ?? signal, stdout, stderr, output: stdout + stderr, json: parsed(stdout) }));
    child.stdin.end(input);
  });
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** A server, with commands and requests. */
export class Mai {
  /** @param {{ sim?: import('./sim.mjs').Sim, env?: object, folder?: string }} [options] as Server.start's, and the upstream */
  static async start({ sim, env = {}, ...rest } = {}) {
    const mai = new Mai();
    mai.server = await Server.start({ ...rest, env: { ...(sim ? settingsFor(sim) : {}), ...env } });
    return mai;
  }

  get folder() { return this.server.folder; }
  get origin() { return this.server.origin; }
  get port() { return this.server.port; }
  /** Everything it has printed so far. */
  get log() { return this.server.log; }
  get pid() { return this.server.child.pid; }

  /** Again on the same folder and port; `env` adds to the settings. */
  start(env) { return this.server.start(env); }
  /** SIGTERM; gives the exit code. A folder of its own goes, unless `keep`. */
  stop(options) { return this.server.stop(options); }
  /** SIGKILL; the folder stays. */
  kill() { return this.server.kill(); }

  /** A command on this server's folder, with its settings. */
  command(words, { env = {}, ...rest } = {}) {
    return command(words, { ...rest, env: { ...this.server.env, DATA_DIR: this.folder, ...env } });
  }

  /** A request; gives status, headers, and the body as JSON (as text when it is none). */
  async api(method, path, body, token) {
    const response = await fetch(this.origin + path, {
      method,
      headers: {
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const text = await response.text();
    return { status: response.status, headers: response.headers, body: parsed(text) ?? text };
  }

  /** A web session's token; throws when the sign-in is refused. */
  async signIn(email, password) {
    const { status, body } = await this.api('POST', '/api/v1/auths/signin', { email, password });
    if (status !== 200) throw new Error(`${email} cannot sign in: ${status} ${JSON.stringify(body)}`);
    return body.token;
  }
}

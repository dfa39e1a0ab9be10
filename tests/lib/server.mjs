// One `mai serve` on a data folder of its own, for tests: started, stopped, killed, started again on the same data.
//
//   const mai = await Server.start({ env: { OPENAI_API_BASE_URL: sim.url } });
//   ... fetch(mai.origin + '/health') ...
//   await mai.kill();                 // SIGKILL: nothing is said goodbye to
//   await mai.start();                // the same folder, the same port
//   await mai.stop();                 // SIGTERM, waits; the folder goes too

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { executable } from './sim.mjs';

const START_MS = 20_000;
const LOG_KEPT = 4 << 20;

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.on('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

export class Server {
  /**
   * @param {{ env?: object, folder?: string, program?: string, wrap?: string[] }} [options]
   *   folder: existing data folder, else a new one that stop() removes; program: other executable than mai, with the
   *   same arguments; wrap: command put in front, such as strace with its options
   */
  static async start({ env = {}, folder, program = 'mai', wrap = [] } = {}) {
    const server = new Server();
    server.isOwnFolder = folder === undefined;
    server.folder = folder ?? mkdtempSync(join(tmpdir(), 'mai-test-'));
    server.port = await freePort();
    server.origin = `http://127.0.0.1:${server.port}`;
    server.command = [...wrap, executable(program), 'serve'];
    server.env = env;
    server.log = '';
    await server.start();
    return server;
  }

  /** Starts the process again after stop({ keep: true }) or kill(); resolves when it answers. */
  async start(env = {}) {
    this.env = { ...this.env, ...env };
    const child = spawn(this.command[0], this.command.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...clean(process.env), HOST: '127.0.0.1', PORT: String(this.port), DATA_DIR: this.folder, LOG_LEVEL: 'debug', ...this.env },
    });
    this.child = child;
    const killAtExit = () => child.kill('SIGKILL');
    process.once('exit', killAtExit); // no orphan when a test run breaks off
    this.ended = new Promise((done) =>
      child.once('close', (code, signal) => {
        process.off('exit', killAtExit);
        done(code ?? signal);
      }),
    );
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (text) => (this.log = (this.log + text).slice(-LOG_KEPT)));
    await Promise.race([this.#answers(child), this.ended.then((code) => Promise.reject(new Error(`mai ended at once: ${code}\n${this.log}`)))]);
  }

  async #answers(child) {
    const deadline = Date.now() + START_MS;
    while (child.exitCode === null && child.signalCode === null) {
      const is_up = await fetch(`${this.origin}/health`).then((response) => response.ok, () => false);
      if (is_up) return;
      if (Date.now() > deadline) throw new Error(`mai does not answer\n${this.log}`);
      await new Promise((done) => setTimeout(done, 10));
    }
    return new Promise(() => {}); // it ended: `ended` tells
  }

  /** SIGTERM; resolves with the exit code. A folder of its own goes, unless `keep`. */
  async stop({ keep = false } = {}) {
    this.child.kill('SIGTERM');
    const code = await this.ended;
    if (this.isOwnFolder && !keep) rmSync(this.folder, { recursive: true, force: true });
    return code;
  }

  /** SIGKILL, the folder stays. */
  async kill() {
    this.child.kill('SIGKILL');
    return this.ended;
  }
}

// Settings of whoever runs the tests must not reach the server under test.
function clean(env) {
  const ours = /^(MAI_(?!TEST)|WEBUI_|OPENAI_|OPENROUTER_|DATA_DIR|DATABASE_URL|HOST$|PORT$|LOG_|TLS_|ENABLE_|DEFAULT_)/;
  return Object.fromEntries(Object.entries(env).filter(([name]) => !ours.test(name)));
}

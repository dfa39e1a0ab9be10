// The measures: each runs the load client once for some targets and takes the servers' CPU and memory around it.

import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { buildFolder } from '../../tests/lib/sim.mjs';
import { cpuSeconds, residentBytes } from './processes.mjs';

const run = promisify(execFile);
const loadProgram = join(buildFolder, 'bench/load');

/** The bodies: a short question, answered at once or as a stream. */
const bodies = {
  plain: { model: 'sim/fast', messages: [{ role: 'user', content: 'Hello! What can you do for me today?' }] },
  stream: { model: 'openai/gpt-4o-mini', stream: true, messages: [{ role: 'user', content: 'Tell me a story.' }] },
};

/** How the simulator streams: `first` to time the first event, `broken` for clients that hang up. */
export const paces = {
  first: { answer_tokens: 8, chunk_ms: 1 },
  broken: { answer_tokens: 40, chunk_ms: 2 },
};

/** Many streams at once: how many, how fast, and over how long they start. */
export const streamPlans = {
  '500 x 10/s': { connections: 500, script: { answer_tokens: 30, chunk_ms: 100 }, ramp_ms: 1000 },
  '100 x 50/s': { connections: 100, script: { answer_tokens: 150, chunk_ms: 20 }, ramp_ms: 500 },
  '2000 x 10/s': { connections: 2000, script: { answer_tokens: 40, chunk_ms: 100 }, ramp_ms: 2000 },
  '2000 x 50/s': { connections: 2000, script: { answer_tokens: 100, chunk_ms: 20 }, ramp_ms: 1000 },
};

/** Writes each target's requests to files, so that keys stand in no argument. */
export function writeRequests(folder, targets) {
  for (const target of targets) {
    target.files = {};
    for (const [kind, body] of Object.entries(bodies)) {
      const text = JSON.stringify(body);
      target.files[kind] = join(folder, `${target.name}-${kind}.http`);
      const head = `POST ${target.path} HTTP/1.1\r\nHost: 127.0.0.1:${target.port}\r\nAuthorization: Bearer ${target.key}\r\n` +
        `Content-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n`;
      writeFileSync(target.files[kind], head + text, { mode: 0o600 });
    }
  }
}

/** Runs the load client. Gives its figures, the CPU seconds that each watched server used meanwhile, and the most memory
 * each was seen with. */
async function load(mode, kind, targets, options, watched) {
  const args = [mode, ...targets.flatMap((t) => ['--target', `${t.name}:${t.port}:${t.files[kind]}`])];
  for (const [name, value] of Object.entries(options)) args.push(`--${name}`, ...(value === true ? [] : [String(value)]));
  const before = watched.map((t) => cpuSeconds(t.child));
  const resident = watched.map((t) => residentBytes(t.child));
  const watch = setInterval(() => {
    watched.forEach((t, i) => (resident[i] = Math.max(resident[i], residentBytes(t.child))));
  }, 100);
  try {
    const figures = JSON.parse((await run(loadProgram, args, { maxBuffer: 1 << 24 })).stdout);
    const of = (values) => Object.fromEntries(watched.map((t, i) => [t.name, values(t, i)]));
    return { ...figures, cpu: of((t, i) => cpuSeconds(t.child) - before[i]), resident: of((t, i) => resident[i]) };
  } finally {
    clearInterval(watch);
  }
}

export class Bench {
  /** targets: simulator first. */
  constructor({ simulator, targets, folder, plan }) {
    Object.assign(this, { simulator, targets, folder, plan });
  }

  /** One plain request at a time, the targets in turn. */
  plainLatency() {
    const { rounds, warmup } = this.plan.plain;
    return load('latency', 'plain', this.targets,
      { rounds, warmup, 'sync-file': join(this.folder, 'sync'), 'duration-ms': 20000 }, this.targets);
  }

  /** One stream at a time, the targets in turn. */
  async streamLatency() {
    await this.simulator.script(paces.first);
    const { rounds, warmup } = this.plan.stream;
    return load('latency', 'stream', this.targets,
      { stream: true, rounds, warmup, 'sync-file': join(this.folder, 'sync'), 'duration-ms': 20000 }, this.targets);
  }

  /** As many plain requests as the machine gives, by so many connections. */
  async throughput(target, connections) {
    await load('closed', 'plain', [target], { connections, 'duration-ms': 200 }, []);
    return load('closed', 'plain', [target], { connections, 'duration-ms': this.plan.closedMs }, this.#along(target));
  }

  /** Many streams at a steady pace, each started once. */
  async pacedStreams(target, { connections, script, ramp_ms }) {
    await this.simulator.script(script);
    return load('streams', 'stream', [target],
      { connections, 'ramp-ms': ramp_ms, 'pace-ms': script.chunk_ms, 'duration-ms': 20000 }, this.#along(target));
  }

  /** Plain requests and streams whose client hangs up, to see what stays behind in memory. */
  async wear(target, { requestMs, broken }) {
    const before = residentBytes(target.child);
    const plain = await load('closed', 'plain', [target], { connections: 32, 'duration-ms': requestMs }, []);
    const between = residentBytes(target.child);
    await this.simulator.script(paces.broken);
    const streams = await load('streams', 'stream', [target],
      { connections: 32, total: broken, 'break-after': 30, 'duration-ms': 30000 }, []);
    return { requests: plain.requests, broken: streams.broken, errors: plain.errors + streams.errors,
      unfinished: plain.unfinished + streams.unfinished, before, between, after: residentBytes(target.child) };
  }

  #along(target) {
    return target === this.simulator ? [target] : [target, this.simulator];
  }
}

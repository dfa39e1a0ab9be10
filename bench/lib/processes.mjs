// Processes under test: started here, ended here whatever happens, and asked what they cost (Linux, /proc).

import { spawn, execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';

const ticksPerSecond = Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' }));
const running = new Set();

// SIGTERM, because nginx's master ends its workers then; nothing else is possible in an exit handler.
process.once('exit', () => running.forEach((child) => child.kill('SIGTERM')));

/** Starts a program; its output goes to the file descriptor `log`. */
export function start(command, args, { env = process.env, log }) {
  const child = spawn(command, args, { env, stdio: ['ignore', log, log] });
  running.add(child);
  child.ended = new Promise((done) => {
    child.once('error', (error) => done(error.message));
    child.once('exit', (code, signal) => done(code ?? signal));
  }).then((how) => {
    running.delete(child);
    return (child.how = how);
  });
  return child;
}

/** Ends it: SIGTERM, and SIGKILL after `ms`. */
export async function stop(child, ms = 12000) {
  if (child.how !== undefined) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), ms);
  await child.ended;
  clearTimeout(timer);
}

/** Resolves when `probe` does; throws when the process ends before or 15 s are over. */
export async function ready(child, name, probe) {
  const deadline = Date.now() + 15000;
  for (;;) {
    if (child.how !== undefined) throw new Error(`${name} ended at once (${child.how})`);
    try {
      return await probe();
    } catch (error) {
      if (Date.now() > deadline) throw new Error(`${name} does not answer: ${error.message}`);
    }
    await new Promise((done) => setTimeout(done, 20));
  }
}

/** A port of 127.0.0.1 that was free a moment ago. */
export function freePort() {
  return new Promise((done, fail) => {
    const server = createServer().once('error', fail);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => done(port));
    });
  });
}

/** A process and its children. */
function family(pid) {
  const children = readdirSync(`/proc/${pid}/task`).flatMap((task) =>
    readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  );
  return [pid, ...children.flatMap(family)];
}

function cpuOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond; // utime, stime
}

function statusOf(pid) {
  const text = readFileSync(`/proc/${pid}/status`, 'utf8');
  const bytes = (name) => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
  return { rss: bytes('VmRSS'), peak: bytes('VmHWM') };
}

/** Seconds of CPU that the process and its children have used, user and system. */
export const cpuSeconds = (child) => family(child.pid).reduce((sum, pid) => sum + cpuOf(pid), 0);

/** Resident bytes now of the process and its children (shared pages count once each). */
export const residentBytes = (child) => family(child.pid).reduce((sum, pid) => sum + statusOf(pid).rss, 0);

/** The most it ever was. */
export const peakBytes = (child) => family(child.pid).reduce((sum, pid) => sum + statusOf(pid).peak, 0);

// Durable before done, as the kernel saw it: strace of the server shows that the log of the database was synced before
// the end of an answer went to the client, and, before that, before the call went to the supplier.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { World } from '../lib/world.mjs';

const reason = whyNot();

function whyNot() {
  const tried = spawnSync('strace', ['-f', '-e', 'trace=none', 'true'], { encoding: 'utf8' });
  if (tried.error) return 'strace is not installed';
  return tried.status === 0 ? false : `strace cannot attach here: ${tried.stderr.trim()}`;
}

const SYNC = /\b(fdatasync|fsync)\(\d+<[^>]*mai\.db-wal>\)/;
const WRITE = /\bpwrite64\(\d+<[^>]*mai\.db-wal>/;
const isSent = (line) => /\b(write|writev|send|sendto|sendmsg)\(\d+<(?:TCP|socket)[^>]*>/.test(line);

// Calls in the order of their ends. A call that was interrupted in the trace counts where it resumed; what it wrote is
// known where it began.
function callsOf(trace) {
  const begun = new Map();
  return trace.split('\n').flatMap((line) => {
    const [, pid, rest] = /^(\d+) +(.*)$/.exec(line) ?? [];
    if (rest === undefined) return [];
    const unfinished = /^(.*) <unfinished \.\.\.>$/.exec(rest);
    if (unfinished) {
      begun.set(pid, unfinished[1]);
      // a write may have left at its beginning, a sync counts at its end
      return isSent(unfinished[1]) ? [unfinished[1]] : [];
    }
    const resumed = /^<\.\.\. \w+ resumed>(.*)$/.exec(rest);
    if (!resumed) return [rest];
    const whole = (begun.get(pid) ?? '') + resumed[1];
    return isSent(whole) ? [] : [whole];
  });
}

async function traceOf(ask) {
  const folder = mkdtempSync(join(tmpdir(), 'mai-trace-'));
  const file = join(folder, 'trace');
  const world = await World.start({
    env: { ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:detect_leaks=0` }, // leaks cannot be looked for under strace
    wrap: ['strace', '-f', '-yy', '-s', '65536', '-o', file, '-e', 'trace=fdatasync,fsync,pwrite64,write,writev,send,sendto,sendmsg', '-e', 'signal=none'],
  });
  try {
    await world.chat({ content: 'Warm the connections' }).then((response) => response.text());
    await world.settled();
    const text = await ask(world);
    return { calls: callsOf(await ended(world.mai, file)), text, simPort: world.sim.port, maiPort: world.mai.port };
  } finally {
    await ended(world.mai, file);
    await world.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

// The whole trace, after the end of the server. strace hands no SIGTERM on; the server is its only child.
async function ended(mai, file) {
  const { pid, exitCode } = mai.server.child;
  if (exitCode === null) process.kill(Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')), 'SIGTERM');
  await mai.server.ended;
  return readFileSync(file, 'latin1');
}

function check({ calls, simPort, maiPort, text }, question, lastBytes) {
  const id = /"id":"(gen-[^"]+)"/.exec(text)[1];
  const upstream = calls.findIndex((line) => isSent(line) && line.includes(`:${simPort}]`) && line.includes(question));
  assert.ok(upstream >= 0, 'the call to the supplier is not in the trace');
  const end = calls.findIndex((line, i) => i > upstream && isSent(line) && line.includes(`:${maiPort}->`) && line.includes(lastBytes));
  assert.ok(end > upstream, 'the end of the answer is not in the trace');
  const syncs = calls.flatMap((line, i) => (SYNC.test(line) ? [i] : []));
  const earlier = calls.findLastIndex((line, i) => i < upstream && isSent(line) && line.includes(`:${maiPort}->`));
  assert.ok(syncs.some((at) => at > earlier && at < upstream), 'no sync between the request and the call to the supplier');
  assert.ok(syncs.some((at) => at > upstream && at < end), 'no sync between the call to the supplier and the end of the answer');
  // What settles is written to the log before its sync, and both before the end goes out.
  const settling = calls.findLastIndex((line, i) => i < end && WRITE.test(line) && line.includes(id));
  assert.ok(settling > upstream, 'the settled row was not written to the log before the end of the answer');
  assert.ok(syncs.some((at) => at > settling && at < end), 'the settled row was written, not synced, before the end of the answer');
}

describe('the order of syncs and writes', { skip: reason }, () => {
  test('a plain call: open on disk, then upstream; settled on disk, then the answer', async () => {
    const trace = await traceOf(async (world) => (await world.chat({ content: 'Plain and durable' })).text());
    check(trace, 'Plain and durable', 'chat.completion');
  });

  test('a stream: the same, and [DONE] comes after the sync', async () => {
    const trace = await traceOf(async (world) => (await world.chat({ content: 'Streamed and durable', stream: true })).text());
    assert.match(trace.text, /\[DONE\]/);
    check(trace, 'Streamed and durable', '[DONE]');
  });
});

// What tests/run.mjs is made of: running programs with a deadline, a pool, and the books of passed, failed, skipped.

import { spawn } from 'node:child_process';
import { performance } from 'node:perf_hooks';

/**
 * Runs a program to its end. Gives { code, output, timedOut }; output is stdout and stderr together, or stdout alone in
 * `stdout`. On the deadline its whole process group is killed.
 */
export function execute(command, { cwd, env = {}, timeoutMs = 600_000, input } = {}) {
  return new Promise((done) => {
    const child = spawn(command[0], command.slice(1), {
      cwd,
      env: { ...process.env, ...env },
      stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      detached: true,
    });
    let output = '';
    let stdout = '';
    let timedOut = false;
    const kill = () => {
      try {
        process.kill(-child.pid, 'SIGKILL');
      } catch {
        // it is gone already
      }
    };
    const timer = setTimeout(() => {
      timedOut = true;
      kill();
    }, timeoutMs);
    running.add(kill);
    child.stdout.setEncoding('utf8').on('data', (text) => {
      output += text;
      stdout += text;
    });
    child.stderr.setEncoding('utf8').on('data', (text) => (output += text));
    const end = (code, signal) => {
      clearTimeout(timer);
      running.delete(kill);
      done({ code: code ?? signal, output, stdout, timedOut });
    };
    child.on('error', (error) => {
      output += String(error);
      end(-1);
    });
    child.on('close', end);
    if (input !== undefined) child.stdin.end(input);
  });
}

const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM'])
  process.on(signal, () => {
    for (const kill of running) kill();
    process.exit(130);
  });

/** Does `work` for every item, at most `width` at once; results in the items' order. */
export async function pool(items, width, work) {
  const results = new Array(items.length);
  let next = 0;
  const lane = async () => {
    while (next < items.length) {
      const at = next++;
      results[at] = await work(items[at]);
    }
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, lane));
  return results;
}

/** Counts cases by group, prints a line per group, and everything about failures and skips at the end. */
export class Books {
  #groups = [];

  /** Runs `work`, which gives cases [{ name, result, reason, detail }], as a group of this name. */
  async group(name, work) {
    const start = performance.now();
    let cases;
    try {
      cases = await work();
    } catch (error) {
      cases = [failure('the group itself', error.stack ?? String(error))];
    }
    this.#groups.push({ name, cases });
    this.#line(name, cases, (performance.now() - start) / 1000);
  }

  #line(name, cases, seconds) {
    const [passed, failed, skipped] = ['passed', 'failed', 'skipped'].map((r) => countOf(cases, r));
    const rest = `${failed ? `, ${failed} FAILED` : ''}${skipped ? `, ${skipped} skipped` : ''}`;
    console.log(`${name.padEnd(28)} ${String(passed).padStart(5)} passed${rest}  ${seconds.toFixed(1)} s`);
    for (const one of cases) if (one.result === 'failed') console.log(`  FAILED ${one.name}`);
  }

  /** Prints the end; gives the process's exit code. */
  finish() {
    const all = this.#groups.flatMap(({ name, cases }) => cases.map((one) => ({ ...one, group: name })));
    for (const one of all.filter((c) => c.result === 'failed')) {
      console.log(`\n---- FAILED ${one.group}: ${one.name}`);
      console.log(tail(one.detail ?? 'no output'));
    }
    const skipped = all.filter((c) => c.result === 'skipped');
    if (skipped.length > 0) console.log('');
    for (const one of skipped) console.log(`skipped ${one.group}: ${one.name}: ${one.reason || 'no reason given'}`);
    const [good, bad] = ['passed', 'failed'].map((r) => countOf(all, r));
    console.log(`\n${good} passed, ${bad} failed${skipped.length ? `, ${skipped.length} skipped` : ''}`);
    return bad > 0 || good === 0 ? 1 : 0;
  }
}

export const success = (name) => ({ name, result: 'passed' });
export const failure = (name, detail) => ({ name, result: 'failed', detail });
export const skip = (name, reason) => ({ name, result: 'skipped', reason });

/** One case from a program's exit code. */
export function caseOf(name, { code, output, timedOut }) {
  if (code === 0) return success(name);
  return failure(name, `${output}\n${timedOut ? 'stopped: it took too long' : `ended with ${code}`}`);
}

const countOf = (cases, result) => cases.filter((one) => one.result === result).length;

function tail(text, most = 60) {
  const lines = text.trimEnd().split('\n');
  return lines.length <= most ? lines.join('\n') : [`... ${lines.length - most} lines before`, ...lines.slice(-most)].join('\n');
}

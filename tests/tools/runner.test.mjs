// The runner counts honestly: what was lost, cut short or skipped is never counted as passed.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { caseOf, execute, pool } from '../lib/runner.mjs';
import { repository } from '../lib/sim.mjs';
import { parseTap } from '../lib/tap.mjs';

const results = (text) => parseTap(text).map((one) => one.result);

describe('TAP', () => {
  test('passed, failed with its words, skipped', () => {
    const cases = parseTap('1..3\nok 1 - a\nnot ok 2 - b\n# 0x1 != 0x2\nnot ok 3 # SKIP c\n');
    assert.deepEqual(cases.map((one) => [one.name, one.result]), [['a', 'passed'], ['b', 'failed'], ['c', 'skipped']]);
    assert.equal(cases[1].detail, '0x1 != 0x2');
  });
  test('cases that a crash swallowed are failures', () => {
    assert.deepEqual(results('1..3\nok 1 - a\n'), ['passed', 'failed', 'failed']);
  });
  test('several groups in one program', () => {
    assert.deepEqual(results('1..1\nok 1 - a\n1..2\nok 1 - b\nok 2 - c\n'), ['passed', 'passed', 'passed']);
  });
});

describe('programs', () => {
  test('a bad exit code is a failure with the output', async () => {
    const one = caseOf('it', await execute(['sh', '-c', 'echo words; exit 3']));
    assert.equal(one.result, 'failed');
    assert.match(one.detail, /words\n.*\nended with 3|words\n\nended with 3|words\nended with 3/);
  });
  test('a program that hangs is ended with all it started', async () => {
    const { timedOut } = await execute(['sh', '-c', 'sleep 100 & sleep 100'], { timeoutMs: 100 });
    assert.equal(timedOut, true);
  });
  test('a program that is not there is a failure', async () => {
    assert.equal(caseOf('it', await execute(['/does/not/exist'])).result, 'failed');
  });
  test('the pool keeps order and width', async () => {
    let now = 0, most = 0;
    const done = await pool([5, 1, 3, 2], 2, async (ms) => {
      most = Math.max(most, ++now);
      await new Promise((end) => setTimeout(end, ms));
      now--;
      return ms;
    });
    assert.deepEqual(done, [5, 1, 3, 2]);
    assert.equal(most, 2);
  });
});

describe('node:test', () => {
  let folder;
  before(() => (folder = mkdtempSync(join(tmpdir(), 'mai-runner-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  function report(source) {
    writeFileSync(join(folder, 'a.mjs'), `import { describe, test, before } from 'node:test';\n${source}`);
    const to = join(folder, 'out.jsonl');
    const env = { ...process.env };
    delete env.NODE_TEST_CONTEXT; // ours; it would speak to this run
    const words = [`--test-reporter=${join(repository, 'tests/lib/reporter.mjs')}`, `--test-reporter-destination=${to}`, join(folder, 'a.mjs')];
    const { status } = spawnSync('node', words, { env });
    return { status, cases: readFileSync(to, 'utf8').split('\n').filter(Boolean).map((line) => JSON.parse(line)) };
  }

  test('suites are not cases, skips carry their reason', () => {
    const { status, cases } = report("describe('s', () => { test('a', () => {}); test('b', { skip: 'no disk' }, () => {}); });");
    assert.equal(status, 0);
    assert.deepEqual(cases.map(({ name, result, reason }) => ({ name, result, reason })), [
      { name: 'a', result: 'passed', reason: undefined },
      { name: 'b', result: 'skipped', reason: 'no disk' },
    ]);
  });
  test('a skipped suite is a skipped case', () => {
    const { cases } = report("describe('s', { skip: 'no root' }, () => { test('a', () => {}); });");
    assert.deepEqual(cases.map((one) => one.result), ['skipped']);
    assert.equal(cases[0].reason, 'no root');
  });
  test('a failing test is one failure, with its stack', () => {
    const { status, cases } = report("describe('s', () => { test('a', () => { throw new Error('why'); }); test('b', () => {}); });");
    assert.equal(status, 1);
    assert.deepEqual(cases.map((one) => one.result), ['failed', 'passed']);
    assert.match(cases[0].detail, /why/);
  });
  test('a failing hook is a failure that says why', () => {
    const { cases } = report("describe('s', () => { before(() => { throw new Error('hook'); }); test('a', () => {}); });");
    assert.ok(cases.some((one) => one.result === 'failed' && /hook/.test(one.detail)));
    assert.ok(!cases.some((one) => one.result === 'passed'));
  });
});

// Runs the tests and counts every case. ./test builds what they need and calls this; see there for the modes.
//
//   node tests/run.mjs quick | full | all   [group ...]
//
// A group is one row of `plan` below. tests/<folder>/*.test.mjs are found by themselves: a folder is a group.

import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Books, caseOf, execute, failure, pool, success } from './lib/runner.mjs';
import { parseTap } from './lib/tap.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const [mode = 'full', ...wanted] = process.argv.slice(2);
const width = 2;
const scratch = mkdtempSync(join(tmpdir(), 'mai-tests-'));

// Files that belong to the part for every edit; folders whose programs are not run under the sanitizers again.
const quickFiles = ['cli/words.test.mjs', 'smoke/first_minutes.test.mjs', 'tools/checks.test.mjs'];
const unsanitizedFolders = ['browser', 'deploy', 'smoke', 'tools', 'web'];

const plan = [
  { name: 'unit', modes: ['quick', 'full', 'all'], run: () => unitTests('build') },
  { name: 'checks', modes: ['quick', 'full', 'all'], run: scriptChecks },
  { name: 'web', modes: ['quick', 'full', 'all'], run: webChecks },
  ...suiteFolders().flatMap((folder) => suiteRows(folder)),
  { name: 'unit (sanitized)', modes: ['full', 'all'], run: () => unitTests('build/asan') },
  ...suiteFolders()
    .filter((folder) => !unsanitizedFolders.includes(folder))
    .map((folder) => ({
      name: `${folder} (sanitized)`,
      modes: ['full', 'all'],
      run: () => sanitized(() => suite(filesOf(folder), 'build/asan')),
    })),
  { name: 'fuzz', modes: ['full', 'all'], run: fuzzers },
];

// ---- unit tests: programs that meson knows ----

async function unitTests(build) {
  const slow = build === 'build' ? 1 : 5;
  const listed = await execute(['meson', 'introspect', '--tests', build], { cwd: root });
  const tests = JSON.parse(listed.stdout).filter((one) => one.suite.some((suite) => suite.endsWith(':unit')));
  const work = () => pool(tests, width, (one) => unitTest(one, slow));
  return build === 'build' ? (await work()).flat() : sanitized(async () => (await work()).flat());
}

async function unitTest(one, slow) {
  const result = await execute(one.cmd, {
    cwd: one.workdir ?? root,
    env: { ...one.env, ...sanitizerSettings(slow > 1) },
    timeoutMs: one.timeout * 1000 * slow,
  });
  if (one.protocol !== 'tap') return [caseOf(one.name, result)];
  const cases = parseTap(result.stdout).map((c) => ({ ...c, name: `${one.name}: ${c.name}` }));
  if (result.code !== 0 && !cases.some((c) => c.result === 'failed')) cases.push(caseOf(`${one.name}: its end`, result));
  for (const c of cases) if (c.result === 'failed') c.detail = `${c.detail ?? ''}\n${result.output}`;
  return cases.length > 0 ? cases : [failure(one.name, `no cases\n${result.output}`)];
}

// ---- suites of node:test ----

function suiteFolders() {
  return readdirSync(join(root, 'tests'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && entry.name !== 'node_modules' && filesOf(entry.name).length > 0)
    .map((entry) => entry.name)
    .sort();
}

function filesOf(folder) {
  return readdirSync(join(root, 'tests', folder))
    .filter((name) => name.endsWith('.test.mjs'))
    .sort()
    .map((name) => join(folder, name));
}

function suiteRows(folder) {
  const quick = filesOf(folder).filter((file) => quickFiles.includes(file));
  return [
    { name: folder, modes: ['full', 'all'], run: () => suite(filesOf(folder), 'build') },
    ...(quick.length > 0 ? [{ name: folder, modes: ['quick'], run: () => suite(quick, 'build') }] : []),
  ];
}

async function suite(files, build) {
  return (await pool(files, width, (file) => suiteFile(file, build))).flat();
}

async function suiteFile(file, build) {
  const report = join(scratch, `${basename(file)}-${Math.random().toString(36).slice(2)}.jsonl`);
  const result = await execute(
    ['node', `--test-reporter=${join(root, 'tests/lib/reporter.mjs')}`, `--test-reporter-destination=${report}`, join(root, 'tests', file)],
    {
      cwd: root,
      env: { MAI_BUILD: build, MAI_TEST_MODE: mode, ...sanitizerSettings(build !== 'build') },
      timeoutMs: mode === 'all' ? 3_600_000 : build === 'build' ? 420_000 : 900_000,
    },
  );
  const lines = existsSync(report) ? readFileSync(report, 'utf8').split('\n').filter(Boolean) : [];
  const cases = lines.map((line) => JSON.parse(line)).map((c) => ({ ...c, name: `${basename(file, '.test.mjs')}: ${c.name}` }));
  if (result.timedOut || (result.code !== 0 && !cases.some((c) => c.result === 'failed')) || cases.length === 0)
    cases.push(failure(`${file}: its end`, `${result.output}\n${result.timedOut ? 'took too long' : `ended with ${result.code}`}`));
  const first = cases.find((c) => c.result === 'failed');
  if (first && result.output.trim()) first.detail = `${first.detail ?? ''}\noutput of ${file}:\n${result.output}`;
  return cases;
}

// ---- sanitizers: any report is a failure, whatever the tests noticed ----

const reports = join(root, 'build/asan/reports');

function sanitizerSettings(on) {
  if (!on) return {};
  return {
    ASAN_OPTIONS: `detect_leaks=1:detect_stack_use_after_return=1:log_path=${join(reports, 'asan')}`,
    UBSAN_OPTIONS: `halt_on_error=1:print_stacktrace=1:log_path=${join(reports, 'ubsan')}`,
  };
}

async function sanitized(work) {
  rmSync(reports, { recursive: true, force: true });
  mkdirSync(reports, { recursive: true });
  const cases = await work();
  for (const name of readdirSync(reports)) cases.push(failure(`sanitizer report ${name}`, readFileSync(join(reports, name), 'utf8')));
  return cases;
}

// ---- scripts, web, fuzzers ----

// The Python modules among them (check_sql.py) run as unit tests of their room.
async function scriptChecks() {
  const checks = readdirSync(join(root, 'tools')).filter((name) => /^check_\w+$/.test(name));
  const cases = await pool(checks, width, async (name) => caseOf(name, await execute([join(root, 'tools', name), root], { cwd: root })));
  return cases.length > 0 ? cases : [failure('checks', 'tools/ has none')];
}

async function webChecks() {
  const cwd = join(root, 'web');
  const report = join(scratch, 'vitest.json');
  const types = caseOf('types', await execute(['npm', 'run', '--silent', 'check'], { cwd }));
  const tests = await execute(['npx', 'vitest', 'run', '--reporter=json', `--outputFile=${report}`], { cwd });
  const size = caseOf('size', await execute(['npm', 'run', '--silent', 'size'], { cwd }));
  return [types, size, ...vitestCases(report, tests)];
}

function vitestCases(report, run) {
  if (!existsSync(report)) return [caseOf('vitest', run.code === 0 ? { ...run, code: 'no report' } : run)];
  const { testResults } = JSON.parse(readFileSync(report, 'utf8'));
  const cases = testResults.flatMap((file) =>
    file.assertionResults.length > 0
      ? file.assertionResults.map((one) => vitestCase(file, one))
      : [failure(basename(file.name), file.message || 'no tests')],
  );
  return cases.length > 0 ? cases : [failure('vitest', run.output)];
}

function vitestCase(file, one) {
  const name = `${basename(file.name)}: ${one.fullName}`;
  if (one.status === 'passed') return success(name);
  if (one.status === 'failed') return failure(name, one.failureMessages.join('\n'));
  return { name, result: 'skipped', reason: one.status };
}

async function fuzzers() {
  const seconds = mode === 'all' ? 60 : 5;
  const run = await execute([join(root, 'tests/fuzz/run'), String(seconds)], {
    cwd: root,
    env: { FUZZ_BUILD: 'build/asan' },
    timeoutMs: 3_600_000,
  });
  const cases = [...run.stdout.matchAll(/^(fuzz_\w+): (.*)$/gm)].map(([, name, rest]) =>
    rest.startsWith('no crash') ? success(name) : failure(name, run.output),
  );
  if (cases.length === 0 || (run.code !== 0 && !cases.some((c) => c.result === 'failed'))) cases.push(caseOf('fuzzers', run));
  return cases;
}

// ---- the run ----

const rows = plan.filter((row) => row.modes.includes(mode));
const unknown = wanted.filter((name) => !rows.some((row) => row.name === name));
if (unknown.length > 0) {
  console.error(`test: ${mode} has no group ${unknown.join(', ')}; it has: ${rows.map((row) => row.name).join(', ')}`);
  process.exit(2);
}
const books = new Books();
for (const row of rows) if (wanted.length === 0 || wanted.includes(row.name)) await books.group(row.name, row.run);
rmSync(scratch, { recursive: true, force: true });
process.exitCode = books.finish();

// bench/run after the build: starts the servers, measures in rounds, prints a table and writes everything as JSON.

import { execFileSync } from 'node:child_process';
import { cpus, loadavg, release, totalmem } from 'node:os';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { buildFolder, repository } from '../../tests/lib/sim.mjs';
import { Bench, streamPlans, writeRequests } from './measure.mjs';
import { peakBytes, residentBytes, stop } from './processes.mjs';
import { failures, rowsOf, samePayload, tableOf } from './report.mjs';
import { makeSupplierKey, startMai, startNginx, startSimulator } from './servers.mjs';

const usage = `usage: bench/run [--quick] [--rounds N] [--out FILE] [--only direct,nginx,mai] [--keep]

  --quick        one short round: under a minute
  --rounds N     rounds of which medians are taken (3); none begins that would not end within six minutes
  --out FILE     where the figures go as JSON (bench/out/DATE.json)
  --only NAMES   some of direct, nginx, mai; direct is always there
  --keep         leave the folder with logs and data, and say where it is
`;

const plans = {
  quick: { rounds: 1, seconds: 60, plain: { rounds: 1000, warmup: 200 }, stream: { rounds: 80, warmup: 10 }, closedMs: 800,
    connections: [1, 32, 256], streams: ['500 x 10/s'], wear: { requestMs: 1500, broken: 300 } },
  full: { rounds: 3, seconds: 360, plain: { rounds: 3000, warmup: 500 }, stream: { rounds: 300, warmup: 20 }, closedMs: 1500,
    connections: [1, 32, 256], streams: ['100 x 50/s', '2000 x 10/s', '2000 x 50/s'], wear: { requestMs: 15000, broken: 5000 } },
};

function options() {
  const { values } = parseArgs({
    options: { quick: { type: 'boolean' }, rounds: { type: 'string' }, out: { type: 'string' }, only: { type: 'string' },
      keep: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
  });
  const plan = structuredClone(values.quick ? plans.quick : plans.full);
  if (values.rounds !== undefined) {
    if (!/^[1-9]\d?$/.test(values.rounds)) throw new Error('--rounds wants a number of 1 to 99');
    plan.rounds = Number(values.rounds);
  }
  const only = values.only?.split(',') ?? ['direct', 'nginx', 'mai'];
  const wrong = only.find((name) => !['direct', 'nginx', 'mai'].includes(name));
  if (wrong !== undefined) throw new Error(`--only does not know ${wrong}`);
  return { ...values, plan, only };
}

const say = (words) => process.stderr.write(`bench: ${words}\n`);

function conditions(folder) {
  const words = (command, ...args) => execFileSync(command, args, { encoding: 'utf8' }).trim();
  return {
    date: new Date().toISOString(),
    cpu: cpus()[0].model.trim(),
    cores: cpus().length,
    memory_gb: Math.round(totalmem() / 1e9),
    kernel: release(),
    load_before: loadavg().map((l) => Number(l.toFixed(2))),
    file_system: words('df', '--output=fstype', folder).split('\n').at(-1),
    nginx: /nginx\/([\d.]+)/.exec(execFileSync('/bin/sh', ['-c', '/usr/sbin/nginx -v 2>&1'], { encoding: 'utf8' }))?.[1],
    build: JSON.parse(readFileSync(join(buildFolder, 'meson-info/intro-buildoptions.json')))
      .filter((o) => ['buildtype', 'optimization', 'b_sanitize'].includes(o.name)).map((o) => `${o.name}=${o.value}`).join(' '),
    setting: 'loopback; client, servers and simulator share the cores; mAI governed (hard limit) and durable; nginx one worker, ' +
      'keepalive upstream, no buffering, no access log; mAI logs every request to a file',
  };
}

/** Each target's turn comes first once in so many rounds. */
const rotated = (list, by) => list.map((_, i) => list[(i + by) % list.length]);

async function runRound(bench, number) {
  const { plan, targets } = bench;
  const round = { closed: {}, paced: {} };
  const turn = rotated(targets, number);
  for (const { name } of targets) {
    round.closed[name] = {};
    round.paced[name] = {};
  }
  round.plain = await bench.plainLatency();
  round.plainCount = plan.plain.rounds + plan.plain.warmup;
  for (const connections of plan.connections)
    for (const target of turn) round.closed[target.name][connections] = await bench.throughput(target, connections);
  round.stream = await bench.streamLatency();
  for (const kind of plan.streams)
    for (const target of turn) round.paced[target.name][kind] = await bench.pacedStreams(target, streamPlans[kind]);
  return round;
}

async function runRounds(bench, deadline) {
  const rounds = [];
  for (let i = 0; i < bench.plan.rounds; i++) {
    const start = Date.now();
    say(`round ${i + 1} of ${bench.plan.rounds}`);
    rounds.push(await runRound(bench, i));
    if (Date.now() + (Date.now() - start) * 1.1 > deadline && i + 1 < bench.plan.rounds) {
      say(`${i + 1} rounds are what the time allows`);
      break;
    }
  }
  return rounds;
}

async function measure(targets, simulator, folder, plan) {
  const bench = new Bench({ simulator, targets, folder, plan });
  const of = (value) => Object.fromEntries(targets.map((t) => [t.name, value(t)]));
  const result = { names: targets.map((t) => t.name), plan, conditions: conditions(folder), idle: of((t) => residentBytes(t.child)) };
  const wearMs = plan.wear.requestMs * 2 + plan.wear.broken * 4;
  result.rounds = await runRounds(bench, Date.now() + plan.seconds * 1000 - wearMs - 15000);
  result.wear = {};
  const mai = targets.find((t) => t.name === 'mai');
  if (mai) {
    say('memory after many requests and broken streams');
    result.wear.mai = await bench.wear(mai, plan.wear);
  }
  result.peak = of((t) => peakBytes(t.child));
  result.conditions.load_after = loadavg().map((l) => Number(l.toFixed(2)));
  result.payload = samePayload(result.rounds);
  return result;
}

function publish(result, out) {
  const rows = rowsOf(result);
  const { conditions: c, payload } = result;
  const file = resolve(out ?? join(repository, 'bench/out', `${c.date.replace(/[:.]/g, '-')}.json`));
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify({ conditions: c, rows, ...result }, null, 1)}\n`);
  const bad = failures(result);
  console.log(`${tableOf(result, rows)}\n`);
  console.log(`${c.cores} cores ${c.cpu}, Linux ${c.kernel}, ${c.file_system}, load ${c.load_before[0]} before, ${c.load_after[0]} after; ${c.build}`);
  console.log(`${c.setting}; medians of ${result.rounds.length} round(s)`);
  console.log(payload.is_same ? 'Streams: every byte outside id, created and usage is the same through all ways.'
    : `Streams DIFFER: ${JSON.stringify(payload.fingerprints)}`);
  bad.forEach((line) => console.log(`FAILED ${line}`));
  console.log(`all figures: ${file}`);
  return bad.length === 0 && payload.is_same;
}

async function startAll(folder, only, started) {
  const add = async (server) => (started.push(server), server);
  const simulator = await startSimulator(folder).then(add);
  const targets = [simulator];
  if (only.includes('nginx')) targets.push(await startNginx(folder, simulator).then(add));
  if (only.includes('mai')) targets.push(await startMai(folder, simulator).then(add));
  const mai = targets.find((t) => t.name === 'mai');
  const key = mai?.supplierKey ?? (await makeSupplierKey(simulator));
  for (const target of targets) target.key ??= key;
  return { simulator, targets };
}

async function main() {
  const { plan, only, out, keep, help } = options();
  if (help) return process.stdout.write(usage), 0;
  mkdirSync(buildFolder, { recursive: true });
  const folder = mkdtempSync(join(buildFolder, 'bench-')); // beside the sources: a real disk, not a tmpfs
  const remove = () => (keep ? say(`left in ${folder}`) : rmSync(folder, { recursive: true, force: true }));
  process.once('exit', remove);
  for (const [signal, code] of [['SIGINT', 130], ['SIGTERM', 143], ['SIGHUP', 129]]) process.once(signal, () => process.exit(code));
  const started = [];
  try {
    say('starting the servers');
    const { simulator, targets } = await startAll(folder, only, started);
    writeRequests(folder, targets);
    const result = await measure(targets, simulator, folder, plan);
    return publish(result, out) ? 0 : 1;
  } finally {
    for (const server of started.reverse()) await stop(server.child);
  }
}

main().then(
  (code) => (process.exitCode = code),
  (error) => {
    process.stderr.write(`bench: ${error.message}\n`);
    process.exitCode = error.code?.startsWith?.('ERR_PARSE_ARGS') || /^--/.test(error.message) ? 2 : 1;
  },
);

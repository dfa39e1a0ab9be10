// From raw figures of the rounds to rows of a table: medians of rounds, mAI beside nginx, and what the design wants.

import { paces, streamPlans } from './measure.mjs';

const syncsPerRequest = 2; // a call is written down as open before it is sent, and settled before its end is released
const stepMs = 30; // Nagle's algorithm against delayed acknowledgements shows as a step of 40 ms

const median = (values) => {
  const sorted = values.filter((v) => v !== undefined && !Number.isNaN(v)).sort((a, b) => a - b);
  if (sorted.length === 0) return undefined;
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
};
const perMicro = (seconds, count) => (count > 0 ? (seconds * 1e6) / count : undefined);
const mega = (bytes) => (bytes === undefined ? undefined : bytes / 1e6);

/** The rows of one kind: `value(target)` gives a figure or undefined. */
function row(names, id, measure, unit, value, more = {}) {
  return { id, measure, unit, ...Object.fromEntries(names.map((n) => [n, value(n)])), ...more };
}

function latencyRows(names, rounds) {
  const of = (name, what, q) => median(rounds.map((r) => r.plain.targets[name]?.[what][q]));
  const sync = (q) => median(rounds.map((r) => r.plain.fdatasync[q]));
  const added = (n, q) => (n === 'direct' ? undefined : of(n, 'total', q) - of('direct', 'total', q));
  const waits = syncsPerRequest * sync('p50_us');
  const rows = [];
  for (const q of ['p50_us', 'p99_us']) {
    const words = q.slice(0, 3);
    rows.push(
      row(names, 'P1', `plain, one at a time: latency ${words}`, 'us', (n) => of(n, 'total', q)),
      row(names, 'P1', `plain: added ${words}, storage waits included`, 'us', (n) => added(n, q)),
      row(names, 'P1', `plain: added ${words} without ${syncsPerRequest} x fdatasync p50`, 'us',
        (n) => (n === 'mai' ? added(n, q) - waits : added(n, q)), { goal: q === 'p50_us' ? '<= 40' : '<= 100' }),
    );
  }
  rows.push(
    row(names, 'P1', 'bare write of 4 kB + fdatasync, same rounds: p50', 'us', (n) => (n === 'direct' ? sync('p50_us') : undefined)),
    row(names, 'P1', 'bare write of 4 kB + fdatasync, same rounds: p99', 'us', (n) => (n === 'direct' ? sync('p99_us') : undefined)),
    row(names, 'P2', 'plain, one at a time: CPU of the server per request', 'us', (n) =>
      median(rounds.map((r) => perMicro(r.plain.cpu[n], r.plainCount)))),
  );
  return rows;
}

function closedRows(names, rounds, connections) {
  const of = (n, c, value) => median(rounds.map((r) => r.closed[n]?.[c]).filter(Boolean).map(value));
  return connections.flatMap((c) => [
    row(names, 'P3', `plain, ${c} connections: requests a second`, '1/s', (n) => of(n, c, (r) => r.per_second),
      { goal: c >= 32 ? '>= 40000' : undefined, higherIsBetter: true }),
    row(names, 'P2', `plain, ${c} connections: CPU of the server per request`, 'us',
      (n) => of(n, c, (r) => perMicro(r.cpu[n], r.requests)), { goal: '<= 20' }),
    row(names, '', `plain, ${c} connections: p99`, 'us', (n) => of(n, c, (r) => r.latency.p99_us)),
    row(names, 'P7', `plain, ${c} connections: memory`, 'MB', (n) => mega(of(n, c, (r) => r.resident[n]))),
  ]);
}

function firstEventRows(names, rounds) {
  const of = (name, what, q) => median(rounds.map((r) => r.stream.targets[name]?.[what][q]));
  const waits = syncsPerRequest * median(rounds.map((r) => r.stream.fdatasync.p50_us));
  const rows = [];
  for (const q of ['p50_us', 'p99_us']) {
    const words = q.slice(0, 3);
    const added = (n) => (n === 'direct' ? undefined : of(n, 'first_event', q) - of('direct', 'first_event', q));
    rows.push(
      row(names, 'P5', `stream, one at a time: time to first event ${words}`, 'us', (n) => of(n, 'first_event', q)),
      row(names, 'P5', `stream: added to first event ${words}, storage waits included`, 'us', added),
      row(names, 'P5', `stream: added to first event ${words} without ${syncsPerRequest} x fdatasync p50`, 'us',
        (n) => (n === 'mai' ? added(n) - waits : added(n)), { goal: q === 'p50_us' ? '<= 100' : '<= 200' }),
    );
  }
  rows.push(
    row(names, 'P5', `stream: longest gap between reads p99 (events every ${paces.first.chunk_ms} ms)`, 'us', (n) => of(n, 'longest_gap', 'p99_us')),
    row(names, 'P5', `stream: longest gap of all; a step of ${stepMs} ms would be Nagle`, 'us', (n) =>
      Math.max(...rounds.map((r) => r.stream.targets[n]?.longest_gap.max_us ?? 0)), { goal: `never ${stepMs}000` }),
  );
  return rows;
}

/** A stream's time if nothing ever waited: a pause behind each token. */
const idealMs = ({ script }) => script.answer_tokens * script.chunk_ms;

function pacedRows(names, rounds, kinds) {
  return kinds.flatMap((kind) => {
    const plan = streamPlans[kind];
    const of = (value) => (n) => median(rounds.map((r) => r.paced[n]?.[kind]).filter(Boolean).map((r) => value(r, n)));
    const at = (id, words, unit, value, more) => row(names, id, `${kind} streams: ${words}`, unit, of(value), more);
    return [
      at('P6', 'whole streams', '', (r) => r.whole, { goal: String(plan.connections), higherIsBetter: true }),
      at('P6', 'CPU of the server per chunk, set-up and booking in it', 'us', (r, n) => perMicro(r.cpu[n], r.events), { goal: '<= 8' }),
      at('P6', 'memory at most', 'MB', (r, n) => mega(r.resident[n]), { goal: '<= 60' }),
      at('P6', `duration p50 (ideal ${idealMs(plan)})`, 'ms', (r) => r.duration.p50_us / 1000),
      at('P6', `duration p99`, 'ms', (r) => r.duration.p99_us / 1000),
      at('P6', `gap between events p99 (ideal ${plan.script.chunk_ms})`, 'ms', (r) => r.gap.p99_us / 1000),
      at('P6', 'gaps above ten paces', '', (r) => r.stalls),
      at('P6', 'events that came together with the one before', '%', (r) => (100 * r.merged) / r.events),
    ];
  });
}

/** Per kind of streams: are all whole ones of all targets the same bytes, but for id, time and usage? */
export function samePayload(rounds) {
  const kinds = {};
  for (const round of rounds)
    for (const [name, runs] of Object.entries(round.paced))
      for (const [kind, run] of Object.entries(runs))
        for (const [print, streams] of Object.entries(run.fingerprints)) {
          const seen = ((kinds[kind] ??= {})[print] ??= {});
          seen[name] = (seen[name] ?? 0) + streams;
        }
  return { is_same: Object.values(kinds).every((prints) => Object.keys(prints).length === 1), fingerprints: kinds };
}

export function failures(result) {
  const list = [];
  const note = (what, r) => {
    const n = (r.errors ?? 0) + (r.unfinished ?? 0);
    if (n > 0) list.push(`${what}: ${r.errors ?? 0} errors (last status ${r.last_error_status ?? '-'}), ${r.unfinished ?? 0} unfinished`);
  };
  result.rounds.forEach((round, i) => {
    for (const kind of ['plain', 'stream'])
      for (const [n, r] of Object.entries(round[kind].targets)) note(`round ${i + 1}, ${kind} one at a time, ${n}`, r);
    for (const kind of ['closed', 'paced'])
      for (const [n, runs] of Object.entries(round[kind]))
        for (const [c, r] of Object.entries(runs)) note(`round ${i + 1}, ${kind} at ${c}, ${n}`, r);
  });
  for (const [n, r] of Object.entries(result.wear ?? {})) note(`wear, ${n}`, r);
  return list;
}

function memoryRows(names, result) {
  const { idle, peak, wear } = result;
  const worn = names.filter((n) => wear[n]).map((n) => `${n}: ${wear[n].requests} requests, then ${wear[n].broken} broken streams`);
  return [
    row(names, 'P7', 'memory idle, after set-up', 'MB', (n) => mega(idle[n]), { goal: '<= 20' }),
    row(names, 'P7', `memory growth by ${worn.join('; ')}`, 'MB', (n) => (wear[n] ? mega(wear[n].after - wear[n].before) : undefined),
      { goal: '<= 1 (design: 1 M + 100 k)' }),
    row(names, 'P7', 'memory at its highest in the whole run', 'MB', (n) => mega(peak[n])),
  ];
}

export function rowsOf(result) {
  const { names, rounds, plan } = result;
  const rows = [
    ...latencyRows(names, rounds),
    ...closedRows(names, rounds, plan.connections),
    ...firstEventRows(names, rounds),
    ...pacedRows(names, rounds, plan.streams),
    ...memoryRows(names, result),
  ];
  for (const r of rows) if (r.mai !== undefined && r.nginx > 0 && r.mai > 0) r.ratio = r.mai / r.nginx;
  return rows;
}

function figure(value, unit) {
  if (value === undefined || Number.isNaN(value)) return '-';
  if (unit === '1/s' || unit === '') return Math.round(value).toString();
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toFixed(Math.abs(value) >= 10 ? 1 : 2);
}

export function tableOf(result, rows) {
  const { names } = result;
  const head = ['', 'measure', 'unit', ...names, 'mai : nginx', 'goal'];
  const lines = rows.map((r) => [r.id, r.measure, r.unit, ...names.map((n) => figure(r[n], r.unit)),
    r.ratio === undefined ? '-' : r.ratio.toFixed(2), r.goal ?? '']);
  const widths = head.map((h, i) => Math.max(h.length, ...lines.map((l) => l[i].length)));
  const line = (cells) => cells.map((c, i) => (i < 3 || i === cells.length - 1 ? c.padEnd(widths[i]) : c.padStart(widths[i]))).join('  ').trimEnd();
  return [line(head), line(widths.map((w) => '-'.repeat(w))), ...lines.map(line)].join('\n');
}


// Reads the Test Anything Protocol as cmocka writes it.

/**
 * Cases of a TAP text: [{ name, result, reason, detail }]. Cases that were planned but never reported (the program
 * ended before them) are failures.
 */
export function parseTap(text) {
  const cases = [];
  let planned = 0;
  for (const line of text.split('\n')) {
    const plan = /^1\.\.(\d+)/.exec(line);
    const point = /^(not )?ok (\d+)(?: - (.*?))?(?:\s*# (SKIP|TODO)\s*(.*))?$/i.exec(line);
    if (plan) planned += Number(plan[1]); // a program may run several groups
    else if (point) cases.push(pointOf(point));
    else if (line.startsWith('#') && cases.length > 0) cases.at(-1).notes.push(line.slice(1).trim());
  }
  const seen = cases.map(({ notes, ...rest }) => (rest.result === 'failed' ? { ...rest, detail: notes.join('\n') } : rest));
  for (let at = seen.length + 1; at <= planned; at++)
    seen.push({ name: `case ${at} of ${planned}`, result: 'failed', detail: 'never reported: the program ended before it' });
  return seen;
}

// cmocka writes a skipped case as "not ok 3 # SKIP name".
function pointOf([, not, number, name, directive, rest]) {
  if (directive) return { name: name ?? (rest || `case ${number}`), result: 'skipped', reason: rest, notes: [] };
  return { name: name ?? `case ${number}`, result: not ? 'failed' : 'passed', notes: [] };
}

// Reporter for node:test that writes one JSON line per finished test, for tests/run.mjs. A suite is a line only when it
// was skipped as a whole or failed by itself.
export default async function* reporter(source) {
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    const skipped = data.skip || data.todo || undefined; // true, or the reason
    if (data.details?.type === 'suite' && skipped === undefined && !failedByItself(type, data)) continue;
    yield `${JSON.stringify({
      name: data.name,
      result: skipped !== undefined ? 'skipped' : type === 'test:pass' ? 'passed' : 'failed',
      reason: typeof skipped === 'string' ? skipped : undefined,
      detail: type === 'test:fail' ? explain(data.details?.error) : undefined,
    })}\n`;
  }
}

// A suite counts only when it failed for a reason of its own (a hook), not because a test in it did.
function failedByItself(type, data) {
  return type === 'test:fail' && data.details?.error?.failureType !== 'subtestsFailed';
}

function explain(error) {
  const cause = error?.cause ?? error;
  return cause?.stack ?? String(cause);
}

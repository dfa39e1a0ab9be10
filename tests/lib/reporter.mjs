// Reporter for node:test that writes one JSON line per finished test (not per suite), for tests/run.mjs.
export default async function* reporter(source) {
  for await (const { type, data } of source) {
    if (type !== 'test:pass' && type !== 'test:fail') continue;
    if (data.details?.type === 'suite' && !failedByItself(type, data)) continue;
    const skipped = data.skip !== undefined && data.skip !== false ? data.skip : data.todo;
    yield `${JSON.stringify({
      name: data.name,
      result: skipped !== undefined && skipped !== false ? 'skipped' : type === 'test:pass' ? 'passed' : 'failed',
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

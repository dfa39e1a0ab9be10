// S1: every route x every role x another organization's ids, and nothing leaks. See walk.mjs for what is done and judge.mjs
// for what is looked at; mutants.test.mjs shows that the walk turns red when a wall is taken down.

import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { summary, walk } from './walk.mjs';

let result;

before(async () => {
  result = await walk();
  console.log(summary(result));
});

/** Fails with every violation of these kinds, a line each. */
function none(...kinds) {
  const found = result.violations.filter((one) => kinds.includes(one.what)).map((one) => `${one.what}: ${one.route}: ${one.detail}`);
  assert.equal(found.length, 0, `\n${found.slice(0, 40).join('\n')}${found.length > 40 ? `\n... and ${found.length - 40} more` : ''}`);
}

test('every route of the program is walked, and every request came to an answer', () => none('table', 'broken'));

test('who gets through is what the table of routes says, and nobody else', () => none('status'));

test('no answer and no stream shows a text or an id of somebody else', () => none('leak'));

test('what is not yours is answered exactly as what does not exist', () => none('oracle'));

test('figures are the own ones, to the last unit', () => none('figures'));

test('raw cost, markup and margin reach no client, and secrets reach nobody', () => none('raw cost', 'secret'));

test('nothing of another organization or another person was changed', () => none('changed'));

test('the walk went far enough to mean something', () => {
  assert.ok(result.routes >= 87, `${result.routes} routes`);
  assert.ok(result.requests > 4000, `${result.requests} requests`);
  for (const kind of ['another organization', 'another admin', 'another person', 'nothing', 'its own', 'a strange id'])
    assert.ok(result.kinds[kind] > 100, `${kind}: ${result.kinds[kind]}`);
});

// Settings -> Connections with keys that do not work, and what everybody sees when OpenRouter is away.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Sim } from '../lib/sim.mjs';
import { Office, admin, until } from './lib/office.mjs';

let office, other;
before(async () => (office = await Office.start()));
after(async () => {
  await office?.stop();
  await other?.stop();
});

const stateOf = (visitor, state) => visitor.page.locator(`[data-testid=key-state][data-state="${state}"]`);

test('a wrong key is refused in words while the old one goes on working', async () => {
  const ann = await office.enter(admin, '/settings/connections');
  await stateOf(ann, 'verified').waitFor();
  await ann.field('OpenAI API Key').fill('sk-or-v1-this-key-was-never-made-0000');
  await ann.button('Save').click();
  const words = stateOf(ann, 'refused');
  await words.filter({ hasText: 'OpenRouter does not accept this key' }).waitFor();
  const old = office.world.key.slice(-4);
  assert.match(await words.innerText(), new RegExp(`the previous key, which ends in ${old}, goes on working`));
  await ann.link('Back to chat').click();
  await ann.chooseModel('sim/echo');
  assert.match(await ann.askFully('Is anybody there?'), /Is anybody there/);

  await ann.open('/settings/connections');
  await ann.field('OpenAI API Key').fill(office.world.key);
  await ann.button('Save').click();
  await stateOf(ann, 'verified').waitFor();
  await ann.leave();
});

test('an address that is none is told beside the field', async () => {
  const ann = await office.enter(admin, '/settings/connections');
  await ann.field('OpenAI API Base URL').fill('openrouter');
  await ann.button('Save').click();
  await ann.sees('Enter an address that starts with https:// or http://.');
  await ann.leave();
});

test('a management key is refused', async () => {
  const ann = await office.enter(admin, '/settings/connections');
  await ann.field('OpenAI API Key').fill(office.sim.managementKey);
  await ann.button('Save').click();
  await stateOf(ann, 'refused').waitFor();
  await ann.field('OpenAI API Key').fill(office.world.key);
  await ann.button('Save').click();
  await stateOf(ann, 'verified').waitFor();
  await ann.leave();
});

test('while OpenRouter is away everybody is told, and told when it is back', async () => {
  const employee = await office.hire('Kim');
  const kim = (await office.enter(employee)).mayFail(/^50\d .*\/api\/chat\/completions$/);
  const ann = await office.enter(admin, '/settings/usage');
  await kim.chooseModel('sim/echo');
  await kim.seesNot(kim.part('banner-upstream'));
  await office.sim.stop();
  await kim.ask('Hello?');
  for (let tries = 0; tries < 5 && !(await kim.part('banner-upstream').isVisible()); tries++) {
    await kim.part('answer-error').getByText('The supplier of the model cannot be reached').waitFor();
    await kim.part('answer-error').getByRole('button', { name: 'Try again' }).click();
    await kim.when(() => document.querySelector('[data-testid=answer-error] button:not(:disabled), [data-testid=banner-upstream]'));
  }
  for (const visitor of [kim, ann]) await visitor.part('banner-upstream').getByText(/^OpenRouter, the supplier of the models/).waitFor();

  other = await Sim.start({ args: ['--port', String(office.sim.port), '--inference-key', office.world.key] });
  await until('an answer', async () => {
    const again = kim.part('answer-error').getByRole('button', { name: 'Try again' });
    if (await again.isVisible()) await again.click();
    return (await kim.answers.last().innerText()).includes('Hello?');
  });
  for (const visitor of [kim, ann]) await visitor.part('banner-upstream').waitFor({ state: 'detached' });
  await Promise.all([kim.leave(), ann.leave()]);
});

test('while mAI itself is away the page says so, and goes on by itself', async () => {
  const ann = (await office.enter(admin, '/settings/usage')).mayFail(/^ERR_/);
  await ann.shows('live-mark', 'Live');
  await office.world.mai.kill();
  await ann.part('banner-server').waitFor();
  await office.world.mai.start();
  await ann.part('banner-server').waitFor({ state: 'detached' });
  await ann.shows('live-mark', 'Live');
  await ann.leave();
});

test('the browser had nothing to complain about', () => office.browser.assertNoComplaints());

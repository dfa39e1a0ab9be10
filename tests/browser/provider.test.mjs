// The provider's pages: clients with limit, markup, usage, raw cost and margin.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { billed, shown } from './lib/money.mjs';
import { Office, admin, provider, until } from './lib/office.mjs';
import { pico } from '../lib/sim.mjs';

let office, boss;
before(async () => {
  office = await Office.start();
  boss = await office.visit();
});
after(() => office?.stop());

const client = (name) => boss.part('clients').locator('tbody tr', { hasText: name });

test('the provider signs in and sees clients, but no chat, people or connections', async () => {
  await boss.signIn(provider);
  await boss.heading('Clients').waitFor();
  await client('Acme').waitFor();
  for (const name of ['New chat', 'Usage', 'Connections', 'Users']) await boss.seesNot(boss.page.getByRole('link', { name, exact: true }));
  for (const path of ['/settings/connections', '/admin/users', '/settings/usage']) {
    await boss.open(path);
    await boss.heading('This page does not exist').waitFor();
  }
});

test('a call of a client appears with raw cost, billed amount and margin, without a reload', async () => {
  await boss.open('/provider/clients');
  await client('Acme').waitFor();
  const { token } = office.world.admin;
  const content = 'A question of some length, so that it costs something';
  await office.world.api('/api/chat/completions', { token, body: { model: 'anthropic/claude-sonnet-4.6', messages: [{ role: 'user', content }] } });
  const [row] = await until('the bill', async () => {
    const rows = await office.sim.bill();
    return rows.length > 0 && rows;
  });
  const raw = pico(row.cost);
  const amount = billed([row]);
  for (const [name, value] of Object.entries({ raw, billed: amount, margin: amount - raw }))
    await boss.part(`total-${name}`).getByText(shown(value), { exact: true }).waitFor();
  await client('Acme').filter({ hasText: shown(raw) }).filter({ hasText: shown(amount) }).waitFor();
});

test('a client is created and its key is shown once', async () => {
  await boss.button('Create client').click();
  await boss.fill({ 'Client organization name': 'Zażółć Gęślą & Söhne' });
  await boss.page.getByLabel('Monthly spending limit (USD)').fill('250');
  await boss.page.getByLabel("Administrator's email").fill('zoe@zg.example');
  await boss.page.getByLabel("Administrator's name").fill('Zoe');
  await boss.dialog.getByRole('button', { name: 'Create client' }).click();
  await boss.heading('Zażółć Gęślą & Söhne is ready').waitFor();
  const key = await boss.part('new-client-key').innerText();
  assert.match(key, /^sk-or-v1-/);
  const once = await boss.part('one-time-password').innerText();
  await boss.sees('Give the API key to the client administrator.');
  await boss.button('Done').click();
  await client('Zażółć').filter({ hasText: '$250.00' }).filter({ hasText: key.slice(-4) }).waitFor();
  const { data } = await office.sim.json('/keys');
  assert.equal(data.find((one) => one.name.startsWith('Zażółć')).limit, 250);
  await boss.page.reload();
  await client('Zażółć').waitFor();
  for (const secret of [key, once]) assert.ok(!(await boss.page.content()).includes(secret), 'shown only once');
});

test('a client without a name or with a strange amount is refused beside the field', async () => {
  await boss.button('Create client').click();
  await boss.page.getByLabel('Monthly spending limit (USD)').fill('a lot');
  await boss.dialog.getByRole('button', { name: 'Create client' }).click();
  await boss.sees('Please fill this in.');
  await boss.sees('Enter an amount of zero or more.');
  await boss.button('Cancel').click();
});

test('limit and markup are edited, and the limit reaches OpenRouter', async () => {
  await boss.link('Acme').click();
  await boss.heading('Acme').waitFor();
  await boss.page.getByLabel('Monthly spending limit (USD)').fill('75.5');
  await boss.field('Markup').fill('0.9');
  await boss.button('Save').click();
  await boss.sees('Enter a number of 1 or more.');
  await boss.field('Markup').fill('1.45');
  await boss.button('Save').click();
  await boss.told('Changes saved');
  await until('the limit at OpenRouter', async () => (await office.sim.json(`/keys/${office.world.keyHash}`)).data.limit === 75.5);
  await boss.link('Clients').first().click();
  await client('Acme').filter({ hasText: '$75.50' }).filter({ hasText: '1.45×' }).waitFor();
});

test('the client\'s page has its usage by model, and by person without names', async () => {
  await boss.link('Acme').click();
  await boss.page.locator('tbody tr', { hasText: 'claude-sonnet' }).waitFor();
  await boss.page.getByRole('tab', { name: 'By user' }).click();
  await boss.page.locator('tbody tr', { hasText: 'mai_' }).waitFor();
  for (const secret of [admin.name, admin.email]) assert.ok(!(await boss.page.content()).includes(secret), 'people of a client are pseudonyms');
});

test('the key is rotated: a new one is shown, and the client goes on with it', async () => {
  await boss.button('Rotate key').click();
  await boss.dialog.getByRole('button', { name: 'Rotate key' }).click();
  await boss.heading('New API key of Acme').waitFor();
  const key = await boss.part('new-client-key').innerText();
  assert.notEqual(key, office.world.key);
  await boss.button('Done').click();
  const { token } = office.world.admin;
  await office.world.api('/api/chat/completions', { token, body: { model: 'sim/echo', messages: [{ role: 'user', content: 'Hi' }] } });
  const hash = createHash('sha256').update(key).digest('hex');
  assert.equal((await office.sim.bill()).at(-1).key_hash, hash);
});

test('a client is disabled and enabled, and its people are told', async () => {
  const ann = await office.enter(admin);
  await ann.heading(/^What can I do/).waitFor();
  await boss.button('Disable client').click();
  await boss.dialog.getByRole('button', { name: 'Disable client' }).click();
  await boss.text('Disabled', { exact: true }).first().waitFor();
  await ann.page.reload();
  await ann.part('banner-disabled').waitFor();
  await boss.button('Enable client').click();
  await boss.button('Disable client').waitFor();
  await ann.page.reload();
  await ann.heading(/^What can I do/).waitFor();
  await ann.seesNot(ann.part('banner-disabled'));
  await ann.leave();
});

test('a client is deleted only when its name is typed', async () => {
  await boss.open('/provider/clients');
  await boss.link('Zażółć').click();
  await boss.button('Delete client').click();
  const confirm = boss.dialog.getByRole('button', { name: 'Delete client' });
  assert.ok(await confirm.isDisabled());
  await boss.field('Type the name of the client to confirm').fill('Zażółć Gęślą & Söhne');
  await confirm.click();
  await boss.told('Zażółć Gęślą & Söhne was deleted');
  await boss.heading('Clients').waitFor();
  await client('Acme').waitFor();
  await boss.seesNot(client('Zażółć'));
});

test('settings and system', async () => {
  await boss.link('Provider settings').click();
  await boss.sees('Default markup for new clients');
  await boss.field('Default markup for new clients').fill('1.4');
  await boss.button('Save').click();
  await boss.told('Saved');
  assert.ok(!(await boss.page.content()).includes(office.sim.managementKey), 'the provisioning key is not on the page');
  await boss.link('System').click();
  await boss.sees('Reachable');
  await boss.sees('Credits at OpenRouter');
});

test('the browser had nothing to complain about', () => office.browser.assertNoComplaints());

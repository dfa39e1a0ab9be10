// axe-core looks at every page and finds nothing: light and dark, English and Polish, and open dialogs.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { Office } from './lib/office.mjs';
import { furnish, lookAt, roles, sessionOf } from './lib/pages.mjs';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
let office, fill;
before(async () => {
  office = await Office.start();
  fill = await furnish(office);
});
after(() => office?.stop());

/** What axe finds on the page as it is, a line each. */
async function violations({ page }) {
  if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe);
  const { violations: found } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
  return found.flatMap(({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.target.join(' ')}: ${node.failureSummary}`));
}

const enter = (who, options) => {
  const session = sessionOf(office, who);
  return session ? office.enter(session, '/', options) : office.visit(options);
};

for (const colorScheme of ['light', 'dark'])
  for (const [language, locale] of [['English', 'en-US'], ['Polish', 'pl-PL']])
    for (const who of roles)
      test(`${who}, ${colorScheme}, ${language}: no violation on any page`, async () => {
        const visitor = await enter(who, { colorScheme, locale });
        await lookAt(visitor, who, fill, async (path) => assert.deepEqual(await violations(visitor), [], path));
        await visitor.leave();
      });

test('no violation in dialogs and menus', async () => {
  const ann = await enter('admin');
  const look = async (what) => assert.deepEqual(await violations(ann), [], what);
  await ann.part('model-picker').click();
  await ann.page.locator('[data-model]').first().waitFor();
  await look('models');
  await ann.page.keyboard.press('Escape');
  await ann.page.getByRole('button', { name: 'Account menu' }).click();
  await ann.page.getByRole('menuitem').first().waitFor();
  await look('account menu');
  await ann.page.keyboard.press('Escape');
  await ann.page.keyboard.press('Control+/');
  await ann.dialog.waitFor();
  await look('shortcuts');
  await ann.open('/admin/users');
  await ann.button('Add user').click();
  await ann.dialog.getByRole('button', { name: 'Add user' }).click();
  await ann.sees('Please fill this in.');
  await look('add user, with errors');
  await ann.leave();
});

test('no violation on a phone, with the drawer open and closed', async () => {
  const ann = await enter('admin', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });
  await lookAt(ann, 'admin', fill, async (path) => assert.deepEqual(await violations(ann), [], path));
  await ann.open('/');
  await ann.button('Open menu').click();
  await ann.history.waitFor();
  assert.deepEqual(await violations(ann), [], 'drawer');
  await ann.leave();
});

test('the browser had nothing to complain about', () => office.browser.assertNoComplaints());

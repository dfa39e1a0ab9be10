// Languages, themes and sizes.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Office, admin } from './lib/office.mjs';
import { furnish, lookAt, roles, sessionOf } from './lib/pages.mjs';
import { englishPatterns, visibleTexts } from './lib/texts.mjs';

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
let office, fill;
before(async () => {
  office = await Office.start();
  fill = await furnish(office);
  const { token } = office.world.provider; // a name that is no word of the pages
  await office.world.api('/api/v1/auths/update/profile', { token, body: { name: 'Paula Prowadzi' } });
});
after(() => office?.stop());

/** Waits until the page's background is what a dark or a light theme has. */
const becomes = (visitor, theme) =>
  visitor.when((wanted) => {
    const [red] = /\d+/.exec(getComputedStyle(document.body).backgroundColor);
    return wanted === (Number(red) < 80 ? 'dark' : 'light');
  }, theme);

test('the language is switched, kept, and follows the person to another device', async () => {
  const lea = await office.hire('Lea');
  const here = await office.enter(lea, '/settings/account');
  await here.field('Language').selectOption('pl');
  await here.heading('Konto').first().waitFor();
  assert.equal(await here.page.getAttribute('html', 'lang'), 'pl');
  await here.page.reload();
  await here.heading('Konto').first().waitFor();
  const elsewhere = await office.enter(lea, '/settings/account');
  await elsewhere.heading('Konto').first().waitFor();
  await elsewhere.field('Język').selectOption('en');
  await elsewhere.heading('Account').first().waitFor();
  await Promise.all([here.leave(), elsewhere.leave()]);
});

for (const who of roles)
  test(`${who}: no English text is left in Polish`, async () => {
    const english = englishPatterns();
    const session = sessionOf(office, who);
    const options = { locale: 'pl-PL' };
    const visitor = await (session ? office.enter(session, '/', options) : office.visit(options));
    await lookAt(visitor, who, fill, async (path) => {
      const texts = await visitor.page.evaluate(visibleTexts);
      assert.ok(texts.length > 3, `${path} has texts`);
      assert.deepEqual(texts.filter((text) => english.some((pattern) => pattern.test(text))), [], path);
    });
    await visitor.leave();
  });

test('the theme follows the system, or what was chosen, from the first paint', async () => {
  const ann = await office.enter(admin, '/settings/account', { colorScheme: 'dark' });
  await ann.heading('Account').first().waitFor();
  await becomes(ann, 'dark');
  await ann.text('Light', { exact: true }).click();
  await becomes(ann, 'light');
  await ann.context.addInitScript(() => {
    requestAnimationFrame(() => (window.first = document.documentElement.dataset.theme));
  });
  await ann.page.reload();
  await ann.heading('Account').first().waitFor();
  assert.equal(await ann.page.evaluate(() => window.first), 'light', 'kept over a reload, from its first frame');
  await ann.text('As the system', { exact: true }).click();
  await becomes(ann, 'dark');
  await ann.page.emulateMedia({ colorScheme: 'light' });
  await becomes(ann, 'light');
  await ann.leave();
});

test('on a phone the history is a drawer, and a chat is sent with the button', async () => {
  const ann = await office.enter(admin, '/', phone);
  await ann.heading(/^What can I do/).waitFor();
  assert.ok(!(await ann.history.isVisible()));
  await ann.button('Open menu').click();
  const row = ann.history.getByRole('link').first();
  await row.waitFor();
  await row.click();
  await ann.answers.first().waitFor();
  await ann.when(() => !document.querySelector('nav.open'));
  await ann.chooseModel('sim/echo');
  await ann.askFully('Hello from a phone');
  await ann.leave();
});

for (const who of roles)
  for (const [size, options] of [['390', phone], ['1440', {}]])
    test(`${who}: no page is wider than ${size} pixels`, async () => {
      const session = sessionOf(office, who);
      const visitor = await (session ? office.enter(session, '/', options) : office.visit(options));
      await lookAt(visitor, who, fill, async (path) => {
        const [content, room] = await visitor.page.evaluate(() => [
          Math.max(document.documentElement.scrollWidth, document.querySelector('main')?.scrollWidth ?? 0),
          innerWidth,
        ]);
        assert.ok(content <= room, `${path} is ${content} pixels wide`);
      });
      await visitor.leave();
    });

test('the browser had nothing to complain about', () => office.browser.assertNoComplaints());

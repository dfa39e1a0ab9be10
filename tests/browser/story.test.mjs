// The story of the deployment guide, from the provider's menu to billed usage on a screen, in a real browser.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { Server } from '../lib/server.mjs';
import { command, settingsFor } from '../lib/mai.mjs';
import { Sim } from '../lib/sim.mjs';
import { until } from '../lib/world.mjs';
import { Browser } from './lib/browser.mjs';
import { billed, shown } from './lib/money.mjs';

const admin = { name: 'Anna Kowalska', email: 'anna@abc.example', password: 'correct horse battery' };
const model = 'openai/gpt-4o-mini';
const answer = [
  '## Three words',
  'Here is **bold** text and a list:',
  '- one\n- two',
  '```js\nconst sum = (a, b) => a + b; // adds\n```',
  'That is all.',
].join('\n\n');
let sim, mai, browser, anna, key;

before(async () => {
  sim = await Sim.start({ args: ['--chunk-ms', '10'] });
  mai = await Server.start({ env: settingsFor(sim) });
  browser = await Browser.start();
  anna = await browser.visit(mai.origin);
});

after(async () => {
  await browser?.stop();
  await mai?.stop();
  await sim?.stop();
});

test('1: the provider makes a key for Company ABC with the menu of mai client', async () => {
  const done = await command(['client'], {
    env: { ...settingsFor(sim), DATA_DIR: mai.folder },
    input: `1\n${sim.managementKey}\nCompany ABC\n500\nn\n`,
  });
  assert.equal(done.code, 0, done.output);
  assert.match(done.stdout, /CLIENT DATABASE ENTRY/);
  assert.match(done.stdout, /"client_name": "Company ABC"/);
  assert.match(done.stdout, /"monthly_limit": 500/);
  key = /"api_key": "(sk-or-v1-[^"]+)"/.exec(done.stdout)[1];
});

test('2: the client administrator creates the first account', async () => {
  await anna.open('/');
  await anna.heading('Welcome to mAI').waitFor();
  await anna.fill({ Name: admin.name, Email: admin.email, Password: admin.password });
  await anna.button('Create administrator account').click();
  await anna.heading('One step to your first answer').waitFor();
});

test('3: the key is entered in Settings -> Connections and verified, and the organization is Company ABC', async () => {
  await anna.link('Open Connections').click();
  await anna.heading('Connections').waitFor();
  assert.equal(await anna.field('OpenAI API Base URL').inputValue(), sim.url);
  await anna.field('OpenAI API Key').fill(key);
  await anna.button('Save').click();
  const state = anna.page.locator('[data-testid=key-state][data-state=verified]');
  await state.waitFor();
  const words = await state.innerText();
  assert.match(words, /Verified/);
  assert.match(words, /The key works/);
  assert.match(words, new RegExp(`ending in ${key.slice(-4)}`));
  assert.match(words, /\$500\.00/);
  assert.ok(!(await anna.page.content()).includes(key), 'the key is not on the page');
  await anna.page.getByRole('button', { name: 'Account menu' }).filter({ hasText: 'Company ABC' }).waitFor();
});

test('4: a chat: streamed answer, markdown, highlighted code, copy', async () => {
  await sim.script({ rules: [{ path: '/chat/completions', times: 1, do: { answer, chunk_ms: 40 } }] });
  await anna.link('Back to chat').click();
  await anna.heading('What can I do for you, Anna?').waitFor();
  await anna.chooseModel(model);
  const usage = await anna.tab('/settings/usage');
  await usage.shows('card-today-cost', /\$0\.00/);
  await watchText(usage.page, '[data-testid=card-today-cost] .value');
  await watchEnd(anna.page);
  await anna.page.bringToFront();

  await anna.ask('Write three words and some code');
  await anna.isWriting();
  await anna.answered();
  const last = anna.answers.last();
  await last.getByRole('heading', { name: 'Three words' }).waitFor();
  assert.equal(await last.locator('strong').innerText(), 'bold');
  assert.equal(await last.locator('li').count(), 2);
  await last.locator('pre .hljs-keyword', { hasText: 'const' }).waitFor();
  await last.getByRole('button', { name: 'Copy code' }).click();
  assert.equal((await clipboard(anna.page)).trim(), 'const sum = (a, b) => a + b; // adds');
  await last.getByRole('button', { name: 'Copy message' }).click();
  assert.equal(await clipboard(anna.page), answer);
  await assertWithinSecond(usage);
  await usage.page.close();
});

test('5: the four cards, the trend, people and models agree with the bill times 1.3', async () => {
  const bill = await until('the title is billed too', async () => {
    const rows = await sim.bill();
    return rows.length === 2 && rows;
  });
  const cost = shown(billed(bill));
  const tokens = bill.reduce((sum, row) => sum + row.prompt_tokens + row.completion_tokens, 0);
  await anna.open('/settings/usage');
  await anna.heading('My Organization Usage').waitFor();
  await anna.sees('Company ABC');
  await card('today-cost', cost);
  await card('today-tokens', tokens.toLocaleString('en-US'));
  await card('month-total', cost);
  await anna.part('card-daily-average').waitFor();
  await anna.part('trend-chart').locator('canvas').waitFor();
  const row = anna.part('trend-table').locator('tbody tr').first();
  assert.match(await row.innerText(), /Today \(Live\)/);
  assert.ok((await row.innerText()).includes(cost));
  await anna.page.getByRole('tab', { name: 'Usage Stats' }).click();
  await anna.sees('Cost analysis');
  await anna.page.getByRole('tab', { name: 'By User' }).click();
  const user = anna.page.locator('tbody tr', { hasText: admin.name });
  await user.filter({ hasText: cost }).waitFor();
  await anna.page.getByRole('tab', { name: 'By Model' }).click();
  await anna.page.locator('tbody tr', { hasText: model }).filter({ hasText: cost }).waitFor();
});

test('6: the external user is learned and logged', async () => {
  await until('the log line', () => mai.log.includes('Auto-learning external_user for user'));
  assert.ok(!mai.log.includes(key), 'the key is not in the log');
});

test('7: the chat has a title in the history and survives a reload', async () => {
  await anna.open('/');
  const row = anna.history.getByRole('link').first();
  await row.filter({ hasNotText: 'New chat' }).waitFor();
  const title = (await row.innerText()).trim();
  await row.click();
  const id = await anna.chatId();
  await anna.answers.first().getByRole('heading', { name: 'Three words' }).waitFor();
  await anna.page.reload();
  await anna.answers.first().getByRole('heading', { name: 'Three words' }).waitFor();
  assert.equal(await anna.chatId(), id);
  await anna.when((wanted) => document.title.startsWith(wanted), title);
});

test('8: the browser had nothing to complain about', () => browser.assertNoComplaints());

const card = (name, value) => anna.part(`card-${name}`).locator('.value', { hasText: value }).waitFor();
const clipboard = (page) => page.evaluate(() => navigator.clipboard.readText());

/** Remembers when an element's text became what. */
function watchText(page, selector) {
  return page.evaluate((wanted) => {
    window.seen = [];
    const note = () => {
      const text = document.querySelector(wanted)?.textContent;
      if (text !== window.seen.at(-1)?.text) window.seen.push({ text, at: Date.now() });
    };
    note();
    new MutationObserver(note).observe(document.body, { subtree: true, childList: true, characterData: true });
  }, selector);
}

/** Remembers when the first answer was complete. */
function watchEnd(page) {
  return page.evaluate(() => {
    new MutationObserver(() => {
      if (document.querySelector('[data-testid=answer][aria-busy=false]')) window.endedAt ??= Date.now();
    }).observe(document.body, { subtree: true, childList: true, attributes: true });
  });
}

/**
 * The open usage page, which nobody reloaded, showed the answer's billed cost within a second of its end. The title of
 * the chat is billed right after it, so both may have come in one event.
 */
async function assertWithinSecond(usage) {
  const at = await until('the usage page shows what the bill says', async () => {
    const rows = await sim.bill();
    const amounts = rows.map((_, i) => shown(billed(rows.slice(0, i + 1))));
    return (await usage.page.evaluate(() => window.seen)).find((one) => amounts.includes(one.text))?.at;
  });
  const late = at - (await anna.page.evaluate(() => window.endedAt));
  assert.ok(late < 1000, `the usage page was ${late} ms late`);
}

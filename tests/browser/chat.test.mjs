// What people do with chats.

import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { Office, slow, until } from './lib/office.mjs';

let office;
before(async () => (office = await Office.start()));
after(() => office?.stop());
beforeEach(() => office.sim.script({ rules: [] }));

let people = 0;
/** Somebody new with an empty history, in front of an empty chat with a cheap model. */
async function newcomer(options) {
  const visitor = await office.enter(await office.hire(`Person ${++people}`), '/', options);
  await visitor.chooseModel('openai/gpt-4o-mini');
  return visitor;
}

test('a running answer is stopped, and what was written stays', async () => {
  const pat = await newcomer();
  await office.next(slow);
  await pat.ask('Tell me a long story');
  await pat.isWriting();
  await pat.button('Stop answering').click();
  await pat.sees('Stopped');
  const kept = await pat.answered();
  assert.ok(kept.length > 10);
  await until('the supplier was told', async () => (await office.sim.bill()).some((row) => row.status === 'cancelled'));
  await pat.page.reload();
  await pat.sees('Stopped');
  assert.ok((await pat.answered()).startsWith(kept.slice(0, 10)));
  await pat.leave();
});

test('an answer is made again, and the arrows go from version to version', async () => {
  const pat = await newcomer();
  await office.next({ answer: 'The first version.' });
  await pat.askFully('Say something');
  await until('the title is done', async () => (await pat.history.getByRole('link').first().innerText()) !== 'New chat');
  await office.next({ answer: 'The second version.' });
  await pat.button('Regenerate answer').click();
  await pat.sees('The second version.');
  const arrows = pat.page.getByRole('group', { name: 'Version 2 of 2' });
  await arrows.waitFor();
  await pat.answered();
  await pat.button('Previous version').click();
  await pat.sees('The first version.');
  await pat.button('Next version').click();
  await pat.sees('The second version.');
  await pat.page.reload();
  await pat.sees('The second version.');
  await arrows.waitFor();
  await pat.leave();
});

test('a question is edited and sent again as a version beside the old one', async () => {
  const pat = await newcomer();
  await pat.askFully('What is one plus one?');
  await pat.questions.first().hover();
  await pat.button('Edit message').click();
  await pat.field('Edit your message').fill('What is two plus two?');
  await pat.button('Send').click();
  await pat.page.getByRole('group', { name: 'Version 2 of 2' }).waitFor();
  await pat.answered();
  await pat.questions.filter({ hasText: 'What is two plus two?' }).waitFor();
  await pat.button('Previous version').click();
  await pat.questions.filter({ hasText: 'What is one plus one?' }).waitFor();
  await pat.leave();
});

test('an answer goes on when its page is closed, is seen live in another tab, and is whole on return', async () => {
  const pat = await newcomer();
  await office.next(slow);
  await pat.ask('Tell me a long story');
  const id = await pat.chatId();
  await pat.isWriting();
  const second = await pat.tab(`/c/${id}`);
  await pat.page.close();
  await second.isWriting();
  const whole = await second.answered();
  const [row] = (await office.sim.bill()).filter((one) => one.completion_tokens >= slow.answer_tokens);
  assert.equal(row.status, 'ok');
  const third = await second.tab(`/c/${id}`);
  assert.equal(await third.answered(), whole);
  await second.leave();
});

test('a second tab of the same chat sees a question and its answer being written', async () => {
  const pat = await newcomer();
  await pat.askFully('Hello');
  const other = await pat.tab(`/c/${await pat.chatId()}`);
  await other.answered();
  await office.next(slow);
  await pat.page.bringToFront();
  await pat.ask('And now a long story');
  await other.questions.nth(1).waitFor();
  await other.isWriting();
  const [here, there] = await Promise.all([pat.answered(), other.answered()]);
  assert.equal(there, here);
  await pat.leave();
});

test('a model is chosen by keyboard alone', async () => {
  const pat = await newcomer();
  await pat.box.focus();
  await pat.page.keyboard.press('Control+Shift+M');
  await pat.field('Search models').waitFor();
  await pat.page.keyboard.type('haiku');
  await pat.page.keyboard.press('ArrowDown');
  assert.match(await pat.page.evaluate(() => document.activeElement.dataset.model), /haiku/);
  await pat.page.keyboard.press('Enter');
  await pat.dialog.waitFor({ state: 'hidden' });
  assert.match(await pat.part('model-picker').innerText(), /Haiku/);
  assert.equal(await pat.page.evaluate(() => document.activeElement.tagName), 'TEXTAREA');
  await pat.leave();
});

test('the list of models has billed prices and remembers favourites', async () => {
  const pat = await newcomer();
  await pat.part('model-picker').click();
  const row = pat.page.locator('li', { has: pat.page.locator('[data-model="sim/echo"]') }).first();
  await row.filter({ hasText: '$1.30 / $2.60' }).waitFor(); // 1 and 2 USD with the markup of 1.3
  await row.getByRole('button', { name: /^Add .* to favourites$/ }).click();
  await pat.page.reload();
  await pat.part('model-picker').click();
  await pat.heading('Favourites').waitFor();
  await pat.leave();
});

test('chats are renamed, pinned, searched and deleted', async () => {
  const pat = await newcomer();
  await pat.askFully('Where do the zebras live?');
  await pat.page.keyboard.press('Control+Shift+O');
  await pat.heading(/^What can I do/).waitFor();
  await pat.askFully('Tell me about submarines');
  const rows = pat.history.getByRole('link');
  await until('two chats with titles', async () => {
    const titles = await rows.allInnerTexts();
    return titles.length === 2 && titles.every((title) => title !== 'New chat');
  });

  const actions = pat.history.getByRole('button', { name: /^Actions for/ });
  await rows.first().hover();
  await actions.first().click();
  await pat.page.getByRole('menuitem', { name: 'Rename' }).click();
  await pat.field('Title of the chat').fill('Under water');
  await pat.page.keyboard.press('Enter');
  await rows.filter({ hasText: 'Under water' }).waitFor();

  await pat.field('Search chats').fill('zebras');
  await pat.when(() => document.querySelectorAll('[data-testid=history] a').length === 1);
  assert.doesNotMatch(await rows.first().innerText(), /Under water/);
  await pat.field('Search chats').fill('nothing like this');
  await pat.sees('No chat contains “nothing like this”.');
  await pat.field('Search chats').fill('');

  await pat.history.getByRole('listitem').filter({ hasText: 'Under water' }).hover();
  await pat.choose('Actions for Under water', 'Pin');
  await pat.history.getByText('Pinned').waitFor();
  await pat.choose('Actions for Under water', 'Delete');
  await pat.dialog.getByRole('button', { name: 'Delete' }).click();
  await pat.told('Chat deleted');
  await pat.heading(/^What can I do/).waitFor();
  await pat.page.reload();
  await until('one chat is left', async () => (await rows.count()) === 1);
  await pat.seesNot(rows.filter({ hasText: 'Under water' }));
  await pat.leave();
});

test('a chat needs no mouse: send, stop, edit, new chat, list of keys', async () => {
  const pat = await newcomer();
  const { keyboard } = pat.page;
  await office.next(slow);
  await pat.when(() => document.activeElement?.tagName === 'TEXTAREA');
  await keyboard.type('First line');
  await keyboard.press('Shift+Enter');
  await keyboard.type('second line');
  await keyboard.press('Enter');
  await pat.isWriting();
  await keyboard.press('Escape');
  await pat.sees('Stopped');
  await pat.answered();
  assert.match(await pat.questions.first().innerText(), /First line\s+second line/);
  await keyboard.press('Shift+Escape');
  await keyboard.press('ArrowUp');
  await pat.field('Edit your message').waitFor();
  await keyboard.press('Escape');
  await pat.field('Edit your message').waitFor({ state: 'detached' });
  await keyboard.press('Control+Shift+O');
  await pat.heading(/^What can I do/).waitFor();
  await keyboard.press('Control+/');
  await pat.heading('Keyboard shortcuts').waitFor();
  await keyboard.press('Escape');
  await pat.dialog.waitFor({ state: 'hidden' });
  await pat.leave();
});

test('a draft is kept over a reload', async () => {
  const pat = await newcomer();
  await pat.box.pressSequentially('half a thou');
  await pat.page.reload();
  await pat.when(() => document.querySelector('textarea')?.value === 'half a thou');
  await pat.leave();
});

test('what a model writes can do nothing: markup and scripts are shown as text or dropped', async () => {
  const pat = await newcomer();
  await office.next({
    answer: 'Evil: <img src=x onerror="window.hacked=1"> <script>window.hacked=1</script> [click](javascript:window.hacked=1) ![i](https://elsewhere.example/x.png)',
  });
  await pat.askFully('Be evil');
  assert.equal(await pat.page.evaluate(() => window.hacked), undefined);
  const last = pat.answers.last();
  await pat.seesNot(last.locator('script, img, [onerror], a[href^="javascript"]'));
  await pat.leave();
});

test('a failed answer says why in words and can be tried again', async () => {
  const pat = (await newcomer()).mayFail(/^(429|502|503|402) .*\/api\/chat\/completions$/);
  await office.next({ status: 503 }, 2);
  await pat.ask('Hello');
  await pat.part('answer-error').waitFor();
  assert.match(await pat.part('answer-error').innerText(), /supplier of the model/);
  await office.sim.script({ rules: [] });
  await pat.part('answer-error').getByRole('button', { name: 'Try again' }).click();
  await pat.part('answer-error').waitFor({ state: 'detached' });
  assert.ok((await pat.answered()).length > 0);
  await pat.leave();
});

test('a limit that is used up is told in words', async () => {
  const pat = (await newcomer()).mayFail(/^402 .*\/api\/chat\/completions$/);
  await office.change(office.world.organization, { monthly_limit: 0.000001 });
  await pat.ask('Hello');
  await pat.sees('The spending limit of your organization is reached.');
  await office.change(office.world.organization, { monthly_limit: null });
  await pat.leave();
});

test('somebody else\'s chat and a chat that never was look the same', async () => {
  const pat = await newcomer();
  await pat.askFully('A secret');
  const id = await pat.chatId();
  const eve = (await newcomer()).mayFail(/^404 .*\/chats\//);
  for (const path of [`/c/${id}`, '/c/00000000-0000-4000-8000-000000000000']) {
    await eve.open(path);
    await eve.heading('This chat does not exist').waitFor();
  }
  await Promise.all([pat.leave(), eve.leave()]);
});

test('the browser had nothing to complain about', () => office.browser.assertNoComplaints());

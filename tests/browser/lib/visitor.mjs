// One person at one browser: what people do with the pages, in the words of the pages (English unless said otherwise).

import assert from 'node:assert/strict';

export class Visitor {
  constructor(page, allowed) {
    this.page = page;
    this.context = page.context();
    this.allowed = allowed;
  }

  /** Requests that this visitor lets fail: patterns of "<status> <url>". */
  mayFail(...patterns) {
    this.allowed.push(...patterns);
    return this;
  }

  /** The same person in another tab. */
  async tab(path) {
    const other = new Visitor(await this.context.newPage(), this.allowed);
    if (path) await other.open(path);
    return other;
  }

  async open(path) {
    await this.page.goto(path, { waitUntil: 'domcontentloaded' });
  }

  async leave() {
    await this.context.close();
  }

  // ---- parts of pages ----

  button(name, options = {}) {
    return this.page.getByRole('button', { name, exact: true, ...options });
  }
  field(label, options = {}) {
    return this.page.getByLabel(label, { exact: true, ...options });
  }
  text(text, options = {}) {
    return this.page.getByText(text, options);
  }
  heading(name) {
    return this.page.getByRole('heading', { name });
  }
  link(name) {
    return this.page.getByRole('link', { name });
  }
  part(testid) {
    return this.page.getByTestId(testid);
  }
  get dialog() {
    return this.page.getByRole('dialog');
  }

  /** Waits for a message that tells what was done. */
  async told(text) {
    await this.part('toast').filter({ hasText: text }).first().waitFor();
  }

  async fill(values) {
    for (const [label, value] of Object.entries(values)) await this.field(label).fill(value);
  }

  /** Opens the menu behind a button and takes one of its items. */
  async choose(menu, item) {
    await this.button(menu).click();
    await this.page.getByRole('menuitem', { name: item, exact: true }).click();
  }

  // ---- the door ----

  async signIn({ email, password }, path = '/signin') {
    await this.open(path);
    await this.fill({ Email: email, Password: password });
    await this.button('Sign in').click();
    await this.page.waitForURL((url) => url.pathname !== '/signin');
  }

  async signOut() {
    await this.page.getByRole('button', { name: 'Account menu' }).click();
    await this.page.getByRole('menuitem', { name: 'Sign out' }).click();
    await this.heading(/^Sign in to/).waitFor();
  }

  // ---- chat ----

  get box() {
    return this.field('Message');
  }
  get answers() {
    return this.part('answer');
  }
  get questions() {
    return this.part('question');
  }
  get history() {
    return this.part('history');
  }

  async chooseModel(id) {
    await this.part('model-picker').click();
    await this.field('Search models').fill(id);
    await this.page.locator(`[data-model="${id}"]`).click();
    await this.dialog.waitFor({ state: 'hidden' });
  }

  /** Sends a message; resolves when its answer has begun. */
  async ask(text) {
    const before = await this.questions.count();
    await this.box.fill(text);
    await this.button('Send message').click();
    await this.questions.nth(before).waitFor();
    await this.answers.nth(before).waitFor();
  }

  /** Waits until the newest answer is complete; gives its text. */
  async answered() {
    const last = this.answers.last();
    await this.page.locator('[data-testid=answer][aria-busy=false]').last().waitFor();
    await this.when(() => ![...document.querySelectorAll('[data-testid=answer]')].some((one) => one.ariaBusy === 'true'));
    return (await last.locator('.md').first().innerText()).trim();
  }

  /** A question and its whole answer. */
  async askFully(text) {
    await this.ask(text);
    return this.answered();
  }

  /** Waits until the newest answer has words but is still being written. */
  async isWriting() {
    await this.when(() => {
      const last = [...document.querySelectorAll('[data-testid=answer]')].at(-1);
      return last?.ariaBusy === 'true' && last.querySelector('.md')?.textContent.trim().length > 10;
    });
  }

  /** Id of the chat in the address; waits until there is one. */
  async chatId() {
    await this.page.waitForURL(/\/c\//);
    return new URL(this.page.url()).pathname.split('/')[2];
  }

  // ---- what must hold ----

  /** Waits until a function in the page gives true; asks by time, as a page behind another draws no frames. */
  when(condition, argument) {
    return this.page.waitForFunction(condition, argument, { polling: 25 });
  }

  async sees(text) {
    await this.page.getByText(text).first().waitFor();
  }
  async seesNot(locator) {
    assert.equal(await locator.count(), 0, String(locator));
  }

  /** Waits until an element's text is (or fits) what is wanted. */
  async shows(testid, wanted) {
    const pattern = wanted instanceof RegExp ? wanted : new RegExp(`^${wanted.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')}$`);
    await this.part(testid).filter({ hasText: pattern }).first().waitFor();
  }
}

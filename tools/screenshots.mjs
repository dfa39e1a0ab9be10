// Takes the pictures of docs/screenshots from a running demo. Called by tools/screenshots, which builds it.
//
// A row of `shots` is a picture: who looks (nobody: the door), where, with what language, theme and size, what must be
// there first, and what is done before the picture is taken.

import { spawn } from 'node:child_process';
import { mkdirSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { company, password, provider } from './demo/cast.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const folder = join(root, 'docs/screenshots');
const { chromium } = createRequire(join(root, 'tests/package.json'))('playwright-core');
const MOST_BYTES = 250_000;

const [polish, english] = company.map(({ people }) => people[0].email);
const desk = { viewport: { width: 1440, height: 900 } };
const phone = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, isMobile: true, hasTouch: true };
const chat = '[data-testid=answer][aria-busy=false] .md';

/** Opens the chat with this title from the history. */
const openChat = (title) => async (page) => {
  await page.getByTestId('history').getByRole('link', { name: title }).click();
  await page.locator(chat).first().waitFor();
};

const shots = [
  { name: 'sign-in', path: '/signin', ready: 'form', scale: 1 },
  { name: 'chat', who: english, path: '/', act: ask('Compare three phones for field engineers.') },
  { name: 'chat-code', who: english, path: '/', act: openChat('SQL: customers without orders') },
  { name: 'chat-dark', who: english, path: '/', colorScheme: 'dark', act: openChat('Compare three laptops') },
  { name: 'models', who: english, path: '/', act: openModels },
  { name: 'chat-phone', who: english, path: '/', size: phone, act: openChatOnPhone('Compare three laptops') },
  { name: 'connections', who: english, path: '/settings/connections', ready: '[data-state=verified]' },
  { name: 'usage', who: english, path: '/settings/usage', ready: '[data-testid=trend-chart] canvas' },
  { name: 'usage-polish', who: polish, path: '/settings/usage', ready: '[data-testid=trend-chart] canvas', locale: 'pl-PL' },
  { name: 'usage-phone', who: english, path: '/settings/usage', ready: '[data-testid=trend-chart] canvas', size: phone },
  { name: 'users', who: polish, path: '/admin/users', ready: 'tbody tr' },
  { name: 'clients', who: provider.email, path: '/provider/clients', ready: 'tbody tr' },
  { name: 'client', who: provider.email, path: '/provider/clients', act: openClient },
  { name: 'clients-dark', who: provider.email, path: '/provider/clients', ready: 'tbody tr', colorScheme: 'dark' },
];

/** Asks something, and waits for the whole answer, its cost and the chat's title. */
function ask(question) {
  return async (page) => {
    await page.getByLabel('Message', { exact: true }).fill(question);
    await page.getByRole('button', { name: 'Send message' }).click();
    await page.getByTestId('answer-cost').waitFor();
    await page.getByTestId('history').locator('a[aria-current]').filter({ hasNotText: 'New chat' }).waitFor();
  };
}

async function openModels(page) {
  await page.getByTestId('model-picker').click();
  await page.locator('[data-model]').first().waitFor();
}

function openChatOnPhone(title) {
  return async (page) => {
    await page.getByRole('button', { name: 'Open menu' }).click();
    await openChat(title)(page);
    await page.waitForFunction(() => !document.querySelector('nav.open'));
  };
}

async function openClient(page) {
  await page.getByRole('link', { name: company[0].name }).click();
  await page.getByTestId('by-model').locator('tbody tr').first().waitFor();
}

// ---- the demo ----

/** Starts it; gives { address, stop }. */
async function startDemo() {
  const demo = spawn(process.execPath, [join(root, 'tools/demo.mjs')], { cwd: root, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((done) => demo.once('exit', done));
  const address = (async () => {
    for await (const line of createInterface({ input: demo.stdout })) {
      const found = /^ *address +(http\S+)/.exec(line);
      if (found) return found[1];
    }
    throw new Error('the demo ended before it was ready');
  })();
  const stop = () => (demo.kill('SIGTERM'), ended);
  return { address: await address, stop };
}

const tokens = new Map();

/** The token of a person's web session, once per person. */
async function tokenOf(address, email) {
  if (!tokens.has(email)) {
    const answer = await fetch(`${address}/api/v1/auths/signin`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password }),
    });
    if (!answer.ok) throw new Error(`${email} cannot sign in: ${answer.status}`);
    tokens.set(email, (await answer.json()).token);
  }
  return tokens.get(email);
}

// ---- pictures ----

async function take(browser, address, shot) {
  const context = await browser.newContext({
    baseURL: address,
    locale: shot.locale ?? 'en-US',
    timezoneId: 'Europe/Warsaw',
    colorScheme: shot.colorScheme ?? 'light',
    reducedMotion: 'reduce',
    deviceScaleFactor: shot.scale ?? 1.5,
    ...(shot.size ?? desk),
  });
  context.setDefaultTimeout(15_000);
  if (shot.who) await context.addCookies([{ name: 'token', value: await tokenOf(address, shot.who), url: address }]);
  const page = await context.newPage();
  await page.goto(shot.path);
  if (shot.ready) await page.locator(shot.ready).first().waitFor();
  await shot.act?.(page);
  await page.evaluate(() => document.fonts.ready);
  const path = join(folder, `${shot.name}.png`);
  await page.screenshot({ path, animations: 'disabled', caret: 'hide' });
  await context.close();
  return statSync(path).size;
}

const demo = await startDemo();
const browser = await chromium.launch({
  executablePath: process.env.MAI_CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-dev-shm-usage'],
});
const tooLarge = [];
mkdirSync(folder, { recursive: true });
try {
  for (const shot of shots) {
    const bytes = await take(browser, demo.address, shot);
    console.log(`screenshots: ${shot.name}.png, ${Math.round(bytes / 1000)} kB`);
    if (bytes > MOST_BYTES) tooLarge.push(shot.name);
  }
} finally {
  await browser.close();
  await demo.stop();
}
if (tooLarge.length > 0) {
  console.error(`screenshots: larger than ${MOST_BYTES / 1000} kB: ${tooLarge.join(', ')}`);
  process.exitCode = 1;
}

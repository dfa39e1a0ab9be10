// Debian's Chromium for tests, and the list of everything it complains about.
//
//   const browser = await Browser.start();
//   const ann = await browser.visit(origin, { locale: 'en-US' });      // Visitor (visitor.mjs) with a profile of their own
//   ...
//   browser.assertNoComplaints();      // no console error, no exception, no violation of the content policy
//   await browser.stop();
//
// A request that a test lets fail on purpose also shows as a console error: the visitor says so by mayFail().

import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';
import { Visitor } from './visitor.mjs';

const EXECUTABLE = process.env.MAI_CHROMIUM ?? '/usr/bin/chromium';
const WAIT_MS = 20_000;

/** Answers that belong to the life of the application: it asks who is signed in, and learns that nobody is. */
const USUAL = [/^401 .*\/api\/v1\/auths\/$/];

export class Browser {
  static async start() {
    const browser = new Browser();
    browser.chromium = await chromium.launch({
      executablePath: EXECUTABLE,
      args: ['--no-sandbox', '--disable-dev-shm-usage'],
    });
    browser.complaints = [];
    return browser;
  }

  /**
   * A new profile with one open page.
   * @param {string} origin of the server
   * @param {object} [options] of Playwright's newContext: viewport, locale, colorScheme, hasTouch, ...
   */
  async visit(origin, options = {}) {
    const context = await this.chromium.newContext({
      baseURL: origin,
      locale: 'en-US',
      timezoneId: 'UTC',
      viewport: { width: 1440, height: 900 },
      reducedMotion: 'reduce',
      ...options,
    });
    context.setDefaultTimeout(WAIT_MS);
    await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin });
    const allowed = [...USUAL];
    await this.#listen(context, allowed);
    return new Visitor(await context.newPage(), allowed);
  }

  async #listen(context, allowed) {
    await context.addInitScript(() => {
      document.addEventListener('securitypolicyviolation', (event) =>
        console.error(`content policy: ${event.violatedDirective} refused ${event.blockedURI} at ${event.sourceFile}:${event.lineNumber}`),
      );
    });
    context.on('console', (message) => {
      if (message.type() === 'error' && !isAllowed(message, allowed))
        this.complaints.push(`${message.text()} (${message.location().url})`);
    });
    context.on('weberror', (error) => this.complaints.push(error.error().stack ?? String(error.error())));
  }

  assertNoComplaints() {
    assert.deepEqual(this.complaints, [], 'the browser complained');
  }

  async stop() {
    await this.chromium.close();
  }
}

function isAllowed(message, allowed) {
  const { url } = message.location();
  const status = /status of (\d+)/.exec(message.text())?.[1];
  const failure = status ?? /net::(\w+)/.exec(message.text())?.[1];
  return failure !== undefined && allowed.some((pattern) => pattern.test(`${failure} ${url}`));
}

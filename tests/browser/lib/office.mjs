// The world that the browser tests share: openrouter-sim, a server, Acme with its administrator Ann, and Chromium.

import { World, admin, clients, provider, until } from '../../lib/world.mjs';
import { Browser } from './browser.mjs';

export { admin, provider, until };

export class Office {
  /** @param {object} [options] of World.start */
  static async start(options = {}) {
    const office = new Office();
    try {
      office.world = await World.start({ simArgs: ['--chunk-ms', '3'], ...options });
      office.browser = await Browser.start();
    } catch (error) {
      await office.stop();
      throw error;
    }
    return office;
  }

  get sim() {
    return this.world.sim;
  }

  /** Ends everything; fails when the server had ended by itself, and shows its last words. */
  async stop() {
    await this.browser?.stop();
    const server = this.world?.mai?.server;
    const end = server && (server.child.exitCode ?? server.child.signalCode);
    await this.world?.stop();
    if (server && end !== null) throw new Error(`the server ended by itself: ${end}\n${server.log.split('\n').slice(-40).join('\n')}`);
  }

  /** Somebody who is not signed in. */
  visit(options) {
    return this.browser.visit(this.world.mai.origin, options);
  }

  /** Somebody who signed in before; the page is the one at `path`. */
  async enter(person, path = '/', options) {
    const token = person.token ?? (await this.world.signIn(person)).token;
    const visitor = await this.visit(options);
    await visitor.context.addCookies([{ name: 'token', value: token, url: this.world.mai.origin, httpOnly: true, sameSite: 'Lax' }]);
    await visitor.open(path);
    return visitor;
  }

  /** A new employee of Acme with a name of their own. */
  hire(name, role = 'user') {
    return this.world.addPerson({ name, role, email: `${name.toLowerCase().replaceAll(' ', '.')}@acme.example` });
  }

  /** The next `times` calls answer as these script fields say; those after them as usual. */
  next(fields, times = 1) {
    return this.sim.script({ rules: [{ path: '/chat/completions', times, do: fields }] });
  }

  /** Changes a client as the provider. */
  change(id, fields) {
    return this.world.api(`${clients}/${id}`, { method: 'PATCH', token: this.world.provider.token, body: fields });
  }
}

/** An answer that takes seconds. */
export const slow = { answer_tokens: 160, chunk_ms: 25 };

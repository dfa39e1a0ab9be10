// HTTP on a bare socket, for what fetch does not do: cutting, resetting, half a request, odd bytes.

import { connect } from 'node:net';

/** Numbers from 0 up to below 1 that a printed seed repeats. */
export function randomOf(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The seed of this run: MAI_TEST_SEED, else another one each time. */
export const seed = Number(process.env.MAI_TEST_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** The bytes of a POST. */
export function postBytes(path, body, { token, headers = {} } = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const all = {
    Host: 'mai.test',
    ...(token ? { Authorization: `Bearer ${token}` } : {}),
    'Content-Type': 'application/json',
    'Content-Length': Buffer.byteLength(text),
    ...headers,
  };
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`);
  return Buffer.from(`POST ${path} HTTP/1.1\r\n${lines.join('')}\r\n${text}`);
}

/** One connection: what arrives is in `text`; `until` waits for it. */
export class Wire {
  constructor(port) {
    this.bytes = 0;
    this.text = '';
    this.isOver = false;
    this.socket = connect({ port, host: '127.0.0.1', noDelay: true });
    this.over = new Promise((done) => this.socket.once('close', () => done((this.isOver = true))));
    this.socket.on('error', () => {}); // a reset shows as the end
    this.socket.on('data', (piece) => {
      this.bytes += piece.length;
      this.text += piece.toString('latin1');
      this.wake?.();
    });
    this.socket.on('close', () => this.wake?.());
  }

  send(bytes) {
    this.socket.write(bytes);
    return this;
  }

  /** True when `condition(this)` holds, false when the connection ended before. */
  async until(condition) {
    while (!condition(this)) {
      if (this.isOver) return condition(this);
      await new Promise((wake) => (this.wake = wake));
    }
    return true;
  }

  /** The whole answer; the server must close (Connection: close). */
  async rest() {
    await this.over;
    return this.text;
  }

  /** Hangs up: a FIN, or a RST. */
  hangUp(how = 'fin') {
    if (how === 'reset') this.socket.resetAndDestroy();
    else this.socket.destroy();
  }
}

/** Status and text of a whole answer. */
export async function exchange(port, bytes) {
  const wire = new Wire(port);
  wire.send(bytes);
  const text = await wire.rest();
  const [head, ...rest] = text.split('\r\n\r\n');
  return { status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1] ?? 0), head, body: rest.join('\r\n\r\n') };
}

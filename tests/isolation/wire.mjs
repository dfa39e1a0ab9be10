// Requests on the wire, with everything that came back: the walk looks at status line, headers and body alike, sends paths
// that fetch() would tidy up, and opens streams that never end.

import { Agent, request as httpRequest } from 'node:http';

const TIMEOUT_MS = 20_000;

export class Wire {
  #agent = new Agent({ keepAlive: true, maxSockets: 64 });

  constructor(port) {
    this.port = port;
    this.origin = `http://127.0.0.1:${port}`;
  }

  close() {
    this.#agent.destroy();
  }

  /**
   * Gives { status, headers, head, text }: `head` is status line and headers as text. A stream of events is cut when
   * `until(text)` holds, or when it ends.
   */
  send(method, path, { headers = {}, body, until } = {}) {
    return new Promise((done, fail) => {
      const bytes = body === undefined ? undefined : Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
      const request = httpRequest({
        host: '127.0.0.1',
        port: this.port,
        method,
        path,
        agent: this.#agent,
        headers: {
          ...(bytes ? { 'content-type': 'application/json', 'content-length': bytes.length } : {}),
          ...headers,
        },
      });
      const timer = setTimeout(() => request.destroy(new Error(`${method} ${path}: no end within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
      request.on('error', (error) => {
        clearTimeout(timer);
        fail(error);
      });
      request.on('response', (response) => {
        let text = '';
        const finish = () => {
          clearTimeout(timer);
          done({ status: response.statusCode, headers: response.headers, head: headOf(response), text });
        };
        const isStream = (response.headers['content-type'] ?? '').startsWith('text/event-stream');
        response.setEncoding('utf8').on('data', (part) => {
          text += part;
          if (!isStream || !until?.(text)) return;
          response.destroy();
          finish();
        });
        response.on('end', finish);
        response.on('error', () => {}); // ours: the cut
      });
      request.end(bytes);
    });
  }

  /** Opens a stream and keeps it; gives { status, text(), until(condition), close() }. */
  open(path, headers) {
    return new Promise((done, fail) => {
      const request = httpRequest({ host: '127.0.0.1', port: this.port, path, headers, agent: false });
      request.on('error', fail);
      request.on('response', (response) => done(new Stream(path, request, response)));
      request.end();
    });
  }
}

class Stream {
  #text = '';
  #waiting = new Set();

  constructor(path, request, response) {
    this.path = path;
    this.status = response.statusCode;
    this.request = request;
    this.isOver = false;
    response.setEncoding('utf8').on('data', (part) => {
      this.#text += part;
      for (const check of this.#waiting) check();
    });
    response.on('end', () => {
      this.isOver = true;
      for (const check of this.#waiting) check();
    });
    response.on('error', () => {}); // ours: close()
    request.on('error', () => {});
  }

  text() {
    return this.#text;
  }

  /** Resolves when `condition(text, isOver)` holds. */
  until(condition, what, timeoutMs = 15_000) {
    return new Promise((done, fail) => {
      const timer = setTimeout(() => {
        this.#waiting.delete(check);
        fail(new Error(`${this.path}: waited in vain for ${what}; so far: ${this.#text.slice(-600)}`));
      }, timeoutMs);
      const check = () => {
        if (!condition(this.#text, this.isOver)) return;
        clearTimeout(timer);
        this.#waiting.delete(check);
        done();
      };
      this.#waiting.add(check);
      check();
    });
  }

  close() {
    this.request.destroy();
  }
}

function headOf(response) {
  const lines = [`${response.statusCode} ${response.statusMessage}`];
  for (let i = 0; i < response.rawHeaders.length; i += 2) lines.push(`${response.rawHeaders[i]}: ${response.rawHeaders[i + 1]}`);
  return lines.join('\n');
}

// Reads a stream of server-sent events: keeps each JSON payload as it comes and lets a test wait for one.

export class EventReader {
  /** @param {Response} response fetch's answer whose body is the stream */
  constructor(response) {
    this.response = response;
    this.events = []; // { at: ms, ...payload }, '[DONE]' as { done: true }
    this.text = '';
    this.isOver = false;
    this.waiting = new Set();
    this.finished = this.#read();
  }

  async #read() {
    let rest = '';
    try {
      for await (const piece of this.response.body.pipeThrough(new TextDecoderStream())) {
        this.text += piece;
        rest += piece;
        const parts = rest.split(/\r?\n\r?\n/);
        rest = parts.pop();
        for (const part of parts) this.#take(part);
      }
    } catch (error) {
      this.error = error;
    }
    this.isOver = true;
    this.#wake();
  }

  #take(part) {
    const data = part.split(/\r?\n/).filter((line) => line.startsWith('data:')).map((line) => line.slice(5).trimStart()).join('\n');
    if (data === '') return;
    this.events.push({ at: Date.now(), ...(data === '[DONE]' ? { done: true } : JSON.parse(data)) });
    this.#wake();
  }

  #wake() {
    for (const wake of this.waiting) wake();
    this.waiting.clear();
  }

  /** The first event from `from` on that fits; throws when the stream ends or time is up before. */
  async find(what, fits, { from = 0, timeoutMs = 10_000 } = {}) {
    const deadline = Date.now() + timeoutMs;
    for (;;) {
      const found = this.events.slice(from).find(fits);
      if (found) return found;
      if (this.isOver || Date.now() > deadline)
        throw new Error(`no event ${what}: ${this.isOver ? 'the stream is over' : 'time is up'}\n${this.text.slice(-1500)}`);
      await new Promise((wake) => {
        this.waiting.add(wake);
        setTimeout(wake, Math.max(1, deadline - Date.now())).unref();
      });
    }
  }
}

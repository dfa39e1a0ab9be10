/* Server-sent events from a byte stream, as the HTML standard words it, for any split of the bytes. */

export interface ServerEvent {
  event: string;
  data: string;
  id: string;
}

export class SseParser {
  #decoder = new TextDecoder();
  #buffer = '';
  #event = '';
  #data: string[] = [];
  #id = '';
  #skip_lf = false;
  readonly #emit: (event: ServerEvent) => void;

  constructor(emit: (event: ServerEvent) => void) {
    this.#emit = emit;
  }

  push(bytes: Uint8Array): void {
    this.#buffer += this.#decoder.decode(bytes, { stream: true });
    this.#drain();
  }

  #drain(): void {
    let start = 0;
    for (let i = 0; i < this.#buffer.length; i++) {
      const c = this.#buffer.charCodeAt(i);
      if (this.#skip_lf) {
        this.#skip_lf = false;
        if (c === 10) {
          start = i + 1;
          continue;
        }
      }
      if (c !== 10 && c !== 13) continue;
      this.#line(this.#buffer.slice(start, i));
      this.#skip_lf = c === 13;
      start = i + 1;
    }
    this.#buffer = this.#buffer.slice(start);
  }

  #line(line: string): void {
    if (line === '') return this.#dispatch();
    const colon = line.indexOf(':');
    if (colon === 0) return; /* a comment keeps the connection warm */
    const field = colon < 0 ? line : line.slice(0, colon);
    let value = colon < 0 ? '' : line.slice(colon + 1);
    if (value.startsWith(' ')) value = value.slice(1);
    if (field === 'data') this.#data.push(value);
    else if (field === 'event') this.#event = value;
    else if (field === 'id' && !value.includes('\0')) this.#id = value;
  }

  #dispatch(): void {
    const data = this.#data;
    const event = this.#event;
    this.#data = [];
    this.#event = '';
    if (data.length > 0) this.#emit({ event: event || 'message', data: data.join('\n'), id: this.#id });
  }
}

/* Reads a response to its end and hands over each event. Rejects when the connection breaks. */
export async function readEvents(response: Response, emit: (event: ServerEvent) => void): Promise<void> {
  const reader = response.body?.getReader();
  if (!reader) return;
  const parser = new SseParser(emit);
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    parser.push(value);
  }
}

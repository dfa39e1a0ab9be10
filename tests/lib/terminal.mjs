// A program on a real terminal (by script(1) of util-linux), answered as a person answers: after the question is there.
//
//   const t = new Terminal(['build/mai', 'client'], { env });
//   await t.answer('Enter choice (1 or 2): ', '1');
//   t.press('\x03');  await t.ended;  t.screen;

import { spawn } from 'node:child_process';
import { once } from 'node:events';

const quoted = (word) => `'${word.replaceAll("'", `'\\''`)}'`;

export class Terminal {
  constructor(words, { env, timeoutMs = 20_000 } = {}) {
    this.timeoutMs = timeoutMs;
    /** Everything on the screen so far. */
    this.screen = '';
    this.seen = 0;
    this.child = spawn('script', ['-qefc', words.map(quoted).join(' '), '/dev/null'], { env, stdio: ['pipe', 'pipe', 'inherit'] });
    this.child.stdout.setEncoding('utf8').on('data', (text) => {
      this.screen += text;
      this.child.emit('screen');
    });
    /** Resolves with the program's exit code. */
    this.ended = once(this.child, 'close').then(([code]) => code);
  }

  /** Waits until `text` stands behind what was waited for before. */
  async expect(text) {
    const signal = AbortSignal.timeout(this.timeoutMs);
    for (;;) {
      const at = this.screen.indexOf(text, this.seen);
      if (at >= 0) {
        this.seen = at + text.length;
        return;
      }
      await Promise.race([
        once(this.child, 'screen', { signal }),
        this.ended.then(() => Promise.reject(new Error('it ended'))),
      ]).catch((error) => {
        if (!this.screen.includes(text, this.seen)) throw new Error(`'${text}' did not appear (${error.message}):\n${this.screen}`);
      });
    }
  }

  async answer(question, text) {
    await this.expect(question);
    this.press(`${text}\n`);
  }

  press(keys) {
    this.child.stdin.write(keys);
  }
}

/* Gathers what a stream brings and hands it on at most once per animation frame. A hidden page has no
 * frames, so a timer stands in. */
const HIDDEN_MS = 250;

export class Painter {
  #waiting = false;
  readonly #draw: () => void;

  constructor(draw: () => void) {
    this.#draw = draw;
  }

  request(): void {
    if (this.#waiting) return;
    this.#waiting = true;
    if (document.visibilityState === 'hidden') setTimeout(() => this.flush(), HIDDEN_MS);
    else requestAnimationFrame(() => this.flush());
  }

  flush(): void {
    if (!this.#waiting) return;
    this.#waiting = false;
    this.#draw();
  }
}

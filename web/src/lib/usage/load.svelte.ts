/* A table's rows that are asked again when the question changes, without blinking in between. */
export class Rows<T> {
  rows = $state.raw<T[] | null>(null);
  error = $state<unknown>(null);
  #turn = 0;

  async ask(question: () => Promise<T[]>): Promise<void> {
    const turn = ++this.#turn;
    try {
      const rows = await question();
      if (turn !== this.#turn) return;
      this.rows = rows;
      this.error = null;
    } catch (error) {
      if (turn !== this.#turn) return;
      if (this.rows === null) this.error = error;
    }
  }

  clear(): void {
    this.rows = null;
    this.error = null;
  }
}

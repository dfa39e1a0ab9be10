/* One live region for the whole page: what is said here is read out once by screen readers. */
const state = $state({ text: '' });
let timer: ReturnType<typeof setTimeout> | undefined;

export function announce(text: string): void {
  clearTimeout(timer);
  state.text = '';
  timer = setTimeout(() => (state.text = text), 60); /* the same sentence twice must be a change twice */
}

export const announced = {
  get text(): string {
    return state.text;
  },
};

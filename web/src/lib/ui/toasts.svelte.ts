/* Short notices at the edge of the screen, read out by screen readers. */
import { announce } from './announce.svelte';

export interface Toast {
  id: number;
  text: string;
  kind: 'info' | 'error';
}

const list = $state<Toast[]>([]);
let last = 0;

export const toasts = {
  get all(): readonly Toast[] {
    return list;
  },
  show(text: string, kind: Toast['kind'] = 'info'): void {
    const id = ++last;
    list.push({ id, text, kind });
    announce(text);
    setTimeout(() => toasts.close(id), kind === 'error' ? 8000 : 4000);
  },
  error(text: string): void {
    toasts.show(text, 'error');
  },
  close(id: number): void {
    const at = list.findIndex((toast) => toast.id === id);
    if (at >= 0) list.splice(at, 1);
  },
};

/* The keys of the chat: one table for the handler and for the list that people see. */
import type { PlainKey } from '$lib/i18n/index.svelte';

export interface Shortcut {
  name: string;
  keys: string[];
  text: PlainKey;
  /* Absent: the message box handles it itself. */
  fits?: (event: KeyboardEvent, is_typing: boolean) => boolean;
}

const ctrl = (event: KeyboardEvent): boolean => (event.ctrlKey || event.metaKey) && !event.altKey;
const with_shift = (code: string) => (event: KeyboardEvent): boolean => ctrl(event) && event.shiftKey && event.code === code;

export const SHORTCUTS: Shortcut[] = [
  { name: 'send', keys: ['Enter'], text: 'keys.send' },
  { name: 'newline', keys: ['Shift', 'Enter'], text: 'keys.newline' },
  { name: 'edit_last', keys: ['↑'], text: 'keys.edit_last' },
  { name: 'stop', keys: ['Esc'], text: 'keys.stop', fits: (e) => e.key === 'Escape' && !e.shiftKey },
  { name: 'new_chat', keys: ['Ctrl', 'Shift', 'O'], text: 'keys.new_chat', fits: with_shift('KeyO') },
  { name: 'search', keys: ['Ctrl', 'K'], text: 'keys.search', fits: (e) => ctrl(e) && !e.shiftKey && e.code === 'KeyK' },
  { name: 'model', keys: ['Ctrl', 'Shift', 'M'], text: 'keys.model', fits: with_shift('KeyM') },
  { name: 'sidebar', keys: ['Ctrl', 'Shift', 'S'], text: 'keys.sidebar', fits: with_shift('KeyS') },
  { name: 'copy_last', keys: ['Ctrl', 'Shift', 'C'], text: 'keys.copy_last', fits: with_shift('KeyC') },
  { name: 'focus', keys: ['Shift', 'Esc'], text: 'keys.focus', fits: (e) => e.key === 'Escape' && e.shiftKey },
  { name: 'list', keys: ['?'], text: 'keys.list', fits: (e, typing) => (e.key === '?' && !typing && !ctrl(e)) || (ctrl(e) && e.key === '/') },
];

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.closest('input, textarea, select, [contenteditable]') !== null;
}

export function shortcutOf(event: KeyboardEvent): string | null {
  if (event.isComposing) return null;
  const typing = isTyping(event.target);
  return SHORTCUTS.find((shortcut) => shortcut.fits?.(event, typing))?.name ?? null;
}

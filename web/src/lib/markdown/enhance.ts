/* Adds to drawn blocks what markdown itself does not have: a head with language and copy button above
 * code, and colours once the block is finished. */
import { copyText } from '$lib/format/clipboard';
import { t } from '$lib/i18n/index.svelte';
import { toasts } from '$lib/ui/toasts.svelte';
import { highlight } from './highlight';
import { sanitize } from './sanitize';

function copyButton(code: HTMLElement): HTMLButtonElement {
  const button = document.createElement('button');
  button.type = 'button';
  button.className = 'code-copy';
  button.textContent = t('chat.copy_code');
  button.addEventListener('click', () => {
    void copyText((code.textContent ?? '').replace(/\n$/, '')).then((done) => {
      if (!done) return toasts.error(t('app.copy_failed'));
      button.textContent = t('app.copied');
      setTimeout(() => (button.textContent = t('chat.copy_code')), 1600);
    });
  });
  return button;
}

function head(language: string, code: HTMLElement): HTMLElement {
  const bar = document.createElement('div');
  bar.className = 'code-head';
  const label = document.createElement('span');
  label.textContent = language || t('chat.code_plain');
  bar.append(label, copyButton(code));
  return bar;
}

async function colour(code: HTMLElement, language: string): Promise<void> {
  const html = await highlight(code.textContent ?? '', language);
  if (html !== null && code.isConnected) code.replaceChildren(sanitize(html));
}

export function enhance(root: DocumentFragment | HTMLElement, is_final: boolean): void {
  for (const box of root.querySelectorAll<HTMLElement>('.code')) {
    const code = box.querySelector('code');
    const pre = box.querySelector('pre');
    if (!code || !pre) continue;
    const language = box.dataset['language'] ?? '';
    pre.tabIndex = 0; /* long lines scroll; the keyboard must reach them */
    pre.setAttribute('role', 'group');
    pre.setAttribute('aria-label', language || t('chat.code_plain'));
    box.prepend(head(language, code));
    if (is_final && language) void Promise.resolve().then(() => colour(code, language));
  }
  for (const box of root.querySelectorAll<HTMLElement>('.table-scroll')) {
    box.tabIndex = 0;
    box.setAttribute('role', 'group');
    box.setAttribute('aria-label', t('chat.table'));
  }
}

/* What was typed and not sent, kept per chat over reloads. */
const key = (chat_id: string | null): string => `mai.draft.${chat_id ?? 'new'}`;

export function readDraft(chat_id: string | null): string {
  try {
    return localStorage.getItem(key(chat_id)) ?? '';
  } catch {
    return '';
  }
}

export function keepDraft(chat_id: string | null, text: string): void {
  try {
    if (text === '') localStorage.removeItem(key(chat_id));
    else localStorage.setItem(key(chat_id), text);
  } catch {
    /* the store may be full or refused; the text stays in the box */
  }
}

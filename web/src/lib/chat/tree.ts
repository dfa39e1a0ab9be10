/* A conversation is a tree: editing or regenerating adds a sibling, and the page shows one path through it.
 * Pure operations on the messages by id. */
import type { Message } from '$lib/api/types';

export type Messages = Record<string, Message>;

/* From the root down to `id`. A broken or circular chain ends where it breaks. */
export function pathTo(messages: Messages, id: string | null): Message[] {
  const path: Message[] = [];
  const seen = new Set<string>();
  for (let at = id; at !== null && !seen.has(at); ) {
    const message = messages[at];
    if (!message) break;
    seen.add(at);
    path.push(message);
    at = message.parentId;
  }
  return path.reverse();
}

export function childrenOf(messages: Messages, parent: string | null): string[] {
  const listed = parent === null ? undefined : messages[parent]?.childrenIds;
  if (listed && listed.length > 0) return listed.filter((id) => id in messages);
  return Object.values(messages)
    .filter((message) => message.parentId === parent)
    .sort((a, b) => a.timestamp - b.timestamp)
    .map((message) => message.id);
}

export function siblingsOf(messages: Messages, id: string): string[] {
  const message = messages[id];
  return message ? childrenOf(messages, message.parentId) : [];
}

/* The newest leaf below `id`: where the reader lands when choosing a version. */
export function leafOf(messages: Messages, id: string): string {
  let at = id;
  const seen = new Set<string>();
  while (!seen.has(at)) {
    seen.add(at);
    const next = childrenOf(messages, at).at(-1);
    if (next === undefined) return at;
    at = next;
  }
  return at;
}

export function addMessage(messages: Messages, message: Message): void {
  messages[message.id] = message;
  const parent = message.parentId === null ? undefined : messages[message.parentId];
  if (parent && !parent.childrenIds.includes(message.id)) parent.childrenIds.push(message.id);
}

export function isRunning(message: Message): boolean {
  return message.role === 'assistant' && message.done === false && !message.error;
}

/* What the model gets to read: the path without failed and empty answers. */
export function promptOf(path: Message[]): { role: string; content: string }[] {
  return path
    .filter((message) => message.role !== 'assistant' || message.content.trim() !== '')
    .map(({ role, content }) => ({ role, content }));
}

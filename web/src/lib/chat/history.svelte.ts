/* The list of chats in the sidebar, newest first, by pages; kept right by events from all of one's tabs. */
import * as api from '$lib/api/chats';
import type { Chat, ChatRow } from '$lib/api/types';
import { events } from '$lib/events/person.svelte';
import { SvelteSet } from 'svelte/reactivity';

type Phase = 'idle' | 'loading' | 'ready' | 'failed';
const state = $state<{ rows: ChatRow[]; phase: Phase; page: number; has_more: boolean }>({
  rows: [],
  phase: 'idle',
  page: 0,
  has_more: false,
});
const running = new SvelteSet<string>();

function sort(): void {
  state.rows.sort((a, b) => b.updated_at - a.updated_at);
}

function find(id: string): ChatRow | undefined {
  return state.rows.find((row) => row.id === id);
}

function merge(rows: ChatRow[]): void {
  const known = new Map(state.rows.map((row) => [row.id, row]));
  for (const row of rows) known.set(row.id, row);
  state.rows = [...known.values()].filter((row) => !row.archived);
  sort();
}

export const history = {
  get rows(): readonly ChatRow[] {
    return state.rows;
  },
  get phase(): Phase {
    return state.phase;
  },
  get has_more(): boolean {
    return state.has_more;
  },
  isRunning: (id: string): boolean => running.has(id),
  title: (id: string | null): string => (id ? (find(id)?.title ?? '') : ''),

  async load(): Promise<void> {
    if (state.phase === 'idle' || state.phase === 'failed') state.phase = 'loading';
    try {
      const rows = await api.listChats(1);
      state.rows = [];
      merge(rows);
      state.page = 1;
      state.has_more = rows.length >= api.CHATS_PER_PAGE;
      state.phase = 'ready';
    } catch {
      if (state.phase !== 'ready') state.phase = 'failed';
    }
  },

  async loadMore(): Promise<void> {
    const rows = await api.listChats(state.page + 1);
    state.page += 1;
    state.has_more = rows.length >= api.CHATS_PER_PAGE;
    merge(rows);
  },

  clear(): void {
    state.rows = [];
    state.phase = 'idle';
    running.clear();
  },

  add(chat: Chat): void {
    const { id, title, updated_at, created_at, pinned, archived } = chat;
    merge([{ id, title, updated_at, created_at, pinned, archived }]);
  },

  touch(id: string): void {
    const row = find(id);
    if (!row) return;
    row.updated_at = Math.floor(Date.now() / 1000);
    sort();
  },

  async rename(id: string, title: string): Promise<void> {
    await api.renameChat(id, title);
    const row = find(id);
    if (row) row.title = title;
  },

  async togglePin(id: string): Promise<void> {
    const chat = await api.pinChat(id);
    const row = find(id);
    if (row) row.pinned = chat.pinned;
  },

  async remove(id: string): Promise<void> {
    await api.deleteChat(id);
    state.rows = state.rows.filter((row) => row.id !== id);
  },
};

events.on('chat:title', (event) => {
  const row = find(event.chat_id);
  if (row) row.title = event.title;
  else if (state.phase === 'ready') void history.load();
});
events.on('chat:started', (event) => {
  running.add(event.chat_id);
  if (state.phase === 'ready' && !find(event.chat_id)) void history.load();
  else history.touch(event.chat_id);
});
events.on('chat:done', (event) => void running.delete(event.chat_id));
events.onReopen(() => {
  running.clear();
  void history.load();
});

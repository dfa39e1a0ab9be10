/* The person's events, over one connection per browser: browsers open only six to a host, so the tabs elect
 * a leader by a web lock, and the leader hands events on by a broadcast channel. Where locks do not exist
 * (plain http), each visible tab reads for itself. */
import type { PersonEvent } from '$lib/api/types';
import { keepReading } from './stream';

const PATH = '/api/v1/events';
type Type = PersonEvent['type'];
type Of<T extends Type> = Extract<PersonEvent, { type: T }>;
type Wire = { kind: 'event'; event: PersonEvent } | { kind: 'open'; is_open: boolean } | { kind: 'hello' };

const state = $state({ is_open: false });
const handlers = new Map<Type, Set<(event: PersonEvent) => void>>();
const reopened = new Set<() => void>();
let stopper: AbortController | null = null;
let channel: BroadcastChannel | null = null;
let is_leader = false;
let was_open = false;

function dispatch(event: PersonEvent): void {
  for (const handler of handlers.get(event.type) ?? []) handler(event);
}

function setOpen(is_open: boolean): void {
  if (is_open && !state.is_open && was_open) for (const listener of reopened) listener();
  was_open ||= is_open;
  state.is_open = is_open;
}

function tell(message: Wire): void {
  channel?.postMessage(message);
}

function hear(message: Wire): void {
  if (message.kind === 'hello') {
    if (is_leader) tell({ kind: 'open', is_open: state.is_open });
  } else if (message.kind === 'open') setOpen(message.is_open);
  else dispatch(message.event);
}

function isEvent(value: unknown): value is PersonEvent {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}

function receive(data: string): void {
  let event: unknown;
  try {
    event = JSON.parse(data);
  } catch {
    return;
  }
  if (!isEvent(event)) return;
  tell({ kind: 'event', event });
  dispatch(event);
}

function announce(is_open: boolean): void {
  setOpen(is_open);
  tell({ kind: 'open', is_open });
}

function read(signal: AbortSignal): Promise<void> {
  return keepReading(PATH, signal, {
    onOpen: () => announce(true),
    onLost: () => announce(false),
    onData: receive,
  });
}

async function lead(name: string, signal: AbortSignal): Promise<void> {
  try {
    await navigator.locks.request(name, { signal }, async () => {
      is_leader = true;
      await read(signal);
    });
  } catch {
    /* the signal ended the wait */
  } finally {
    is_leader = false;
  }
}

/* Without locks: a hidden tab gives its connection back. */
async function readWhileVisible(signal: AbortSignal): Promise<void> {
  let current: AbortController | null = null;
  const follow = (): void => {
    const want = document.visibilityState === 'visible' && !signal.aborted;
    if (want && !current) {
      current = new AbortController();
      void read(current.signal);
    } else if (!want && current) {
      current.abort();
      current = null;
    }
  };
  document.addEventListener('visibilitychange', follow, { signal });
  signal.addEventListener('abort', follow, { once: true });
  follow();
}

export const events = {
  get is_open(): boolean {
    return state.is_open;
  },

  start(user_id: string): void {
    if (stopper) return;
    stopper = new AbortController();
    const { signal } = stopper;
    if (!('locks' in navigator)) return void readWhileVisible(signal);
    channel = new BroadcastChannel(`mai.events.${user_id}`);
    channel.onmessage = (message: MessageEvent<Wire>) => hear(message.data);
    tell({ kind: 'hello' });
    void lead(`mai.events.${user_id}`, signal);
  },

  stop(): void {
    stopper?.abort();
    stopper = null;
    channel?.close();
    channel = null;
    was_open = false;
    state.is_open = false;
  },

  on<T extends Type>(type: T, handler: (event: Of<T>) => void): () => void {
    const set = handlers.get(type) ?? new Set();
    handlers.set(type, set);
    const wrapped = handler as (event: PersonEvent) => void;
    set.add(wrapped);
    return () => set.delete(wrapped);
  },

  /* The stream was away and is back: whatever shows live figures asks again. */
  onReopen(listener: () => void): () => void {
    reopened.add(listener);
    return () => reopened.delete(listener);
  },
};

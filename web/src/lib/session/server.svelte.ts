/* Whether our own server answers. After a failed request it is asked again with growing pauses; only a
 * second failure in a row raises the banner, so that one hiccup stays silent. */
import { listenToApi } from '$lib/api/http';

const state = $state({ is_away: false });
const FIRST_MS = 800;
const LONGEST_MS = 15_000;
let timer: ReturnType<typeof setTimeout> | null = null;
let pause = FIRST_MS;
let is_leaving = false;
const returned = new Set<() => void>();

async function probe(): Promise<void> {
  timer = null;
  try {
    const response = await fetch('/api/version', { cache: 'no-store' });
    if (response.ok) return reached();
  } catch {
    /* still away */
  }
  state.is_away = true;
  pause = Math.min(pause * 2, LONGEST_MS);
  timer = setTimeout(() => void probe(), pause);
}

function reached(): void {
  if (timer) clearTimeout(timer);
  timer = null;
  pause = FIRST_MS;
  if (!state.is_away) return;
  state.is_away = false;
  for (const listener of returned) listener();
}

function unreachable(): void {
  if (is_leaving || timer) return;
  timer = setTimeout(() => void probe(), pause);
}

export const server = {
  get is_away(): boolean {
    return state.is_away;
  },
  retryNow(): void {
    if (timer) clearTimeout(timer);
    pause = FIRST_MS;
    void probe();
  },
  suspect: unreachable,
  onReturn(listener: () => void): () => void {
    returned.add(listener);
    return () => returned.delete(listener);
  },
};

listenToApi({ onReached: reached, onUnreachable: unreachable });
addEventListener('pagehide', () => (is_leaving = true));
addEventListener('pageshow', () => (is_leaving = false));
addEventListener('online', () => state.is_away && server.retryNow());

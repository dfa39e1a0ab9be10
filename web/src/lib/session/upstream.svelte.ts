/* Whether OpenRouter answers, as the server sees it. */
import type { UpstreamState } from '$lib/api/types';
import { events } from '$lib/events/person.svelte';

const state = $state<{ state: UpstreamState; since: number | null }>({ state: 'unknown', since: null });

export const upstream = {
  get is_away(): boolean {
    return state.state === 'away';
  },
  get since(): number | null {
    return state.since;
  },
  set(next: UpstreamState, since: number | null): void {
    state.state = next;
    state.since = since;
  },
};

events.on('upstream', (event) => upstream.set(event.state, Math.floor(Date.now() / 1000)));
